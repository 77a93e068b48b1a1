//! Trains the classifier that evaluation asks, on the sprites that a generator is trained on too.

use burn::module::AutodiffModule;
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::Size;
use imagine_graph::rng::RandomState;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::adam::{Adam, AdamOptions};
use super::average;
use crate::architecture::classifier::ClassifierNetwork;
use crate::architecture::sprite::SIDE;
use crate::augment::Augmentation;
use crate::data::{SpriteSet, VALUES};
use crate::error::TrainError;
use crate::metric::Table;

/// How it is optimised.
const ADAM: AdamOptions = AdamOptions { first_decay: 0.9, second_decay: 0.99, unit_gradients: false };
/// Strength of augmentation.
const AUGMENT: f32 = 0.5;
/// What the running mean of weights keeps at every update.
const AVERAGE: f32 = 0.98;
/// Most sprites judged at once.
const JUDGED: usize = 256;

/// How a classifier is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassifierOptions {
    /// Chooses all random numbers.
    pub seed: u64,
    /// Updates of the weights. Default 1500.
    pub updates: u32,
    /// Sprites in a batch. Default 64.
    pub batch: usize,
    /// Learning rate at the start; it falls to nothing along half a cosine. Default 0.002.
    pub rate: f32,
}

impl Default for ClassifierOptions {
    fn default() -> Self {
        Self { seed: 0, updates: 1500, batch: 64, rate: 2e-3 }
    }
}

/// A trained classifier.
pub struct Classifier<B: Backend> {
    network: Network<B>,
    device: B::Device,
}

/// What a classifier says of some sprites.
pub struct Judgement {
    /// The features it tells classes by, a row a sprite.
    pub features: Table,
    /// Index of each sprite's class; 0, any, is never one.
    pub classes: Vec<usize>,
}

impl<B: Backend> Classifier<B> {
    /// Trains a classifier of the classes of `set` on what is trained on of it.
    pub fn train<A>(set: &SpriteSet, options: &ClassifierOptions, device: &A::Device) -> Result<Self, TrainError>
    where
        A: AutodiffBackend<InnerBackend = B>,
        B: Backend<Device = A::Device>,
    {
        let mut rng = StdRng::seed_from_u64(options.seed);
        // Class 0 stands for any and has no sprites: the first score is that of class 1.
        let classes = set.classes.len() - 1;
        let graph = ClassifierNetwork::new(classes).graph(&mut rng).validate()?;
        let mut network = Network::<A>::new(&graph, device);
        let mut mean = network.valid();
        let mut adam = Adam::new(ADAM);
        for update in 0..options.updates {
            let batch = set.draw_labelled(options.batch, &mut rng);
            let images = TensorData::new(batch.values, [options.batch, 4, SIDE, SIDE]);
            let changes = Augmentation::draw(options.batch, SIDE, AUGMENT, &mut rng);
            let images = changes.apply(Tensor::<A, 4>::from_data(images, device));
            let [_, scores] = run(&network, images)?;
            let mut wanted = vec![0.0; options.batch * classes];
            batch.classes.iter().enumerate().for_each(|(row, class)| wanted[row * classes + class - 1] = 1.0);
            let wanted = Tensor::<A, 2>::from_data(TensorData::new(wanted, [options.batch, classes]), device);
            let loss = (log_softmax(scores, 1) * wanted).sum().div_scalar(-(options.batch as f32));
            let done = update as f32 / options.updates as f32;
            let rate = options.rate * 0.5 * (1.0 + (std::f32::consts::PI * done).cos());
            network = adam.update::<A, _>(network, &mut loss.backward(), rate);
            mean = average::update(mean, &network.valid(), AVERAGE.min(done * 10.0));
        }
        Ok(Self { network: mean, device: device.clone() })
    }

    /// Judges sprites of [`VALUES`] numbers each.
    pub fn judge(&self, values: &[f32]) -> Result<Judgement, TrainError> {
        let (mut rows, mut width, mut classes) = (Vec::new(), 0, Vec::new());
        for part in values.chunks(JUDGED * VALUES) {
            let count = part.len() / VALUES;
            let data = TensorData::new(part.to_vec(), [count, 4, SIDE, SIDE]);
            let [features, scores] = run(&self.network, Tensor::<B, 4>::from_data(data, &self.device))?;
            let read = |tensor: Tensor<B, 2>| tensor.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default();
            width = features.dims()[1];
            rows.extend(read(features));
            let columns = scores.dims()[1];
            let best = |row: &[f32]| 1 + (0..columns).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
            classes.extend(read(scores).chunks_exact(columns).map(best));
        }
        Ok(Judgement { features: Table { width, values: rows }, classes })
    }
}

/// Features and scores.
fn run<B: Backend>(network: &Network<B>, images: Tensor<B, 4>) -> Result<[Tensor<B, 2>; 2], TrainError> {
    let size = Size::new(SIDE, SIDE).with_batch(images.dims()[0]);
    let mut made = network.run(vec![Value::from_tensor(images)], size, RandomState::default())?;
    let scores = made.remove(1).into_tensor();
    Ok([made.remove(0).into_tensor(), scores])
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};

    use super::*;
    use crate::data::synthetic_set;

    #[test]
    fn it_tells_discs_from_squares_that_it_has_not_seen() {
        let set = synthetic_set(240);
        let options = ClassifierOptions { updates: 60, batch: 24, ..ClassifierOptions::default() };
        let classifier = Classifier::train::<Autodiff<Flex>>(&set, &options, &Default::default()).unwrap();
        let values: Vec<f32> = set.held_back.iter().flat_map(|sprite| sprite.values()).collect();
        let judged = classifier.judge(&values).unwrap();
        let right = judged.classes.iter().zip(&set.held_back).filter(|(found, sprite)| **found == sprite.class).count();
        assert!(right * 20 >= 19 * set.held_back.len(), "{right} of {}", set.held_back.len());
        assert_eq!((judged.features.width, judged.features.len()), (96, set.held_back.len()));
    }
}
