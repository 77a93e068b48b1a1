//! The generator of sprites from a latent vector, a class and a prompt, and its critic.
//!
//! The generator mixes latent, class and words into a style, unfolds that to 4x4 pixels and doubles three times. The style
//! scales and shifts each layer after a pixelwise normalisation. In training the output is colour times coverage, and
//! coverage; the generator file has separate outputs, with a coverage of 0 or 1.
//!
//! The critic halves three times with strided convolutions. All its gradients are differentiable, and it has no statistics
//! over a batch. Class and words enter as a projection: Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.

use imagine_graph::{
    Add, Card, Concat, DType, Dim, Distribution, Div, Extent, Flatten, Generator, Graph, GraphInput, Greater,
    InputKind, MatMul, Mul, OutputKind, Reshape, Round, Sigmoid, SizeRule, Slice, Sub, Tensor, Where,
};
use rand::Rng;

use super::format::SIDE;
use crate::core::layers::Layers;

/// Gain that keeps the standard deviation through a leaky rectifier.
const GAIN: f32 = 1.4;
/// Slope of the coverage: a logit of 1 is opaque to 98 %.
const STEEPNESS: f32 = 4.0;
/// Names of the networks' constants.
pub const FIXED: [&str; 8] = ["norm_epsilon", "steepness", "half", "zero", "one", "residual", "score_scale", "double"];

/// Sizes of generator and critic.
#[derive(Clone, Debug, PartialEq)]
pub struct SpriteNetworks {
    /// Names of the classes; the first stands for any class.
    pub classes: Vec<String>,
    /// Width of the latent vector.
    pub latent: usize,
    /// Tokens per prompt.
    pub tokens: usize,
    /// Rows of the tables of words.
    pub buckets: usize,
    /// Width of the tables of classes and words.
    pub embedding: usize,
    /// Width of the style.
    pub style: usize,
    /// Channels at 4x4, 8x8 and 16x16 pixels, for both networks.
    pub channels: [usize; 3],
    /// Channels at 32x32 pixels.
    pub finest: usize,
    /// Width of the critic's features.
    pub features: usize,
}

impl Default for SpriteNetworks {
    fn default() -> Self {
        Self {
            classes: vec!["any".into()],
            latent: 64,
            tokens: 24,
            buckets: 4096,
            embedding: 24,
            style: 96,
            channels: [160, 96, 48],
            finest: 24,
            features: 96,
        }
    }
}

impl SpriteNetworks {
    /// The generator for training: latent, class and prompt in; colour times coverage, and coverage, out.
    pub fn generator(&self, rng: &mut impl Rng) -> Graph {
        let mut layers = Layers::new(rng);
        layers.graph.input("latent", InputKind::Latent(Distribution::Normal), vec![Dim::BATCH, self.latent.into()]);
        self.conditions(&mut layers.graph);
        let raw = self.body(&mut layers, "latent");
        let [color, logit] = color_and_logit(&mut layers.graph, &raw);
        let graph = &mut layers.graph;
        let coverage = graph.push("coverage", Sigmoid {}, [logit.as_str()]);
        let shown = graph.push("shown", Mul {}, [color.as_str(), &coverage]);
        graph.push("sprite", Concat { axis: 1 }, [shown.as_str(), &coverage]);
        graph.output("sprite", OutputKind::Tensor);
        layers.graph
    }

    /// The generator for files, with the weights of `trained` that have the same names.
    pub fn shipped(&self, trained: &Graph, card: Card, rng: &mut impl Rng) -> Generator {
        let mut layers = Layers::new(rng);
        let graph = &mut layers.graph;
        graph.input("latent", InputKind::Latent(Distribution::Normal), vec![Dim::BATCH, self.latent.into()]);
        self.conditions(graph);
        let truncation = InputKind::Range { min: 0.0, max: 1.5, default: 0.8 };
        graph.input("truncation", truncation, vec![1.into(), 1.into()]);
        graph.input("shades", InputKind::Range { min: 2.0, max: 64.0, default: 32.0 }, vec![1.into(); 4]);
        let latent = graph.push("latent.truncated", Mul {}, ["latent", "truncation"]);
        let raw = self.body(&mut layers, &latent);
        let [color, logit] = color_and_logit(&mut layers.graph, &raw);
        quantised(&mut layers.graph, &color, &logit);
        let mut graph = layers.graph;
        for (name, weight) in &mut graph.weights {
            if let Some(trained) = trained.weights.get(name) {
                weight.clone_from(trained);
            }
        }
        let size = SizeRule { multiple: Extent::splat(SIDE), min: Extent::splat(SIDE), tiles: false };
        Generator { output: graph, recurrence: None, size, card }
    }

