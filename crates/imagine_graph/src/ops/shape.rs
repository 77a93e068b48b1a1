//! Shape operators: the same elements with another shape, in another order, or repeated.
//!
//! | operator | Y |
//! |---|---|
//! | `Reshape` | the elements of X in row-major order with `shape` |
//! | `Flatten` | the same as a matrix: axes before `axis` by axes from `axis` |
//! | `Squeeze` | the same without `axes`, which have length 1 |
//! | `Unsqueeze` | the same with axes of length 1 inserted at `axes` |
//! | `Transpose` | `Y[i_perm[0], i_perm[1], ..] = X[i_0, i_1, ..]` with `Y.shape[k] = X.shape[perm[k]]` |
//! | `Expand` | X broadcast with `shape`; either may be 1 where the other is not |
//! | `Tile` | X repeated `repeats[k]` times along axis `k` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, normalize_axes, output, require, require_param};
use super::random::bind;
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{Dim, Extent, MAX_RANK, TensorType, elements};

/// Parameters of `Reshape`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reshape {
    /// Shape of the output.
    pub shape: Vec<Dim>,
    /// Index of the dimension to infer, whatever its entry in `shape`; ONNX's -1.
    pub infer: Option<usize>,
}

/// Parameters of `Flatten`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flatten {
    /// First axis of the second dimension; a negative axis counts from the end.
    pub axis: i64,
}

impl Default for Flatten {
    fn default() -> Self {
        Self { axis: 1 }
    }
}

/// Parameters of `Squeeze`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Squeeze {
    /// Axes to remove; all of length 1 if empty.
    pub axes: Vec<i64>,
}

/// Parameters of `Unsqueeze`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unsqueeze {
    /// New axes of the output; negative axes count from its end.
    pub axes: Vec<i64>,
}

/// Parameters of `Transpose`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transpose {
    /// Input axis of each output axis; reversed order if empty.
    pub perm: Vec<usize>,
}

/// Parameters of `Expand`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expand {
    /// Shape to broadcast the input with.
    pub shape: Vec<Dim>,
}

/// Parameters of `Tile`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tile {
    /// Number of repetitions along each axis.
    pub repeats: Vec<usize>,
}

impl Transpose {
    /// Input axis of each output axis.
    pub fn permutation(&self, rank: usize) -> Result<Vec<usize>, NodeError> {
        if self.perm.is_empty() {
            return Ok((0..rank).rev().collect());
        }
        let expected = format!("each of {rank} axes once");
        let signed: Vec<i64> = self.perm.iter().map(|&axis| i64::try_from(axis).unwrap_or(i64::MAX)).collect();
        require_param(self.perm.len() == rank, "perm", expected, &self.perm)?;
        normalize_axes(&signed, rank, "perm")
    }
}

