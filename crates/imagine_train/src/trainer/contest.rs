//! A generator against a critic: the networks of an adversarial training, how they learn from one batch, how they are moved
//! and how they are kept. Data, conditions and augmentation belong to the trainers.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Graph, Size, Tensor as Elements, TensorData as ElementData};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::adam::{Adam, AdamOptions, GradientList, collect};
use super::{average, spectral};
use crate::error::{CheckpointError, TrainError};
use crate::loss::adversarial::{self, Game, generators_share, hinge, relativistic};
use crate::loss::penalty::gradient_penalty;

/// How both networks are optimised.
const ADAM: AdamOptions = AdamOptions { first_decay: 0.0, second_decay: 0.99, unit_gradients: false };
/// Power iterations before a critic with spectral normalisation is used.
const FIRST_ITERATIONS: usize = 20;
/// Mean loss of the critic below which the generator has lost; trainings that went well stayed above 0.2.
const LOST: f32 = 0.02;
/// Updates after which a training may be given up.
const CHANCE: u32 = 500;
/// Keeps the division by a gradient that is 0 finite.
const TINY: f32 = 1e-20;
/// The running mean of weights covers at most this share of the images seen.
const AVERAGE_SHARE: f32 = 0.05;

/// Both networks, their optimisers and the running mean of the generator's weights.
pub(super) struct Contest<A: AutodiffBackend> {
    pub generator: Network<A>,
    pub average: Network<A::InnerBackend>,
    pub critic: Network<A>,
    /// Updates done.
    pub update: u32,
    game: Game,
    /// Updates before the critic enters; the generator learns alone until then, and begins anew with its moments and its rate.
    pub critic_from: u32,
    /// Optimisers of generator and critic.
    adam: [Adam<A::InnerBackend>; 2],
    /// Update from which the learning rates grow: 0, or where training went on without its moments.
    warm_from: u32,
    /// Weights that never learn.
    fixed: &'static [&'static str],
    device: A::Device,
}

/// How far an update moves.
pub(super) struct Pace {
    /// Learning rates of generator and critic.
    pub rates: [f32; 2],
    /// Updates until the rates are at their full height.
    pub warm_up: u32,
    /// Updates at the end over which the rates fall to nothing.
    pub cool_down: u32,
    /// Updates of the whole training.
    pub updates: u32,
    /// Batches whose gradients were added up.
    pub accumulate: usize,
}

/// Real images with what is not said of them, which the critic has to tell from what is.
pub(super) struct Mismatch<'a> {
    /// Conditions of the first real images, a row each.
    pub conditions: &'a [Elements],
    /// Which of these rows say something else.
    pub differs: &'a [bool],
    /// Weight of the term.
    pub weight: f32,
}

/// An auxiliary loss of the generator, by its gradient.
pub(super) struct Auxiliary<B: Backend> {
    /// The loss's gradient at the generated images.
    pub gradient: Tensor<B, 4>,
    /// How large it is to be against the gradient of the game.
    pub share: f32,
}

impl<B: Backend> Auxiliary<B> {
    /// The game's gradient with this one added.
    fn added_to(self, game: Tensor<B, 4>) -> Tensor<B, 4> {
        let size = |gradient: &Tensor<B, 4>| gradient.clone().powi_scalar(2).sum().sqrt();
        let scale = size(&game) / size(&self.gradient).clamp_min(TINY) * self.share;
        game + self.gradient * scale.reshape([1; 4])
    }
}

/// What both networks learn from one batch.
pub(super) struct Learnt<B: Backend> {
    /// The critic's loss.
    pub loss: f32,
    /// The critic's mean lead of generated over real images.
    pub lead: f32,
    /// The gradient penalty, where it was asked for.
    pub penalty: Option<f32>,
    generator: GradientList<B>,
    /// Nothing where the generator learnt alone.
    critic: GradientList<B>,
}

impl<B: Backend> Learnt<B> {
    /// Adds what was learnt from another batch.
    pub fn add(&mut self, more: Self) {
        add(&mut self.generator, more.generator);
        add(&mut self.critic, more.critic);
    }
}

