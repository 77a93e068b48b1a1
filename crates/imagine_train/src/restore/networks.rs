//! Networks that restore a picture: linear blocks at half the resolution, and a plain network to compare with.
//!
//! Both read sRGB values from 0 to 1 and add what they compute, times a strength, to the picture.
//!
//! The first one moves each 2x2 pixels into channels before its blocks and back after them, as FFDNet does (Zhang et al., "FFDNet: Toward a
//! Fast and Flexible Solution for CNN based Image Denoising", TIP 2018): a quarter of the work a pixel, and it sees twice as far, over the
//! blocks of JPEG. Its convolutions are collapsible linear blocks (`core::linear`).
//!
//! The plain one has the layers of FSRCNN (`upscale`), at full resolution, with a convolution of 9x9 at its end.

use imagine_graph::{
    Add, ColorSpace, DepthToSpace, DepthToSpaceMode, Dim, Extent, Generator, Graph, InputKind, Mul, OutputKind,
    PadMode, SizeRule, SpaceToDepth,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::core::Tensors;
use crate::core::linear::{Form, LinearLayers};

/// Side of the block of pixels that becomes one pixel's channels.
pub(super) const BLOCK: usize = 2;
/// Name of the control.
pub(super) const STRENGTH: &str = "strength";

/// The kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum RestoreNetwork {
    /// Collapsible linear blocks at half the resolution.
    #[default]
    Blocks,
    /// The network to compare with.
    Plain,
}

/// A restorer's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restorer {
    /// The kind of network.
    pub network: RestoreNetwork,
    /// Channels between the first and the last convolution.
    pub width: usize,
    /// Convolutions between the first and the last one.
    pub blocks: usize,
    /// Channels between the two factors of a kernel.
    pub expansion: usize,
}

impl Restorer {
    /// The architecture of a kind.
    pub fn new(network: RestoreNetwork) -> Self {
        let (width, blocks, expansion) = match network {
            RestoreNetwork::Blocks => (32, 6, 128),
            RestoreNetwork::Plain => (56, 4, 0),
        };
        Self { network, width, blocks, expansion }
    }

    /// The graph with random weights. The one that ships has the strength as a control.
    pub fn graph(&self, form: Form, rng: &mut impl Rng) -> Graph {
        // Crops continue beyond their borders, pictures do not.
        let pad = if form == Form::Expanded { PadMode::Constant } else { PadMode::Edge };
        let mut layers = LinearLayers { graph: Graph::default(), form, expansion: self.expansion, pad, rng };
        layers.graph.input("image", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
        let mut change = match self.network {
            RestoreNetwork::Blocks => self.in_blocks(&mut layers),
            RestoreNetwork::Plain => self.plain(&mut layers),
        };
        let graph = &mut layers.graph;
        if form == Form::Collapsed {
            let range = InputKind::Range { min: 0.0, max: 1.0, default: 1.0 };
            graph.input(STRENGTH, range, [1; 4].map(Dim::Fixed).to_vec());
            change = graph.push("weakened", Mul {}, [change.as_str(), STRENGTH]);
        }
        graph.push("base_color", Add {}, [change.as_str(), "image"]);
        graph.output("base_color", OutputKind::BaseColor);
        layers.graph
    }

    /// The graph that ships.
    pub fn shape(&self) -> Graph {
        self.graph(Form::Collapsed, &mut StdRng::seed_from_u64(0))
    }

    /// The generator of a collapsed graph's weights.
    pub fn generator(&self, weights: Tensors) -> Generator {
        let mut output = self.shape();
        output.weights = weights.into();
        let size = SizeRule { multiple: Extent::splat(BLOCK), min: Extent::splat(BLOCK), tiles: false };
        Generator { output, recurrence: None, size, card: Default::default() }
    }

    fn in_blocks<R: Rng>(&self, layers: &mut LinearLayers<R>) -> String {
        let (width, channels) = (self.width, 3 * BLOCK * BLOCK);
        let pixels = layers.graph.push("pixels", SpaceToDepth { blocksize: BLOCK }, ["image"]);
        let head = layers.linear("head", &pixels, [channels, width], 3, 1.0);
        let head = layers.activation("head", &head, width);
        let mut x = head.clone();
        for block in 0..self.blocks {
            let name = format!("block{block}");
            let y = layers.linear(&name, &x, [width; 2], 3, 0.5);
            x = layers.activation(&name, &y, width);
        }
        let x = layers.graph.push("body", Add {}, [x.as_str(), &head]);
        let pixels = layers.linear("tail", &x, [width, channels], 3, 0.05);
        let shuffle = DepthToSpace { blocksize: BLOCK, mode: DepthToSpaceMode::Dcr };
        layers.graph.push("change", shuffle, [pixels.as_str()])
    }

    fn plain<R: Rng>(&self, layers: &mut LinearLayers<R>) -> String {
        let narrow = (0..self.blocks).map(|block| (format!("map{block}"), 12, 3));
        let ends = [("features".to_string(), self.width, 5), ("shrink".into(), 12, 1)];
        let (mut x, mut channels) = (String::from("image"), 3);
        for (name, outputs, side) in ends.into_iter().chain(narrow).chain([("expand".into(), self.width, 1)]) {
            let y = layers.plain(&name, &x, [channels, outputs], side, 2f32.sqrt());
            x = layers.activation(&name, &y, outputs);
            channels = outputs;
        }
        layers.plain("change", &x, [channels, 3], 9, 0.05)
    }
}
