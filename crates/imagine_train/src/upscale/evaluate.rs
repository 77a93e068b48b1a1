//! Measures enlarged pictures as the papers do: the peak signal-to-noise ratio of the luminance (PSNR-Y), in decibels.
//!
//! Both pictures are rounded to 8 bits, luminance is that of ITU-R BT.601 for digital video (16 to 235), and as many pixels as the factor
//! are left out along each border. Bicubic and Lanczos interpolation of the same small picture stand beside the network.

use burn::tensor::backend::Backend;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Size, Tensor, ValidGenerator};
use serde::Serialize;

use crate::data::TrainingPicture;
use crate::data::resample::{Filter, byte};
use crate::error::TrainError;
use crate::metric::macs_per_pixel;

/// A picture and the small one that is to be enlarged to it.
#[derive(Clone, Debug)]
pub struct MeasuredPair {
    /// The picture.
    pub large: TrainingPicture,
    /// The picture reduced by the factor.
    pub small: TrainingPicture,
    /// The factor.
    factor: usize,
}

/// PSNR-Y in decibels of a picture enlarged in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct UpscaleFigures {
    /// By the network.
    pub network: f64,
    /// By bicubic interpolation.
    pub bicubic: f64,
    /// By Lanczos interpolation with 3 lobes.
    pub lanczos: f64,
}

/// The figures of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpscaleEvaluation {
    /// How often sides are enlarged.
    pub factor: usize,
    /// Numbers that were learned.
    pub parameters: usize,
    /// Multiplications and additions, counted as one, for each pixel of the result.
    pub macs_per_pixel: f64,
    /// Means over the pictures.
    pub mean: UpscaleFigures,
    /// File names, and the figures of each.
    pub pictures: Vec<(String, UpscaleFigures)>,
}

impl MeasuredPair {
    /// A picture, trimmed to sides that the factor divides, and the small one made of it.
    pub fn new(picture: &TrainingPicture, factor: usize) -> Self {
        let large = picture.trimmed(factor);
        let small = large.resized(Filter::Cubic, [large.height / factor, large.width / factor]);
        Self { large, small, factor }
    }

    /// The middle of a picture, at most `side` pixels.
    pub fn of_middle(picture: &TrainingPicture, side: usize, factor: usize) -> Self {
        let sides = [picture.height, picture.width].map(|length| length.min(side));
        let start = [(picture.height - sides[0]) / 2, (picture.width - sides[1]) / 2];
        Self::new(&picture.cropped(start, sides), factor)
    }

    /// The small picture enlarged by interpolation.
    pub fn interpolated(&self, filter: Filter) -> TrainingPicture {
        self.small.resized(filter, [self.large.height, self.large.width])
    }

    /// The small picture enlarged by a network.
    pub fn enlarged<B: Backend>(
        &self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<TrainingPicture, TrainError> {
        let TrainingPicture { height, width, .. } = self.large;
        let shape = [1, 3, self.small.height, self.small.width];
        let input = Value::from_data(&Tensor::f32(shape, self.small.values()), device);
        let output = network.run(vec![input], Size::new(height, width), RandomState::default())?.remove(0).into_data();
        let values = output.as_f32().unwrap_or_default();
        let plane = |channel: usize| {
            values[channel * height * width..][..height * width].iter().map(|value| byte(value * 255.0)).collect()
        };
        Ok(TrainingPicture { planes: [0, 1, 2].map(plane), ..self.large.clone() })
    }

    /// PSNR-Y of a picture beside the large one.
    pub fn psnr(&self, picture: &TrainingPicture) -> f64 {
        let (&TrainingPicture { height, width, .. }, rim) = (&self.large, self.factor);
        let mut sum = 0.0;
        for y in rim..height.saturating_sub(rim) {
            for x in rim..width.saturating_sub(rim) {
                sum += (luminance(picture, y * width + x) - luminance(&self.large, y * width + x)).powi(2);
            }
        }
        let count = height.saturating_sub(2 * rim) * width.saturating_sub(2 * rim);
        // Equal pictures get 100 decibels, not infinity, of which there is no mean.
        (10.0 * (255.0f64.powi(2) * count as f64 / sum.max(1e-12)).log10()).min(100.0)
    }

    /// PSNR-Y of both interpolations; the network's is 0.
    pub fn interpolations(&self) -> UpscaleFigures {
        let psnr = |filter| self.psnr(&self.interpolated(filter));
        UpscaleFigures { network: 0.0, bicubic: psnr(Filter::Cubic), lanczos: psnr(Filter::Lanczos) }
    }
}

impl UpscaleFigures {
    /// The means of some figures.
    pub fn mean<'a>(figures: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut sum, mut count) = (Self::default(), 0.0f64);
        for figures in figures {
            sum.network += figures.network;
            sum.bicubic += figures.bicubic;
            sum.lanczos += figures.lanczos;
            count += 1.0;
        }
        let count = count.max(1.0);
        Self { network: sum.network / count, bicubic: sum.bicubic / count, lanczos: sum.lanczos / count }
    }
}

/// Measures a generator that enlarges pictures.
pub fn evaluate<B: Backend>(
    generator: &ValidGenerator,
    pictures: &[TrainingPicture],
    factor: usize,
    device: &B::Device,
) -> Result<UpscaleEvaluation, TrainError> {
    let network = Network::<B>::new(&generator.output, device);
    let mut figures = Vec::new();
    for picture in pictures {
        let pair = MeasuredPair::new(picture, factor);
        let psnr = pair.psnr(&pair.enlarged(&network, device)?);
        let name = picture.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        figures.push((name, UpscaleFigures { network: psnr, ..pair.interpolations() }));
    }
    Ok(UpscaleEvaluation {
        factor,
        parameters: generator.output.graph().parameters(),
        macs_per_pixel: macs_per_pixel(&generator.output, 16 * factor)?,
        mean: UpscaleFigures::mean(figures.iter().map(|(_, figures)| figures)),
        pictures: figures,
    })
}

/// How often a generator enlarges the sides of its only input, a picture; `None` if it does not.
pub fn factor_of(generator: &ValidGenerator) -> Option<usize> {
    let [input] = &generator.output.graph().inputs[..] else { return None };
    (2..=8).find(|&factor| {
        let side = |axis: usize, size: Size| input.shape.get(axis).and_then(|dim| dim.bind(size));
        let size = Size::new(3 * factor, 5 * factor);
        [1, 2, 3].map(|axis| side(axis, size)) == [Some(3), Some(3), Some(5)]
    })
}

/// Luminance of a pixel, 16 to 235.
fn luminance(picture: &TrainingPicture, at: usize) -> f64 {
    let [red, green, blue] = picture.planes.each_ref().map(|plane| f64::from(plane[at]) / 255.0);
    16.0 + 65.481 * red + 128.553 * green + 24.966 * blue
}
