//! The course of an adversarial training: a line of JSON at every checkpoint, in `history.jsonl`.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::CheckpointError;

/// Name of the file in a training's folder.
const FILE: &str = "history.jsonl";

/// Where a training stood at a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Updates done.
    pub update: u32,
    /// Generated images that the critic was shown.
    pub images: u64,
    /// Distance to what was held back.
    pub distance: f64,
    /// Running mean of the critic's loss.
    pub loss: f32,
    /// Running mean of the critic's lead of generated over real images.
    pub lead: f32,
    /// Strength of augmentation.
    pub strength: f32,
    /// Running share of overfitting.
    pub overfit: f32,
}

impl HistoryEntry {
    /// Adds it to the history in `folder`.
    pub(super) fn append(&self, folder: &Path) -> Result<(), CheckpointError> {
        let path = folder.join(FILE);
        let line = serde_json::to_string(self).expect("numbers have a JSON form") + "\n";
        let open = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        open.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|source| CheckpointError::Io { path, source })
    }
}
