//! `imagine onnx-test`: runs a tree of ONNX tests, folders with `model.onnx` and `test_data_set_K`, on every executor.
//!
//! Each test runs on burn-flex (feature `train`), on the CPU, on wgpu, and on the CPU after the network was written to a generator file and read back.
//! It passes if all agree with the expected outputs. A network that cannot be imported counts as refused. If a network
//! draws random numbers, only type, shape and mean of its outputs have to agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use imagine_cpu::{Network, Value as CpuValue};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, DType, Dim, Generator, Graph, Ratio, Size, SizeRule, Symbol, Tensor, TensorData};
use imagine_onnx::{Import, Options, TensorFile, ValueInfo};
use imagine_wgpu::headless::Gpu;
use serde_json::{Value, json};

use super::print;
use crate::gpu::open_gpu;

/// Tolerances of ONNX's own test runner.
const RELATIVE: f32 = 1e-3;
const ABSOLUTE: f32 = 1e-7;

/// Operators whose outputs differ between executors by definition.
const RANDOM: [&str; 5] = ["Bernoulli", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];
/// Largest difference between the means of two samples, in standard errors.
const STANDARD_ERRORS: f32 = 4.0;

/// Arguments of `imagine onnx-test`.
#[derive(Args, Clone, Debug)]
pub struct OnnxTest {
    /// Folder that contains tests at any depth.
    folder: PathBuf,
    /// Executor to test; may be repeated. All by default.
    #[arg(long, value_enum)]
    on: Vec<TestExecutor>,
    /// Absolute tolerance, added to the relative tolerance of 0.001.
    #[arg(long, default_value_t = ABSOLUTE)]
    absolute: f32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What runs a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TestExecutor {
    /// burn-flex.
    #[cfg(feature = "train")]
    Flex,
    /// The CPU.
    Cpu,
    /// wgpu compute passes.
    Wgpu,
    /// The CPU, after writing the network to a generator file and reading it back.
    File,
}

/// Result of a test.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Passed,
    Failed(String),
    Refused(String),
}

impl OnnxTest {
    /// Runs all tests; exit code 1 if one failed.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut models = Vec::new();
        find(&self.folder, &mut models)?;
        ensure!(!models.is_empty(), "{}: contains no model.onnx", self.folder.display());
        let on = if self.on.is_empty() { TestExecutor::value_variants().to_vec() } else { self.on.clone() };
        let gpu = on.contains(&TestExecutor::Wgpu).then(open_gpu).transpose()?;
        let mut tests = Vec::new();
        let mut counts = [0; 3];
        for model in &models {
            let folder = model.parent().context("a file is in a folder")?;
            let name = folder.strip_prefix(&self.folder).unwrap_or(folder).display().to_string();
            let about = imagine_onnx::describe(&std::fs::read(model)?).unwrap_or_default();
            let inputs = &about.inputs;
            let random = about.operators.iter().any(|name| RANDOM.contains(&name.as_str()));
            let outcome = Test { folder, on: &on, gpu: gpu.as_ref(), absolute: self.absolute, inputs, random }.run();
            let (index, status, reason) = match outcome {
                Outcome::Passed => (0, "passed", None),
                Outcome::Failed(reason) => (1, "failed", Some(reason)),
                Outcome::Refused(reason) => (2, "refused", Some(reason)),
            };
            counts[index] += 1;
            tests.push(json!({
                "name": name,
                "status": status,
                "reason": reason,
                "operators": about.operators,
                "declared": about.declared,
            }));
        }
        let [passed, failed, refused] = counts;
        let report = json!({ "passed": passed, "failed": failed, "refused": refused, "tests": tests });
        print(self.json, &report, &text(&report))?;
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Every `model.onnx` below `folder`, in order.
fn find(folder: &Path, models: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, models)?;
        } else if path.file_name().is_some_and(|name| name == "model.onnx") {
            models.push(path);
        }
    }
    Ok(())
}

struct Test<'a> {
    folder: &'a Path,
    on: &'a [TestExecutor],
    gpu: Option<&'a Gpu>,
    absolute: f32,
    /// Names of the network's inputs, for data without names.
    inputs: &'a [String],
    /// Whether the network draws random numbers.
    random: bool,
}

