//! Planes of integers: each value is predicted from its neighbours, and what is left is coded with a probability that depends on how
//! large it was nearby, in this plane and in up to three earlier ones.

use crate::coder::{Coder, Ended, Model};

/// Largest absolute value of a plane.
pub const LARGEST: i32 = 1 << 14;
/// Earlier planes that tell how large values are.
pub(crate) const EARLIER: usize = 3;
/// What tells how large a value is: six neighbours, the same place and its four neighbours in earlier planes, and a constant.
pub(crate) const FEATURES: usize = OWN.len() + 2 * EARLIER + 1;
/// Weights are in this fraction of one.
pub(crate) const UNIT: i32 = 64;
/// Weights of neighbours in a prediction are in this fraction of one.
pub(crate) const MEAN_UNIT: i32 = 32;

/// Rows up and columns left of neighbours that are coded before.
const OWN: [(usize, isize); 6] = [(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0)];
/// Magnitudes from this on are coded by their number of bits.
const ESCAPE: i32 = 14;
const CONTEXTS: usize = 32;

/// A plane with what is left of its values after prediction, with a rim of zeros.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    pub height: usize,
    pub width: usize,
    values: Vec<i16>,
    rests: Vec<i16>,
}

/// How values are predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// As 0.
    #[default]
    None,
    /// As the sum of the neighbours left, above, above left and above right, with these weights.
    Mean([i8; 4]),
    /// As the median of left, above, and left + above - above left (Weinberger et al., LOCO-I, 2000), plus this many quarters of what the
    /// prediction missed in the plane before.
    Median(u8),
}

/// How a plane is coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coding {
    pub prediction: Prediction,
    /// Earlier planes, as their distance back; 0 for none.
    pub earlier: [u8; EARLIER],
    /// Weights of the features.
    pub weights: [u8; FEATURES],
}

/// The probabilities that all planes of a stream share.
pub(crate) struct Contexts {
    magnitude: [[Model; ESCAPE as usize]; CONTEXTS],
    bits: [Model; 16],
}

impl Default for Contexts {
    fn default() -> Self {
        Self { magnitude: [[Model::default(); ESCAPE as usize]; CONTEXTS], bits: [Model::default(); 16] }
    }
}

/// Places of the rim, on each side.
const RIM: usize = 2;

impl Plane {
    pub fn new(height: usize, width: usize) -> Self {
        let places = (height + 2 * RIM) * (width + 2 * RIM);
        Self { height, width, values: vec![0; places], rests: vec![0; places] }
    }

    /// A plane of `values`, row by row.
    pub fn of(height: usize, width: usize, values: impl Iterator<Item = i16>) -> Self {
        let mut plane = Self::new(height, width);
        for (index, value) in values.enumerate() {
            let at = plane.index(index / width, index % width);
            plane.values[at] = value;
        }
        plane
    }

    /// The values, row by row.
    pub fn rows(&self) -> impl Iterator<Item = &[i16]> {
        (0..self.height).map(|row| &self.values[self.index(row, 0)..][..self.width])
    }

    #[inline]
    fn index(&self, row: usize, column: usize) -> usize {
        (row + RIM) * self.stride() + column + RIM
    }

    #[inline]
    fn stride(&self) -> usize {
        self.width + 2 * RIM
    }

    #[inline]
    fn predicted(&self, at: usize, prediction: Prediction, before: Option<&Plane>) -> i32 {
        let stride = self.stride();
        let value = |index: usize| i32::from(self.values[index]);
        let (left, above, corner) = (value(at - 1), value(at - stride), value(at - stride - 1));
        match prediction {
            Prediction::None => 0,
            Prediction::Mean(weights) => {
                let neighbours = [left, above, corner, value(at - stride + 1)];
                let sum: i32 = neighbours.iter().zip(weights).map(|(value, weight)| value * i32::from(weight)).sum();
                (sum + MEAN_UNIT / 2).div_euclid(MEAN_UNIT)
            }
            Prediction::Median(quarters) => {
                let (low, high) = (left.min(above), left.max(above));
                let missed = before.map_or(0, |before| i32::from(before.rests[at]));
                (left + above - corner).clamp(low, high) + (missed * i32::from(quarters) + 2).div_euclid(4)
            }
        }
    }

