//! Pictures as the channels of a network's input, one plane after another.
//!
//! Rows become floats one by one on all cores, also where the picture is scaled: a large picture is in memory once.

use imagine_graph::ColorSpace;
use imagine_graph::color::{linear_to_srgb, srgb_to_linear};
use rayon::prelude::*;

use super::file::Picture;
use super::taps::Taps;

/// Luminance weights of red, green and blue (Rec. 709).
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Red, green, blue and alpha.
type Texel = [f32; 4];

impl Picture {
    /// The picture in `size`, width and height, as 1, 3 or 4 channels. One channel is the luminance, the fourth is alpha.
    ///
    /// `colors` says how the channels hold colours; `None` is a mask of plain values. Scaling (Catmull-Rom) happens on the stored
    /// values, in sRGB.
    pub fn planes(&self, channels: usize, colors: Option<ColorSpace>, [width, height]: [u32; 2]) -> Vec<f32> {
        let rows = Rows::new(self, self.is_linear && colors.is_some(), [width, height]);
        let (width, height) = (width as usize, height as usize);
        let mut values = vec![0.0; channels * height * width];
        let mut places: Vec<Vec<&mut [f32]>> = (0..height).map(|_| Vec::with_capacity(channels)).collect();
        for (index, row) in values.chunks_mut(width.max(1)).enumerate() {
            places[index % height].push(row);
        }
        places.into_par_iter().enumerate().for_each_init(Vec::new, |texels, (y, places)| {
            rows.read(y, texels);
            for (channel, row) in places.into_iter().enumerate() {
                for (value, texel) in row.iter_mut().zip(texels.iter()) {
                    *value = sample(*texel, channel, channels, colors);
                }
            }
        });
        values
    }
}

/// The rows of a picture in another size.
struct Rows<'a> {
    picture: &'a Picture,
    /// Whether colours are linear light and become sRGB.
    encodes: bool,
    /// For every column and every row; `None` if the picture has that size.
    taps: Option<[Taps; 2]>,
}

impl<'a> Rows<'a> {
    fn new(picture: &'a Picture, encodes: bool, size: [u32; 2]) -> Self {
        let found = [picture.pixels.width(), picture.pixels.height()];
        let taps = (found != size).then(|| [0, 1].map(|axis| Taps::new(found[axis] as usize, size[axis] as usize)));
        Self { picture, encodes, taps }
    }

    /// Row `y` of the size.
    fn read(&self, y: usize, texels: &mut Vec<Texel>) {
        let Some([columns, rows]) = &self.taps else { return self.stored(y, texels) };
        let (first, weights) = rows.of(y);
        let mut mean = vec![[0.0; 4]; self.picture.pixels.width() as usize];
        for (y, weight) in (first..).zip(weights) {
            self.stored(y, texels);
            mean.iter_mut().zip(texels.iter()).for_each(|(mean, texel)| add(mean, *texel, *weight));
        }
        texels.clear();
        texels.extend((0..columns.len()).map(|x| {
            let (first, weights) = columns.of(x);
            let mut texel = [0.0; 4];
            mean[first..].iter().zip(weights).for_each(|(mean, weight)| add(&mut texel, *mean, *weight));
            texel.map(|value| value.clamp(0.0, 1.0))
        }));
    }

    /// Row `y` as the file stores it; colours in sRGB.
    fn stored(&self, y: usize, texels: &mut Vec<Texel>) {
        self.picture.row(y, texels);
        if !self.encodes {
            return;
        }
        for texel in texels {
            let [red, green, blue, alpha] = texel.map(|value| value.clamp(0.0, 1.0));
            let [red, green, blue] = [red, green, blue].map(linear_to_srgb);
            *texel = [red, green, blue, alpha];
        }
    }
}

fn add(sum: &mut Texel, texel: Texel, weight: f32) {
    sum.iter_mut().zip(texel).for_each(|(sum, value)| *sum += value * weight);
}

/// One channel of a texel.
fn sample(texel: Texel, channel: usize, channels: usize, colors: Option<ColorSpace>) -> f32 {
    let [red, green, blue, alpha] = texel;
    let gray = |decode: fn(f32) -> f32| {
        [red, green, blue].iter().zip(LUMINANCE).map(|(value, part)| decode(*value) * part).sum::<f32>().min(1.0)
    };
    let is_gray = red == green && green == blue;
    match (colors, channels, channel) {
        (_, 4, 3) => alpha,
        (None, 1, _) if is_gray => red,
        (None, 1, _) => gray(|value| value),
        (Some(ColorSpace::Linear), 1, _) => gray(srgb_to_linear),
        (_, 1, _) if is_gray => red,
        (_, 1, _) => linear_to_srgb(gray(srgb_to_linear)),
        (Some(ColorSpace::Linear), ..) => srgb_to_linear(texel[channel]),
        _ => texel[channel],
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgba, RgbaImage, imageops};

    use super::*;

    #[test]
    fn scaled_pictures_are_those_of_image() {
        let pixels = RgbaImage::from_fn(37, 22, |x, y| {
            Rgba([x * 7, y * 11, x * y * 3, 128 + x].map(|value| (value % 256) as u8))
        });
        let whole = DynamicImage::from(pixels);
        let opaque = DynamicImage::from(whole.to_rgb8());
        let gray = DynamicImage::from(whole.to_luma16());
        let sizes = [[12, 9], [37, 5], [80, 22], [91, 64], [1, 1], [37, 22]];
        for (pixels, [width, height]) in
            [whole, opaque, gray].into_iter().flat_map(|all| sizes.map(|size| (all.clone(), size)))
        {
            let expected = imageops::resize(&pixels.to_rgba32f(), width, height, imageops::FilterType::CatmullRom);
            let picture = Picture { pixels, is_linear: false };
            let found = picture.planes(4, Some(ColorSpace::Srgb), [width, height]);
            for (index, pixel) in expected.pixels().enumerate() {
                for (channel, value) in pixel.0.iter().enumerate() {
                    let found = found[channel * (width * height) as usize + index];
                    assert!((found - value.clamp(0.0, 1.0)).abs() < 1e-5, "{width}x{height} {index}: {found} {value}");
                }
            }
        }
    }
}
