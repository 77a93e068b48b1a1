//! Layers as nodes of a graph, with fresh random weights: the vocabulary in which networks are written.

use imagine_graph::{
    Add, Cast, Clip, Conv, DType, Dim, Div, Gather, Graph, LeakyRelu, MatMul, Mul, OutputKind, PadMode, ReduceMean,
    ReduceSum, Reshape, Resize, Sqrt, Tensor, Unsqueeze,
};
use rand::Rng;

use super::rng::normal;

/// Slope of [`Layers::leaky`] where its input is negative.
const SLOPE: f32 = 0.2;

/// Suffix of the name of a weight's left singular vector.
pub const LEFT: &str = ".left";
/// Suffix of the name of a weight's right singular vector.
pub const RIGHT: &str = ".right";

/// A graph under construction. Each layer names its nodes and weights after itself and returns the name of its output.
pub struct Layers<'a, R> {
    /// The graph so far.
    pub graph: Graph,
    /// Whether convolutions and linear layers divide their weights by the weights' largest singular value.
    pub spectral: bool,
    rng: &'a mut R,
}

impl<'a, R: Rng> Layers<'a, R> {
    /// An empty graph; weights are drawn from `rng`.
    pub fn new(rng: &'a mut R) -> Self {
        Self { graph: Graph::default(), spectral: false, rng }
    }

    /// A weight of random normal numbers.
    pub fn normal(&mut self, name: &str, shape: &[usize], deviation: f32) -> String {
        let count = shape.iter().product::<usize>();
        let elements: Vec<f32> = (0..count).map(|_| normal(self.rng) * deviation).collect();
        self.graph.weight(name, Tensor::f32(shape, elements))
    }

    /// The score of a projection critic, `psi(features) + features . wanted / sqrt(width)`, as the output "score".
    /// Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.
    pub fn projection(&mut self, features: &str, wanted: &str, width: usize) {
        let products = self.graph.push("agreement", Mul {}, [features, wanted]);
        let along = ReduceSum { axes: vec![1], ..ReduceSum::default() };
        let agreement = self.graph.push("agreement.sum", along, [products.as_str()]);
        let scale = self.graph.weight("score_scale", Tensor::scalar((width as f32).sqrt().recip()));
        let agreement = self.graph.push("agreement.scaled", Mul {}, [agreement.as_str(), &scale]);
        let own = self.linear("own", features, [width, 1], 1.0);
        self.graph.push("score", Add {}, [own.as_str(), &agreement]);
        self.graph.output("score", OutputKind::Tensor);
    }

    /// A weight of one value.
    pub fn constant(&mut self, name: &str, shape: &[usize], value: f32) -> String {
        self.graph.weight(name, Tensor::f32(shape, vec![value; shape.iter().product()]))
    }

