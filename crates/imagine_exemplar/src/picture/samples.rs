//! Values of an output, one plane after another, as the samples of a picture: scaled, clipped and interleaved, on all cores.

use imagine_graph::color::linear_to_srgb;
use rayon::prelude::*;

/// Texels that are converted at once.
const BAND: usize = 1 << 14;

/// How planes of values become samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Samples {
    /// Channels, at least 1; the fourth is alpha.
    pub channels: usize,
    /// The values that become 0 and 1; others are clipped.
    pub range: [f32; 2],
    /// Whether the values are linear light and become sRGB.
    pub encode_srgb: bool,
}

impl Samples {
    /// Samples from 0 to 1. `None` if a value is no number.
    pub fn units(&self, planes: &[f32]) -> Option<Vec<f32>> {
        self.interleaved(planes, |unit| unit)
    }

    /// Samples of 8 bits. `None` if a value is no number.
    pub fn bytes(&self, planes: &[f32]) -> Option<Vec<u8>> {
        self.interleaved(planes, |unit| (unit * 255.0).round() as u8)
    }

    /// Samples of 16 bits. `None` if a value is no number.
    pub fn words(&self, planes: &[f32]) -> Option<Vec<u16>> {
        self.interleaved(planes, |unit| (unit * 65_535.0).round() as u16)
    }

    fn interleaved<T>(&self, planes: &[f32], store: impl Fn(f32) -> T + Sync) -> Option<Vec<T>>
    where
        T: Copy + Default + Send,
    {
        let &Self { channels, range: [low, high], encode_srgb } = self;
        let area = planes.len() / channels;
        let mut samples = vec![T::default(); area * channels];
        let bands = samples.par_chunks_mut(BAND * channels).enumerate();
        let fill = |(band, samples): (usize, &mut [T])| {
            let first = band * BAND;
            for (channel, plane) in planes.chunks_exact(area).enumerate() {
                let is_light = encode_srgb && channel < 3;
                for (texel, value) in samples.chunks_exact_mut(channels).zip(&plane[first..]) {
                    if value.is_nan() {
                        return None;
                    }
                    let unit = ((value - low) / (high - low)).clamp(0.0, 1.0);
                    texel[channel] = store(if is_light { linear_to_srgb(unit) } else { unit });
                }
            }
            Some(())
        };
        bands.map(fill).collect::<Option<()>>()?;
        Some(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_scaled_clipped_and_interleaved() {
        let signed = Samples { channels: 3, range: [-1.0, 1.0], encode_srgb: false };
        let planes = [-1.0, 1.0, 0.0, 5.0, -9.0, 0.5];
        assert_eq!(signed.units(&planes).unwrap(), [0.0, 0.5, 0.0, 1.0, 1.0, 0.75]);
        assert_eq!(signed.bytes(&planes).unwrap(), [0, 128, 0, 255, 255, 191]);
        assert_eq!(signed.words(&planes).unwrap(), [0, 32_768, 0, 65_535, 65_535, 49_151]);
        assert_eq!(signed.bytes(&[0.0, f32::NAN, 0.0]), None);
        let light = Samples { channels: 4, range: [0.0, 1.0], encode_srgb: true };
        assert_eq!(light.bytes(&[0.5; 4]).unwrap(), [188, 188, 188, 128]);
    }

    #[test]
    fn bands_join_without_a_seam() {
        let area = 2 * BAND + 77;
        let planes: Vec<f32> = (0..2 * area).map(|index| (index % 251) as f32).collect();
        let samples = Samples { channels: 2, range: [0.0, 255.0], encode_srgb: false }.bytes(&planes).unwrap();
        assert_eq!(samples.len(), 2 * area);
        for (index, texel) in samples.chunks(2).enumerate() {
            assert_eq!(texel, [(index % 251) as u8, ((area + index) % 251) as u8], "{index}");
        }
    }
}
