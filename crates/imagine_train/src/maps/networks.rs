//! The network that makes maps of a photograph: a U-Net (Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image
//! Segmentation", MICCAI 2015) of convolutions alone, so that it can wrap around the borders of a texture and its tiles equal the whole.
//!
//! It moves each 2x2 pixels into channels first, has four levels, adds what the levels on the way down computed to those on the way up, and
//! moves channels back into pixels last. There is no pooling over the picture: it sees about 130 pixels.
//!
//! | output | how |
//! |---|---|
//! | base colour | the photograph and a change |
//! | normal | two slopes, of which small ones fade out, as a vector of unit length |
//! | height | one value, 0.5 in the mean |
//! | roughness, occlusion | one value each |

use imagine_graph::{
    Add, Clip, ColorSpace, Concat, Conv, DepthToSpace, DepthToSpaceMode, Dim, Div, Extent, Generator, Graph, InputKind,
    Mul, OutputKind, PRelu, PadMode, ReduceSumSquare, Resize, SizeRule, Slice, SpaceToDepth, Sqrt, Tensor,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::core::Tensors;
use crate::core::linear::Form;
use crate::core::rng::normal;

/// Side of the block of pixels that becomes one pixel's channels.
const BLOCK: usize = 2;
/// Sides are multiples of this.
pub(super) const MULTIPLE: usize = 16;
/// Channels of all maps: colour, slopes, height, roughness, occlusion.
pub(super) const CHANNELS: usize = 8;
/// Slopes of the surface that are smaller than this fade out.
const DOUBT: f32 = 0.25;
/// Factor of the slopes that are much larger.
const GAIN: f32 = 2.0;
/// First slope of the activations where their input is negative.
const SLOPE: f32 = 0.1;

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapsNetwork {
    /// Channels of each level.
    pub widths: [usize; 4],
}

impl Default for MapsNetwork {
    fn default() -> Self {
        Self { widths: [24, 32, 40, 56] }
    }
}

impl MapsNetwork {
    /// The graph with random weights. The one that learns makes one tensor of all maps, before they are clipped.
    pub fn graph(&self, form: Form, rng: &mut impl Rng) -> Graph {
        let mut layers = Layers { graph: Graph::default(), rng };
        layers.graph.input("image", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
        let mut x = layers.graph.push("pixels", SpaceToDepth { blocksize: BLOCK }, ["image"]);
        let mut channels = 3 * BLOCK * BLOCK;
        let mut levels = Vec::new();
        for (level, &width) in self.widths.iter().enumerate() {
            let stride = if level == 0 { 1 } else { 2 };
            x = layers.conv(&format!("down{level}"), &x, [channels, width], 3, stride);
            x = layers.active(&format!("down{level}"), &x, width);
            x = layers.conv(&format!("level{level}"), &x, [width; 2], 3, 1);
            x = layers.active(&format!("level{level}"), &x, width);
            channels = width;
            levels.push(x.clone());
        }
        levels.pop();
        for (level, skip) in levels.iter().enumerate().rev() {
            let width = self.widths[level];
            x = layers.conv(&format!("narrow{level}"), &x, [channels, width], 1, 1);
            let resize = Resize { scales: vec![2.0; 2], axes: vec![2, 3], ..Resize::default() };
            x = layers.graph.push(&format!("larger{level}"), resize, [x.as_str()]);
            x = layers.graph.push(&format!("sum{level}"), Add {}, [x.as_str(), skip]);
            x = layers.conv(&format!("up{level}"), &x, [width; 2], 3, 1);
            x = layers.active(&format!("up{level}"), &x, width);
            channels = width;
        }
        x = layers.conv("last", &x, [channels; 2], 3, 1);
        x = layers.active("last", &x, channels);
        let x = layers.conv("tail", &x, [channels, CHANNELS * BLOCK * BLOCK], 3, 1);
        let shuffle = DepthToSpace { blocksize: BLOCK, mode: DepthToSpaceMode::Dcr };
        layers.graph.push("made", shuffle, [x.as_str()]);
        match form {
            Form::Expanded => layers.graph.output("made", OutputKind::Tensor),
            Form::Collapsed => maps(&mut layers.graph),
        };
        layers.graph
    }

    /// The graph that ships.
    pub fn shape(&self) -> Graph {
        self.graph(Form::Collapsed, &mut StdRng::seed_from_u64(0))
    }

    /// The generator of learned weights.
    pub fn generator(&self, weights: &Tensors) -> Generator {
        let mut output = self.shape();
        for (name, weight) in output.weights.iter_mut() {
            if let Some(learned) = weights.get(name) {
                weight.clone_from(learned);
            }
        }
        let side = Extent::splat(MULTIPLE);
        let size = SizeRule { multiple: side, min: side, tiles: false };
        Generator { output, recurrence: None, size, card: Default::default() }
    }
}

/// Nodes that make maps of the tensor `made`.
fn maps(graph: &mut Graph) {
    let part = |graph: &mut Graph, name: &str, from: usize, to: usize| {
        let slice = Slice { starts: vec![from as i64], ends: vec![to as i64], axes: vec![1], steps: vec![] };
        graph.push(name, slice, ["made"])
    };
    let unit = || Clip { min: Some(0.0), max: Some(1.0) };
    part(graph, "change", 0, 3);
    graph.push("delit", Add {}, ["change", "image"]);
    graph.push("base_color", unit(), ["delit"]);
    part(graph, "slopes.made", 3, 5);
    // Small slopes are errors more often than not: s |s|^2 / (|s|^2 + t^2), times a factor that makes up for it where they are large.
    graph.weight("doubt", Tensor::f32([1, 1, 1, 1], [DOUBT * DOUBT]));
    graph.weight("gain", Tensor::f32([1, 1, 1, 1], [GAIN]));
    graph.push("slopes.square", ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, ["slopes.made"]);
    graph.push("slopes.doubted", Add {}, ["slopes.square", "doubt"]);
    graph.push("slopes.share", Div {}, ["slopes.square", "slopes.doubted"]);
    graph.push("slopes.gain", Mul {}, ["slopes.share", "gain"]);
    graph.push("slopes", Mul {}, ["slopes.made", "slopes.gain"]);
    // A normal leans against the slopes: to the left if the surface rises to the right, and up if it rises down.
    graph.weight("leaning", Tensor::f32([1, 2, 1, 1], [-1.0, 1.0]));
    graph.push("leant", Mul {}, ["slopes", "leaning"]);
    part(graph, "height.made", 5, 6);
    graph.weight("nothing", Tensor::f32([1, 1, 1, 1], [0.0]));
    graph.weight("one", Tensor::f32([1, 1, 1, 1], [1.0]));
    graph.push("upward.none", Mul {}, ["height.made", "nothing"]);
    graph.push("upward", Add {}, ["upward.none", "one"]);
    graph.push("vector", Concat { axis: 1 }, ["leant", "upward"]);
    graph.push("squares", ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, ["vector"]);
    graph.push("length", Sqrt {}, ["squares"]);
    graph.push("normal", Div {}, ["vector", "length"]);
    graph.push("height", unit(), ["height.made"]);
    for (name, channel) in [("roughness", 6), ("occlusion", 7)] {
        let made = part(graph, &format!("{name}.made"), channel, channel + 1);
        graph.push(name, unit(), [made.as_str()]);
    }
    for kind in
        [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Height, OutputKind::Roughness, OutputKind::Occlusion]
    {
        graph.output(kind.name(), kind);
    }
}

struct Layers<'a, R> {
    graph: Graph,
    rng: &'a mut R,
}

impl<R: Rng> Layers<'_, R> {
    /// A convolution with bias whose borders repeat.
    fn conv(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], side: usize, stride: usize) -> String {
        let shape = [outputs, inputs, side, side];
        let gain = if name == "tail" { 0.1 } else { 2f32.sqrt() };
        let deviation = gain / ((inputs * side * side) as f32).sqrt();
        let count = shape.iter().product::<usize>();
        let weight: Vec<f32> = (0..count).map(|_| normal(self.rng) * deviation).collect();
        let weight = self.graph.weight(&format!("{name}.weight"), Tensor::f32(shape, weight));
        let mut bias = vec![0.0; outputs];
        if name == "tail" {
            // Height, roughness and occlusion begin at usual values. The maps of one pixel lie side by side.
            for place in 0..BLOCK * BLOCK {
                bias[place * CHANNELS + 5..][..3].copy_from_slice(&[0.5, 0.65, 0.9]);
            }
        }
        let bias = self.graph.weight(&format!("{name}.bias"), Tensor::f32([outputs], bias));
        let conv = Conv { strides: vec![stride; 2], ..Conv::same(side, PadMode::Edge) };
        self.graph.push(name, conv, [x, &weight, &bias])
    }

    /// A rectifier with a learned slope for each channel (PReLU).
    fn active(&mut self, name: &str, x: &str, channels: usize) -> String {
        let slope = Tensor::f32([channels, 1, 1], vec![SLOPE; channels]);
        let slope = self.graph.weight(&format!("{name}.slope"), slope);
        self.graph.push(&format!("{name}.active"), PRelu {}, [x, &slope])
    }
}
