//! `imagine_cpu` beside burn-flex: all cases, random graphs node by node, shipped generators. It gives the same bytes fused and unfused, whole
//! and in tiles, rolled, and on any number of threads.

use std::path::PathBuf;
use std::sync::Arc;

use burn::backend::Flex;
use imagine_cpu::{Network, Options, PreparedGenerator, Value, generate, generate_in_tiles};
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::rng::Domain;
use imagine_graph::{
    Case, Class, Generated, Op, Request, Size, Tensor, TensorData, ValidGraph, ValidNode, ValueId, ValueSource,
};
use imagine_tests::random_graph::RandomGraph;

use crate::bits::roll;
use crate::compare::{RANDOM, fault, report, trace};

const GRAPHS: u64 = 120;
/// Largest difference of outputs from burn-flex.
const TOLERANCE: f32 = 1e-4;

/// One thread, and more than a small tensor has parts.
fn options() -> [Options; 2] {
    [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Options::on(Arc::new(pool))
    })
}

fn run(graph: &ValidGraph, inputs: &[Tensor], size: Size, options: &Options) -> Vec<Tensor> {
    let inputs = inputs.iter().map(Value::from).collect();
    let outputs = Network::new(graph, options).run(inputs, size, RANDOM).unwrap();
    outputs.into_iter().map(Value::into_tensor).collect()
}

/// The elements as words; all NaN are the same.
fn words(tensor: &Tensor) -> Vec<u32> {
    let word = |value: &f32| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() };
    match &tensor.data {
        TensorData::F32(values) => values.iter().map(word).collect(),
        TensorData::I32(values) => values.iter().map(|value| *value as u32).collect(),
        TensorData::Bool(values) => values.iter().map(|value| u32::from(*value)).collect(),
    }
}

#[test]
fn every_case_agrees_with_burn() {
    let options = options();
    let mut faults = Vec::new();
    for case in Op::ALL.iter().flat_map(|info| (info.cases)()) {
        let outside = Case { weights: Vec::new(), ..case.clone() };
        for (case, how) in [(&case, "its weights known"), (&outside, "weights from outside")] {
            let (graph, inputs) = case.graph();
            // Some weights must be known.
            let Ok(valid) = graph.validate() else { continue };
            if valid.bind(case.size()).is_err() {
                continue;
            }
            let values = trace(&valid, &inputs, case.size());
            let expected: Vec<Tensor> = valid.outputs().iter().map(|value| values[value.0].clone()).collect();
            let [one, three] = options.each_ref().map(|options| run(&valid, &inputs, case.size(), options));
            let name = format!("{} {:?}, {how}", case.op.name(), case.name);
            faults.extend(fault(&one, &expected, case.op.tolerance()).map(|fault| format!("{name}: {fault}")));
            if one.iter().map(words).ne(three.iter().map(words)) {
                faults.push(format!("{name}: threads change the result"));
            }
        }
    }
    report(faults);
}

#[test]
fn random_graphs_agree_with_burn_node_by_node() {
    let [options, _] = options();
    let mut faults = Vec::new();
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap();
        let values = trace(&valid, &random.inputs, random.size);
        for node in valid.nodes().iter().filter(|node| node.op.info().class != Class::Fold) {
            let (graph, inputs) = single(&valid, node, &values).graph();
            let expected: Vec<_> = node.outputs.iter().map(|value| values[value.0].clone()).collect();
            let found = run(&graph.validate().unwrap(), &inputs, random.size, &options);
            let fault = fault(&found, &expected, node.op.tolerance());
            faults
                .extend(fault.map(|fault| format!("graph {seed}, node {:?} ({}): {fault}", node.name, node.op.name())));
        }
    }
    report(faults);
}

/// The node alone, with burn's values as its inputs, so that errors do not add up.
fn single(graph: &ValidGraph, node: &ValidNode, values: &[Tensor]) -> Case {
    let mut case = Case::new(node.name.clone(), node.op.clone());
    for (index, input) in node.inputs.iter().enumerate() {
        case.inputs.push(input.map(|value| values[value.0].clone()));
        if input.is_some_and(|value| *graph.source(value) == ValueSource::Weight) {
            case.weights.push(index);
        }
    }
    case
}

#[test]
fn fusing_and_threads_change_no_bit() {
    let options = options();
    for seed in 0..2 * GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap();
        let inputs: Vec<Value> = random.inputs.iter().map(Value::from).collect();
        for options in &options {
            let network = Network::new(&valid, options);
            let values = network.trace(inputs.clone(), random.size, RANDOM).unwrap();
            // The second run takes memory of the first.
            for _ in 0..2 {
                let outputs = network.run(inputs.clone(), random.size, RANDOM).unwrap();
                for (value, found) in valid.outputs().iter().zip(outputs) {
                    let (expected, found) = (values[value.0].clone().into_tensor(), found.into_tensor());
                    let name = valid.name(ValueId(value.0));
                    assert!(words(&found) == words(&expected), "graph {seed}, output {name:?}");
                }
            }
        }
    }
}

