//! Operators that reshape, reorder, cut and join known values.

use super::node::{BoundNode, repeated, sizes, small};
use crate::array::{Array, Elements, count};
use crate::attributes::{Attribute, axis_from_front};
use crate::error::NodeFault;

type Arrays = Result<Option<Vec<Array>>, NodeFault>;

/// Whether `op` is evaluated here.
pub(super) fn has(op: &str) -> bool {
    matches!(
        op,
        "Gather"
            | "Concat"
            | "Flatten"
            | "Slice"
            | "Squeeze"
            | "Unsqueeze"
            | "Reshape"
            | "Transpose"
            | "Expand"
            | "Tile"
            | "Split"
            | "NonZero"
    )
}

/// Evaluates an operator that [`has`] accepts; `None` if the result would be too large.
pub(super) fn evaluate(node: &BoundNode) -> Arrays {
    if node.op == "Concat" {
        return concat(node);
    }
    let data = node.input(0)?;
    let rank = data.shape.len();
    let view = |shape: Vec<usize>| {
        if count(&shape) != data.len() {
            return Err(NodeFault::Evaluation("the shape has a different number of elements"));
        }
        Ok(Some(vec![Array { shape, elements: data.elements.clone() }]))
    };
    match node.op {
        "Gather" => gather(node, data),
        "Slice" => slice(node, data),
        "Split" => split(node, data),
        "NonZero" if rank > 0 => Ok(Some(vec![non_zero(data)])),
        "NonZero" => Ok(None),
        "Reshape" => view(reshape(node, &data.shape)?),
        "Flatten" => {
            let axis = node.attributes.int("axis", node.probe)?.unwrap_or(1);
            let axis = if axis == rank as i64 { rank } else { axis_from_front("axis", axis, rank)? };
            view(vec![count(&data.shape[..axis]), count(&data.shape[axis..])])
        }
        "Squeeze" => {
            let axes = match node.attributes.ints("axes", node.probe)? {
                Some(axes) => axes.iter().map(|&a| axis_from_front("axes", a, rank)).collect::<Result<Vec<_>, _>>()?,
                None => (0..rank).filter(|&axis| data.shape[axis] == 1).collect(),
            };
            if axes.iter().any(|&axis| data.shape[axis] != 1) {
                return Err(NodeFault::Evaluation("a squeezed axis does not have length 1"));
            }
            view((0..rank).filter(|axis| !axes.contains(axis)).map(|axis| data.shape[axis]).collect())
        }
        "Unsqueeze" => {
            let axes = node.attributes.ints("axes", node.probe)?.unwrap_or_default();
            let rank = rank + axes.len();
            let axes = axes.iter().map(|&a| axis_from_front("axes", a, rank)).collect::<Result<Vec<_>, _>>()?;
            let mut left = data.shape.iter().copied();
            let shape = (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { left.next() });
            view(shape.collect::<Option<_>>().ok_or(NodeFault::Evaluation("an axis is named twice"))?)
        }
        "Transpose" => transpose(node, data),
        "Expand" => {
            let shape = sizes(&node.attributes.ints("shape", node.probe)?.unwrap_or_default())?;
            let shape = broadcast(&data.shape, &shape)?;
            Ok(repeated(&shape).map(|_| {
                let indices = broadcast_indices(&shape, &data.shape);
                vec![data.pick(shape.clone(), indices)]
            }))
        }
        "Tile" => tile(node, data),
        _ => Ok(None),
    }
}

/// Coordinates of all cells of a small shape in row-major order.
pub(super) fn cells(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..count(shape)).map(|mut position| {
        let mut cell = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            cell[axis] = position % shape[axis];
            position /= shape[axis];
        }
        cell
    })
}

/// Row-major position from the (coordinate, length) of every axis.
pub(super) fn flat(axes: impl Iterator<Item = (usize, usize)>) -> usize {
    axes.fold(0, |position, (coordinate, length)| position * length + coordinate)
}

/// The shape that two shapes broadcast to.
pub(super) fn broadcast(left: &[usize], right: &[usize]) -> Result<Vec<usize>, NodeFault> {
    let rank = left.len().max(right.len());
    let dim = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (dim(left, axis), dim(right, axis)) {
            (a, b) if a == b || b == 1 => Ok(a),
            (1, b) => Ok(b),
            _ => Err(NodeFault::Evaluation("the shapes do not broadcast")),
        })
        .collect()
}

