//! `RandomUniform`, `RandomNormal` and `Bernoulli`: random numbers that depend only on the run's seed, the node's stream, the
//! step and the element's coordinate. [`crate::rng`] specifies the arithmetic to the bit.
//!
//! | operator | Y |
//! |---|---|
//! | `RandomUniform` | `low + (high - low) * u`, u uniform in [0, 1) |
//! | `RandomNormal` | `mean + scale * n`, n with mean 0 and variance 1, within +-6 |
//! | `Bernoulli` | 1 if `u < X`, else 0; X is the probability |
//!
//! A `part` of rows and columns has the numbers that the whole tensor has there. It may lie beyond the tensor, where an endless plane goes
//! on and a torus repeats.
//!
//! The run's seed replaces ONNX's `seed`; `stream` distinguishes the nodes of a graph.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require_param};
use super::{Case, NodeError, Op, Operator, Reach};
use crate::tensor::{DType, Dim, Size, TensorType};

/// Rows and columns of a random tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomPart {
    /// First row and column.
    pub first: [i32; 2],
    /// Numbers of rows and columns.
    pub size: [usize; 2],
}

/// Parameters of `RandomUniform`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomUniform {
    /// Smallest value.
    pub low: f32,
    /// Upper bound, exclusive except by rounding.
    pub high: f32,
    /// Shape of the output.
    pub shape: Vec<Dim>,
    /// Distinguishes the random nodes of a graph.
    pub stream: u32,
    /// The part that is drawn, in place of all of `shape`; for patches of a world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<RandomPart>,
}

impl Default for RandomUniform {
    fn default() -> Self {
        Self { low: 0.0, high: 1.0, shape: Vec::new(), stream: 0, part: None }
    }
}

/// Parameters of `RandomNormal`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomNormal {
    /// Mean.
    pub mean: f32,
    /// Standard deviation.
    pub scale: f32,
    /// Shape of the output.
    pub shape: Vec<Dim>,
    /// Distinguishes the random nodes of a graph.
    pub stream: u32,
    /// The part that is drawn, in place of all of `shape`; for patches of a world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<RandomPart>,
}

impl Default for RandomNormal {
    fn default() -> Self {
        Self { mean: 0.0, scale: 1.0, shape: Vec::new(), stream: 0, part: None }
    }
}

/// Parameters of `Bernoulli`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bernoulli {
    /// Element type of the output.
    pub dtype: DType,
    /// Symbolic shape of the input, for numbers that move with the image; if empty they do not.
    pub shape: Vec<Dim>,
    /// Distinguishes the random nodes of a graph.
    pub stream: u32,
}

impl Default for Bernoulli {
    fn default() -> Self {
        Self { dtype: DType::F32, shape: Vec::new(), stream: 0 }
    }
}

impl Operator for RandomUniform {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        require_param(self.low.is_finite(), "low", "a finite number", self.low)?;
        require_param(self.high.is_finite(), "high", "a finite number", self.high)?;
        infer(inputs, &self.shape, self.part)
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        Vec::new()
    }

    fn cases() -> Vec<Case> {
        cases(|shape, stream, part| Self { low: -0.5, high: 2.0, shape, stream, part })
    }
}

impl Operator for RandomNormal {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        require_param(self.mean.is_finite(), "mean", "a finite number", self.mean)?;
        require_param(self.scale.is_finite(), "scale", "a finite number", self.scale)?;
        infer(inputs, &self.shape, self.part)
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        Vec::new()
    }

    fn cases() -> Vec<Case> {
        cases(|shape, stream, part| Self { mean: 0.25, scale: 2.0, shape, stream, part })
    }
}