impl Test<'_> {
    fn run(&self) -> Outcome {
        let mut any = false;
        for index in 0.. {
            let folder = self.folder.join(format!("test_data_set_{index}"));
            if !folder.is_dir() {
                break;
            }
            any = true;
            match self.run_set(&folder) {
                Ok(Outcome::Passed) => {}
                Ok(other) => return other,
                Err(error) => return Outcome::Failed(format!("{error:#}")),
            }
        }
        if any { Outcome::Passed } else { Outcome::Refused("no test_data_set_0".into()) }
    }

    fn run_set(&self, folder: &Path) -> anyhow::Result<Outcome> {
        let (mut given, expected) = match (tensors(folder, "input"), tensors(folder, "output")) {
            (Ok(given), Ok(expected)) => (given, expected),
            (Err(error), _) | (_, Err(error)) => return Ok(Outcome::Refused(format!("{error:#}"))),
        };
        let nameless = given.iter_mut().zip(self.inputs).filter(|(tensor, _)| tensor.name.is_empty());
        nameless.for_each(|(tensor, name)| tensor.name.clone_from(name));
        let import = match import(&self.folder.join("model.onnx"), &given) {
            Ok(import) => import,
            Err(error) => return Ok(Outcome::Refused(error)),
        };
        ensure!(import.outputs.len() >= expected.len(), "{} outputs expected", expected.len());
        let inputs = import.graph.inputs.iter().map(|input| {
            let found = given.iter().find(|tensor| tensor.name == input.name);
            found.map(|tensor| tensor.tensor.clone()).with_context(|| format!("input {:?} has no data", input.name))
        });
        let inputs = inputs.collect::<anyhow::Result<Vec<_>>>()?;
        let size = size(&import, &inputs);
        for on in self.on {
            let mut found = self.execute(*on, &import.graph, &inputs, size)?.into_iter();
            for (expected, port) in expected.iter().zip(&import.outputs) {
                let empty = port.shape.contains(&Dim::Fixed(0));
                let found = if empty { without_elements(port, &expected.tensor) } else { found.next() };
                let found = found.with_context(|| format!("no output {:?}", port.name))?;
                let fault = match self.random {
                    true => distribution_difference(&found, &expected.tensor),
                    false => difference(&found, &expected.tensor, self.absolute),
                };
                if let Some(fault) = fault {
                    bail!("{on:?}, output {:?}: {fault}", port.name);
                }
            }
        }
        Ok(Outcome::Passed)
    }

    fn execute(&self, on: TestExecutor, graph: &Graph, inputs: &[Tensor], size: Size) -> anyhow::Result<Vec<Tensor>> {
        if graph.outputs.is_empty() {
            return Ok(Vec::new());
        }
        let valid = match on {
            TestExecutor::File => through_file(graph, size)?.validate()?,
            _ => graph.validate()?,
        };
        if on == TestExecutor::Wgpu {
            let gpu = self.gpu.context("no GPU")?;
            return Ok(gpu.run_graph(&valid, inputs, size, RandomState::default())?);
        }
        #[cfg(feature = "train")]
        if on == TestExecutor::Flex {
            return on_flex(&valid, inputs, size);
        }
        let inputs = inputs.iter().map(CpuValue::from).collect();
        let network = Network::new(&valid, &imagine_cpu::Options::default());
        let outputs = network.run(inputs, size, RandomState::default())?;
        Ok(outputs.into_iter().map(CpuValue::into_tensor).collect())
    }
}

#[cfg(feature = "train")]
fn on_flex(graph: &imagine_graph::ValidGraph, inputs: &[Tensor], size: Size) -> anyhow::Result<Vec<Tensor>> {
    use burn::backend::Flex;
    use imagine_burn::Value as BurnValue;
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| BurnValue::from_data(tensor, &device)).collect();
    let network = imagine_burn::Network::<Flex>::new(graph, &device);
    let outputs = network.run(inputs, size, RandomState::default())?;
    Ok(outputs.into_iter().map(BurnValue::into_data).collect())
}

/// The size at which the graph's inputs have the shapes of their data.
fn size(import: &Import, inputs: &[Tensor]) -> Size {
    let mut size = import.size;
    let whole = |length: usize, ratio: Ratio| (length * ratio.denominator).checked_div(ratio.numerator);
    let dims = import.graph.inputs.iter().zip(inputs).flat_map(|(input, data)| input.shape.iter().zip(&data.shape));
    for (dim, &length) in dims {
        match dim {
            Dim::Fixed(_) => {}
            Dim::Symbol(Symbol::Batch) => size.batch = length,
            Dim::Symbol(Symbol::Height(ratio)) => size.height = whole(length, *ratio).unwrap_or(size.height),
            Dim::Symbol(Symbol::Width(ratio)) => size.width = whole(length, *ratio).unwrap_or(size.width),
        }
    }
    size
}

/// The graph after a round trip through a generator file.
fn through_file(graph: &Graph, size: Size) -> anyhow::Result<Graph> {
    let rule = SizeRule { min: size.extent(), ..SizeRule::default() };
    let generator = Generator { output: graph.clone(), recurrence: None, size: rule, card: Card::default() };
    Ok(file::read(&file::write(&generator, WeightFormat::F32)?)?.output)
}

