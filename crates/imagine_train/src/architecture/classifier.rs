//! A classifier of sprites of 32x32 pixels, which evaluation asks whether a generator made the class that it was asked for.
//!
//! Strided convolutions to 4x4 pixels, a layer of features, a score for every class: about 5 MFLOP a sprite. It never judges
//! a generator in training.

use imagine_graph::{Dim, Flatten, Graph, InputKind, OutputKind};
use rand::Rng;

use super::layers::Layers;

/// Gain that keeps the deviation through a leaky rectifier.
const GAIN: f32 = 1.4;

/// Sizes of a classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierNetwork {
    /// Classes that are told apart.
    pub classes: usize,
    /// Channels at 32x32, 16x16, 8x8 and 4x4 pixels.
    pub channels: [usize; 4],
    /// Features that the classes are told by.
    pub features: usize,
}

impl ClassifierNetwork {
    /// The usual sizes for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, channels: [16, 32, 64, 64], features: 96 }
    }

    /// The graph: sprites `[batch, 4, 32, 32]` in; features `[batch, features]` and scores `[batch, classes]` out.
    pub fn graph(&self, rng: &mut impl Rng) -> Graph {
        let [at32, at16, at8, at4] = self.channels;
        let mut layers = Layers::new(rng);
        layers.graph.input("sprite", InputKind::Tensor, Dim::nchw(4));
        let x = layers.conv("at32", "sprite", [4, at32], 3, 2.0 * GAIN);
        let mut x = layers.leaky("at32.active", &x);
        for (stage, from, to) in [("at16", at32, at16), ("at8", at16, at8), ("at4", at8, at4)] {
            let halved = layers.conv(&format!("{stage}.halve"), &x, [from, to], 4, GAIN);
            x = layers.leaky(&format!("{stage}.active"), &halved);
        }
        let flat = layers.graph.push("flat", Flatten::default(), [x.as_str()]);
        let features = layers.linear("features", &flat, [at4 * 16, self.features], GAIN);
        let features = layers.leaky("features.active", &features);
        let scores = layers.linear("scores", &features, [self.features, self.classes], 0.3);
        layers.graph.output(&features, OutputKind::Tensor);
        layers.graph.output(&scores, OutputKind::Tensor);
        layers.graph
    }
}
