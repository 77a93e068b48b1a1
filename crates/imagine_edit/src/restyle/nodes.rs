//! Nodes of graphs that compute on integers: bytes and their sums, held exactly in 32-bit floats.

use std::collections::BTreeSet;

use imagine_graph::{
    Add, Cast, Clip, Concat, Conv, DType, Div, Floor, Gather, Graph, Mul, Op, Pad, PadMode, Slice, Sub, Tensor,
    TensorData,
};

/// Weights of the binomial filter along an axis; their sum is 16.
pub(super) const BINOMIAL: [i32; 5] = [1, 4, 6, 4, 1];

/// A graph under construction. Values are named after the part that computes them.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub graph: Graph,
    part: String,
    count: usize,
    numbers: BTreeSet<String>,
}

impl Nodes {
    /// Names of the following nodes begin with `part`, which is used once.
    pub fn part(&mut self, part: &str) {
        self.part = part.into();
        self.count = 0;
    }

    /// Adds a node and returns the name of its value.
    pub fn node(&mut self, op: impl Into<Op>, inputs: &[&str]) -> String {
        let op = op.into();
        self.count += 1;
        let name = format!("{}.{}_{}", self.part, op.name().to_lowercase(), self.count);
        self.graph.push(&name, op, inputs.iter().copied())
    }

    /// Adds a weight of this part.
    pub fn weight(&mut self, name: &str, tensor: Tensor) -> String {
        let name = format!("{}.{name}", self.part);
        self.graph.weight(&name, tensor)
    }

    fn number(&mut self, number: f32) -> String {
        let name = format!("number.{number}");
        if self.numbers.insert(name.clone()) {
            self.graph.weight(&name, Tensor::f32([1, 1, 1, 1], vec![number]));
        }
        name
    }

    fn integer(&mut self, integer: i32) -> String {
        let name = format!("integer.{integer}");
        if self.numbers.insert(name.clone()) {
            self.graph.weight(&name, Tensor::new(vec![1; 4], TensorData::I32(vec![integer])));
        }
        name
    }

    pub fn sum(&mut self, a: &str, b: &str) -> String {
        self.node(Add {}, &[a, b])
    }

    pub fn difference(&mut self, a: &str, b: &str) -> String {
        self.node(Sub {}, &[a, b])
    }

    pub fn product(&mut self, a: &str, b: &str) -> String {
        self.node(Mul {}, &[a, b])
    }

    pub fn plus(&mut self, value: &str, number: f32) -> String {
        let number = self.number(number);
        self.sum(value, &number)
    }

    pub fn times(&mut self, value: &str, factor: f32) -> String {
        let factor = self.number(factor);
        self.product(value, &factor)
    }

    /// The value times `factor`, rounded down.
    pub fn share(&mut self, value: &str, factor: f32) -> String {
        let product = self.times(value, factor);
        self.node(Floor {}, &[&product])
    }

    /// The nearest integer.
    pub fn rounded(&mut self, value: &str) -> String {
        let raised = self.plus(value, 0.5);
        self.node(Floor {}, &[&raised])
    }

    pub fn clipped(&mut self, value: &str, [min, max]: [f32; 2]) -> String {
        self.node(Clip { min: Some(min), max: Some(max) }, &[value])
    }

    pub fn integers(&mut self, value: &str) -> String {
        self.node(Cast::to(DType::I32), &[value])
    }

    pub fn floats(&mut self, value: &str) -> String {
        self.node(Cast::to(DType::F32), &[value])
    }

    /// The quotient of integers, rounded towards 0, as floats.
    pub fn quotient(&mut self, a: &str, b: &str) -> String {
        let (a, b) = (self.integers(a), self.integers(b));
        let quotient = self.node(Div {}, &[&a, &b]);
        self.floats(&quotient)
    }

    /// `integers - subtrahend`.
    pub fn minus_integer(&mut self, integers: &str, subtrahend: i32) -> String {
        let subtrahend = self.integer(subtrahend);
        self.difference(integers, &subtrahend)
    }

