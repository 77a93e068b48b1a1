//! Checks of inputs that the operators of nearest-neighbour fields share.

use crate::ops::exemplar::MAX_EXEMPLAR_SIDE;
use crate::ops::inputs::{Inputs, require};
use crate::ops::{NodeError, Reach};
use crate::tensor::{DType, TensorType};

/// Maximum number of channels of an image that features are made of, and of bytes of a feature.
pub const MAX_FEATURES: usize = 64;

/// Whether a source may have these sides: its places are packed in words.
pub(super) fn is_level(sides: [usize; 2]) -> bool {
    sides.iter().all(|side| (1..=MAX_EXEMPLAR_SIDE).contains(side))
}

/// Rows and columns of the field, input 0.
pub(super) fn field(inputs: &Inputs) -> Result<[usize; 2], NodeError> {
    let found = inputs.required(0, "field")?;
    let expected = format!("i32 [1, 1, H, W], H and W 1 to {MAX_EXEMPLAR_SIDE}");
    let size = match found.shape[..] {
        [1, 1, height, width] if found.dtype == DType::I32 && is_level([height, width]) => Some([height, width]),
        _ => None,
    };
    require(size.is_some(), 0, "field", expected, found)?;
    Ok(size.unwrap_or_default())
}

/// Checks target and source features, source mask and active, inputs 1 to 4; returns the shape of the source.
pub(super) fn check_features(inputs: &Inputs, size: [usize; 2]) -> Result<[usize; 3], NodeError> {
    let most = MAX_FEATURES / 4;
    let target = inputs.required(1, "target")?;
    let is_target = matches!(target.shape[..], [h, w, words] if [h, w] == size && (1..=most).contains(&words));
    let expected = format!("i32 [{}, {}, 1 to {most}], as the field", size[0], size[1]);
    require(target.dtype == DType::I32 && is_target, 1, "target", expected, target)?;
    let words = target.shape[2];
    let source = inputs.required(2, "source")?;
    let is_source = matches!(source.shape[..], [h, w, k] if is_level([h, w]) && k == words);
    require(source.dtype == DType::I32 && is_source, 2, "source", format!("i32 [Hs, Ws, {words}]"), source)?;
    let level = [source.shape[0], source.shape[1]];
    check_cells(inputs, 3, "source_mask", DType::Bool, level)?;
    check_cells(inputs, 4, "active", DType::Bool, size)?;
    Ok([level[0], level[1], words])
}

/// Checks that input `input`, if it is there, has one element for each cell.
pub(in crate::ops) fn check_cells(
    inputs: &Inputs,
    input: usize,
    name: &'static str,
    dtype: DType,
    [height, width]: [usize; 2],
) -> Result<(), NodeError> {
    let Some(found) = inputs.optional(input) else { return Ok(()) };
    let kind = if dtype == DType::Bool { "booleans" } else { "i32" };
    let fits = found.dtype == dtype && found.shape == [1, 1, height, width];
    require(fits, input, name, format!("{kind} [1, 1, {height}, {width}]"), found)
}

/// Every input is read everywhere: a place may be anywhere in the source, and the target is not cut into tiles.
pub(super) fn fill(inputs: &[Option<&TensorType>], what: &'static str) -> Vec<Reach> {
    vec![Reach::Everything(what); inputs.len()]
}
