//! `crash-test`: kills `imagine` at random moments and looks for half files.
//!
//! Four commands that write files (`generate`, `pack`, `import`, `train texture`) run in a folder where every file that they write
//! exists already, with other content. Each is killed (SIGKILL) fifty times: every other time at a random moment of its usual
//! duration, else while it writes: up to a few milliseconds after a random one of its temporary files appears. Then each file must be the old one or the new
//! one, to the byte; a training must continue to the same bytes as one that was never killed; and the next run must remove what
//! the kill left behind.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};

use crate::step::{self, Outcome, StepResult, cargo, root};

const KILLS: u32 = 50;
const OLD: &[u8] = b"the old file";
/// Longest delay after a temporary file appeared, in microseconds.
const DELAY: u64 = 4000;

/// A command and the files that it writes.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
    /// Arguments to continue with, where something can be continued.
    resume: Option<&'static str>,
    files: Vec<PathBuf>,
    /// Numbers of the temporary files at which it is killed; those before are made to see whether files can be written.
    moments: Range<u64>,
}

/// What fifty kills of a command left.
#[derive(Debug, Default)]
struct Tally {
    /// Runs that were over before the kill.
    over: u32,
    /// Kills that left every old file.
    old: u32,
    /// Kills that left every new file.
    new: u32,
    /// Kills that left old and new files side by side, each of them whole.
    mixed: u32,
    /// Kills with temporary files left behind.
    leftovers: u32,
    /// Trainings that continued, and ended with the same bytes.
    resumed: u32,
}

/// The command `cargo xtask crash-test [SEED [IMAGINE]]`; without a program to test, it is built.
pub fn run(arguments: &[String]) -> StepResult {
    let seed = match arguments.first() {
        None => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(),
        Some(seed) => seed.parse().with_context(|| format!("{seed:?} is no seed; expected a whole number"))?,
    };
    let imagine = match arguments {
        [_, imagine] => Path::new(imagine).canonicalize().with_context(|| format!("there is no {imagine}"))?,
        [] | [_] => {
            step::run(&mut cargo(&["build", "--quiet", "--package", "imagine_cli", "--features", "train"]))?;
            step::target_folder(&root())?.join("debug/imagine")
        }
        _ => bail!("expected a seed and a program"),
    };
    println!("seed {seed}");
    let place = tempfile::tempdir()?;
    let mut random = Random(seed);
    println!("command   kills  over before  all old  all new  old and new  leftovers  resumed");
    for case in cases(&imagine, place.path())? {
        let tally = case.torture(&imagine, place.path(), &mut random).with_context(|| case.name)?;
        let Tally { over, old, new, mixed, leftovers, resumed } = tally;
        println!(
            "{:<9} {KILLS:>5}  {over:>11}  {old:>7}  {new:>7}  {mixed:>11}  {leftovers:>9}  {resumed:>7}",
            case.name
        );
    }
    println!("no file was half written");
    Ok(Outcome::Done)
}

/// The commands, with their inputs in `place`.
fn cases(imagine: &Path, place: &Path) -> anyhow::Result<Vec<Case>> {
    let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
    let case = |name, text: &str, resume, files: &[&str], moments| Case {
        name,
        arguments: words(text),
        resume,
        files: files.iter().map(PathBuf::from).collect(),
        moments,
    };
    let make = "generate noise_material --backend cpu --size 128x128";
    // Pictures to pack and to train on.
    for class in 0..8 {
        let text = format!("{make} --seed {class} --out data/class_{class}");
        complete(&mut command(imagine, place, &words(&text)))?;
    }
    std::fs::copy(place.join("data/class_0/base_color.png"), place.join("exemplar.png"))?;
    std::fs::copy(root().join("tests/families/srvgg/model.onnx"), place.join("model.onnx"))?;
    let maps = ["base_color", "normal", "roughness", "height", "metallic", "occlusion"];
    let maps = maps.map(|map| format!("maps/{map}.png"));
    let train = "train texture exemplar.png --out mine.generator.safetensors --side 32 --channels 8 --hidden 16 --torus 16 \
                 --batch 1 --rollout 3 5 --pool 3 --levels 2 --patches 64 --steps 4 --preview-every 1000 \
                 --checkpoint-every 2 --updates 20";
    Ok(vec![
        case("generate", &format!("{make} --seed 9 --out maps"), None, &maps.each_ref().map(String::as_str), 1..7),
        case("pack", "pack data --out data.pack", None, &["data.pack"], 1..2),
        case("import", "import model.onnx --out m.generator.safetensors", None, &["m.generator.safetensors"], 1..2),
        case("train", train, Some("--resume"), &["mine.generator.safetensors"], 2..40),
    ])
}

