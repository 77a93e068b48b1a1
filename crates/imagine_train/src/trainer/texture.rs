//! Trains an automaton on one exemplar.
//!
//! An update takes states from a pool, lets the automaton run on for a random number of steps, compares what its first
//! channels show with the exemplar, and puts the states back. All random numbers of an update come from the training's
//! seed and the update's number: a training that is resumed goes the way it would have gone.

mod options;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use imagine_burn::{Network, Value};
use imagine_graph::file::WeightFormat;
use imagine_graph::rng::{Domain, RandomState};
use imagine_graph::{Card, Generator, Provenance, Size, Texel, ValidGraph};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::adam::{Adam, AdamOptions};
use super::checkpoint::{Checkpoint, Record};
use super::pool::Pool;
use super::preview::{Panel, sheet};
use super::schedule::Schedule;
use super::tensor_file::write_whole;
use crate::architecture::automaton::{Automaton, FIXED, LEARNT, VisibleMap};
use crate::data::Exemplar;
use crate::error::{CheckpointError, TrainError};
use crate::loss::{TextureLoss, TextureLossOptions};

pub use options::TextureOptions;
use options::check;

/// Returns to good weights before a training gives up.
const MOST_RETRIES: u32 = 8;
/// Factor on the learning rate at every return to good weights.
const RETRY_RATE: f32 = 0.5;
/// Updates between two copies of good weights.
const GOOD_EVERY: u32 = 25;
/// Sides of the generated pictures of a preview.
const PREVIEW_SIDES: [usize; 2] = [128, 256];

/// Where a training stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Updates done.
    pub update: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// Transport term of the last update.
    pub transport: f32,
    /// Sliced term of the last update.
    pub sliced: f32,
    /// Learning rate of the last update.
    pub learning_rate: f32,
    /// Updates a second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// What a training reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A checkpoint was found; training goes on from this update.
    Resumed(u32),
    /// An update is done.
    Updated(Progress),
    /// The loss was no number: training went back to its last good weights, with a smaller learning rate.
    WentBack {
        /// Update that training went back to.
        update: u32,
        /// Factor on the learning rate from now on.
        rate_scale: f32,
    },
    /// A checkpoint was written.
    Saved(PathBuf),
    /// A preview was written.
    Previewed(PathBuf),
}

/// Trains to the end, or until `report` breaks, and returns the generator with `card` completed.
///
/// With `start` it begins with the weights of that living texture, whose sizes `options` must have ([`Automaton::of`]).
/// Checkpoints and previews go to `folder`, which is made if needed; a checkpoint found there is continued.
pub fn train_texture<A: AutodiffBackend>(
    exemplar: &Exemplar,
    options: &TextureOptions,
    start: Option<&Generator>,
    card: &Card,
    folder: Option<&Path>,
    device: &A::Device,
    mut report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<Generator, TrainError> {
    let mut trainer = TextureTrainer::<A>::new(exemplar.clone(), options.clone(), start, device)?;
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|source| CheckpointError::Io { path: folder.to_path_buf(), source })?;
        if trainer.resume(folder)? && report(Event::Resumed(trainer.update)).is_break() {
            return Ok(trainer.generator(card));
        }
    }
    let (begin, first) = (Instant::now(), trainer.update);
    while trainer.update < options.updates {
        let mut flow = match trainer.advance()? {
            Step::Done { transport, sliced, learning_rate } => {
                let rate = (trainer.update - first) as f32 / begin.elapsed().as_secs_f32().max(1e-6);
                let left = (options.updates - trainer.update) as f32;
                let remaining = Duration::from_secs_f32(left / rate.max(1e-6));
                let (update, updates) = (trainer.update, options.updates);
                report(Event::Updated(Progress { update, updates, transport, sliced, learning_rate, rate, remaining }))
            }
            Step::WentBack => report(Event::WentBack { update: trainer.update, rate_scale: trainer.rate_scale }),
        };
        if let Some(folder) = folder {
            let due = |every: u32| trainer.update.is_multiple_of(every) || trainer.update == options.updates;
            if due(options.checkpoint_every) || flow.is_break() {
                flow = merge(flow, report(Event::Saved(trainer.save(folder, card)?)));
            }
            if due(options.preview_every) {
                flow = merge(flow, report(Event::Previewed(trainer.preview(folder)?)));
            }
        }
        if flow.is_break() {
            break;
        }
    }
    Ok(trainer.generator(card))
}