/// For each cell of shape `to`, the index of the element that a tensor of shape `from` broadcasts to it.
pub(super) fn broadcast_indices<'a>(to: &'a [usize], from: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let missing = to.len() - from.len();
    cells(to).map(move |cell| {
        flat(from.iter().enumerate().map(|(axis, &d)| (if d == 1 { 0 } else { cell[axis + missing] }, d)))
    })
}

fn concat(node: &BoundNode) -> Arrays {
    let first = node.input(0)?;
    let rank = first.shape.len();
    let axis = axis_from_front("axis", node.attributes.int("axis", node.probe)?.unwrap_or(1), rank)?;
    let arrays = (0..node.inputs.len()).map(|i| node.input(i)).collect::<Result<Vec<_>, _>>()?;
    let fits =
        |array: &Array| array.shape.len() == rank && (0..rank).all(|a| a == axis || array.shape[a] == first.shape[a]);
    if !arrays.iter().all(|array| fits(array) && array.dtype() == first.dtype()) {
        return Err(NodeFault::Evaluation("inputs differ in type, or in an axis other than the concatenated one"));
    }
    let mut shape = first.shape.clone();
    shape[axis] = arrays.iter().fold(0, |sum: usize, array| sum.saturating_add(array.shape[axis]));
    if small(&shape).is_none() {
        return Ok(None);
    }
    let outer = count(&shape[..axis]);
    let block = |array: &Array| count(&array.shape[axis..]);
    let mut result = first.pick(vec![0], std::iter::empty());
    for row in 0..outer {
        for array in &arrays {
            let range = row * block(array)..(row + 1) * block(array);
            match (&mut result.elements, &array.elements) {
                (Elements::Float(to), Elements::Float(from)) => to.extend_from_slice(&from[range]),
                (Elements::Int(to), Elements::Int(from)) => to.extend_from_slice(&from[range]),
                (Elements::Bool(to), Elements::Bool(from)) => to.extend_from_slice(&from[range]),
                _ => return Err(NodeFault::Evaluation("inputs differ in type")),
            }
        }
    }
    result.shape = shape;
    Ok(Some(vec![result]))
}

fn gather(node: &BoundNode, data: &Array) -> Arrays {
    let axis = axis_from_front("axis", node.attributes.int("axis", node.probe)?.unwrap_or(0), data.shape.len())?;
    let indices = node.input(1)?;
    let wanted = indices.as_ints().ok_or(NodeFault::Evaluation("indices must be integers"))?;
    let picked = wanted.iter().map(|&i| axis_from_front("indices", i, data.shape[axis])).collect::<Result<Vec<_>, _>>();
    let picked = picked.map_err(|_| NodeFault::Evaluation("an index is out of range"))?;
    let shape = [&data.shape[..axis], &indices.shape, &data.shape[axis + 1..]].concat();
    if small(&shape).is_none() {
        return Ok(None);
    }
    let (length, inner) = (data.shape[axis], count(&data.shape[axis + 1..]));
    let outer = count(&data.shape[..axis]);
    let positions = (0..outer)
        .flat_map(|o| picked.iter().flat_map(move |&i| (0..inner).map(move |k| (o * length + i) * inner + k)));
    Ok(Some(vec![data.pick(shape, positions)]))
}

fn slice(node: &BoundNode, data: &Array) -> Arrays {
    let get = |name: &str| node.attributes.ints(name, node.probe);
    let op = imagine_graph::Slice {
        starts: get("starts")?.unwrap_or_default(),
        ends: get("ends")?.unwrap_or_default(),
        axes: get("axes")?.unwrap_or_default(),
        steps: get("steps")?.unwrap_or_default(),
    };
    let fault = |_| NodeFault::Evaluation("starts, ends, axes and steps do not fit the data");
    if data.len() == 0 {
        return Err(NodeFault::Evaluation("the data is empty"));
    }
    let ranges = op.ranges(&data.shape).map_err(fault)?;
    let shape: Vec<usize> = ranges.iter().map(|r| r.1).collect();
    let positions = cells(&shape).map(|cell| {
        let at = |axis: usize| (ranges[axis].0 as i64 + cell[axis] as i64 * ranges[axis].2) as usize;
        flat((0..cell.len()).map(|axis| (at(axis), data.shape[axis])))
    });
    Ok(Some(vec![data.pick(shape.clone(), positions)]))
}

