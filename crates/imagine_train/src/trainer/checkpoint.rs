//! What a training needs to continue after it was killed, in one safetensors file that is written whole or not at all.
//!
//! `training.safetensors` holds the learnt weights, the optimiser's moments and as much of the pool as fits; random
//! numbers need no state, for every update draws from its own number. Beside it lies the generator, ready to be played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::Tensor;
use serde::{Deserialize, Serialize};

use super::pool::Pool;
use super::tensor_file;
use crate::error::CheckpointError;

/// Name of the file that a training continues from.
pub(super) const FILE: &str = "training.safetensors";
/// Bytes of the pool that are kept; states beyond them are seeded anew.
const POOL_BYTES: usize = 15 << 20;

/// Numbers of a training that are not tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// What has to be equal to continue: exemplar and shapes.
    pub identity: BTreeMap<String, String>,
    /// Updates done.
    pub update: u32,
    /// Updates of the optimiser.
    pub optimizer_updates: u32,
    /// Factor on the learning rate after returns to good weights.
    pub rate_scale: f32,
    /// Returns to good weights so far.
    pub retries: u32,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Running mean of the loss.
    #[serde(default)]
    pub mean_loss: Option<f32>,
}

/// A training at rest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoint {
    pub record: Record,
    /// The learnt weights by name.
    pub weights: BTreeMap<String, Tensor>,
    /// First and second moment of each.
    pub moments: Vec<[Vec<f32>; 2]>,
    /// The pool; may be cut short.
    pub pool: Pool,
}

impl Checkpoint {
    /// Writes [`FILE`] into `folder`.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, CheckpointError> {
        let path = folder.join(FILE);
        let weights = self.weights.iter().map(|(name, tensor)| (format!("weight.{name}"), tensor.clone()));
        let mut tensors: BTreeMap<String, Tensor> = weights.collect();
        for (index, pair) in self.moments.iter().enumerate() {
            for (name, moment) in ["first", "second"].into_iter().zip(pair) {
                tensors.insert(format!("moment.{index}.{name}"), Tensor::f32([moment.len()], moment.clone()));
            }
        }
        let [channels, height, width] = self.pool.shape;
        let kept = (POOL_BYTES / (channels * height * width * 4)).min(self.pool.states.len());
        let pool = Tensor::f32([kept, channels, height, width], self.pool.states[..kept].concat());
        tensors.insert("pool".into(), pool);
        tensor_file::write(&path, &tensors, &self.record)?;
        Ok(path)
    }

    /// Reads [`FILE`] from `folder`; `None` if there is none.
    pub fn load(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        let path = folder.join(FILE);
        let Some((tensors, record)) = tensor_file::read(&path)? else { return Ok(None) };
        sort(tensors, record).map(Some).map_err(|reason| CheckpointError::Malformed { path, reason })
    }
}

fn sort(tensors: BTreeMap<String, Tensor>, record: Record) -> Result<Checkpoint, String> {
    let mut weights = BTreeMap::new();
    let mut moments: BTreeMap<usize, [Vec<f32>; 2]> = BTreeMap::new();
    let mut pool = None;
    for (name, tensor) in tensors {
        let values = tensor.as_f32().unwrap_or_default();
        if let Some(name) = name.strip_prefix("weight.") {
            weights.insert(name.to_string(), tensor);
        } else if let Some((index, part)) = name.strip_prefix("moment.").and_then(|n| n.split_once('.')) {
            let index = index.parse().map_err(|_| format!("tensor {name:?} has no number"))?;
            moments.entry(index).or_default()[usize::from(part == "second")] = values.to_vec();
        } else if let ("pool", [_, channels, height, width]) = (name.as_str(), tensor.shape.as_slice()) {
            let state = (channels * height * width).max(1);
            let states = values.chunks_exact(state).map(<[f32]>::to_vec).collect();
            pool = Some(Pool { shape: [*channels, *height, *width], states });
        } else {
            return Err(format!("tensor {name:?} does not belong here"));
        }
    }
    let pool = pool.ok_or("no pool in it")?;
    Ok(Checkpoint { record, weights, moments: moments.into_values().collect(), pool })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_the_disk_and_a_cut_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::load(folder.path()).unwrap(), None);
        let checkpoint = Checkpoint {
            record: Record {
                identity: BTreeMap::from([("channels".into(), "4".into())]),
                update: 7,
                optimizer_updates: 8,
                rate_scale: 0.5,
                retries: 1,
                seconds: 2.5,
                mean_loss: Some(0.25),
            },
            weights: BTreeMap::from([("w1.bias".into(), Tensor::f32([2], [1.0, -2.0]))]),
            moments: vec![[vec![1.0], vec![2.0]], [vec![3.0, 4.0], vec![5.0, 6.0]]],
            pool: Pool { shape: [1, 1, 2], states: vec![vec![0.5, 1.5], vec![2.5, 3.5]] },
        };
        let path = checkpoint.save(folder.path()).unwrap();
        assert_eq!(Checkpoint::load(folder.path()).unwrap(), Some(checkpoint));
        let file = std::fs::read(&path).unwrap();
        std::fs::write(&path, &file[..file.len() - 3]).unwrap();
        let message = Checkpoint::load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("training.safetensors: not a training checkpoint"), "{message}");
    }
}
