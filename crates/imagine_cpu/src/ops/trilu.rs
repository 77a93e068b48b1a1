//! `Trilu`: rows with zeros outside the triangle.

use imagine_graph::Trilu;

use crate::context::Context;
use crate::element::{Element, with_elements};
use crate::value::Value;

pub(super) fn run(params: &Trilu, x: Value, context: &Context) -> Value {
    with_elements!(x, |elements| triangle(params, elements, context))
}

fn triangle<T: Element>(params: &Trilu, from: &[T], context: &Context) -> Value {
    let shape = context.shape();
    let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let mut to = T::take(from.len(), context);
    for (index, (to, from)) in to.chunks_exact_mut(columns).zip(from.chunks_exact(columns)).enumerate() {
        let row = index % rows;
        for (column, (to, from)) in to.iter_mut().zip(from).enumerate() {
            *to = if params.keeps(row, column) { *from } else { T::default() };
        }
    }
    T::value(shape, to)
}
