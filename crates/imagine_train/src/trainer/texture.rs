//! Trains a living texture: a cellular automaton whose patches are distributed like those of one exemplar.

use std::ops::RangeInclusive;

use burn::module::list_param_ids;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::{Lattice, RandomState};
use imagine_graph::{Card, Generator, Graph, GraphErrors, Recurrence, Size, SizeRule};
use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};

use crate::architecture::automaton::{self, AutomatonShape};
use crate::data::exemplar::Exemplar;
use crate::loss::patches::{patches, random_positions};
use crate::loss::pyramid::pyramid;
use crate::loss::sliced::{random_filters, sliced_wasserstein};
use crate::loss::transport::transport;

/// How a living texture is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TextureOptions {
    /// Channels of the state; at least the visible ones and 4 more.
    pub channels: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Side of the torus that the automaton lives on while it trains, in cells.
    pub torus: usize,
    /// States that one update runs.
    pub batch: usize,
    /// Levels of the pyramid.
    pub levels: usize,
    /// Steps of one update.
    pub rollout: RangeInclusive<usize>,
    /// States that wait to be continued.
    pub pool: usize,
    /// One state of the pool starts anew every so many updates.
    pub reseed_every: u64,
    /// Patches a level.
    pub patches: usize,
    /// Weight of the sliced loss against the transport loss.
    pub sliced_weight: f32,
    /// Number of updates of the whole training.
    pub updates: u64,
    /// Learning rate after the warm-up; x0.3 at half, x0.1 at four fifths of the updates.
    pub learning_rate: f64,
    /// Updates over which the learning rate rises.
    pub warm_up: u64,
    /// Seed of everything that is random.
    pub seed: u64,
}

impl Default for TextureOptions {
    fn default() -> Self {
        Self {
            channels: 16,
            hidden: 128,
            torus: 64,
            batch: 2,
            levels: 4,
            rollout: 16..=40,
            pool: 128,
            reseed_every: 8,
            patches: 1024,
            sliced_weight: 0.5,
            updates: 4000,
            learning_rate: 2e-3,
            warm_up: 20,
            seed: 0,
        }
    }
}

/// Why training stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Too few channels for the exemplar.
    #[error("the exemplar has {visible} channels that vary; --channels must be at least {}, not {channels}", visible + 4)]
    Channels {
        /// Channels of the exemplar.
        visible: usize,
        /// Channels asked for.
        channels: usize,
    },
    /// The graph is not valid.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The graph did not run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Losses of one update.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Mean squared distance to the assigned patches, summed over levels.
    pub transport: f32,
    /// Sliced Wasserstein distance, summed over levels.
    pub sliced: f32,
}

/// A training in progress.
pub struct TextureTrainer<B: AutodiffBackend> {
    options: TextureOptions,
    exemplar: Exemplar,
    levels: Vec<Tensor<B::InnerBackend, 4>>,
    network: Network<B>,
    optimizer: OptimizerAdaptor<Adam, Network<B>, B>,
    pool: Vec<Vec<f32>>,
    rng: StdRng,
    device: B::Device,
    update: u64,
    warm_from: u64,
}

