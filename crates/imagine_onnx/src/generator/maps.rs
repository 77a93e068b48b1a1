//! What surrounds a network in its generator: pictures come as `[batch, channels, height, width]` with values from 0 to 1, and maps
//! leave in the same form, whatever layout, element type and range the network has.

use imagine_graph::{
    Add, Cast, DType, Dim, Graph, GraphInput, GraphOutput, InputKind, Mul, Op, Round, Slice, Tensor, Transpose,
};

use super::channels::Channels;
use crate::inputs::{Layout, ValueInfo};
use crate::role::{InputRole, OutputRole};
use crate::tensor::ElementType;

/// A part of an output: the output, its channels and its role.
pub(super) type Part<'a> = (&'a ValueInfo, Channels, OutputRole);

/// Gives input `index` its role.
pub(super) fn set_input(graph: &mut Graph, index: usize, element: Option<ElementType>, role: &InputRole) {
    let GraphInput { name, dtype, shape, .. } = graph.inputs[index].clone();
    graph.inputs[index].kind = role.kind.clone();
    if role.kind == InputKind::Tensor && role.range.is_none() {
        return;
    }
    let is_picture = matches!(role.kind, InputKind::Image(_) | InputKind::Mask);
    let range = role.range.or_else(|| whole_range(dtype, element).filter(|_| is_picture));
    let mut chain = Chain { graph, first: Vec::new() };
    let mut value = name.clone();
    if let Some([low, high]) = range {
        value = chain.affine(&value, &format!("{name}.scaled"), high - low, low);
    }
    if dtype == DType::I32 {
        value = chain.push(&value, &format!("{name}.rounded"), Round {});
    }
    let dims: Option<[Dim; 4]> = shape.clone().try_into().ok();
    if let Some(dims) = dims.filter(|dims| is_picture && layout(dims) == Layout::Nhwc) {
        chain.graph.inputs[index].shape = [0, 3, 1, 2].map(|axis| dims[axis]).to_vec();
        value = chain.push(&value, &format!("{name}.nhwc"), Transpose { perm: vec![0, 2, 3, 1] });
    }
    if dtype != DType::F32 {
        chain.graph.inputs[index].dtype = DType::F32;
        value = chain.push(&value, &format!("{name}.cast"), Cast::to(dtype));
    }
    let first = chain.first;
    if first.is_empty() {
        return;
    }
    for node in &mut graph.nodes {
        node.inputs.iter_mut().filter(|input| **input == name).for_each(|input| input.clone_from(&value));
    }
    graph.nodes.splice(0..0, first);
}

/// Gives the outputs their roles.
pub(super) fn set_outputs(graph: &mut Graph, parts: &[Part]) {
    graph.outputs.clear();
    let mut done: Vec<(&str, String)> = Vec::new();
    for (info, channels, role) in parts {
        let alone = parts.iter().filter(|(other, ..)| other.name == info.name).count() == 1;
        let name = if alone { info.name.clone() } else { fresh(graph, &format!("{}.{}", info.name, role.kind.name())) };
        graph.outputs.push(GraphOutput::new(&name, role.kind));
        let dtype = info.element.map_or(DType::F32, ElementType::dtype);
        let is_map = role.kind.channels().is_some();
        let range = role.range.or_else(|| whole_range(dtype, info.element).filter(|_| is_map));
        let nhwc = is_map && layout_of(info) == Layout::Nhwc;
        if *channels == Channels::ALL && range.is_none() && !nhwc && (dtype == DType::F32 || !is_map) {
            continue;
        }
        let known = done.iter().find(|(output, _)| *output == info.name).map(|(_, raw)| raw.clone());
        let raw = known.unwrap_or_else(|| {
            let raw = rename(graph, &info.name);
            done.push((&info.name, raw.clone()));
            raw
        });
        let mut chain = Chain { graph, first: Vec::new() };
        let mut value = raw;
        if dtype != DType::F32 {
            value = chain.push(&value, &format!("{name}.floats"), Cast::to(DType::F32));
        }
        if nhwc {
            value = chain.push(&value, &format!("{name}.nchw"), Transpose { perm: vec![0, 3, 1, 2] });
        }
        if let Some([first, end]) = channels.0 {
            let op = Slice { starts: vec![first as i64], ends: vec![end as i64], axes: vec![1], steps: Vec::new() };
            value = chain.push(&value, &format!("{name}.channels"), op);
        }
        if let Some([low, high]) = range {
            let scale = (high - low).recip();
            value = chain.affine(&value, &format!("{name}.unit"), scale, -low * scale);
        }
        let mut nodes = chain.first;
        // The last value is the output.
        for node in &mut nodes {
            node.outputs.iter_mut().filter(|output| **output == value).for_each(|output| output.clone_from(&name));
        }
        graph.nodes.extend(nodes);
    }
}

