//! The frame of a JPEG file: its components, and which scans it has had.

use super::huffman::Tables;
use super::scan::{Pass, Plane, Scan};
use crate::picture::bounds::MAX_SIDE;

/// Most components that decoders take: cyan, magenta, yellow and black.
const MAX_COMPONENTS: usize = 4;
/// Blocks are 8 texels wide and high.
const BLOCK: usize = 8;

/// The picture that the scans fill.
pub struct Frame {
    size: [usize; 2],
    is_progressive: bool,
    components: Vec<Component>,
}

struct Component {
    name: u8,
    /// Samples for each texel, across and down, relative to the other components.
    sampling: [usize; 2],
    /// Whether a scan has had its means.
    is_seen: bool,
    /// Progressive frames: which coefficients of each block are not 0, by bit.
    nonzero: Vec<u64>,
}

impl Frame {
    /// Reads the header; `None` if no decoder takes it.
    pub fn read(segment: &[u8], is_progressive: bool) -> Option<Self> {
        let (&[_, height_high, height_low, width_high, width_low, count], rest) = segment.split_first_chunk()?;
        let height = usize::from(u16::from_be_bytes([height_high, height_low]));
        let width = usize::from(u16::from_be_bytes([width_high, width_low]));
        let component = |given: &[u8]| {
            let sampling = [usize::from(given[1] >> 4), usize::from(given[1] & 15)];
            Component { name: given[0], sampling, is_seen: false, nonzero: Vec::new() }
        };
        let components: Vec<Component> = rest.chunks_exact(3).take(usize::from(count)).map(component).collect();
        let counts = 1..=MAX_COMPONENTS;
        let is_sound = counts.contains(&components.len()) && components.len() == usize::from(count);
        let is_sound = is_sound && components.iter().flat_map(|c| c.sampling).all(|factor| (1..=4).contains(&factor));
        let is_small = [width, height].iter().all(|side| (1..=MAX_SIDE as usize).contains(side));
        (is_sound && is_small).then_some(Self { size: [width, height], is_progressive, components })
    }

    /// Whether every component has had a scan.
    pub fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.is_seen)
    }

    /// The scan of this header, with restart markers every `interval` units; `None` if no decoder takes it.
    pub fn scan<'a>(&'a mut self, segment: &[u8], tables: &'a Tables, interval: usize) -> Option<Scan<'a>> {
        let (&count, rest) = segment.split_first()?;
        let (chosen, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, bits] = rest.first_chunk()?;
        let pass = match (self.is_progressive, bits >> 4) {
            (false, _) => Pass::Sequential,
            (true, 0) => Pass::First,
            (true, _) => Pass::Refinement,
        };
        let [most_across, most_down] = [0, 1].map(|axis| self.components.iter().map(|c| c.sampling[axis]).max());
        let most = [most_across?, most_down?];
        let is_alone = count == 1;
        let size = self.size;
        let mut planes = Vec::new();
        for component in &mut self.components {
            let Some(pair) = chosen.chunks_exact(2).find(|pair| pair[0] == component.name) else { continue };
            component.is_seen |= first == 0;
            // Alone, a component has only the blocks that hold texels.
            let side = |axis: usize| (size[axis] * component.sampling[axis]).div_ceil(most[axis]).div_ceil(BLOCK);
            let blocks = [side(0), side(1)];
            if self.is_progressive && first > 0 && component.nonzero.is_empty() {
                component.nonzero = vec![0; blocks[0] * blocks[1]];
            }
            planes.push(Plane {
                dc: tables.dc(pair[1] >> 4),
                ac: tables.ac(pair[1] & 15),
                blocks: if is_alone { blocks } else { component.sampling },
                nonzero: &mut component.nonzero,
            });
        }
        let side = |axis: usize| size[axis].div_ceil(BLOCK * most[axis]);
        let units = match planes.first() {
            Some(plane) if is_alone => plane.blocks[0] * plane.blocks[1],
            _ => side(0) * side(1),
        };
        if is_alone {
            planes.iter_mut().for_each(|plane| plane.blocks = [1, 1]);
        }
        let is_sound = planes.len() == usize::from(count) && first <= last && last < 64;
        let is_sound = is_sound && (first == 0 || (self.is_progressive && is_alone));
        is_sound.then_some(Scan { planes, pass, first, last, units, interval })
    }
}