    /// How large what is left was nearby.
    #[inline]
    fn features(&self, at: usize, earlier: &[Option<&Plane>; EARLIER]) -> [i32; FEATURES] {
        let stride = self.stride();
        let mut features = [1; FEATURES];
        for (feature, (up, left)) in features.iter_mut().zip(OWN) {
            *feature = i32::from(self.rests[(at - up * stride).wrapping_add_signed(-left)]).abs();
        }
        for (features, plane) in features[OWN.len()..].chunks_exact_mut(2).zip(earlier) {
            let rest = |index: usize| plane.map_or(0, |plane| i32::from(plane.rests[index]).abs());
            features[0] = rest(at);
            features[1] = (rest(at - 1) + rest(at + 1) + rest(at - stride) + rest(at + stride) + 2) >> 2;
        }
        features
    }

    /// Sets what a prediction leaves of the values; `before` is the plane before.
    pub fn predict(&mut self, prediction: Prediction, before: Option<&Plane>) {
        for row in 0..self.height {
            for column in 0..self.width {
                let at = self.index(row, column);
                let predicted = self.predicted(at, prediction, before);
                self.rests[at] = (i32::from(self.values[at]) - predicted).clamp(-2 * LARGEST, 2 * LARGEST - 1) as i16;
            }
        }
    }

    /// The features of every place with the magnitude that they stand beside; [`Plane::predict`] was called.
    pub fn observations<'a>(
        &'a self,
        earlier: [Option<&'a Plane>; EARLIER],
    ) -> impl Iterator<Item = ([i32; FEATURES], i32)> + 'a {
        let places = (0..self.height).flat_map(move |row| (0..self.width).map(move |column| self.index(row, column)));
        places.map(move |at| (self.features(at, &earlier), i32::from(self.rests[at]).abs()))
    }

    /// What is left of the values in rows after prediction.
    pub fn rests(&self) -> impl Iterator<Item = &[i16]> {
        (0..self.height).map(|row| &self.rests[self.index(row, 0)..][..self.width])
    }

    /// Codes the plane after the planes `before`.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        contexts: &mut Contexts,
        coding: &Coding,
        before: &[Plane],
    ) -> Result<(), Ended> {
        let earlier =
            coding.earlier.map(|back| before.len().checked_sub(back.into()).and_then(|index| before.get(index)));
        for row in 0..self.height {
            for column in 0..self.width {
                let at = self.index(row, column);
                let predicted = self.predicted(at, coding.prediction, before.last());
                let features = self.features(at, &earlier);
                let expected: i32 = features.iter().zip(coding.weights).map(|(f, weight)| f * i32::from(weight)).sum();
                let rest = signed(coder, contexts, expected, i32::from(self.values[at]) - predicted);
                let value = (rest + predicted).clamp(-LARGEST, LARGEST);
                self.values[at] = value as i16;
                self.rests[at] = (value - predicted).clamp(-2 * LARGEST, 2 * LARGEST - 1) as i16;
            }
            coder.check()?;
        }
        Ok(())
    }
}

impl Coding {
    /// Codes how a plane is coded.
    pub fn code(&mut self, coder: &mut impl Coder) {
        let kind = match self.prediction {
            Prediction::None => 0,
            Prediction::Mean(_) => 1,
            Prediction::Median(_) => 2,
        };
        self.prediction = match coder.raw(kind, 2) {
            1 => {
                let weights = if let Prediction::Mean(weights) = self.prediction { weights } else { [0; 4] };
                Prediction::Mean(weights.map(|weight| coder.raw(u32::from(weight as u8), 8) as u8 as i8))
            }
            2 => {
                let quarters = if let Prediction::Median(quarters) = self.prediction { quarters } else { 0 };
                Prediction::Median(coder.raw(quarters.into(), 3) as u8)
            }
            _ => Prediction::None,
        };
        self.earlier.iter_mut().for_each(|back| *back = coder.raw((*back).into(), 8) as u8);
        for (index, weight) in self.weights.iter_mut().enumerate() {
            let back = index.checked_sub(OWN.len()).and_then(|index| self.earlier.get(index / 2));
            *weight = if back == Some(&0) { 0 } else { coder.raw((*weight).into(), 8) as u8 };
        }
    }
}

