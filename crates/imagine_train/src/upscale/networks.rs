//! Networks that enlarge a picture: SESR with linear blocks that collapse, and FSRCNN to compare with.
//!
//! Both read sRGB values from 0 to 1 in three channels and add what they compute to the picture enlarged by nearest neighbour.
//!
//! SESR (Bhardwaj et al., "Collapsible Linear Blocks for Super-Efficient Super Resolution", MLSys 2022) learns each convolution as
//! the product of two: `side` x `side` to many channels, then 1x1, and, where the channels allow it, the block's own input added. As
//! nothing between them is nonlinear, the three are one kernel. In the form that learns, the graph computes that kernel from the
//! factors before it convolves, as the paper's efficient training does, so an update costs little more than one of the plain
//! network; the form that ships stores the kernels. One function writes both.
//!
//! FSRCNN (Dong et al., "Accelerating the Super-Resolution Convolutional Neural Network", ECCV 2016) has the published sizes
//! (d = 56, s = 12, m = 4), three channels in place of luminance alone, and the same sum with the nearest neighbour.

use burn::tensor::backend::Backend;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, ColorSpace, Conv, ConvTranspose, DepthToSpace, DepthToSpaceMode, Dim, Extent, Generator, Graph, InputKind,
    MatMul, OutputKind, PRelu, PadMode, Reshape, Resize, Size, SizeRule, Tensor, ValueId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::core::Tensors;
use crate::core::rng::normal;

/// Suffix of the kernels that stand for a block's own input. They do not learn.
const IDENTITY: &str = ".identity";
/// First slope of the activations where their input is negative.
const SLOPE: f32 = 0.25;

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

/// Whether a graph learns or ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Kernels are products of learned factors.
    Expanded,
    /// Kernels are weights.
    Collapsed,
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

    /// The graph with random weights; in the collapsed form kernels of SESR are zero until those of a trained network fill them.
    pub fn graph(&self, form: Form, rng: &mut impl Rng) -> Graph {
        let mut builder = Builder { graph: Graph::default(), form, expansion: self.expansion, rng };
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

    /// The generator of a collapsed graph's weights.
    pub fn generator(&self, weights: Tensors) -> Generator {
        let mut output = self.graph(Form::Collapsed, &mut StdRng::seed_from_u64(0));
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

    fn sesr<R: Rng>(&self, builder: &mut Builder<R>) -> String {
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

    fn fsrcnn<R: Rng>(&self, builder: &mut Builder<R>) -> String {
        let Self { factor, width, blocks, .. } = *self;
        let mut x = String::from("image");
        let mut channels = 3;
        let narrow = (0..blocks).map(|block| (format!("map{block}"), 12, 3));
        let layers = [("features".to_string(), width, 5), ("shrink".into(), 12, 1)];
        for (name, outputs, side) in layers.into_iter().chain(narrow).chain([("expand".into(), width, 1)]) {
            let y = builder.plain(&name, &x, [channels, outputs], side);
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

/// Names of the weights of an expanded graph that do not learn.
pub fn fixed(graph: &Graph) -> Vec<&str> {
    graph.weights.keys().map(String::as_str).filter(|name| name.ends_with(IDENTITY)).collect()
}

/// The weights of the collapsed graph `shape`, as the expanded network computes them.
pub fn collapsed_weights<B: Backend>(
    network: &Network<B>,
    shape: &Graph,
    factor: usize,
    device: &B::Device,
) -> Result<Tensors, RunError> {
    let graph = network.graph();
    // Kernels do not depend on the picture: the smallest will do.
    let picture = Value::from_data(&Tensor::f32([1, 3, 1, 1], vec![0.0; 3]), device);
    let values = network.trace(vec![picture], Size::new(factor, factor), RandomState::default())?;
    let named = values.into_iter().enumerate().filter(|(id, _)| shape.weights.contains_key(graph.name(ValueId(*id))));
    Ok(named.map(|(id, value)| (graph.name(ValueId(id)).to_string(), value.into_data())).collect())
}

struct Builder<'a, R> {
    graph: Graph,
    form: Form,
    expansion: usize,
    rng: &'a mut R,
}

impl<R: Rng> Builder<'_, R> {
    fn normal(&mut self, name: &str, shape: &[usize], deviation: f32) -> String {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal(self.rng) * deviation).collect();
        self.graph.weight(name, Tensor::f32(shape, values))
    }

    /// A convolution whose kernel is a weight in both forms.
    fn plain(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], side: usize) -> String {
        let deviation = (2.0 / (inputs * side * side) as f32).sqrt();
        let kernel = self.normal(&format!("{name}.weight"), &[outputs, inputs, side, side], deviation);
        self.convolve(name, x, &kernel, outputs, side)
    }

    /// A linear block. `gain` is the deviation of what it learns, for inputs of deviation 1.
    fn linear(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], side: usize, gain: f32) -> String {
        let part = |suffix: &str| format!("{name}.{suffix}");
        let shape = [outputs, inputs, side, side];
        if self.form == Form::Collapsed {
            let kernel = Tensor::f32(shape, vec![0.0; shape.iter().product()]);
            let kernel = self.graph.weight(&part("weight"), kernel);
            return self.convolve(name, x, &kernel, outputs, side);
        }
        let (width, taps) = (self.expansion, inputs * side * side);
        let expand = self.normal(&part("expand"), &[width, taps], (taps as f32).sqrt().recip());
        let project = self.normal(&part("project"), &[outputs, width], gain * (width as f32).sqrt().recip());
        let product = self.graph.push(&part("product"), MatMul {}, [project.as_str(), &expand]);
        let reshape = Reshape { shape: shape.map(Dim::from).to_vec(), infer: None };
        let kernel = if inputs == outputs {
            let learned = self.graph.push(&part("learned"), reshape, [product.as_str()]);
            let identity = self.graph.weight(&format!("{name}{IDENTITY}"), identity_kernel(inputs, side));
            self.graph.push(&part("weight"), Add {}, [learned.as_str(), &identity])
        } else {
            self.graph.push(&part("weight"), reshape, [product.as_str()])
        };
        self.convolve(name, x, &kernel, outputs, side)
    }

    fn convolve(&mut self, name: &str, x: &str, kernel: &str, outputs: usize, side: usize) -> String {
        let bias = self.graph.weight(&format!("{name}.bias"), Tensor::f32([outputs], vec![0.0; outputs]));
        self.graph.push(name, Conv::same(side, PadMode::Constant), [x, kernel, &bias])
    }

    /// A rectifier with a learned slope for each channel (PReLU).
    fn activation(&mut self, name: &str, x: &str, channels: usize) -> String {
        let slope = Tensor::f32([channels, 1, 1], vec![SLOPE; channels]);
        let slope = self.graph.weight(&format!("{name}.slope"), slope);
        self.graph.push(&format!("{name}.active"), PRelu {}, [x, &slope])
    }
}

/// The kernel that leaves every channel as it is.
fn identity_kernel(channels: usize, side: usize) -> Tensor {
    let mut values = vec![0.0; channels * channels * side * side];
    for channel in 0..channels {
        values[((channel * channels + channel) * side + side / 2) * side + side / 2] = 1.0;
    }
    Tensor::f32([channels, channels, side, side], values)
}
