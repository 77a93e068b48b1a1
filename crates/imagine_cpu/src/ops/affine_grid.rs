//! `AffineGrid`: the affine map of every position.

use imagine_graph::AffineGrid;
use rayon::prelude::*;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run(params: &AffineGrid, theta: Value, context: &Context) -> Value {
    let shape = context.shape();
    let axes = shape[shape.len() - 1];
    let size = &shape[1..=axes];
    let places: usize = size.iter().product();
    let width = size[axes - 1];
    // Coordinates along each axis, x first.
    let along: Vec<Vec<f32>> =
        size.iter().rev().map(|&length| (0..length).map(|k| params.position(k, length)).collect()).collect();
    let mut grid = context.buffers.take(shape[0] * places * axes);
    grid.par_chunks_exact_mut(width * axes).enumerate().with_min_len(4096usize.div_ceil(width)).for_each(
        |(row, grid)| {
            let rows = places / width;
            let theta = &theta.as_f32s()[row / rows * axes * (axes + 1)..][..axes * (axes + 1)];
            let (mut rest, mut position) = (row % rows, [0.0; 3]);
            for axis in 1..axes {
                position[axis] = along[axis][rest % along[axis].len()];
                rest /= along[axis].len();
            }
            for (column, point) in grid.chunks_exact_mut(axes).enumerate() {
                position[0] = along[0][column];
                for (coordinate, map) in point.iter_mut().zip(theta.chunks_exact(axes + 1)) {
                    let sum = position.iter().zip(&map[..axes]).fold(0.0, |sum, (p, m)| sum + p * m);
                    *coordinate = sum + map[axes];
                }
            }
        },
    );
    Value::f32s(shape, grid)
}
