//! Strided walks over tensors, the axes that `imagine::index::offsets` takes, and the calls built on them.

use imagine_graph::{MAX_RANK, WindowAxis};

use crate::kernel::{KernelCall, Operand, ShaderDef, workgroups};
use crate::lowering::Lowering;
use crate::params::KernelParams;

/// Axes of a strided walk, outermost first, at the end of the array: `[length, stride in operand 0, 1, 2]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axes {
    /// Unused axes come first and have length 1.
    pub axes: [[i32; 4]; MAX_RANK],
    /// Number of axes in use, counted from the last, at least 1.
    pub rank: u32,
}

impl Axes {
    /// A row-major walk over `shape` with the given strides in up to three operands.
    ///
    /// Axes that are contiguous in every operand are merged, so that equal shapes cost one division per element. This changes
    /// how an address is computed, never the address.
    pub fn new<const N: usize>(shape: &[usize], strides: [&[i64]; N]) -> Self {
        Self::of(&merged(shape, strides), 0)
    }

    /// The same walk for operands 0 to 2 and 3 to 5.
    pub fn pair(shape: &[usize], strides: [&[i64]; 6]) -> [Self; 2] {
        let merged = merged(shape, strides);
        [0, 3].map(|first| Self::of(&merged, first))
    }

    /// `merged` axes with the strides of up to three operands from `first` on.
    fn of<const N: usize>(merged: &[(usize, [i64; N])], first: usize) -> Self {
        let mut axes = [[1, 0, 0, 0]; MAX_RANK];
        let free = MAX_RANK - merged.len();
        for (axis, (length, stride)) in axes[free..].iter_mut().zip(merged) {
            axis[0] = *length as i32;
            for (to, from) in axis[1..].iter_mut().zip(&stride[first..]) {
                *to = *from as i32;
            }
        }
        Self { axes, rank: merged.len().max(1) as u32 }
    }
}

/// Axes outermost first, without those of length 1; those that are contiguous in every operand are merged.
fn merged<const N: usize>(shape: &[usize], strides: [&[i64]; N]) -> Vec<(usize, [i64; N])> {
    let mut merged: Vec<(usize, [i64; N])> = Vec::new();
    for (axis, &length) in shape.iter().enumerate().filter(|(_, length)| **length != 1) {
        let stride = strides.map(|s| s[axis]);
        match merged.last_mut() {
            Some((outer, outer_stride)) if (0..N).all(|n| outer_stride[n] == stride[n].wrapping_mul(length as i64)) => {
                *outer *= length;
                *outer_stride = stride;
            }
            _ => merged.push((length, stride)),
        }
    }
    merged
}

/// The def that specialises `imagine::index::walk_offsets` for up to three axes.
pub(crate) fn axes_def(rank: u32) -> Option<&'static str> {
    match rank {
        1 => Some("AXES_1"),
        2 => Some("AXES_2"),
        3 => Some("AXES_3"),
        _ => None,
    }
}

/// Strides of a row-major tensor.
pub(crate) fn row_major(shape: &[usize]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as i64;
    }
    strides
}

/// Strides of a row-major tensor of `shape` that is broadcast to `rank` dimensions.
pub(crate) fn broadcast(shape: &[usize], rank: usize) -> Vec<i64> {
    let mut strides = vec![0; rank];
    let missing = rank - shape.len();
    for (axis, stride) in row_major(shape).into_iter().enumerate() {
        if shape[axis] != 1 {
            strides[missing + axis] = stride;
        }
    }
    strides
}

/// Depth, height and width of windows over one to three axes; missing axes come first and have length 1.
pub(crate) fn three_axes(windows: &[WindowAxis]) -> [WindowAxis; 3] {
    let whole = WindowAxis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };
    let mut axes = [whole; 3];
    axes[3 - windows.len()..].copy_from_slice(windows);
    axes
}

/// The call that reads all inputs of `node` and writes its outputs with one invocation per element of `count`. `defs` are flags;
/// `None` is skipped.
pub(crate) fn call<P: KernelParams>(
    node: &Lowering,
    defs: impl IntoIterator<Item = Option<&'static str>>,
    params: &P,
    count: usize,
    flop: u64,
) -> KernelCall {
    let mut defs: Vec<_> = defs.into_iter().flatten().map(|name| (name, ShaderDef::Bool(true))).collect();
    defs.sort();
    KernelCall {
        label: node.node.into(),
        shader: P::LAYOUT.shader,
        defs,
        params: bytemuck::bytes_of(params).to_vec(),
        params_layout: P::LAYOUT,
        random: None,
        operands: node.inputs.iter().flatten().map(|input| Operand::Value(input.value)).collect(),
        outputs: node.outputs.iter().map(|(value, _)| *value).collect(),
        workgroups: [workgroups(count), 1, 1],
        cost: node.cost(flop),
    }
}

impl Lowering<'_> {
    /// Shape of input `index`, which the shape rule requires to be `[N, C, H, W]`.
    pub(crate) fn image(&self, index: usize) -> [u32; 4] {
        image(&self.input(index).value_type.shape)
    }

    /// Shape of the output, `[N, C, H, W]`.
    pub(crate) fn output_image(&self) -> [u32; 4] {
        image(self.output_shape())
    }
}

fn image(shape: &[usize]) -> [u32; 4] {
    std::array::from_fn(|axis| shape[axis] as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_merge_into_one_axis() {
        let shape = [2, 1, 5, 3];
        let strides = row_major(&shape);
        let walk = Axes::new(&shape, [&strides, &strides]);
        assert_eq!((walk.rank, walk.axes[MAX_RANK - 1]), (1, [30, 1, 1, 0]));
    }

    #[test]
    fn a_channel_vector_keeps_its_axis() {
        let strides = broadcast(&[3, 1, 1], 4);
        let walk = Axes::new(&[2, 3, 5, 4], [&row_major(&[2, 3, 5, 4]), &strides]);
        assert_eq!(walk.rank, 3);
        assert_eq!(walk.axes[MAX_RANK - 3..], [[2, 60, 0, 0], [3, 20, 1, 0], [20, 1, 0, 0]]);
    }

    #[test]
    fn a_scalar_is_one_element() {
        let walk = Axes::new(&[], [&[]]);
        assert_eq!((walk.rank, walk.axes), (1, [[1, 0, 0, 0]; MAX_RANK]));
    }
}