impl<B: AutodiffBackend> TextureTrainer<B> {
    /// A training from the start, or from the weights of an earlier one after `done` updates.
    pub fn new(
        exemplar: Exemplar,
        options: TextureOptions,
        resume: Option<(Graph, u64)>,
        device: &B::Device,
    ) -> Result<Self, TrainError> {
        let visible = exemplar.visible();
        if options.channels < visible + 4 {
            return Err(TrainError::Channels { visible, channels: options.channels });
        }
        let shape = AutomatonShape { channels: options.channels, hidden: options.hidden };
        let (graph, update) = resume.unwrap_or_else(|| (automaton::step(shape, options.seed), 0));
        let network = Network::new(&graph.validate()?, device).freeze(automaton::FROZEN);
        let data = TensorData::new(exemplar.channels.clone(), [1, visible, exemplar.side, exemplar.side]);
        let levels = pyramid(Tensor::from_data(data, device), options.levels);
        let optimizer = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.99).with_epsilon(1e-8).init();
        let mut trainer = Self {
            rng: StdRng::seed_from_u64(options.seed.wrapping_add(update)),
            pool: Vec::new(),
            device: device.clone(),
            warm_from: update,
            options,
            exemplar,
            levels,
            network,
            optimizer,
            update,
        };
        trainer.pool = (0..trainer.options.pool).map(|_| trainer.fresh()).collect();
        Ok(trainer)
    }

    /// Number of updates done, those of earlier trainings included.
    pub fn updates(&self) -> u64 {
        self.update
    }

    /// The options of the training.
    pub fn options(&self) -> &TextureOptions {
        &self.options
    }

    /// One update of the weights.
    pub fn update(&mut self) -> Result<Losses, TrainError> {
        let chosen = index::sample(&mut self.rng, self.pool.len(), self.options.batch).into_vec();
        if self.update.is_multiple_of(self.options.reseed_every) {
            self.pool[chosen[0]] = self.fresh();
        }
        let state = self.rollout(&chosen)?;
        let (loss, losses) = self.loss(state.clone().narrow(1, 0, self.exemplar.visible()));
        if !(losses.transport + losses.sliced).is_finite() {
            chosen.iter().for_each(|&i| self.pool[i] = self.fresh());
            return Ok(losses);
        }
        let gradients = self.normalized_gradients(loss);
        self.network = self.optimizer.step(self.learning_rate(), self.network.clone(), gradients);
        let elements = state.inner().into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default();
        for (state, &index) in elements.chunks(self.state_len()).zip(&chosen) {
            self.pool[index] = state.to_vec();
        }
        self.update += 1;
        Ok(losses)
    }

    /// The generator at this point of the training.
    pub fn generator(&self, card: Card) -> Generator {
        let shape = AutomatonShape { channels: self.options.channels, hidden: self.options.hidden };
        let mut step = self.network.graph().graph().clone();
        step.weights = self.network.weights();
        let recurrence = Recurrence { init: automaton::init(shape), step, steps: 96, step_rate: 30.0 };
        let size = SizeRule { multiple: [1, 1], min: [8, 8], tiles: true };
        Generator { output: automaton::output(shape, &self.exemplar.maps), recurrence: Some(recurrence), size, card }
    }

    fn state_len(&self) -> usize {
        self.options.channels * self.options.torus * self.options.torus
    }

    fn fresh(&mut self) -> Vec<f32> {
        (0..self.state_len()).map(|_| self.rng.random_range(-0.1..0.1f32)).collect()
    }

    fn rollout(&mut self, chosen: &[usize]) -> Result<Tensor<B, 4>, TrainError> {
        let TextureOptions { channels, torus, batch, .. } = self.options;
        let elements: Vec<f32> = chosen.iter().flat_map(|&i| self.pool[i].iter().copied()).collect();
        let state = Tensor::<B, 4>::from_data(TensorData::new(elements, [batch, channels, torus, torus]), &self.device);
        let mut state = Value::from_tensor(state);
        let steps = self.rng.random_range(self.options.rollout.clone());
        let seed = self.rng.random();
        for step in 0..steps as u32 {
            let random = RandomState { seed, step, lattice: Lattice { origin: [0, 0], wrap: true } };
            let size = Size { batch, height: torus, width: torus };
            state = self.network.run(vec![state], size, random)?.remove(0);
        }
        Ok(state.into_tensor())
    }

    fn loss(&mut self, image: Tensor<B, 4>) -> (Tensor<B, 1>, Losses) {
        let visible = self.exemplar.visible();
        let (mut transported, mut sliced) = (Vec::new(), Vec::new());
        for (generated, exemplar) in pyramid(image, self.options.levels).into_iter().zip(&self.levels) {
            let [images, _, height, width] = generated.dims();
            let [_, _, exemplar_height, exemplar_width] = exemplar.dims();
            let count = (images * height * width).min(exemplar_height * exemplar_width).min(self.options.patches);
            let positions = random_positions(&mut self.rng, images, height * width, count);
            let generated = patches(&generated, &positions);
            let positions = random_positions(&mut self.rng, 1, exemplar_height * exemplar_width, count);
            let exemplar = patches(exemplar, &positions);
            transported.push(transport(generated.clone(), &exemplar));
            let filters = random_filters(&mut self.rng, visible, &self.device);
            sliced.push(sliced_wasserstein(generated, Tensor::from_inner(exemplar), filters));
        }
        let sum = |parts: Vec<Tensor<B, 1>>| Tensor::cat(parts, 0).sum();
        let (transported, sliced) = (sum(transported), sum(sliced));
        let read = |t: &Tensor<B, 1>| t.clone().into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default()[0];
        let losses = Losses { transport: read(&transported), sliced: read(&sliced) };
        (transported + sliced * self.options.sliced_weight, losses)
    }

    /// Gradients of unit length for each weight tensor, so that a long rollout neither explodes nor vanishes.
    fn normalized_gradients(&self, loss: Tensor<B, 1>) -> GradientsParams {
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        for id in list_param_ids(&self.network) {
            if let Some(gradient) = gradients.remove::<B::InnerBackend, 1>(id) {
                let length = gradient.clone().powi_scalar(2).sum().sqrt() + 1e-8;
                gradients.register(id, gradient / length);
            }
        }
        gradients
    }

    fn learning_rate(&self) -> f64 {
        let TextureOptions { updates, learning_rate, warm_up, .. } = self.options;
        let warm = ((self.update - self.warm_from + 1) as f64 / warm_up.max(1) as f64).min(1.0);
        let progress = self.update as f64 / updates.max(1) as f64;
        let decay = if progress < 0.5 { 1.0 } else if progress < 0.8 { 0.3 } else { 0.1 };
        learning_rate * warm * decay
    }
}
