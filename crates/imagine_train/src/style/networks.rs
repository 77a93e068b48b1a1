//! The network that paints: strokes out of a picture's detail, laid along its directions where a coarse view of it wants them.
//!
//! ```text
//! blocks = picture, 4x4 pixels as 48 channels     half = picture, 2x2 pixels as 12 channels
//! coarse = three 3x3 convolutions of blocks, with holes of 1, 2 and 4 cells
//! guide = 1x1 convolution of coarse, enlarged bilinearly to half resolution
//! gate = 1x1 convolution of (coarse, directions of blocks), enlarged alike
//! strokes = 9x9 convolution of the detail of half
//! pixels = 3x3 (3x3 (half, guide) + gate * strokes), 3 channels, enlarged bilinearly; 3x3 by channel, which begins by sharpening
//! ```
//!
//! with PReLU between them; [detail and directions](super::features) are computed by fixed filters. With 18 channels at half resolution and 27 in the coarse
//! view that is 3,213 multiply-adds a pixel, and a pixel sees 33 pixels in every direction. The kernels of the strokes begin as elongated waves of eight
//! directions, and their gates open where the picture has that direction. Blocks of pixels as channels, in place of bilinear filters, answer
//! the texture loss with a pattern of 2x2 or 4x4 pixels.

use std::f32::consts::{PI, TAU};

use imagine_graph::{
    Add, ColorSpace, Concat, Conv, DepthToSpace, DepthToSpaceMode, Dim, Extent, Generator, Graph, InputKind, Mul,
    OutputKind, PRelu, SizeRule, SpaceToDepth, Tensor,
};
use rand::Rng;

use super::features::{DIRECTION_CHANNELS, ENLARGED, FLAT_STROKES, detail, directions, fixed_multiply_adds, same};
use crate::core::Tensors;
use crate::core::rng::normal;

/// Sides of a block of pixels at half resolution.
const HALF: usize = 2;
/// Channels of a block at half resolution.
const HALF_CHANNELS: usize = 3 * HALF * HALF;
/// Sides of a block of the coarse view.
const COARSE: usize = 4;
/// Channels of a block of the coarse view.
const COARSE_CHANNELS: usize = 3 * COARSE * COARSE;
/// Holes of the convolutions of the coarse view.
const DILATIONS: [usize; 3] = [1, 2, 4];
/// Channels that the coarse view tells the fine one about colours and edges.
const GUIDES: usize = 12;
/// Sides of the kernels of strokes.
const STROKE: usize = 9;
/// Directions of the first strokes.
const DIRECTIONS: usize = 8;
/// First slope of PReLU.
const SLOPE: f32 = 0.25;
/// First gate of strokes, and what a direction adds to that of strokes along it.
const GATE: f32 = 0.3;
const ALONG: f32 = 0.6;
/// Default of the control of strokes where the picture is flat.
pub(super) const DEFAULT_FLAT_STROKES: f32 = 0.05;
/// Share of a pixel's difference to the mean around it that the last filter adds at first.
const SHARPENING: f32 = 0.5;
/// Share of their usual deviation that the other first weights of gates have.
const GATE_DEVIATION: f32 = 0.3;

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StyleNetwork {
    /// Channels at half resolution, an even number; the coarse view has half as many again.
    pub width: usize,
}

impl StyleNetwork {
    /// Channels of the coarse view.
    fn coarse(&self) -> usize {
        3 * self.width / 2
    }

    /// Multiply-adds for each pixel of the picture.
    pub fn multiply_adds(&self) -> usize {
        let [width, coarse] = [self.width, self.coarse()];
        let enlarged = 9 * HALF * HALF;
        let view = 9 * (COARSE_CHANNELS + 2 * coarse) * coarse
            + (coarse + enlarged) * (GUIDES + width)
            + DIRECTION_CHANNELS * width;
        let fine = 9 * (HALF_CHANNELS + GUIDES) * width + STROKE * STROKE * width + (9 * width + enlarged) * 3;
        let sharpen = 9 * 3;
        (view + HALF * HALF * fine + fixed_multiply_adds()) / (COARSE * COARSE) + sharpen
    }

