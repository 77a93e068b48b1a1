//! Trains sprites: a generator against a critic on a set of pictures.
//!
//! An update draws pairs of a real and a generated sprite of one class and prompt, changes both alike, and moves critic and
//! generator by one pass back through the critic ([`adversarial`]). Every few updates the critic's gradients are penalised
//! ([`penalty`]). All random numbers of an update come from the training's seed and the update's number: a training that is
//! resumed goes the way it would have gone.

mod measure;
mod options;
mod update;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
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
use crate::architecture::sprite::{FIXED, SpriteNetworks};
use crate::data::{SpriteSet, sheet};
use crate::error::{CheckpointError, TrainError};
use crate::loss::adversarial::Game;
use measure::Measure;
pub use options::SpriteOptions;
use options::check;

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
/// Rows of a contact sheet, the last ones with [`SHEET_PROMPTS`].
const SHEET_ROWS: usize = 12;
/// Rows with the prompts of held-back sprites.
const SHEET_FREE_ROWS: usize = 8;

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpriteProgress {
    /// Updates done.
    pub update: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// The critic's loss, a running mean; the logarithm of 2 is indifference.
    pub loss: f32,
    /// The critic's mean lead of generated over real images, a running mean.
    pub lead: f32,
    /// The last gradient penalty.
    pub penalty: f32,
    /// Strength of augmentation.
    pub strength: f32,
    /// Running share of overfitting.
    pub overfit: f32,
    /// Images a second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// What a training reports.
#[derive(Clone, Debug, PartialEq)]
pub enum SpriteEvent {
    /// A resume set was found; training goes on from this update.
    Resumed(u32),
    /// An update is done.
    Updated(SpriteProgress),
    /// A resume set was written, and the distance to held-back sprites measured.
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

/// Trains to the end, or until `report` breaks, and returns the best generator with `card` completed.
///
/// The resume set, contact sheets and `best.generator.safetensors` go to `folder`; a resume set found there is continued.
pub fn train_sprites<A: AutodiffBackend>(
    set: SpriteSet,
    networks: SpriteNetworks,
    options: &SpriteOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    mut report: impl FnMut(SpriteEvent) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(|source| CheckpointError::Io { path: folder.to_path_buf(), source })?;
    let mut trainer = SpriteTrainer::<A>::new(set, networks, options.clone(), device)?;
    if trainer.resume(folder)? && report(SpriteEvent::Resumed(trainer.update())).is_break() {
        return Ok(());
    }
    let (begin, first) = (Instant::now(), trainer.update());
    while trainer.update() < options.updates {
        trainer.advance()?;
        let rate = (trainer.update() - first) as f32 / begin.elapsed().as_secs_f32().max(1e-6);
        let remaining = Duration::from_secs_f32((options.updates - trainer.update()) as f32 / rate.max(1e-6));
        let rate = rate * (options.batch * options.accumulate) as f32;
        let mut stop =
            report(SpriteEvent::Updated(SpriteProgress { rate, remaining, ..trainer.progress() })).is_break();
        let due = |every: u32| trainer.update().is_multiple_of(every) || trainer.update() == options.updates;
        if due(options.preview_every) {
            stop |= report(SpriteEvent::Previewed(trainer.preview(folder)?)).is_break();
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
pub struct SpriteTrainer<A: AutodiffBackend> {
    set: SpriteSet,
    networks: SpriteNetworks,
    options: SpriteOptions,
    device: A::Device,
    contest: Contest<A>,
    measure: Measure,
    progress: SpriteProgress,
    seconds: f64,
    best: Option<(u32, f64)>,
}

impl<A: AutodiffBackend> SpriteTrainer<A> {
    /// A training at its start. The classes are those of the set.
    pub fn new(
        set: SpriteSet,
        networks: SpriteNetworks,
        options: SpriteOptions,
        device: &A::Device,
    ) -> Result<Self, TrainError> {
        let networks = SpriteNetworks { classes: set.classes.clone(), ..networks };
        check(&options, &networks)?;
        let mut rng = StdRng::seed_from_u64(options.seed);
        let generator = networks.generator(&mut rng);
        let critic = networks.critic(options.game == Game::Hinge, &mut rng);
        let contest = Contest::new(options.game, [&generator, &critic], &FIXED, device)?;
        let progress = SpriteProgress {
            updates: options.updates,
            strength: options.augment,
            loss: std::f32::consts::LN_2,
            ..SpriteProgress::default()
        };
        Ok(Self {
            measure: Measure::new(&set),
            set,
            networks,
            options,
            device: device.clone(),
            contest,
            progress,
            seconds: 0.0,
            best: None,
        })
    }

    /// Number of updates done.
    pub fn update(&self) -> u32 {
        self.contest.update
    }

    /// Generated images that the critic was shown.
    fn images(&self) -> u64 {
        u64::from(self.update()) * (self.options.batch * self.options.accumulate) as u64
    }

    /// Losses and shares of the last updates.
    pub fn progress(&self) -> SpriteProgress {
        SpriteProgress { update: self.update(), ..self.progress.clone() }
    }

    /// The generator with the running mean of the weights, and `card` with data, recipe and metrics filled in.
    pub fn generator(&self, card: &Card) -> Generator {
        let mut card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![imagine_graph::Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            let game = match self.options.game {
                Game::Relativistic => "relativistic pairing, R1 and R2 by second-order gradients",
                Game::Hinge => "hinge loss, spectral normalisation",
            };
            card.recipe = format!(
                "generative adversarial network, {game}, projection critic, running mean of weights; words from file \
                 names and measured colours; options {options}"
            );
        }
        card.metrics.insert("images".into(), self.images() as f64);
        if let Some((_, distance)) = self.best {
            card.set_metric("filter_distance", distance);
        }
        let trained = Graph { weights: self.contest.average.weights(), ..Graph::default() };
        self.networks.shipped(&trained, card, &mut StdRng::seed_from_u64(0))
    }

    /// Writes the resume set, and the generator if it is the best so far.
    pub fn save(&mut self, folder: &Path, card: &Card) -> Result<SpriteEvent, TrainError> {
        let distance = self.distance()?;
        let SpriteProgress { loss, lead, strength, overfit, .. } = self.progress;
        let (update, images) = (self.update(), self.images());
        HistoryEntry { update, images, distance, loss, lead, strength, overfit }.append(folder)?;
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
            strength: self.progress.strength,
            overfit: self.progress.overfit,
            seconds: self.seconds,
            best: self.best,
        };
        ResumeSet { record, parts: self.contest.parts() }.save(folder)?;
        Ok(SpriteEvent::Saved { folder: folder.join(resume::FOLDER), distance, best })
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
        (self.progress.strength, self.progress.overfit) = (record.strength, record.overfit);
        self.seconds = record.seconds;
        // A set that was moved alone has no generator beside it: the next one is the best.
        self.best = record.best.filter(|_| best_file(folder).exists());
        Ok(true)
    }

    /// What must be equal for a resume set to fit.
    fn identity(&self) -> BTreeMap<String, String> {
        let networks = SpriteNetworks { classes: Vec::new(), ..self.networks.clone() };
        let pairs = [
            ("classes", self.set.classes.join(" ")),
            ("networks", format!("{networks:?}")),
            ("training data", self.set.sha256.clone()),
        ];
        let game = Some(("game", self.options.game.to_string())).filter(|_| self.options.game != Game::Relativistic);
        pairs.into_iter().chain(game).map(|(key, value)| (key.to_string(), value)).collect()
    }

    /// Writes a contact sheet; returns its path.
    pub fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let mut rng = StdRng::seed_from_u64(1);
        let columns = SHEET_PROMPTS.len();
        let mut asked = self.set.draw_held_back(SHEET_ROWS * columns, &mut rng);
        for index in SHEET_FREE_ROWS * columns..SHEET_ROWS * columns {
            asked.classes[index] = 0;
            asked.prompts[index] = SHEET_PROMPTS[index % columns].into();
        }
        let values = self.shown(&asked, 1)?;
        let path = folder.join(format!("sheet_{:07}.png", self.update()));
        let mut bytes = std::io::Cursor::new(Vec::new());
        let encode = sheet(&values, columns).write_to(&mut bytes, image::ImageFormat::Png);
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
