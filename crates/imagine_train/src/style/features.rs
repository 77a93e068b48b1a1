//! What the network is told about a picture, computed by fixed filters: its detail, of which strokes are made, and its directions, along which they lie.
//!
//! Both belong to what is seen: strokes move with it when the camera moves. Where nothing is seen, strokes are made of noise, which stays on the screen.

use crate::data::LUMA;
use imagine_graph::{Add, Concat, Conv, Dim, Div, Graph, Mul, PadMode, RandomNormal, Slice, Sqrt, Sub, Tensor};

/// How the names of the weights of fixed filters begin.
const FIXED: [&str; 3] = ["detail.", "directions.", "turns."];
/// How the names of upsampling filters end.
pub(super) const ENLARGED: &str = ".enlarged.weight";
/// Name of the control of strokes where the picture is flat, 0 to 1.
pub(super) const FLAT_STROKES: &str = "flat_strokes";
/// Channels of [`directions`].
pub(super) const DIRECTION_CHANNELS: usize = 3;
/// Contrast, squared, below which detail fades: a hundredth of white.
const DETAIL_FLOOR: f32 = 1e-4;
/// Slope of luminance over 4 pixels, squared, below which directions fade.
const DIRECTION_FLOOR: f32 = 2e-5;
/// Standard deviation of [`turns`] in floors: that of the blurred noise is 1/18.
const TURNS: f32 = 0.7 * 18.0;
/// Sides of the filters that smooth.
const SMOOTH: usize = 5;
/// Derivative across columns (Sobel).
const SLOPE: [f32; 9] = [-0.125, 0.0, 0.125, -0.25, 0.0, 0.25, -0.125, 0.0, 0.125];

/// Multiply-adds of [`detail`] and [`directions`] for a block of 4x4 pixels.
pub(super) fn fixed_multiply_adds() -> usize {
    let smooth = SMOOTH * SMOOTH;
    2 * 2 * (3 * 2 * 2 + 2 * smooth) + 3 * 4 * 4 + 2 * SLOPE.len() + (DIRECTION_CHANNELS + 2 * 2) * smooth
}

/// Names of the weights that are not trained.
pub(super) fn fixed_weights(graph: &Graph) -> Vec<&str> {
    let is_fixed = |name: &str| name.ends_with(ENLARGED) || FIXED.iter().any(|part| name.starts_with(part));
    graph.weights.keys().map(String::as_str).filter(|name| is_fixed(name)).collect()
}

/// Detail of a picture with 2x2 pixels as channels, 1 channel: luminance less that of its surroundings, divided by the contrast there. Where that is
/// below a hundredth, noise takes its place, as much of it as the control says.
pub(super) fn detail(graph: &mut Graph, half: &str) -> String {
    let luma = luma(graph, "detail.luma", half, 2 * 2);
    let mean = filter(graph, "detail.mean", &luma, gaussian(1.2), 1);
    let detail = graph.push("detail.difference", Sub {}, [luma.as_str(), &mean]);
    let square = graph.push("detail.square", Mul {}, [detail.as_str(), &detail]);
    let energy = filter(graph, "detail.energy", &square, gaussian(1.4), 2);
    let energy = above_floor(graph, "detail", &energy, DETAIL_FLOOR);
    let contrast = graph.push("detail.contrast", Sqrt {}, [energy.as_str()]);
    let noise = noise(graph, "detail.noise", [1, 2], 0);
    let strength = graph.weight("detail.strength", Tensor::f32([1], vec![DETAIL_FLOOR.sqrt()]));
    let noise = graph.push("detail.full", Mul {}, [noise.as_str(), &strength]);
    let noise = graph.push("detail.flat", Mul {}, [noise.as_str(), FLAT_STROKES]);
    let sum = graph.push("detail.sum", Add {}, [detail.as_str(), &noise]);
    graph.push("detail", Div {}, [sum.as_str(), &contrast])
}

