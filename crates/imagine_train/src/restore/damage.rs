//! Damage that pictures take: blur, noise, bands and the blocks of JPEG, in this order, as when a picture is taken, reduced to few levels
//! and stored.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};
use rand::Rng;
use rand::rngs::StdRng;

use crate::core::rng::normal;
use crate::data::LUMA;
use crate::data::resample::byte;

/// Largest deviation of the noise that is trained on, in steps of 255.
const MOST_NOISE: f32 = 55.0;

/// What happens to a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Damage {
    /// Deviation of a Gaussian blur in pixels; 0 for none.
    pub blur: f32,
    /// Deviation of Gaussian noise in steps of 255; 0 for none.
    pub noise: f32,
    /// Whether the noise is the same in all channels.
    pub grey_noise: bool,
    /// Levels that each channel is reduced to.
    pub levels: Option<u32>,
    /// Quality of JPEG, 1 to 100.
    pub jpeg: Option<u8>,
    /// Whether JPEG keeps colours at half the resolution, as cameras and most programs do (4:2:0).
    pub halves_color: bool,
}

impl Damage {
    /// Damage of each kind, for measurements, with a name.
    pub fn measured() -> Vec<(String, Self)> {
        let none = Self::default();
        let jpeg = [10, 20, 40].map(|quality| (format!("JPEG {quality}"), Self { jpeg: Some(quality), ..none }));
        let noise = [15.0, 25.0, 50.0].map(|noise| (format!("noise {noise}"), Self { noise, ..none }));
        let others = [
            ("JPEG 20, colour halved".to_string(), Self { jpeg: Some(20), halves_color: true, ..none }),
            ("16 levels".into(), Self { levels: Some(16), ..none }),
            ("blur 0.8".into(), Self { blur: 0.8, ..none }),
            ("noise 10, JPEG 30".into(), Self { noise: 10.0, jpeg: Some(30), halves_color: true, ..none }),
            ("clean".into(), none),
        ];
        jpeg.into_iter().chain(noise).chain(others).collect()
    }

    /// Random damage; a quarter of the pictures stays as it is.
    pub fn random(rng: &mut StdRng) -> Self {
        let mut damage = Self::default();
        if rng.random_bool(0.05) {
            return damage;
        }
        if rng.random_bool(0.15) {
            damage.blur = rng.random_range(0.3..1.0);
        }
        if rng.random_bool(0.42) {
            damage.noise = 2.0 + (MOST_NOISE - 2.0) * rng.random::<f32>().powf(1.3);
            damage.grey_noise = rng.random_bool(0.25);
        }
        if rng.random_bool(0.12) {
            damage.levels = Some(rng.random_range(8..=48));
        }
        if rng.random_bool(0.45) {
            damage.jpeg = Some(5 + (85.0 * rng.random::<f32>().powf(1.3)) as u8);
            damage.halves_color = rng.random_bool(0.6);
        }
        damage
    }

    /// Whether the picture stays as it is.
    pub fn is_none(&self) -> bool {
        self.blur <= 0.0 && self.noise <= 0.0 && self.levels.is_none() && self.jpeg.is_none()
    }

    /// The damaged picture, `width` x `height` pixels; noise is drawn from `rng`.
    pub fn apply(&self, planes: &[Vec<u8>; 3], [height, width]: [usize; 2], rng: &mut StdRng) -> [Vec<u8>; 3] {
        if self.is_none() {
            return planes.clone();
        }
        let mut values = planes.each_ref().map(|plane| plane.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>());
        if self.blur > 0.0 {
            values = values.map(|plane| blurred(&plane, [height, width], self.blur));
        }
        if self.noise > 0.0 {
            for at in 0..height * width {
                let grey = normal(rng);
                for plane in &mut values {
                    plane[at] += self.noise * if self.grey_noise { grey } else { normal(rng) };
                }
            }
        }
        if let Some(levels) = self.levels {
            let step = 255.0 / (levels.max(2) - 1) as f32;
            values.iter_mut().flatten().for_each(|value| *value = (*value / step).round() * step);
        }
        let planes = values.map(|plane| plane.into_iter().map(byte).collect::<Vec<u8>>());
        match self.jpeg {
            Some(quality) if self.halves_color => with_halved_color(&planes, [height, width], quality),
            Some(quality) => through_jpeg(&planes, [height, width], quality),
            None => planes,
        }
    }
}

