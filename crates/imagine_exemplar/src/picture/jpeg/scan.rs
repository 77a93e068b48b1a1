//! A scan: the codes of its blocks. `None` means that a block is missing.

use super::bits::Bits;
use super::huffman::Codes;

/// How a scan codes coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// All bits of all coefficients.
    Sequential,
    /// The upper bits of some coefficients.
    First,
    /// One more bit of them.
    Refinement,
}

/// A scan over the whole picture.
pub struct Scan<'a> {
    pub planes: Vec<Plane<'a>>,
    pub pass: Pass,
    /// The first coefficient; 0 is the mean.
    pub first: u8,
    /// The last coefficient.
    pub last: u8,
    /// Number of units, which have the blocks of each plane.
    pub units: usize,
    /// Units between restart markers; 0 without them.
    pub interval: usize,
}

/// A component in a scan.
pub struct Plane<'a> {
    pub dc: Option<&'a Codes>,
    pub ac: Option<&'a Codes>,
    /// Blocks in a unit, across and down.
    pub blocks: [usize; 2],
    /// Progressive coefficients: which are not 0, for each block.
    pub nonzero: &'a mut [u64],
}

impl Scan<'_> {
    /// Reads all blocks.
    pub fn read(&mut self, bits: &mut Bits) -> Option<()> {
        // Blocks after the current one whose coefficients of this scan end here.
        let mut ended = 0;
        for unit in 0..self.units {
            if unit > 0 && unit.is_multiple_of(self.interval) {
                bits.restart()?;
                ended = 0;
            }
            for plane in &mut self.planes {
                for _ in 0..plane.blocks[0] * plane.blocks[1] {
                    match (self.pass, self.first) {
                        (Pass::Sequential, _) => plane.sequential(bits)?,
                        (Pass::First, 0) => plane.mean(bits)?,
                        (Pass::Refinement, 0) => bits.skip(1)?,
                        (Pass::First, first) => plane.first([first, self.last], unit, &mut ended, bits)?,
                        (Pass::Refinement, first) => plane.refined([first, self.last], unit, &mut ended, bits)?,
                    }
                }
            }
        }
        Some(())
    }
}

impl Plane<'_> {
    /// The mean's difference: its length, then its bits.
    fn mean(&self, bits: &mut Bits) -> Option<()> {
        let length = bits.symbol(self.dc?)?;
        bits.skip(u32::from(length.min(16)))
    }

    fn sequential(&self, bits: &mut Bits) -> Option<()> {
        self.mean(bits)?;
        let mut at = 1;
        while at < 64 {
            let (run, length) = halves(bits.symbol(self.ac?)?);
            match (run, length) {
                (15, 0) => at += 16,
                (_, 0) => break,
                _ => {
                    bits.skip(length)?;
                    at += run + 1;
                }
            }
        }
        Some(())
    }

    /// Figure G.3 of T.81.
    fn first(&mut self, [first, last]: [u8; 2], block: usize, ended: &mut u32, bits: &mut Bits) -> Option<()> {
        if *ended > 0 {
            *ended -= 1;
            return Some(());
        }
        let mut at = u32::from(first);
        while at <= u32::from(last) {
            let (run, length) = halves(bits.symbol(self.ac?)?);
            match (run, length) {
                (15, 0) => at += 16,
                (_, 0) => {
                    *ended = (1 << run) - 1 + bits.take(run)?;
                    break;
                }
                _ => {
                    bits.skip(length)?;
                    at += run;
                    self.nonzero[block] |= 1u64.checked_shl(at).unwrap_or(0);
                    at += 1;
                }
            }
        }
        Some(())
    }

    /// Figures G.7 to G.9 of T.81: one bit for each coefficient that was not 0, and new ones between them.
    fn refined(&mut self, [first, last]: [u8; 2], block: usize, ended: &mut u32, bits: &mut Bits) -> Option<()> {
        let known = self.nonzero[block];
        let is_known = |at: u32| known >> at & 1 == 1;
        let (mut at, last) = (u32::from(first), u32::from(last));
        while *ended == 0 && at <= last {
            let (mut run, length) = halves(bits.symbol(self.ac?)?);
            if length == 0 && run < 15 {
                *ended = (1 << run) + bits.take(run)?;
                break;
            }
            bits.skip(length)?;
            while at <= last && (is_known(at) || run > 0) {
                if is_known(at) {
                    bits.skip(1)?;
                } else {
                    run -= 1;
                }
                at += 1;
            }
            if length > 0 && at <= last {
                self.nonzero[block] |= 1 << at;
            }
            at += 1;
        }
        if *ended > 0 {
            *ended -= 1;
            for _ in (at..=last).filter(|at| is_known(*at)) {
                bits.skip(1)?;
            }
        }
        Some(())
    }
}

/// The upper and the lower four bits of a symbol.
fn halves(symbol: u8) -> (u32, u32) {
    (u32::from(symbol >> 4), u32::from(symbol & 15))
}
