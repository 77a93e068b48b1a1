//! One update: the game on one batch, the penalties, the strength of augmentation, the running mean of weights.

use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Size, TensorData as Elements, prompt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::SpriteTrainer;
use super::options::MOST_STRENGTH;
use crate::architecture::normal;
use crate::architecture::sprite::{SIDE, SpriteNetworks};
use crate::augment::Augmentation;
use crate::data::{SpriteBatch, VALUES};
use crate::error::TrainError;
use crate::trainer::contest::{Learnt, Mismatch, Pace, images, judge, scalar, stacked, update_rng};

/// Updates between two looks at overfitting.
const ADAPT_EVERY: u32 = 8;
/// Images in which the strength of augmentation could grow from 0 to 1.
const ADAPT_IMAGES: f32 = 100_000.0;
/// Share of the old value in running means.
const KEPT: f32 = 0.98;

impl<A: AutodiffBackend> SpriteTrainer<A> {
    /// Does one update.
    pub fn advance(&mut self) -> Result<(), TrainError> {
        let begin = Instant::now();
        let mut rng = update_rng(self.options.seed, self.update());
        let mut learnt = self.learn(&mut rng)?;
        for _ in 1..self.options.accumulate {
            let more = self.learn(&mut rng)?;
            learnt.add(more);
        }
        let options = &self.options;
        let pace = Pace {
            rates: [options.generator_rate, options.critic_rate],
            warm_up: options.warm_up,
            cool_down: options.cool_down,
            updates: options.updates,
            accumulate: options.accumulate,
        };
        self.contest.apply(learnt, &pace);
        self.contest.give_up_if_lost(self.progress.loss)?;
        let each = (self.options.batch * self.options.accumulate) as f32;
        self.contest.average(each, self.options.average_images);
        if self.update().is_multiple_of(ADAPT_EVERY) {
            self.adapt(&mut rng)?;
        }
        self.seconds += begin.elapsed().as_secs_f64();
        Ok(())
    }

    /// Gradients of both networks on one batch.
    fn learn(&mut self, rng: &mut StdRng) -> Result<Learnt<A::InnerBackend>, TrainError> {
        let count = self.options.batch;
        let (batch, mut others) = self.set.draw_with_others(count, self.options.recolor, rng);
        others.truncate(count.div_ceil(2));
        let differs: Vec<bool> = std::iter::zip(&batch.prompts, &others).map(|(own, other)| own != other).collect();
        let classes = batch.classes[..others.len()].to_vec();
        let wrong = conditions(&self.networks, &SpriteBatch { values: Vec::new(), classes, prompts: others });
        let conditions = conditions(&self.networks, &batch);
        let latent = latent(count, self.networks.latent, rng);
        let generated = generate(&self.contest.generator, &latent, &conditions, &self.device)?;
        let real = images(batch.values, [count, 4, SIDE, SIDE], &self.device);
        let changes = Augmentation::draw(2 * count, SIDE, self.progress.strength, rng);
        let show = |seen| changes.apply(Tensor::cat(vec![real.clone(), seen], 0));
        let penalised = self.update().is_multiple_of(self.options.penalty_every);
        let penalty = if penalised { self.options.penalty * self.options.penalty_every as f32 } else { 0.0 };
        let twice = conditions.each_ref().map(|condition| stacked(condition, condition));
        let mismatch = Mismatch { conditions: &wrong, differs: &differs, weight: self.options.mismatch };
        let mismatch = Some(&mismatch).filter(|mismatch| mismatch.weight > 0.0);
        let learnt = self.contest.learn(generated, show, &twice, penalty, mismatch, None)?;
        self.progress.loss = KEPT * self.progress.loss + (1.0 - KEPT) * learnt.loss;
        self.progress.lead = KEPT * self.progress.lead + (1.0 - KEPT) * learnt.lead;
        self.progress.penalty = learnt.penalty.unwrap_or(self.progress.penalty);
        Ok(learnt)
    }

    /// Looks how much better the critic knows what it was trained on than what was held back, on the way from generated to
    /// real, and moves the strength of augmentation.
    fn adapt(&mut self, rng: &mut StdRng) -> Result<(), TrainError> {
        if self.options.overfit_target == 0.0 || self.set.held_back.is_empty() {
            return Ok(());
        }
        let count = self.options.batch;
        let (critic, generator) = (self.contest.critic.valid(), self.contest.generator.valid());
        let trained = self.set.draw(count, rng);
        let held_back = self.set.draw_held_back(count, rng);
        let changes = Augmentation::draw(count, SIDE, self.progress.strength, rng);
        let mut means = Vec::new();
        for batch in [&trained, &held_back] {
            let images = images(batch.values.clone(), [count, 4, SIDE, SIDE], &self.device);
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
            let made = generate(&self.contest.average, &latent, &conditions(&self.networks, &part), &self.device)?;
            values.extend(made.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default());
        }
        Ok(values)
    }
}

/// One-hot classes and tokens of prompts.
pub(super) fn conditions(networks: &SpriteNetworks, batch: &SpriteBatch) -> [imagine_graph::Tensor; 2] {
    let (count, width) = (batch.classes.len(), networks.classes.len());
    let mut classes = vec![0.0; count * width];
    batch.classes.iter().enumerate().for_each(|(row, class)| classes[row * width + class] = 1.0);
    let tokens = |text: &String| prompt::tokens(text, networks.tokens, networks.buckets);
    let tokens = batch.prompts.iter().flat_map(tokens).collect();
    let classes = imagine_graph::Tensor::f32([count, width], classes);
    [classes, imagine_graph::Tensor::new(vec![count, networks.tokens], Elements::I32(tokens))]
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