/// Directions of a picture with 4x4 pixels as channels, 3 channels from -1 to 1: cosine and sine of twice the angle of the slope, times coherence, and
/// how steep it is. They are the smoothed structure tensor (Bigün and Granlund 1987).
pub(super) fn directions(graph: &mut Graph, blocks: &str) -> String {
    let luma = luma(graph, "directions.luma", blocks, 4 * 4);
    let across = SLOPE.to_vec();
    let down = (0..9).map(|at| SLOPE[at % 3 * 3 + at / 3]).collect();
    let [x, y] =
        [("directions.x", across), ("directions.y", down)].map(|(name, kernel)| filter(graph, name, &luma, kernel, 1));
    let mut product = |name: &str, a: &str, b: &str| graph.push(&format!("directions.{name}"), Mul {}, [a, b]);
    let [xx, yy, xy] = [product("xx", &x, &x), product("yy", &y, &y), product("xy", &x, &y)];
    let difference = graph.push("directions.difference", Sub {}, [xx.as_str(), &yy]);
    let double = graph.push("directions.double", Add {}, [xy.as_str(), &xy]);
    let energy = graph.push("directions.energy", Add {}, [xx.as_str(), &yy]);
    let parts = graph.push("directions.parts", Concat { axis: 1 }, [difference.as_str(), &double, &energy]);
    let smooth = smooth(graph, "directions.smooth", &parts, DIRECTION_CHANNELS, 2);
    let [turned, energy] = [(0, 2), (2, 3)].map(|(start, end)| {
        let part = Slice { starts: vec![start], ends: vec![end], axes: vec![1], ..Slice::default() };
        graph.push(&format!("directions.from{start}"), part, [smooth.as_str()])
    });
    let turns = turns(graph);
    let turned = graph.push("directions.turned", Add {}, [turned.as_str(), &turns]);
    let above = above_floor(graph, "directions", &energy, DIRECTION_FLOOR);
    let parts = graph.push("directions.all", Concat { axis: 1 }, [turned.as_str(), &energy]);
    graph.push("directions", Div {}, [parts.as_str(), &above])
}

/// A random direction field that turns slowly from place to place, 2 channels. It decides where the picture has no direction.
fn turns(graph: &mut Graph) -> String {
    let noise = noise(graph, "turns.noise", [2, 4], 1);
    let noise = smooth(graph, "turns.near", &noise, 2, 2);
    let noise = smooth(graph, "turns.far", &noise, 2, 4);
    let strength = graph.weight("turns.strength", Tensor::f32([1], vec![TURNS * DIRECTION_FLOOR]));
    graph.push("turns", Mul {}, [noise.as_str(), &strength])
}

/// Gaussian noise of this many channels, with one value for each square of `side` pixels.
fn noise(graph: &mut Graph, name: &str, [channels, side]: [usize; 2], stream: u32) -> String {
    let shape = [vec![Dim::Fixed(1)], Dim::nchw_divided(channels, side)[1..].to_vec()].concat();
    graph.push(name, RandomNormal { shape, stream, ..RandomNormal::default() }, [])
}

/// A dilated Gaussian blur of every channel (depthwise).
fn smooth(graph: &mut Graph, name: &str, x: &str, channels: usize, dilation: usize) -> String {
    let filters = Tensor::f32([channels, 1, SMOOTH, SMOOTH], gaussian(1.2).repeat(channels));
    let filters = graph.weight(&format!("{name}.weight"), filters);
    graph.push(name, Conv { group: channels, ..same(SMOOTH, dilation) }, [x, &filters])
}

/// Luminance of a block of pixels as one channel. Blocks have the pixels of each colour in turn, colour fastest.
fn luma(graph: &mut Graph, name: &str, blocks: &str, pixels: usize) -> String {
    let weights: Vec<f32> = LUMA.map(|weight| weight / pixels as f32).repeat(pixels);
    let weights = graph.weight(&format!("{name}.weight"), Tensor::f32([1, 3 * pixels, 1, 1], weights));
    graph.push(name, Conv::default(), [blocks, &weights])
}

/// A dilated convolution of one channel with a square kernel.
fn filter(graph: &mut Graph, name: &str, x: &str, kernel: Vec<f32>, dilation: usize) -> String {
    let side = kernel.len().isqrt();
    let weights = graph.weight(&format!("{name}.weight"), Tensor::f32([1, 1, side, side], kernel));
    graph.push(name, same(side, dilation), [x, &weights])
}

fn above_floor(graph: &mut Graph, name: &str, x: &str, floor: f32) -> String {
    let floor = graph.weight(&format!("{name}.floor"), Tensor::f32([1], vec![floor]));
    graph.push(&format!("{name}.above"), Add {}, [x, &floor])
}

/// A convolution that keeps the size; borders repeat.
pub(super) fn same(side: usize, dilation: usize) -> Conv {
    Conv {
        pads: vec![dilation * (side / 2); 4],
        dilations: vec![dilation; 2],
        pad_mode: PadMode::Edge,
        ..Conv::default()
    }
}

/// A Gaussian of `SMOOTH` places a side, whose sum is 1.
fn gaussian(deviation: f32) -> Vec<f32> {
    let middle = (SMOOTH / 2) as f32;
    let at = |index: usize| (-(index as f32 - middle).powi(2) / (2.0 * deviation * deviation)).exp();
    let kernel: Vec<f32> = (0..SMOOTH * SMOOTH).map(|index| at(index % SMOOTH) * at(index / SMOOTH)).collect();
    let sum: f32 = kernel.iter().sum();
    kernel.into_iter().map(|weight| weight / sum).collect()
}
