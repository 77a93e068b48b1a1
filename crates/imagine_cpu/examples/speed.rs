//! Time of operators for each element, and of a matching pass for each cell, on one thread: `cargo run --release -p imagine_cpu --example speed`.

use std::sync::Arc;
use std::time::Duration;

use imagine_cpu::{Network, Options, Value, instruction_set};
use imagine_graph::rng::RandomState;
use imagine_graph::*;

fn cases() -> Vec<Case> {
    const IMAGE: [usize; 4] = [1, 4, 512, 512];
    let x = |name: &str, op: Op| Case::new(name, op).float(IMAGE, -2.0..2.0);
    let positive = |name: &str, op: Op| Case::new(name, op).float(IMAGE, 0.01..2.0);
    let two = |op: Op| x("", op).float(IMAGE, 0.3..2.0);
    let fixed = |shape: &[usize]| shape.iter().map(|&d| Dim::Fixed(d)).collect::<Vec<_>>();
    let wrap = Pad { pads: vec![0, 0, 2, 2, 0, 0, 2, 2], mode: PadMode::Wrap, ..Pad::default() };
    let grid = Case::new("", GridSample::default()).float([1, 4, 256, 256], -1.0..1.0);
    let indices = |op: Op, shape: &[usize]| x("", op).int(shape, 0..4);
    vec![
        Case::new("3x3, 64 to 64", Conv::same(3, PadMode::Constant))
            .float([1, 64, 128, 128], -1.0..1.0)
            .float([64, 64, 3, 3], -0.1..0.1),
        x("", Relu {}.into()),
        x("", Clip { min: Some(0.0), max: Some(1.0) }.into()),
        x("", Tanh {}.into()),
        x("", Sigmoid {}.into()),
        x("", Exp {}.into()),
        positive("", Log {}.into()),
        x("", Sin {}.into()),
        x("", Gelu::default().into()),
        x("", Softplus {}.into()),
        x("", Floor {}.into()),
        positive("", Sqrt {}.into()),
        x("", Cast::to(DType::I32).into()),
        two(Add {}.into()),
        two(Div {}.into()),
        two(Greater {}.into()),
        x("channel vector", Mul {}.into()).float([1, 4, 1, 1], -1.0..1.0),
        x("row", Mul {}.into()).float([512], -1.0..1.0),
        x("column", Mul {}.into()).float([512, 1], -1.0..1.0),
        positive("", Pow {}.into()).float([1], 2.2..2.3),
        x("channels last", Transpose { perm: vec![0, 2, 3, 1] }.into()),
        x("swap", Transpose { perm: vec![0, 1, 3, 2] }.into()),
        Case::new("channels first", Transpose { perm: vec![0, 3, 1, 2] }).float([1, 512, 512, 4], -1.0..1.0),
        x("channels", Slice { starts: vec![1], ends: vec![3], axes: vec![1], steps: vec![1] }.into()),
        x(
            "every second",
            Slice { starts: vec![0, 0], ends: vec![512, 512], axes: vec![2, 3], steps: vec![2, 2] }.into(),
        ),
        x("wrap", wrap.into()),
        Case::new("", Concat { axis: 1 }).float([1, 2, 512, 512], -1.0..1.0).float([1, 2, 512, 512], -1.0..1.0),
        Case::new("x2", DepthToSpace { blocksize: 2, mode: DepthToSpaceMode::Crd }).float([1, 16, 256, 256], -1.0..1.0),
        Case::new("x4", DepthToSpace { blocksize: 4, mode: DepthToSpaceMode::Dcr }).float([1, 64, 128, 128], -1.0..1.0),
        x("x2", SpaceToDepth { blocksize: 2 }.into()),
        Case::new("", Expand { shape: fixed(&IMAGE) }).float([1, 4, 1, 1], -1.0..1.0),
        indices(Gather { axis: 1 }.into(), &[4]),
        indices(GatherElements { axis: 1 }.into(), &IMAGE),
        x("height and width", ReduceMean { axes: vec![2, 3], ..ReduceMean::default() }.into()),
        x("channels", ReduceMax { axes: vec![1], ..ReduceMax::default() }.into()),
        x("channels", ReduceL2 { axes: vec![1], ..ReduceL2::default() }.into()),
        x("channels", ArgMax { axis: 1, ..ArgMax::default() }.into()),
        x("rows", CumSum { axis: 3, ..CumSum::default() }.into()),
        grid.float([1, 512, 512, 2], -1.0..1.0),
        Case::new("", RandomUniform { shape: fixed(&IMAGE), ..RandomUniform::default() }),
        Case::new("", RandomNormal { shape: fixed(&IMAGE), ..RandomNormal::default() }),
    ]
}

