//! Builds the cases of an operator from seeded tensors.

use std::ops::Range;

use super::{Case, Op};
use crate::tensor::{Size, Tensor, TensorData, elements, rng};

impl Case {
    /// A case of `op` without inputs yet.
    pub fn new(name: impl Into<String>, op: impl Into<Op>) -> Self {
        Self { name: name.into(), op: op.into(), inputs: Vec::new(), weights: Vec::new(), differentiable: true }
    }

    /// Adds an input of seeded floats, uniform in `range`.
    pub fn float(self, shape: impl Into<Vec<usize>>, range: Range<f32>) -> Self {
        let shape = shape.into();
        let key = rng::key(0, self.inputs.len() as u32, 0);
        let values = (0..elements(&shape) as u32)
            .map(|i| range.start + (range.end - range.start) * rng::uniform(rng::cell(i, 0, 0, key)));
        let values = values.collect::<Vec<_>>();
        self.tensor(Tensor::f32(shape, values))
    }

    /// Adds an input of seeded booleans.
    pub fn bool(self, shape: impl Into<Vec<usize>>) -> Self {
        let shape = shape.into();
        let key = rng::key(0, self.inputs.len() as u32, 0);
        let values = (0..elements(&shape) as u32).map(|i| rng::cell(i, 0, 0, key)[0] & 1 == 1).collect();
        self.tensor(Tensor::new(shape, TensorData::Bool(values)))
    }

    /// Adds an input of seeded integers, uniform in `range`.
    pub fn int(self, shape: impl Into<Vec<usize>>, range: Range<i32>) -> Self {
        let shape = shape.into();
        let key = rng::key(0, self.inputs.len() as u32, 0);
        let span = (range.end - range.start) as u32;
        let values = (0..elements(&shape) as u32).map(|i| range.start + (rng::cell(i, 0, 0, key)[0] % span) as i32);
        let values = values.collect();
        self.tensor(Tensor::new(shape, TensorData::I32(values)))
    }

    /// Adds an input with the given elements.
    pub fn tensor(mut self, tensor: Tensor) -> Self {
        self.inputs.push(Some(tensor));
        self
    }

    /// Omits an optional input.
    pub fn none(mut self) -> Self {
        self.inputs.push(None);
        self
    }

    /// Adds a weight of seeded floats, uniform in `range`.
    pub fn weight(mut self, shape: impl Into<Vec<usize>>, range: Range<f32>) -> Self {
        self.weights.push(self.inputs.len());
        self.float(shape, range)
    }

    /// Marks the operator as not differentiable at these inputs.
    pub fn not_differentiable(mut self) -> Self {
        self.differentiable = false;
        self
    }

    /// The size that the case's graph is bound to: the size of its first image, if any.
    pub fn size(&self) -> Size {
        let image = self.inputs.iter().flatten().find(|t| t.shape.len() == 4);
        image.map_or(Size::new(8, 8), |t| Size { batch: t.shape[0], height: t.shape[2], width: t.shape[3] })
    }
}
