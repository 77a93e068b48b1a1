//! Seeded random graphs: combinations of all operators, with broadcasting, views and shapes beyond those of the cases.
//!
//! Numbers stay where operators are well conditioned: every value carries its interval, and operators whose results could leave
//! -8 to 8 are rejected. So executors can be compared node by node on the same inputs.

mod indexing;
mod nearest;
mod proposals;
mod statistics;

use imagine_graph::rng;
use imagine_graph::{DType, Dim, Graph, InputKind, Inputs, Node, Op, OutputKind, Size, Tensor, TensorType};

/// Maximum absolute value.
const MAX_ABSOLUTE: f32 = 8.0;
/// Maximum elements of one value.
const MAX_VALUE_ELEMENTS: usize = 20_000;
/// Nodes of one graph.
const NODES: std::ops::RangeInclusive<usize> = 20..=44;

/// A graph that runs at one size, with values for its inputs.
#[derive(Clone, Debug)]
pub struct RandomGraph {
    /// The graph. Its outputs are the values that no node reads.
    pub graph: Graph,
    /// Size to bind it to.
    pub size: Size,
    /// Values of its inputs, in order.
    pub inputs: Vec<Tensor>,
}

impl RandomGraph {
    /// The graph of `seed`, always the same.
    pub fn new(seed: u64) -> Self {
        let mut builder = Builder::new(seed);
        let nodes = builder.between(*NODES.start(), *NODES.end());
        let mut tries = 0;
        while builder.graph.nodes.len() < nodes && tries < 50 * nodes {
            tries += 1;
            let proposal = builder.propose();
            builder.accept(proposal);
        }
        builder.finish()
    }
}

/// A value of the graph so far.
#[derive(Clone, Debug)]
struct Known {
    name: String,
    kind: TensorType,
    /// Its type at batch 1, at which generator files are validated.
    single: TensorType,
    /// The interval of its numbers.
    interval: [f32; 2],
}

impl Known {
    fn absolute(&self) -> f32 {
        self.interval[0].abs().max(self.interval[1].abs())
    }
}

/// A node that may be added if its shape rule and its interval allow it.
struct Proposal {
    op: Op,
    inputs: Vec<Known>,
    /// New weights, the inputs after `inputs`.
    weights: Vec<Tensor>,
    /// The interval of the result.
    interval: [f32; 2],
}

struct Builder {
    graph: Graph,
    size: Size,
    inputs: Vec<Tensor>,
    known: Vec<Known>,
    key: u32,
    draws: u32,
}

impl Builder {
    fn new(seed: u64) -> Self {
        let key = rng::key(seed, 0, 0);
        let size = Size::new(1, 1);
        let mut builder = Self { graph: Graph::default(), size, inputs: Vec::new(), known: Vec::new(), key, draws: 0 };
        let side = |builder: &mut Self| 2 * builder.between(2, 9) + builder.between(0, 1);
        builder.size = Size { batch: builder.between(1, 2), height: side(&mut builder), width: side(&mut builder) };
        for index in 0..builder.between(1, 2) {
            let channels = [1, 3, 4, 8][builder.between(0, 3)];
            builder.input(&format!("x{index}"), Dim::nchw(channels));
        }
        let vector = builder.between(2, 7);
        builder.input("v", vec![Dim::Fixed(vector)]);
        builder
    }

    /// Adds an input with numbers between -1 and 1.
    fn input(&mut self, name: &str, shape: Vec<Dim>) {
        let bind = |size: Size| shape.iter().map(|dim| dim.bind(size).expect("whole fractions")).collect::<Vec<_>>();
        let single = TensorType::f32(bind(self.size.with_batch(1)));
        let tensor = self.tensor(bind(self.size), [-1.0, 1.0]);
        let kind = tensor.tensor_type();
        self.graph.input(name, InputKind::Tensor, shape);
        self.inputs.push(tensor);
        self.known.push(Known { name: name.into(), kind, single, interval: [-1.0, 1.0] });
    }