fn merge(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}

/// A training that its owner advances one update at a time.
pub struct TextureTrainer<A: AutodiffBackend> {
    exemplar: Exemplar,
    options: TextureOptions,
    start: Option<Start>,
    generator: Generator,
    init: ValidGraph,
    device: A::Device,
    loss: TextureLoss<A::InnerBackend>,
    at: Training<A>,
    good: Training<A>,
    update: u32,
    good_update: u32,
    rate_scale: f32,
    retries: u32,
    seconds: f64,
    mean_loss: Option<f32>,
}

/// What an update changes, and what is gone back to if it fails.
#[derive(Clone)]
struct Training<A: AutodiffBackend> {
    network: Network<A>,
    adam: Adam<A::InnerBackend>,
    pool: Pool,
}

/// What an update came to.
enum Step {
    Done { transport: f32, sliced: f32, learning_rate: f32 },
    WentBack,
}

impl<A: AutodiffBackend> TextureTrainer<A> {
    /// A training at its start: with random weights, or those of the living texture `start`.
    pub fn new(
        exemplar: Exemplar,
        options: TextureOptions,
        start: Option<&Generator>,
        device: &A::Device,
    ) -> Result<Self, TrainError> {
        check(&options, &exemplar)?;
        let automaton = automaton(&options, start)?;
        let maps: Vec<_> = exemplar.maps.iter().map(VisibleMap::from).collect();
        let mut rng = StdRng::seed_from_u64(options.seed);
        let mut generator = automaton.generator(&maps, options.steps, &mut rng);
        if let (Some(start), Some(recurrence)) = (start, &mut generator.recurrence) {
            recurrence.step.weights.extend(automaton.start(start, &maps));
        }
        let valid = generator.validate()?;
        let recurrence = valid.recurrence.expect("an automaton is recurrent");
        let loss_options = TextureLossOptions {
            levels: options.levels,
            patches: options.patches,
            finest_transport: options.finest_transport,
            sliced: options.sliced,
            sliced_levels: options.sliced_levels,
            told: 0,
        };
        let loss = TextureLoss::new(&exemplar, loss_options, device);
        let pool = Pool { shape: [options.channels, options.torus, options.torus], states: Vec::new() };
        let network = Network::new(&recurrence.step, device).freeze(&FIXED);
        let at = Training { network, adam: Adam::default(), pool };
        let mut trainer = Self {
            exemplar,
            options,
            start: start.map(Start::new),
            generator,
            init: recurrence.init,
            device: device.clone(),
            loss,
            good: at.clone(),
            at,
            update: 0,
            good_update: 0,
            rate_scale: 1.0,
            retries: 0,
            seconds: 0.0,
            mean_loss: None,
        };
        trainer.fill_pool(&mut rng)?;
        trainer.good = trainer.at.clone();
        Ok(trainer)
    }

    /// Number of updates done.
    pub fn update(&self) -> u32 {
        self.update
    }

