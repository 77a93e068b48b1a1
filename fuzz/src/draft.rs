//! Generator files out of arbitrary data: graphs that are mostly right, with something wrong in them now and then, so
//! that most get past the container and into the rules of the operators.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use imagine_graph::{DType, Op, TensorType};
use serde_json::{Map, Value, json};

type Result<T> = arbitrary::Result<T>;

/// Weights are at most this long; larger tensors become inputs.
const MAX_WEIGHT: usize = 64;

/// Numbers that shape rules trip over.
const HOSTILE: [f64; 20] = [
    0.0,
    1.0,
    2.0,
    3.0,
    5.0,
    7.0,
    64.0,
    4095.0,
    4096.0,
    4097.0,
    65_536.0,
    2_147_483_647.0,
    2_147_483_648.0,
    4_294_967_296.0,
    9_007_199_254_740_992.0,
    1.8e19,
    -1.0,
    -9.2e18,
    0.5,
    1e38,
];

/// The bytes of a file. Where `data` ends, choices are the first that there are.
pub fn file(data: &[u8]) -> Vec<u8> {
    let mut unstructured = Unstructured::new(data);
    let mut draft = Draft::default();
    // An error means that there is too little data; what is there by then is a file too.
    let _ = draft.fill(&mut unstructured);
    let mut bytes = draft.bytes();
    let _ = damage(&mut bytes, &mut unstructured);
    bytes
}

#[derive(Default)]
struct Draft {
    recurrent: bool,
    graphs: Map<String, Value>,
    tensors: Vec<(String, TensorType, u8)>,
}

/// A graph in the making.
#[derive(Default)]
struct GraphDraft {
    part: &'static str,
    inputs: Vec<Value>,
    nodes: Vec<Value>,
    values: Vec<String>,
    /// The last value that is `[batch, channels, height, width]`, and its channels.
    image: Option<(String, usize)>,
}

impl Draft {
    fn fill(&mut self, u: &mut Unstructured) -> Result<()> {
        self.recurrent = u.ratio(1, 3)?;
        let channels = u.int_in_range(1..=5)?;
        let state = |part| {
            let mut graph = GraphDraft { part, image: Some(("state".into(), channels)), ..GraphDraft::default() };
            graph.values.push("state".into());
            graph.inputs.push(json!({ "name": "state", "kind": "state", "shape": nchw(channels) }));
            graph
        };
        if self.recurrent {
            let mut init = GraphDraft { part: "init", ..GraphDraft::default() };
            init.node("RandomUniform", json!({ "low": -0.1, "shape": nchw(channels), "stream": 1000 }), vec![]);
            self.finish(init, "state", u)?;
            let mut step = state("step");
            self.grow(&mut step, u)?;
            if u.ratio(3, 4)? {
                step.conv(channels, &mut self.tensors);
            }
            self.finish(step, "state", u)?;
        }
        let mut output =
            if self.recurrent { state("output") } else { GraphDraft { part: "output", ..GraphDraft::default() } };
        self.grow(&mut output, u)?;
        self.finish(output, "tensor", u)
    }

    fn grow(&mut self, graph: &mut GraphDraft, u: &mut Unstructured) -> Result<()> {
        for _ in 0..u.int_in_range(1..=8)? {
            match u.int_in_range(0..=5)? {
                0 => graph.conv(u.int_in_range(1..=4)?, &mut self.tensors),
                1 => graph.pointwise(u)?,
                2..=4 => graph.example(u, &mut self.tensors)?,
                _ => graph.hostile(u)?,
            }
        }
        Ok(())
    }

    fn finish(&mut self, graph: GraphDraft, kind: &str, u: &mut Unstructured) -> Result<()> {
        let GraphDraft { part, inputs, nodes, values, image } = graph;
        let name = image.map(|(name, _)| name).or(values.last().cloned()).unwrap_or_default();
        let range = json!([f32::MIN, f32::MAX]);
        let output = json!({ "name": name, "kind": kind, "range": range, "color_space": "linear" });
        let mut graph = json!({ "inputs": inputs, "nodes": nodes, "outputs": [output] });
        let result = if seldom(2, u)? { vary(&mut graph, u) } else { Ok(()) };
        self.graphs.insert(part.into(), graph);
        result
    }

