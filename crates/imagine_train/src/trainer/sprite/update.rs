//! One update: the game on one batch, the penalties, the strength of augmentation, the running mean of weights.

use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Size, TensorData as Elements, prompt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::SpriteTrainer;
use super::options::{MOST_STRENGTH, SpriteOptions};
use crate::architecture::normal;
use crate::architecture::sprite::{SIDE, SpriteNetworks};
use crate::augment::Augmentation;
use crate::data::{SpriteBatch, VALUES};
use crate::error::TrainError;
use crate::loss::adversarial::{Game, generators_share, hinge, relativistic};
use crate::loss::penalty::gradient_penalty;
use crate::trainer::adam::{GradientList, collect};
use crate::trainer::{average, spectral};

/// Updates between two looks at overfitting.
const ADAPT_EVERY: u32 = 8;
/// Images in which the strength of augmentation could grow from 0 to 1.
const ADAPT_IMAGES: f32 = 100_000.0;
/// Share of the old value in running means.
const KEPT: f32 = 0.98;
/// The running mean of weights covers at most this share of the images seen.
const AVERAGE_SHARE: f32 = 0.05;

/// What both networks learn from one batch.
struct Learnt<B: Backend> {
    generator: GradientList<B>,
    critic: GradientList<B>,
}

impl<A: AutodiffBackend> SpriteTrainer<A> {
    /// Does one update.
    pub fn advance(&mut self) -> Result<(), TrainError> {
        let begin = Instant::now();
        let number = u64::from(self.update).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = StdRng::seed_from_u64(self.options.seed ^ number);
        let mut learnt = self.learn(&mut rng)?;
        for _ in 1..self.options.accumulate {
            let more = self.learn(&mut rng)?;
            add(&mut learnt.generator, more.generator);
            add(&mut learnt.critic, more.critic);
        }
        let height = self.height() / self.options.accumulate as f32;
        let [generator_adam, critic_adam] = &mut self.adam;
        let rate = self.options.generator_rate * height;
        self.generator = generator_adam.apply::<A, _>(self.generator.clone(), learnt.generator, rate);
        let rate = self.options.critic_rate * height;
        self.critic = critic_adam.apply::<A, _>(self.critic.clone(), learnt.critic, rate);
        spectral::iterate(&mut self.critic, 1);
        self.update += 1;
        self.average();
        if self.update.is_multiple_of(ADAPT_EVERY) {
            self.adapt(&mut rng)?;
        }
        self.seconds += begin.elapsed().as_secs_f64();
        Ok(())
    }

    /// How high the learning rates are, 0 to 1: they grow at the start and fall at the end.
    fn height(&self) -> f32 {
        let SpriteOptions { updates, warm_up, cool_down, .. } = self.options;
        let grown = (self.update - self.warm_from + 1) as f32 / warm_up.max(1) as f32;
        let left = updates.saturating_sub(self.update) as f32 / cool_down.max(1) as f32;
        grown.min(left).min(1.0)
    }

    /// Gradients of both networks on one batch.
    fn learn(&mut self, rng: &mut StdRng) -> Result<Learnt<A::InnerBackend>, TrainError> {
        let count = self.options.batch;
        let batch = self.set.draw(count, rng);
        let conditions = conditions(&self.networks, &batch);
        let latent = latent(count, self.networks.latent, rng);
        let generated = generate(&self.generator, &latent, &conditions, &self.device)?;
        let seen = Tensor::<A, 4>::from_inner(generated.clone().inner()).require_grad();
        let real = Tensor::from_data(TensorData::new(batch.values, [count, 4, SIDE, SIDE]), &self.device);
        let changes = Augmentation::draw(2 * count, SIDE, self.progress.strength, rng);
        let images = changes.apply(Tensor::cat(vec![real, seen.clone()], 0));
        let twice = conditions.each_ref().map(twice);
        let scores = judge(&self.critic, images.clone(), &twice)?;
        let (real, ours) = (scores.clone().narrow(0, 0, count), scores.narrow(0, count, count));
        let (loss, lead) = match self.options.game {
            Game::Relativistic => relativistic(real, ours),
            Game::Hinge => (hinge(real.clone(), ours.clone()), ours - real),
        };
        self.note(&loss, &lead)?;
        let lead = lead.inner();
        let mut total = loss;
        if self.options.penalty > 0.0 && self.update.is_multiple_of(self.options.penalty_every) {
            let images = Tensor::from_inner(images.inner());
            let penalty = gradient_penalty(&self.critic, images, &twice)?;
            self.progress.penalty = scalar(penalty.clone().inner());
            // Both halves of the batch count, each with half the weight; the mean is over both.
            total = total + penalty.mul_scalar(self.options.penalty * self.options.penalty_every as f32);
        }
        let mut gradients = total.backward();
        let critic = collect(&self.critic, &mut gradients);
        let received = match self.options.game {
            Game::Relativistic => {
                let share = generators_share(lead).reshape([count, 1, 1, 1]);
                seen.grad_remove(&mut gradients).expect("the critic reads generated images") * share
            }
            Game::Hinge => self.received(seen.inner(), &changes, &conditions)?,
        };
        let wanted = Tensor::from_inner(received);
        let mut gradients = (generated * wanted).sum().backward();
        Ok(Learnt { generator: collect(&self.generator, &mut gradients), critic })
    }

