//! Trains a style on pairs: updates, running mean, figures on held-back pairs, resumption.
//!
//! The loss is the mean absolute difference to the painted crop at a quarter and an eighth of the resolution, plus the texture loss of [`crate::loss`] against
//! each quarter of that crop, plus how far strokes have other directions, plus how far the picture moved by a part of a pixel and painted differs from the
//! painted one moved alike. What is finer than a stroke has to look like the painted picture, not to be where it is there: a difference of pixels would
//! average all places where a stroke may lie. After Texler et al., "Interactive Video Stylization Using Few-Shot Patch-Based Training" (2020), with the
//! texture loss in place of its adversary and its features.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::file::WeightFormat;
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Provenance, Size};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::data::{StyleBatch, StyleSet};
use super::features::fixed_weights;
use super::losses::{MOVED, coarse_difference, inner_difference, moved, stroke_difference, texture_loss};
use super::measured::{MeasuredPair, painted};
use super::options::StyleOptions;
use super::sheet::contact_sheet;
use crate::core::{
    self, Adam, AdamOptions, CosineDecay, Identity, Numbers, Progress, Record, ResumeSet, Rhythm, Tensors, Trainer,
    add_to_history, average, best_file, identity, rng, write_png,
};
use crate::error::{CheckpointError, TrainError};

/// How the recipe of a style begins.
pub const RECIPE: &str = "style for a camera";
/// How far held-back pictures are moved to measure steadiness, in pixels along rows and columns.
const MEASURED_MOVE: [f32; 2] = [1.5, 2.25];
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
    /// Root of the mean squared difference, 0 to 1, between the painted picture moved by part of a pixel and the moved picture painted.
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
        let network = Network::new(&graph.validate()?, device).freeze(&fixed_weights(&graph));
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
        let StyleOptions { batch: count, crop, texture, strokes, steadiness, .. } = self.options;
        let shape = [count, 3, crop, crop];
        let content = Tensor::<A, 4>::from_data(TensorData::new(batch.content, shape), &self.device);
        let wanted = Tensor::<A::InnerBackend, 4>::from_data(TensorData::new(batch.painted, shape), &self.device);
        let mut draw = rng::numbered(self.options.seed, u64::from(self.update) << 20);
        let by = [(); 2].map(|()| 4.0 * draw.random::<f32>());
        let flat = Tensor::<A, 4>::full([1; 4], draw.random::<f32>(), &self.device);
        let run = |content: Tensor<A, 4>| -> Result<Tensor<A, 4>, TrainError> {
            let [count, _, side, _] = content.dims();
            let size = Size::new(side, side).with_batch(count);
            // Strokes must look right wherever the noise puts them.
            let random = RandomState { seed: u64::from(self.update), ..RandomState::default() };
            let inputs = vec![Value::from_tensor(content), Value::from_tensor(flat.clone())];
            let made = self.network.run(inputs, size, random)?.remove(0);
            Ok(made.into_tensor::<4>())
        };
        let made = run(content.clone())?;
        let wanted_here = Tensor::from_inner(wanted.clone());
        let mut loss = coarse_difference(made.clone(), wanted_here.clone());
        if strokes > 0.0 {
            loss = loss + stroke_difference(made.clone(), wanted_here).mul_scalar(strokes);
        }
        if steadiness > 0.0 {
            let before = run(moved(content.narrow(0, 0, 1), by))?;
            let after = moved(made.clone().narrow(0, 0, 1), by);
            loss = loss + inner_difference(before, after).mul_scalar(steadiness);
        }
        if texture > 0.0 {
            loss = loss + texture_loss(made, wanted, &mut draw).mul_scalar(texture);
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
            let picture = |values: Vec<f32>| {
                let side = (values.len() / 3).isqrt();
                Tensor::<A, 4>::from_data(TensorData::new(values, [1, 3, side, side]), &self.device)
            };
            let before =
                moved(picture(content.clone()), MEASURED_MOVE).inner().into_data().to_vec().unwrap_or_default();
            let before = picture(painted(&self.average, &before, side - MOVED, &self.device)?);
            let made = picture(painted(&self.average, &content, side, &self.device)?);
            let wanted = picture(wanted);
            let found = [
                coarse_difference(made.clone(), wanted.clone()),
                texture_loss(made.clone(), wanted.inner(), &mut draw),
                inner_difference(before, moved(made, MEASURED_MOVE)).sqrt(),
            ];
            for (sum, found) in sums.iter_mut().zip(found) {
                *sum += found.inner().into_scalar().elem::<f32>();
            }
        }
        let [difference, texture, flicker] = sums.map(|sum| sum / self.set.held_back.len() as f32);
        Ok(Saved { difference, texture, flicker, best: false })
    }

    /// The generator, with `card` completed.
    fn generator(&self, card: &Card, saved: &Saved) -> Generator {
        let network = self.options.network();
        let mut generator = network.generator(self.average.weights(), &mut StdRng::seed_from_u64(0));
        let mut card = card.clone();
        if card.training_data.is_empty() {
            card.training_data.push(Provenance::default());
        }
        card.training_data[0].sha256 = self.set.sha256.clone();
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE}: {} multiply-adds a pixel, trained on {} pictures painted by example, L1 of coarse levels, texture loss, directions of \
                 strokes, steadiness under motion, Adam, running mean of the weights; options {options}",
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
        self.network = Network::new(&set.graph("network", &self.graph)?.validate()?, &self.device)
            .freeze(&fixed_weights(&self.graph));
        let average = set.graph("average", &self.graph)?.validate()?;
        self.average = Network::<A::InnerBackend>::new(&average, &self.device);
        let fixed = fixed_weights(&self.graph);
        let learning = self.graph.weights.iter().filter(|(name, _)| !fixed.contains(&name.as_str()));
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
