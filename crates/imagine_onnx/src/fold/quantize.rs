//! `DequantizeLinear` of known values: `(x - zero point) * scale`, with a scale for the tensor, for each index of an axis, or for
//! each block along an axis.

use super::node::BoundNode;
use crate::array::{Array, Elements, count};
use crate::attributes::{axis_from_front, invalid};
use crate::error::NodeFault;

type Result<T> = std::result::Result<T, NodeFault>;

/// What one scale applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granularity {
    /// The tensor.
    Tensor,
    /// One index of this axis.
    Axis(usize),
    /// So many indices of this axis.
    Block(usize, usize),
}

impl Granularity {
    /// What a scale of shape `scale` applies to in data of shape `data`.
    pub fn of(data: &[usize], scale: &[usize], axis: i64, block: i64) -> Result<Self> {
        if count(scale) == 1 && scale.len() <= 1 {
            return Ok(Self::Tensor);
        }
        let axis = axis_from_front("axis", axis, data.len())?;
        if scale.len() == 1 && block == 0 {
            let fits = scale[0] == data[axis];
            let fault = || NodeFault::Evaluation("needs one scale for each index of the axis");
            return fits.then_some(Self::Axis(axis)).ok_or_else(fault);
        }
        let block = usize::try_from(block).ok().filter(|&block| block > 0);
        let block = block.ok_or_else(|| invalid("block_size", "must be positive if the scale has several axes"))?;
        let fits = |at: usize| if at == axis { scale[at] == data[at].div_ceil(block) } else { scale[at] == data[at] };
        if scale.len() != data.len() || !(0..data.len()).all(fits) {
            return Err(NodeFault::Evaluation("needs one scale for each block of the axis"));
        }
        Ok(Self::Block(axis, block))
    }

    /// The index of the scale for every element of data of shape `data`.
    pub fn indices(self, data: &[usize]) -> impl Iterator<Item = usize> {
        let (axis, block) = match self {
            Self::Tensor => (0, 0),
            Self::Axis(axis) => (axis, 1),
            Self::Block(axis, block) => (axis, block),
        };
        let length = data.get(axis).copied().unwrap_or(1);
        let inner: usize = data.iter().skip(axis + 1).product();
        let by_axis = matches!(self, Self::Axis(_));
        (0..count(data)).map(move |position| {
            let (along, within) = (position / inner.max(1) % length.max(1), position % inner.max(1));
            match block {
                0 => 0,
                _ if by_axis => along,
                _ => (position / (inner * length) * length.div_ceil(block) + along / block) * inner + within,
            }
        })
    }
}

pub(super) fn dequantize(node: &BoundNode) -> Result<Array> {
    let (data, scale) = (node.input(0)?, node.input(1)?);
    let zero = node.inputs.get(2).and_then(|zero| zero.as_deref());
    let int = |name: &str, default| Ok(node.attributes.int(name, node.probe)?.unwrap_or(default));
    let granularity = Granularity::of(&data.shape, &scale.shape, int("axis", 1)?, int("block_size", 0)?)?;
    let whole = NodeFault::Evaluation("needs integers");
    let (Some(integers), Elements::Float(scales)) = (data.as_ints(), &scale.elements) else { return Err(whole) };
    let zeros = zero.map(|zero| zero.as_ints().filter(|zeros| zeros.len() == scales.len()).ok_or(whole));
    let zeros = zeros.transpose()?;
    let value = |(&x, at): (&i64, usize)| x.wrapping_sub(zeros.map_or(0, |zeros| zeros[at])) as f32 * scales[at];
    let elements = integers.iter().zip(granularity.indices(&data.shape)).map(value).collect();
    Ok(Array { shape: data.shape.clone(), elements: Elements::Float(elements) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_finds_its_scale() {
        let indices = |data: &[usize], scale: &[usize], axis, block| {
            Granularity::of(data, scale, axis, block).unwrap().indices(data).collect::<Vec<_>>()
        };
        assert_eq!(indices(&[2, 3], &[], 1, 0), [0; 6]);
        assert_eq!(indices(&[2, 3], &[3], 1, 0), [0, 1, 2, 0, 1, 2]);
        assert_eq!(indices(&[2, 3], &[2], 0, 0), [0, 0, 0, 1, 1, 1]);
        assert_eq!(indices(&[2, 3], &[2, 2], 1, 2), [0, 0, 1, 2, 2, 3]);
        assert_eq!(indices(&[3, 2], &[2, 2], 0, 2), [0, 1, 0, 1, 2, 3]);
        assert!(Granularity::of(&[2, 3], &[2], 1, 0).is_err());
        assert!(Granularity::of(&[2, 3], &[2, 3], 1, 2).is_err());
        assert!(Granularity::of(&[2, 3], &[2, 3], 1, 0).is_err());
    }
}
