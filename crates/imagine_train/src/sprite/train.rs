//! Trains sprites: options, conditions, batches and figures of the adversarial training.
//!
//! Pairs of a real and a generated sprite share class and prompt and are augmented alike. Some real sprites are recoloured,
//! and half of them are also shown with wrong prompts. The strength of augmentation follows overfitting.

use std::ops::ControlFlow;
use std::path::Path;

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Size, Tensor as Elements, TensorData, prompt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::data::{SpriteBatch, SpriteSet};
use super::format::{SIDE, VALUES, sheet};
use super::networks::{FIXED, SpriteNetworks};
use crate::core::{Identity, Numbers, identity, rng};
use crate::error::{OptionRange, TrainError};
use crate::gan::{
    self, Adversarial, Augmentation, BatchGradients, Event, GanOptions, Mismatch, Task, critic_scores, images,
    mean_overfitting, scalar, stacked,
};
use crate::loss::GanLoss;
use crate::metric::{FilterBank, Table, sliced_distance};

/// How the recipe of a sprite generator begins.
pub const RECIPE: &str = "generative adversarial network";
/// Prompts of the last rows of a contact sheet.
const SHEET_PROMPTS: [&str; 12] = [
    "red dragon",
    "blue dragon",
    "green dragon",
    "golden armour",
    "ice staff",
    "fire sword",
    "red potion",
    "blue potion",
    "green potion",
    "skeleton",
    "tree",
    "gold ring",
];
/// Rows of a contact sheet; the last ones use [`SHEET_PROMPTS`].
const SHEET_ROWS: usize = 12;
/// Rows with the prompts of held-back sprites.
const SHEET_HELD_BACK_ROWS: usize = 8;
/// Strongest augmentation with which the generator still learns unchanged images.
const MAX_STRENGTH: f32 = 0.8;
/// Updates between two adaptions of the strength of augmentation.
const ADAPT_EVERY: u32 = 8;
/// Images over which the strength could grow from 0 to 1.
const ADAPT_IMAGES: f32 = 100_000.0;
/// Share of the old value in the running mean of overfitting.
const KEEP: f32 = 0.98;
/// Seed of the filter bank that ranks checkpoints.
const BANK: u64 = 0x5e7;
/// Sprites compared per checkpoint, at most.
const COMPARED: usize = 512;

/// Options of training sprites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct SpriteOptions {
    /// Options of the adversarial training.
    #[cfg_attr(feature = "clap", command(flatten))]
    #[serde(flatten)]
    pub gan: GanOptions,
    /// Loss of the networks. Use hinge with --penalty 0; its critic has spectral normalisation.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().loss))]
    pub loss: GanLoss,
    /// Weight of the critic's loss on wrong prompts, for half of the real sprites.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().mismatch))]
    pub mismatch: f32,
    /// Share of real sprites that are recoloured, with prompts that say so.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().recolor))]
    pub recolor: f32,
    /// Strength of augmentation at the start, 0 to 0.8.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().augment))]
    pub augment: f32,
    /// Overfitting, 0 to 1, above which augmentation grows; 0 keeps its strength constant.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().overfit_target))]
    pub overfit_target: f32,
}

impl Default for SpriteOptions {
    fn default() -> Self {
        Self {
            gan: GanOptions::default(),
            loss: GanLoss::Relativistic,
            mismatch: 0.3,
            recolor: 0.2,
            augment: 0.0,
            overfit_target: 0.4,
        }
    }
}

impl SpriteOptions {
    /// Fails if an option or a size is out of range.
    fn check(&self, networks: &SpriteNetworks) -> Result<(), TrainError> {
        OptionRange::number("mismatch", self.mismatch, 1e4)?;
        OptionRange::number("recolor", self.recolor, 1.0)?;
        OptionRange::number("augment", self.augment, MAX_STRENGTH)?;
        OptionRange::number("overfit-target", self.overfit_target, 1.0)?;
        for (name, value) in [
            ("tokens", networks.tokens),
            ("latent", networks.latent),
            ("embedding", networks.embedding),
            ("features", networks.features),
        ] {
            OptionRange::count(name, value, 1, 4096)?;
        }
        Ok(())
    }
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, contact sheets and `best.generator.safetensors`, with `card` completed, go to `folder`; a resume set
/// found there is continued. The classes are those of the set.
pub fn train<A: AutodiffBackend>(
    set: SpriteSet,
    networks: SpriteNetworks,
    options: &SpriteOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    gan::run::<A, _>(SpriteTask::new(set, networks, options.clone())?, card, folder, device, report)
}

/// The sprites, the networks' sizes and what measures them.
pub(super) struct SpriteTask {
    pub set: SpriteSet,
    pub networks: SpriteNetworks,
    options: SpriteOptions,
    /// Strength of augmentation.
    strength: f32,
    bank: FilterBank,
    /// The held-back sprites that generated ones are compared with.
    compared: SpriteBatch,
    /// Moments of their features, and the standardised features.
    moments: Vec<[f32; 2]>,
    expected: Table,
}

impl SpriteTask {
    pub fn new(set: SpriteSet, networks: SpriteNetworks, options: SpriteOptions) -> Result<Self, TrainError> {
        let networks = SpriteNetworks { classes: set.classes.clone(), ..networks };
        options.check(&networks)?;
        let bank = FilterBank::new(BANK, 4, SIDE);
        let compared = set.held_back_batch(COMPARED, &mut StdRng::seed_from_u64(BANK));
        let features = bank.features(&compared.values);
        let moments = features.moments();
        let expected = features.standardised(&moments);
        let strength = options.augment;
        Ok(Self { set, networks, options, strength, bank, compared, moments, expected })
    }