    /// The critic: sprites, class and prompt in, `[batch, 1]` scores out. With `spectral`, its convolutions and linear layers
    /// have spectral normalisation.
    pub fn critic(&self, spectral: bool, rng: &mut impl Rng) -> Graph {
        let [deep, middle, shallow] = self.channels;
        let mut layers = Layers::new(rng);
        layers.spectral = spectral;
        layers.graph.input("sprite", InputKind::Tensor, Dim::nchw(4));
        self.conditions(&mut layers.graph);
        let double = layers.graph.weight("double", Tensor::scalar(2.0));
        let x = layers.graph.push("spread", Mul {}, ["sprite", &double]);
        let x = layers.conv("pixels", &x, [4, self.finest], 3, GAIN);
        let mut x = layers.leaky("pixels.active", &x);
        let mut from = self.finest;
        for (stage, to) in [("at16", shallow), ("at8", middle), ("at4", deep)] {
            let halved = layers.conv(&format!("{stage}.halve"), &x, [from, to], 4, GAIN);
            let halved = layers.leaky(&format!("{stage}.halve.active"), &halved);
            let more = layers.conv(&format!("{stage}.more"), &halved, [to, to], 3, 0.7);
            let more = layers.leaky(&format!("{stage}.more.active"), &more);
            x = layers.graph.push(&format!("{stage}.sum"), Add {}, [halved.as_str(), &more]);
            from = to;
        }
        let flat = layers.graph.push("flat", Flatten::default(), [x.as_str()]);
        let features = layers.linear("features", &flat, [deep * 16, self.features], GAIN);
        let features = layers.leaky("features.active", &features);
        self.projection(&mut layers, &features);
        layers.graph
    }

    /// `psi(features) + features . (class + words) / sqrt(width)`.
    fn projection(&self, layers: &mut Layers<impl Rng>, features: &str) {
        let width = self.features;
        let class = layers.normal("class.table", &[self.classes.len(), width], 0.7);
        let class = layers.graph.push("class.row", MatMul {}, ["class", &class]);
        let words = layers.bag("words", "prompt", [self.buckets, self.embedding]);
        let words = layers.linear("words.wide", &words, [self.embedding, width], 0.7);
        let wanted = layers.graph.push("wanted", Add {}, [class.as_str(), &words]);
        layers.projection(features, &wanted, width);
    }

    fn conditions(&self, graph: &mut Graph) {
        let class = InputKind::Choice { options: self.classes.clone(), default: 0 };
        graph.input("class", class, vec![Dim::BATCH, self.classes.len().into()]);
        let kind = InputKind::Prompt { buckets: self.buckets, default: String::new() };
        let shape = vec![Dim::BATCH, self.tokens.into()];
        graph.inputs.push(GraphInput { name: "prompt".into(), kind, dtype: DType::I32, shape });
    }

    /// From latent, class and prompt to four channels before their last nonlinearity.
    fn body(&self, layers: &mut Layers<impl Rng>, latent: &str) -> String {
        let [deep, middle, shallow] = self.channels;
        let style = self.style(layers, latent);
        let x = layers.linear("seed", &style, [self.style, deep * 16], 1.0);
        let shape = vec![Dim::BATCH, deep.into(), 4.into(), 4.into()];
        let x = layers.graph.push("at4", Reshape { shape, infer: None }, [x.as_str()]);
        layers.graph.weight("residual", Tensor::scalar(0.7));
        let x = self.residual(layers, "at4.a", &x, deep, &style);
        let x = layers.conv("at8.mix", &x, [deep, middle], 1, 1.0);
        let x = layers.repeated("at8", &x, 2);
        let x = self.residual(layers, "at8.a", &x, middle, &style);
        let x = self.residual(layers, "at8.b", &x, middle, &style);
        let x = layers.conv("at16.mix", &x, [middle, shallow], 1, 1.0);
        let x = layers.repeated("at16", &x, 2);
        let x = self.residual(layers, "at16.a", &x, shallow, &style);
        let x = self.residual(layers, "at16.b", &x, shallow, &style);
        let x = self.styled(layers, "at32", &x, shallow, &style);
        let x = layers.conv("at32.narrow", &x, [shallow, self.finest], 3, GAIN);
        let x = layers.repeated("at32.doubled", &x, 2);
        let x = layers.conv("at32.conv", &x, [self.finest, self.finest], 3, GAIN);
        let x = layers.leaky("at32.pixels", &x);
        layers.conv("raw", &x, [self.finest, 4], 3, 1.0)
    }

