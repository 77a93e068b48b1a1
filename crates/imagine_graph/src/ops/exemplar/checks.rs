//! Checks of the operators' inputs and parameters.

use crate::ops::NodeError;
use crate::ops::inputs::{Inputs, require, require_param};
use crate::tensor::{DType, Tensor, TensorData};

/// Maximum side of an exemplar in texels.
pub const MAX_EXEMPLAR_SIDE: usize = 16_384;
pub(super) const MAX_BLOCK: usize = 64;
/// Maximum number of guides.
pub(super) const MAX_GUIDES: usize = 8;
pub(super) const MAX_CANDIDATES: usize = 64;

/// Whether `shape` is that of the field, with 1 allowed in place of each length and the channels that `has_channels` allows.
pub(super) fn is_over(shape: &[usize], field: &[usize], has_channels: impl Fn(usize) -> bool) -> bool {
    let covers = |axis: usize| shape[axis] == 1 || shape[axis] == field[axis];
    shape.len() == 4 && has_channels(shape[1]) && [0, 2, 3].into_iter().all(covers)
}

/// Checks the guide at `input` and the target after it, if they are there, for an exemplar's `level` and the shape of a field.
pub(super) fn check_guide(inputs: &Inputs, input: usize, level: [usize; 2], field: &[usize]) -> Result<(), NodeError> {
    if inputs.optional(input).is_none() && inputs.optional(input + 1).is_none() {
        return Ok(());
    }
    let guide = inputs.required(input, "guide")?;
    let words = |found: &[usize]| found.len() == 3 && found[..2] == level && (1..=MAX_GUIDES / 4).contains(&found[2]);
    let fits = guide.dtype == DType::I32 && words(&guide.shape);
    require(fits, input, "guide", format!("i32 [{}, {}, 1 or 2]", level[0], level[1]), guide)?;
    let target = inputs.required(input + 1, "target")?;
    let most = 4 * guide.shape[2];
    let fits = target.dtype == DType::I32 && is_over(&target.shape, field, |guides| (1..=most).contains(&guides));
    let expected = format!("i32 [1 or N, 1 to {most}, 1 or H, 1 or W], as the field");
    require(fits, input + 1, "target", expected, target)
}

/// The places of a table of similar places lie in the exemplar.
pub(super) fn check_places(input: usize, table: &Tensor) -> Result<(), NodeError> {
    let (TensorData::I32(places), &[height, width, _]) = (&table.data, &table.shape[..]) else { return Ok(()) };
    let is_inside = |place: i32| place >= 0 && ((place >> 16) as usize) < height && ((place & 0xffff) as usize) < width;
    match places.iter().position(|place| !is_inside(*place)) {
        None => Ok(()),
        Some(index) => {
            let found = format!("row {}, column {}", places[index] >> 16, places[index] & 0xffff);
            let expected = format!("a place of an exemplar of {height} rows and {width} columns");
            Err(NodeError::Element { input, name: "similar", index, expected, found })
        }
    }
}

pub(super) fn is_side(side: usize) -> bool {
    (1..=MAX_EXEMPLAR_SIDE).contains(&side)
}

pub(super) fn check_side(name: &'static str, side: usize) -> Result<(), NodeError> {
    require_param(is_side(side), name, format!("1 to {MAX_EXEMPLAR_SIDE}"), side)
}

pub(super) fn check_block(block: usize) -> Result<(), NodeError> {
    require_param((1..=MAX_BLOCK).contains(&block), "block", format!("1 to {MAX_BLOCK}"), block)
}

/// The shape of the field, input 0.
pub(super) fn field(inputs: &Inputs) -> Result<[usize; 4], NodeError> {
    let found = inputs.required(0, "field")?;
    let fits = found.dtype == DType::I32 && matches!(found.shape[..], [_, 1, _, _]);
    require(fits, 0, "field", "i32 [N, 1, H, W]", found)?;
    Ok(std::array::from_fn(|axis| found.shape[axis]))
}

/// Checks further candidates at `input`, if they are there, for a field of this shape.
pub(super) fn check_candidates(inputs: &Inputs, input: usize, field: &[usize]) -> Result<(), NodeError> {
    let Some(candidates) = inputs.optional(input) else { return Ok(()) };
    let counts = |count: usize| (1..=MAX_CANDIDATES).contains(&count);
    let fits = candidates.dtype == DType::I32 && is_over(&candidates.shape, field, counts);
    let expected = format!("i32 [1 or N, 1 to {MAX_CANDIDATES}, 1 or H, 1 or W], as the field");
    require(fits, input, "candidates", expected, candidates)
}

/// The shape of a table of similar places.
pub(super) fn table(inputs: &Inputs, input: usize) -> Result<[usize; 3], NodeError> {
    let found = inputs.required(input, "similar")?;
    let fits = found.dtype == DType::I32
        && matches!(found.shape[..], [h, w, k] if is_side(h) && is_side(w) && (1..=64).contains(&k));
    require(fits, input, "similar", "i32 [height, width, k], k 1 to 64", found)?;
    Ok(std::array::from_fn(|axis| found.shape[axis]))
}