/// Time for which the threads of this process have run, on a machine that others use, too.
fn busy() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("the measurement is for Linux");
    let own = |thread: std::io::Result<std::fs::DirEntry>| {
        let times = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(own).sum())
}

fn main() {
    println!("{}", instruction_set());
    operators();
    matching();
}

fn one_thread() -> Options {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads start");
    Options::on(Arc::new(pool))
}

fn operators() {
    let pool = one_thread();
    for case in cases() {
        let (graph, inputs) = case.graph();
        let network = Network::new(&graph.validate().expect("cases are sound"), &pool);
        let mut best = Duration::MAX;
        let elements = inputs.iter().map(Tensor::len).max().unwrap_or(0);
        let mut results = 0;
        for _ in 0..25 {
            let inputs = inputs.iter().map(Value::from).collect();
            let start = busy();
            let outputs = network.run(inputs, case.size(), RandomState::default()).expect("cases are sound");
            best = best.min(busy() - start);
            results = outputs.iter().map(|value| value.shape().iter().product::<usize>()).max().unwrap_or(0);
        }
        let count = elements.max(results) as f64;
        println!("{:16} {:16} {:8.3} ns", case.op.name(), case.name, best.as_nanos() as f64 / count);
    }
}

/// A pass over a level of 256 x 256 places with a table, and without, in a field of pieces of 7 x 7 cells.
fn matching() {
    use imagine_cpu::{Draw, Edges, Field, Level, REACH, gather, match_pass, start};
    const SIDE: usize = 256;
    let words = |stream: u32, i: usize| rng::cell(i as u32, stream, 0, 7);
    let appearance: Vec<[i8; 8]> = (0..SIDE * SIDE).map(|i| bytes_of(words(0, i))).collect();
    let similar: Vec<u32> = (0..SIDE * SIDE).map(|i| words(1, i)[0] & 0x00ff_00ff).collect();
    let texels: Vec<i32> = (0..SIDE * SIDE * 2).map(|i| words(2, i)[0] as i32).collect();
    for (name, table) in [("with a table", similar), ("without", Vec::new())] {
        let level = Level::new(SIDE, SIDE, Edges::Wrap, &appearance, table).expect("it is sound");
        let field = start(level.shape(), (0, 0, 512, 512), 7, (1, 1), Draw::new(3));
        let field: Field = field.wrapped(REACH);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads start");
        let time = |work: &(dyn Fn() + Sync)| {
            let times = (0..7).map(|_| {
                let start = busy();
                pool.install(work);
                (busy() - start).as_nanos()
            });
            times.min().unwrap_or(0) as f64 / (512.0 * 512.0)
        };
        let pass = time(&|| drop(match_pass(&level, &field, None, None)));
        let gathered = time(&|| drop(gather(level.shape(), &texels, &field, 0..8, true)));
        println!("{} {name}: {pass:.1} ns a cell; gathering 8 channels {gathered:.1} ns", instruction_set());
    }
}

fn bytes_of(words: [u32; 4]) -> [i8; 8] {
    std::array::from_fn(|i| words[i / 4].to_le_bytes()[i % 4] as i8)
}
