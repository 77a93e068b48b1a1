//! Trains a style on pairs: updates, running mean, figures on held-back pairs, resumption.
//!
//! The loss is the mean absolute difference to the painted crop at a quarter and an eighth of the resolution, plus the texture loss of [`crate::loss`] against
//! each quarter of that crop, plus the mean squared difference that noise on the picture makes. What is finer than a stroke has to look like the
//! painted picture, not to be where it is there: a difference of pixels would average all places where a stroke may lie. After Texler et
//! al., "Interactive Video Stylization Using Few-Shot Patch-Based Training" (2020), with the texture loss in place of its adversary and its features.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Distribution, ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::file::WeightFormat;
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Provenance, Size};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::data::{StyleBatch, StyleSet};
use super::measured::{MeasuredPair, painted};
use super::networks::FIXED;
use super::options::StyleOptions;
use super::sheet::contact_sheet;
use crate::core::{
    self, Adam, AdamOptions, CosineDecay, Identity, Numbers, Progress, Record, ResumeSet, Rhythm, Tensors, Trainer,
    add_to_history, average, best_file, identity, rng, write_png,
};
use crate::error::{CheckpointError, TrainError};
use crate::loss::pyramid::pyramid;
use crate::loss::{TextureLoss, TextureLossOptions};

/// How the recipe of a style begins.
pub const RECIPE: &str = "style for a camera";
/// Deviation of the noise that pictures of a camera have.
const NOISE: f64 = 0.02;
/// Levels of the pyramid whose pixels are compared one by one: a quarter and an eighth of the resolution.
const COMPARED: std::ops::Range<usize> = 2..4;
/// Patches of each quarter of a crop that the texture loss compares on each level.
const PATCHES: usize = 256;
/// Share of the old value in the running mean of the loss.
const KEEP: f32 = 0.98;
/// Side of the middle of a held-back picture that checkpoints measure; less if a picture is smaller.
const MEASURED_SIDE: usize = 256;
const ADAM: AdamOptions = AdamOptions { first_decay: 0.9, second_decay: 0.99, unit_gradients: false };

/// What a checkpoint found on the held-back pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saved {
    /// Mean absolute difference to the painted pictures at a quarter and an eighth of the resolution, 0 to 1.
    pub difference: f32,
    /// Texture loss against the painted pictures.
    pub texture: f32,
    /// How much noise of deviation 0.02 on the picture moves the result, as a multiple of the noise.
    pub flicker: f32,
    /// Whether it is the best so far, in which case the generator was written too.
    pub best: bool,
}

/// What the training of a style reports. Sheets show the picture, the network, the slow way.
pub type Event = core::Event<Progress, Saved>;

/// A line of a training's history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StyleHistory {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss.
    pub loss: f32,
    /// Learning rate.
    pub learning_rate: f32,
    /// As in [`Saved`].
    pub difference: f32,
    /// As in [`Saved`].
    pub texture: f32,
    /// As in [`Saved`].
    pub flicker: f32,
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, sheets, history and `best.generator.safetensors`, with `card` completed, go to `folder`, where no other training may run; a
/// resume set found there is continued.
pub fn train<A: AutodiffBackend>(
    set: Arc<StyleSet>,
    options: &StyleOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    core::run(StyleTraining::<A>::new(set, options.clone(), device)?, |_| Ok(()), card, folder, report)
}

/// A training that its owner advances update by update.
pub(super) struct StyleTraining<A: AutodiffBackend> {
    set: Arc<StyleSet>,
    options: StyleOptions,
    graph: Graph,
    device: A::Device,
    network: Network<A>,
    average: Network<A::InnerBackend>,
    adam: Adam<A::InnerBackend>,
    /// Side of the measured middles.
    side: usize,
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss.
    pub loss: f32,
    learning_rate: f32,
    best: Option<f64>,
}

impl<A: AutodiffBackend> StyleTraining<A> {
    /// A training at its start.
    pub fn new(set: Arc<StyleSet>, options: StyleOptions, device: &A::Device) -> Result<Self, TrainError> {
        options.check()?;
        let graph = options.network().graph(&mut StdRng::seed_from_u64(options.seed));
        let network = Network::new(&graph.validate()?, device).freeze(&FIXED);
        let least = set.held_back.iter().map(|pair| pair.content.height.min(pair.content.width)).min();
        let side = least.unwrap_or(MEASURED_SIDE).min(MEASURED_SIDE) / 16 * 16;
        Ok(Self {
            average: network.valid(),
            adam: Adam::new(ADAM),
            device: device.clone(),
            update: 0,
            loss: 0.0,
            learning_rate: 0.0,
            best: None,
            side,
            set,
            options,
            graph,
            network,
        })
    }

