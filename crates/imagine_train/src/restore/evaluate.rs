//! Measures restored pictures: the peak signal-to-noise ratio of red, green and blue together, in decibels, of the damaged and of the
//! restored picture beside the original.

use burn::tensor::backend::Backend;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{InputKind, Size, Tensor, ValidGenerator, ValidGraph};
use serde::{Deserialize, Serialize};

use super::damage::Damage;
use super::networks::{BLOCK, STRENGTH};
use crate::core::rng;
use crate::data::resample::byte;
use crate::data::{TrainingPicture, sheet};
use crate::error::TrainError;

/// Seed of the noise that pictures are measured with.
const SEED: u64 = 25;
/// Rows of a contact sheet.
const ROWS: usize = 8;
/// Side of its pictures.
const SIDE: usize = 160;

/// A picture and a damaged version of it.
#[derive(Clone, Debug)]
pub(super) struct DamagedPair {
    pub clean: TrainingPicture,
    pub damaged: TrainingPicture,
}

/// PSNR of one kind of damage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DamageFigures {
    /// The damage.
    pub damage: String,
    /// Of the damaged picture.
    pub damaged: f64,
    /// Of the restored one.
    pub restored: f64,
}

/// PSNR of all kinds of damage, means over pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RestoreFigures {
    /// In the order of [`Damage::measured`].
    pub damages: Vec<DamageFigures>,
}

/// The figures of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RestoreEvaluation {
    /// Numbers that were learned.
    pub parameters: usize,
    /// Multiplications and additions, counted as one, for each pixel.
    pub macs_per_pixel: f64,
    /// Means over the pictures.
    pub mean: RestoreFigures,
    /// Pictures that were measured.
    pub pictures: usize,
    /// The largest loss of a restored picture against the damaged one in decibels, the damage and the picture; `None` if nothing became worse.
    /// Clean pictures, of which the damaged one is the original, do not count.
    pub worst: Option<(f64, String, String)>,
    /// The least PSNR of a clean picture after the network, and its name.
    pub worst_clean: (f64, String),
}

impl DamagedPair {
    /// The middle of a picture, at most `side` pixels, trimmed to even sides, with `damage`.
    pub fn new(picture: &TrainingPicture, side: usize, damage: &Damage, seed: u64) -> Self {
        let sides = [picture.height, picture.width].map(|length| length.min(side) / BLOCK * BLOCK);
        let start = [(picture.height - sides[0]) / 2, (picture.width - sides[1]) / 2];
        let clean = picture.cropped(start, sides);
        let planes = damage.apply(&clean.planes, sides, &mut rng::numbered(SEED, seed));
        Self { damaged: TrainingPicture { planes, ..clean.clone() }, clean }
    }

    /// The damaged picture restored by a network.
    pub fn restored<B: Backend>(
        &self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<TrainingPicture, TrainError> {
        let TrainingPicture { height, width, .. } = self.damaged;
        let values = |input: &imagine_graph::GraphInput| match input.name.as_str() {
            STRENGTH => Tensor::f32([1; 4], vec![1.0]),
            _ => Tensor::f32([1, 3, height, width], self.damaged.values()),
        };
        let inputs = network.graph().graph().inputs.iter().map(|input| Value::from_data(&values(input), device));
        let output = network.run(inputs.collect(), Size::new(height, width), RandomState::default())?.remove(0);
        let output = output.into_data();
        let values = output.as_f32().unwrap_or_default();
        let plane = |channel: usize| {
            values[channel * height * width..][..height * width].iter().map(|value| byte(value * 255.0)).collect()
        };
        Ok(TrainingPicture { planes: [0, 1, 2].map(plane), ..self.damaged.clone() })
    }

    /// PSNR of a picture beside the clean one.
    pub fn psnr(&self, picture: &TrainingPicture) -> f64 {
        let values = |picture: &'_ TrainingPicture| {
            picture.planes.iter().flatten().map(|value| f64::from(*value)).collect::<Vec<f64>>()
        };
        let (one, other) = (values(picture), values(&self.clean));
        let sum: f64 = one.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
        // Equal pictures get 100 decibels, not infinity, of which there is no mean.
        (10.0 * (255.0f64.powi(2) * one.len() as f64 / sum.max(1e-12)).log10()).min(100.0)
    }
}

