//! `Einsum`: diagonals, sums over the letters of one input, and one matrix product for each element of the common letters.

use imagine_graph::{Einsum, EinsumAxes};

use super::matmul::{Matrix, multiply};
use super::strided::{gathered, strides};
use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &Einsum, inputs: Vec<Value>, context: &Context) -> Value {
    let shapes: Vec<&[usize]> = inputs.iter().map(Value::shape).collect();
    let equation = params.axes(&shapes).expect("the shape rule accepted it");
    let terms: Vec<Term> = inputs.iter().zip(&equation.inputs).map(|(value, axes)| Term::new(value, axes)).collect();
    let (a, b) = match terms.as_slice() {
        [a] => (a, None),
        [a, b] => (a, Some(b)),
        _ => unreachable!("the shape rule asked for one or two inputs"),
    };
    let is_in = |term: Option<&Term>, axis: &usize| term.is_some_and(|term| term.stride(*axis).is_some());
    let letters = |in_a: bool, in_b: bool, kept: bool| -> Vec<usize> {
        let all = 0..equation.lengths.len();
        let matches = |axis: &usize| {
            is_in(Some(a), axis) == in_a && is_in(b, axis) == in_b && equation.output.contains(axis) == kept
        };
        all.filter(matches).collect()
    };
    let (common, sum) = (letters(true, true, true), letters(true, true, false));
    let (rows, columns) = (letters(true, false, true), letters(false, true, true));
    let count = |axes: &[usize]| axes.iter().map(|&axis| equation.lengths[axis]).product::<usize>();
    let left = a.matrices(&[&common, &rows, &sum], &letters(true, false, false), &equation, context);
    let product = match b {
        None => left,
        Some(b) => {
            let right = b.matrices(&[&common, &sum, &columns], &letters(false, true, false), &equation, context);
            let (rows, terms, columns) = (count(&rows), count(&sum), count(&columns));
            let mut product = context.buffers.take(count(&common) * rows * columns);
            for (index, result) in product.chunks_mut((rows * columns).max(1)).enumerate() {
                let left = Matrix::new(&left[index * rows * terms..][..rows * terms], rows, terms);
                let right = Matrix::new(&right[index * terms * columns..][..terms * columns], terms, columns);
                multiply(left, right, result, context);
            }
            product
        }
    };
    let order = [common, rows, columns].concat();
    let lengths: Vec<usize> = order.iter().map(|&axis| equation.lengths[axis]).collect();
    let from = strides(&lengths);
    let place = |axis: &usize| order.iter().position(|own| own == axis).expect("the same letters");
    let result_strides: Vec<usize> = equation.output.iter().map(|axis| from[place(axis)]).collect();
    Value::f32s(context.shape(), gathered(&product, context.shape(), &result_strides, context))
}

/// An input with the distance of its elements along each letter.
struct Term<'a> {
    elements: &'a [f32],
    strides: Vec<(usize, usize)>,
}

impl<'a> Term<'a> {
    fn new(value: &'a Value, axes: &[usize]) -> Self {
        let (shape, own) = (value.shape(), strides(value.shape()));
        let mut letters: Vec<(usize, usize)> = Vec::new();
        for (index, &axis) in axes.iter().enumerate() {
            // An axis of length 1 broadcasts; a letter that appears twice takes its diagonal.
            let stride = if shape[index] == 1 { 0 } else { own[index] };
            match letters.iter_mut().find(|(known, _)| *known == axis) {
                Some((_, total)) => *total += stride,
                None => letters.push((axis, stride)),
            }
        }
        Self { elements: value.as_f32s(), strides: letters }
    }

    fn stride(&self, axis: usize) -> Option<usize> {
        self.strides.iter().find(|(own, _)| *own == axis).map(|(_, stride)| *stride)
    }

    /// The elements in the order of the letters `parts`, summed over the letters `gone`.
    fn matrices(&self, parts: &[&[usize]], gone: &[usize], equation: &EinsumAxes, context: &Context) -> Vec<f32> {
        let letters: Vec<usize> = parts.concat().into_iter().chain(gone.iter().copied()).collect();
        let lengths: Vec<usize> = letters.iter().map(|&axis| self.length(axis, equation)).collect();
        let strides: Vec<usize> = letters.iter().map(|&axis| self.stride(axis).unwrap_or(0)).collect();
        let elements = gathered(self.elements, &lengths, &strides, context);
        let terms: usize = lengths[letters.len() - gone.len()..].iter().product();
        if terms == 1 { elements } else { elements.chunks(terms).map(|terms| terms.iter().sum()).collect() }
    }

    fn length(&self, axis: usize, equation: &EinsumAxes) -> usize {
        equation.lengths[axis]
    }
}
