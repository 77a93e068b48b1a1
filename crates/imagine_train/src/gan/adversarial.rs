//! Generator and critic: how they learn from one batch, how they are updated and how they are saved. Data, conditions and
//! augmentation belong to the tasks.

use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Graph, Size, Tensor as Elements, TensorData as ElementData};

use super::penalty::gradient_penalty;
use super::spectral;
use crate::core::{Adam, AdamOptions, GradientList, LearningRates, ResumeSet, Tensors, average, collect};
use crate::error::{CheckpointError, TrainError};
use crate::loss::{GanLoss, generator_share, hinge, mismatch_loss, relativistic};

/// How both networks are optimised.
const ADAM: AdamOptions = AdamOptions { first_decay: 0.0, second_decay: 0.99, unit_gradients: false };
/// Power iterations before a critic with spectral normalisation is used.
const FIRST_ITERATIONS: usize = 20;
/// The running mean of weights covers at most this share of the images seen.
const AVERAGE_SHARE: f32 = 0.05;

/// Both networks, their optimisers and the running mean of the generator's weights.
pub(crate) struct Adversarial<A: AutodiffBackend> {
    pub generator: Network<A>,
    pub average: Network<A::InnerBackend>,
    pub critic: Network<A>,
    /// Updates done.
    pub update: u32,
    pub device: A::Device,
    loss: GanLoss,
    /// Optimisers of generator and critic.
    adam: [Adam<A::InnerBackend>; 2],
    /// Names of weights that are constants of the architecture.
    fixed: &'static [&'static str],
}

/// Real images paired with wrong conditions.
pub(crate) struct Mismatch<'a> {
    /// Conditions for the first real images, a row each.
    pub conditions: &'a [Elements],
    /// Which rows are wrong.
    pub differs: &'a [bool],
    /// Weight of the term.
    pub weight: f32,
}

/// Gradients of both networks from one batch or several.
pub(crate) struct BatchGradients<B: Backend> {
    /// The critic's loss.
    pub loss: f32,
    /// The critic's mean lead of generated over real images.
    pub lead: f32,
    /// The gradient penalty, if it was computed.
    pub penalty: Option<f32>,
    generator: GradientList<B>,
    critic: GradientList<B>,
}

impl<B: Backend> BatchGradients<B> {
    /// Adds the gradients of another batch.
    pub fn add(&mut self, more: Self) {
        add(&mut self.generator, more.generator);
        add(&mut self.critic, more.critic);
    }
}

