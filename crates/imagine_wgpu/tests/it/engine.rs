//! A small automaton: its plan and recording, and that fusing, cutting, continuing and rolling do not change results.

use std::sync::Arc;

use expect_test::expect;
use imagine_graph::rng::Domain;
use imagine_graph::{Request, Size, Tensor, Texel, ValidGenerator};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{DeviceLimits, Fusion, KernelTuning, Plan, PlanOptions, RunSeed, Session};

use crate::automaton::{CHANNELS, generator, generator_with, noise};
use crate::common::gpu;

const SIZE: Size = Size { batch: 1, height: 19, width: 30 };

/// State and outputs after `parts` of steps in one session, each recording cut to `budget`.
fn run(gpu: &Gpu, fusion: Fusion, parts: &[u32], budget: u64, cells: usize) -> Vec<Tensor> {
    run_generator(gpu, &generator(), fusion, parts, budget, cells)
}

fn run_generator(
    gpu: &Gpu,
    generator: &ValidGenerator,
    fusion: Fusion,
    parts: &[u32],
    budget: u64,
    cells: usize,
) -> Vec<Tensor> {
    let tuning = KernelTuning { automaton_cells: cells, ..gpu.options().tuning };
    let options = PlanOptions { tuning, fusion, ..gpu.options() };
    let plan = Arc::new(Plan::new(generator, SIZE, options).unwrap());
    let mut session = Session::new(&gpu.device, plan.clone());
    let mut recordings = vec![plan.init()];
    let mut done = 0;
    for &count in parts {
        recordings.push(plan.steps(done, count));
        done += count;
    }
    recordings.push(plan.output(done));
    for recording in recordings {
        for part in recording.split(budget) {
            gpu.play(&mut session, part, RunSeed { seed: 5, ..RunSeed::default() }).unwrap();
        }
    }
    let generated = gpu.collect(&session, done).unwrap();
    let mut tensors: Vec<Tensor> = generated.outputs.into_iter().map(|(_, tensor)| tensor).collect();
    tensors.extend(generated.state);
    tensors
}

fn largest_difference(a: &[Tensor], b: &[Tensor]) -> f32 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.as_f32().unwrap().iter().zip(b.as_f32().unwrap()));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_step_is_one_pass_and_the_recording_says_what_it_does() {
    let plan = Plan::new(&generator(), SIZE, PlanOptions::default()).unwrap();
    let unfused = PlanOptions { fusion: Fusion::Off, ..PlanOptions::default() };
    let unfused = Plan::new(&generator(), SIZE, unfused).unwrap();
    assert_eq!((plan.steps(0, 2).passes.len(), unfused.steps(0, 1).passes.len()), (2, 12));
    assert!(unfused.bytes() > plan.bytes());
    expect![[r#"
        state: ops/random, step 0, workgroups [72, 1, 1] from [0, 0, 0], 182400 FLOP, 18240 bytes, arena0[0+18240]
        next: ops/automaton BLOCKS=2, step 0, workgroups [9, 1, 1] from [0, 0, 0], 820800 FLOP, 36480 bytes, arena0[0+18240] packed0[0+1968] arena0[18432+18240]
        next: ops/automaton BLOCKS=2, step 1, workgroups [9, 1, 1] from [0, 0, 0], 820800 FLOP, 36480 bytes, arena0[18432+18240] packed0[0+1968] arena0[0+18240]
        visible: ops/slice AXES_1, step 2, workgroups [27, 1, 1] from [0, 0, 0], 0 FLOP, 25080 bytes, arena0[0+18240] arena0[36864+6840]
        base_color: ops/binary AXES_2 OP_ADD, step 2, workgroups [27, 1, 1] from [0, 0, 0], 1710 FLOP, 13692 bytes, arena0[36864+6840] constants0[0+12] arena0[43776+6840]
        5 passes, 1825710 FLOP, 129972 bytes"#]].assert_eq(&plan.whole(2).to_string());
}

#[test]
fn a_plan_too_large_for_the_device_is_refused() {
    let limits = DeviceLimits { binding_bytes: 4096, ..DeviceLimits::default() };
    let options = PlanOptions { limits, ..PlanOptions::default() };
    let error = Plan::new(&generator(), SIZE, options).unwrap_err();
    expect![[r#"value "state" needs 18240 bytes; one binding of this device holds at most 4096"#]]
        .assert_eq(&error.to_string());
}

#[test]
fn a_fused_step_is_the_unfused_one() {
    let Some(gpu) = gpu() else { return };
    // The last channel stays as it is.
    let rates: Vec<f32> = (0..CHANNELS).map(|channel| 0.05 * (CHANNELS - 1 - channel) as f32).collect();
    for rates in [Tensor::scalar(0.3), Tensor::f32([1, CHANNELS, 1, 1], rates)] {
        let generator = generator_with(rates);
        let unfused = run_generator(&gpu, &generator, Fusion::Off, &[1], u64::MAX, 1);
        for cells in [1, 4] {
            let fused = run_generator(&gpu, &generator, Fusion::On, &[1], u64::MAX, cells);
            let difference = largest_difference(&fused, &unfused);
            assert!(difference <= 1e-6, "{cells} cells per invocation: {difference}");
        }
        let plan = Plan::new(&generator, SIZE, PlanOptions::default()).unwrap();
        assert_eq!(plan.steps(0, 1).passes.len(), 1);
    }
}

#[test]
fn cutting_and_continuing_change_no_byte() {
    let Some(gpu) = gpu() else { return };
    for fusion in [Fusion::On, Fusion::Off] {
        let whole = run(&gpu, fusion, &[5], u64::MAX, 4);
        assert_eq!(run(&gpu, fusion, &[2, 3], u64::MAX, 4), whole);
        assert_eq!(run(&gpu, fusion, &[5], 40_000, 4), whole);
    }
}

#[test]
fn rolling_state_and_domain_rolls_the_result() {
    let Some(gpu) = gpu() else { return };
    let generator = generator();
    for size in [SIZE, Size::new(32, 32)] {
        let [rows, columns] = [17, 31];
        let state = noise(vec![1, CHANNELS, size.height, size.width], 2.0, 9);
        let mut request = Request { steps: Some(4), state: Some(state.clone()), ..Request::new(size, 3) };
        let still = gpu.generate(&generator, &request).unwrap();
        request.state = Some(roll(&state, rows, columns));
        request.domain = Domain { origin: Texel { y: rows as i32, x: columns as i32 }, wrap: true };
        let rolled = gpu.generate(&generator, &request).unwrap();
        assert_eq!(rolled.state.unwrap(), roll(&still.state.unwrap(), rows, columns), "{size:?}");
        for ((_, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
            assert_eq!(*rolled, roll(still, rows, columns), "{size:?}");
        }
    }
}

/// Element `[y, x]` of the result is element `[y + rows, x + columns]` of `tensor`, on the torus.
fn roll(tensor: &Tensor, rows: usize, columns: usize) -> Tensor {
    let [height, width] = [tensor.shape[2], tensor.shape[3]];
    let values = tensor.as_f32().unwrap();
    let rolled = (0..values.len()).map(|i| {
        let (plane, y, x) = (i / (height * width), i / width % height, i % width);
        values[(plane * height + (y + rows) % height) * width + (x + columns) % width]
    });
    Tensor::f32(tensor.shape.clone(), rolled.collect::<Vec<_>>())
}
