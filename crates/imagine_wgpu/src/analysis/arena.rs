//! Arena placement: values that are never alive at the same time share bytes.
//!
//! Largest first, each at the lowest free offset of the first slab that has room (greedy by size: Pisarchyk and Lee,
//! "Efficient Memory Management for Deep Neural Net Inference", 2020).

/// Alignment of every value in bytes, the largest that a WebGPU device may require.
pub const ALIGNMENT: u64 = 256;

/// Size and live range of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRange {
    /// Number of bytes.
    pub bytes: u64,
    /// First moment at which the value exists.
    pub first: usize,
    /// Last moment at which it is needed.
    pub last: usize,
}

/// Place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// Index of the slab.
    pub slab: usize,
    /// First byte, a multiple of [`ALIGNMENT`].
    pub offset: u64,
}

/// Places of all values, and the sizes of the slabs that hold them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arena {
    /// The place of every value, in the given order.
    pub places: Vec<Placement>,
    /// Bytes of every slab.
    pub slabs: Vec<u64>,
}

impl LiveRange {
    fn overlaps(&self, other: &LiveRange) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn end(&self, offset: u64) -> u64 {
        offset + self.bytes.next_multiple_of(ALIGNMENT)
    }
}

/// Places every value in slabs of at most `limit` bytes; `Err` is the index of a value that is larger.
pub fn place(values: &[LiveRange], limit: u64) -> Result<Arena, usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(values[index].bytes), index));
    let mut arena = Arena { places: vec![Placement { slab: 0, offset: 0 }; values.len()], slabs: Vec::new() };
    let mut residents: Vec<Vec<usize>> = Vec::new();
    for index in order {
        let value = &values[index];
        if value.bytes > limit {
            return Err(index);
        }
        let found = (0..residents.len()).find_map(|slab| {
            let offset = first_gap(value, &residents[slab], values, &arena.places);
            (offset + value.bytes <= limit).then_some(Placement { slab, offset })
        });
        let place = found.unwrap_or_else(|| {
            residents.push(Vec::new());
            arena.slabs.push(0);
            Placement { slab: residents.len() - 1, offset: 0 }
        });
        arena.places[index] = place;
        arena.slabs[place.slab] = arena.slabs[place.slab].max(place.offset + value.bytes);
        residents[place.slab].push(index);
    }
    Ok(arena)
}

/// Lowest offset at which `value` overlaps none of the `residents` that are alive at the same time.
fn first_gap(value: &LiveRange, residents: &[usize], values: &[LiveRange], places: &[Placement]) -> u64 {
    let mut taken: Vec<(u64, u64)> = residents
        .iter()
        .filter(|&&other| values[other].overlaps(value))
        .map(|&other| (places[other].offset, values[other].end(places[other].offset)))
        .collect();
    taken.sort_unstable();
    let mut offset = 0;
    for (start, end) in taken {
        if offset + value.bytes <= start {
            break;
        }
        offset = offset.max(end);
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use imagine_graph::rng;

    #[test]
    fn no_two_live_values_overlap() {
        for seed in 0..200 {
            let random = |index: u32, word: usize| rng::cell(index, word as u32, 0, rng::key(seed, 0, 0))[0] as usize;
            let count = 1 + random(0, 9) % 60;
            let values: Vec<LiveRange> = (0..count as u32)
                .map(|i| {
                    let first = random(i, 0) % 40;
                    LiveRange { bytes: 4 * (1 + random(i, 1) as u64 % 3000), first, last: first + random(i, 2) % 12 }
                })
                .collect();
            let limit = 16_384;
            let arena = place(&values, limit).expect("every value is smaller than the limit");
            assert!(arena.slabs.iter().all(|bytes| *bytes <= limit));
            for (a, (value, at)) in values.iter().zip(&arena.places).enumerate() {
                assert!(at.offset.is_multiple_of(ALIGNMENT) && at.offset + value.bytes <= arena.slabs[at.slab]);
                for (other, other_at) in values.iter().zip(&arena.places).skip(a + 1) {
                    let apart = at.slab != other_at.slab
                        || at.offset + value.bytes <= other_at.offset
                        || other_at.offset + other.bytes <= at.offset;
                    assert!(apart || !value.overlaps(other), "{value:?} at {at:?} and {other:?} at {other_at:?}");
                }
            }
        }
    }

    #[test]
    fn a_chain_of_equal_values_needs_two() {
        let chain: Vec<_> = (0..10).map(|i| LiveRange { bytes: 1024, first: i, last: i + 1 }).collect();
        assert_eq!(place(&chain, 1 << 20).unwrap().slabs, [2048]);
    }

    #[test]
    fn a_value_above_the_limit_is_named() {
        let value = |bytes| LiveRange { bytes, first: 0, last: 0 };
        assert_eq!(place(&[value(100), value(3000)], 2048), Err(1));
    }
}