    /// Sliced distance of the features of sprites to those of the held-back ones. It ranks the states of one training.
    pub fn distance_of(&self, values: &[f32]) -> f64 {
        sliced_distance(&self.bank.features(values).standardised(&self.moments), &self.expected)
    }

    /// One-hot classes and tokens of prompts.
    pub fn conditions(&self, batch: &SpriteBatch) -> [Elements; 2] {
        let networks = &self.networks;
        let (count, width) = (batch.classes.len(), networks.classes.len());
        let mut classes = vec![0.0; count * width];
        batch.classes.iter().enumerate().for_each(|(row, class)| classes[row * width + class] = 1.0);
        let tokens = |text: &String| prompt::tokens(text, networks.tokens, networks.buckets);
        let tokens = batch.prompts.iter().flat_map(tokens).collect();
        let classes = Elements::f32([count, width], classes);
        [classes, Elements::new(vec![count, networks.tokens], TensorData::I32(tokens))]
    }

    /// Sprites for a batch's classes and prompts.
    fn generate<B: Backend>(
        &self,
        generator: &Network<B>,
        conditions: &[Elements; 2],
        device: &B::Device,
        rng: &mut impl Rng,
    ) -> Result<Tensor<B, 4>, RunError> {
        let (count, width) = (conditions[0].shape[0], self.networks.latent);
        let latent = (0..count * width).map(|_| rng::normal(rng)).collect::<Vec<_>>();
        let latent = Elements::f32([count, width], latent);
        let inputs = [&latent].into_iter().chain(conditions).map(|tensor| Value::from_data(tensor, device));
        let size = Size::new(SIDE, SIDE).with_batch(count);
        Ok(generator.run(inputs.collect(), size, RandomState::default())?.remove(0).into_tensor())
    }

    /// Sprites of the averaged generator for the classes and prompts of `batch`.
    fn sample<A: AutodiffBackend>(
        &self,
        networks: &Adversarial<A>,
        batch: &SpriteBatch,
        seed: u64,
    ) -> Result<Vec<f32>, TrainError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(batch.classes.len() * VALUES);
        let each = self.options.gan.batch;
        for (classes, prompts) in batch.classes.chunks(each).zip(batch.prompts.chunks(each)) {
            let part = SpriteBatch { values: Vec::new(), classes: classes.to_vec(), prompts: prompts.to_vec() };
            let made = self.generate(&networks.average, &self.conditions(&part), &networks.device, &mut rng)?;
            values.extend(made.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default());
        }
        Ok(values)
    }
}