    /// Adds the node if its shape rule accepts it and its numbers stay small.
    fn accept(&mut self, proposal: Option<Proposal>) -> Option<()> {
        let Proposal { op, inputs, weights, interval } = proposal?;
        if !(interval[0] >= -MAX_ABSOLUTE && interval[1] <= MAX_ABSOLUTE) {
            return None;
        }
        let infer = |own: fn(&Known) -> &TensorType, size: Size| {
            let weights: Vec<_> = weights.iter().map(Tensor::tensor_type).collect();
            let types: Vec<_> = inputs.iter().map(own).chain(&weights).map(Some).collect();
            op.infer(&Inputs { types: &types, size }).ok()
        };
        let kinds = infer(|known| &known.kind, self.size)?;
        let singles = infer(|known| &known.single, self.size.with_batch(1))?;
        if kinds.iter().any(|kind| kind.elements() > MAX_VALUE_ELEMENTS) {
            return None;
        }
        let name = format!("n{}_{}", self.graph.nodes.len(), op.name().to_lowercase());
        let mut names: Vec<String> = inputs.into_iter().map(|input| input.name).collect();
        for (index, weight) in weights.into_iter().enumerate() {
            names.push(self.graph.weight(&format!("{name}.w{index}"), weight));
        }
        let outputs: Vec<_> = (0..kinds.len()).map(|part| format!("{name}.{part}")).collect();
        let outputs = if kinds.len() == 1 { vec![name.clone()] } else { outputs };
        self.graph.nodes.push(Node { name, op, inputs: names, outputs: outputs.clone() });
        for ((name, kind), single) in outputs.into_iter().zip(kinds).zip(singles) {
            self.known.push(Known { name, kind, single, interval });
        }
        Some(())
    }

    /// Makes every value that no node reads an output.
    fn finish(mut self) -> RandomGraph {
        let read: std::collections::BTreeSet<&String> = self.graph.nodes.iter().flat_map(|node| &node.inputs).collect();
        let unread: Vec<String> = self
            .graph
            .nodes
            .iter()
            .flat_map(|node| node.outputs.clone())
            .filter(|value| !read.contains(value))
            .collect();
        unread.iter().for_each(|value| self.graph.output(value, OutputKind::Tensor));
        RandomGraph { graph: self.graph, size: self.size, inputs: self.inputs }
    }

    fn draw(&mut self) -> f32 {
        self.draws += 1;
        rng::uniform(rng::cell(self.draws, 0, 0, self.key))
    }

    /// A whole number in `low..=high`.
    fn between(&mut self, low: usize, high: usize) -> usize {
        low + ((high - low + 1) as f32 * self.draw()) as usize
    }

    fn tensor(&mut self, shape: Vec<usize>, [low, high]: [f32; 2]) -> Tensor {
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| low + (high - low) * self.draw()).collect();
        Tensor::f32(shape, values)
    }

    /// A known value that satisfies `condition`, recent ones more often.
    fn pick(&mut self, condition: impl Fn(&Known) -> bool) -> Option<Known> {
        let fitting: Vec<Known> = self.known.iter().filter(|known| condition(known)).cloned().collect();
        let newest = fitting.len().checked_sub(1)?;
        let back = (self.draw().powi(2) * fitting.len() as f32) as usize;
        Some(fitting[newest - back.min(newest)].clone())
    }

    fn floats(&mut self) -> Option<Known> {
        self.pick(|known| known.kind.dtype == DType::F32)
    }

    /// Floats of rank 4 and their shape.
    fn image(&mut self) -> Option<(Known, [usize; 4])> {
        let image = self.pick(|known| known.kind.dtype == DType::F32 && known.kind.shape.len() == 4)?;
        let shape = image.kind.shape.as_slice().try_into().ok()?;
        Some((image, shape))
    }
}
