//! A temporary folder in which the command runs, and the networks that tests put there.

use std::path::PathBuf;
use std::process::{Command, Output};

use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{
    Add, Clip, Dim, Extent, Generator, Graph, InputKind, Mul, OutputKind, RandomUniform, Recurrence, SizeRule, Slice,
    Tanh, Tensor,
};

/// A temporary folder.
pub struct Sandbox(tempfile::TempDir);

/// File name of [`Sandbox::with_generator`].
pub const GENERATOR: &str = "noise.generator.safetensors";

impl Sandbox {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with [`small_generator`] in the file [`GENERATOR`].
    pub fn with_generator() -> Self {
        let sandbox = Self::new();
        file::save(sandbox.path(GENERATOR), &small_generator(), WeightFormat::F32).unwrap();
        sandbox
    }

    /// A folder with a network of `tests/families` in the file `model.onnx`.
    pub fn with_family(family: &str) -> Self {
        let sandbox = Self::new();
        let model = format!("{}/../../tests/families/{family}/model.onnx", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(model, sandbox.path("model.onnx")).unwrap();
        sandbox
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The bytes of a file in the folder.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of everything in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = self.0.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command with `arguments`, which are separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imagine"));
        command.args(arguments.split_whitespace()).current_dir(&self.0);
        command
    }

    /// Runs the command, which must succeed; returns stdout and stderr.
    pub fn succeed(&self, arguments: &str) -> [String; 2] {
        let output = self.command(arguments).output().unwrap();
        let [stdout, stderr] = texts(&output);
        assert!(output.status.success(), "{arguments}: {stderr}");
        [stdout, stderr]
    }

    /// Runs the command, which must fail with exit code 2, print nothing on stdout and exactly one error; returns that.
    pub fn fail(&self, arguments: &str) -> String {
        let output = self.command(arguments).output().unwrap();
        let [stdout, stderr] = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert_eq!(stderr.matches("error:").count(), 1, "{arguments}: {stderr}");
        assert_eq!(stdout, "", "{arguments}");
        stderr
    }
}

fn texts(output: &Output) -> [String; 2] {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap())
}

/// A recurrent generator with a control, a colour and a roughness.
pub fn small_generator() -> Generator {
    let mut init = Graph::default();
    init.push("state", RandomUniform { low: 0.0, high: 1.0, shape: Dim::nchw(4), stream: 1000, part: None }, []);
    init.output("state", OutputKind::State);

    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(4));
    step.weight("gain", Tensor::scalar(1.5));
    step.push("scaled", Mul {}, ["state", "gain"]);
    step.push("next", Tanh {}, ["scaled"]);
    step.output("next", OutputKind::State);

    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(4));
    output.input("wear", InputKind::Range { min: 0.0, max: 1.0, default: 0.0 }, Vec::new());
    let channels = |from, to| Slice { starts: vec![from], ends: vec![to], axes: vec![1], steps: vec![1] };
    output.push("worn", Add {}, ["state", "wear"]);
    output.push("clipped", Clip { min: Some(0.0), max: Some(1.0) }, ["worn"]);
    output.push("base_color", channels(0, 3), ["clipped"]);
    output.push("roughness", channels(3, 4), ["clipped"]);
    output.output("base_color", OutputKind::BaseColor);
    output.output("roughness", OutputKind::Roughness);

    let recurrence = Some(Recurrence { init, step, steps: 3, step_rate: 30.0 });
    let size = SizeRule { multiple: Extent::splat(1), min: Extent::splat(1), tiles: true };
    Generator { output, recurrence, size, card: Default::default() }
}