    /// The gradient of `-critic(generated)` at every generated image: where a hinge is flat the critic's own says nothing.
    fn received(
        &self,
        generated: Tensor<A::InnerBackend, 4>,
        changes: &Augmentation,
        conditions: &[imagine_graph::Tensor; 2],
    ) -> Result<Tensor<A::InnerBackend, 4>, TrainError> {
        let count = generated.dims()[0];
        let seen = Tensor::<A, 4>::from_inner(generated).require_grad();
        // The changes are drawn for real and generated images; the first half is filled with anything.
        let images = changes.apply(Tensor::cat(vec![seen.clone(), seen.clone()], 0)).narrow(0, count, count);
        let gradients = judge(&self.critic, images, conditions)?.mean().neg().backward();
        Ok(seen.grad(&gradients).expect("the critic reads generated images"))
    }

    fn note(&mut self, loss: &Tensor<A, 1>, lead: &Tensor<A, 2>) -> Result<(), TrainError> {
        let (loss, lead) = (scalar(loss.clone().inner()), scalar(lead.clone().inner().mean()));
        if !loss.is_finite() {
            return Err(TrainError::Diverged { update: self.update, loss, retries: 0 });
        }
        self.progress.loss = KEPT * self.progress.loss + (1.0 - KEPT) * loss;
        self.progress.lead = KEPT * self.progress.lead + (1.0 - KEPT) * lead;
        Ok(())
    }

    fn average(&mut self) {
        let each = (self.options.batch * self.options.accumulate) as f32;
        let seen = self.update as f32 * each;
        let half_life = self.options.average_images.min(AVERAGE_SHARE * seen).max(1e-3);
        let keep = 0.5f32.powf(each / half_life);
        self.average = average::update(self.average.clone(), &self.generator.valid(), keep);
    }

    /// Looks how much better the critic knows what it was trained on than what was held back, on the way from generated to
    /// real, and moves the strength of augmentation.
    fn adapt(&mut self, rng: &mut StdRng) -> Result<(), TrainError> {
        if self.options.overfit_target == 0.0 || self.set.held_back.is_empty() {
            return Ok(());
        }
        let count = self.options.batch;
        let (critic, generator) = (self.critic.valid(), self.generator.valid());
        let trained = self.set.draw(count, rng);
        let held_back = self.set.draw_held_back(count, rng);
        let changes = Augmentation::draw(count, SIDE, self.progress.strength, rng);
        let mut means = Vec::new();
        for batch in [&trained, &held_back] {
            let images = Tensor::from_data(TensorData::new(batch.values.clone(), [count, 4, SIDE, SIDE]), &self.device);
            let scores = judge(&critic, changes.apply(images), &conditions(&self.networks, batch))?;
            means.push(scalar(scores.mean()));
        }
        let conditions = conditions(&self.networks, &trained);
        let generated = generate(&generator, &latent(count, self.networks.latent, rng), &conditions, &self.device)?;
        means.push(scalar(judge(&critic, changes.apply(generated), &conditions)?.mean()));
        let [trained, held_back, generated] = [means[0], means[1], means[2]];
        let way = trained - generated;
        if way > 1e-3 {
            let share = ((trained - held_back) / way).clamp(-1.0, 2.0);
            self.progress.overfit = KEPT * self.progress.overfit + (1.0 - KEPT) * share;
        }
        let step = (count * self.options.accumulate) as f32 * ADAPT_EVERY as f32 / ADAPT_IMAGES;
        let towards = if self.progress.overfit > self.options.overfit_target { step } else { -step };
        self.progress.strength = (self.progress.strength + towards).clamp(0.0, MOST_STRENGTH);
        Ok(())
    }