impl<A: AutodiffBackend> Adversarial<A> {
    /// Both networks with the weights of their graphs. Weights named in `fixed` never learn.
    pub fn new(
        loss: GanLoss,
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
            device: device.clone(),
            loss,
            adam: [(); 2].map(|()| Adam::new(ADAM)),
            fixed,
        })
    }

    /// Gradients of both networks on one batch of generated images.
    ///
    /// `show` turns them into the critic's input: as many real images, then the generated ones, each with its row of
    /// `conditions`. Terms with a weight of 0 and missing ones are left out.
    pub fn learn(
        &self,
        generated: Tensor<A, 4>,
        show: impl Fn(Tensor<A, 4>) -> Tensor<A, 4>,
        conditions: &[Elements],
        penalty: f32,
        mismatch: Option<&Mismatch<'_>>,
    ) -> Result<BatchGradients<A::InnerBackend>, TrainError> {
        let count = generated.dims()[0];
        let seen = Tensor::<A, 4>::from_inner(generated.clone().inner()).require_grad();
        let images = show(seen.clone());
        let scores = match mismatch {
            None => critic_scores(&self.critic, images.clone(), conditions)?,
            Some(mismatch) => self.scores_with_mismatch(images.clone(), conditions, mismatch)?,
        };
        let (real, fake) = (scores.clone().narrow(0, 0, count), scores.clone().narrow(0, count, count));
        let (loss, lead) = match self.loss {
            GanLoss::Relativistic => relativistic(real, fake),
            GanLoss::Hinge => (hinge(real.clone(), fake.clone()), fake - real),
        };
        let lead = lead.inner();
        let values = [scalar(loss.clone().inner()), scalar(lead.clone().mean())];
        if !values[0].is_finite() {
            return Err(TrainError::Diverged { update: self.update, loss: values[0], retries: 0 });
        }
        let mut total = loss;
        if let Some(mismatch) = mismatch {
            total = total + self.mismatch_loss(scores, mismatch).mul_scalar(mismatch.weight);
        }
        let mut penalised = None;
        if penalty > 0.0 {
            let term = gradient_penalty(&self.critic, Tensor::from_inner(images.inner()), conditions)?;
            penalised = Some(scalar(term.clone().inner()));
            // The term is a mean over both halves of the batch: R1 and R2 count half each.
            total = total + term.mul_scalar(penalty);
        }
        let mut gradients = total.backward();
        let critic = collect(&self.critic, &mut gradients);
        let at_critic = || seen.grad(&gradients).expect("the critic reads generated images");
        let adversarial = match self.loss {
            GanLoss::Relativistic => at_critic() * generator_share(lead).reshape([count, 1, 1, 1]),
            GanLoss::Hinge => self.hinge_gradient(seen.clone().inner(), show, conditions)?,
        };
        let mut gradients = (generated * Tensor::from_inner(adversarial)).sum().backward();
        let generator = collect(&self.generator, &mut gradients);
        Ok(BatchGradients { loss: values[0], lead: values[1], penalty: penalised, generator, critic })
    }

    /// The gradient of the generator's loss `-critic(generated)`. The critic's own gradient is 0 where the hinge is flat.
    fn hinge_gradient(
        &self,
        generated: Tensor<A::InnerBackend, 4>,
        show: impl Fn(Tensor<A, 4>) -> Tensor<A, 4>,
        conditions: &[Elements],
    ) -> Result<Tensor<A::InnerBackend, 4>, TrainError> {
        let count = generated.dims()[0];
        let seen = Tensor::<A, 4>::from_inner(generated).require_grad();
        let scores = critic_scores(&self.critic, show(seen.clone()), conditions)?.narrow(0, count, count);
        let gradients = scores.mean().neg().backward();
        Ok(seen.grad(&gradients).expect("the critic reads generated images"))
    }

    /// The critic's loss on wrong conditions, from the scores of [`Adversarial::scores_with_mismatch`].
    fn mismatch_loss(&self, scores: Tensor<A, 2>, mismatch: &Mismatch<'_>) -> Tensor<A, 1> {
        let count = mismatch.differs.len();
        let differs: Vec<f32> = mismatch.differs.iter().map(|differs| f32::from(u8::from(*differs))).collect();
        let differs = Tensor::from_data(TensorData::new(differs, [count, 1]), &self.device);
        let first = scores.dims()[0] - count;
        mismatch_loss(scores.clone().narrow(0, 0, count), scores.narrow(0, first, count), differs)
    }

    /// Scores of all images with their conditions, then of the first real ones with wrong conditions.
    fn scores_with_mismatch(
        &self,
        images: Tensor<A, 4>,
        conditions: &[Elements],
        mismatch: &Mismatch<'_>,
    ) -> Result<Tensor<A, 2>, RunError> {
        let again = images.clone().narrow(0, 0, mismatch.differs.len());
        let pairs = conditions.iter().zip(mismatch.conditions);
        let conditions: Vec<Elements> = pairs.map(|(own, wrong)| stacked(own, wrong)).collect();
        critic_scores(&self.critic, Tensor::cat(vec![images, again], 0), &conditions)
    }

    /// One update of both networks, by the sum of the gradients of `batches` batches.
    pub fn apply(&mut self, gradients: BatchGradients<A::InnerBackend>, rates: &LearningRates, batches: usize) {
        let [generator_adam, critic_adam] = &mut self.adam;
        let rate = |index, adam: &Adam<_>| rates.at(index, self.update, adam.updates()) / batches as f32;
        let (generator_rate, critic_rate) = (rate(0, generator_adam), rate(1, critic_adam));
        self.generator = generator_adam.apply::<A, _>(self.generator.clone(), gradients.generator, generator_rate);
        self.critic = critic_adam.apply::<A, _>(self.critic.clone(), gradients.critic, critic_rate);
        spectral::iterate(&mut self.critic, 1);
        self.update += 1;
    }

    /// Updates the running mean of weights, whose half-life is at most `half_life` images. An update has `images` of them.
    pub fn average(&mut self, images: f32, half_life: f32) {
        let seen = self.update as f32 * images;
        let half_life = half_life.min(AVERAGE_SHARE * seen).max(1e-3);
        let keep = 0.5f32.powf(images / half_life);
        self.average = average::update(self.average.clone(), &self.generator.valid(), keep);
    }

    /// The parts of a resume set: weights of generator, running mean and critic, and the optimisers' moments.
    pub fn parts(&self) -> [(&'static str, Tensors); 4] {
        let mut moments = Tensors::new();
        self.adam[0].save("generator", &mut moments);
        self.adam[1].save("critic", &mut moments);
        let [generator, average, critic] = [self.generator.weights(), self.average.weights(), self.critic.weights()]
            .map(|mut weights| {
                weights.retain(|name, _| self.learns(name));
                weights
            });
        [("generator", generator), ("average", average), ("critic", critic), ("moments", moments)]
    }

    /// Continues from a resume set.
    pub fn restore(&mut self, set: &ResumeSet) -> Result<(), TrainError> {
        self.generator = self.replaced(&self.generator, set, "generator")?;
        self.average = self.replaced(&self.generator, set, "average")?.valid();
        self.critic = self.replaced(&self.critic, set, "critic")?;
        self.update = set.record.update;
        let moments = set.moments();
        let load = |name, network: &Network<A>| -> Result<_, CheckpointError> {
            let trainable = |name: &str| self.learns(name) && !spectral::is_vector(name);
            let weights = network.weights();
            let count = weights.iter().filter(|(name, _)| trainable(name)).map(|(_, weight)| weight.len()).sum();
            Adam::load(ADAM, name, &moments, count, &self.device).map_err(|reason| set.malformed(reason))
        };
        self.adam = [load("generator", &self.generator)?, load("critic", &self.critic)?];
        Ok(())
    }

    /// The network with the weights of a part of a resume set.
    fn replaced(&self, network: &Network<A>, set: &ResumeSet, part: &str) -> Result<Network<A>, TrainError> {
        let mut graph = network.graph().graph().clone();
        set.replace(part, &mut graph.weights, |name| self.learns(name))?;
        self::network(&graph, self.fixed, &self.device)
    }

    fn learns(&self, name: &str) -> bool {
        !self.fixed.contains(&name)
    }
}

/// Scores `[count, 1]` of images, each with its row of every condition.
pub(crate) fn critic_scores<B: Backend>(
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

/// The rows of `above`, then those of `below`; both have one width and type.
pub(crate) fn stacked(above: &Elements, below: &Elements) -> Elements {
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
pub(crate) fn images<B: Backend>(values: Vec<f32>, shape: [usize; 4], device: &B::Device) -> Tensor<B, 4> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The number in a tensor of one element.
pub(crate) fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
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