impl<A: AutodiffBackend> Contest<A> {
    /// Both networks as they were drawn. Weights called `fixed` never learn.
    pub fn new(
        game: Game,
        [generator, critic]: [&Graph; 2],
        fixed: &'static [&'static str],
        device: &A::Device,
    ) -> Result<Self, TrainError> {
        let [generator, mut critic] = [network::<A>(generator, fixed, device)?, network::<A>(critic, fixed, device)?];
        spectral::iterate(&mut critic, FIRST_ITERATIONS);
        Ok(Self {
            average: generator.valid(),
            generator,
            critic,
            update: 0,
            game,
            critic_from: 0,
            adam: [(); 2].map(|()| Adam::new(ADAM)),
            warm_from: 0,
            fixed,
            device: device.clone(),
        })
    }

    /// Gradients of both networks on one batch of generated images.
    ///
    /// `show` takes them to what the critic sees: first as many real images, then the generated ones, each with its row of
    /// `conditions`. Penalties enter with the weight `penalty`, if it is above 0, real images with wrong conditions if
    /// there are any, and for the generator an `auxiliary` loss, at a size that follows that of the game (as Esser, Rombach
    /// and Ommer, "Taming Transformers for High-Resolution Image Synthesis", CVPR 2021, weigh theirs).
    pub fn learn(
        &self,
        generated: Tensor<A, 4>,
        show: impl Fn(Tensor<A, 4>) -> Tensor<A, 4>,
        conditions: &[Elements],
        penalty: f32,
        mismatch: Option<&Mismatch<'_>>,
        auxiliary: Option<Auxiliary<A::InnerBackend>>,
    ) -> Result<Learnt<A::InnerBackend>, TrainError> {
        let count = generated.dims()[0];
        let seen = Tensor::<A, 4>::from_inner(generated.clone().inner()).require_grad();
        let images = show(seen.clone());
        let scores = match mismatch {
            None => judge(&self.critic, images.clone(), conditions)?,
            Some(mismatch) => self.judge_both(images.clone(), conditions, mismatch)?,
        };
        let (real, ours) = (scores.clone().narrow(0, 0, count), scores.clone().narrow(0, count, count));
        let (loss, lead) = match self.game {
            Game::Relativistic => relativistic(real, ours),
            Game::Hinge => (hinge(real.clone(), ours.clone()), ours - real),
        };
        let lead = lead.inner();
        let values = [scalar(loss.clone().inner()), scalar(lead.clone().mean())];
        if !values[0].is_finite() {
            return Err(TrainError::Diverged { update: self.update, loss: values[0], retries: 0 });
        }
        let (mut total, mut penalised) = (loss, None);
        if let Some(mismatch) = mismatch {
            total = total + self.mismatch_loss(scores, mismatch).mul_scalar(mismatch.weight);
        }
        if penalty > 0.0 {
            let images = Tensor::from_inner(images.inner());
            let term = gradient_penalty(&self.critic, images, conditions)?;
            penalised = Some(scalar(term.clone().inner()));
            // Both halves of the batch count, each with half the weight; the mean is over both.
            total = total + term.mul_scalar(penalty);
        }
        let mut gradients = total.backward();
        let critic = collect(&self.critic, &mut gradients);
        let received = match self.game {
            Game::Relativistic => {
                let share = generators_share(lead).reshape([count, 1, 1, 1]);
                seen.grad_remove(&mut gradients).expect("the critic reads generated images") * share
            }
            // Where a hinge is flat, the critic's own gradient says nothing.
            Game::Hinge => {
                let seen = Tensor::<A, 4>::from_inner(seen.inner()).require_grad();
                let scores = judge(&self.critic, show(seen.clone()), conditions)?.narrow(0, count, count);
                let gradients = scores.mean().neg().backward();
                seen.grad(&gradients).expect("the critic reads generated images")
            }
        };
        let wanted = match auxiliary {
            None => Tensor::from_inner(received),
            Some(auxiliary) => Tensor::from_inner(auxiliary.added_to(received)),
        };
        let mut gradients = (generated * wanted).sum().backward();
        let generator = collect(&self.generator, &mut gradients);
        Ok(Learnt { loss: values[0], lead: values[1], penalty: penalised, generator, critic })
    }

    /// What the generator learns from the gradient of a loss at its images, while there is no game.
    pub fn learn_alone(
        &self,
        generated: Tensor<A, 4>,
        gradient: Tensor<A::InnerBackend, 4>,
    ) -> Learnt<A::InnerBackend> {
        let mut gradients = (generated * Tensor::from_inner(gradient)).sum().backward();
        let generator = collect(&self.generator, &mut gradients);
        Learnt { loss: std::f32::consts::LN_2, lead: 0.0, penalty: None, generator, critic: Vec::new() }
    }

    /// What the critic pays for wrong conditions, by the scores of [`Contest::judge_both`].
    fn mismatch_loss(&self, scores: Tensor<A, 2>, mismatch: &Mismatch<'_>) -> Tensor<A, 1> {
        let count = mismatch.differs.len();
        let differs: Vec<f32> = mismatch.differs.iter().map(|differs| f32::from(u8::from(*differs))).collect();
        let differs = Tensor::from_data(TensorData::new(differs, [count, 1]), &self.device);
        let first = scores.dims()[0] - count;
        adversarial::mismatch(scores.clone().narrow(0, 0, count), scores.narrow(0, first, count), differs)
    }

    /// Scores of real and generated images with their own conditions, then of the first real ones with others.
    fn judge_both(
        &self,
        images: Tensor<A, 4>,
        conditions: &[Elements],
        mismatch: &Mismatch<'_>,
    ) -> Result<Tensor<A, 2>, RunError> {
        let again = images.clone().narrow(0, 0, mismatch.differs.len());
        let pairs = conditions.iter().zip(mismatch.conditions);
        let conditions: Vec<Elements> = pairs.map(|(own, others)| stacked(own, others)).collect();
        judge(&self.critic, Tensor::cat(vec![images, again], 0), &conditions)
    }

    /// Moves the networks by what was learnt: one update.
    pub fn apply(&mut self, learnt: Learnt<A::InnerBackend>, pace: &Pace) {
        if self.update == self.critic_from {
            self.adam[0] = Adam::new(ADAM);
        }
        let grown = (self.update - self.begun().max(self.warm_from) + 1) as f32 / pace.warm_up.max(1) as f32;
        let left = pace.updates.saturating_sub(self.update) as f32 / pace.cool_down.max(1) as f32;
        let height = grown.min(left).min(1.0) / pace.accumulate as f32;
        let [generator_adam, critic_adam] = &mut self.adam;
        let rates = pace.rates.map(|rate| rate * height);
        self.generator = generator_adam.apply::<A, _>(self.generator.clone(), learnt.generator, rates[0]);
        if !learnt.critic.is_empty() {
            self.critic = critic_adam.apply::<A, _>(self.critic.clone(), learnt.critic, rates[1]);
            spectral::iterate(&mut self.critic, 1);
        }
        self.update += 1;
    }

    /// The update that what is learnt now was begun at.
    fn begun(&self) -> u32 {
        if self.update < self.critic_from { 0 } else { self.critic_from }
    }

    /// Fails if the generator has lost: `loss` is a running mean of the critic's.
    pub fn give_up_if_lost(&self, loss: f32) -> Result<(), TrainError> {
        let lost = self.update >= CHANCE && loss < LOST;
        if lost { Err(TrainError::Lost { update: self.update, loss }) } else { Ok(()) }
    }

    /// Moves the running mean of weights, which halves over `half_life` images at most; an update has `each` of them.
    pub fn average(&mut self, each: f32, half_life: f32) {
        let seen = self.update as f32 * each;
        let half_life = half_life.min(AVERAGE_SHARE * seen).max(1e-3);
        let keep = 0.5f32.powf(each / half_life);
        self.average = average::update(self.average.clone(), &self.generator.valid(), keep);
    }

    /// Everything that a resume set needs: weights of generator, running mean and critic, and the optimisers' moments. Weights that never learn
    /// are the architecture's.
    pub fn parts(&self) -> [BTreeMap<String, Elements>; 4] {
        let mut moments = BTreeMap::new();
        for (name, adam) in ["generator", "critic"].into_iter().zip(&self.adam) {
            for (index, [_, second]) in adam.to_data().1.into_iter().enumerate() {
                moments.insert(format!("{name}.{index:03}"), Elements::f32([second.len()], second));
            }
        }
        let mut weights = [self.generator.weights(), self.average.weights(), self.critic.weights()];
        for weights in &mut weights {
            weights.retain(|name, _| !self.fixed.contains(&name.as_str()));
        }
        let [generator, average, critic] = weights;
        [generator, average, critic, moments]
    }

    /// Goes on from the parts of a resume set read at `path`, of a training at `update`.
    pub fn restore(
        &mut self,
        [generator, average, critic, moments]: [BTreeMap<String, Elements>; 4],
        update: u32,
        path: &Path,
    ) -> Result<(), TrainError> {
        self.generator = self.replaced(&self.generator, &generator, path)?;
        self.critic = self.replaced(&self.critic, &critic, path)?;
        self.average = self.replaced(&self.generator, &average, path)?.valid();
        self.update = update;
        let [generator_adam, critic_adam] = [("generator.", &self.generator), ("critic.", &self.critic)]
            .map(|(name, network)| self.optimiser(&moments, name, network, path));
        self.adam = [generator_adam?, critic_adam?];
        self.warm_from = if moments.is_empty() { update } else { 0 };
        Ok(())
    }

    /// The optimiser of a network at this update, with those of the moments whose names begin with `name`, or anew without any.
    fn optimiser(
        &self,
        moments: &BTreeMap<String, Elements>,
        name: &str,
        network: &Network<A>,
        path: &Path,
    ) -> Result<Adam<A::InnerBackend>, TrainError> {
        let its = moments.iter().filter(|(key, _)| key.starts_with(name));
        let its: Vec<&[f32]> = its.map(|(_, tensor)| tensor.as_f32().unwrap_or_default()).collect();
        let learns = |name: &str| !self.fixed.contains(&name) && !spectral::is_vector(name);
        let weights = network.weights();
        let wanted: usize = weights.iter().filter(|(name, _)| learns(name)).map(|(_, weight)| weight.len()).sum();
        let found = its.iter().map(|second| second.len()).sum::<usize>();
        if found != wanted && !its.is_empty() {
            let reason = format!("{found} moments called {name:?}.., where the network learns {wanted} numbers");
            return Err(CheckpointError::Malformed { path: path.to_path_buf(), reason }.into());
        }
        let updates = if its.is_empty() { 0 } else { self.update - self.begun() };
        let its = its.into_iter().map(|second| [vec![0.0; second.len()], second.to_vec()]).collect();
        Ok(Adam::from_data(ADAM, updates, its, &self.device))
    }

    /// A network of the same graph with other weights, where they learn; all of these have to be there.
    fn replaced(
        &self,
        network: &Network<A>,
        weights: &BTreeMap<String, Elements>,
        path: &Path,
    ) -> Result<Network<A>, TrainError> {
        let mut graph = network.graph().graph().clone();
        let learning = graph.weights.iter_mut().filter(|(name, _)| !self.fixed.contains(&name.as_str()));
        for (name, weight) in learning {
            match weights.get(name) {
                Some(found) if found.tensor_type() == weight.tensor_type() => weight.clone_from(found),
                _ => {
                    let reason = format!("weight {name:?} is missing or of another shape");
                    return Err(CheckpointError::Malformed { path: path.to_path_buf(), reason }.into());
                }
            }
        }
        self::network(&graph, self.fixed, &self.device)
    }
}