impl Operator for Reshape {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        let mut dims = self.shape.clone();
        if let Some(open) = self.infer {
            require_param(open < dims.len(), "infer", format!("an index below {}", dims.len()), open)?;
            dims[open] = Dim::Fixed(1);
        }
        let mut shape = bind(&dims, inputs.size, "shape")?;
        let (known, all) = (elements(&shape), data.elements());
        if let Some(open) = self.infer {
            let divides = known > 0 && all.is_multiple_of(known);
            require_param(divides, "shape", format!("dimensions that divide the {all} elements of {data}"), &shape)?;
            shape[open] = all / known;
        }
        require_param(elements(&shape) == all, "shape", format!("the {all} elements of {data}"), &shape)?;
        Ok(vec![output(data.dtype, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        reach_of_view(inputs[0], output)
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, shape: &[usize], infer, x: &[usize]| {
            let shape = shape.iter().map(|&d| Dim::Fixed(d)).collect();
            Case::new(name, Self { shape, infer }).float(x, -1.0..1.0)
        };
        let image = vec![Dim::BATCH, Dim::Fixed(6), Dim::HEIGHT, Dim::WIDTH];
        vec![
            case("to a scalar", &[], None, &[1, 1]),
            case("flatten, batch 2", &[2, 0], Some(1), &[2, 3, 5, 7]),
            case("groups", &[1, 2, 3, 9, 11], None, &[1, 6, 9, 11]),
            Case::new("to an image 97x61", Self { shape: image, infer: None }).float([1, 6, 97, 61], -1.0..1.0),
        ]
    }
}

/// Reach of an operator that gives `input` another shape.
fn reach_of_view(input: Option<&TensorType>, output: &TensorType) -> Vec<Reach> {
    let same_image = input.is_some_and(|x| Extent::of_shape(&x.shape) == Extent::of_shape(&output.shape));
    vec![if same_image { Reach::Pointwise } else { Reach::Everything("height and width in another shape") }]
}

impl Operator for Flatten {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let input = inputs.required(0, "input")?;
        let rank = input.shape.len() as i64;
        let axis = if self.axis < 0 { self.axis.saturating_add(rank) } else { self.axis };
        require_param((0..=rank).contains(&axis), "axis", format!("one of {}..={rank}", -rank), self.axis)?;
        let (rows, columns) = input.shape.split_at(axis as usize);
        Ok(vec![output(input.dtype, vec![elements(rows), elements(columns)])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        reach_of_view(inputs[0], output)
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis, x: &[usize]| Case::new(name, Self { axis }).float(x, -1.0..1.0);
        vec![
            case("scalar", 0, &[]),
            case("batch 2", 1, &[2, 3, 5, 7]),
            case("from the end, 97x61", -1, &[1, 3, 97, 61]),
            case("everything before", 3, &[2, 3, 5]),
        ]
    }
}

impl Operator for Squeeze {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        let axes = normalize_axes(&self.axes, data.shape.len(), "axes")?;
        let ones = axes.iter().all(|&axis| data.shape[axis] == 1);
        require_param(ones, "axes", format!("axes of length 1 in {:?}", data.shape), &self.axes)?;
        let goes = |(axis, length): (usize, usize)| if axes.is_empty() { length == 1 } else { axes.contains(&axis) };
        let kept = data.shape.iter().copied().enumerate().filter(|found| !goes(*found));
        Ok(vec![output(data.dtype, kept.map(|(_, length)| length).collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        reach_of_view(inputs[0], output)
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, axes: &[i64], x: &[usize]| Case::new(name, Self { axes: axes.into() }).float(x, -1.0..1.0);
        vec![
            case("to a scalar", &[], &[1, 1]),
            case("one axis, batch 2", &[1], &[2, 1, 5, 1]),
            case("from the end, 97x61", &[-4], &[1, 3, 97, 61]),
        ]
    }
}

impl Operator for Unsqueeze {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        let rank = data.shape.len().saturating_add(self.axes.len());
        require_param(rank <= MAX_RANK, "axes", format!("at most {MAX_RANK} dimensions in total"), &self.axes)?;
        let axes = normalize_axes(&self.axes, rank, "axes")?;
        let mut lengths = data.shape.iter().copied();
        let shape = (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { lengths.next() });
        Ok(vec![output(data.dtype, shape.flatten().collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        reach_of_view(inputs[0], output)
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, axes: &[i64], x: &[usize]| Case::new(name, Self { axes: axes.into() }).float(x, -1.0..1.0);
        vec![
            case("scalar", &[0], &[]),
            case("two axes, in any order", &[3, 0], &[2, 3]),
            case("from the end, 97x61", &[-3], &[3, 97, 61]),
        ]
    }
}

impl Operator for Transpose {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        let perm = self.permutation(data.shape.len())?;
        Ok(vec![output(data.dtype, perm.into_iter().map(|axis| data.shape[axis]).collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let rank = inputs[0].map_or(0, |t| t.shape.len());
        let moves = |perm: Vec<usize>| perm.iter().enumerate().any(|(to, from)| to + 2 >= rank && to != *from);
        let keeps_image = self.permutation(rank).is_ok_and(|perm| !moves(perm));
        vec![if keeps_image { Reach::Pointwise } else { Reach::Everything("height and width in another order") }]
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, perm: &[usize], x: &[usize]| Case::new(name, Self { perm: perm.into() }).float(x, -1.0..1.0);
        vec![
            case("scalar", &[], &[]),
            case("reverse", &[], &[2, 3, 5]),
            case("channels last 97x61", &[0, 2, 3, 1], &[1, 3, 97, 61]),
            case("rank 8", &[6, 1, 4, 7, 0, 5, 2, 3], &[2, 3, 1, 2, 2, 3, 2, 2]),
            case("swap, batch 2", &[0, 1, 3, 2], &[2, 3, 9, 7]),
            case("rank 6", &[5, 0, 3, 2, 4, 1], &[2, 1, 3, 2, 4, 2]),
        ]
    }
}

impl Operator for Expand {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "input")?;
        let shape = TensorType::f32(bind(&self.shape, inputs.size, "shape")?);
        require(!shape.shape.contains(&0), 0, "input", "a shape without 0", &shape)?;
        Ok(vec![output(data.dtype, broadcast(data, &shape)?)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, shape: &[usize], x: &[usize]| {
            let shape = shape.iter().map(|&d| Dim::Fixed(d)).collect();
            Case::new(name, Self { shape }).float(x, -1.0..1.0)
        };
        vec![
            case("scalar", &[2, 3], &[]),
            case("to 97x61", &[1, 3, 97, 61], &[1, 3, 1, 1]),
            case("both ways, batch 2", &[3, 1, 5], &[2, 1, 4, 1]),
            case("lower rank", &[4], &[2, 3, 1]),
        ]
    }
}

impl Operator for Tile {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "input")?;
        let rank = data.shape.len();
        require_param(self.repeats.len() == rank, "repeats", format!("{rank} numbers, one per axis"), &self.repeats)?;
        let shape = data.shape.iter().zip(&self.repeats).map(|(length, times)| length.saturating_mul(*times)).collect();
        Ok(vec![output(data.dtype, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let repeats_image = self.repeats.iter().rev().take(2).any(|times| *times > 1);
        vec![if repeats_image { Reach::Everything("repeated height and width") } else { Reach::Pointwise }]
    }

    fn cases() -> Vec<Case> {
        let op = |repeats: &[usize]| Self { repeats: repeats.into() };
        let case = |name: &str, repeats: &[usize], x: &[usize]| Case::new(name, op(repeats)).float(x, -1.0..1.0);
        vec![
            case("scalar", &[], &[]),
            case("once", &[1, 1], &[2, 3]),
            case("rows and columns, batch 2", &[1, 1, 2, 3], &[2, 3, 3, 2]),
            case("97x61", &[1, 2, 2, 1], &[1, 1, 97, 61]),
            case("every axis", &[2, 3, 1, 2, 2, 2], &[1, 2, 2, 1, 3, 2]),
            Case::new("truth values", op(&[3])).bool([5]).not_differentiable(),
        ]
    }
}
