//! `bench`: times the executors on published networks and shipped files, in one table of ratios beside the committed one. Nothing fails by being slow.
//!
//! Two ratios are kept for each file: the CPU executor over onnxruntime with as many threads, and the GPU's passes over the CPU executor. onnxruntime is
//! timed by `tests/families/speed.py`, if Python has it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::step::{self, Outcome, StepResult, cargo, root, text};

/// The committed table.
const COMMITTED: &str = "docs/lab/bench.tsv";
/// A ratio that grew by more than this factor is printed.
const TOLERANCE: f64 = 1.15;
const RUNS: [&str; 4] = ["--warm", "2", "--runs", "10"];

/// Shipped files and their sizes.
const SHIPPED: [(&str, &str); 5] = [
    ("assets/generators/sprites.generator.safetensors", "32x32"),
    ("assets/generators/stone_wall.generator.safetensors", "128x128"),
    ("assets/materials/castle_stones.generator.safetensors", "512x512"),
    ("assets/layers/rusted_plate.layers.ron", "256x256"),
    ("cloudy_sky", "256x128"),
];

/// Networks of `speed.py` and the sizes of their outputs.
const NETWORKS: [(&str, &str); 7] = [
    ("dcgan", "64x64"),
    ("srvgg24", "512x512"),
    ("srvgg64", "512x512"),
    ("fast_style", "256x256"),
    ("psgan", "128x128"),
    ("separable", "128x128"),
    ("automaton", "256x256"),
];

/// Fastest times of one file in milliseconds.
struct Row {
    name: String,
    size: &'static str,
    gpu: f64,
    cpu: f64,
    onnxruntime: Option<f64>,
}

impl Row {
    fn gpu_over_cpu(&self) -> f64 {
        self.gpu / self.cpu
    }

    fn cpu_over_onnxruntime(&self) -> Option<f64> {
        self.onnxruntime.map(|peer| self.cpu / peer)
    }
}

/// Measures, prints the table and what became slower; with `--bless`, replaces the committed table.
pub fn run(arguments: &[String]) -> StepResult {
    let bless = match arguments {
        [] => false,
        [option] if option == "--bless" => true,
        _ => bail!("expected nothing or --bless"),
    };
    step::run(&mut cargo(&["build", "--release", "--package", "imagine_cli"]))?;
    let imagine =
        step::target_folder(&root())?.join("release").join(format!("imagine{}", std::env::consts::EXE_SUFFIX));
    let folder = tempfile::tempdir()?;
    let peers = onnxruntime(folder.path())?;
    let mut rows = Vec::new();
    let mut machine = String::new();
    for (name, size) in NETWORKS.into_iter().filter(|(name, _)| peers.contains_key(*name)) {
        let file = folder.path().join(format!("{name}.onnx"));
        rows.push(Row { onnxruntime: peers.get(name).copied(), ..measure(&imagine, &file, size, &mut machine)? });
    }
    for (file, size) in SHIPPED {
        rows.push(measure(&imagine, Path::new(file), size, &mut machine)?);
    }
    println!("{machine}\n\n{}", table(&rows));
    let path = root().join(COMMITTED);
    println!("\n{}", compared(&std::fs::read_to_string(&path).unwrap_or_default(), &rows, &machine));
    if bless {
        std::fs::write(&path, committed(&rows, &machine)).with_context(|| path.display().to_string())?;
    }
    Ok(Outcome::Done)
}

