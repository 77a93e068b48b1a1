//! One test for each operator: its cases through plan, arena and recording agree with burn-flex, with bounds checks and
//! without; each kernel writes every element, and cutting its grid changes no bit.
//!
//! `cargo test -p imagine_tests operators::Conv` runs those whose name begins with `Conv`.

use std::sync::Arc;

use imagine_graph::{Case, Class, Conv, ConvTranspose, DType, Op, Operator, Tensor, TensorData, TensorType};
use imagine_wgpu::headless::{Gpu, GpuError};
use imagine_wgpu::{BoundsChecks, KernelTarget, KernelTuning, Plan, PlanOptions, Recording, RunSeed, Session};

use crate::compare::{RANDOM, fault, report, trace};

macro_rules! tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

imagine_graph::for_each_operator!(tests);

fn check(name: &str) {
    let Some(checked) = Gpu::for_test(BoundsChecks::On) else { return };
    let unchecked = Gpu::for_test(BoundsChecks::Off).expect("it is the same device");
    let info = Op::ALL.iter().find(|info| info.name == name).expect("the operator is in the table");
    let mut faults = Vec::new();
    for case in (info.cases)() {
        let expected = expected(&case);
        for (gpu, how) in [(&checked, "with bounds checks"), (&unchecked, "without bounds checks")] {
            let fault = match run(gpu, &case, false) {
                Ok(found) => fault(&found, &expected, case.op.tolerance()),
                Err(error) => Some(error.to_string()),
            };
            faults.extend(fault.map(|fault| format!("{:?} {how}: {fault}", case.name)));
        }
        if let [Ok(whole), Ok(cut)] = [false, true].map(|cut| run(&unchecked, &case, cut))
            && whole.iter().map(bits).ne(cut.iter().map(bits))
        {
            faults.push(format!("{:?}: cutting its grid changes the result", case.name));
        }
    }
    report(faults);
}

/// The outputs on burn-flex; truth values as 0 and 1, which kernels write.
fn expected(case: &Case) -> Vec<Tensor> {
    let (graph, inputs) = case.graph();
    let valid = graph.validate().unwrap();
    let values = trace(&valid, &inputs, case.size());
    let words = |tensor: Tensor| match tensor.data {
        TensorData::Bool(values) => {
            Tensor::new(tensor.shape, TensorData::I32(values.into_iter().map(i32::from).collect()))
        }
        _ => tensor,
    };
    valid.outputs().iter().map(|value| words(values[value.0].clone())).collect()
}

/// The outputs of the case, truth values as integers. Their bytes are 0xff before the kernels run. With `cut`, each grid runs in
/// parts, the last one first.
fn run(gpu: &Gpu, case: &Case, cut: bool) -> Result<Vec<Tensor>, GpuError> {
    let (graph, inputs) = case.graph();
    let plan = Arc::new(Plan::new(&graph.validate().unwrap(), case.size(), gpu.options())?);
    let mut session = Session::new(&gpu.device, plan.clone());
    let computes = case.op.info().class == Class::Pass;
    for region in plan.outputs.iter().filter(|_| computes).map(|output| output.regions[0]) {
        gpu.queue.write_buffer(session.buffer(region.buffer), region.offset, &vec![0xff; region.bytes as usize]);
    }
    for (input, tensor) in graph.inputs.iter().zip(&inputs) {
        session.set_input(&gpu.queue, &input.name, tensor)?;
    }
    let mut recording = plan.output(0);
    assert!(computes || recording.is_empty(), "{} needs no kernel", case.op.name());
    gpu.store.compile_all(&recording)?;
    recording.passes.iter_mut().for_each(|pass| pass.step = RANDOM.step);
    for pass in recording.passes {
        let budget = if cut { pass.cost().work() / 2 } else { u64::MAX };
        let whole = Recording { passes: vec![pass] };
        for part in whole.split(budget).iter().rev() {
            let mut encoder = gpu.device.create_command_encoder(&Default::default());
            session.encode(&mut encoder, &gpu.store, part, RunSeed { seed: RANDOM.seed, domain: RANDOM.domain })?;
            gpu.queue.submit([encoder.finish()]);
        }
    }
    let words = |value_type: &TensorType| match value_type.dtype {
        DType::Bool => TensorType { dtype: DType::I32, shape: value_type.shape.clone() },
        _ => value_type.clone(),
    };
    let outputs = plan.outputs.iter().map(|output| (output.regions[0], words(&output.value_type)));
    gpu.read(&session, &outputs.collect::<Vec<_>>())
}

/// The elements as words, so that NaN equals itself.
fn bits(tensor: &Tensor) -> Vec<u32> {
    match &tensor.data {
        TensorData::F32(values) => values.iter().map(|value| value.to_bits()).collect(),
        TensorData::I32(values) => values.iter().map(|value| *value as u32).collect(),
        TensorData::Bool(_) => unreachable!("truth values are read as integers"),
    }
}

/// Convolutions with weights from outside, and with the kernels of the other kind of adapter.
#[test]
fn other_kernels_of_convolutions() {
    let Some(gpu) = Gpu::for_test(BoundsChecks::Off) else { return };
    let tuning = gpu.options().tuning;
    let other = if tuning.target == KernelTarget::Gpu { KernelTarget::CpuSubgroups } else { KernelTarget::Gpu };
    // Those for lanes need lanes that can read each other's registers.
    let other = if gpu.device.features().contains(wgpu::Features::SUBGROUP) { other } else { KernelTarget::Gpu };
    let gpu = gpu.with_options(PlanOptions { tuning: KernelTuning { target: other, ..tuning }, ..gpu.options() });
    let mut faults = Vec::new();
    for case in Conv::cases().into_iter().chain(ConvTranspose::cases()) {
        let expected = expected(&case);
        let outside = Case { weights: Vec::new(), ..case.clone() };
        for (case, how) in [(&case, "other kernels"), (&outside, "weights from outside")] {
            let (graph, inputs) = case.graph();
            let fault = match gpu.run_graph(&graph.validate().unwrap(), &inputs, case.size(), RANDOM) {
                Ok(found) => fault(&found, &expected, case.op.tolerance()),
                Err(error) => Some(error.to_string()),
            };
            faults.extend(fault.map(|fault| format!("{} {:?}, {how}: {fault}", case.op.name(), case.name)));
        }
    }
    report(faults);
}