    /// The generator with the weights so far, and `card` with training data, recipe and metrics filled in.
    pub fn generator(&self, card: &Card) -> Generator {
        let mut generator = self.generator.clone();
        let learnt = self.at.network.weights().into_iter().filter(|(name, _)| LEARNT.contains(&name.as_str()));
        if let Some(recurrence) = &mut generator.recurrence {
            recurrence.step.weights.extend(learnt);
        }
        generator.card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        generator.card.training_data = vec![self.exemplar.provenance(&given)];
        if let Some(start) = &self.start {
            generator.card.training_data.extend(start.training_data.iter().cloned());
        }
        if generator.card.title.is_empty() {
            generator.card.title = self.exemplar.name.clone();
        }
        if generator.card.recipe.is_empty() {
            generator.card.recipe = self.recipe();
        }
        if let Some(loss) = self.mean_loss {
            generator.card.set_metric("training_loss", f64::from(loss));
        }
        generator.card.metrics.insert("updates".into(), f64::from(self.update));
        generator
    }

    fn recipe(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        let start = self.start.as_ref().map(|start| format!("begun from {:?}: {}; then ", start.title, start.recipe));
        format!(
            "{}neural cellular automaton, Sinkhorn patch transport and sliced Wasserstein on {}x{} pixels, Adam with \
             per-tensor gradient normalisation; options {options}",
            start.unwrap_or_default(),
            self.exemplar.width,
            self.exemplar.height
        )
    }

    fn fill_pool(&mut self, rng: &mut impl Rng) -> Result<(), TrainError> {
        while self.at.pool.states.len() < self.options.pool {
            let state = self.seed_state([self.options.torus; 2], rng.random())?;
            let state = state.into_data().convert::<f32>().to_vec().unwrap_or_default();
            self.at.pool.states.push(state);
        }
        Ok(())
    }

    fn seed_state(&self, [height, width]: [usize; 2], seed: u64) -> Result<Tensor<A::InnerBackend, 4>, TrainError> {
        let network = Network::<A::InnerBackend>::new(&self.init, &self.device);
        let values = network.run(Vec::new(), Size::new(height, width), random_state(seed, 0))?;
        Ok(values.into_iter().next().expect("the init graph has one output").into_tensor())
    }