impl Case {
    fn torture(&self, imagine: &Path, place: &Path, random: &mut Random) -> anyhow::Result<Tally> {
        self.reset(place)?;
        let start = Instant::now();
        complete(&mut command(imagine, place, &self.arguments))?;
        let duration = start.elapsed();
        let expected = self.contents(place)?;
        ensure!(expected.values().all(|bytes| bytes != OLD), "a complete run leaves an old file");
        let mut tally = Tally::default();
        for kill in 0..KILLS {
            self.reset(place)?;
            let mut child = command(imagine, place, &self.arguments).spawn()?;
            match kill % 2 {
                0 => std::thread::sleep(Duration::from_micros(random.below(duration.as_micros() as u64))),
                _ => {
                    let Range { start, end } = self.moments;
                    wait_for_temporary(place, start + random.below(end - start), &mut child)?;
                    std::thread::sleep(Duration::from_micros(random.below(DELAY)));
                }
            }
            tally.over += u32::from(child.try_wait()?.is_some());
            child.kill().and_then(|()| child.wait()).context("cannot kill")?;
            self.judge(&expected, place, kill, &mut tally)?;
            tally.leftovers += u32::from(!age_leftovers(place)?.is_empty());
            let mut again = self.arguments.clone();
            if place.join("mine.training/resume").exists() || place.join("mine.training/resume.old").exists() {
                again.extend(self.resume.map(String::from));
                tally.resumed += 1;
            }
            complete(&mut command(imagine, place, &again))?;
            ensure!(self.contents(place)? == expected, "kill {kill}: the next run makes other files");
            let left = age_leftovers(place)?;
            ensure!(left.is_empty(), "kill {kill}: the next run leaves {left:?}");
        }
        Ok(tally)
    }

    /// Counts what a kill left; an error if a file is neither old nor new.
    fn judge(
        &self,
        expected: &BTreeMap<PathBuf, Vec<u8>>,
        place: &Path,
        kill: u32,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let mut new = 0;
        for (file, found) in self.contents(place)? {
            if found == expected[&file] {
                new += 1;
            } else if found != OLD {
                bail!("kill {kill}: {} is half written: {} bytes", file.display(), found.len());
            }
        }
        match new {
            0 => tally.old += 1,
            all if all == self.files.len() => tally.new += 1,
            _ => tally.mixed += 1,
        }
        Ok(())
    }

    /// Puts old files in place and removes the traces of a training.
    fn reset(&self, place: &Path) -> anyhow::Result<()> {
        let training = place.join("mine.training");
        if training.exists() {
            std::fs::remove_dir_all(training)?;
        }
        for file in &self.files {
            let path = place.join(file);
            std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            std::fs::write(path, OLD)?;
        }
        Ok(())
    }

    fn contents(&self, place: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
        let read = |file: &PathBuf| {
            let bytes = std::fs::read(place.join(file)).with_context(|| format!("{} is gone", file.display()))?;
            Ok((file.clone(), bytes))
        };
        self.files.iter().map(read).collect()
    }
}

fn command(imagine: &Path, place: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(imagine);
    command.args(arguments).current_dir(place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn complete(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Returns when the temporary file of this number or a later one appears, or at the end of the process.
fn wait_for_temporary(place: &Path, number: u64, child: &mut Child) -> anyhow::Result<()> {
    let prefix = format!(".imagine-{}-", child.id());
    let number_of = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        name.strip_prefix(&prefix)?.strip_suffix(".part")?.parse::<u64>().ok()
    };
    while child.try_wait()?.is_none() && !temporary_files(place)?.iter().filter_map(number_of).any(|n| n >= number) {
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}

/// The temporary files in `place` and in the folders of results.
fn temporary_files(place: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folders = ["", "maps", "mine.training", "mine.training/resume.partial"].map(|folder| place.join(folder));
    let entries = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten();
    // A folder may vanish while it is read.
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".imagine-"));
    Ok(paths.filter(is_ours).collect())
}

/// Makes the temporary files two minutes old, so that they count as leftovers; returns them.
fn age_leftovers(place: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let found = temporary_files(place)?;
    for path in &found {
        let file = std::fs::File::options().write(true).open(path)?;
        file.set_modified(SystemTime::now() - Duration::from_secs(120))?;
    }
    Ok(found)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}
