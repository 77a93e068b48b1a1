//! Trains materials: a generator against a patch critic on crops of PBR materials.
//!
//! An update draws pairs of a real and a generated crop of one exemplar, scale and set of maps, and moves critic and generator by one
//! pass back through the critic. Crops are cut out of larger generated images, so that what is learnt are windows of an endless
//! plane. All random numbers of an update come from the training's seed and the update's number: a training that is resumed
//! goes the way it would have gone.

mod asked;
mod measure;
mod options;
mod place;
mod texture;
mod update;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{EXTENSION, WeightFormat};
use imagine_graph::{Card, Generator, Graph};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::contest::Contest;
use super::history::HistoryEntry;
use super::resume::{self, Record, ResumeSet};
use super::tensor_file::write_whole;
use crate::architecture::material::{FIXED, MaterialNetworks};
use crate::data::MaterialSet;
use crate::data::materials::Lattice;
use crate::error::{CheckpointError, TrainError};
use crate::evaluate::material::sheet;
use crate::loss::adversarial::Game;
use measure::Measure;
pub use options::MaterialOptions;
use options::check;
use update::Ahead;

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaterialProgress {
    /// Updates done.
    pub update: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// The critic's loss, a running mean; the logarithm of 2 is indifference.
    pub loss: f32,
    /// The critic's mean lead of generated over real crops, a running mean.
    pub lead: f32,
    /// The last gradient penalty.
    pub penalty: f32,
    /// Distance of patch statistics between generated and real crops, a running mean.
    pub texture: f32,
    /// How much better the critic knows what it was trained on than what was held back, as a share of the way from generated
    /// to real; a running mean.
    pub overfit: f32,
    /// Crops a second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// What a training reports.
#[derive(Clone, Debug, PartialEq)]
pub enum MaterialEvent {
    /// A resume set was found; training goes on from this update.
    Resumed(u32),
    /// An update is done.
    Updated(MaterialProgress),
    /// A resume set was written, and the distance to held-back strips measured.
    Saved {
        /// The folder.
        folder: PathBuf,
        /// Distance of filter responses.
        distance: f64,
        /// Whether it is the smallest so far, so that the generator was written.
        best: bool,
    },
    /// A contact sheet was written.
    Previewed(PathBuf),
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, contact sheets and `best.generator.safetensors`, with `card` completed, go to `folder`; a resume set found there is
/// continued.
pub fn train_materials<A: AutodiffBackend>(
    set: MaterialSet,
    options: &MaterialOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    mut report: impl FnMut(MaterialEvent) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(|source| CheckpointError::Io { path: folder.to_path_buf(), source })?;
    let mut trainer = MaterialTrainer::<A>::new(set, options.clone(), device)?;
    if trainer.resume(folder)? && report(MaterialEvent::Resumed(trainer.update())).is_break() {
        return Ok(());
    }
    let (begin, first) = (Instant::now(), trainer.update());
    while trainer.update() < options.updates {
        trainer.advance()?;
        let update = trainer.update();
        let rate = (update - first) as f32 / begin.elapsed().as_secs_f32().max(1e-6);
        let remaining = Duration::from_secs_f32((options.updates - update) as f32 / rate.max(1e-6));
        let rate = rate * (options.batch * options.accumulate) as f32;
        let progress = MaterialProgress { rate, remaining, ..trainer.progress() };
        let mut stop = report(MaterialEvent::Updated(progress)).is_break();
        let due = |every: u32| update.is_multiple_of(every) || update == options.updates;
        if due(options.preview_every) {
            stop |= report(MaterialEvent::Previewed(trainer.preview(folder)?)).is_break();
        }
        if due(options.checkpoint_every) || stop {
            stop |= report(trainer.save(folder, card)?).is_break();
        }
        if stop {
            break;
        }
    }
    Ok(())
}

/// A training that its owner advances one update at a time.
pub struct MaterialTrainer<A: AutodiffBackend> {
    set: Arc<MaterialSet>,
    networks: MaterialNetworks,
    /// Those of the exemplars.
    lattices: Arc<[Lattice]>,
    options: MaterialOptions,
    device: A::Device,
    contest: Contest<A>,
    /// What the next update will be given, being drawn while this one is computed.
    ahead: Option<Ahead>,
    measure: Measure,
    progress: MaterialProgress,
    seconds: f64,
    best: Option<(u32, f64)>,
}

impl<A: AutodiffBackend> MaterialTrainer<A> {
    /// A training at its start. The kinds are those of the set.
    pub fn new(set: MaterialSet, options: MaterialOptions, device: &A::Device) -> Result<Self, TrainError> {
        check(&options, &set)?;
        let networks = MaterialNetworks {
            kinds: set.kinds.clone(),
            exemplars: set.exemplars(),
            width: options.width,
            critic_width: options.critic_width,
            ..MaterialNetworks::default()
        };
        let mut rng = StdRng::seed_from_u64(options.seed);
        let (mut generator, critic) = (networks.generator(&mut rng), networks.critic(&mut rng));
        let lattices = set.lattices();
        networks.set_lattices(&mut generator, &lattices);
        let mut contest = Contest::new(Game::Relativistic, [&generator, &critic], &FIXED, device)?;
        contest.critic_from = options.critic_from;
        let progress =
            MaterialProgress { updates: options.updates, loss: std::f32::consts::LN_2, ..MaterialProgress::default() };
        let measure = Measure::new(&set, options.crop);
        Ok(Self {
            set: Arc::new(set),
            networks,
            lattices: lattices.into(),
            options,
            device: device.clone(),
            contest,
            ahead: None,
            measure,
            progress,
            seconds: 0.0,
            best: None,
        })
    }

    /// Number of updates done.
    pub fn update(&self) -> u32 {
        self.contest.update
    }

    /// Generated crops that the critic was shown.
    fn crops(&self) -> u64 {
        u64::from(self.update()) * (self.options.batch * self.options.accumulate) as u64
    }

    /// Losses and shares of the last updates.
    pub fn progress(&self) -> MaterialProgress {
        MaterialProgress { update: self.update(), ..self.progress.clone() }
    }

    /// The generator with the running mean of the weights, and `card` with data, recipe and metrics filled in.
    pub fn generator(&self, card: &Card) -> Generator {
        let mut card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![imagine_graph::Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            let texture = if self.options.texture > 0.0 { "optimal transport of patches, " } else { "" };
            card.recipe = format!(
                "spatial generative adversarial network with local, global and periodic latents, relativistic pairing, R1 and R2 \
                 by second-order gradients, patch critic with projection of exemplars, {texture}running mean of weights; \
                 options {options}; maps learnt: {}",
                self.networks.learnt_maps()
            );
        }
        card.metrics.insert("crops".into(), self.crops() as f64);
        if let Some((_, distance)) = self.best {
            card.set_metric("filter_distance", distance);
        }
        let trained = Graph { weights: self.contest.average.weights(), ..Graph::default() };
        self.networks.shipped(&trained, card, &mut StdRng::seed_from_u64(0))
    }

    /// Writes the resume set, and the generator if it is the best so far.
    pub fn save(&mut self, folder: &Path, card: &Card) -> Result<MaterialEvent, TrainError> {
        let distance = self.distance()?;
        let MaterialProgress { loss, lead, overfit, .. } = self.progress;
        let (update, images) = (self.update(), self.crops());
        HistoryEntry { update, images, distance, loss, lead, strength: 0.0, overfit }.append(folder)?;
        let best = self.best.is_none_or(|(_, smallest)| distance < smallest);
        if best {
            self.best = Some((self.update(), distance));
            let path = best_file(folder);
            imagine_graph::file::save(&path, &self.generator(card), WeightFormat::F16)
                .map_err(CheckpointError::from)?;
        }
        let record = Record {
            identity: self.identity(),
            update: self.update(),
            overfit: self.progress.overfit,
            seconds: self.seconds,
            best: self.best,
            ..Record::default()
        };
        ResumeSet { record, parts: self.contest.parts() }.save(folder)?;
        Ok(MaterialEvent::Saved { folder: folder.join(resume::FOLDER), distance, best })
    }

    /// Goes on from the resume set in `folder`; false if there is none.
    pub fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(ResumeSet { record, parts }) = ResumeSet::load(folder)? else { return Ok(false) };
        let path = folder.join(resume::FOLDER);
        for (what, expected) in self.identity() {
            let found = record.identity.get(&what).cloned().unwrap_or_default();
            if found != expected {
                return Err(CheckpointError::Mismatch { path, what, found, expected }.into());
            }
        }
        self.contest.restore(parts, record.update, &path)?;
        self.progress.overfit = record.overfit;
        self.seconds = record.seconds;
        // A set that was moved alone has no generator beside it: the next one is the best.
        self.best = record.best.filter(|_| best_file(folder).exists());
        Ok(true)
    }

    /// What must be equal for a resume set to fit.
    fn identity(&self) -> BTreeMap<String, String> {
        let networks = MaterialNetworks { kinds: Vec::new(), exemplars: Vec::new(), ..self.networks.clone() };
        let pairs = [
            ("kinds", self.set.kinds.join(" ")),
            ("networks", format!("{networks:?}")),
            ("training data", self.set.sha256.clone()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
    }

    /// Writes a contact sheet; returns its path.
    pub fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let side = sheet::SIDE;
        let kinds = 0..self.set.kinds.len();
        let exemplars: Vec<usize> =
            kinds.flat_map(|kind| self.networks.of_kind(kind).cycle().take(sheet::SEEDS)).collect();
        let values = self.shown(&exemplars, side, 1)?;
        let path = folder.join(format!("sheet_{:07}.png", self.update()));
        let mut bytes = std::io::Cursor::new(Vec::new());
        let encode = sheet::sheet(&values).write_to(&mut bytes, image::ImageFormat::Png);
        encode.map_err(|source| CheckpointError::Preview { path: path.clone(), source })?;
        write_whole(&path, bytes.get_ref())?;
        Ok(path)
    }
}

/// Where the best generator of a training lies.
fn best_file(folder: &Path) -> PathBuf {
    folder.join(format!("best{EXTENSION}"))
}

#[cfg(test)]
mod tests;