    /// Spectral normalisation: the weight, as a matrix of its first axis by the others, divided by `left . matrix . right`.
    /// That is its largest singular value once power iteration has found the singular vectors ([`LEFT`], [`RIGHT`]), which
    /// the trainer keeps up to date. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    fn normalised(&mut self, weight: String, shape: &[usize]) -> String {
        if !self.spectral {
            return weight;
        }
        let part = |suffix: &str| format!("{weight}.{suffix}");
        let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
        let left = self.normal(&format!("{weight}{LEFT}"), &[1, rows], (rows as f32).sqrt().recip());
        let right = self.normal(&format!("{weight}{RIGHT}"), &[columns, 1], (columns as f32).sqrt().recip());
        let reshape = |shape: Vec<usize>| Reshape { shape: shape.into_iter().map(Dim::from).collect(), infer: None };
        let matrix = self.graph.push(&part("matrix"), reshape(vec![rows, columns]), [weight.as_str()]);
        let row = self.graph.push(&part("row"), MatMul {}, [left.as_str(), &matrix]);
        let value = self.graph.push(&part("singular"), MatMul {}, [row.as_str(), &right]);
        let value = self.graph.push(&part("singular.shaped"), reshape(vec![1; shape.len()]), [value.as_str()]);
        self.graph.push(&part("normalised"), Div {}, [weight.as_str(), &value])
    }

    /// A convolution with bias. A kernel of 4 halves height and width, 1 and 3 keep them. `gain` is the standard deviation of
    /// the output for inputs of deviation 1.
    pub fn conv(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], kernel: usize, gain: f32) -> String {
        let fan_in = (inputs * kernel * kernel) as f32;
        let weight = self.normal(&format!("{name}.weight"), &[outputs, inputs, kernel, kernel], gain / fan_in.sqrt());
        let bias = self.constant(&format!("{name}.bias"), &[outputs], 0.0);
        let weight = self.normalised(weight, &[outputs, inputs, kernel, kernel]);
        let op = match kernel {
            4 => Conv { strides: vec![2, 2], pads: vec![1; 4], ..Conv::default() },
            _ => Conv::same(kernel, PadMode::Constant),
        };
        self.graph.push(name, op, [x, &weight, &bias])
    }

    /// `x * weight + bias`, a matrix product.
    pub fn linear(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], gain: f32) -> String {
        let weight = self.normal(&format!("{name}.weight"), &[inputs, outputs], gain / (inputs as f32).sqrt());
        let bias = self.constant(&format!("{name}.bias"), &[outputs], 0.0);
        let weight = self.normalised(weight, &[inputs, outputs]);
        let product = self.graph.push(&format!("{name}.product"), MatMul {}, [x, &weight]);
        self.graph.push(name, Add {}, [product.as_str(), &bias])
    }

    /// The leaky rectifier.
    pub fn leaky(&mut self, name: &str, x: &str) -> String {
        self.graph.push(name, LeakyRelu { alpha: SLOPE }, [x])
    }

    /// Each pixel divided by the root mean square of its channels: no statistics over height and width.
    pub fn pixel_norm(&mut self, name: &str, x: &str) -> String {
        let part = |suffix: &str| format!("{name}.{suffix}");
        let epsilon = self.graph.weight("norm_epsilon", Tensor::scalar(1e-4));
        let squares = self.graph.push(&part("squares"), Mul {}, [x, x]);
        let mean = ReduceMean { axes: vec![1], ..ReduceMean::default() };
        let mean = self.graph.push(&part("mean"), mean, [squares.as_str()]);
        let above = self.graph.push(&part("above_zero"), Add {}, [mean.as_str(), &epsilon]);
        let root = self.graph.push(&part("root"), Sqrt {}, [above.as_str()]);
        self.graph.push(name, Div {}, [x, &root])
    }

    /// `x * (1 + scale) + shift` per channel, both linear in `style` of `width`.
    pub fn modulate(&mut self, name: &str, x: &str, channels: usize, style: &str, width: usize) -> String {
        let part = |suffix: &str| format!("{name}.{suffix}");
        let planes = Unsqueeze { axes: vec![2, 3] };
        let scale = self.linear(&part("scale"), style, [width, channels], 0.5);
        self.constant(&part("scale.bias"), &[channels], 1.0);
        let shift = self.linear(&part("shift"), style, [width, channels], 0.5);
        let scale = self.graph.push(&part("scale.planes"), planes.clone(), [scale.as_str()]);
        let shift = self.graph.push(&part("shift.planes"), planes, [shift.as_str()]);
        let scaled = self.graph.push(&part("scaled"), Mul {}, [x, &scale]);
        self.graph.push(name, Add {}, [scaled.as_str(), &shift])
    }

    /// Nearest-neighbour up-sampling by `times`.
    pub fn repeated(&mut self, name: &str, x: &str, times: usize) -> String {
        let resize = Resize { scales: vec![times as f32; 2], axes: vec![2, 3], ..Resize::default() };
        self.graph.push(name, resize, [x])
    }

    /// A bag of words: the sum of the tokens' embeddings over the square root of their count. Token 0 is padding.
    pub fn bag(&mut self, name: &str, tokens: &str, [rows, width]: [usize; 2]) -> String {
        let part = |suffix: &str| format!("{name}.{suffix}");
        let table = self.normal(&part("table"), &[rows, width], 1.0);
        let picked = self.graph.push(&part("rows"), Gather { axis: 0 }, [table.as_str(), tokens]);
        let number = self.graph.push(&part("number"), Cast::to(DType::F32), [tokens]);
        let given = self.graph.push(&part("given"), Clip { min: Some(0.0), max: Some(1.0) }, [number.as_str()]);
        let mask = self.graph.push(&part("mask"), Unsqueeze { axes: vec![2] }, [given.as_str()]);
        let masked = self.graph.push(&part("masked"), Mul {}, [picked.as_str(), &mask]);
        let along = |keepdims| ReduceSum { axes: vec![1], keepdims, ..ReduceSum::default() };
        let sum = self.graph.push(&part("sum"), along(false), [masked.as_str()]);
        let count = self.graph.push(&part("count"), along(true), [given.as_str()]);
        let count = self.graph.push(&part("at_least_one"), Clip { min: Some(1.0), max: None }, [count.as_str()]);
        let root = self.graph.push(&part("root"), Sqrt {}, [count.as_str()]);
        self.graph.push(name, Div {}, [sum.as_str(), &root])
    }
}