/// Writes the networks to `folder` and times onnxruntime on them, by name; nothing if Python has no onnxruntime.
fn onnxruntime(folder: &Path) -> anyhow::Result<BTreeMap<String, f64>> {
    if !step::works("python3", &["-c", "import numpy, onnx, onnxruntime"]) {
        println!("without onnxruntime: `pip install numpy onnx onnxruntime` for the networks and times of it");
        return Ok(BTreeMap::new());
    }
    let threads = std::thread::available_parallelism()?.to_string();
    let script = root().join("tests/families/speed.py");
    let output = std::process::Command::new("python3").arg(script).arg(folder).args([&threads, "10"]).output()?;
    if !output.status.success() {
        bail!("speed.py failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        let (name, rest) = line.split_once(": fastest ")?;
        Some((name.to_string(), rest.split(' ').next()?.parse().ok()?))
    };
    Ok(printed.lines().filter_map(line).collect())
}

/// Times `file` with `imagine bench`.
fn measure(imagine: &PathBuf, file: &Path, size: &'static str, machine: &mut String) -> anyhow::Result<Row> {
    let mut command = std::process::Command::new(imagine);
    command.current_dir(root()).arg("bench").arg(file).args([
        "--size",
        size,
        "--executors",
        "gpu,cpu",
        "--no-cold",
        "--json",
    ]);
    let output = command.args(RUNS).output()?;
    if !output.status.success() {
        bail!("imagine bench {} failed:\n{}", file.display(), String::from_utf8_lossy(&output.stderr));
    }
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let time = |by: &str| report["executors"][by]["fastest_ms"].as_f64().with_context(|| format!("no time of {by}"));
    let cores = std::thread::available_parallelism()?;
    *machine = format!("{}; {}, {cores} threads", text(&report["adapter"]), text(&report["instruction_set"]));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default().to_string();
    Ok(Row { name, size, gpu: time("gpu")?, cpu: time("cpu")?, onnxruntime: None })
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| file | size | GPU passes, ms | CPU, ms | onnxruntime, ms | CPU over onnxruntime | GPU over CPU |\n|---|---|---|---|---|---|---|",
    );
    for row in rows {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
        let Row { name, size, gpu, cpu, onnxruntime } = row;
        let [peer, over_peer] = [*onnxruntime, row.cpu_over_onnxruntime()].map(number);
        let _ = write!(
            table,
            "\n| {name} | {size} | {gpu:.2} | {cpu:.2} | {peer} | {over_peer} | {:.2} |",
            row.gpu_over_cpu()
        );
    }
    table
}

/// The table as it is committed: the machine, then a line of name, CPU over onnxruntime or `-`, GPU over CPU for each file.
fn committed(rows: &[Row], machine: &str) -> String {
    let line = |row: &Row| {
        let over_peer = row.cpu_over_onnxruntime().map_or("-".into(), |ratio| format!("{ratio:.2}"));
        format!("{}\t{over_peer}\t{:.2}\n", row.name, row.gpu_over_cpu())
    };
    format!("# {machine}\n# file\tCPU over onnxruntime\tGPU over CPU\n{}", rows.iter().map(line).collect::<String>())
}

/// What became slower than in the committed table.
fn compared(committed: &str, rows: &[Row], machine: &str) -> String {
    let mut lines = committed.lines();
    let of = lines.next().and_then(|line| line.strip_prefix("# ")).unwrap_or("no machine");
    if of != machine {
        return format!("not compared: the committed table is of another machine ({of})");
    }
    let mut slower = Vec::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let Some(row) = rows.iter().find(|row| row.name == name) else { continue };
        let now = [("CPU over onnxruntime", row.cpu_over_onnxruntime()), ("GPU over CPU", Some(row.gpu_over_cpu()))];
        for ((what, now), then) in now.into_iter().zip(fields) {
            if let (Some(now), Ok(then)) = (now, then.parse::<f64>())
                && now > then * TOLERANCE
            {
                slower.push(format!("slower: {name}, {what} {now:.2}, was {then:.2}"));
            }
        }
    }
    if slower.is_empty() { "nothing is slower than in the committed table".into() } else { slower.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(gpu: f64, onnxruntime: Option<f64>) -> Row {
        Row { name: "dcgan".into(), size: "64x64", gpu, cpu: 3.0, onnxruntime }
    }

    #[test]
    fn what_became_slower_is_named() {
        let before = committed(&[row(9.0, Some(3.0))], "a");
        assert_eq!(before, "# a\n# file\tCPU over onnxruntime\tGPU over CPU\ndcgan\t1.00\t3.00\n");
        assert_eq!(compared(&before, &[row(9.1, Some(2.9))], "a"), "nothing is slower than in the committed table");
        let slower = "slower: dcgan, CPU over onnxruntime 1.50, was 1.00\nslower: dcgan, GPU over CPU 4.00, was 3.00";
        assert_eq!(compared(&before, &[row(12.0, Some(2.0))], "a"), slower);
        assert!(compared(&before, &[row(12.0, None)], "b").starts_with("not compared"));
        assert_eq!(compared(&before, &[row(12.0, None)], "a"), "slower: dcgan, GPU over CPU 4.00, was 3.00");
    }
}
