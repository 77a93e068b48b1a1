//! A training on pairs of what a network gets and what it should make of it: updates, running mean, figures on held-back data,
//! resumption. A family says what the pairs, the network and the figures are.
//!
//! Two threads share the work: one makes pairs a few updates ahead, the other learns. The pairs of an update depend on the seed and its
//! number alone, so a resumed training sees what it would have seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor};
use imagine_burn::Network;
use imagine_graph::file::WeightFormat;
use imagine_graph::{Card, Generator, Graph, ValidGraph};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use super::adam::{Adam, AdamOptions};
use super::linear::fixed;
use super::run::{Progress, Rhythm, Trainer, best_file};
use super::save::{Identity, Numbers, Record, ResumeSet, Tensors, write_png};
use super::schedule::CosineDecay;
use super::{average, history};
use crate::error::{CheckpointError, OptionRange, TrainError};

/// The Charbonnier loss is the square root of the squared difference plus this squared: an absolute difference, smooth at 0.
const CHARBONNIER: f32 = 1e-3;
/// Batches that are made ahead.
const AHEAD: usize = 4;
/// Share of the old value in the running mean of the loss.
const KEEP: f32 = 0.98;
const ADAM: AdamOptions = AdamOptions { first_decay: 0.9, second_decay: 0.999, unit_gradients: false };

/// How long and how fast such a training learns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Pairs of an update.
    pub batch: usize,
    /// Full learning rate; it falls to 0 as a cosine does.
    pub learning_rate: f32,
    /// Updates over which the learning rate rises.
    pub warm_up: u32,
    /// Share of the old weights in the running mean.
    pub average: f32,
    /// When it ends and writes.
    pub rhythm: Rhythm,
}

impl Plan {
    /// Fails if a number is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        OptionRange::count("batch", self.batch, 1, 1024)?;
        let Rhythm { updates, checkpoint_every, preview_every } = self.rhythm;
        for (name, value) in
            [("updates", updates), ("checkpoint-every", checkpoint_every), ("preview-every", preview_every)]
        {
            OptionRange::count(name, value as usize, 1, u32::MAX as usize)?;
        }
        OptionRange::rate("learning-rate", self.learning_rate)?;
        OptionRange::require((0.0..1.0).contains(&self.average), "average", "0 to less than 1".into(), self.average)
    }
}

/// The state of a training at a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss.
    pub loss: f32,
    /// Learning rate.
    pub learning_rate: f32,
}

/// A loss that can be differentiated.
pub(crate) type Loss<A> = Result<Tensor<A, 1>, TrainError>;

/// What a family trains, and on what.
pub(crate) trait Pairs: Send + Sync + 'static {
    /// The pairs of an update.
    type Batch: Send + 'static;
    /// What a checkpoint measures.
    type Figures;
    /// The loss is reported in units of this.
    const LOSS_UNIT: f32;

    /// How long and how fast it learns.
    fn plan(&self) -> Plan;

    /// The graph that learns, with first weights.
    fn graph(&self, rng: &mut StdRng) -> Graph;

    /// The pairs of update `number`.
    fn batch(&self, number: u32) -> Self::Batch;

    /// The loss of the network on `batch`.
    fn loss<A: AutodiffBackend>(&self, network: &Network<A>, batch: Self::Batch, device: &A::Device) -> Loss<A>;

    /// The generator that ships, without a card, of a network that learned.
    fn finished<B: Backend>(&self, network: &Network<B>, device: &B::Device) -> Result<Generator, TrainError>;

    /// Measures the graph that ships on held-back data.
    fn measure<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<Self::Figures, TrainError>;

    /// One number, larger if better, by which the best checkpoint is kept.
    fn score(figures: &Self::Figures) -> f64;

    /// The line of the history.
    fn history(point: Point, figures: &Self::Figures) -> impl Serialize;

    /// Completes the card of a generator.
    fn complete(&self, card: &mut Card, figures: &Self::Figures);

    /// What a resume set must have in common with this training.
    fn identity(&self) -> Identity;

    /// Examples from held-back data.
    fn sheet<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<image::RgbImage, TrainError>;
}

/// What a checkpoint found.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<F> {
    /// Means over held-back data.
    pub figures: F,
    /// Whether the network's are the best so far, in which case the generator was written too.
    pub best: bool,
}

/// A training that its owner advances update by update.
pub(crate) struct PairTraining<A: AutodiffBackend, P: Pairs> {
    pub pairs: Arc<P>,
    plan: Plan,
    /// The graph that learns, with its first weights.
    pub graph: Graph,
    device: A::Device,
    pub network: Network<A>,
    average: Network<A::InnerBackend>,
    adam: Adam<A::InnerBackend>,
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss.
    pub loss: f32,
    learning_rate: f32,
    best: Option<f64>,
    /// The batches of the updates to come, once the first was asked for.
    ahead: Option<Receiver<P::Batch>>,
}

/// The Charbonnier loss of each element.
pub(crate) fn charbonnier<B: Backend, const D: usize>(difference: Tensor<B, D>) -> Tensor<B, D> {
    (difference.powi_scalar(2) + CHARBONNIER * CHARBONNIER).sqrt()
}

impl<A: AutodiffBackend, P: Pairs> PairTraining<A, P> {
    /// A training at its start.
    pub fn new(pairs: P, device: &A::Device) -> Result<Self, TrainError> {
        let plan = pairs.plan();
        plan.check()?;
        let graph = pairs.graph(&mut StdRng::seed_from_u64(plan.seed));
        let network = Network::new(&graph.validate()?, device).freeze(&fixed(&graph));
        Ok(Self {
            average: network.valid(),
            adam: Adam::new(ADAM),
            device: device.clone(),
            update: 0,
            loss: 0.0,
            learning_rate: 0.0,
            best: None,
            ahead: None,
            pairs: Arc::new(pairs),
            plan,
            graph,
            network,
        })
    }