    fn style(&self, layers: &mut Layers<impl Rng>, latent: &str) -> String {
        let class = layers.normal("class.table", &[self.classes.len(), self.embedding], 1.0);
        let class = layers.graph.push("class.row", MatMul {}, ["class", &class]);
        let words = layers.bag("words", "prompt", [self.buckets, self.embedding]);
        let mixed = layers.graph.push("wanted", Concat { axis: 1 }, [latent, &class, &words]);
        let width = self.latent + 2 * self.embedding;
        let x = layers.linear("mapping.a", &mixed, [width, 128], GAIN);
        let x = layers.leaky("mapping.a.active", &x);
        let x = layers.linear("mapping.b", &x, [128, self.style], GAIN);
        layers.leaky("style", &x)
    }

    /// Normalised, scaled and shifted by the style, rectified.
    fn styled(&self, layers: &mut Layers<impl Rng>, name: &str, x: &str, channels: usize, style: &str) -> String {
        let x = layers.pixel_norm(&format!("{name}.norm"), x);
        let x = layers.modulate(&format!("{name}.style"), &x, channels, style, self.style);
        layers.leaky(&format!("{name}.active"), &x)
    }

    /// `0.7 x + conv(styled(x))`.
    fn residual(&self, layers: &mut Layers<impl Rng>, name: &str, x: &str, channels: usize, style: &str) -> String {
        let changed = self.styled(layers, name, x, channels, style);
        let changed = layers.conv(&format!("{name}.conv"), &changed, [channels, channels], 3, 1.0);
        let kept = layers.graph.push(&format!("{name}.kept"), Mul {}, [x, "residual"]);
        layers.graph.push(&format!("{name}.sum"), Add {}, [kept.as_str(), &changed])
    }
}

/// Colour from 0 to 1, and the logit of the coverage.
fn color_and_logit(graph: &mut Graph, raw: &str) -> [String; 2] {
    let channels = |range: std::ops::Range<i64>| Slice {
        starts: vec![range.start],
        ends: vec![range.end],
        axes: vec![1],
        steps: vec![],
    };
    let color = graph.push("color.raw", channels(0..3), [raw]);
    let color = graph.push("color", Sigmoid {}, [color.as_str()]);
    let coverage = graph.push("coverage.raw", channels(3..4), [raw]);
    graph.weight("steepness", Tensor::scalar(STEEPNESS));
    [color, graph.push("coverage.logit", Mul {}, [coverage.as_str(), "steepness"])]
}

/// The file's outputs: colour in `shades` per primary, black without coverage; coverage 0 or 1.
fn quantised(graph: &mut Graph, color: &str, logit: &str) {
    for (name, value) in [("zero", 0.0), ("one", 1.0)] {
        graph.weight(name, Tensor::scalar(value));
    }
    let opaque = graph.push("opaque", Greater {}, [logit, "zero"]);
    graph.push("alpha", Where {}, [opaque.as_str(), "one", "zero"]);
    let whole = graph.push("shades.whole", Round {}, ["shades"]);
    let steps = graph.push("shades.steps", Sub {}, [whole.as_str(), "one"]);
    let scaled = graph.push("color.scaled", Mul {}, [color, &steps]);
    let rounded = graph.push("color.rounded", Round {}, [scaled.as_str()]);
    let shade = graph.push("color.shade", Div {}, [rounded.as_str(), &steps]);
    graph.push("base_color", Mul {}, [shade.as_str(), "alpha"]);
    graph.output("base_color", OutputKind::BaseColor);
    graph.output("alpha", OutputKind::Alpha);
}

#[cfg(test)]
mod tests {
    use super::*;
    use imagine_graph::Size;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn the_networks_are_valid_and_small_enough_to_ship() {
        let networks = SpriteNetworks::default();
        let mut rng = StdRng::seed_from_u64(0);
        let (generator, critic) = (networks.generator(&mut rng), networks.critic(false, &mut rng));
        assert!(generator.parameters() <= 1_500_000, "{}", generator.parameters());
        println!("{} and {} parameters", generator.parameters(), critic.parameters());
        for graph in [&generator, &critic] {
            graph.validate().unwrap().bind(Size::new(SIDE, SIDE).with_batch(3)).unwrap();
        }
        let shipped = networks.shipped(&generator, Card::default(), &mut rng);
        shipped.validate().unwrap();
        let trainable =
            |graph: &Graph| graph.weights.keys().filter(|n| !FIXED.contains(&n.as_str())).cloned().collect();
        let (shipped, trained): (Vec<_>, Vec<_>) = (trainable(&shipped.output), trainable(&generator));
        assert_eq!(shipped, trained);
    }
}