    /// The elements of a table of one axis at the indices, which are integers held in floats.
    pub fn looked_up(&mut self, table: &str, indices: &str) -> String {
        let indices = self.integers(indices);
        self.node(Gather { axis: 0 }, &[table, &indices])
    }

    pub fn concat(&mut self, values: &[&str], axis: i64) -> String {
        self.node(Concat { axis }, values)
    }

    /// Elements `from .. to` along an axis.
    pub fn cut(&mut self, value: &str, axis: i64, [from, to]: [usize; 2]) -> String {
        let slice = Slice { starts: vec![from as i64], ends: vec![to as i64], axes: vec![axis], steps: vec![1] };
        self.node(slice, &[value])
    }

    /// One channel of an image.
    pub fn channel(&mut self, value: &str, channel: usize) -> String {
        self.cut(value, 1, [channel, channel + 1])
    }

    /// Rows and columns from `first` on, as many as `size`.
    pub fn cropped(&mut self, value: &str, first: [usize; 2], size: [usize; 2]) -> String {
        let ends = (0..2).map(|axis| (first[axis] + size[axis]) as i64).collect();
        let starts = first.iter().map(|at| *at as i64).collect();
        self.node(Slice { starts, ends, axes: vec![2, 3], steps: vec![1, 1] }, &[value])
    }

    /// The image with more rows and columns before and after it.
    pub fn padded(&mut self, value: &str, [before, after]: [[usize; 2]; 2], mode: PadMode) -> String {
        let pads = before.iter().chain(&after).map(|pad| *pad as i64).collect();
        self.node(Pad { pads, mode, value: 0.0, axes: vec![2, 3] }, &[value])
    }

    /// A sum of channels: `weights` holds a row of factors and a summand for each channel of the result.
    pub fn mixed<const N: usize>(&mut self, name: &str, value: &str, weights: &[([f32; N], f32)]) -> String {
        let factors: Vec<f32> = weights.iter().flat_map(|(factors, _)| *factors).collect();
        let summands: Vec<f32> = weights.iter().map(|(_, summand)| *summand).collect();
        let kernel = self.weight(name, Tensor::f32([weights.len(), N, 1, 1], factors));
        let bias = self.weight(&format!("{name}_bias"), Tensor::f32([weights.len()], summands));
        self.node(Conv::default(), &[value, &kernel, &bias])
    }

    /// Each of `channels` channels filtered with the binomial 1 4 6 4 1 along both axes, `dilation` elements apart, every `stride`th row
    /// and column; rounded to integers. Absolute values stay below 2^16.
    pub fn smoothed(
        &mut self,
        value: &str,
        channels: usize,
        [stride, dilation]: [usize; 2],
        pad_mode: PadMode,
    ) -> String {
        let kernel = format!("binomial.{channels}");
        let bias = format!("binomial.{channels}.half");
        if self.numbers.insert(kernel.clone()) {
            let products = BINOMIAL.iter().flat_map(|a| BINOMIAL.map(|b| (a * b) as f32));
            let factors: Vec<f32> = (0..channels).flat_map(|_| products.clone()).collect();
            self.graph.weight(&kernel, Tensor::f32([channels, 1, 5, 5], factors));
            self.graph.weight(&bias, Tensor::f32([channels], vec![128.0; channels]));
        }
        let conv = Conv {
            group: channels,
            strides: vec![stride; 2],
            dilations: vec![dilation; 2],
            pads: vec![2 * dilation; 4],
            pad_mode,
            ..Conv::default()
        };
        let sum = self.node(conv, &[value, &kernel, &bias]);
        self.share(&sum, 1.0 / 256.0)
    }

    /// The image with half as many rows and columns.
    pub fn halved(&mut self, value: &str, channels: usize, pad_mode: PadMode) -> String {
        self.smoothed(value, channels, [2, 1], pad_mode)
    }

    /// The image smoothed by a filter that reaches 2 (2^steps - 1) pixels: the binomial with holes of growing size (à trous).
    pub fn smoothed_far(&mut self, value: &str, channels: usize, steps: usize, pad_mode: PadMode) -> String {
        let mut value = value.to_string();
        for step in 0..steps {
            value = self.smoothed(&value, channels, [1, 1 << step], pad_mode);
        }
        value
    }
}