/// A plane blurred along rows and columns; its borders repeat.
fn blurred(plane: &[f32], [height, width]: [usize; 2], deviation: f32) -> Vec<f32> {
    let reach = (3.0 * deviation).ceil() as i64;
    let kernel: Vec<f32> = (-reach..=reach).map(|at| (-0.5 * (at as f32 / deviation).powi(2)).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    let place =
        |at: usize, tap: usize, length: usize| (at as i64 + tap as i64 - reach).clamp(0, length as i64 - 1) as usize;
    let along = |pick: &dyn Fn(usize, usize, usize) -> f32| -> Vec<f32> {
        let value = |at: usize| {
            let taps = kernel.iter().enumerate().map(|(tap, weight)| weight * pick(at / width, at % width, tap));
            taps.sum::<f32>() / sum
        };
        (0..height * width).map(value).collect()
    };
    let rows = along(&|y, x, tap| plane[y * width + place(x, tap, width)]);
    along(&|y, x, tap| rows[place(y, tap, height) * width + x])
}

/// What is left of a picture after JPEG, colours at full resolution.
fn through_jpeg(planes: &[Vec<u8>; 3], [height, width]: [usize; 2], quality: u8) -> [Vec<u8>; 3] {
    let picture = RgbImage::from_fn(width as u32, height as u32, |x, y| {
        image::Rgb(planes.each_ref().map(|plane| plane[y as usize * width + x as usize]))
    });
    let mut file = Cursor::new(Vec::new());
    let encoded = picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality));
    encoded.expect("a picture of bytes can be stored in memory");
    let decoded = image::load_from_memory_with_format(file.get_ref(), ImageFormat::Jpeg);
    let decoded = decoded.expect("what was just encoded can be decoded").into_rgb8();
    [0, 1, 2].map(|channel| decoded.as_raw().iter().skip(channel).step_by(3).copied().collect())
}

/// What is left after JPEG with colours at half the resolution: brightness of the whole picture's file, colour of a file of the halved one,
/// whose blocks are 16 pixels wide here.
fn with_halved_color(planes: &[Vec<u8>; 3], [height, width]: [usize; 2], quality: u8) -> [Vec<u8>; 3] {
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    let mean = |plane: &Vec<u8>| {
        let cell = |at: usize| {
            let (y, x) = (at / columns * 2, at % columns * 2);
            let value = |y: usize, x: usize| u32::from(plane[y.min(height - 1) * width + x.min(width - 1)]);
            ((value(y, x) + value(y, x + 1) + value(y + 1, x) + value(y + 1, x + 1) + 2) / 4) as u8
        };
        (0..rows * columns).map(cell).collect::<Vec<u8>>()
    };
    let whole = through_jpeg(planes, [height, width], quality);
    let half = through_jpeg(&planes.each_ref().map(mean), [rows, columns], quality);
    let [red, green, blue] = LUMA;
    let luminance = |planes: &[Vec<u8>; 3], at: usize| {
        red * f32::from(planes[0][at]) + green * f32::from(planes[1][at]) + blue * f32::from(planes[2][at])
    };
    // Differences of the channels from the luminance, interpolated.
    let color = |channel: usize, at: usize| f32::from(half[channel][at]) - luminance(&half, at);
    let mut result = [const { Vec::new() }; 3];
    for (channel, plane) in result.iter_mut().enumerate() {
        plane.reserve(height * width);
        for at in 0..height * width {
            let axis = |place: usize, length: usize| {
                let near = place / 2;
                let far = if place.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(length - 1) };
                [(near, 0.75), (far, 0.25)]
            };
            let (vertical, horizontal) = (axis(at / width, rows), axis(at % width, columns));
            let mut sum = 0.0;
            for (y, weight) in vertical {
                for (x, share) in horizontal {
                    sum += weight * share * color(channel, y * columns + x);
                }
            }
            plane.push(byte(luminance(&whole, at) + sum));
        }
    }
    result
}
