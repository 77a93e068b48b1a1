//! Elements by strides: rows of several tensors at once, and copies in another order.

use rayon::prelude::*;

/// Elements below which one thread copies all.
const SMALL: usize = 1 << 15;
/// Side of the blocks of a transposition.
const BLOCK: usize = 32;
/// Elements that are not worth a loop of their own.
const FEW: usize = 8;

/// An axis of the result, with the strides of `N` tensors along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis<const N: usize> {
    pub length: usize,
    pub strides: [isize; N],
}

/// The axes without those of length 1; neighbours that continue each other in all tensors are one. There is at least one axis.
pub(crate) fn merged<const N: usize>(axes: impl IntoIterator<Item = Axis<N>>) -> Vec<Axis<N>> {
    let mut merged: Vec<Axis<N>> = Vec::new();
    for axis in axes.into_iter().filter(|axis| axis.length != 1) {
        match merged.last_mut() {
            Some(outer) if (0..N).all(|n| outer.strides[n] == axis.strides[n] * axis.length as isize) => {
                *outer = Axis { length: outer.length * axis.length, strides: axis.strides };
            }
            _ => merged.push(axis),
        }
    }
    if merged.is_empty() {
        merged.push(Axis { length: 1, strides: [1; N] });
    }
    merged
}

/// Calls `visit` with the offsets of each position of `axes`, in row-major order, from position `first` on, `count` times.
pub(crate) fn for_each<const N: usize>(
    axes: &[Axis<N>],
    first: usize,
    count: usize,
    mut visit: impl FnMut([isize; N]),
) {
    let mut place = vec![0; axes.len()];
    let (mut rest, mut offsets) = (first, [0; N]);
    for (place, axis) in place.iter_mut().zip(axes).rev() {
        *place = rest % axis.length;
        rest /= axis.length;
        (0..N).for_each(|n| offsets[n] += *place as isize * axis.strides[n]);
    }
    for _ in 0..count {
        visit(offsets);
        for (place, axis) in place.iter_mut().zip(axes).rev() {
            *place += 1;
            (0..N).for_each(|n| offsets[n] += axis.strides[n]);
            if *place < axis.length {
                break;
            }
            (0..N).for_each(|n| offsets[n] -= *place as isize * axis.strides[n]);
            *place = 0;
        }
    }
}

/// Strides of a tensor of `shape` in row-major order.
pub(crate) fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}

/// Strides of a tensor of `own` shape that is broadcast to `shape`.
pub(crate) fn broadcast(own: &[usize], shape: &[usize]) -> Vec<isize> {
    let missing = shape.len() - own.len();
    let repeated = own.iter().zip(strides(own)).map(|(&length, stride)| if length == 1 { 0 } else { stride });
    std::iter::repeat_n(0, missing).chain(repeated).collect()
}

/// Copies to `to`, in row-major order of `shape`, the elements at `offset` and these strides of `from`.
pub(crate) fn copy<T: Copy + Send + Sync>(from: &[T], offset: usize, shape: &[usize], strides: &[isize], to: &mut [T]) {
    let axes = shape.iter().zip(strides).map(|(&length, &stride)| Axis { length, strides: [stride] });
    let axes = merged(axes);
    let (outer, rest) = (axes[0], to.len() / axes[0].length.max(1));
    if to.len() < SMALL || outer.length == 1 {
        return copy_axes(from, offset as isize, &axes, to);
    }
    let rows = outer.length.div_ceil(4 * rayon::current_num_threads()).max((SMALL / 4).div_ceil(rest));
    to.par_chunks_mut(rows * rest).enumerate().for_each(|(index, to)| {
        let mut axes = axes.clone();
        axes[0].length = to.len() / rest;
        copy_axes(from, offset as isize + (index * rows) as isize * outer.strides[0], &axes, to);
    });
}

