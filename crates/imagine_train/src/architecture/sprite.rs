//! Sprites of 32x32 pixels from a latent vector, a class and a prompt, and the critic that they are trained with.
//!
//! The generator mixes latent, class and words to a style, unfolds it to 4x4 pixels and doubles three times; every layer is
//! scaled and shifted by the style after a normalisation of single pixels. Inside, colour is multiplied by coverage; the
//! generator file has outputs of their own for colour and coverage, the latter 0 or 1.
//!
//! The critic halves three times with strided convolutions, has no operator whose gradient is not differentiable, and no
//! statistics over a batch. Class and words enter as a projection: Miyato and Koyama, "cGANs with Projection
//! Discriminator", ICLR 2018.

use imagine_graph::{
    Add, Card, Concat, DType, Dim, Distribution, Div, Flatten, Generator, Graph, GraphInput, Greater, InputKind,
    MatMul, Mul, OutputKind, ReduceSum, Reshape, Resize, Round, Sigmoid, SizeRule, Slice, Sub, Tensor, Where,
};
use rand::Rng;

use super::layers::Layers;

/// Side of a sprite in pixels.
pub const SIDE: usize = 32;
/// Gain that keeps the deviation through a leaky rectifier.
const GAIN: f32 = 1.4;
/// Slope of the coverage: a logit of 1 is opaque to 98 %.
const STEEPNESS: f32 = 4.0;
/// Weights of the generator that never learn.
pub const FIXED: [&str; 8] = ["norm_epsilon", "steepness", "half", "zero", "one", "residual", "score_scale", "double"];

/// Sizes of generator and critic.
#[derive(Clone, Debug, PartialEq)]
pub struct SpriteNetworks {
    /// Names of the classes; the first stands for any.
    pub classes: Vec<String>,
    /// Numbers of the latent vector.
    pub latent: usize,
    /// Tokens of a prompt.
    pub tokens: usize,
    /// Rows of the tables of words.
    pub buckets: usize,
    /// Width of a row.
    pub embedding: usize,
    /// Width of the style.
    pub style: usize,
    /// Channels at 4x4, 8x8 and 16x16 pixels, of the generator and of the critic.
    pub channels: [usize; 3],
    /// Channels at 32x32 pixels.
    pub finest: usize,
    /// Features that the critic judges by.
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
    /// The generator as it is trained: latent, class and prompt in; colour times coverage, and coverage, out.
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

    /// The generator as it is shipped, with the weights of `trained` where the names are the same.
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
        decided(&mut layers.graph, &color, &logit);
        let mut graph = layers.graph;
        for (name, weight) in &mut graph.weights {
            if let Some(trained) = trained.weights.get(name) {
                weight.clone_from(trained);
            }
        }
        let size = SizeRule { multiple: [SIDE; 2], min: [SIDE; 2], tiles: false };
        Generator { output: graph, recurrence: None, size, card }
    }

    /// The critic: sprites, class and prompt in, `[batch, 1]` scores out; with spectral normalisation of its convolutions and
    /// linear layers if it is `spectral`.
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
        let products = layers.graph.push("agreement", Mul {}, [features, &wanted]);
        let along = ReduceSum { axes: vec![1], ..ReduceSum::default() };
        let agreement = layers.graph.push("agreement.sum", along, [products.as_str()]);
        let scale = layers.graph.weight("score_scale", Tensor::scalar((width as f32).sqrt().recip()));
        let agreement = layers.graph.push("agreement.scaled", Mul {}, [agreement.as_str(), &scale]);
        let own = layers.linear("own", features, [width, 1], 1.0);
        layers.graph.push("score", Add {}, [own.as_str(), &agreement]);
        layers.graph.output("score", OutputKind::Tensor);
    }

    fn conditions(&self, graph: &mut Graph) {
        let class = InputKind::Choice { options: self.classes.clone(), default: 0 };
        graph.input("class", class, vec![Dim::BATCH, self.classes.len().into()]);
        let kind = InputKind::Prompt { buckets: self.buckets, default: String::new() };
        let shape = vec![Dim::BATCH, self.tokens.into()];
        graph.inputs.push(GraphInput { name: "prompt".into(), kind, dtype: DType::I32, shape });
    }

    /// Latent, class and prompt to four channels before their last nonlinearity.
    fn body(&self, layers: &mut Layers<impl Rng>, latent: &str) -> String {
        let [deep, middle, shallow] = self.channels;
        let style = self.style(layers, latent);
        let x = layers.linear("seed", &style, [self.style, deep * 16], 1.0);
        let shape = vec![Dim::BATCH, deep.into(), 4.into(), 4.into()];
        let x = layers.graph.push("at4", Reshape { shape, infer: None }, [x.as_str()]);
        layers.graph.weight("residual", Tensor::scalar(0.7));
        let x = self.residual(layers, "at4.a", &x, deep, &style);
        let x = layers.conv("at8.mix", &x, [deep, middle], 1, 1.0);
        let x = doubled(layers, "at8", &x);
        let x = self.residual(layers, "at8.a", &x, middle, &style);
        let x = self.residual(layers, "at8.b", &x, middle, &style);
        let x = layers.conv("at16.mix", &x, [middle, shallow], 1, 1.0);
        let x = doubled(layers, "at16", &x);
        let x = self.residual(layers, "at16.a", &x, shallow, &style);
        let x = self.residual(layers, "at16.b", &x, shallow, &style);
        let x = self.styled(layers, "at32", &x, shallow, &style);
        let x = layers.conv("at32.narrow", &x, [shallow, self.finest], 3, GAIN);
        let x = doubled(layers, "at32.doubled", &x);
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

/// Twice as high and wide by repeating pixels.
fn doubled(layers: &mut Layers<impl Rng>, name: &str, x: &str) -> String {
    let twice = Resize { scales: vec![2.0, 2.0], axes: vec![2, 3], ..Resize::default() };
    layers.graph.push(name, twice, [x])
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

/// Colour in as many shades of each primary as asked for, coverage 0 or 1, nothing where there is no coverage.
fn decided(graph: &mut Graph, color: &str, logit: &str) {
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
        let learnt = |graph: &Graph| graph.weights.keys().filter(|n| !FIXED.contains(&n.as_str())).cloned().collect();
        let (shipped, trained): (Vec<_>, Vec<_>) = (learnt(&shipped.output), learnt(&generator));
        assert_eq!(shipped, trained);
    }
}