    /// Does one update, or goes back to the last good weights if its loss is no number.
    fn advance(&mut self) -> Result<Step, TrainError> {
        let begin = Instant::now();
        // Returns to good weights must not draw the same numbers again.
        let number = u64::from(self.update) << 8 | u64::from(self.retries);
        let mut rng = StdRng::seed_from_u64(self.options.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let slots = index::sample(&mut rng, self.at.pool.states.len(), self.options.batch).into_vec();
        if self.update.is_multiple_of(self.options.reseed_every) {
            let fresh = self.seed_state([self.options.torus; 2], rng.random())?;
            self.at.pool.put(&slots[..1], fresh);
        }
        let state = self.rollout(self.at.pool.batch(&slots, &self.device), &mut rng)?;
        let [batch, _, height, width] = state.dims();
        let visible = state.clone().slice([0..batch, 0..self.exemplar.channels(), 0..height, 0..width]);
        let terms = self.loss.terms(visible, &mut rng);
        let [transport, sliced, total] = [&terms.transport, &terms.sliced, &terms.total].map(scalar);
        if !total.is_finite() {
            return self.go_back(total);
        }
        let learning_rate = self.rate_scale * self.schedule().at(self.update);
        let mut gradients = terms.total.backward();
        let network = self.at.network.clone();
        self.at.network = self.at.adam.update::<A, _>(network, &mut gradients, learning_rate);
        self.at.pool.put(&slots, state.inner());
        self.update += 1;
        self.mean_loss = Some(self.mean_loss.map_or(total, |mean| 0.98 * mean + 0.02 * total));
        if self.update.is_multiple_of(GOOD_EVERY) {
            (self.good, self.good_update) = (self.at.clone(), self.update);
        }
        self.seconds += begin.elapsed().as_secs_f64();
        Ok(Step::Done { transport, sliced, learning_rate })
    }

    fn schedule(&self) -> Schedule {
        Schedule { peak: self.options.learning_rate, warm_up: 20, updates: self.options.updates }
    }

    fn rollout(&self, state: Tensor<A, 4>, rng: &mut impl Rng) -> Result<Tensor<A, 4>, TrainError> {
        let [fewest, most] = self.options.rollout;
        let (steps, seed) = (rng.random_range(fewest..=most), rng.random());
        run_steps(&self.at.network, state, steps, seed)
    }

    fn go_back(&mut self, loss: f32) -> Result<Step, TrainError> {
        self.retries += 1;
        if self.retries > MOST_RETRIES {
            return Err(TrainError::Diverged { update: self.update, loss, retries: self.retries - 1 });
        }
        (self.at, self.update) = (self.good.clone(), self.good_update);
        self.rate_scale *= RETRY_RATE;
        Ok(Step::WentBack)
    }

    /// What must be equal for a checkpoint to fit.
    fn identity(&self) -> BTreeMap<String, String> {
        let options = &self.options;
        let numbers = [
            ("channels", options.channels),
            ("hidden", options.hidden),
            ("grain", options.grain),
            ("torus", options.torus),
            ("exemplar height", self.exemplar.height),
            ("exemplar width", self.exemplar.width),
        ];
        let mut identity: BTreeMap<_, _> = numbers.into_iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        identity.insert("exemplar".into(), self.exemplar.sha256.clone());
        identity.insert("start".into(), self.start.as_ref().map(|start| start.sha256.clone()).unwrap_or_default());
        identity
    }

    /// Writes the resume file and the generator into `folder`; returns the generator's path.
    pub fn save(&self, folder: &Path, card: &Card) -> Result<PathBuf, TrainError> {
        let (optimizer_updates, moments) = self.at.adam.to_data();
        let weights = self.at.network.weights();
        let record = Record {
            identity: self.identity(),
            update: self.update,
            optimizer_updates,
            rate_scale: self.rate_scale,
            retries: self.retries,
            seconds: self.seconds,
            mean_loss: self.mean_loss,
        };
        let learnt = weights.into_iter().filter(|(name, _)| LEARNT.contains(&name.as_str())).collect();
        Checkpoint { record, weights: learnt, moments, pool: self.at.pool.clone() }.save(folder)?;
        let path = folder.join(format!("checkpoint{}", imagine_graph::file::EXTENSION));
        imagine_graph::file::save(&path, &self.generator(card), WeightFormat::F32).map_err(CheckpointError::from)?;
        Ok(path)
    }

    /// Goes on from the checkpoint in `folder`; false if there is none.
    pub fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(checkpoint) = Checkpoint::load(folder)? else { return Ok(false) };
        let path = folder.join(super::checkpoint::FILE);
        for (what, expected) in self.identity() {
            let found = checkpoint.record.identity.get(&what).cloned().unwrap_or_default();
            if found != expected {
                return Err(CheckpointError::Mismatch { path, what, found, expected }.into());
            }
        }
        let recurrence = self.generator.recurrence.as_mut().expect("an automaton is recurrent");
        for (name, tensor) in checkpoint.weights {
            match recurrence.step.weights.get_mut(&name) {
                Some(weight) if weight.shape == tensor.shape => *weight = tensor,
                _ => {
                    return Err(
                        CheckpointError::Malformed { path, reason: format!("weight {name:?} does not fit") }.into()
                    );
                }
            }
        }
        let network = Network::new(&recurrence.step.validate()?, &self.device).freeze(&FIXED);
        let record = checkpoint.record;
        let adam = Adam::from_data(AdamOptions::default(), record.optimizer_updates, checkpoint.moments, &self.device);
        let mut pool = checkpoint.pool;
        pool.states.truncate(self.options.pool);
        self.at = Training { network, adam, pool };
        self.fill_pool(&mut StdRng::seed_from_u64(self.options.seed ^ u64::from(record.update)))?;
        (self.update, self.good_update, self.good) = (record.update, record.update, self.at.clone());
        (self.rate_scale, self.retries, self.seconds) = (record.rate_scale, record.retries, record.seconds);
        self.mean_loss = record.mean_loss;
        Ok(true)
    }