/// The random numbers of the update after `update`, which depend on it and the training's seed alone.
pub(super) fn update_rng(seed: u64, update: u32) -> StdRng {
    StdRng::seed_from_u64(seed ^ u64::from(update).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Scores `[count, 1]` of images, each with its row of every condition.
pub(super) fn judge<B: Backend>(
    critic: &Network<B>,
    images: Tensor<B, 4>,
    conditions: &[Elements],
) -> Result<Tensor<B, 2>, RunError> {
    let [count, _, height, width] = images.dims();
    let device = images.device();
    let conditions = conditions.iter().map(|tensor| Value::from_data(tensor, &device));
    let inputs = std::iter::once(Value::from_tensor(images)).chain(conditions).collect();
    let size = Size::new(height, width).with_batch(count);
    Ok(critic.run(inputs, size, RandomState::default())?.remove(0).into_tensor())
}

/// The rows of `above`, then those of `below`, of the same width and type.
pub(super) fn stacked(above: &Elements, below: &Elements) -> Elements {
    let mut shape = above.shape.clone();
    shape[0] += below.shape[0];
    let data = match (&above.data, &below.data) {
        (ElementData::F32(a), ElementData::F32(b)) => ElementData::F32([a.as_slice(), b].concat()),
        (ElementData::I32(a), ElementData::I32(b)) => ElementData::I32([a.as_slice(), b].concat()),
        (ElementData::Bool(a), ElementData::Bool(b)) => ElementData::Bool([a.as_slice(), b].concat()),
        _ => unreachable!("conditions of one name have one type"),
    };
    Elements::new(shape, data)
}

/// Images on a device.
pub(super) fn images<B: Backend>(values: Vec<f32>, shape: [usize; 4], device: &B::Device) -> Tensor<B, 4> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The one number of a tensor.
pub(super) fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
    tensor.into_scalar().elem()
}

fn network<A: AutodiffBackend>(graph: &Graph, fixed: &[&str], device: &A::Device) -> Result<Network<A>, TrainError> {
    let vectors = graph.weights.keys().filter(|name| spectral::is_vector(name)).map(String::as_str);
    let fixed: Vec<&str> = fixed.iter().copied().chain(vectors).collect();
    Ok(Network::new(&graph.validate()?, device).freeze(&fixed))
}

fn add<B: Backend>(sum: &mut GradientList<B>, more: GradientList<B>) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = match (sum.take(), more) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}
