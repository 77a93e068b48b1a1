//! The network that paints: plain convolutions at half the resolution.
//!
//! 2x2 pixels become 12 channels, convolutions of 3x3 with holes of 1, 2, 4 and 1 pixels follow, each with PReLU, and the last convolution's 12 channels
//! become 2x2 pixels. With 20 channels between them that is 2,880 multiply-adds a pixel, and a pixel sees 19 x 19 pixels around it.

use imagine_graph::{
    ColorSpace, Conv, DepthToSpace, DepthToSpaceMode, Dim, Extent, Generator, Graph, InputKind, OutputKind, PRelu,
    PadMode, SizeRule, SpaceToDepth, Tensor,
};
use rand::Rng;

use crate::core::Tensors;
use crate::core::rng::normal;

/// Sides of a block of pixels that becomes channels.
const BLOCK: usize = 2;
/// Channels of a block.
const BLOCK_CHANNELS: usize = 3 * BLOCK * BLOCK;
/// Holes of the convolutions, but the last.
const DILATIONS: [usize; 3] = [1, 2, 4];
/// First slope of PReLU.
const SLOPE: f32 = 0.25;

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StyleNetwork {
    /// Channels between convolutions.
    pub width: usize,
}

impl StyleNetwork {
    /// Multiply-adds for each pixel of the picture.
    pub fn multiply_adds(&self) -> usize {
        let outer = 2 * BLOCK_CHANNELS * self.width;
        let inner = (DILATIONS.len() - 1) * self.width * self.width;
        9 * (outer + inner) / (BLOCK * BLOCK)
    }

    /// The graph with random weights, from `image` to `base_color`, sRGB values from 0 to 1.
    pub fn graph(&self, rng: &mut impl Rng) -> Graph {
        let mut graph = Graph::default();
        graph.input("image", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
        let mut x = graph.push("blocks", SpaceToDepth { blocksize: BLOCK }, ["image"]);
        let mut channels = BLOCK_CHANNELS;
        for (index, dilation) in DILATIONS.into_iter().enumerate() {
            let name = format!("layer{index}");
            x = convolve(&mut graph, &name, &x, [channels, self.width], dilation, rng);
            let slope = Tensor::f32([self.width, 1, 1], vec![SLOPE; self.width]);
            let slope = graph.weight(&format!("{name}.slope"), slope);
            x = graph.push(&format!("{name}.active"), PRelu {}, [x.as_str(), &slope]);
            channels = self.width;
        }
        let pixels = convolve(&mut graph, "last", &x, [channels, BLOCK_CHANNELS], 1, rng);
        let shuffle = DepthToSpace { blocksize: BLOCK, mode: DepthToSpaceMode::Dcr };
        graph.push("base_color", shuffle, [pixels.as_str()]);
        graph.output("base_color", OutputKind::BaseColor);
        graph
    }

    /// The generator with trained weights.
    pub fn generator(&self, weights: Tensors, rng: &mut impl Rng) -> Generator {
        let mut output = self.graph(rng);
        output.weights = weights.into();
        let sides = Extent::splat(BLOCK);
        let size = SizeRule { multiple: sides, min: sides, tiles: false };
        Generator { output, recurrence: None, size, card: Default::default() }
    }
}

/// A convolution of 3x3 that keeps the size.
fn convolve(
    graph: &mut Graph,
    name: &str,
    x: &str,
    [inputs, outputs]: [usize; 2],
    dilation: usize,
    rng: &mut impl Rng,
) -> String {
    let deviation = (2.0 / (9 * inputs) as f32).sqrt();
    let values: Vec<f32> = (0..9 * inputs * outputs).map(|_| normal(rng) * deviation).collect();
    let kernel = graph.weight(&format!("{name}.weight"), Tensor::f32([outputs, inputs, 3, 3], values));
    let bias = graph.weight(&format!("{name}.bias"), Tensor::f32([outputs], vec![0.0; outputs]));
    let conv =
        Conv { pads: vec![dilation; 4], dilations: vec![dilation; 2], pad_mode: PadMode::Edge, ..Conv::default() };
    graph.push(name, conv, [x, &kernel, &bias])
}
