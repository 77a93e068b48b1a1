//! The history of an adversarial training: one line of JSON per checkpoint in `history.jsonl`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::CheckpointError;

/// Name of the file in a training's folder.
const FILE: &str = "history.jsonl";

/// The state of a training at a checkpoint.
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
    /// Appends the entry to the history in `folder`.
    pub(crate) fn append(&self, folder: &Path) -> Result<(), CheckpointError> {
        let path = folder.join(FILE);
        let line = serde_json::to_string(self).expect("numbers have a JSON form") + "\n";
        let open = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        open.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|source| CheckpointError::Io { path, source })
    }
}
