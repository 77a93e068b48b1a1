//! Convolutions beside the formula, in double precision, on one thread and on several.

use std::sync::Arc;

use imagine_cpu::{Network, Options, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Case, Conv, ConvTranspose, Op, Operator, PadMode, Tensor};

/// The outputs of a case on `threads` threads.
fn run(case: &Case, threads: usize) -> Vec<Tensor> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (graph, inputs) = case.graph();
    let network = Network::new(&graph.validate().unwrap(), &Options::on(Arc::new(pool)));
    let inputs = inputs.into_iter().map(Value::new).collect();
    let outputs = network.run(inputs, case.size(), RandomState::default()).unwrap();
    outputs.into_iter().map(Value::into_tensor).collect()
}

/// Every index of a tensor of `shape`.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..shape.iter().product()).map(|flat: usize| {
        let mut left = flat;
        let mut index: Vec<usize> = shape.iter().rev().map(|n| (left % n, left /= n).0).collect();
        index.reverse();
        index
    })
}

fn at(tensor: &Tensor, index: &[usize]) -> f64 {
    let flat = tensor.shape.iter().zip(index).fold(0, |flat, (n, i)| flat * n + i);
    f64::from(tensor.as_f32().unwrap()[flat])
}

fn formula(op: &Conv, x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Vec<f64> {
    let windows = op.windows(&x.shape, &w.shape).unwrap();
    let mut shape = vec![x.shape[0], w.shape[0]];
    shape.extend(windows.iter().map(|axis| axis.output));
    let group_rows = w.shape[0] / op.group;
    let sum = |out: Vec<usize>| {
        let mut sum = b.map_or(0.0, |b| at(b, &out[1..2]));
        for tap in indices(&w.shape[1..]) {
            let mut from = vec![out[0], out[1] / group_rows * w.shape[1] + tap[0]];
            for (axis, window) in windows.iter().enumerate() {
                let position =
                    (out[2 + axis] * window.stride + tap[1 + axis] * window.dilation) as i64 - window.begin as i64;
                from.extend(op.pad_mode.place(position, window.input));
            }
            if from.len() == out.len() {
                sum += at(x, &from) * at(w, &[&out[1..2], &tap[..]].concat());
            }
        }
        sum
    };
    indices(&shape).map(sum).collect()
}

/// Every input element is added to the outputs that it reaches.
fn transposed_formula(op: &ConvTranspose, x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Vec<f64> {
    let windows = op.windows(&x.shape, &w.shape).unwrap();
    let mut shape = vec![x.shape[0], w.shape[1] * op.group];
    shape.extend(windows.iter().map(|axis| axis.output));
    let mut sums: Vec<f64> = indices(&shape).map(|out| b.map_or(0.0, |b| at(b, &out[1..2]))).collect();
    for (from, tap) in indices(&x.shape).flat_map(|from| indices(&w.shape[1..]).map(move |tap| (from.clone(), tap))) {
        let group = from[1] / (x.shape[1] / op.group);
        let mut flat = Some(from[0] * shape[1] + group * w.shape[1] + tap[0]);
        for (axis, window) in windows.iter().enumerate() {
            let place = (from[2 + axis] * window.stride + tap[1 + axis] * window.dilation).checked_sub(window.begin);
            let place = place.filter(|place| *place < window.output);
            flat = flat.zip(place).map(|(flat, place)| flat * window.output + place);
        }
        if let Some(flat) = flat {
            sums[flat] += at(x, &from) * at(w, &[&from[1..2], &tap[..]].concat());
        }
    }
    sums
}

fn check(case: &Case) {
    let input = |index: usize| case.inputs.get(index).and_then(Option::as_ref);
    let (x, w, b) = (input(0).unwrap(), input(1).unwrap(), input(2));
    let expected = match &case.op {
        Op::Conv(op) => formula(op, x, w, b),
        Op::ConvTranspose(op) => transposed_formula(op, x, w, b),
        _ => unreachable!(),
    };
    let [one, three] = [1, 3].map(|threads| run(case, threads).remove(0));
    let found = one.as_f32().unwrap();
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let within = (f64::from(*found) - expected).abs() <= 1e-5 + 1e-5 * expected.abs();
        assert!(within, "{}: element {index} is {found}, expected {expected}", case.name);
    }
    let bits = |tensor: &Tensor| tensor.as_f32().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&one), bits(&three), "{}: threads change the result", case.name);
}

#[test]
fn conv_is_its_formula() {
    Conv::cases().iter().for_each(check);
    let case = |name: &str, op: Conv, x: &[usize], w: &[usize]| {
        Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.3..0.3).weight([w[0]], -1.0..1.0)
    };
    let same = |kernel| Conv::same(kernel, PadMode::Wrap);
    check(&case("many tiles", same(3), &[2, 40, 40, 30], &[11, 40, 3, 3]));
    check(&case("wide", same(3), &[1, 24, 3, 2100], &[1, 24, 3, 3]));
    check(&case("small, many channels", same(3), &[1, 70, 4, 4], &[90, 70, 3, 3]));
    check(&case("wide kernel, strided", Conv { strides: vec![4, 3], ..same(9) }, &[1, 3, 41, 52], &[7, 3, 9, 9]));
    check(&case("pointwise, large", Conv::default(), &[2, 37, 30, 61], &[17, 37, 1, 1]));
    check(&case("pointwise, one row", Conv::default(), &[2, 37, 30, 61], &[1, 37, 1, 1]));
    check(&case("depthwise", Conv { group: 40, ..same(3) }, &[1, 40, 17, 18], &[160, 1, 3, 3]));
}

#[test]
fn conv_transpose_is_its_formula() {
    ConvTranspose::cases().iter().for_each(check);
    let case = |name: &str, op: ConvTranspose, x: &[usize], w: &[usize]| {
        Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.3..0.3).weight([w[1]], -1.0..1.0)
    };
    let doubles = ConvTranspose { strides: vec![2, 2], pads: vec![1; 4], ..ConvTranspose::default() };
    check(&case("from one cell", ConvTranspose::default(), &[2, 50, 1, 1], &[50, 33, 4, 4]));
    check(&case("many tiles", doubles.clone(), &[1, 24, 30, 37], &[24, 10, 4, 4]));
    check(&case("few channels", doubles, &[1, 17, 31, 32], &[17, 3, 4, 4]));
    let sparse = ConvTranspose { strides: vec![5, 4], dilations: vec![1, 2], ..ConvTranspose::default() };
    check(&case("outputs that read nothing", sparse, &[1, 3, 6, 7], &[3, 2, 3, 2]));
}

/// A few numbers of the file that ask for a window of gigabytes.
#[test]
fn far_apart_elements_need_no_memory() {
    let far = vec![4096, 4096];
    let case = |name: &str, op: Op, w: [usize; 4]| {
        Case::new(name, op).float([1, 64, 3, 2], -1.0..1.0).weight(w, -0.3..0.3).weight([2], -1.0..1.0)
    };
    let conv = Conv { dilations: far.clone(), pads: vec![4095, 4095, 0, 0], ..Conv::default() };
    check(&case("conv", conv.into(), [2, 64, 2, 2]));
    let transposed = ConvTranspose { dilations: far, pads: vec![4000, 4000, 90, 90], ..ConvTranspose::default() };
    check(&case("transposed", transposed.into(), [64, 2, 2, 2]));
}