fn split(node: &BoundNode, data: &Array) -> Arrays {
    let axis = axis_from_front("axis", node.attributes.int("axis", node.probe)?.unwrap_or(0), data.shape.len())?;
    let length = data.shape[axis];
    let parts = match node.attributes.ints("split", node.probe)? {
        Some(parts) => sizes(&parts)?,
        None => {
            let part = length.div_ceil(node.outputs.max(1));
            (0..node.outputs).map(|i| part.min(length.saturating_sub(i * part))).collect()
        }
    };
    let sum = parts.iter().fold(0usize, |sum, &part| sum.saturating_add(part));
    if sum != length || parts.len() != node.outputs {
        return Err(NodeFault::Evaluation("the parts do not add up to the length of the axis"));
    }
    let (outer, inner) = (count(&data.shape[..axis]), count(&data.shape[axis + 1..]));
    let mut start = 0;
    let arrays = parts.into_iter().map(|part| {
        let mut shape = data.shape.clone();
        shape[axis] = part;
        let first = start;
        start += part;
        let positions = (0..outer).flat_map(|o| {
            let row = (o * length + first) * inner;
            row..row + part * inner
        });
        data.pick(shape, positions)
    });
    Ok(Some(arrays.collect()))
}

/// The target shape of `Reshape` at this probe size.
pub(super) fn reshape(node: &BoundNode, data: &[usize]) -> Result<Vec<usize>, NodeFault> {
    let wanted = node.attributes.ints("shape", node.probe)?.ok_or(NodeFault::Evaluation("the shape is missing"))?;
    let allow_zero = node.attributes.int("allowzero", node.probe)?.unwrap_or(0) != 0;
    target_shape(&wanted, data, allow_zero)
}

/// ONNX's rule for the target of `Reshape`: 0 keeps a dimension, -1 is inferred.
pub(crate) fn target_shape(wanted: &[i64], data: &[usize], allow_zero: bool) -> Result<Vec<usize>, NodeFault> {
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (axis, &dim) in wanted.iter().enumerate() {
        shape.push(match dim {
            0 if !allow_zero => {
                *data.get(axis).ok_or(NodeFault::Evaluation("0 keeps a dimension that the data lacks"))?
            }
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            _ => usize::try_from(dim).map_err(|_| NodeFault::Evaluation("a dimension is negative"))?,
        });
    }
    if let Some(open) = open {
        let known = count(&shape);
        if known == 0 || !count(data).is_multiple_of(known) {
            return Err(NodeFault::Evaluation("-1 cannot be inferred"));
        }
        shape[open] = count(data) / known;
    }
    Ok(shape)
}

fn transpose(node: &BoundNode, data: &Array) -> Arrays {
    let rank = data.shape.len();
    let perm = match node.attributes.0.get("perm") {
        Some(Attribute::Ints(perm)) => {
            perm.iter().map(|&a| axis_from_front("perm", a, rank)).collect::<Result<Vec<_>, _>>()?
        }
        _ => (0..rank).rev().collect(),
    };
    let mut sorted = perm.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(NodeFault::Evaluation("perm must name every axis once"));
    }
    let shape: Vec<usize> = perm.iter().map(|&a| data.shape[a]).collect();
    let positions = cells(&shape).map(|cell| {
        let mut source = vec![0; rank];
        perm.iter().zip(&cell).for_each(|(&axis, &c)| source[axis] = c);
        flat(source.iter().zip(&data.shape).map(|(&c, &d)| (c, d)))
    });
    Ok(Some(vec![data.pick(shape.clone(), positions)]))
}

/// The coordinates of all non-zero elements, one row per axis.
fn non_zero(data: &Array) -> Array {
    let found: Vec<Vec<usize>> =
        cells(&data.shape).zip(data.to_floats()).filter(|(_, value)| *value != 0.0).map(|(cell, _)| cell).collect();
    let rank = data.shape.len();
    let coordinates = (0..rank).flat_map(|axis| found.iter().map(move |cell| cell[axis] as i64));
    Array::ints(&[rank, found.len()], coordinates.collect())
}

fn tile(node: &BoundNode, data: &Array) -> Arrays {
    let repeats = sizes(&node.attributes.ints("repeats", node.probe)?.unwrap_or_default())?;
    if repeats.len() != data.shape.len() {
        return Err(NodeFault::Evaluation("repeats must have a number for every axis"));
    }
    let shape: Vec<usize> = data.shape.iter().zip(&repeats).map(|(&d, &r)| d.saturating_mul(r)).collect();
    Ok(repeated(&shape).map(|_| {
        let indices = cells(&shape).map(|cell| flat(cell.iter().zip(&data.shape).map(|(&c, &d)| (c % d, d))));
        vec![data.pick(shape.clone(), indices)]
    }))
}