    /// Does one update on `batch`.
    pub fn learn(&mut self, batch: StyleBatch) -> Result<(), TrainError> {
        let StyleOptions { batch: count, crop, texture, steadiness, .. } = self.options;
        let shape = [count, 3, crop, crop];
        let content = Tensor::<A, 4>::from_data(TensorData::new(batch.content, shape), &self.device);
        let wanted = Tensor::<A::InnerBackend, 4>::from_data(TensorData::new(batch.painted, shape), &self.device);
        let noise = Tensor::<A, 4>::random([1, 3, crop, crop], Distribution::Normal(0.0, NOISE), &self.device);
        // The first crop again, with noise: one batch, so that the network runs once.
        let both = Tensor::cat(vec![content.clone(), content.narrow(0, 0, 1) + noise], 0);
        let size = Size::new(crop, crop).with_batch(count + 1);
        // Strokes must look right wherever the noise puts them.
        let random = RandomState { seed: u64::from(self.update), ..RandomState::default() };
        let made = self.network.run(vec![Value::from_tensor(both)], size, random)?.remove(0);
        let made = made.into_tensor::<4>();
        let (still, moved) = (made.clone().narrow(0, 0, count), made.narrow(0, count, 1));
        let mut draw = rng::numbered(self.options.seed, u64::from(self.update) << 20);
        let difference = coarse_difference(still.clone(), Tensor::from_inner(wanted.clone()));
        let flicker = (moved - still.clone().narrow(0, 0, 1)).powi_scalar(2).mean();
        let mut loss = difference + flicker.mul_scalar(steadiness);
        if texture > 0.0 {
            loss = loss + texture_loss(still, wanted, &mut draw).mul_scalar(texture);
        }
        let found = loss.clone().inner().into_scalar().elem::<f32>();
        if !found.is_finite() {
            return Err(TrainError::NotFinite { update: self.update, loss: found });
        }
        let StyleOptions { learning_rate: peak, warm_up, updates, .. } = self.options;
        self.learning_rate = CosineDecay { peak, warm_up, updates }.at(self.update, self.adam.updates());
        let mut gradients = loss.backward();
        self.network = self.adam.update::<A, _>(self.network.clone(), &mut gradients, self.learning_rate);
        // Early weights would weigh on the mean for long.
        let keep = self.options.average.min((1.0 + self.update as f32) / (10.0 + self.update as f32));
        self.average = average::update(self.average.clone(), &self.network.valid(), keep);
        self.loss = if self.update == 0 { found } else { KEEP * self.loss + (1.0 - KEEP) * found };
        self.update += 1;
        Ok(())
    }

    /// Figures of the running mean on the held-back pairs, without `best`.
    pub fn measure(&self) -> Result<Saved, TrainError> {
        let mut sums = [0.0; 3];
        let side = self.side;
        for (index, pair) in self.set.held_back.iter().enumerate() {
            let MeasuredPair { content, painted: wanted } = MeasuredPair::of_middle(pair, side);
            let mut draw = rng::numbered(self.options.seed, index as u64);
            let noisy: Vec<f32> = content.iter().map(|v| v + NOISE as f32 * rng::normal(&mut draw)).collect();
            let made = painted(&self.average, &content, side, &self.device)?;
            let moved = painted(&self.average, &noisy, side, &self.device)?;
            let moves = made.iter().zip(&moved).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / made.len() as f32;
            sums[2] += moves.sqrt() / NOISE as f32;
            let [made, wanted] = [made, wanted]
                .map(|values| Tensor::<A, 4>::from_data(TensorData::new(values, [1, 3, side, side]), &self.device));
            let difference = coarse_difference(made.clone(), wanted.clone());
            sums[0] += difference.inner().into_scalar().elem::<f32>();
            sums[1] += texture_loss(made, wanted.inner(), &mut draw).inner().into_scalar().elem::<f32>();
        }
        let [difference, texture, flicker] = sums.map(|sum| sum / self.set.held_back.len() as f32);
        Ok(Saved { difference, texture, flicker, best: false })
    }

    /// The generator, with `card` completed.
    fn generator(&self, card: &Card, saved: &Saved) -> Generator {
        let network = self.options.network();
        let mut generator = network.generator(self.average.weights(), &mut StdRng::seed_from_u64(0));
        let mut card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE}: {} multiply-adds a pixel, trained on {} pictures painted by example, L1 of coarse levels, texture loss, Adam, running mean of \
                 the weights; options {options}",
                network.multiply_adds(),
                self.set.trained.len()
            );
        }
        card.metrics.insert("updates".into(), f64::from(self.update));
        for (name, value) in [("difference", saved.difference), ("texture", saved.texture), ("flicker", saved.flicker)]
        {
            card.set_metric(name, value.into());
        }
        generator.card = card;
        generator
    }

    /// What a resume set must have in common with this training.
    fn identity(&self) -> Identity {
        identity([("width", self.options.width.to_string()), ("data", self.set.sha256.clone())])
    }

    fn resume_set(&self, folder: &Path) -> ResumeSet {
        let mut moments = Tensors::new();
        self.adam.save("network", &mut moments);
        let mut numbers = Numbers::from([("loss".to_string(), self.loss.into())]);
        numbers.extend(self.best.map(|best| ("best".to_string(), best)));
        let record = Record { identity: self.identity(), update: self.update, numbers };
        let parts = [("network", self.network.weights()), ("average", self.average.weights()), ("moments", moments)];
        ResumeSet::new(folder, record, parts)
    }
}