    /// Writes a sheet of the exemplar beside what the automaton makes of two sizes; returns its path.
    pub fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let exemplar = self.exemplar.values();
        let mut pictures = vec![(exemplar, self.exemplar.height, self.exemplar.width)];
        let network = burn::module::AutodiffModule::valid(&self.at.network);
        for (seed, side) in PREVIEW_SIDES.into_iter().enumerate() {
            let state = run_steps(&network, self.seed_state([side; 2], seed as u64)?, self.options.steps, seed as u64)?;
            pictures.push((state.into_data().convert::<f32>().to_vec().unwrap_or_default(), side, side));
        }
        let panels: Vec<_> = pictures.iter().map(|(v, h, w)| Panel { values: v, height: *h, width: *w }).collect();
        let path = folder.join(format!("preview_{:06}.png", self.update));
        let mut bytes = std::io::Cursor::new(Vec::new());
        sheet(&self.exemplar, &panels)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .map_err(|source| CheckpointError::Preview { path: path.clone(), source })?;
        write_whole(&path, bytes.get_ref())?;
        Ok(path)
    }
}

/// The living texture that a training began with.
struct Start {
    title: String,
    recipe: String,
    training_data: Vec<Provenance>,
    /// SHA-256 of its learnt weights.
    sha256: String,
}

impl Start {
    fn new(generator: &Generator) -> Self {
        let mut hash = Sha256::new();
        let weights = generator.recurrence.iter().flat_map(|recurrence| &recurrence.step.weights);
        for (_, weight) in weights.filter(|(name, _)| LEARNT.contains(&name.as_str())) {
            weight.as_f32().unwrap_or_default().iter().for_each(|value| hash.update(value.to_le_bytes()));
        }
        let card = generator.card.clone();
        let sha256 = format!("{:x}", hash.finalize());
        Self { title: card.title, recipe: card.recipe, training_data: card.training_data, sha256 }
    }
}

/// The automaton of the options, or of the texture that training begins with.
fn automaton(options: &TextureOptions, start: Option<&Generator>) -> Result<Automaton, TrainError> {
    let Some(start) = start else {
        let automaton = Automaton { channels: options.channels, hidden: options.hidden, ..Automaton::default() };
        return Ok(automaton.with_grain(options.grain));
    };
    let refuse = |reason| TrainError::Start { title: start.card.title.clone(), reason };
    let automaton = Automaton::of(start).map_err(refuse)?;
    let found = [automaton.channels, automaton.hidden, automaton.grain];
    let asked = [options.channels, options.hidden, options.grain];
    if found != asked {
        return Err(refuse(format!("it has {found:?} [channels, hidden, grain], the options {asked:?}")));
    }
    Ok(automaton)
}

fn run_steps<B: burn::tensor::backend::Backend>(
    network: &Network<B>,
    mut state: Tensor<B, 4>,
    steps: u32,
    seed: u64,
) -> Result<Tensor<B, 4>, TrainError> {
    let [batch, _, height, width] = state.dims();
    let size = Size::new(height, width).with_batch(batch);
    for step in 0..steps {
        let values = network.run(vec![Value::from_tensor(state)], size, random_state(seed, step))?;
        state = values.into_iter().next().expect("the step graph has one output").into_tensor();
    }
    Ok(state)
}

fn random_state(seed: u64, step: u32) -> RandomState {
    RandomState { seed, step, domain: Domain { origin: Texel::ZERO, wrap: true } }
}

fn scalar<A: AutodiffBackend>(tensor: &Tensor<A, 1>) -> f32 {
    use burn::tensor::ElementConversion;
    tensor.clone().inner().into_scalar().elem()
}

impl From<&crate::data::ExemplarMap> for VisibleMap {
    fn from(map: &crate::data::ExemplarMap) -> Self {
        Self { kind: map.kind, channels: map.channels.len(), mean: map.mean.clone(), std: map.std.clone() }
    }
}

#[cfg(test)]
mod tests;