fn shipped(folder: &str) -> Vec<LoadedGenerator> {
    let folder = PathBuf::from(format!("{}/../assets/{folder}", env!("CARGO_MANIFEST_DIR")));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(EXTENSION));
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| file::load(path).unwrap()).collect()
}

/// A request at an odd size, if the generator has several.
fn request(loaded: &LoadedGenerator) -> Request {
    let steps = loaded.generator.recurrence.is_some().then_some(8);
    let size = loaded.generator.generator.size.nearest(Size::new(53, 37));
    Request { steps, ..Request::new(loaded.generator.with_fixed_sides(size), 5) }
}

/// The largest difference of two results; every output has the same type.
fn largest_difference(ours: &Generated, theirs: &Generated) -> f32 {
    let mut largest = 0.0f32;
    for ((output, ours), (_, theirs)) in ours.outputs.iter().zip(&theirs.outputs) {
        assert_eq!(ours.tensor_type(), theirs.tensor_type(), "{}", output.name);
        let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
        largest = pairs.map(|(a, b)| (a - b).abs()).fold(largest, f32::max);
    }
    largest
}

#[test]
fn shipped_generators_agree_with_burn() {
    for loaded in shipped("generators") {
        let request = request(&loaded);
        let [one, three] = options().map(|options| generate(&loaded.generator, &request, &options).unwrap());
        let burn = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        let difference = largest_difference(&one, &burn);
        assert!(difference <= TOLERANCE, "{} differs by {difference}", loaded.name);
        let all = |made: &Generated| made.outputs.iter().map(|(_, tensor)| words(tensor)).collect::<Vec<_>>();
        assert!(all(&one) == all(&three), "{}: threads change the result", loaded.name);
    }
}

#[test]
fn shipped_materials_have_the_same_bytes_as_on_burn() {
    for loaded in shipped("materials").into_iter().take(3) {
        let request = Request::new(loaded.generator.generator.size.smallest(), 11);
        let ours = generate(&loaded.generator, &request, &Options::default()).unwrap();
        let burn = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        assert_eq!(largest_difference(&ours, &burn), 0.0, "{}", loaded.name);
    }
}

/// Whole pictures, another seed after them, and a patch of a world.
#[test]
fn a_prepared_generator_gives_the_same_bytes() {
    for loaded in shipped("generators").into_iter().take(2).chain(shipped("materials").into_iter().take(1)) {
        let whole = request(&loaded);
        let patch =
            Request { domain: Domain { origin: [5, -300].into(), wrap: false }, ..Request::new(Size::new(20, 30), 5) };
        let patch = Request { steps: whole.steps.map(|_| 2), ..patch };
        let prepared = PreparedGenerator::new(Arc::new(loaded.generator.clone()), &Options::default());
        for request in [whole.clone(), Request { seed: 6, ..whole.clone() }, whole, patch] {
            let expected = generate(&loaded.generator, &request, &Options::default()).unwrap();
            assert!(prepared.generate(&request).unwrap() == expected, "{}", loaded.name);
        }
    }
}

/// Rolling the domain of a living texture rolls its outputs, to the bit: every cell is computed alike.
#[test]
fn living_textures_roll_exactly() {
    let loaded = shipped("generators").into_iter().find(|loaded| loaded.generator.recurrence.is_some()).unwrap();
    let by = [17, 31];
    let still = Request { steps: Some(4), ..Request::new(Size::new(53, 37), 3) };
    let rolled =
        Request { domain: Domain { origin: by.map(|cells| cells as i32).into(), wrap: true }, ..still.clone() };
    let [still, rolled] =
        [still, rolled].map(|request| generate(&loaded.generator, &request, &Options::default()).unwrap());
    for ((output, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
        assert!(words(rolled) == words(&roll(still, by)), "{}", output.name);
    }
}

#[test]
fn an_upscaler_in_tiles_has_the_same_bytes() {
    for loaded in shipped("upscalers") {
        let generator = &loaded.generator;
        let mut request = Request::new(Size::new(160, 208), 0);
        let resolved = |request: &Request| generator.resolve(request);
        for input in generator.inputs() {
            let shape: Vec<usize> = input.shape.iter().map(|dim| dim.bind(request.size).unwrap()).collect();
            let count = shape.iter().product::<usize>();
            let number = |i: usize| (i * 7919 % 997) as f32 / 997.0;
            request.inputs.insert(input.name.clone(), Tensor::f32(shape, (0..count).map(number).collect::<Vec<_>>()));
        }
        resolved(&request).unwrap();
        let whole = generate(generator, &request, &Options::default()).unwrap();
        let mut tiles = 0;
        let cut = generate_in_tiles(generator, &request, 64, &Options::default(), |_, all| tiles = all).unwrap();
        assert!(tiles > 4, "{}: {tiles} tiles", loaded.name);
        for ((output, whole), (_, cut)) in whole.outputs.iter().zip(&cut.outputs) {
            assert!(words(cut) == words(whole), "{}: {}", loaded.name, output.name);
        }
    }
}
