//! A binary range coder with adaptive probabilities.
//!
//! Sources: Martin, "Range encoding", 1979; the carry propagation is that of LZMA. A probability is the mean of two that adapt
//! fast and slowly.

/// Writes or reads bits. The same function codes in both directions, so the two cannot disagree: a reader ignores the bit that it is given.
pub(crate) trait Coder {
    /// A bit with an adaptive probability.
    fn bit(&mut self, bit: bool, model: &mut Model) -> bool;

    /// The lowest `count` bits of `value`, all equally likely; at most 16.
    fn raw(&mut self, value: u32, count: u32) -> u32;

    /// Fails if more was read than there is.
    fn check(&self) -> Result<(), Ended>;

    /// The lowest `count` bits of `value`, at most 32.
    fn bits(&mut self, value: u32, count: u32) -> u32 {
        let high = count.saturating_sub(16);
        let top = if high > 0 { self.raw(value >> 16, high) << 16 } else { 0 };
        top | self.raw(value & 0xffff, count.min(16))
    }
}

/// A stream that ends before it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// The probability of a 0, in 65,536ths, as a fast and a slow mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    fast: u16,
    slow: u16,
}

const FAST: u32 = 4;
const SLOW: u32 = 7;
/// Bits of a probability in the coder.
const BITS: u32 = 12;
/// A range below this is renormalised.
const LEAST_RANGE: u32 = 1 << 24;
/// Bytes of the state that [`Encoder::finish`] writes.
const STATE_BYTES: usize = 4;

impl Default for Model {
    fn default() -> Self {
        Self { fast: 1 << 15, slow: 1 << 15 }
    }
}

impl Model {
    fn probability(self) -> u32 {
        ((u32::from(self.fast) + u32::from(self.slow)) >> (17 - BITS)).clamp(1, (1 << BITS) - 1)
    }

    fn update(&mut self, bit: bool) {
        let toward = |p: u16, shift: u32| if bit { p - (p >> shift) } else { p + ((u16::MAX - p) >> shift) };
        *self = Self { fast: toward(self.fast, FAST), slow: toward(self.slow, SLOW) };
    }
}

pub(crate) struct Encoder {
    low: u64,
    range: u32,
    /// The last byte, which a carry may still change, and the bytes 0xff after it.
    last: Option<u8>,
    pending: usize,
    bytes: Vec<u8>,
}

impl Encoder {
    pub fn new() -> Self {
        Self { low: 0, range: u32::MAX, last: None, pending: 0, bytes: Vec::new() }
    }

    pub fn finish(mut self) -> Vec<u8> {
        (0..=STATE_BYTES).for_each(|_| self.shift());
        self.bytes
    }

    fn shift(&mut self) {
        let carry = (self.low >> 32) as u8;
        if carry > 0 || (self.low as u32) < 0xff << 24 {
            self.bytes.extend(self.last.map(|last| last.wrapping_add(carry)));
            self.bytes.extend(std::iter::repeat_n(0xffu8.wrapping_add(carry), self.pending));
            self.pending = 0;
            self.last = Some((self.low >> 24) as u8);
        } else {
            self.pending += 1;
        }
        self.low = (self.low << 8) & 0xffff_ffff;
    }

    fn narrow(&mut self, low: u32, range: u32) {
        self.low += u64::from(low);
        self.range = range;
        while self.range < LEAST_RANGE {
            self.range <<= 8;
            self.shift();
        }
    }
}

impl Coder for Encoder {
    fn bit(&mut self, bit: bool, model: &mut Model) -> bool {
        let bound = (self.range >> BITS) * model.probability();
        model.update(bit);
        if bit {
            self.narrow(bound, self.range - bound)
        } else {
            self.narrow(0, bound)
        }
        bit
    }

    fn raw(&mut self, value: u32, count: u32) -> u32 {
        let unit = self.range >> count;
        self.narrow(unit * value, unit);
        value
    }

    fn check(&self) -> Result<(), Ended> {
        Ok(())
    }
}

pub(crate) struct Decoder<'a> {
    range: u32,
    code: u32,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { range: u32::MAX, code: 0, bytes, at: 0 };
        (0..STATE_BYTES).for_each(|_| decoder.read());
        decoder
    }

    /// Bytes after the end of the stream.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn read(&mut self) {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        self.code = self.code << 8 | u32::from(byte);
    }

    fn narrow(&mut self, low: u32, range: u32) {
        self.code -= low;
        self.range = range;
        while self.range < LEAST_RANGE {
            self.range <<= 8;
            self.read();
        }
    }
}

impl Coder for Decoder<'_> {
    fn bit(&mut self, _: bool, model: &mut Model) -> bool {
        let bound = (self.range >> BITS) * model.probability();
        let bit = self.code >= bound;
        model.update(bit);
        if bit {
            self.narrow(bound, self.range - bound)
        } else {
            self.narrow(0, bound)
        }
        bit
    }

    fn raw(&mut self, _: u32, count: u32) -> u32 {
        let unit = self.range >> count;
        // A damaged stream may lie beyond the range.
        let value = (self.code / unit).min((1 << count) - 1);
        self.narrow(unit * value, unit);
        value
    }

    fn check(&self) -> Result<(), Ended> {
        if self.at > self.bytes.len() { Err(Ended) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of which one in `rare` is a 1, between raw numbers.
    fn code(coder: &mut impl Coder, expected: &[u32]) -> Vec<u32> {
        let mut models = [Model::default(); 3];
        let each = |(index, value): (usize, &u32)| match index % 4 {
            3 => coder.bits(*value, 1 + index as u32 % 32),
            model => u32::from(coder.bit(*value > 0, &mut models[model])),
        };
        expected.iter().enumerate().map(each).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut word = 1u32;
        let mut random = || {
            word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            word.rotate_right(8)
        };
        let values: Vec<u32> = (0..20_000)
            .map(|index| match index % 4 {
                3 => random() & (u32::MAX >> (31 - index as u32 % 32)),
                // Long runs, so that carries have far to go.
                _ => u32::from(random().is_multiple_of(1 + 1000 * (index as u32 % 4))),
            })
            .collect();
        let mut encoder = Encoder::new();
        code(&mut encoder, &values);
        let bytes = encoder.finish();
        let mut decoder = Decoder::new(&bytes);
        assert_eq!(code(&mut decoder, &values.iter().map(|_| 0).collect::<Vec<_>>()), values);
        assert!(decoder.check().is_ok() && decoder.left() <= 1, "{}", decoder.left());
    }

    #[test]
    fn rare_bits_cost_little() {
        let mut encoder = Encoder::new();
        let mut model = Model::default();
        (0..80_000).for_each(|index| _ = encoder.bit(index % 1000 == 0, &mut model));
        // 80 of 80,000: 912 bits at the entropy.
        assert!(encoder.finish().len() < 220);
    }

    #[test]
    fn a_stream_that_ends_is_noticed() {
        let mut encoder = Encoder::new();
        (0..100).for_each(|value| _ = encoder.bits(value, 32));
        let bytes = encoder.finish();
        let mut decoder = Decoder::new(&bytes[..200]);
        (0..100).for_each(|_| _ = decoder.bits(0, 32));
        assert_eq!(decoder.check(), Err(Ended));
    }
}