/// Renames value `name`; returns its new name.
fn rename(graph: &mut Graph, name: &str) -> String {
    let raw = fresh(graph, &format!("{name}.raw"));
    for node in &mut graph.nodes {
        let values = node.inputs.iter_mut().chain(&mut node.outputs);
        values.filter(|value| *value == name).for_each(|value| value.clone_from(&raw));
    }
    raw
}

/// The values of 0 and 1 in pictures of whole numbers.
fn whole_range(dtype: DType, element: Option<ElementType>) -> Option<[f32; 2]> {
    match (dtype, element) {
        (DType::I32, Some(ElementType::Uint16)) => Some([0.0, 65_535.0]),
        (DType::I32, _) => Some([0.0, 255.0]),
        _ => None,
    }
}

fn layout(dims: &[Dim; 4]) -> Layout {
    Layout::of([0, 1, 2, 3].map(|axis| if let Dim::Fixed(count) = dims[axis] { Some(count) } else { None }))
}

/// The layout of an output.
pub(super) fn layout_of(info: &ValueInfo) -> Layout {
    let dims: Option<&[Dim; 4]> = info.shape.as_slice().try_into().ok();
    dims.map_or(Layout::Nchw, layout)
}

/// Nodes that follow each other.
struct Chain<'a> {
    graph: &'a mut Graph,
    first: Vec<imagine_graph::Node>,
}

impl Chain<'_> {
    /// Adds a node with the inputs `from`; returns its output, called `wanted` or similarly.
    fn push(&mut self, from: &str, wanted: &str, op: impl Into<Op>) -> String {
        self.node(vec![from.into()], wanted, op)
    }

    fn node(&mut self, inputs: Vec<String>, wanted: &str, op: impl Into<Op>) -> String {
        let mut name = fresh(self.graph, wanted);
        while self.first.iter().any(|node| node.name == name) {
            name.push('_');
        }
        self.first.push(imagine_graph::Node { name: name.clone(), op: op.into(), inputs, outputs: vec![name.clone()] });
        name
    }

    /// Adds `from * scale + offset`.
    fn affine(&mut self, from: &str, wanted: &str, scale: f32, offset: f32) -> String {
        let [scale, offset] = [("scale", scale), ("offset", offset)].map(|(what, number)| {
            let name = fresh(self.graph, &format!("{wanted}.{what}"));
            self.graph.weight(&name, Tensor::scalar(number))
        });
        let product = self.node(vec![from.into(), scale], &format!("{wanted}.product"), Mul {});
        self.node(vec![product, offset], wanted, Add {})
    }
}

/// `wanted`, with a number if a value, weight or node has that name.
fn fresh(graph: &Graph, wanted: &str) -> String {
    let taken = |name: &str| {
        let values = graph.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
        graph.weights.contains_key(name)
            || values.chain(graph.inputs.iter().map(|input| &input.name)).any(|value| value == name)
    };
    let numbered = (1..).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_string()).chain(numbered).find(|name| !taken(name)).expect("there are enough numbers")
}
