//! Trains an automaton on one exemplar.
//!
//! An update takes states from the pool, runs the automaton for a random number of steps, compares its first channels with
//! the exemplar, and puts the states back. All random numbers depend on the training's seed and the update's number, so a
//! resumed training repeats what it would have done.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::file::WeightFormat;
use imagine_graph::rng::{Domain, RandomState};
use imagine_graph::{Card, Generator, Provenance, Size, Texel, ValidGraph};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};

use super::data::{Exemplar, ExemplarMap};
use super::networks::{Automaton, FIXED, TRAINABLE, VisibleMap};
use super::options::TextureOptions;
use super::pool::Pool;
use super::preview::{Panel, sheet};
use crate::core::{
    Adam, AdamOptions, Clock, FolderLock, Identity, Numbers, Record, ResumeSet, StepDecay, Tensors, identity, rng,
    write_png,
};
use crate::data::sha256_hex;
use crate::error::{CheckpointError, TrainError};
use crate::loss::TextureLoss;

/// What the recipe of a living texture says.
pub const RECIPE: &str = "neural cellular automaton";
/// Returns to good weights before a training gives up.
const MAX_RETRIES: u32 = 8;
/// Factor on the learning rate at each return to good weights.
const RETRY_RATE: f32 = 0.5;
/// Updates between two copies of good weights.
const GOOD_EVERY: u32 = 25;
/// Updates of warm-up.
const WARM_UP: u32 = 20;
/// Sides of the generated pictures of a preview.
const PREVIEW_SIDES: [usize; 2] = [128, 256];

/// The state of a training, for progress messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Updates done.
    pub update: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// Transport term of the latest update.
    pub transport: f32,
    /// Sliced term of the latest update.
    pub sliced: f32,
    /// Learning rate of the latest update.
    pub learning_rate: f32,
    /// Updates per second since the start or resumption.
    pub rate: f32,
    /// Estimated time to the end.
    pub remaining: Duration,
}

/// What a training reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A resume set was found; training continues from this update.
    Resumed(u32),
    /// Reported once before the first update of a training with a folder, so that one whose files do not fit need not begin.
    Planned {
        /// Bytes that its resume sets will take, beside one that was resumed.
        bytes: u64,
    },
    /// An update is done.
    Updated(Progress),
    /// The loss was not finite: training returned to its last good weights, with a smaller learning rate.
    Reverted {
        /// The update that it returned to.
        update: u32,
        /// Factor on the learning rate from now on.
        rate_scale: f32,
    },
    /// A resume set was written.
    Saved(PathBuf),
    /// A preview was written.
    Previewed(PathBuf),
}

