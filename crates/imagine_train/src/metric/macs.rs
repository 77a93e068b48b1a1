//! The work of a network.

use imagine_graph::{Op, Size, ValidGraph};

use crate::error::TrainError;

/// Multiplications of the convolutions for each pixel of a result of `side` pixels, which the graph can make.
pub(crate) fn macs_per_pixel(graph: &ValidGraph, side: usize) -> Result<f64, TrainError> {
    let bound = graph.bind(Size::new(side, side))?;
    let mut sum = 0;
    for node in graph.nodes() {
        let elements = |value| bound.value_type(value).elements();
        let (Some(Some(x)), Some(Some(kernel))) = (node.inputs.first(), node.inputs.get(1)) else { continue };
        let kernel = bound.value_type(*kernel);
        match node.op {
            Op::Conv(_) => sum += elements(node.outputs[0]) * kernel.elements() / kernel.shape[0],
            Op::ConvTranspose(_) => sum += elements(*x) * kernel.elements() / kernel.shape[0],
            _ => {}
        }
    }
    Ok(sum as f64 / (side * side) as f64)
}
