//! Convolutions beside the formula, in double precision, on one thread and on several.

use std::sync::Arc;

use imagine_cpu::{Network, Options, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Case, Conv, Op, Operator, PadMode, Tensor};

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

fn check(case: &Case) {
    let Op::Conv(op) = &case.op else { unreachable!() };
    let input = |index: usize| case.inputs.get(index).and_then(Option::as_ref);
    let expected = formula(op, input(0).unwrap(), input(1).unwrap(), input(2));
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
    check(&case("many tiles", same(3), &[2, 40, 70, 90], &[19, 40, 3, 3]));
    check(&case("wide", same(3), &[1, 24, 3, 2100], &[5, 24, 3, 3]));
    check(&case("small, many channels", same(3), &[1, 70, 4, 4], &[90, 70, 3, 3]));
    check(&case("wide kernel, strided", Conv { strides: vec![4, 3], ..same(9) }, &[1, 3, 41, 52], &[7, 3, 9, 9]));
    check(&case("pointwise, large", Conv::default(), &[2, 37, 60, 61], &[17, 37, 1, 1]));
    check(&case("pointwise, one row", Conv::default(), &[2, 37, 60, 61], &[1, 37, 1, 1]));
    check(&case("depthwise", Conv { group: 40, ..same(3) }, &[1, 40, 33, 34], &[160, 1, 3, 3]));
}