impl RestoreFigures {
    /// Mean PSNR over all kinds of damage, of damaged and restored pictures.
    pub fn means(&self) -> [f64; 2] {
        let real = || self.damages.iter().filter(|figures| figures.damage != "clean");
        let count = real().count().max(1) as f64;
        [real().map(|f| f.damaged).sum::<f64>() / count, real().map(|f| f.restored).sum::<f64>() / count]
    }

    /// PSNR of clean pictures after the network.
    pub fn clean(&self) -> f64 {
        self.damages.iter().find(|figures| figures.damage == "clean").map_or(0.0, |figures| figures.restored)
    }
}

/// Every kind of damage to the middles of pictures.
pub(super) fn measured_pairs(pictures: &[TrainingPicture], side: usize) -> Vec<(String, Vec<DamagedPair>)> {
    let pairs = |damage: Damage| {
        let pictures = pictures.iter().enumerate();
        pictures.map(|(index, picture)| DamagedPair::new(picture, side, &damage, index as u64)).collect()
    };
    Damage::measured().into_iter().map(|(name, damage)| (name, pairs(damage))).collect()
}

/// The figures of a network on such pairs.
pub(super) fn measure<B: Backend>(
    network: &Network<B>,
    pairs: &[(String, Vec<DamagedPair>)],
    device: &B::Device,
    mut each: impl FnMut(&str, &DamagedPair, [f64; 2]),
) -> Result<RestoreFigures, TrainError> {
    let mut figures = RestoreFigures::default();
    for (damage, pairs) in pairs {
        let mut sums = [0.0; 2];
        for pair in pairs {
            let found = [pair.psnr(&pair.damaged), pair.psnr(&pair.restored(network, device)?)];
            each(damage, pair, found);
            sums = [sums[0] + found[0], sums[1] + found[1]];
        }
        let [damaged, restored] = sums.map(|sum| sum / pairs.len().max(1) as f64);
        figures.damages.push(DamageFigures { damage: damage.clone(), damaged, restored });
    }
    Ok(figures)
}

/// Measures a generator that restores pictures, on the middles of `pictures`, at most `side` pixels.
pub fn evaluate<B: Backend>(
    generator: &ValidGenerator,
    pictures: &[TrainingPicture],
    side: usize,
    device: &B::Device,
) -> Result<RestoreEvaluation, TrainError> {
    let network = Network::<B>::new(&generator.output, device);
    let pairs = measured_pairs(pictures, side);
    let mut worst: Option<(f64, String, String)> = None;
    let mut worst_clean = (f64::MAX, String::new());
    let mean = measure(&network, &pairs, device, |damage, pair, [damaged, restored]| {
        let name = pair.clean.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if damage == "clean" {
            if restored < worst_clean.0 {
                worst_clean = (restored, name);
            }
        } else if restored < damaged && worst.as_ref().is_none_or(|(loss, ..)| damaged - restored > *loss) {
            worst = Some((damaged - restored, damage.into(), name));
        }
    })?;
    Ok(RestoreEvaluation {
        parameters: generator.output.graph().parameters(),
        macs_per_pixel: crate::metric::macs_per_pixel(&generator.output, 32)?,
        mean,
        pictures: pictures.len(),
        worst,
        worst_clean,
    })
}

/// Whether a generator makes a picture of the size of its only picture, and has the control of a restorer.
pub fn is_restorer(generator: &ValidGenerator) -> bool {
    let inputs = &generator.output.graph().inputs;
    let is_picture = |kind: &InputKind| matches!(kind, InputKind::Image(_));
    inputs.len() == 2 && is_picture(&inputs[0].kind) && inputs[1].name == STRENGTH
}

/// The middles of the first pictures, each with another damage: damaged, restored by the collapsed `graph`, the original.
pub fn contact_sheet<B: Backend>(
    graph: &ValidGraph,
    pictures: &[TrainingPicture],
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let network = Network::<B>::new(graph, device);
    let mut rows = Vec::new();
    for (index, (picture, (_, damage))) in pictures.iter().zip(Damage::measured()).take(ROWS).enumerate() {
        let pair = DamagedPair::new(picture, SIDE, &damage, index as u64);
        let restored = pair.restored(&network, device)?;
        rows.push(vec![pair.damaged, restored, pair.clean]);
    }
    Ok(sheet(&rows))
}
