//! A classifier of sprites for evaluation: its network, its training on the real sprites of a set, and how often it sees the
//! requested class in generated sprites. It plays no part in training generators.
//!
//! Strided convolutions to 4x4 pixels, a layer of features, a score per class: about 5 MFLOP per sprite.

use burn::module::AutodiffModule;
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Dim, Flatten, Graph, InputKind, OutputKind, Size};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::data::SpriteSet;
use super::format::{SIDE, VALUES};
use crate::core::layers::Layers;
use crate::core::{Adam, AdamOptions, average};
use crate::error::TrainError;
use crate::gan::Augmentation;
use crate::metric::{Table, vendi};

/// Gain that keeps the standard deviation through a leaky rectifier.
const GAIN: f32 = 1.4;
/// Channels at 32x32, 16x16, 8x8 and 4x4 pixels.
const CHANNELS: [usize; 4] = [16, 32, 64, 64];
/// Width of the features.
const FEATURES: usize = 96;
/// How it is optimised.
const ADAM: AdamOptions = AdamOptions { first_decay: 0.9, second_decay: 0.99, unit_gradients: false };
/// Strength of augmentation.
const AUGMENT: f32 = 0.5;
/// Share of the old value in the running mean of weights.
const AVERAGE: f32 = 0.98;
/// Sprites classified at once.
const BATCH: usize = 256;

/// Options of training a classifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassifierOptions {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Updates of the weights. Default 1500.
    pub updates: u32,
    /// Sprites per batch. Default 64.
    pub batch: usize,
    /// Learning rate at the start; it falls to 0 along half a cosine. Default 0.002.
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

/// The classes and features of some sprites.
pub struct Classification {
    /// Features, a row per sprite.
    pub features: Table,
    /// Class of each sprite; never 0, which stands for any class.
    pub classes: Vec<usize>,
}

impl<B: Backend> Classifier<B> {
    /// Trains a classifier on the training sprites of `set`.
    pub fn train<A>(set: &SpriteSet, options: &ClassifierOptions, device: &A::Device) -> Result<Self, TrainError>
    where
        A: AutodiffBackend<InnerBackend = B>,
        B: Backend<Device = A::Device>,
    {
        let mut rng = StdRng::seed_from_u64(options.seed);
        // Class 0 stands for any class and has no sprites: the first score belongs to class 1.
        let classes = set.classes.len() - 1;
        let mut network = Network::<A>::new(&graph(classes, &mut rng).validate()?, device);
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

    /// Classifies sprites of [`VALUES`] numbers each.
    pub fn classify(&self, values: &[f32]) -> Result<Classification, TrainError> {
        let (mut features, mut classes) = (Vec::new(), Vec::new());
        for part in values.chunks(BATCH * VALUES) {
            let count = part.len() / VALUES;
            let data = TensorData::new(part.to_vec(), [count, 4, SIDE, SIDE]);
            let [found, scores] = run(&self.network, Tensor::<B, 4>::from_data(data, &self.device))?;
            let read = |tensor: Tensor<B, 2>| tensor.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default();
            features.extend(read(found));
            let columns = scores.dims()[1];
            let best = |row: &[f32]| 1 + (0..columns).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
            classes.extend(read(scores).chunks_exact(columns).map(best));
        }
        Ok(Classification { features: Table { width: FEATURES, values: features }, classes })
    }
}

/// Sprites `[batch, 4, 32, 32]` in; features `[batch, FEATURES]` and scores `[batch, classes]` out.
fn graph(classes: usize, rng: &mut impl Rng) -> Graph {
    let [at32, at16, at8, at4] = CHANNELS;
    let mut layers = Layers::new(rng);
    layers.graph.input("sprite", InputKind::Tensor, Dim::nchw(4));
    let x = layers.conv("at32", "sprite", [4, at32], 3, 2.0 * GAIN);
    let mut x = layers.leaky("at32.active", &x);
    for (stage, from, to) in [("at16", at32, at16), ("at8", at16, at8), ("at4", at8, at4)] {
        let halved = layers.conv(&format!("{stage}.halve"), &x, [from, to], 4, GAIN);
        x = layers.leaky(&format!("{stage}.active"), &halved);
    }
    let flat = layers.graph.push("flat", Flatten::default(), [x.as_str()]);
    let features = layers.linear("features", &flat, [at4 * 16, FEATURES], GAIN);
    let features = layers.leaky("features.active", &features);
    let scores = layers.linear("scores", &features, [FEATURES, classes], 0.3);
    layers.graph.output(&features, OutputKind::Tensor);
    layers.graph.output(&scores, OutputKind::Tensor);
    layers.graph
}

/// Features and scores.
fn run<B: Backend>(network: &Network<B>, images: Tensor<B, 4>) -> Result<[Tensor<B, 2>; 2], TrainError> {
    let size = Size::new(SIDE, SIDE).with_batch(images.dims()[0]);
    let mut outputs = network.run(vec![Value::from_tensor(images)], size, RandomState::default())?;
    let scores = outputs.remove(1).into_tensor();
    Ok([outputs.remove(0).into_tensor(), scores])
}

/// How often a classifier sees the right class, in generated and in held-back sprites.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassAgreement {
    /// Share of held-back sprites that get their own class.
    pub accuracy: f64,
    /// Generated sprites that were classified, equally many per class.
    pub asked: usize,
    /// Share of them that get the requested class, without a prompt.
    pub agreement: f64,
    /// Class by class.
    pub classes: Vec<ClassFigures>,
}

/// Figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Its name.
    pub name: String,
    /// Training sprites.
    pub trained: usize,
    /// Held-back sprites.
    pub held_back: usize,
    /// Share of held-back sprites that get this class.
    pub accuracy: f64,
    /// Share of generated sprites that get this class.
    pub agreement: f64,
    /// Vendi score of as many generated as held-back sprites.
    pub vendi: f64,
    /// Vendi score of the held-back sprites.
    pub vendi_held_back: f64,
}

/// Classes of sprites, and the classes that a classifier saw, in the same order.
pub(super) struct Classified<'a> {
    pub classes: &'a [usize],
    pub seen: &'a [usize],
}

impl Classified<'_> {
    /// Share of right classes, among the sprites of one class or all.
    fn share(&self, class: Option<usize>) -> f64 {
        let pairs = self.classes.iter().zip(self.seen).filter(|(own, _)| class.is_none_or(|class| class == **own));
        pairs.clone().filter(|(own, seen)| own == seen).count() as f64 / pairs.count().max(1) as f64
    }
}

/// The figures from classified sprites, and from features of the held-back sprites and of what was generated for them.
pub(super) fn agreement(
    set: &SpriteSet,
    held_back: &Classified,
    generated: &Classified,
    features: [&Table; 2],
) -> ClassAgreement {
    let figures = |class: usize| {
        let members: Vec<usize> =
            (0..held_back.classes.len()).filter(|index| held_back.classes[*index] == class).collect();
        let [vendi_held_back, vendi] = features.map(|table| vendi(&table.pick(&members)));
        ClassFigures {
            name: set.classes[class].clone(),
            trained: set.sprites.iter().filter(|sprite| sprite.class == class).count(),
            held_back: members.len(),
            accuracy: held_back.share(Some(class)),
            agreement: generated.share(Some(class)),
            vendi,
            vendi_held_back,
        }
    };
    ClassAgreement {
        accuracy: held_back.share(None),
        asked: generated.classes.len(),
        agreement: generated.share(None),
        classes: (1..set.classes.len()).map(figures).collect(),
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};

    use super::*;
    use crate::sprite::data::tests::synthetic_set;

    #[test]
    fn it_tells_unseen_discs_from_squares() {
        let set = synthetic_set(240);
        let options = ClassifierOptions { updates: 30, batch: 24, ..ClassifierOptions::default() };
        let classifier = Classifier::train::<Autodiff<Flex>>(&set, &options, &Default::default()).unwrap();
        let values: Vec<f32> = set.held_back.iter().flat_map(|sprite| sprite.values()).collect();
        let found = classifier.classify(&values).unwrap();
        let right = found.classes.iter().zip(&set.held_back).filter(|(found, sprite)| **found == sprite.class).count();
        assert!(right * 20 >= 19 * set.held_back.len(), "{right} of {}", set.held_back.len());
        assert_eq!((found.features.width, found.features.len()), (FEATURES, set.held_back.len()));
    }
}
