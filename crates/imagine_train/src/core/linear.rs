//! Convolutions that learn as the product of two and ship as one (collapsible linear blocks).
//!
//! SESR (Bhardwaj et al., "Collapsible Linear Blocks for Super-Efficient Super Resolution", MLSys 2022) learns each convolution as
//! the product of two: `side` x `side` to many channels, then 1x1, and, where the channels allow it, the block's own input added. As
//! nothing between them is nonlinear, the three are one kernel. In the form that learns, the graph computes that kernel from the
//! factors before it convolves, as the paper's efficient training does, so an update costs little more than one of the plain
//! network; the form that ships stores the kernels. One function writes both.

use burn::tensor::backend::Backend;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Add, Conv, Dim, Graph, MatMul, PRelu, PadMode, Reshape, Size, Tensor, ValueId};
use rand::Rng;

use super::rng::normal;
use super::save::Tensors;

/// Suffix of the kernels that stand for a block's own input. They do not learn.
const IDENTITY: &str = ".identity";
/// First slope of the activations where their input is negative.
const SLOPE: f32 = 0.25;

/// Whether a graph learns or ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Kernels are products of learned factors.
    Expanded,
    /// Kernels are weights.
    Collapsed,
}

/// Names of the weights of an expanded graph that do not learn.
pub fn fixed(graph: &Graph) -> Vec<&str> {
    graph.weights.keys().map(String::as_str).filter(|name| name.ends_with(IDENTITY)).collect()
}

/// The weights of the collapsed graph `shape`, as the expanded network computes them. `side` is that of the smallest picture that the network
/// makes, `small` that of the picture that it makes it of: kernels do not depend on pictures.
pub fn collapsed_weights<B: Backend>(
    network: &Network<B>,
    shape: &Graph,
    [small, side]: [usize; 2],
    device: &B::Device,
) -> Result<Tensors, RunError> {
    let graph = network.graph();
    let picture = Tensor::f32([1, 3, small, small], vec![0.0; 3 * small * small]);
    let picture = Value::from_data(&picture, device);
    let values = network.trace(vec![picture], Size::new(side, side), RandomState::default())?;
    let named = values.into_iter().enumerate().filter(|(id, _)| shape.weights.contains_key(graph.name(ValueId(*id))));
    Ok(named.map(|(id, value)| (graph.name(ValueId(id)).to_string(), value.into_data())).collect())
}

/// A graph of such layers under construction. Each layer names its nodes and weights after itself and returns the name of its output.
pub struct LinearLayers<'a, R> {
    /// The graph so far.
    pub graph: Graph,
    /// Whether it learns or ships.
    pub form: Form,
    /// Channels between the two factors of a kernel.
    pub expansion: usize,
    /// How convolutions pad pictures.
    pub pad: PadMode,
    /// Where first weights come from.
    pub rng: &'a mut R,
}

impl<R: Rng> LinearLayers<'_, R> {
    /// A weight of random normal numbers.
    pub fn normal(&mut self, name: &str, shape: &[usize], deviation: f32) -> String {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal(self.rng) * deviation).collect();
        self.graph.weight(name, Tensor::f32(shape, values))
    }

    /// A convolution whose kernel is a weight in both forms. `gain` is the deviation of its output, for inputs of deviation 1.
    pub fn plain(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], side: usize, gain: f32) -> String {
        let deviation = gain / ((inputs * side * side) as f32).sqrt();
        let kernel = self.normal(&format!("{name}.weight"), &[outputs, inputs, side, side], deviation);
        self.convolve(name, x, &kernel, outputs, side)
    }

    /// A linear block. `gain` is the deviation of what it learns, for inputs of deviation 1.
    pub fn linear(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2], side: usize, gain: f32) -> String {
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
        self.graph.push(name, Conv::same(side, self.pad), [x, kernel, &bias])
    }

    /// A rectifier with a learned slope for each channel (PReLU).
    pub fn activation(&mut self, name: &str, x: &str, channels: usize) -> String {
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