impl Operator for Bernoulli {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let probabilities = inputs.float(0, "input")?;
        if !self.shape.is_empty() {
            let shape = bind(&self.shape, inputs.size, "shape")?;
            require_param(
                shape == probabilities.shape,
                "shape",
                format!("the shape of the input, {probabilities}"),
                &shape,
            )?;
        }
        Ok(vec![output(self.dtype, probabilities.shape.clone())?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let moves = !self.shape.is_empty();
        vec![if moves {
            Reach::Pointwise
        } else {
            Reach::Everything("its position: the random numbers do not move with it")
        }]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, dtype, shape, stream, x: &[usize]| {
            let op = Self { dtype, shape, stream };
            Case::new(name, op).float(x, -0.1..1.1).not_differentiable()
        };
        vec![
            case("scalar", DType::F32, Vec::new(), 0, &[]),
            case("odd size 97x61", DType::F32, Vec::new(), 1, &[2, 3, 97, 61]),
            case("whole image", DType::F32, Dim::nchw(3), u32::MAX, &[1, 3, 7, 4]),
            case("integers", DType::I32, Vec::new(), 2, &[5, 7]),
            case("truth values", DType::Bool, Vec::new(), 3, &[4, 3, 2]),
        ]
    }
}

fn infer(inputs: &Inputs, shape: &[Dim], part: Option<RandomPart>) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(0..=0)?;
    let mut shape = bind(shape, inputs.size, "shape")?;
    if let Some(part) = part {
        let rank = shape.len();
        require_param(rank >= 2, "part", "a shape of two or more dimensions", rank)?;
        shape[rank - 2..].copy_from_slice(&part.size);
    }
    Ok(vec![output(DType::F32, shape)?])
}

/// Parameter `name`, a list of dimensions, bound to `size`.
pub(crate) fn bind(shape: &[Dim], size: Size, name: &'static str) -> Result<Vec<usize>, NodeError> {
    let dim = |dim: &Dim| {
        dim.bind(size).ok_or_else(|| NodeError::Param {
            name,
            expected: format!("whole numbers at {size:?}"),
            found: dim.to_string(),
        })
    };
    shape.iter().map(dim).collect()
}

fn cases<P: Operator>(op: impl Fn(Vec<Dim>, u32, Option<RandomPart>) -> P) -> Vec<Case> {
    let part = RandomPart { first: [-3, 5], size: [6, 4] };
    let fixed = |shape: &[usize]| shape.iter().map(|&d| Dim::Fixed(d)).collect::<Vec<_>>();
    vec![
        Case::new("scalar", op(fixed(&[]), 0, None)),
        Case::new("odd size 97x61", op(fixed(&[2, 3, 97, 61]), 1, None)),
        Case::new("rank 2", op(fixed(&[5, 7]), 2, None)),
        Case::new("whole image", op(Dim::nchw(3), u32::MAX, None)),
        Case::new("a part", op(Dim::nchw(2), 4, Some(part))),
        Case::new("rank 6", op(fixed(&[2, 1, 3, 2, 2, 5]), 3, None)),
    ]
}

impl Op {
    /// The symbolic shape of a tensor of random numbers, if this operator makes one.
    pub(crate) fn random_shape(&self) -> Option<&[Dim]> {
        match self {
            Op::RandomUniform(op) => Some(&op.shape),
            Op::RandomNormal(op) => Some(&op.shape),
            Op::Bernoulli(op) => Some(&op.shape),
            Op::ExemplarStart(op) => Some(&op.shape),
            Op::ExemplarMove(op) => Some(&op.shape),
            _ => None,
        }
    }

    /// The stream of random numbers that this operator draws from, if it draws any.
    pub(crate) fn stream_mut(&mut self) -> Option<&mut u32> {
        match self {
            Op::RandomUniform(op) => Some(&mut op.stream),
            Op::RandomNormal(op) => Some(&mut op.stream),
            Op::Bernoulli(op) => Some(&mut op.stream),
            Op::ExemplarStart(op) => Some(&mut op.stream),
            Op::ExemplarMove(op) => Some(&mut op.stream),
            _ => None,
        }
    }
}
