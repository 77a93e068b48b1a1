//! Cropping and pasting tensors along their last two axes.

use super::span::Span;
use crate::tensor::{Extent, Tensor, TensorData};

/// Rows and columns `part` of `tensor`, which wraps around at its ends.
pub fn crop(tensor: &Tensor, part: [Span; 2]) -> Tensor {
    let [height, width] = sides(&tensor.shape);
    if part.map(|span| (span.start, span.length)) == [(0, height), (0, width)] {
        return tensor.clone();
    }
    let rank = tensor.shape.len();
    let mut shape = tensor.shape.clone();
    for (axis, span) in part.iter().enumerate() {
        if let Some(index) = (rank + axis).checked_sub(2) {
            shape[index] = span.length;
        }
    }
    let data = match &tensor.data {
        TensorData::F32(values) => TensorData::F32(cropped(values, [height, width], part)),
        TensorData::I32(values) => TensorData::I32(cropped(values, [height, width], part)),
        TensorData::Bool(values) => TensorData::Bool(cropped(values, [height, width], part)),
    };
    Tensor::new(shape, data)
}

/// Copies rows and columns `wanted` of `made` into `whole`; `made` holds rows and columns `held` of the whole.
pub fn paste(made: &Tensor, held: [Span; 2], wanted: [Span; 2], whole: &mut Tensor) {
    let sides = sides(&whole.shape);
    match (&made.data, &mut whole.data) {
        (TensorData::F32(from), TensorData::F32(to)) => put(from, to, sides, held, wanted),
        (TensorData::I32(from), TensorData::I32(to)) => put(from, to, sides, held, wanted),
        (TensorData::Bool(from), TensorData::Bool(to)) => put(from, to, sides, held, wanted),
        _ => {}
    }
}

/// Height and width of a shape, its last two dimensions; a missing dimension counts as 1.
pub fn sides(shape: &[usize]) -> [usize; 2] {
    Extent::of_shape(shape).into()
}

fn cropped<T: Copy>(values: &[T], [height, width]: [usize; 2], [rows, columns]: [Span; 2]) -> Vec<T> {
    let mut part = Vec::with_capacity(values.len() / (height * width).max(1) * rows.length * columns.length);
    for plane in values.chunks(height * width) {
        for row in rows.start..rows.end() {
            let row = &plane[row.rem_euclid(height as i64) as usize * width..][..width];
            part.extend((columns.start..columns.end()).map(|column| row[column.rem_euclid(width as i64) as usize]));
        }
    }
    part
}

fn put<T: Copy>(from: &[T], to: &mut [T], [height, width]: [usize; 2], held: [Span; 2], wanted: [Span; 2]) {
    let [held_rows, held_columns] = held;
    let last = |axis: usize, length: usize| wanted[axis].end().min(length as i64);
    let (first_row, first_column, last_column) = (wanted[0].start, wanted[1].start, last(1, width));
    let planes = from.chunks(held_rows.length * held_columns.length).zip(to.chunks_mut(height * width));
    for (from, to) in planes {
        for row in first_row..last(0, height) {
            let start = (row - held_rows.start) as usize * held_columns.length;
            let from = &from[start + (first_column - held_columns.start) as usize..];
            let count = (last_column - first_column) as usize;
            to[row as usize * width + first_column as usize..][..count].copy_from_slice(&from[..count]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_wrap_around_and_paste_back() {
        let tensor = Tensor::f32([2, 3, 4], (0..24).map(|v| v as f32).collect::<Vec<_>>());
        let held = [Span { start: -1, length: 3 }, Span { start: 2, length: 3 }];
        let part = crop(&tensor, held);
        assert_eq!(part.shape, [2, 3, 3]);
        assert_eq!(part.as_f32().unwrap()[..9], [10.0, 11.0, 8.0, 2.0, 3.0, 0.0, 6.0, 7.0, 4.0]);
        let mut whole = Tensor::f32([2, 3, 4], vec![-1.0; 24]);
        paste(&part, held, [Span { start: 0, length: 2 }, Span { start: 2, length: 2 }], &mut whole);
        let expected = [-1.0, -1.0, 2.0, 3.0, -1.0, -1.0, 6.0, 7.0, -1.0, -1.0, -1.0, -1.0];
        assert_eq!(whole.as_f32().unwrap()[..12], expected);
    }
}
