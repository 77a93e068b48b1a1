//! Graphs written as formulas: every operation adds a node, names it and returns the name of its value.

use std::ops::Range;

use crate::graph::{Graph, GraphOutput, InputKind, OutputKind};
use crate::ops::*;
use crate::tensor::{Dim, Tensor};

/// A builder of a graph.
#[derive(Clone, Debug, Default)]
pub struct Formula {
    /// The graph so far. Add inputs, weights and outputs to it directly.
    pub graph: Graph,
    part: String,
}

/// An operand: a value by name, or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term<'a> {
    /// A value of the graph.
    Value(&'a str),
    /// A number, which becomes a weight.
    Number(f32),
}

impl<'a> From<&'a String> for Term<'a> {
    fn from(name: &'a String) -> Self {
        Term::Value(name)
    }
}

impl<'a> From<&'a str> for Term<'a> {
    fn from(name: &'a str) -> Self {
        Term::Value(name)
    }
}

impl From<f32> for Term<'_> {
    fn from(number: f32) -> Self {
        Term::Number(number)
    }
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident: $op:ident;)*) => {
        $($(#[$doc])*
        pub fn $name<'a>(&mut self, a: impl Into<Term<'a>>, b: impl Into<Term<'a>>) -> String {
            let (a, b) = (self.term(a.into()), self.term(b.into()));
            self.node($op {}, &[&a, &b])
        })*
    };
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident: $op:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, value: &str) -> String {
            self.node($op {}, &[value])
        })*
    };
}

impl Formula {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a part: names of the following nodes, and labels of their passes, begin with `part`.
    pub fn part(&mut self, part: &str) {
        self.part = part.into();
    }

    /// Adds a numeric control, `[1, 1, 1, 1]`.
    pub fn range(&mut self, name: &str, [min, max]: [f32; 2], default: f32) -> String {
        self.graph.input(name, InputKind::Range { min, max, default }, [1; 4].map(Dim::Fixed).to_vec())
    }

    /// Adds a control for a linear colour, `[1, 3, 1, 1]`.
    pub fn color(&mut self, name: &str, default: [f32; 3]) -> String {
        self.graph.input(name, InputKind::Color { default }, [1, 3, 1, 1].map(Dim::Fixed).to_vec())
    }

    /// Adds one constant per channel, `[1, C, 1, 1]`.
    pub fn vector(&mut self, values: &[f32]) -> String {
        self.weight(Tensor::f32([1, values.len(), 1, 1], values))
    }

    /// Adds a weight.
    pub fn weight(&mut self, tensor: Tensor) -> String {
        let name = format!("{}.{}", self.part, self.graph.weights.len());
        self.graph.weight(&name, tensor)
    }

    /// Adds a node.
    pub fn node(&mut self, op: impl Into<Op>, inputs: &[&str]) -> String {
        let op = op.into();
        let name = format!("{}.{}.{}", self.part, op.name().to_lowercase(), self.graph.nodes.len());
        self.graph.push(&name, op, inputs.iter().copied())
    }

    /// Declares `value` as the output of `kind`, with its default range and colour space.
    pub fn output(&mut self, value: &str, kind: OutputKind) -> &mut GraphOutput {
        self.graph.push(kind.name(), Identity {}, [value]);
        self.graph.output(kind.name(), kind);
        self.graph.outputs.last_mut().expect("one was added")
    }

    binary! {
        /// `a + b`.
        add: Add;
        /// `a - b`.
        sub: Sub;
        /// `a * b`.
        mul: Mul;
        /// `a / b`.
        div: Div;
        /// `min(a, b)`.
        min: Min;
        /// `max(a, b)`.
        max: Max;
        /// `a^b`.
        pow: Pow;
    }

    unary! {
        /// Sine.
        sin: Sin;
        /// Cosine.
        cos: Cos;
        /// Exponential function.
        exp: Exp;
        /// Natural logarithm.
        log: Log;
        /// Square root.
        sqrt: Sqrt;
        /// Absolute value.
        abs: Abs;
        /// Rounds down.
        floor: Floor;
        /// `max(value, 0)`.
        relu: Relu;
        /// The logistic function.
        sigmoid: Sigmoid;
        /// Hyperbolic tangent.
        tanh: Tanh;
    }

    /// `value` clamped to a range.
    pub fn clip(&mut self, value: &str, min: f32, max: f32) -> String {
        self.node(Clip { min: Some(min), max: Some(max) }, &[value])
    }

    /// `exp(-value)`: the transmittance of an optical depth.
    pub fn decay<'a>(&mut self, value: impl Into<Term<'a>>) -> String {
        let negative = self.mul(value, -1.0);
        self.exp(&negative)
    }

    /// `scale * value + offset`.
    pub fn scaled<'a>(&mut self, value: &str, scale: impl Into<Term<'a>>, offset: impl Into<Term<'a>>) -> String {
        let value = self.term(Term::Value(value));
        let factor = self.term(scale.into());
        let product = self.node(Mul {}, &[&value, &factor]);
        let offset = self.term(offset.into());
        self.node(Add {}, &[&product, &offset])
    }

    /// Linear interpolation from `a` (`part` 0) to `b` (`part` 1).
    pub fn mix<'a>(&mut self, a: impl Into<Term<'a>>, b: impl Into<Term<'a>>, part: &str) -> String {
        let a = self.term(a.into());
        let b = self.term(b.into());
        let difference = self.node(Sub {}, &[&b, &a]);
        let moved = self.node(Mul {}, &[&difference, part]);
        self.node(Add {}, &[&a, &moved])
    }

    /// A range of channels.
    pub fn channels(&mut self, value: &str, range: Range<i64>) -> String {
        let slice = Slice { starts: vec![range.start], ends: vec![range.end], axes: vec![1], steps: vec![] };
        self.node(slice, &[value])
    }

    /// Concatenates values along the channels.
    pub fn concat(&mut self, values: &[&str]) -> String {
        self.node(Concat { axis: 1 }, values)
    }

    /// The sum over the channels, one channel.
    pub fn channel_sum(&mut self, value: &str) -> String {
        self.node(ReduceSum { axes: vec![1], ..ReduceSum::default() }, &[value])
    }

    fn term(&mut self, term: Term) -> String {
        match term {
            Term::Value(name) => name.into(),
            Term::Number(number) => {
                let name = format!("{number}");
                if !self.graph.weights.contains_key(&name) {
                    self.graph.weight(&name, Tensor::scalar(number));
                }
                name
            }
        }
    }
}
