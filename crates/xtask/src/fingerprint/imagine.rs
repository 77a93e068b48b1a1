//! The pictures, plans and messages of `imagine`.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{Entries, add_pictures, hash};
use crate::step;

const SEEDS: [&str; 2] = ["1", "2"];
const BACKENDS: [&str; 2] = ["gpu", "cpu"];
/// Candidate sizes: each generator runs at the first two that its size rule allows. Skies need one twice as wide as high.
const SIZES: [&str; 4] = ["64x32", "32x32", "64x64", "128x64"];

/// Commands whose output is recorded.
const MESSAGES: [&str; 30] = [
    "",
    "--help",
    "inspect --help",
    "generate --help",
    "compare --help",
    "bench --help",
    "import --help",
    "onnx-test --help",
    "evaluate --help",
    "pack --help",
    "train texture --help",
    "train sprites --help",
    "train upscale --help",
    "doctor --help",
    "completions --help",
    "man --help",
    "generators",
    "inspect nothing.generator.safetensors",
    "inspect Cargo.toml",
    "inspect cloudy_sky",
    "inspect assets/generators/sprites.generator.safetensors",
    "generate noise_material --size 0x4 --out OUT",
    "generate noise_material --set nothing=1 --out OUT",
    "generate noise_material --set scale=nothing --out OUT",
    "generate assets/generators/mossy_bricks.generator.safetensors --patch nothing --out OUT",
    "generate assets/generators/sprites.generator.safetensors --size 33x32 --out OUT",
    "generate assets/generators/sprites.generator.safetensors --set class=nothing --out OUT",
    "import Cargo.toml --out OUT/x.generator.safetensors",
    "pack Cargo.toml --out OUT/x.pack",
    "train texture nothing --out OUT/x.generator.safetensors",
];

/// Records the `imagine` that was built in `checkout`.
pub fn record(checkout: &Path, entries: &mut Entries) -> anyhow::Result<()> {
    let imagine = step::target_folder(checkout)?.join("debug/imagine");
    let out = tempfile::tempdir()?;
    for (name, generator) in generators(checkout)? {
        let sizes = sizes(checkout, &imagine, &generator, &name, entries)?;
        for (size, backend, seed) in combinations(&sizes) {
            let folder = out.path().join(format!("{name}-{size}-{backend}-{seed}"));
            let arguments = ["generate", &generator, "--size", &size, "--seed", seed, "--backend", backend, "--out"];
            let output = run(checkout, &imagine, &[&arguments[..], &[&folder.to_string_lossy()]].concat())?;
            let entry = format!("pixels {name} {size} {backend} seed {seed}");
            if output.status.success() {
                add_pictures(&folder, &entry, entries)?;
            } else {
                entries.insert(entry, "refused".into());
            }
            println!("{name} {size} {backend} seed {seed}");
        }
    }
    for words in MESSAGES {
        let folder = out.path().join("messages").to_string_lossy().into_owned();
        let words_given: Vec<String> = words.split_whitespace().map(|word| word.replace("OUT", &folder)).collect();
        let words_given: Vec<&str> = words_given.iter().map(String::as_str).collect();
        let output = run(checkout, &imagine, &words_given)?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).replace(&folder, "OUT").replace(&*checkout.to_string_lossy(), ".");
        entries.insert(format!("message imagine {words}"), format!("{} {said}", output.status.code().unwrap_or(-1)));
    }
    Ok(())
}

fn combinations(sizes: &[String]) -> Vec<(String, &'static str, &'static str)> {
    let pairs = BACKENDS.iter().flat_map(|backend| SEEDS.iter().map(move |seed| (*backend, *seed)));
    let pairs: Vec<_> = pairs.collect();
    sizes.iter().flat_map(|size| pairs.iter().map(move |(backend, seed)| (size.clone(), *backend, *seed))).collect()
}

/// Names and files of the shipped generators, and those built in code.
fn generators(checkout: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let folder = checkout.join("assets/generators");
    let files = folder.read_dir().with_context(|| format!("no {}", folder.display()))?;
    let mut found =
        vec![("noise_material".into(), "noise_material".into()), ("cloudy_sky".into(), "cloudy_sky".into())];
    for file in files {
        let name = file?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".generator.safetensors") {
            found.push((stem.to_string(), format!("assets/generators/{name}")));
        }
    }
    found.sort();
    Ok(found)
}

/// The first two sizes that the generator allows; records its plan at both.
fn sizes(
    checkout: &Path,
    imagine: &Path,
    generator: &str,
    name: &str,
    entries: &mut Entries,
) -> anyhow::Result<Vec<String>> {
    let mut sizes = Vec::new();
    for size in SIZES {
        let output = run(checkout, imagine, &["inspect", generator, "--size", size, "--json"])?;
        if !output.status.success() || sizes.len() == 2 {
            continue;
        }
        let report: Value = serde_json::from_slice(&output.stdout).context("`imagine inspect --json` wrote no JSON")?;
        for part in report["parts"].as_array().into_iter().flatten() {
            let passes = part["passes"].as_array().into_iter().flatten();
            let passes: Vec<String> =
                passes.map(|pass| format!("{} {} {}", pass["shader"], pass["flop"], pass["bytes"])).collect();
            let value = format!("{} passes {}", passes.len(), hash(passes.join("\n").as_bytes()));
            entries.insert(format!("recording {name} {size} {}", part["part"].as_str().unwrap_or("")), value);
        }
        let bytes = format!("{} {}", report["arena_bytes"], report["total_bytes"]);
        entries.insert(format!("recording {name} {size} bytes"), bytes);
        sizes.push(size.to_string());
    }
    if sizes.len() < 2 {
        bail!("{generator} allows fewer than two of {SIZES:?}");
    }
    Ok(sizes)
}

fn run(checkout: &Path, imagine: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new(imagine);
    command.args(arguments).current_dir(checkout).env("NO_COLOR", "1").env("COLUMNS", "120");
    command.output().with_context(|| format!("cannot run {}", imagine.display()))
}
