//! The history of a training: one line of JSON per checkpoint in `history.jsonl`.

use std::collections::BTreeMap;
use std::path::Path;

use imagine_graph::file::replace;
use serde::{Deserialize, Serialize};

use crate::error::CheckpointError;

/// Name of the file in a training's folder.
const FILE: &str = "history.jsonl";

/// The state of an adversarial training at a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Updates done.
    pub update: u32,
    /// Generated images shown to the critic.
    pub images: u64,
    /// Distance to the held-back images.
    pub distance: f64,
    /// Running mean of the critic's loss.
    pub loss: f32,
    /// Running mean of the critic's lead of generated over real images.
    pub lead: f32,
    /// Running mean of overfitting.
    pub overfit: f32,
    /// Numbers of the family, such as the `strength` of augmentation.
    #[serde(flatten)]
    pub family: BTreeMap<String, f64>,
}

impl HistoryEntry {
    /// Adds the entry to the history in `folder`; see [`add`].
    pub(crate) fn add(&self, folder: &Path) -> Result<(), CheckpointError> {
        add(folder, self.update, self)
    }
}

/// What every line has.
#[derive(Deserialize)]
struct Line {
    update: u32,
}

/// Adds `entry`, the state after `update`, to the history in `folder`, in place of entries of this update and later ones: those of a
/// training that was killed before its checkpoint and resumed.
pub(crate) fn add(folder: &Path, update: u32, entry: &impl Serialize) -> Result<(), CheckpointError> {
    let path = folder.join(FILE);
    let old = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(CheckpointError::Io { path, source: error });
        }
        old => old.unwrap_or_default(),
    };
    let is_earlier = |line: &&str| match serde_json::from_str::<Line>(line) {
        Ok(line) => line.update < update,
        // What another version wrote stays; a line that was cut off does not.
        Err(_) => serde_json::from_str::<serde_json::Value>(line).is_ok(),
    };
    let mut history: String = old.lines().filter(is_earlier).map(|line| format!("{line}\n")).collect();
    history += &serde_json::to_string(entry).expect("numbers have a JSON form");
    history.push('\n');
    Ok(replace(path, history.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_training_replaces_what_it_repeats() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |update, distance| {
            let (images, loss, lead, overfit, family) = (1, 0.0, 0.0, 0.0, BTreeMap::new());
            HistoryEntry { update, images, distance, loss, lead, overfit, family }
        };
        for (update, distance) in [(1, 0.5), (2, 0.25), (3, 0.75)] {
            entry(update, distance).add(folder.path()).unwrap();
        }
        let path = folder.path().join(FILE);
        let cut = std::fs::read_to_string(&path).unwrap() + "{\"upda";
        std::fs::write(&path, cut).unwrap();
        entry(2, 0.125).add(folder.path()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let found: Vec<HistoryEntry> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(found, [entry(1, 0.5), entry(2, 0.125)]);
    }
}
