//! `MatMul` and `Gemm`: [`crate::product`] with the rows of B as source, or dot products where B's columns are the contiguous ones.

use imagine_graph::Gemm;

use super::conv::TILE_FLOATS;
use crate::context::Context;
use crate::finish::Finish;
use crate::product::{Packed, Product, dot};
use crate::tile::{Shared, for_each, spread};
use crate::value::Value;

/// Columns of a tile at least.
const FEWEST_COLUMNS: usize = 48;
/// Rows of A up to which a transposed B is read as it is.
const FEW_ROWS: usize = 4;

/// As in NumPy: a vector is a row on the left and a column on the right; leading axes broadcast.
pub(super) fn matmul(a: Value, b: Value, context: &Context) -> Value {
    let (mut a_shape, mut b_shape) = (a.shape().to_vec(), b.shape().to_vec());
    if a_shape.len() == 1 {
        a_shape.insert(0, 1);
    }
    if b_shape.len() == 1 {
        b_shape.push(1);
    }
    let rank = a_shape.len().max(b_shape.len());
    let (a_batch, b_batch) = (batch(&a_shape, rank), batch(&b_shape, rank));
    let leading: Vec<usize> = a_batch.iter().zip(&b_batch).map(|(a, b)| *a.max(b)).collect();
    let [rows, terms] = [a_shape[a_shape.len() - 2], a_shape[a_shape.len() - 1]];
    let columns = b_shape[b_shape.len() - 1];
    let (a_strides, b_strides) = (strides(&a_batch), strides(&b_batch));
    let mut result = context.buffers.take(context.shape().iter().product());
    let (a_all, b_all) = (a.as_f32s(), b.as_f32s());
    for (index, result) in result.chunks_mut((rows * columns).max(1)).enumerate() {
        let place = |strides: &[usize]| {
            let mut left = index;
            let along = leading.iter().zip(strides).rev().map(|(length, stride)| {
                let at = left % length;
                left /= length;
                at * stride
            });
            along.sum::<usize>()
        };
        let a = Matrix::new(&a_all[place(&a_strides) * rows * terms..], rows, terms);
        let b = Matrix::new(&b_all[place(&b_strides) * terms * columns..], terms, columns);
        multiply(a, b, result, context);
    }
    Value::f32s(context.shape(), result)
}

/// The leading axes of a shape, with ones before them for `rank` axes in all.
fn batch(shape: &[usize], rank: usize) -> Vec<usize> {
    let mut batch = vec![1; rank - shape.len()];
    batch.extend(&shape[..shape.len() - 2]);
    batch
}

/// Distance of elements along each axis; 0 where the length is 1.
fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| if shape[axis] == 1 { 0 } else { shape[axis + 1..].iter().product() }).collect()
}

pub(super) fn gemm(params: &Gemm, a: Value, b: Value, c: Option<Value>, context: &Context) -> Value {
    let matrix = |value: &'_ Value, transposed: bool| {
        let (rows, columns) = (value.shape()[0], value.shape()[1]);
        if transposed { (columns, rows, 1, columns) } else { (rows, columns, columns, 1) }
    };
    let of = |value| -> Matrix {
        let (value, transposed): (&Value, bool) = value;
        let (rows, columns, down, right) = matrix(value, transposed);
        Matrix { elements: value.as_f32s(), rows, columns, down, right }
    };
    let (a, b) = (of((&a, params.trans_a)), of((&b, params.trans_b)));
    let columns = b.columns;
    let mut result = context.buffers.take(context.shape().iter().product());
    multiply(a, b, &mut result, context);
    let Some(c) = c else {
        result.iter_mut().for_each(|y| *y *= params.alpha);
        return Value::f32s(context.shape(), result);
    };
    let c_shape = [vec![1; 2 - c.shape().len()], c.shape().to_vec()].concat();
    let (down, right) = (if c_shape[0] == 1 { 0 } else { c_shape[1] }, usize::from(c_shape[1] > 1));
    let addend = c.as_f32s();
    for (row, result) in result.chunks_mut(columns.max(1)).enumerate() {
        for (column, y) in result.iter_mut().enumerate() {
            *y = *y * params.alpha + addend[row * down + column * right] * params.beta;
        }
    }
    Value::f32s(context.shape(), result)
}

/// A matrix in memory.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub elements: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    /// Distance of rows, and of columns.
    pub down: usize,
    pub right: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix whose rows lie one behind the other.
    pub fn new(elements: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { elements, rows, columns, down: columns, right: 1 }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.elements[row * self.down + column * self.right]
    }
}