    /// Does one update on `batch`.
    pub fn learn(&mut self, batch: P::Batch) -> Result<(), TrainError> {
        let loss = self.pairs.loss(&self.network, batch, &self.device)?;
        let found = loss.clone().inner().into_scalar().elem::<f32>() / P::LOSS_UNIT;
        if !found.is_finite() {
            return Err(TrainError::NotFinite { update: self.update, loss: found });
        }
        let Plan { learning_rate: peak, warm_up, rhythm: Rhythm { updates, .. }, .. } = self.plan;
        self.learning_rate = CosineDecay { peak, warm_up, updates }.at(self.update, self.adam.updates());
        let mut gradients = loss.backward();
        self.network = self.adam.update::<A, _>(self.network.clone(), &mut gradients, self.learning_rate);
        // Early weights would weigh on the mean for long.
        let keep = self.plan.average.min((1.0 + self.update as f32) / (10.0 + self.update as f32));
        self.average = average::update(self.average.clone(), &self.network.valid(), keep);
        self.loss = if self.update == 0 { found } else { KEEP * self.loss + (1.0 - KEEP) * found };
        self.update += 1;
        Ok(())
    }

    /// The running mean as it ships, without a card.
    pub fn finished(&self) -> Result<Generator, TrainError> {
        self.pairs.finished(&self.average, &self.device)
    }

    /// The figures of the running mean.
    #[cfg(test)]
    pub fn measure(&self) -> Result<P::Figures, TrainError> {
        self.pairs.measure::<A::InnerBackend>(&self.finished()?.output.validate()?, &self.device)
    }

    fn resume_set(&self, folder: &Path) -> ResumeSet {
        let mut moments = Tensors::new();
        self.adam.save("network", &mut moments);
        let mut numbers = Numbers::from([("loss".to_string(), self.loss.into())]);
        numbers.extend(self.best.map(|best| ("best".to_string(), best)));
        let record = Record { identity: self.pairs.identity(), update: self.update, numbers };
        let parts = [("network", self.network.weights()), ("average", self.average.weights()), ("moments", moments)];
        ResumeSet::new(folder, record, parts)
    }

    /// Continues with other weights, of network and running mean.
    pub fn set_networks(&mut self, network: &Graph, average: &Graph) -> Result<(), TrainError> {
        self.network = Network::new(&network.validate()?, &self.device).freeze(&fixed(network));
        self.average = Network::<A::InnerBackend>::new(&average.validate()?, &self.device).freeze(&fixed(average));
        Ok(())
    }
}

/// The batches from update `first` on, made by another thread, which ends when the receiver is dropped.
fn batches_ahead<P: Pairs>(pairs: Arc<P>, first: u32, updates: u32) -> Receiver<P::Batch> {
    let (sender, receiver) = sync_channel(AHEAD);
    std::thread::spawn(move || (first..updates).all(|update| sender.send(pairs.batch(update)).is_ok()));
    receiver
}

impl<A: AutodiffBackend, P: Pairs> Trainer for PairTraining<A, P> {
    type Progress = Progress;
    type Saved = Saved<P::Figures>;

    fn update(&self) -> u32 {
        self.update
    }

    fn rhythm(&self) -> Rhythm {
        self.plan.rhythm
    }

    fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(set) = ResumeSet::load(folder, &self.pairs.identity())? else { return Ok(false) };
        self.set_networks(&set.graph("network", &self.graph)?, &set.graph("average", &self.graph)?)?;
        let fixed = fixed(&self.graph);
        let learned = self.graph.weights.iter().filter(|(name, _)| !fixed.contains(&name.as_str()));
        let count = learned.map(|(_, weight)| weight.len()).sum();
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
        let (update, updates) = (self.update, self.plan.rhythm.updates);
        let ahead = self.ahead.take().unwrap_or_else(|| batches_ahead(self.pairs.clone(), update, updates));
        let batch = ahead.recv().expect("the thread makes a batch for every update");
        self.ahead = Some(ahead);
        self.learn(batch)
    }

    fn progress(&self, rate: f32, remaining: Duration) -> Progress {
        let Self { update, loss, learning_rate, .. } = *self;
        Progress { update, loss, learning_rate, rate, remaining }
    }

    fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let graph = self.finished()?.output.validate()?;
        let sheet = self.pairs.sheet::<A::InnerBackend>(&graph, &self.device)?;
        let path = folder.join(format!("sheet_{:07}.png", self.update));
        write_png(&path, &sheet)?;
        Ok(path)
    }

    fn save(&mut self, folder: &Path, card: &Card) -> Result<Saved<P::Figures>, TrainError> {
        let mut generator = self.finished()?;
        let figures = self.pairs.measure::<A::InnerBackend>(&generator.output.validate()?, &self.device)?;
        let (update, loss, learning_rate) = (self.update, self.loss, self.learning_rate);
        history::add(folder, update, &P::history(Point { update, loss, learning_rate }, &figures))?;
        let score = P::score(&figures);
        let best = self.best.is_none_or(|best| score > best);
        if best {
            self.best = Some(score);
            generator.card = card.clone();
            self.pairs.complete(&mut generator.card, &figures);
            generator.card.metrics.insert("updates".into(), f64::from(update));
            imagine_graph::file::save(best_file(folder), &generator, WeightFormat::F16)
                .map_err(CheckpointError::from)?;
        }
        self.resume_set(folder).save()?;
        Ok(Saved { figures, best })
    }
}