impl<A: AutodiffBackend> Task<A> for SpriteTask {
    const IMAGES: &'static str = "images";
    const FIXED: &'static [&'static str] = &FIXED;

    fn options(&self) -> &GanOptions {
        &self.options.gan
    }

    fn loss(&self) -> GanLoss {
        self.options.loss
    }

    fn graphs(&self, rng: &mut StdRng) -> [Graph; 2] {
        [self.networks.generator(rng), self.networks.critic(self.options.loss == GanLoss::Hinge, rng)]
    }

    fn identity(&self) -> Identity {
        let networks = SpriteNetworks { classes: Vec::new(), ..self.networks.clone() };
        identity([
            ("classes", self.set.classes.join(" ")),
            ("networks", format!("{networks:?}")),
            ("training data", self.set.sha256.clone()),
            ("loss", self.options.loss.to_string()),
        ])
    }

    fn learn(
        &mut self,
        networks: &Adversarial<A>,
        rng: &mut StdRng,
    ) -> Result<BatchGradients<A::InnerBackend>, TrainError> {
        let count = self.options.gan.batch;
        let (batch, mut wrong) = self.set.draw_with_wrong_prompts(count, self.options.recolor, rng);
        wrong.truncate(count.div_ceil(2));
        let differs: Vec<bool> = std::iter::zip(&batch.prompts, &wrong).map(|(own, wrong)| own != wrong).collect();
        let classes = batch.classes[..wrong.len()].to_vec();
        let wrong = self.conditions(&SpriteBatch { values: Vec::new(), classes, prompts: wrong });
        let conditions = self.conditions(&batch);
        let generated = self.generate(&networks.generator, &conditions, &networks.device, rng)?;
        let real = images::<A>(batch.values, [count, 4, SIDE, SIDE], &networks.device);
        let changes = Augmentation::draw(2 * count, SIDE, self.strength, rng);
        let show = |seen| changes.apply(Tensor::cat(vec![real.clone(), seen], 0));
        let twice = conditions.each_ref().map(|condition| stacked(condition, condition));
        let mismatch = Mismatch { conditions: &wrong, differs: &differs, weight: self.options.mismatch };
        let mismatch = Some(&mismatch).filter(|mismatch| mismatch.weight > 0.0);
        networks.learn(generated, show, &twice, self.options.gan.penalty_at(networks.update), mismatch)
    }

    fn observe(&mut self, networks: &Adversarial<A>, overfit: &mut f32, rng: &mut StdRng) -> Result<(), TrainError> {
        let adapts = self.options.overfit_target > 0.0 && !self.set.held_back.is_empty();
        if !adapts || !networks.update.is_multiple_of(ADAPT_EVERY) {
            return Ok(());
        }
        let (count, device) = (self.options.gan.batch, &networks.device);
        let (critic, generator) = (networks.critic.valid(), networks.generator.valid());
        let trained = self.set.draw(count, rng);
        let held_back = self.set.draw_held_back(count, rng);
        let changes = Augmentation::draw(count, SIDE, self.strength, rng);
        let conditions = self.conditions(&trained);
        let fakes = self.generate(&generator, &conditions, device, rng)?;
        let mean = |sprites: Tensor<A::InnerBackend, 4>, conditions: &[Elements]| -> Result<f32, RunError> {
            Ok(scalar(critic_scores(&critic, changes.apply(sprites), conditions)?.mean()))
        };
        let on_device = |batch: &SpriteBatch| images(batch.values.clone(), [count, 4, SIDE, SIDE], device);
        let means = [
            mean(on_device(&trained), &conditions)?,
            mean(on_device(&held_back), &self.conditions(&held_back))?,
            mean(fakes, &conditions)?,
        ];
        mean_overfitting(overfit, means, KEEP);
        let step = self.options.gan.images_per_update() as f32 * ADAPT_EVERY as f32 / ADAPT_IMAGES;
        let step = if *overfit > self.options.overfit_target { step } else { -step };
        self.strength = (self.strength + step).clamp(0.0, MAX_STRENGTH);
        Ok(())
    }

    fn figure(&self) -> (&'static str, f32) {
        ("augment", self.strength)
    }

    fn numbers(&self) -> Numbers {
        Numbers::from([("strength".to_string(), self.strength.into())])
    }

    fn restore(&mut self, numbers: &Numbers) {
        self.strength = numbers.get("strength").map_or(self.strength, |strength| *strength as f32);
    }

    fn distance(&self, networks: &Adversarial<A>) -> Result<f64, TrainError> {
        Ok(self.distance_of(&self.sample(networks, &self.compared, 2)?))
    }

    fn sheet(&self, networks: &Adversarial<A>) -> Result<image::RgbImage, TrainError> {
        let columns = SHEET_PROMPTS.len();
        let mut batch = self.set.draw_held_back(SHEET_ROWS * columns, &mut StdRng::seed_from_u64(1));
        for index in SHEET_HELD_BACK_ROWS * columns..SHEET_ROWS * columns {
            batch.classes[index] = 0;
            batch.prompts[index] = SHEET_PROMPTS[index % columns].into();
        }
        Ok(sheet(&self.sample(networks, &batch, 1)?, columns))
    }

    fn sha256(&self) -> &str {
        &self.set.sha256
    }

    fn recipe(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        let loss = match self.options.loss {
            GanLoss::Relativistic => "relativistic pairing, R1 and R2 by second-order gradients",
            GanLoss::Hinge => "hinge loss, spectral normalisation",
        };
        format!(
            "{RECIPE}, {loss}, projection critic, running mean of weights; words from file names and measured colours; \
             options {options}"
        )
    }

    fn shipped(&self, trained: &Graph, card: Card) -> Generator {
        self.networks.shipped(trained, card, &mut StdRng::seed_from_u64(0))
    }
}