/// `a b`, row by row.
pub(super) fn multiply(a: Matrix, b: Matrix, result: &mut [f32], context: &Context) {
    if b.right == 1 && b.columns > 1 {
        return by_rows(a, b, result, context);
    }
    if a.rows <= FEW_ROWS || b.columns == 1 {
        return by_dots(a, b, result, context);
    }
    let mut turned = context.buffers.take(b.rows * b.columns);
    transpose(b, &mut turned);
    by_rows(a, Matrix::new(&turned, b.rows, b.columns), result, context);
    context.buffers.give(turned);
}

/// The elements row by row.
fn transpose(matrix: Matrix, to: &mut [f32]) {
    to.chunks_mut(matrix.columns.max(1)).enumerate().for_each(|(row, to)| {
        to.iter_mut().enumerate().for_each(|(column, to)| *to = matrix.at(row, column));
    });
}

/// Sums over the rows of `b`, whose columns are contiguous.
fn by_rows(a: Matrix, b: Matrix, result: &mut [f32], context: &Context) {
    let weights = Packed::new(a.rows, a.columns, |row, term| a.at(row, term));
    let threads = rayon::current_num_threads();
    let fits = (TILE_FLOATS / a.columns.max(1)).max(FEWEST_COLUMNS);
    let share = if threads > 1 { b.columns.div_ceil(2 * threads) } else { b.columns };
    let width = fits.min(share).next_multiple_of(FEWEST_COLUMNS).min(b.columns);
    let tiles = b.columns.div_ceil(width.max(1));
    let parts = if tiles < 2 * threads && threads > 1 { weights.blocks().min(2 * threads) } else { 1 };
    let shared = Shared::new(result);
    for_each(tiles * parts, |index| {
        let (tile, part) = (index / parts, index % parts);
        let blocks = weights.blocks() * part / parts..weights.blocks() * (part + 1) / parts;
        let rows = weights.rows_of(&blocks);
        if rows.is_empty() {
            return;
        }
        let (left, count) = (tile * width, width.min(b.columns - tile * width));
        let product = |source: &[f32], offsets: &[u32]| {
            let (blocks, first, stride) = (blocks.clone(), rows.start * b.columns + left, b.columns);
            // Tiles and rows of different tasks are different.
            let (result, finish) = (shared, Finish::default());
            Product { weights: &weights, blocks, bias: None, offsets, source, finish, result, first, stride, count }
                .run();
        };
        if blocks.len() > 1 {
            let stride = spread(count);
            let mut source = context.buffers.take(b.rows * stride);
            for (row, to) in source.chunks_mut(stride).enumerate() {
                to[..count].copy_from_slice(&b.elements[row * b.down + left..][..count]);
            }
            let offsets: Vec<u32> = (0..b.rows).map(|row| (row * stride) as u32).collect();
            product(&source, &offsets);
            context.buffers.give(source);
        } else {
            let offsets: Vec<u32> = (0..b.rows).map(|row| (row * b.down + left) as u32).collect();
            product(b.elements, &offsets);
        }
    });
}

/// Dot products of rows of `a` and columns of `b`, whose rows are contiguous.
fn by_dots(a: Matrix, b: Matrix, result: &mut [f32], context: &Context) {
    let contiguous = |matrix: Matrix| matrix.right == 1 || matrix.columns == 1;
    let mut copy = Vec::new();
    let a = if contiguous(a) {
        a
    } else {
        copy = context.buffers.take(a.rows * a.columns);
        transpose(a, &mut copy);
        Matrix::new(&copy, a.rows, a.columns)
    };
    let mut columns = Vec::new();
    let b_elements = if b.down == 1 || b.rows == 1 {
        b.elements
    } else {
        columns = context.buffers.take(b.rows * b.columns);
        transpose(Matrix { rows: b.columns, columns: b.rows, down: b.right, right: b.down, ..b }, &mut columns);
        &columns
    };
    let distance = if b.down == 1 && b.columns > 1 { b.right } else { b.rows };
    let terms = b.rows;
    let shared = Shared::new(result);
    let chunk = (1usize << 14).div_ceil(terms.max(1));
    for_each((a.rows * b.columns).div_ceil(chunk), |index| {
        let range = index * chunk..((index + 1) * chunk).min(a.rows * b.columns);
        // SAFETY: chunks do not overlap.
        let to = unsafe { shared.part(range.clone()) };
        for (at, to) in range.zip(to) {
            let (row, column) = (at / b.columns, at % b.columns);
            *to = dot(&a.elements[row * a.down..][..terms], &b_elements[column * distance..][..terms]);
        }
    });
    context.buffers.give(copy);
    context.buffers.give(columns);
}
