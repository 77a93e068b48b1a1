//! All cases of the operators that the oracle defines: results are right, and the same bytes with one, two and four threads.

use std::sync::Arc;

use imagine_cpu::{Network, Options, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Case, DType, Op, Tensor, TensorData};

use crate::oracle;

/// Operators of other suites.
const ELSEWHERE: [&str; 33] = [
    "Conv",
    "ConvTranspose",
    "MatMul",
    "Gemm",
    "Einsum",
    "Resize",
    "AveragePool",
    "MaxPool",
    "LpPool",
    "Softmax",
    "LogSoftmax",
    "BatchNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "MeanVarianceNormalization",
    "LpNormalization",
    "ExemplarStart",
    "ExemplarDouble",
    "ExemplarMove",
    "ExemplarMatch",
    "ExemplarGather",
    "NnfPack",
    "NnfProject",
    "NnfSearch",
    "NnfPropagate",
    "NnfDistance",
    "NnfVote",
    "Histogram",
    "RandomUniform",
    "RandomNormal",
    "Bernoulli",
];

const RANDOM: RandomState = RandomState {
    seed: 0x1234_5678_9abc_def0,
    step: 3,
    domain: rng::Domain { origin: imagine_graph::Texel { y: -5, x: 11 }, wrap: true },
};

pub fn on(threads: usize) -> Options {
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

pub fn bits(tensor: &Tensor) -> Vec<u32> {
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
                assert!(
                    run(&case, pool, RANDOM).iter().map(bits).eq(found.iter().map(bits)),
                    "{} {:?}",
                    info.name,
                    case.name
                );
            }
            let expected = match &case.op {
                Op::Constant(params) => vec![oracle::Array::from(&params.value)],
                _ => oracle::outputs(&case).unwrap_or_else(|| panic!("{} has no definition here", info.name)),
            };
            faults
                .extend(fault(&case, &found, &expected).map(|fault| format!("{} {:?}: {fault}", info.name, case.name)));
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
    let fill =
        |dims: &[imagine_graph::Dim], part: Option<imagine_graph::RandomPart>, draw: &dyn Fn(u32, u32, u32) -> f32| {
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

/// Tensors large enough to be divided among threads, in odd sizes.
fn large_cases() -> Vec<Case> {
    use imagine_graph::*;
    let pads = vec![0, 0, 3, 2, 0, 0, 1, 5];
    let nearest = GridSample { padding_mode: GridSamplePadding::Reflection, ..GridSample::default() };
    vec![
        Case::new("tanh", Tanh {}).float([3, 129, 257], -4.0..4.0),
        Case::new("channel vector", Mul {}).float([2, 3, 129, 131], -1.0..1.0).float([3, 1, 1], -1.0..1.0),
        Case::new("rows and columns", Add {}).float([301, 1], -1.0..1.0).float([1, 303], -1.0..1.0),
        Case::new("short rows", Sub {}).float([30_001, 3], -1.0..1.0).float([30_001, 1], -1.0..1.0),
        Case::new("truth values", Greater {}).float([301, 303], -1.0..1.0).float([303], -1.0..1.0),
        Case::new("where", Where {}).bool([303]).float([301, 303], -1.0..1.0).float([], -1.0..1.0),
        Case::new("transpose", Transpose { perm: vec![0, 2, 1] }).float([2, 201, 203], -1.0..1.0),
        Case::new("channels last", Transpose { perm: vec![0, 2, 3, 1] }).float([1, 3, 129, 131], -1.0..1.0),
        Case::new("tile", Tile { repeats: vec![1, 2, 3] }).float([3, 79, 81], -1.0..1.0),
        Case::new("flip", Slice { starts: vec![-1], ends: vec![i64::MIN], axes: vec![2], steps: vec![-1] })
            .float([3, 129, 131], -1.0..1.0),
        Case::new("concat", Concat { axis: 1 }).float([129, 131], -1.0..1.0).float([129, 201], -1.0..1.0),
        Case::new("wrap", Pad { pads, mode: PadMode::Wrap, ..Pad::default() }).float([1, 3, 129, 131], -1.0..1.0),
        Case::new("rows", Pad { pads: vec![2, 1], mode: PadMode::Reflect, axes: vec![1], value: 0.0 })
            .float([3, 129, 131], -1.0..1.0),
        Case::new("pixel shuffle", DepthToSpace { blocksize: 2, mode: DepthToSpaceMode::Crd })
            .float([1, 12, 65, 67], -1.0..1.0),
        Case::new("channels", Gather { axis: 1 }).float([3, 5, 5001], -1.0..1.0).int([4], -5..5),
        Case::new("columns", GatherElements { axis: 1 }).float([201, 203], -1.0..1.0).int([201, 199], -203..203),
        Case::new("all", ReduceSum::default()).float([129, 517], -1.0..1.0),
        Case::new("rows", ReduceMean { axes: vec![1], ..ReduceMean::default() }).float([129, 517], -1.0..1.0),
        Case::new("columns", ReduceL2 { axes: vec![0], ..ReduceL2::default() }).float([517, 1029], -1.0..1.0),
        Case::new("between", ReduceMax { axes: vec![1], ..ReduceMax::default() }).float([5, 129, 131], -1.0..1.0),
        Case::new("log of sum", ReduceLogSumExp { axes: vec![0, 2], ..ReduceLogSumExp::default() })
            .float([65, 3, 517], -8.0..8.0),
        Case::new("arg max", ArgMax { axis: 1, ..ArgMax::default() }).float([129, 7, 131], -1.0..1.0),
        Case::new("sums", CumSum { axis: 1, ..CumSum::default() }).float([129, 9, 131], -1.0..1.0),
        Case::new("samples", nearest).float([1, 3, 9, 7], -1.0..1.0).float([1, 91, 93, 2], -1.9..1.9),
        Case::new("volume", AffineGrid { size: Dim::nchw(1), ..AffineGrid::default() }).float([1, 2, 3], -1.0..1.0),
    ]
}

#[test]
fn large_tensors_are_divided_among_threads_without_a_trace() {
    let pools = [1, 2, 3, 4].map(on);
    let mut faults = Vec::new();
    for case in large_cases() {
        let found = run(&case, &pools[0], RANDOM);
        for pool in &pools[1..] {
            assert!(run(&case, pool, RANDOM).iter().map(bits).eq(found.iter().map(bits)), "{:?}", case.name);
        }
        let expected = oracle::outputs(&case).expect("it is defined");
        faults.extend(fault(&case, &found, &expected).map(|fault| format!("{:?}: {fault}", case.name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