    /// The graph with random weights, from `image` to `base_color`, sRGB values from 0 to 1. The control `flat_strokes`, 0 to 1, says how strong strokes are
    /// where the picture is flat; those stay on the screen when the camera moves.
    pub fn graph(&self, rng: &mut impl Rng) -> Graph {
        let mut graph = Graph::default();
        graph.input("image", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
        let flat = InputKind::Range { min: 0.0, max: 1.0, default: DEFAULT_FLAT_STROKES };
        graph.input(FLAT_STROKES, flat, vec![Dim::Fixed(1); 4]);
        let [width, coarse] = [self.width, self.coarse()];
        let blocks = graph.push("blocks", SpaceToDepth { blocksize: COARSE }, ["image"]);
        let half = graph.push("half", SpaceToDepth { blocksize: HALF }, ["image"]);
        let mut x = blocks.clone();
        let mut channels = COARSE_CHANNELS;
        for (index, dilation) in DILATIONS.into_iter().enumerate() {
            let name = format!("coarse{index}");
            x = convolve(&mut graph, &name, &x, [channels, coarse], 3, dilation, rng);
            x = active(&mut graph, &x, coarse);
            channels = coarse;
        }
        let guide = at_half(&mut graph, "guide", &x, [coarse, GUIDES], rng);
        let directions = directions(&mut graph, &blocks);
        let x = graph.push("wanted", Concat { axis: 1 }, [x.as_str(), &directions]);
        let gate = at_half(&mut graph, "gate", &x, [coarse + DIRECTION_CHANNELS, width], rng);
        open_gates(&mut graph, coarse, width);

        let detail = detail(&mut graph, &half);
        let kernels = graph.weight("strokes.weight", Tensor::f32([width, 1, STROKE, STROKE], waves(width)));
        let strokes = graph.push("strokes", same(STROKE, 1), [detail.as_str(), &kernels]);
        let gated = graph.push("gated", Mul {}, [gate.as_str(), &strokes]);

        let seen = graph.push("seen", Concat { axis: 1 }, [half.as_str(), &guide]);
        let x = convolve(&mut graph, "fine", &seen, [HALF_CHANNELS + GUIDES, width], 3, 1, rng);
        let x = graph.push("painted", Add {}, [x.as_str(), &gated]);
        let x = active(&mut graph, &x, width);
        let pixels = convolve(&mut graph, "last", &x, [width, 3], 3, 1, rng);
        let pixels = enlarge(&mut graph, "pixels", &pixels, 3);
        let kernels = graph.weight("base_color.weight", Tensor::f32([3, 1, 3, 3], sharpening().repeat(3)));
        graph.push("base_color", Conv { group: 3, ..same(3, 1) }, [pixels.as_str(), &kernels]);
        graph.output("base_color", OutputKind::BaseColor);
        graph
    }

    /// The generator with trained weights.
    pub fn generator(&self, weights: Tensors, rng: &mut impl Rng) -> Generator {
        let mut output = self.graph(rng);
        output.weights = weights.into();
        let sides = Extent::splat(COARSE);
        let size = SizeRule { multiple: sides, min: sides, tiles: false };
        Generator { output, recurrence: None, size, card: Default::default() }
    }
}

/// Bilinear upsampling by 2. Learned weights for each of the four pixels would show as a pattern of 2x2.
fn enlarge(graph: &mut Graph, name: &str, x: &str, channels: usize) -> String {
    let filters = Tensor::f32([HALF * HALF * channels, 1, 3, 3], bilinear().repeat(channels));
    let filters = graph.weight(&format!("{name}{ENLARGED}"), filters);
    let four = graph.push(&format!("{name}.four"), Conv { group: channels, ..same(3, 1) }, [x, &filters]);
    let shuffle = DepthToSpace { blocksize: HALF, mode: DepthToSpaceMode::Crd };
    graph.push(name, shuffle, [four.as_str()])
}

/// Filters of the four pixels that take the place of one.
fn bilinear() -> Vec<f32> {
    let lines = [[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]];
    let filters = lines.iter().flat_map(|rows| lines.iter().map(move |columns| (rows, columns)));
    filters.flat_map(|(rows, columns)| rows.iter().flat_map(|row| columns.map(|column| row * column))).collect()
}

/// A pixel and a share of its difference to the mean of its surroundings.
fn sharpening() -> Vec<f32> {
    (0..9).map(|at| if at == 4 { 1.0 + SHARPENING * 8.0 / 9.0 } else { -SHARPENING / 9.0 }).collect()
}

/// A convolution that keeps the size.
fn convolve(
    graph: &mut Graph,
    name: &str,
    x: &str,
    [inputs, outputs]: [usize; 2],
    side: usize,
    dilation: usize,
    rng: &mut impl Rng,
) -> String {
    let deviation = (2.0 / (side * side * inputs) as f32).sqrt();
    let values: Vec<f32> = (0..side * side * inputs * outputs).map(|_| normal(rng) * deviation).collect();
    let kernel = graph.weight(&format!("{name}.weight"), Tensor::f32([outputs, inputs, side, side], values));
    let bias = graph.weight(&format!("{name}.bias"), Tensor::f32([outputs], vec![0.0; outputs]));
    graph.push(name, same(side, dilation), [x, &kernel, &bias])
}

/// A 1x1 convolution, upsampled by 2.
fn at_half(graph: &mut Graph, name: &str, x: &str, channels: [usize; 2], rng: &mut impl Rng) -> String {
    let x = convolve(graph, name, x, channels, 1, 1, rng);
    enlarge(graph, &format!("{name}.half"), &x, channels[1])
}

/// Initialises the gates of strokes: open, and most open where the picture has their direction.
fn open_gates(graph: &mut Graph, coarse: usize, width: usize) {
    let inputs = coarse + DIRECTION_CHANNELS;
    let [rows, columns] = [width, inputs];
    let found = graph.weights["gate.weight"].as_f32().unwrap_or_default();
    let mut weights: Vec<f32> = found.iter().map(|weight| GATE_DEVIATION * weight).collect();
    for row in 0..rows {
        // A slope is steepest across a stroke that lies along the edge.
        let (sine, cosine) = (TAU * direction(row)).sin_cos();
        let from = row * columns + coarse;
        weights[from..from + DIRECTION_CHANNELS].copy_from_slice(&[-ALONG * cosine, -ALONG * sine, 0.0]);
    }
    graph.weights.insert("gate.weight".into(), Tensor::f32([rows, columns, 1, 1], weights));
    graph.weights.insert("gate.bias".into(), Tensor::f32([rows], vec![GATE; rows]));
}

/// Direction of the first kernel of stroke `index`, in half turns.
fn direction(index: usize) -> f32 {
    (index % DIRECTIONS) as f32 / DIRECTIONS as f32
}

fn active(graph: &mut Graph, x: &str, channels: usize) -> String {
    let slope = graph.weight(&format!("{x}.slope"), Tensor::f32([channels, 1, 1], vec![SLOPE; channels]));
    graph.push(&format!("{x}.active"), PRelu {}, [x, &slope])
}

/// Kernels `[count, 1, STROKE, STROKE]`: waves across each direction in turn, narrow, and long along it; in every other round as lines.
fn waves(count: usize) -> Vec<f32> {
    let middle = (STROKE / 2) as f32;
    let mut kernels = Vec::new();
    for index in 0..count {
        let (sine, cosine) = (PI * direction(index)).sin_cos();
        let odd = (index / DIRECTIONS) % 2 == 1;
        let mut kernel: Vec<f32> = (0..STROKE * STROKE)
            .map(|at| {
                let [x, y] = [(at % STROKE) as f32 - middle, (at / STROKE) as f32 - middle];
                let [along, across] = [x * cosine + y * sine, y * cosine - x * sine];
                let wave = if odd { (1.6 * across).sin() } else { (1.6 * across).cos() };
                wave * (-along * along / 12.0 - across * across / 3.0).exp()
            })
            .collect();
        let energy = kernel.iter().map(|value| value * value).sum::<f32>().sqrt();
        kernel.iter_mut().for_each(|value| *value /= energy);
        kernels.extend(kernel);
    }
    kernels
}