/// Trains to the end, or until `report` breaks, and returns the generator with `card` completed.
///
/// Training begins with the weights of the living texture `start`, if given, whose sizes `options` must have
/// ([`Automaton::of`]). The resume set and previews go to `folder`, which is made if needed and where no other training may
/// run; a resume set found there is continued.
pub fn train<A: AutodiffBackend>(
    exemplar: &Exemplar,
    options: &TextureOptions,
    start: Option<&Generator>,
    card: &Card,
    folder: Option<&Path>,
    device: &A::Device,
    mut report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<Generator, TrainError> {
    let mut training = TextureTraining::<A>::new(exemplar.clone(), options.clone(), start, device)?;
    let _lock = folder.map(FolderLock::take).transpose()?;
    if let Some(folder) = folder {
        let is_resumed = training.resume(folder)?;
        let bytes = training.resume_set(folder).full_bytes(&["network"]);
        // A new set lies beside the old one until it is whole.
        let bytes = if is_resumed { bytes } else { 2 * bytes };
        let stop = is_resumed && report(Event::Resumed(training.update)).is_break();
        if stop || report(Event::Planned { bytes }).is_break() {
            return Ok(training.generator(card));
        }
    }
    let (clock, updates) = (Clock::start(training.update), options.updates);
    while training.update < updates {
        let step = training.advance()?;
        let update = training.update;
        let event = match step {
            Step::Done { transport, sliced, learning_rate } => {
                let (rate, remaining) = (clock.rate(update), clock.remaining(update, updates));
                Event::Updated(Progress { update, updates, transport, sliced, learning_rate, rate, remaining })
            }
            Step::Reverted => Event::Reverted { update, rate_scale: training.rate_scale },
        };
        let mut stop = report(event).is_break();
        if let Some(folder) = folder {
            let due = |every: u32| update.is_multiple_of(every) || update == updates;
            if due(options.checkpoint_every) || stop {
                stop |= report(Event::Saved(training.save(folder, card)?)).is_break();
            }
            if due(options.preview_every) {
                stop |= report(Event::Previewed(training.preview(folder)?)).is_break();
            }
        }
        if stop {
            break;
        }
    }
    Ok(training.generator(card))
}

/// A training that its owner advances update by update.
pub(super) struct TextureTraining<A: AutodiffBackend> {
    exemplar: Exemplar,
    options: TextureOptions,
    start: Option<Start>,
    generator: Generator,
    init: ValidGraph,
    device: A::Device,
    loss: TextureLoss<A::InnerBackend>,
    state: State<A>,
    good: State<A>,
    /// Updates done.
    pub update: u32,
    good_update: u32,
    rate_scale: f32,
    retries: u32,
    mean_loss: Option<f32>,
}

/// What an update changes, and a return to good weights restores.
#[derive(Clone)]
struct State<A: AutodiffBackend> {
    network: Network<A>,
    adam: Adam<A::InnerBackend>,
    pool: Pool,
}

/// The outcome of an update.
enum Step {
    Done { transport: f32, sliced: f32, learning_rate: f32 },
    Reverted,
}

impl<A: AutodiffBackend> TextureTraining<A> {
    /// A training at its start, with random weights or those of the living texture `start`.
    pub fn new(
        exemplar: Exemplar,
        options: TextureOptions,
        start: Option<&Generator>,
        device: &A::Device,
    ) -> Result<Self, TrainError> {
        options.check(&exemplar)?;
        let automaton = automaton(&options, start)?;
        let maps: Vec<_> = exemplar.maps.iter().map(VisibleMap::from).collect();
        let mut rng = StdRng::seed_from_u64(options.seed);
        let mut generator = automaton.generator(&maps, options.steps, &mut rng);
        if let (Some(start), Some(recurrence)) = (start, &mut generator.recurrence) {
            recurrence.step.weights.extend(automaton.warm_start(start, &maps));
        }
        let valid = generator.validate()?;
        let recurrence = valid.recurrence.expect("an automaton is recurrent");
        let shape = [1, exemplar.channels(), exemplar.height, exemplar.width];
        let image = Tensor::from_data(TensorData::new(exemplar.values(), shape), device);
        let loss = TextureLoss::new(image, exemplar.tiles, options.loss());
        let pool = Pool { shape: [options.channels, options.torus, options.torus], states: Vec::new() };
        let network = Network::new(&recurrence.step, device).freeze(&FIXED);
        let state = State { network, adam: Adam::default(), pool };
        let mut training = Self {
            exemplar,
            options,
            start: start.map(Start::new),
            generator,
            init: recurrence.init,
            device: device.clone(),
            loss,
            good: state.clone(),
            state,
            update: 0,
            good_update: 0,
            rate_scale: 1.0,
            retries: 0,
            mean_loss: None,
        };
        training.fill_pool(&mut rng)?;
        training.good = training.state.clone();
        Ok(training)
    }

    /// The generator with the current weights, and `card` with training data, recipe and metrics filled in.
    pub fn generator(&self, card: &Card) -> Generator {
        let mut generator = self.generator.clone();
        if let Some(recurrence) = &mut generator.recurrence {
            recurrence.step.weights.extend(self.trained_weights());
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

    fn trained_weights(&self) -> Tensors {
        let mut weights = self.state.network.weights();
        weights.retain(|name, _| TRAINABLE.contains(&name.as_str()));
        weights
    }

    fn recipe(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        let start = self.start.as_ref().map(|start| format!("started from {:?}: {}; then ", start.title, start.recipe));
        format!(
            "{}{RECIPE}, Sinkhorn patch transport and sliced Wasserstein on {}x{} pixels, Adam with per-tensor gradient \
             normalisation; options {options}",
            start.unwrap_or_default(),
            self.exemplar.width,
            self.exemplar.height
        )
    }

    fn fill_pool(&mut self, rng: &mut impl Rng) -> Result<(), TrainError> {
        while self.state.pool.states.len() < self.options.pool {
            let state = self.first_state([self.options.torus; 2], rng.random())?;
            let state = state.into_data().convert::<f32>().to_vec().unwrap_or_default();
            self.state.pool.states.push(state);
        }
        Ok(())
    }

    fn first_state(&self, [height, width]: [usize; 2], seed: u64) -> Result<Tensor<A::InnerBackend, 4>, TrainError> {
        let network = Network::<A::InnerBackend>::new(&self.init, &self.device);
        let values = network.run(Vec::new(), Size::new(height, width), random_state(seed, 0))?;
        Ok(values.into_iter().next().expect("the init graph has one output").into_tensor())
    }

    /// Does one update, or returns to the last good weights if the loss is not finite.
    fn advance(&mut self) -> Result<Step, TrainError> {
        // A retry must draw other numbers than the update that failed.
        let number = u64::from(self.update) << 8 | u64::from(self.retries);
        let mut rng = rng::numbered(self.options.seed, number);
        let slots = index::sample(&mut rng, self.state.pool.states.len(), self.options.batch).into_vec();
        if self.update.is_multiple_of(self.options.reseed_every) {
            let fresh = self.first_state([self.options.torus; 2], rng.random())?;
            self.state.pool.put(&slots[..1], fresh);
        }
        let state = self.rollout(self.state.pool.batch(&slots, &self.device), &mut rng)?;
        let [batch, _, height, width] = state.dims();
        let visible = state.clone().slice([0..batch, 0..self.exemplar.channels(), 0..height, 0..width]);
        let terms = self.loss.terms(visible, &mut rng);
        let number = |term: &Tensor<A, 1>| term.clone().inner().into_scalar().elem::<f32>();
        let [transport, sliced, total] = [&terms.transport, &terms.sliced, &terms.total].map(number);
        if !total.is_finite() {
            return self.revert(total);
        }
        let schedule = StepDecay { peak: self.options.learning_rate, warm_up: WARM_UP, updates: self.options.updates };
        let learning_rate = self.rate_scale * schedule.at(self.update, self.state.adam.updates());
        let mut gradients = terms.total.backward();
        let network = self.state.network.clone();
        self.state.network = self.state.adam.update::<A, _>(network, &mut gradients, learning_rate);
        self.state.pool.put(&slots, state.inner());
        self.update += 1;
        self.mean_loss = Some(self.mean_loss.map_or(total, |mean| 0.98 * mean + 0.02 * total));
        if self.update.is_multiple_of(GOOD_EVERY) {
            (self.good, self.good_update) = (self.state.clone(), self.update);
        }
        Ok(Step::Done { transport, sliced, learning_rate })
    }

    fn rollout(&self, state: Tensor<A, 4>, rng: &mut impl Rng) -> Result<Tensor<A, 4>, TrainError> {
        let (steps, seed) = (rng.random_range(self.options.rollout[0]..=self.options.rollout[1]), rng.random());
        run_steps(&self.state.network, state, steps, seed)
    }

    fn revert(&mut self, loss: f32) -> Result<Step, TrainError> {
        self.retries += 1;
        if self.retries > MAX_RETRIES {
            return Err(TrainError::Diverged { update: self.update, loss, retries: self.retries - 1 });
        }
        (self.state, self.update) = (self.good.clone(), self.good_update);
        self.rate_scale *= RETRY_RATE;
        Ok(Step::Reverted)
    }

    /// What a resume set must have in common with this training.
    fn identity(&self) -> Identity {
        let TextureOptions { channels, hidden, grain, torus, .. } = &self.options;
        identity([
            ("channels", channels.to_string()),
            ("hidden", hidden.to_string()),
            ("grain", grain.to_string()),
            ("torus", torus.to_string()),
            ("exemplar height", self.exemplar.height.to_string()),
            ("exemplar width", self.exemplar.width.to_string()),
            ("exemplar", self.exemplar.sha256.clone()),
            ("start", self.start.as_ref().map(|start| start.sha256.clone()).unwrap_or_default()),
        ])
    }

    /// Writes the resume set and the generator into `folder`; returns the generator's path.
    pub fn save(&self, folder: &Path, card: &Card) -> Result<PathBuf, TrainError> {
        self.resume_set(folder).save()?;
        let path = folder.join(format!("checkpoint{}", imagine_graph::file::EXTENSION));
        imagine_graph::file::save(&path, &self.generator(card), WeightFormat::F32).map_err(CheckpointError::from)?;
        Ok(path)
    }

    /// The resume set of the latest update.
    fn resume_set(&self, folder: &Path) -> ResumeSet {
        let mut moments = Tensors::new();
        self.state.adam.save("network", &mut moments);
        let pool = Tensors::from([("pool".to_string(), self.state.pool.save())]);
        let mut numbers = Numbers::from([
            ("rate_scale".to_string(), self.rate_scale.into()),
            ("retries".to_string(), self.retries.into()),
        ]);
        numbers.extend(self.mean_loss.map(|loss| ("mean_loss".to_string(), loss.into())));
        let record = Record { identity: self.identity(), update: self.update, numbers };
        let parts = [("network", self.trained_weights()), ("pool", pool), ("moments", moments)];
        ResumeSet::new(folder, record, parts)
    }

    /// Continues from the resume set in `folder`; false if there is none.
    pub fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(set) = ResumeSet::load(folder, &self.identity())? else { return Ok(false) };
        let step = &mut self.generator.recurrence.as_mut().expect("an automaton is recurrent").step;
        set.replace("network", &mut step.weights, |name| TRAINABLE.contains(&name))?;
        let network = Network::new(&step.validate()?, &self.device).freeze(&FIXED);
        let count = TRAINABLE.iter().filter_map(|name| step.weights.get(name)).map(|weight| weight.len()).sum();
        let adam = Adam::load(AdamOptions::default(), "network", &set.moments(), count, &self.device)
            .map_err(|reason| set.malformed(reason))?;
        let pool = set.part("pool")?.get("pool").and_then(|saved| self.state.pool.load(saved, self.options.pool));
        let pool = pool.ok_or_else(|| set.malformed("its pool has another shape".into()))?;
        self.state = State { network, adam, pool };
        self.update = set.record.update;
        self.fill_pool(&mut StdRng::seed_from_u64(self.options.seed ^ u64::from(self.update)))?;
        (self.good_update, self.good) = (self.update, self.state.clone());
        (self.rate_scale, self.retries) = (set.number("rate_scale") as f32, set.number("retries") as u32);
        self.mean_loss = set.record.numbers.get("mean_loss").map(|loss| *loss as f32);
        Ok(true)
    }

    /// Writes a sheet of the exemplar beside generated pictures of two sizes; returns its path.
    pub fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let mut pictures = vec![(self.exemplar.values(), self.exemplar.height, self.exemplar.width)];
        let network = burn::module::AutodiffModule::valid(&self.state.network);
        for (seed, side) in (0u64..).zip(PREVIEW_SIDES) {
            let state = run_steps(&network, self.first_state([side; 2], seed)?, self.options.steps, seed)?;
            pictures.push((state.into_data().convert::<f32>().to_vec().unwrap_or_default(), side, side));
        }
        let panels: Vec<_> = pictures.iter().map(|(v, h, w)| Panel { values: v, height: *h, width: *w }).collect();
        let path = folder.join(format!("preview_{:06}.png", self.update));
        write_png(&path, &sheet(&self.exemplar, &panels))?;
        Ok(path)
    }
}

/// The living texture that a training started from.
struct Start {
    title: String,
    recipe: String,
    training_data: Vec<Provenance>,
    /// SHA-256 of its trained weights.
    sha256: String,
}

impl Start {
    fn new(generator: &Generator) -> Self {
        let weights = generator.recurrence.iter().flat_map(|recurrence| &recurrence.step.weights);
        let weights = weights.filter(|(name, _)| TRAINABLE.contains(&name.as_str()));
        let values = weights.flat_map(|(_, weight)| weight.as_f32().unwrap_or_default());
        let sha256 = sha256_hex(values.map(|value| value.to_le_bytes()));
        let card = generator.card.clone();
        Self { title: card.title, recipe: card.recipe, training_data: card.training_data, sha256 }
    }
}

/// The automaton of the options, or of the texture to start from.
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

fn run_steps<B: Backend>(
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
    RandomState { seed, step, domain: Domain { origin: Texel { y: 0, x: 0 }, wrap: true } }
}

impl From<&ExemplarMap> for VisibleMap {
    fn from(map: &ExemplarMap) -> Self {
        Self { kind: map.kind, channels: map.channels.len(), mean: map.mean.clone(), std: map.std.clone() }
    }
}
