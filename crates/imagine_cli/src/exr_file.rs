//! OpenEXR files of outputs: colours and radiance as linear light, other maps as plain values, 0 to 1. The attribute `xmp` holds the
//! source, `imagine` the recipe.

use std::io::Cursor;

use anyhow::{Context, bail, ensure};
use exr::prelude::{
    AnyChannel, AnyChannels, AttributeValue, Encoding, FlatSamples, Image, Layer, LayerAttributes, SmallVec, Text,
    WritableImage,
};
use half::f16;
use imagine_graph::color::srgb_to_linear;
use imagine_graph::{GraphOutput, OutputKind, Tensor};

use crate::file_format::Depth;
use crate::picture::{LARGEST_HALF, NOT_A_NUMBER, UnitImage, unit_image};
use crate::recipe::Recipe;

/// Names of the attributes. Each is alone in its table: the order of a table's entries in the file is not defined.
const XMP: &str = "xmp";
/// As above.
pub const RECIPE: &str = "imagine";

/// Encodes an output `[1, 1 to 4, height, width]`. Equal values and recipes give equal bytes.
pub fn encode(output: &GraphOutput, tensor: &Tensor, depth: Depth, recipe: &Recipe) -> anyhow::Result<Vec<u8>> {
    let (planes, [width, height]) = if output.kind == OutputKind::Radiance {
        radiance(output, tensor)?
    } else {
        light(unit_image(output, tensor)?)
    };
    let names: &[&str] = match planes.len() {
        1 => &["Y"],
        2 => &["Y", "A"],
        3 => &["R", "G", "B"],
        _ => &["R", "G", "B", "A"],
    };
    let half = |value: f32| f16::from_f32(value.clamp(-LARGEST_HALF, LARGEST_HALF));
    let samples = |plane: Vec<f32>| match depth {
        Depth::Float => FlatSamples::F32(plane),
        _ => FlatSamples::F16(plane.into_iter().map(half).collect()),
    };
    let channels = names.iter().zip(planes).map(|(name, plane)| AnyChannel::new(*name, samples(plane)));
    let channels = AnyChannels::sort(channels.collect::<SmallVec<[_; 4]>>());
    let mut attributes = LayerAttributes::default();
    attributes.other.insert(Text::from(RECIPE), text(&recipe.to_text()));
    let layer = Layer::new((width, height), attributes, Encoding::SMALL_LOSSLESS, channels);
    let mut image = Image::from_layer(layer);
    image.attributes.other.insert(Text::from(XMP), text(&imagine_png::xmp(recipe.source())));
    let mut file = Cursor::new(Vec::new());
    image.write().non_parallel().to_buffered(&mut file).context("cannot encode OpenEXR")?;
    Ok(file.into_inner())
}

/// UTF-8, which the format does not define but does not forbid.
fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(Text::from_slice_unchecked(text.as_bytes()))
}

fn radiance(output: &GraphOutput, tensor: &Tensor) -> anyhow::Result<(Vec<Vec<f32>>, [usize; 2])> {
    let (Some(values), &[1, channels @ 1..=4, height, width]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("output {:?}: expected floats [1, 1 to 4, height, width], found {}", output.name, tensor.tensor_type());
    };
    ensure!(!values.iter().any(|value| value.is_nan()), "output {:?} {NOT_A_NUMBER}", output.name);
    let [low, high] = output.range;
    let plane = |plane: &[f32]| plane.iter().map(|value| value.clamp(low, high)).collect();
    Ok((values.chunks(values.len() / channels).map(plane).collect(), [width, height]))
}

/// The planes of a picture, colour as linear light.
fn light(picture: UnitImage) -> (Vec<Vec<f32>>, [usize; 2]) {
    let UnitImage { width, height, channels, is_srgb, values } = picture;
    let plane = |channel: usize| {
        let values = values.iter().skip(channel).step_by(channels);
        values.map(|value| if is_srgb && channel < 3 { srgb_to_linear(*value) } else { *value }).collect()
    };
    ((0..channels).map(plane).collect(), [width, height])
}