    fn bytes(&self) -> Vec<u8> {
        let mut generator = json!({ "size": { "multiple": [1, 1], "min": [1, 1], "tiles": false } });
        if self.recurrent {
            generator["recurrence"] = json!({ "steps": 8, "step_rate": 30.0 });
        }
        let metadata = json!({
            "imagine.format": "1",
            "imagine.generator": generator.to_string(),
            "imagine.graphs": Value::Object(self.graphs.clone()).to_string(),
            "imagine.card": "{}",
        });
        let mut header = Map::from_iter([("__metadata__".to_string(), metadata)]);
        let mut data = Vec::new();
        for (name, TensorType { dtype, shape }, seed) in &self.tensors {
            let begin = data.len();
            for index in 0..shape.iter().product::<usize>() {
                let value = (index as u8).wrapping_mul(31).wrapping_add(*seed);
                match dtype {
                    DType::F32 => data.extend((f32::from(value) / 128.0 - 1.0).to_le_bytes()),
                    DType::I32 => data.extend(i32::from(value).to_le_bytes()),
                    DType::Bool => data.push(value & 1),
                }
            }
            let dtype = match dtype {
                DType::F32 => "F32",
                DType::I32 => "I32",
                DType::Bool => "BOOL",
            };
            header.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()] }));
        }
        let header = Value::Object(header).to_string();
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
    }
}

impl GraphDraft {
    fn node(&mut self, op: &str, attributes: Value, inputs: Vec<String>) {
        let name = format!("n{}", self.nodes.len());
        self.nodes
            .push(json!({ "name": name, "op": op, "attributes": attributes, "inputs": inputs, "outputs": [name] }));
        self.values.push(name);
    }

    fn weight(&self, of: TensorType, tensors: &mut Vec<(String, TensorType, u8)>) -> String {
        let name = format!("w{}", tensors.len());
        tensors.push((format!("{}.{name}", self.part), of, tensors.len() as u8));
        name
    }

    /// A convolution that fits the last image, of which there is one afterwards.
    fn conv(&mut self, channels: usize, tensors: &mut Vec<(String, TensorType, u8)>) {
        let (image, from) = self.image.clone().unwrap_or_else(|| {
            self.inputs.push(json!({ "name": "picture", "kind": "tensor", "shape": nchw(3) }));
            self.values.push("picture".into());
            ("picture".into(), 3)
        });
        let weight = self.weight(TensorType::f32([channels, from, 3, 3]), tensors);
        self.node("Conv", json!({ "pads": [1, 1, 1, 1], "pad_mode": "wrap" }), vec![image, weight]);
        self.image = self.values.last().cloned().map(|name| (name, channels));
    }

    /// An operator that keeps the shape of its input.
    fn pointwise(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((image, channels)) = self.image.clone() else { return Ok(()) };
        let binary = u.arbitrary::<bool>()?;
        let op = if binary { *u.choose(&["Add", "Sub", "Mul", "Div"])? } else { *u.choose(&["Relu", "Tanh"])? };
        let inputs = if binary { vec![image.clone(), image] } else { vec![image] };
        self.node(op, json!({}), inputs);
        self.image = self.values.last().cloned().map(|name| (name, channels));
        Ok(())
    }

    /// An operator's own example, its inputs as weights, as inputs of the graph, or from elsewhere.
    fn example(&mut self, u: &mut Unstructured, tensors: &mut Vec<(String, TensorType, u8)>) -> Result<()> {
        let sketch = u.choose(sketches())?;
        let mut inputs = Vec::new();
        for input in &sketch.inputs {
            let Some(of) = input else {
                inputs.push(String::new());
                continue;
            };
            let elsewhere = u.ratio(1, 16)? && !self.values.is_empty();
            inputs.push(if elsewhere {
                u.choose(&self.values)?.clone()
            } else if of.elements() <= MAX_WEIGHT && u.ratio(3, 4)? {
                self.weight(of.clone(), tensors)
            } else {
                let name = format!("x{}", self.inputs.len());
                let kind = if seldom(4, u)? { kinds(of, u)? } else { json!("tensor") };
                self.inputs.push(json!({ "name": name, "kind": kind, "dtype": of.dtype, "shape": of.shape }));
                self.values.push(name.clone());
                name
            });
        }
        self.node(sketch.op, sketch.attributes.clone(), inputs);
        Ok(())
    }

    /// Any operator on anything.
    fn hostile(&mut self, u: &mut Unstructured) -> Result<()> {
        let sketch = u.choose(sketches())?;
        let mut inputs = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            inputs.push(if self.values.is_empty() { String::new() } else { u.choose(&self.values)?.clone() });
        }
        self.node(sketch.op, sketch.attributes.clone(), inputs);
        Ok(())
    }
}

