//! `Einsum`: diagonals, sums over the letters of one input, and one batched matrix product.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::{Einsum, EinsumAxes};

use super::gather;
use crate::value::Value;

/// An operand whose axes are letters of the equation, each once.
struct Term<B: Backend> {
    tensor: FloatTensor<B>,
    axes: Vec<usize>,
}

pub(super) fn run<B: Backend>(params: &Einsum, inputs: Vec<FloatTensor<B>>, shape: &[usize]) -> FloatTensor<B> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape().to_vec()).collect();
    let slices: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
    let equation = params.axes(&slices).expect("the shape rule accepted it");
    let terms = inputs.into_iter().zip(&equation.inputs).map(|(tensor, axes)| diagonal::<B>(tensor, axes));
    let terms: Vec<Term<B>> = terms.collect();
    let all: Vec<Vec<usize>> = terms.iter().map(|term| term.axes.clone()).collect();
    let elsewhere = |own: usize, axis: &usize| {
        let other = all.iter().enumerate().any(|(index, axes)| index != own && axes.contains(axis));
        other || equation.output.contains(axis)
    };
    let mut terms: Vec<Term<B>> =
        terms.into_iter().enumerate().map(|(own, term)| reduced(term, |axis| elsewhere(own, axis))).collect();
    let y = match (terms.pop(), terms.pop()) {
        (Some(b), Some(a)) => product(a, b, &equation),
        (Some(a), None) => a,
        _ => unreachable!("the shape rule asked for one or two inputs"),
    };
    let y = in_order(y, &equation.output, &equation.lengths);
    B::float_reshape(y, Shape::from(shape.to_vec()))
}

/// Takes the diagonal of repeated letters.
fn diagonal<B: Backend>(tensor: FloatTensor<B>, axes: &[usize]) -> Term<B> {
    let shape = tensor.shape().to_vec();
    let mut once: Vec<usize> = Vec::new();
    let (mut lengths, mut strides): (Vec<usize>, Vec<i64>) = (Vec::new(), Vec::new());
    for (index, axis) in axes.iter().enumerate() {
        let stride = shape[index + 1..].iter().product::<usize>() as i64;
        // An axis of length 1 broadcasts.
        let stride = if shape[index] == 1 { 0 } else { stride };
        match once.iter().position(|known| known == axis) {
            Some(known) => {
                lengths[known] = lengths[known].max(shape[index]);
                strides[known] += stride;
            }
            None => {
                once.push(*axis);
                lengths.push(shape[index]);
                strides.push(stride);
            }
        }
    }
    if once.len() == axes.len() {
        return Term { tensor, axes: once };
    }
    let places = gather::constant::<B>(&gather::walk(&lengths, &strides), &B::float_device(&tensor));
    let tensor = gather::select(Value::<B>::Float(tensor), places, &lengths).into_float();
    Term { tensor, axes: once }
}

/// Sums over the letters that occur nowhere else.
fn reduced<B: Backend>(term: Term<B>, wanted: impl Fn(&usize) -> bool) -> Term<B> {
    let shape = term.tensor.shape().to_vec();
    let gone = (0..shape.len()).filter(|&index| !wanted(&term.axes[index]));
    let tensor = gone.fold(term.tensor, |tensor, index| B::float_sum_dim(tensor, index));
    let kept: Vec<usize> = (0..shape.len()).filter(|&index| wanted(&term.axes[index])).collect();
    let lengths: Vec<usize> = kept.iter().map(|&index| shape[index]).collect();
    let axes = kept.into_iter().map(|index| term.axes[index]).collect();
    Term { tensor: B::float_reshape(tensor, Shape::from(lengths)), axes }
}

/// The product of two operands: contracts their common letters, except those of the output.
fn product<B: Backend>(a: Term<B>, b: Term<B>, equation: &EinsumAxes) -> Term<B> {
    let of = |own: &[usize], other: &[usize], common: bool, kept: bool| {
        let wanted = |axis: &&usize| other.contains(axis) == common && equation.output.contains(axis) == kept;
        own.iter().filter(wanted).copied().collect::<Vec<usize>>()
    };
    let batch = of(&a.axes, &b.axes, true, true);
    let sum = of(&a.axes, &b.axes, true, false);
    let (rows, columns) = (of(&a.axes, &b.axes, false, true), of(&b.axes, &a.axes, false, true));
    let count = |axes: &[usize]| axes.iter().map(|&axis| equation.lengths[axis]).product::<usize>();
    let matrices = |term: Term<B>, left: &[usize], right: &[usize]| {
        let order = [batch.as_slice(), left, right].concat();
        let shape = Shape::from([count(&batch), count(left), count(right)]);
        B::float_reshape(in_order(term, &order, &equation.lengths), shape)
    };
    let product = B::float_matmul(matrices(a, &rows, &sum), matrices(b, &sum, &columns));
    let axes = [batch, rows, columns].concat();
    let lengths: Vec<usize> = axes.iter().map(|&axis| equation.lengths[axis]).collect();
    Term { tensor: B::float_reshape(product, Shape::from(lengths)), axes }
}

/// Permutes the letters into `order` and broadcasts them to their lengths.
fn in_order<B: Backend>(term: Term<B>, order: &[usize], lengths: &[usize]) -> FloatTensor<B> {
    let place = |axis: &usize| term.axes.iter().position(|own| own == axis).expect("the same letters");
    let permutation: Vec<usize> = order.iter().map(place).collect();
    let tensor = if permutation.is_empty() { term.tensor } else { B::float_permute(term.tensor, &permutation) };
    let shape: Vec<usize> = order.iter().map(|&axis| lengths[axis]).collect();
    Value::<B>::Float(tensor).broadcast(&shape).into_float()
}
