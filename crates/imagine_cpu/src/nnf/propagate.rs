//! A pass of coherence search.

use super::{Pair, cells, within};

const MAX_PENALTY: i32 = 1 << 22;

/// Which places [`propagate`] tries, and what they cost.
#[derive(Clone, Copy)]
pub struct Propagation<'a> {
    /// Distance of the neighbours that propose places; 0 for none.
    pub jump: u32,
    /// Factor of their cost in 64ths.
    pub coherence: u32,
    /// 1: places around the cell's own, 2: also some around the cell.
    pub window: u32,
    /// How much dearer distant places are, in 64ths of the cost at a side's distance.
    pub locality: u32,
    /// More places to try, `[k, height, width]`.
    pub candidates: Option<&'a [i32]>,
    /// What each place costs more.
    pub penalty: Option<&'a [i32]>,
}

/// The field whose active cells show the candidate of least cost.
pub fn propagate(pair: &Pair, field: &[i32], how: Propagation) -> Vec<i32> {
    cells(pair, field, true, |row, column, cell| {
        let mut best = Best { pair, how, at: [row, column], cell, cost: u32::MAX, place: None };
        let at = [row as i32, column as i32];
        let own = pair.seen(field[cell]);
        best.offer(own, 64);
        if how.window >= 1 {
            around(1).for_each(|[dy, dx]| best.offer([own[0] + dy, own[1] + dx], 64));
        }
        if how.window >= 2 {
            around(3).for_each(|[dy, dx]| best.offer([at[0] + 3 * dy, at[1] + 3 * dx], 64));
        }
        let jump = how.jump as i32;
        for [dy, dx] in around(if jump > 0 { 1 } else { 0 }).map(|offset| offset.map(|by| by * jump)) {
            if let Some(neighbour) = within(at[0] + dy, at[1] + dx, pair.size, pair.tiles) {
                let [y, x] = pair.seen(field[neighbour]);
                best.offer([y - dy, x - dx], how.coherence);
            }
        }
        for candidates in how.candidates.iter().flat_map(|all| all.chunks(field.len())) {
            best.offer(pair.seen(candidates[cell]), 64);
        }
        best.place.map_or(field[cell], |place| pair.packed(place))
    })
}

/// The offsets within `radius`, row by row, without the centre.
fn around(radius: i32) -> impl Iterator<Item = [i32; 2]> {
    let offsets = (-radius..=radius).flat_map(move |dy| (-radius..=radius).map(move |dx| [dy, dx]));
    offsets.filter(|offset| *offset != [0, 0])
}

/// The best candidate of a cell so far.
struct Best<'a> {
    pair: &'a Pair<'a>,
    how: Propagation<'a>,
    at: [usize; 2],
    cell: usize,
    cost: u32,
    place: Option<usize>,
}

impl Best<'_> {
    #[inline]
    fn offer(&mut self, [row, column]: [i32; 2], factor: u32) {
        let Some(place) = self.pair.shown(row, column) else { return };
        if self.place == Some(place) && factor == 64 {
            return;
        }
        let sum = self.pair.difference(self.cell, place) as u32;
        let far = if self.how.locality > 0 { self.pair.distant(self.how.locality, self.at, place) } else { 0 };
        let penalty = self.how.penalty.map_or(0, |penalty| penalty[place].clamp(0, MAX_PENALTY) as u32);
        let cost = (sum + (sum >> 6) * far + penalty) * factor;
        if cost < self.cost {
            (self.cost, self.place) = (cost, Some(place));
        }
    }
}
