//! All cases of the operators that the oracle defines: results are right, and the same bytes with one, two and four threads.

use std::sync::Arc;

use imagine_cpu::{Network, Options, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Case, DType, Op, Tensor, TensorData};

use crate::oracle;

/// Operators of other suites.
const ELSEWHERE: [&str; 33] = [
    "Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum", "Resize", "AveragePool", "MaxPool", "LpPool", "Softmax",
    "LogSoftmax", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LayerNormalization",
    "RMSNormalization", "MeanVarianceNormalization", "LpNormalization", "ExemplarStart", "ExemplarDouble",
    "ExemplarMove", "ExemplarMatch", "ExemplarGather", "NnfPack", "NnfProject", "NnfSearch", "NnfPropagate",
    "NnfDistance", "NnfVote", "Histogram", "RandomUniform", "RandomNormal", "Bernoulli",
];

const RANDOM: RandomState = RandomState {
    seed: 0x1234_5678_9abc_def0,
    step: 3,
    domain: rng::Domain { origin: imagine_graph::Texel { y: -5, x: 11 }, wrap: true },
};

fn on(threads: usize) -> Options {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    Options::on(Arc::new(pool))
}

fn run(case: &Case, options: &Options, random: RandomState) -> Vec<Tensor> {
    let (graph, inputs) = case.graph();
    let network = Network::new(&graph.validate().expect("cases are sound"), options);
    let inputs = inputs.into_iter().map(Value::new).collect();
    let outputs = network.run(inputs, case.size(), random).expect("cases are sound");
    outputs.into_iter().map(Value::into_tensor).collect()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    match &tensor.data {
        TensorData::F32(data) => data.iter().map(|x| x.to_bits()).collect(),
        TensorData::I32(data) => data.iter().map(|x| *x as u32).collect(),
        TensorData::Bool(data) => data.iter().map(|x| u32::from(*x)).collect(),
    }
}

#[test]
fn elements_and_places_are_those_of_the_definitions() {
    let pools = [1, 2, 4].map(on);
    let mut faults = Vec::new();
    let mut checked = 0;
    for info in Op::ALL.iter().filter(|info| !ELSEWHERE.contains(&info.name)) {
        for case in (info.cases)() {
            let found = run(&case, &pools[0], RANDOM);
            for pool in &pools[1..] {
                assert!(run(&case, pool, RANDOM).iter().map(bits).eq(found.iter().map(bits)), "{} {:?}", info.name, case.name);
            }
            let expected = match &case.op {
                Op::Constant(params) => vec![oracle::Array::from(&params.value)],
                _ => oracle::outputs(&case).unwrap_or_else(|| panic!("{} has no definition here", info.name)),
            };
            faults.extend(fault(&case, &found, &expected).map(|fault| format!("{} {:?}: {fault}", info.name, case.name)));
            checked += 1;
        }
    }
    assert!(checked > 300, "{checked} cases");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// How the outputs differ from the expected ones, if they do.
fn fault(case: &Case, found: &[Tensor], expected: &[oracle::Array]) -> Option<String> {
    let (tolerance, types) = (case.op.tolerance(), oracle::types(case));
    for ((found, expected), found_type) in found.iter().zip(expected).zip(types) {
        if found.tensor_type() != found_type || found.shape != expected.shape {
            return Some(format!("a tensor {}, expected {found_type}", found.tensor_type()));
        }
        for (index, (found, expected)) in oracle::Array::from(found).data.iter().zip(&expected.data).enumerate() {
            let allowed = match found_type.dtype {
                DType::F32 => f64::from(tolerance.absolute) + f64::from(tolerance.relative) * expected.abs(),
                _ => 0.0,
            };
            let equal = (found - expected).abs() <= allowed || (found.is_nan() && expected.is_nan());
            if !equal {
                return Some(format!("element {index} is {found}, expected {expected}"));
            }
        }
    }
    (found.len() != expected.len()).then(|| format!("{} outputs, expected {}", found.len(), expected.len()))
}

#[test]
fn random_numbers_are_those_of_their_definition_to_the_bit() {
    let pools = [1, 4].map(on);
    for wrap in [true, false] {
        let random = RandomState { domain: rng::Domain { wrap, ..RANDOM.domain }, ..RANDOM };
        for info in Op::ALL.iter().filter(|info| info.stem == "random") {
            for case in (info.cases)() {
                let expected = drawn(&case, random);
                for pool in &pools {
                    let found = run(&case, pool, random);
                    assert_eq!(bits(&found[0]), expected, "{} {:?}, torus {wrap}", info.name, case.name);
                }
            }
        }
    }
}

fn drawn(case: &Case, random: RandomState) -> Vec<u32> {
    use imagine_graph::{Extent, Texel};
    let shape = &oracle::types(case)[0].shape;
    let key = |stream| rng::key(random.seed, stream, random.step);
    let fill = |dims: &[imagine_graph::Dim], part: Option<imagine_graph::RandomPart>, draw: &dyn Fn(u32, u32, u32) -> f32| {
        let Some(part) = part else { return rng::fill(shape, dims, random.domain, draw) };
        let whole: Vec<_> = dims.iter().map(|dim| dim.bind(case.size()).expect("cases are sound")).collect();
        let ([y, x], [height, width]) = (part.first, part.size);
        rng::fill_part(&whole, dims, random.domain, Texel { y, x }, Extent { height, width }, draw)
    };
    let numbers = match &case.op {
        Op::RandomUniform(op) => fill(&op.shape, op.part, &|x, y, plane| {
            op.low + (op.high - op.low) * rng::uniform(rng::cell(x, y, plane, key(op.stream)))
        }),
        Op::RandomNormal(op) => {
            fill(&op.shape, op.part, &|x, y, plane| op.mean + op.scale * rng::normal(x, y, plane, key(op.stream)))
        }
        Op::Bernoulli(op) => {
            let numbers = fill(&op.shape, None, &|x, y, plane| rng::uniform(rng::cell(x, y, plane, key(op.stream))));
            let probabilities = case.inputs[0].as_ref().and_then(Tensor::as_f32).expect("it has probabilities");
            let one = if op.dtype == DType::F32 { 1.0f32.to_bits() } else { 1 };
            return numbers.iter().zip(probabilities).map(|(u, p)| if u < p { one } else { 0 }).collect();
        }
        op => unreachable!("{} draws no numbers", op.name()),
    };
    numbers.iter().map(|x| x.to_bits()).collect()
}
