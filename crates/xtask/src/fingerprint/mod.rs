//! `fingerprint`: records what a checkout computes and prints, to compare two checkouts on one machine.
//!
//! `record FILE [CHECKOUT]` writes hashes of the output of every shipped generator on GPU and CPU and of every plan, the states that
//! requests pass through in the plugin, and the messages of the command line. `compare BEFORE AFTER` lists the differences. Hashes
//! of floats differ between processors and drivers, so none are committed. A checkout may be any version of this workspace: the
//! command builds and runs its `imagine`, and an example that it adds for the build and removes again.

mod imagine;
mod plugin;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::step::{self, Outcome, StepResult, root, workspace};

/// Recorded entries: name to hash or text. A name begins with its section.
pub type Entries = BTreeMap<String, String>;

/// Sections whose entries must not change; messages may.
const EXACT: [&str; 3] = ["pixels", "recording", "plugin"];

/// The command `cargo xtask fingerprint`.
pub fn run(arguments: &[String]) -> StepResult {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["record", file] => record(&root(), Path::new(file)),
        ["record", file, checkout] => record(Path::new(checkout), Path::new(file)),
        ["compare", before, after] => compare(Path::new(before), Path::new(after)),
        _ => bail!("usage: cargo xtask fingerprint record FILE [CHECKOUT] | compare BEFORE AFTER"),
    }
}

fn record(checkout: &Path, file: &Path) -> StepResult {
    let checkout = checkout.canonicalize().with_context(|| format!("no checkout at {}", checkout.display()))?;
    let mut entries = Entries::new();
    plugin::with_probe(&checkout, || {
        // The build of the tests has everything, and `cargo xtask test` has usually made it already.
        step::run(workspace("test", &["--no-run"]).current_dir(&checkout))
    })?;
    imagine::record(&checkout, &mut entries)?;
    plugin::record(&checkout, &mut entries)?;
    std::fs::write(file, serde_json::to_string_pretty(&entries)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("{} entries in {}", entries.len(), file.display());
    Ok(Outcome::Done)
}

fn compare(before: &Path, after: &Path) -> StepResult {
    let read = |path: &Path| -> anyhow::Result<Entries> {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} was not written by `fingerprint record`", path.display()))
    };
    let differences = differences(&read(before)?, &read(after)?);
    differences.iter().for_each(|difference| println!("{difference}\n"));
    let broken = differences.iter().filter(|d| EXACT.iter().any(|section| d.starts_with(section))).count();
    println!("{} differences, {broken} of them in results that must not change", differences.len());
    if broken > 0 {
        bail!("{broken} hashes differ");
    }
    Ok(Outcome::Done)
}

fn differences(before: &Entries, after: &Entries) -> Vec<String> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let nothing = "(nothing)".to_string();
    let both =
        names.into_iter().map(|name| (name, before.get(name).unwrap_or(&nothing), after.get(name).unwrap_or(&nothing)));
    both.filter(|(_, b, a)| a != b).map(|(name, b, a)| format!("{name}\n  before: {b}\n  after:  {a}")).collect()
}

/// First 16 hexadecimal digits of the SHA-256 of `bytes`.
fn hash(bytes: &[u8]) -> String {
    use sha2::Digest;
    format!("{:x}", sha2::Sha256::digest(bytes))[..16].into()
}

/// The pixels of a picture file without its metadata: PNG without text chunks, Radiance without its header.
fn pixels(file: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    if bytes.starts_with(b"#?") {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").map_or(0, |end| end + 2);
        return Ok(bytes[end..].to_vec());
    }
    let mut kept = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let (Some(length), Some(kind)) = (rest.get(..4), rest.get(4..8)) {
        let length = u32::from_be_bytes(length.try_into()?) as usize;
        let data = rest.get(8..8 + length).with_context(|| format!("{} is truncated", file.display()))?;
        if [b"IHDR", b"IDAT"].iter().any(|shown| kind == *shown) {
            kept.extend_from_slice(data);
        }
        rest = rest.get(12 + length..).unwrap_or_default();
    }
    Ok(kept)
}

/// Adds a hash for every picture below `folder`, by its name.
fn add_pictures(folder: &Path, name: &str, entries: &mut Entries) -> anyhow::Result<()> {
    let files = folder.read_dir().with_context(|| format!("nothing was written into {}", folder.display()))?;
    for file in files {
        let file: PathBuf = file?.path();
        let short = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        entries.insert(format!("{name} {short}"), hash(&pixels(&file)?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_added_and_removed_entries_are_found() {
        let entries = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let before: Entries = entries(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after: Entries = entries(&[("a", "1"), ("b", "2"), ("d", "1")]);
        let found = differences(&before, &after);
        assert_eq!(found[0], "b\n  before: 1\n  after:  2");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn metadata_of_a_picture_does_not_count() {
        let chunk = |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat();
        let picture =
            |text: &[u8]| [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"tEXt", text), chunk(b"IDAT", b"x")].concat();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        let read = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            pixels(&file).unwrap()
        };
        assert_eq!(read(&picture(b"one")), read(&picture(b"two")));
        assert_eq!(read(&picture(b"one")), b"x");
        assert_eq!(read(b"#?RADIANCE\nSOFTWARE=a\n\n-Y 1"), b"-Y 1");
    }
}
