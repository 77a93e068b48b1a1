//! Adversarial training: updates, progress, previews, checkpoints, resumption.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::WeightFormat;
use imagine_graph::{Card, Generator, Graph, Provenance};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::adversarial::{Adversarial, BatchGradients};
use super::options::GanOptions;
use super::task::Task;
use crate::core::{self, HistoryEntry, LearningRates, Record, ResumeSet, Rhythm, Trainer, best_file, write_png};
use crate::error::{CheckpointError, TrainError};

/// Share of the old value in running means.
const KEEP: f32 = 0.98;
/// A critic with a smaller mean loss has won; trainings that went well stayed above 0.2.
const CRITIC_WON: f32 = 0.02;
/// Updates before a training may be given up.
const GRACE: u32 = 500;

/// The state of a training, for progress messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Updates done.
    pub update: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// Running mean of the critic's loss; ln 2 is indifference.
    pub loss: f32,
    /// Running mean of the critic's lead of generated over real images.
    pub lead: f32,
    /// The latest gradient penalty.
    pub penalty: f32,
    /// Running mean of overfitting, as a share of the critic's lead of training data over fakes.
    pub overfit: f32,
    /// A number of the family, by its name: strength of augmentation.
    pub figure: (&'static str, f32),
    /// The unit of images, in the plural.
    pub unit: &'static str,
    /// Images per second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// What a checkpoint found.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The folder.
    pub folder: PathBuf,
    /// Sliced distance of filter responses to held-back data.
    pub distance: f64,
    /// Whether it is the smallest so far, in which case the generator was written too.
    pub best: bool,
}

/// What an adversarial training reports.
pub type Event = core::Event<Progress, Saved>;

/// Trains to the end, or until `report` breaks.
///
/// The resume set, contact sheets and `best.generator.safetensors`, with `card` completed, go to `folder`, where no other training
/// may run. A resume set found there is continued.
pub(crate) fn run<A: AutodiffBackend, T: Task<A>>(
    task: T,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    core::run(Training::<A, T>::new(task, device)?, |_| Ok(()), card, folder, report)
}

/// A training that its owner advances update by update.
pub(crate) struct Training<A: AutodiffBackend, T> {
    pub task: T,
    pub networks: Adversarial<A>,
    progress: Progress,
    /// Smallest distance so far.
    best: Option<f64>,
}

impl<A: AutodiffBackend, T: Task<A>> Training<A, T> {
    /// A training at its start.
    pub fn new(task: T, device: &A::Device) -> Result<Self, TrainError> {
        let options = task.options();
        options.check()?;
        let [generator, critic] = task.graphs(&mut StdRng::seed_from_u64(options.seed));
        let networks = Adversarial::new(task.loss(), [&generator, &critic], T::FIXED, device)?;
        let (updates, loss) = (options.updates, std::f32::consts::LN_2);
        let progress = Progress { updates, loss, unit: T::IMAGES, ..Progress::default() };
        Ok(Self { task, networks, progress, best: None })
    }

    /// Generated images shown to the critic.
    fn images(&self) -> u64 {
        u64::from(self.update()) * self.task.options().images_per_update() as u64
    }

    /// Sets the running mean of the critic's loss.
    #[cfg(test)]
    pub fn set_loss(&mut self, loss: f32) {
        self.progress.loss = loss;
    }

    /// The gradients of one batch, with the running means updated.
    fn learn(&mut self, rng: &mut StdRng) -> Result<BatchGradients<A::InnerBackend>, TrainError> {
        let gradients = self.task.learn(&self.networks, rng)?;
        self.progress.loss = KEEP * self.progress.loss + (1.0 - KEEP) * gradients.loss;
        self.progress.lead = KEEP * self.progress.lead + (1.0 - KEEP) * gradients.lead;
        self.progress.penalty = gradients.penalty.unwrap_or(self.progress.penalty);
        Ok(gradients)
    }