/// `input_0.pb`, `input_1.pb`, .. of a data set.
fn tensors(folder: &Path, kind: &str) -> anyhow::Result<Vec<TensorFile>> {
    let mut all = Vec::new();
    for index in 0.. {
        let path = folder.join(format!("{kind}_{index}.pb"));
        if !path.is_file() {
            break;
        }
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        all.push(imagine_onnx::tensor_from_onnx(&bytes).with_context(|| path.display().to_string())?);
    }
    Ok(all)
}

/// Imports the model with as few inputs turned into constants as possible. Tries, in this order: none, integers that may be
/// shapes, all but floats, all but the first, all.
fn import(path: &Path, given: &[TensorFile]) -> Result<Import, String> {
    let is_whole = |tensor: &TensorFile| !matches!(tensor.tensor.data, TensorData::F32(_));
    let choices: [&dyn Fn(usize, &TensorFile) -> bool; 5] = [
        &|_, _| false,
        &|_, tensor| is_whole(tensor) && tensor.tensor.shape.len() <= 1,
        &|_, tensor| is_whole(tensor),
        &|index, _| index > 0,
        &|_, _| true,
    ];
    let mut refusal = String::new();
    let mut tried = BTreeSet::new();
    for choice in choices {
        let chosen = given.iter().enumerate().filter(|(index, tensor)| choice(*index, tensor));
        let values: BTreeMap<_, _> = chosen.map(|(_, t)| (t.name.clone(), t.tensor.clone())).collect();
        if !tried.insert(values.keys().cloned().collect::<Vec<_>>()) {
            continue;
        }
        match imagine_onnx::import_file(path, &Options { values, ..Options::default() }) {
            Ok(import) => return Ok(import),
            Err(error) if refusal.is_empty() => refusal = error.to_string(),
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// An output without elements; import leaves it out of the graph.
fn without_elements(port: &ValueInfo, expected: &Tensor) -> Option<Tensor> {
    let shape: Option<Vec<usize>> = port.shape.iter().map(|dim| dim.bind(Size::new(1, 1))).collect();
    let data = match expected.dtype() {
        DType::F32 => TensorData::F32(Vec::new()),
        DType::I32 => TensorData::I32(Vec::new()),
        DType::Bool => TensorData::Bool(Vec::new()),
    };
    shape.map(|shape| Tensor::new(shape, data))
}

/// Compares types and means; `None` if they agree.
fn distribution_difference(found: &Tensor, expected: &Tensor) -> Option<String> {
    if found.tensor_type() != expected.tensor_type() {
        return Some(format!("is {}, expected {}", found.tensor_type(), expected.tensor_type()));
    }
    let numbers = |tensor: &Tensor| -> Vec<f32> {
        match &tensor.data {
            TensorData::F32(values) => values.clone(),
            TensorData::I32(values) => values.iter().map(|&v| v as f32).collect(),
            TensorData::Bool(values) => values.iter().map(|&v| f32::from(u8::from(v))).collect(),
        }
    };
    let count = found.len().max(1) as f32;
    let mean = |values: &[f32]| values.iter().sum::<f32>() / count;
    let variance = |values: &[f32]| mean(&values.iter().map(|v| (v - mean(values)).powi(2)).collect::<Vec<_>>());
    let (found, expected) = (numbers(found), numbers(expected));
    let error = ((variance(&found) + variance(&expected)) / count).sqrt();
    let off = (mean(&found) - mean(&expected)).abs();
    (off.is_nan() || off > STANDARD_ERRORS * error).then(|| {
        format!(
            "has mean {}, expected {} within {STANDARD_ERRORS} standard errors of {error}",
            mean(&found),
            mean(&expected)
        )
    })
}

/// Compares element by element; `None` if all agree within the tolerances.
fn difference(found: &Tensor, expected: &Tensor, absolute: f32) -> Option<String> {
    if found.tensor_type() != expected.tensor_type() {
        return Some(format!("is {}, expected {}", found.tensor_type(), expected.tensor_type()));
    }
    let (TensorData::F32(a), TensorData::F32(b)) = (&found.data, &expected.data) else {
        return (found != expected).then(|| format!("is {:?}, expected {:?}", found.data, expected.data));
    };
    let same =
        |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= absolute + RELATIVE * b.abs();
    let bad = a.iter().zip(b).position(|pair| !same(pair))?;
    Some(format!("element {bad} of {} is {}, expected {}", found.tensor_type(), a[bad], b[bad]))
}

fn text(report: &Value) -> String {
    let mut text = String::new();
    for test in report["tests"].as_array().into_iter().flatten() {
        let part = |key: &str| test[key].as_str().unwrap_or_default();
        if part("status") != "passed" {
            text += &format!("{} {}: {}\n", part("status"), part("name"), part("reason"));
        }
    }
    text + &format!("{} passed, {} failed, {} refused", report["passed"], report["failed"], report["refused"])
}