/// An example of an operator without its data.
struct Sketch {
    op: &'static str,
    attributes: Value,
    inputs: Vec<Option<TensorType>>,
}

fn sketches() -> &'static [Sketch] {
    static SKETCHES: OnceLock<Vec<Sketch>> = OnceLock::new();
    SKETCHES.get_or_init(|| {
        let cases = Op::ALL.iter().flat_map(|info| (info.cases)());
        let sketches = cases.map(|case| Sketch {
            op: case.op.name(),
            attributes: case.op.attributes().into(),
            inputs: case.inputs.iter().map(|input| input.as_ref().map(|tensor| tensor.tensor_type())).collect(),
        });
        // Constants carry their data along.
        sketches.filter(|sketch| sketch.attributes.to_string().len() < 2000).collect()
    })
}

fn nchw(channels: usize) -> Value {
    json!(["batch", channels, { "height": [1, 1] }, { "width": [1, 1] }])
}

/// What an input may mean.
fn kinds(of: &TensorType, u: &mut Unstructured) -> Result<Value> {
    let channels = of.shape.get(1).or(of.shape.first()).copied().unwrap_or(1);
    Ok(match u.int_in_range(0..=7)? {
        0 => json!("mask"),
        1 => json!({ "latent": "normal" }),
        2 => json!({ "range": { "min": -1.0, "max": 2.0, "default": 0.5 } }),
        3 => json!({ "choice": { "options": vec!["option"; channels.min(9)], "default": 0 } }),
        4 => json!({ "color": { "default": [0.1, 0.2, 0.3] } }),
        5 => json!({ "image": "srgb" }),
        6 => json!({ "prompt": { "buckets": u.int_in_range(0..=9)?, "default": "red dragon" } }),
        _ => json!({ "coordinates": if channels == 2 { "plane" } else { "sphere" } }),
    })
}

/// Changes numbers and names of a graph.
fn vary(graph: &mut Value, u: &mut Unstructured) -> Result<()> {
    for _ in 0..u.int_in_range(1..=3)? {
        let mut leaves = Vec::new();
        collect(graph, &mut leaves);
        let names: Vec<Value> = leaves.iter().filter(|leaf| leaf.is_string()).map(|leaf| (**leaf).clone()).collect();
        let (mut numbers, mut strings): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|leaf| leaf.is_number());
        if u.ratio(3, 4)? && !numbers.is_empty() {
            let at = u.choose_index(numbers.len())?;
            // What a whole number cannot be is refused early; what it can be is worth more tries.
            let mistyped = seldom(8, u)?;
            let value = match *u.choose(&HOSTILE)? {
                value if numbers[at].is_u64() && !mistyped => value.abs().ceil().min(1.8e19),
                value => value,
            };
            let whole = value.fract() == 0.0 && value.abs() < 2e19;
            *numbers[at] = match value {
                _ if whole && value >= 0.0 => json!(value as u64),
                _ if whole => json!(value as i64),
                _ => json!(value),
            };
        } else if !strings.is_empty() {
            let at = u.choose_index(strings.len())?;
            *strings[at] = u.choose(&names)?.clone();
        }
    }
    Ok(())
}

/// The numbers of a graph, and the names that nodes read and write.
fn collect<'a>(value: &'a mut Value, leaves: &mut Vec<&'a mut Value>) {
    match value {
        Value::Number(_) => leaves.push(value),
        Value::Array(values) => {
            for value in values {
                if value.is_string() { leaves.push(value) } else { collect(value, leaves) }
            }
        }
        Value::Object(map) => map.values_mut().for_each(|value| collect(value, leaves)),
        _ => {}
    }
}

/// Flips, cuts or adds a few bytes, in one file of eight.
fn damage(bytes: &mut Vec<u8>, u: &mut Unstructured) -> Result<()> {
    if !seldom(8, u)? {
        return Ok(());
    }
    for _ in 0..u.int_in_range(1..=4)? {
        if bytes.is_empty() {
            break;
        }
        let at = u.choose_index(bytes.len())?;
        match u.int_in_range(0..=3)? {
            0 => bytes[at] ^= 1 << u.int_in_range(0..=7)?,
            1 => bytes[at] = u.arbitrary()?,
            2 => bytes.insert(at, u.arbitrary()?),
            _ => bytes.truncate(at),
        }
    }
    Ok(())
}

/// True in one case of `of`, and never where the data has ended.
fn seldom(of: u8, u: &mut Unstructured) -> Result<bool> {
    Ok(u.int_in_range(1..=of)? == of)
}