    /// What the averaged generator makes of a batch's classes and prompts.
    pub(super) fn shown(&self, asked: &SpriteBatch, seed: u64) -> Result<Vec<f32>, TrainError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(asked.classes.len() * VALUES);
        let each = self.options.batch;
        for (classes, prompts) in asked.classes.chunks(each).zip(asked.prompts.chunks(each)) {
            let part = SpriteBatch { values: Vec::new(), classes: classes.to_vec(), prompts: prompts.to_vec() };
            let latent = latent(classes.len(), self.networks.latent, &mut rng);
            let made = generate(&self.average, &latent, &conditions(&self.networks, &part), &self.device)?;
            values.extend(made.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default());
        }
        Ok(values)
    }
}

/// One-hot classes and tokens of prompts.
fn conditions(networks: &SpriteNetworks, batch: &SpriteBatch) -> [imagine_graph::Tensor; 2] {
    let (count, width) = (batch.classes.len(), networks.classes.len());
    let mut classes = vec![0.0; count * width];
    batch.classes.iter().enumerate().for_each(|(row, class)| classes[row * width + class] = 1.0);
    let tokens = |text: &String| prompt::tokens(text, networks.tokens, networks.buckets);
    let tokens = batch.prompts.iter().flat_map(tokens).collect();
    let classes = imagine_graph::Tensor::f32([count, width], classes);
    [classes, imagine_graph::Tensor::new(vec![count, networks.tokens], Elements::I32(tokens))]
}

/// One after the other with itself.
fn twice(tensor: &imagine_graph::Tensor) -> imagine_graph::Tensor {
    let mut shape = tensor.shape.clone();
    shape[0] *= 2;
    let data = match &tensor.data {
        Elements::F32(values) => Elements::F32(values.repeat(2)),
        Elements::I32(values) => Elements::I32(values.repeat(2)),
        Elements::Bool(values) => Elements::Bool(values.repeat(2)),
    };
    imagine_graph::Tensor::new(shape, data)
}

fn latent(count: usize, width: usize, rng: &mut impl Rng) -> imagine_graph::Tensor {
    imagine_graph::Tensor::f32([count, width], (0..count * width).map(|_| normal(rng)).collect::<Vec<_>>())
}

fn generate<B: Backend>(
    generator: &Network<B>,
    latent: &imagine_graph::Tensor,
    conditions: &[imagine_graph::Tensor; 2],
    device: &B::Device,
) -> Result<Tensor<B, 4>, RunError> {
    let size = Size::new(SIDE, SIDE).with_batch(latent.shape[0]);
    let inputs = [latent].into_iter().chain(conditions).map(|tensor| Value::from_data(tensor, device));
    Ok(generator.run(inputs.collect(), size, RandomState::default())?.remove(0).into_tensor())
}

fn judge<B: Backend>(
    critic: &Network<B>,
    images: Tensor<B, 4>,
    conditions: &[imagine_graph::Tensor; 2],
) -> Result<Tensor<B, 2>, RunError> {
    let size = Size::new(SIDE, SIDE).with_batch(images.dims()[0]);
    let device = images.device();
    let conditions = conditions.iter().map(|tensor| Value::from_data(tensor, &device));
    let inputs = std::iter::once(Value::from_tensor(images)).chain(conditions).collect();
    Ok(critic.run(inputs, size, RandomState::default())?.remove(0).into_tensor())
}

fn add<B: Backend>(sum: &mut GradientList<B>, more: GradientList<B>) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = match (sum.take(), more) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
    tensor.into_scalar().elem()
}
