//! Networks that enlarge a picture: SESR with linear blocks that collapse, and FSRCNN to compare with.
//!
//! Both read sRGB values from 0 to 1 in three channels and add what they compute to the picture enlarged by nearest neighbour.
//!
//! SESR (Bhardwaj et al., "Collapsible Linear Blocks for Super-Efficient Super Resolution", MLSys 2022) learns each convolution as a
//! product that collapses (`core::linear`).
//!
//! FSRCNN (Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network", ECCV 2016) has the published sizes
//! (d = 56, s = 12, m = 4), three channels in place of luminance alone, and the same sum with the nearest neighbour.

use imagine_graph::{
    Add, ColorSpace, ConvTranspose, DepthToSpace, DepthToSpaceMode, Dim, Extent, Generator, Graph, InputKind,
    OutputKind, PadMode, Resize, SizeRule, Tensor,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::core::Tensors;
use crate::core::linear::{Form, LinearLayers};

/// The kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum UpscaleNetwork {
    /// Collapsible linear blocks.
    #[default]
    Sesr,
    /// The network to compare with.
    Fsrcnn,
}

/// The size of a network; FSRCNN has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum UpscaleSize {
    /// 16 channels, 5 blocks.
    #[default]
    Small,
    /// 32 channels, 10 blocks.
    Large,
}

/// An upscaler's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upscaler {
    /// The kind of network.
    pub network: UpscaleNetwork,
    /// Factor by which each side of the picture grows: 2 or 4.
    pub factor: usize,
    /// Channels between the first and the last convolution.
    pub width: usize,
    /// Convolutions between the first and the last one.
    pub blocks: usize,
    /// Channels between the two factors of a kernel.
    pub expansion: usize,
}

impl Upscaler {
    /// The architecture of a size.
    pub fn new(network: UpscaleNetwork, size: UpscaleSize, factor: usize) -> Self {
        let (width, blocks, expansion) = match (network, size) {
            (UpscaleNetwork::Fsrcnn, _) => (56, 4, 0),
            (UpscaleNetwork::Sesr, UpscaleSize::Small) => (16, 5, 256),
            (UpscaleNetwork::Sesr, UpscaleSize::Large) => (32, 10, 128),
        };
        Self { network, factor, width, blocks, expansion }
    }

    /// The graph with random weights.
    pub fn graph(&self, form: Form, rng: &mut impl Rng) -> Graph {
        let mut builder =
            LinearLayers { graph: Graph::default(), form, expansion: self.expansion, pad: PadMode::Constant, rng };
        let image = Dim::nchw_divided(3, self.factor);
        builder.graph.input("image", InputKind::Image(ColorSpace::Srgb), image);
        let detail = match self.network {
            UpscaleNetwork::Sesr => self.sesr(&mut builder),
            UpscaleNetwork::Fsrcnn => self.fsrcnn(&mut builder),
        };
        let enlarge = Resize { scales: vec![self.factor as f32; 2], axes: vec![2, 3], ..Resize::default() };
        builder.graph.push("nearest", enlarge, ["image"]);
        builder.graph.push("base_color", Add {}, [detail.as_str(), "nearest"]);
        builder.graph.output("base_color", OutputKind::BaseColor);
        builder.graph
    }

    /// The graph that ships; kernels of SESR are zero until those of a trained network fill them.
    pub fn shape(&self) -> Graph {
        self.graph(Form::Collapsed, &mut StdRng::seed_from_u64(0))
    }

    /// The generator of a collapsed graph's weights.
    pub fn generator(&self, weights: Tensors) -> Generator {
        let mut output = self.shape();
        output.weights = weights.into();
        let (multiple, min) = (Extent::splat(self.factor), Extent::splat(self.factor));
        let size = SizeRule { multiple, min, tiles: false };
        Generator { output, recurrence: None, size, card: Default::default() }
    }

    /// The weights of an expanded graph of another factor for this one: what the last convolution computed for one pixel, it now
    /// computes for all pixels in that place.
    pub(super) fn widened(&self, weights: &Tensors) -> Tensors {
        let mut weights = weights.clone();
        let Some(bias) = weights.get("tail.bias") else { return weights };
        let old = ((bias.len() / 3) as f64).sqrt() as usize;
        if old == 0 || self.factor < old || !self.factor.is_multiple_of(old) {
            return weights;
        }
        for name in ["tail.bias", "tail.project"] {
            let Some(tensor) = weights.get_mut(name) else { continue };
            let (values, rows) = (tensor.as_f32().unwrap_or_default(), 3 * old * old);
            let length = values.len() / rows;
            let row = |at: usize| {
                let (channel, place) = (at / self.factor.pow(2), at % self.factor.pow(2));
                let [y, x] = [place / self.factor, place % self.factor].map(|at| at * old / self.factor);
                values[((channel * old + y) * old + x) * length..][..length].iter().copied()
            };
            let widened: Vec<f32> = (0..3 * self.factor.pow(2)).flat_map(row).collect();
            let mut shape = tensor.shape.clone();
            shape[0] = 3 * self.factor.pow(2);
            *tensor = Tensor::f32(shape, widened);
        }
        weights
    }

    fn sesr<R: Rng>(&self, builder: &mut LinearLayers<R>) -> String {
        let Self { factor, width, blocks, .. } = *self;
        let head = builder.linear("head", "image", [3, width], 5, 1.0);
        let head = builder.activation("head", &head, width);
        let mut x = head.clone();
        for block in 0..blocks {
            let name = format!("block{block}");
            let y = builder.linear(&name, &x, [width; 2], 3, 0.5);
            x = builder.activation(&name, &y, width);
        }
        let x = builder.graph.push("body", Add {}, [x.as_str(), &head]);
        let pixels = builder.linear("tail", &x, [width, 3 * factor * factor], 3, 0.05);
        let shuffle = DepthToSpace { blocksize: factor, mode: DepthToSpaceMode::Crd };
        builder.graph.push("detail", shuffle, [pixels.as_str()])
    }

    fn fsrcnn<R: Rng>(&self, builder: &mut LinearLayers<R>) -> String {
        let Self { factor, width, blocks, .. } = *self;
        let mut x = String::from("image");
        let mut channels = 3;
        let narrow = (0..blocks).map(|block| (format!("map{block}"), 12, 3));
        let layers = [("features".to_string(), width, 5), ("shrink".into(), 12, 1)];
        for (name, outputs, side) in layers.into_iter().chain(narrow).chain([("expand".into(), width, 1)]) {
            let y = builder.plain(&name, &x, [channels, outputs], side, 2f32.sqrt());
            x = builder.activation(&name, &y, outputs);
            channels = outputs;
        }
        let weight = builder.normal("detail.weight", &[width, 3, 9, 9], 0.001);
        let bias = builder.graph.weight("detail.bias", Tensor::f32([3], vec![0.0; 3]));
        let (strides, pads, output_padding) = (vec![factor; 2], vec![4; 4], vec![factor - 1; 2]);
        let enlarge = ConvTranspose { strides, pads, output_padding, ..ConvTranspose::default() };
        builder.graph.push("detail", enlarge, [x.as_str(), &weight, &bias])
    }
}
