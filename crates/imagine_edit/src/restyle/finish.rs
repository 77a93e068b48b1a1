//! The picture that a field shows: neighbours' texels mixed, light as the picture has it, colours and strength as the controls say.

use imagine_graph::{ExemplarGather, PadMode, TEXELS};

use super::nodes::Nodes;
use super::tones::luminance;

/// Weights of the 3 x 3 neighbours' predictions, a Gaussian of deviation 0.5, in 64ths.
const VOTES: [f32; 9] = [1.0, 5.0, 1.0, 5.0, 40.0, 5.0, 1.0, 5.0, 1.0];
/// The difference of light to the picture's is corrected by five eighths.
const CORRECTION: f32 = 0.625;
/// Steps of smoothing of the difference: a deviation of 4.6 pixels.
const SMOOTHING: usize = 3;

/// A map of three channels, as bytes: at each cell the mean of what its neighbours' places continue with.
pub(super) fn voted(nodes: &mut Nodes, field: &str, first: usize, size: [usize; 2]) -> String {
    let rimmed = nodes.padded(field, [[1, 1], [1, 1]], PadMode::Edge);
    let mut sum: Option<String> = None;
    for (k, weight) in VOTES.iter().enumerate() {
        let places = nodes.cropped(&rimmed, [k / 3, k % 3], size);
        // Where that leaves the exemplar, the nearest place stands for it.
        let by = ((k as i32 / 3 - 1) << 16) + (k as i32 % 3 - 1);
        let places = nodes.minus_integer(&places, by);
        let gather = ExemplarGather { first, channels: 3, signed: false };
        let texels = nodes.node(gather, &[&places, TEXELS]);
        let scaled = nodes.times(&texels, 255.0);
        let bytes = nodes.rounded(&scaled);
        let vote = nodes.times(&bytes, *weight);
        sum = Some(match sum {
            Some(sum) => nodes.sum(&sum, &vote),
            None => vote,
        });
    }
    let sum = nodes.plus(&sum.unwrap_or_default(), 32.0);
    nodes.share(&sum, 1.0 / 64.0)
}

/// Bytes of colours with light nearer to `wanted`, the picture's matched luminance.
pub(super) fn relit(nodes: &mut Nodes, bytes: &str, wanted: &str) -> String {
    let light = luminance(nodes, bytes);
    let missing = nodes.difference(wanted, &light);
    let smooth = nodes.smoothed_far(&missing, 1, SMOOTHING, PadMode::Reflect);
    let correction = nodes.share(&smooth, CORRECTION);
    let sum = nodes.sum(bytes, &correction);
    nodes.clipped(&sum, [0.0, 255.0])
}

/// The painted bytes with as much of the picture's differences of colour as `keep` says, 0 to 1.
pub(super) fn recolored(nodes: &mut Nodes, painted: &str, picture: &str, keep: &str) -> String {
    nodes.part("light_of_picture");
    let of_picture = luminance(nodes, picture);
    nodes.part("light_of_painting");
    let of_painting = luminance(nodes, painted);
    nodes.part("colors");
    let colors = nodes.difference(picture, &of_picture);
    let with_light = nodes.sum(&colors, &of_painting);
    let change = nodes.difference(&with_light, painted);
    let kept = nodes.product(&change, keep);
    nodes.sum(painted, &kept)
}

/// `picture` where `strength` is 0, `painted` where it is 1.
pub(super) fn blended(nodes: &mut Nodes, picture: &str, painted: &str, strength: &str) -> String {
    let change = nodes.difference(painted, picture);
    let part = nodes.product(&change, strength);
    let sum = nodes.sum(picture, &part);
    nodes.clipped(&sum, [0.0, 1.0])
}
