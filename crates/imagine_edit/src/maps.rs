//! Maps of a picture or material: inputs and outputs that all edits name alike.

use imagine_graph::generators::Formula;
use imagine_graph::{ColorSpace, Dim, Extent, InputKind, OutputKind, ReduceSumSquare, Size, SizeRule};

use crate::error::EditError;

/// Channels of a map; maps are checked before.
pub(crate) fn channels(kind: OutputKind) -> usize {
    kind.channels().unwrap_or(1)
}

/// Fails unless `size` has sides from `min` to `max`.
pub(crate) fn check_size(size: Extent, min: usize, max: usize) -> Result<(), EditError> {
    let Extent { height, width } = size;
    let fits = [height, width].iter().all(|side| (min..=max).contains(side));
    if fits { Ok(()) } else { Err(EditError::Size { width, height, min, max }) }
}

/// Fails unless `maps` are different maps of a material, at least one.
pub(crate) fn check_maps(maps: &[OutputKind]) -> Result<(), EditError> {
    let is_map = |kind: &OutputKind| OutputKind::MAPS.contains(kind);
    let is_once = |index: usize| !maps[..index].contains(&maps[index]);
    let fits = !maps.is_empty() && maps.iter().all(is_map) && (0..maps.len()).all(is_once);
    if fits { Ok(()) } else { Err(EditError::Maps(maps.to_vec())) }
}

/// Name of the input for a map of what is called `image` or `object`: that of the base colour, for the other maps with theirs behind.
pub fn input_name(image: &str, kind: OutputKind) -> String {
    if kind == OutputKind::BaseColor { image.into() } else { format!("{image}_{}", kind.name()) }
}

/// Declares the input of a map of `image`, `[1, channels, height, width]`: base colour and emissive in sRGB, normals as in a file, 0 to 1 for -1 to 1.
pub(crate) fn input(f: &mut Formula, image: &str, kind: OutputKind, [height, width]: [Dim; 2]) -> String {
    let shape = vec![Dim::Fixed(1), Dim::Fixed(channels(kind)), height, width];
    f.graph.input(&input_name(image, kind), InputKind::Image(color_space(kind)), shape)
}

/// Declares the mask, 1 inside.
pub(crate) fn mask(f: &mut Formula) -> String {
    f.graph.input("mask", InputKind::Mask, vec![Dim::Fixed(1), Dim::Fixed(1), Dim::HEIGHT, Dim::WIDTH])
}

/// Declares the output of a map from values as in [`input`].
pub(crate) fn output(f: &mut Formula, value: &str, kind: OutputKind) {
    if kind == OutputKind::Normal {
        let signed = f.scaled(value, 2.0, -1.0);
        f.output(&signed, kind);
    } else {
        f.output(value, kind);
    }
}

/// The only size that a generator makes.
pub(crate) fn only(size: Size, tiles: bool) -> SizeRule {
    SizeRule { multiple: size.extent(), min: size.extent(), tiles }
}

fn color_space(kind: OutputKind) -> ColorSpace {
    match kind {
        OutputKind::BaseColor | OutputKind::Emissive => ColorSpace::Srgb,
        _ => ColorSpace::Linear,
    }
}

/// A stored normal, with unit length.
pub(crate) fn unit_length(f: &mut Formula, normal: &str) -> String {
    let signed = f.scaled(normal, 2.0, -1.0);
    let squared = f.node(ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, &[&signed]);
    let squared = f.max(&squared, 1e-9);
    let length = f.sqrt(&squared);
    let unit = f.div(&signed, &length);
    f.scaled(&unit, 0.5, 0.5)
}