fn copy_axes<T: Copy>(from: &[T], offset: isize, axes: &[Axis<1>], to: &mut [T]) {
    let (inner, outer) = (axes[axes.len() - 1], &axes[..axes.len() - 1]);
    let [stride] = inner.strides;
    if stride != 1
        && stride != 0
        && let Some(contiguous) = outer.iter().rposition(|axis| axis.strides == [1] && axis.length > FEW)
    {
        return transpose(from, offset, axes, contiguous, to);
    }
    let mut rows = to.chunks_exact_mut(inner.length);
    let count = rows.len();
    for_each(outer, 0, count, |[row]| {
        let (to, at) = (rows.next().expect("there are as many rows"), (offset + row) as usize);
        match stride {
            1 => to.copy_from_slice(&from[at..][..inner.length]),
            0 => to.fill(from[at]),
            _ => to.iter_mut().enumerate().for_each(|(i, to)| *to = from[(at as isize + i as isize * stride) as usize]),
        }
    });
}

/// Copies planes of axis `contiguous`, whose stride in `from` is 1, and the last axis, whose stride in `to` is 1.
fn transpose<T: Copy>(from: &[T], offset: isize, axes: &[Axis<1>], contiguous: usize, to: &mut [T]) {
    let (columns, column_stride) = (axes[axes.len() - 1].length, axes[axes.len() - 1].strides[0]);
    let rows = axes[contiguous].length;
    let to_strides = strides(&axes.iter().map(|axis| axis.length).collect::<Vec<_>>());
    let row_stride = to_strides[contiguous] as usize;
    let others = (0..axes.len() - 1).filter(|axis| *axis != contiguous);
    let others: Vec<_> =
        others.map(|n| Axis { length: axes[n].length, strides: [axes[n].strides[0], to_strides[n]] }).collect();
    let planes = others.iter().map(|axis| axis.length).product();
    let (row_block, column_block) = if columns <= FEW { (rows, 1) } else { (BLOCK, BLOCK) };
    for_each(&others, 0, planes, |[source, target]| {
        let source = offset + source;
        for first_row in (0..rows).step_by(row_block) {
            let block = first_row..rows.min(first_row + row_block);
            for first_column in (0..columns).step_by(column_block) {
                for column in first_column..columns.min(first_column + column_block) {
                    let from = &from[(source + column as isize * column_stride) as usize..][block.clone()];
                    let at = target as usize + block.start * row_stride + column;
                    from.iter().zip(to[at..].iter_mut().step_by(row_stride)).for_each(|(from, to)| *to = *from);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_follow_their_strides() {
        let shape = [3usize, 5, 4, 37, 2];
        let own = strides(&shape);
        let from: Vec<usize> = (0..shape.iter().product()).collect();
        let permutations = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [0, 3, 4, 1, 2], [1, 0, 3, 2, 4], [2, 4, 0, 3, 1]];
        for permutation in permutations {
            let (lengths, strides): (Vec<_>, Vec<_>) = permutation.iter().map(|&n| (shape[n], own[n])).unzip();
            let mut to = vec![0; from.len()];
            copy(&from, 0, &lengths, &strides, &mut to);
            for (index, &found) in to.iter().enumerate() {
                let (mut rest, mut expected) = (index, 0);
                for (length, stride) in lengths.iter().zip(&strides).rev() {
                    expected += (rest % length) as isize * stride;
                    rest /= length;
                }
                assert_eq!(found as isize, expected, "{permutation:?} at {index}");
            }
        }
    }

    #[test]
    fn negative_and_zero_strides_flip_and_repeat() {
        let mut to = [0; 6];
        copy(&[1, 2, 3], 2, &[2, 3], &[0, -1], &mut to);
        assert_eq!(to, [3, 2, 1, 3, 2, 1]);
        copy(&[1, 2, 3], 0, &[3, 2], &[1, 0], &mut to);
        assert_eq!(to, [1, 1, 2, 2, 3, 3]);
    }
}