/// Mean absolute difference at a quarter and an eighth of the resolution.
fn coarse_difference<B: Backend>(made: Tensor<B, 4>, wanted: Tensor<B, 4>) -> Tensor<B, 1> {
    let levels = |picture| pyramid(picture, COMPARED.end, false).split_off(COMPARED.start);
    let differences = levels(made).into_iter().zip(levels(wanted)).map(|(made, wanted)| (made - wanted).abs().mean());
    Tensor::cat(differences.collect(), 0).mean()
}

/// Texture loss of each quarter of the pictures against the same quarter of those that are wanted.
fn texture_loss<A: AutodiffBackend>(
    made: Tensor<A, 4>,
    wanted: Tensor<A::InnerBackend, 4>,
    rng: &mut StdRng,
) -> Tensor<A, 1> {
    let options = TextureLossOptions { images_tile: false, patches: PATCHES, ..TextureLossOptions::default() };
    TextureLoss::new(quarters(wanted), false, options).terms(quarters(made), rng).total
}

/// Quarters of pictures as pictures.
fn quarters<B: Backend>(pictures: Tensor<B, 4>) -> Tensor<B, 4> {
    let halves = |pictures: Tensor<B, 4>, axis: usize| Tensor::cat(pictures.chunk(2, axis), 0);
    halves(halves(pictures, 2), 3)
}

impl<A: AutodiffBackend> Trainer for StyleTraining<A> {
    type Progress = Progress;
    type Saved = Saved;

    fn update(&self) -> u32 {
        self.update
    }

    fn rhythm(&self) -> Rhythm {
        let StyleOptions { updates, checkpoint_every, preview_every, .. } = self.options;
        Rhythm { updates, checkpoint_every, preview_every }
    }

    fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(set) = ResumeSet::load(folder, &self.identity())? else { return Ok(false) };
        self.network = Network::new(&set.graph("network", &self.graph)?.validate()?, &self.device).freeze(&FIXED);
        let average = set.graph("average", &self.graph)?.validate()?;
        self.average = Network::<A::InnerBackend>::new(&average, &self.device);
        let learning = self.graph.weights.iter().filter(|(name, _)| !FIXED.contains(&name.as_str()));
        let count = learning.map(|(_, weight)| weight.len()).sum();
        self.adam =
            Adam::load(ADAM, "network", &set.moments(), count, &self.device).map_err(|reason| set.malformed(reason))?;
        self.update = set.record.update;
        self.loss = set.number("loss") as f32;
        self.best = set.best(folder);
        Ok(true)
    }

    fn full_bytes(&self, folder: &Path) -> u64 {
        self.resume_set(folder).full_bytes(&["network"])
    }

    fn advance(&mut self) -> Result<(), TrainError> {
        let StyleOptions { seed, batch, crop, .. } = self.options;
        self.learn(self.set.batch(seed, self.update.into(), batch, crop))
    }

    fn progress(&self, rate: f32, remaining: Duration) -> Progress {
        Progress { update: self.update, loss: self.loss, learning_rate: self.learning_rate, rate, remaining }
    }

    fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let sheet = contact_sheet(&self.average, &self.set.held_back, self.side, &self.device)?;
        let path = folder.join(format!("sheet_{:07}.png", self.update));
        write_png(&path, &sheet)?;
        Ok(path)
    }

    fn save(&mut self, folder: &Path, card: &Card) -> Result<Saved, TrainError> {
        let mut saved = self.measure()?;
        let Saved { difference, texture, flicker, .. } = saved;
        let (update, loss, learning_rate) = (self.update, self.loss, self.learning_rate);
        add_to_history(folder, update, &StyleHistory { update, loss, learning_rate, difference, texture, flicker })?;
        let score = f64::from(difference + self.options.texture * texture);
        saved.best = self.best.is_none_or(|best| score < best);
        if saved.best {
            self.best = Some(score);
            imagine_graph::file::save(best_file(folder), &self.generator(card, &saved), WeightFormat::F16)
                .map_err(CheckpointError::from)?;
        }
        self.resume_set(folder).save()?;
        Ok(saved)
    }
}