    /// The generator with averaged weights, and `card` with data, recipe and metrics filled in.
    pub fn generator(&self, card: &Card) -> Generator {
        let mut card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.task.sha256().into(), ..given }];
        if card.recipe.is_empty() {
            card.recipe = self.task.recipe();
        }
        card.metrics.insert(T::IMAGES.into(), self.images() as f64);
        if let Some(distance) = self.best {
            card.set_metric("filter_distance", distance);
        }
        self.task.shipped(&Graph { weights: self.networks.average.weights().into(), ..Graph::default() }, card)
    }

    /// The resume set of the latest update.
    fn resume_set(&self, folder: &Path) -> ResumeSet {
        let mut numbers = self.task.numbers();
        numbers.insert("overfit".into(), self.progress.overfit.into());
        numbers.extend(self.best.map(|best| ("best".to_string(), best)));
        let record = Record { identity: self.task.identity(), update: self.update(), numbers };
        ResumeSet::new(folder, record, self.networks.parts())
    }
}

impl<A: AutodiffBackend, T: Task<A>> Trainer for Training<A, T> {
    type Progress = Progress;
    type Saved = Saved;

    fn update(&self) -> u32 {
        self.networks.update
    }

    fn rhythm(&self) -> Rhythm {
        let &GanOptions { updates, checkpoint_every, preview_every, .. } = self.task.options();
        Rhythm { updates, checkpoint_every, preview_every }
    }

    fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(set) = ResumeSet::load(folder, &self.task.identity())? else { return Ok(false) };
        self.networks.restore(&set)?;
        self.task.restore(&set.record.numbers);
        self.progress.overfit = set.number("overfit") as f32;
        self.best = set.best(folder);
        Ok(true)
    }

    fn full_bytes(&self, folder: &Path) -> u64 {
        self.resume_set(folder).full_bytes(&["generator", "critic"])
    }

    fn advance(&mut self) -> Result<(), TrainError> {
        let mut rng = self.task.begin(self.update());
        let mut gradients = self.learn(&mut rng)?;
        for _ in 1..self.task.options().accumulate {
            gradients.add(self.learn(&mut rng)?);
        }
        let options = self.task.options();
        let rates = LearningRates {
            rates: [options.generator_rate, options.critic_rate],
            warm_up: options.warm_up,
            cool_down: options.cool_down,
            updates: options.updates,
        };
        self.networks.apply(gradients, &rates, options.accumulate);
        if self.update() >= GRACE && self.progress.loss < CRITIC_WON {
            return Err(TrainError::CriticWon { update: self.update(), loss: self.progress.loss });
        }
        self.networks.average(options.images_per_update() as f32, options.average_images);
        self.task.observe(&self.networks, &mut self.progress.overfit, &mut rng)
    }

    fn progress(&self, rate: f32, remaining: Duration) -> Progress {
        let rate = rate * self.task.options().images_per_update() as f32;
        Progress { update: self.update(), figure: self.task.figure(), rate, remaining, ..self.progress.clone() }
    }

    fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let path = folder.join(format!("sheet_{:07}.png", self.update()));
        write_png(&path, &self.task.sheet(&self.networks)?)?;
        Ok(path)
    }

    fn save(&mut self, folder: &Path, card: &Card) -> Result<Saved, TrainError> {
        let distance = self.task.distance(&self.networks)?;
        let Progress { loss, lead, overfit, .. } = self.progress;
        let (update, images, family) = (self.update(), self.images(), self.task.numbers());
        HistoryEntry { update, images, distance, loss, lead, overfit, family }.add(folder)?;
        let best = self.best.is_none_or(|smallest| distance < smallest);
        if best {
            self.best = Some(distance);
            imagine_graph::file::save(best_file(folder), &self.generator(card), WeightFormat::F16)
                .map_err(CheckpointError::from)?;
        }
        let folder = self.resume_set(folder).save()?;
        Ok(Saved { folder, distance, best })
    }
}
