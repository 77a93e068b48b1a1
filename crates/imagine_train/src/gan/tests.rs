//! A second user of the loop, as small as a family can be: pictures of one grey, without conditions.

use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Card, Dim, Generator, Graph, InputKind, OutputKind, ReduceMean, Size, SizeRule, Tensor as Elements,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::testing::assert_resuming_repeats;
use super::*;
use crate::core::layers::Layers;
use crate::core::{Identity, Trainer, identity, rng};
use crate::error::TrainError;

const SIDE: usize = 8;
const AREA: usize = SIDE * SIDE;
const GREY: f32 = 0.75;

/// The options are all it needs.
struct Greys(GanOptions);

impl Greys {
    fn generate<B: Backend>(
        &self,
        generator: &Network<B>,
        device: &B::Device,
        rng: &mut StdRng,
    ) -> Result<Tensor<B, 4>, RunError> {
        let latent: Vec<f32> = (0..self.0.batch * AREA).map(|_| rng::normal(rng)).collect();
        let latent = Value::from_data(&Elements::f32([self.0.batch, 1, SIDE, SIDE], latent), device);
        let size = Size::new(SIDE, SIDE).with_batch(self.0.batch);
        Ok(generator.run(vec![latent], size, RandomState::default())?.remove(0).into_tensor())
    }
}

impl<A: AutodiffBackend> Task<A> for Greys {
    const IMAGES: &'static str = "pictures";
    const FIXED: &'static [&'static str] = &[];

    fn options(&self) -> &GanOptions {
        &self.0
    }

    fn graphs(&self, rng: &mut StdRng) -> [Graph; 2] {
        let mut generator = Layers::new(rng);
        generator.graph.input("latent", InputKind::Tensor, Dim::nchw(1));
        let grey = generator.conv("grey", "latent", [1, 1], 3, 0.3);
        generator.graph.output(&grey, OutputKind::Tensor);
        let generator = generator.graph;
        let mut critic = Layers::new(rng);
        critic.graph.input("pictures", InputKind::Tensor, Dim::nchw(1));
        let x = critic.conv("edges", "pictures", [1, 8], 3, 1.0);
        let x = critic.leaky("edges.active", &x);
        let mean = ReduceMean { axes: vec![2, 3], keepdims: false, ..ReduceMean::default() };
        let x = critic.graph.push("mean", mean, [x.as_str()]);
        let score = critic.linear("score", &x, [8, 1], 1.0);
        critic.graph.output(&score, OutputKind::Tensor);
        [generator, critic.graph]
    }

    fn identity(&self) -> Identity {
        identity([("grey", GREY.to_string())])
    }

    fn learn(
        &mut self,
        networks: &Adversarial<A>,
        rng: &mut StdRng,
    ) -> Result<BatchGradients<A::InnerBackend>, TrainError> {
        let generated = self.generate(&networks.generator, &networks.device, rng)?;
        let real = images::<A>(vec![GREY; self.0.batch * AREA], generated.dims(), &networks.device);
        let show = |seen| Tensor::cat(vec![real.clone(), seen], 0);
        networks.learn(generated, show, &[], self.0.penalty_at(networks.update), None)
    }

    fn observe(&mut self, _: &Adversarial<A>, _: &mut f32, _: &mut StdRng) -> Result<(), TrainError> {
        Ok(())
    }

    fn figure(&self) -> (&'static str, f32) {
        ("grey", GREY)
    }

    fn distance(&self, networks: &Adversarial<A>) -> Result<f64, TrainError> {
        let made = self.generate(&networks.average, &networks.device, &mut StdRng::seed_from_u64(0))?;
        Ok(scalar(made.sub_scalar(GREY).powi_scalar(2).mean()).into())
    }

    fn sheet(&self, _: &Adversarial<A>) -> Result<image::RgbImage, TrainError> {
        Ok(image::RgbImage::new(1, 1))
    }

    fn sha256(&self) -> &str {
        ""
    }

    fn recipe(&self) -> String {
        "greys".into()
    }

    fn shipped(&self, trained: &Graph, card: Card) -> Generator {
        let [mut output, _] = Task::<A>::graphs(self, &mut StdRng::seed_from_u64(0));
        output.weights.clone_from(&trained.weights);
        Generator { output, recurrence: None, size: SizeRule::default(), card }
    }
}

type Differentiable = Autodiff<Flex>;

fn training() -> Training<Differentiable, Greys> {
    let options = GanOptions {
        batch: 4,
        updates: 100,
        warm_up: 1,
        cool_down: 0,
        penalty_every: 2,
        generator_rate: 1e-2,
        critic_rate: 1e-2,
        ..GanOptions::default()
    };
    Training::new(Greys(options), &Default::default()).unwrap()
}

#[test]
fn the_loop_trains_any_task() {
    let mut training = training();
    let distance = |training: &Training<Differentiable, Greys>| training.task.distance(&training.networks).unwrap();
    let before = distance(&training);
    (0..100).for_each(|_| training.advance().unwrap());
    let after = distance(&training);
    assert!(after < 0.2 * before, "{before} -> {after}");
    assert_eq!(
        (
            training.progress(1.0, std::time::Duration::ZERO).unit,
            training.progress(1.0, std::time::Duration::ZERO).figure
        ),
        ("pictures", ("grey", GREY))
    );
    let generator = training.generator(&Card::default());
    assert_eq!((generator.card.recipe.as_str(), generator.card.metrics["pictures"]), ("greys", 400.0));
    generator.validate().unwrap();
}

#[test]
fn a_resumed_training_repeats_the_uninterrupted_one() {
    assert_resuming_repeats(training);
}