/// A signed value whose magnitude is expected to be about `expected / UNIT`.
pub(crate) fn signed(coder: &mut impl Coder, contexts: &mut Contexts, expected: i32, value: i32) -> i32 {
    let models = &mut contexts.magnitude[context(expected)];
    let magnitude = value.abs();
    let mut found = 0;
    while found < ESCAPE && coder.bit(magnitude > found, &mut models[found as usize]) {
        found += 1;
    }
    if found == ESCAPE {
        // The rest, plus one, by its number of bits.
        let rest = (magnitude - ESCAPE + 1).max(1) as u32;
        let mut bits = 0;
        while bits < 15 && coder.bit(rest >> (bits + 1) > 0, &mut contexts.bits[bits as usize]) {
            bits += 1;
        }
        let low = coder.raw(rest & ((1 << bits) - 1), bits);
        found = ESCAPE - 1 + ((1 << bits) | low) as i32;
    }
    let negative = found > 0 && coder.raw(u32::from(value < 0), 1) == 1;
    if negative { -found } else { found }
}

/// Two contexts for each doubling.
fn context(expected: i32) -> usize {
    let expected = expected.max(0) as u32 + 2;
    let octave = expected.ilog2();
    (2 * (octave - 1) + (expected >> (octave - 1) & 1)).min(CONTEXTS as u32 - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coder::{Decoder, Encoder};

    #[test]
    fn values_of_every_size_are_read_as_written() {
        let values: Vec<i32> = (0..16).flat_map(|bits| [1 << bits, -(1 << bits), (1 << bits) - 1]).collect();
        let mut encoder = Encoder::new();
        let mut contexts = Contexts::default();
        values.iter().enumerate().for_each(|(k, value)| _ = signed(&mut encoder, &mut contexts, 40 * k as i32, *value));
        let bytes = encoder.finish();
        let (mut decoder, mut contexts) = (Decoder::new(&bytes), Contexts::default());
        let read = (0..values.len()).map(|k| signed(&mut decoder, &mut contexts, 40 * k as i32, 0));
        assert_eq!(read.collect::<Vec<_>>(), values);
    }

    #[test]
    fn contexts_are_distinct_and_bounded() {
        assert_eq!([0, 1, 2, 4, 6, 10, 14].map(context), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(context(i32::MAX), CONTEXTS - 1);
        assert_eq!(context(-5), 0);
    }

    #[test]
    fn planes_are_read_as_written() {
        let value = |plane: i32, at: i32| ((at * 37 + plane * at / 5) % 61 - 30 + at / 16) as i16;
        let planes: Vec<Plane> = (0..3).map(|plane| Plane::of(16, 24, (0..384).map(|at| value(plane, at)))).collect();
        let codings = [
            Coding { weights: [40; FEATURES], ..Coding::default() },
            Coding { prediction: Prediction::Mean([20, 20, -8, 0]), earlier: [1, 0, 0], weights: [9; FEATURES] },
            Coding { prediction: Prediction::Median(3), earlier: [2, 1, 0], weights: [9; FEATURES] },
        ];
        fn code(coder: &mut impl Coder, codings: &mut [Coding], planes: &mut [Plane]) {
            let mut contexts = Contexts::default();
            for (index, coding) in codings.iter_mut().enumerate() {
                coding.code(coder);
                let (before, plane) = planes.split_at_mut(index);
                plane[0].code(coder, &mut contexts, coding, before).unwrap();
            }
        }
        let mut encoder = Encoder::new();
        code(&mut encoder, &mut codings.clone(), &mut planes.clone());
        let bytes = encoder.finish();
        let mut read = vec![Plane::new(16, 24); 3];
        let mut found = vec![Coding::default(); 3];
        code(&mut Decoder::new(&bytes), &mut found, &mut read);
        assert_eq!(found[1].prediction, codings[1].prediction);
        for (read, written) in read.iter().zip(&planes) {
            assert!(read.rows().eq(written.rows()));
        }
    }
}
