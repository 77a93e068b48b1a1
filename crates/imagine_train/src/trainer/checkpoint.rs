//! What a training needs to continue after it was killed, in one safetensors file that is written whole or not at all.
//!
//! `training.safetensors` holds the learnt weights, the optimiser's moments and as much of the pool as fits; random
//! numbers need no state, for every update draws from its own number. Beside it lies the generator, ready to be played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::pool::Pool;
use crate::error::CheckpointError;

/// Name of the file that a training continues from.
pub(super) const FILE: &str = "training.safetensors";
/// Key of [`Record`] in the file's metadata.
const RECORD: &str = "imagine.training";
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
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (name, tensor) in &self.weights {
            tensors.push((format!("weight.{name}"), tensor.shape.clone(), bytes(tensor.as_f32().unwrap_or_default())));
        }
        for (index, pair) in self.moments.iter().enumerate() {
            for (name, moment) in ["first", "second"].into_iter().zip(pair) {
                tensors.push((format!("moment.{index}.{name}"), vec![moment.len()], bytes(moment)));
            }
        }
        let [channels, height, width] = self.pool.shape;
        let kept = (POOL_BYTES / (channels * height * width * 4)).min(self.pool.states.len());
        let pool = self.pool.states[..kept].iter().flat_map(|s| bytes(s)).collect();
        tensors.push(("pool".into(), vec![kept, channels, height, width], pool));
        let malformed = |reason: String| CheckpointError::Malformed { path: path.clone(), reason };
        let mut views = Vec::new();
        for (name, shape, data) in &tensors {
            let view = TensorView::new(Dtype::F32, shape.clone(), data).map_err(|e| malformed(e.to_string()))?;
            views.push((name.as_str(), view));
        }
        let record = serde_json::to_string(&self.record).map_err(|e| malformed(e.to_string()))?;
        let metadata = std::collections::HashMap::from([(RECORD.to_string(), record)]);
        let file = safetensors::serialize(views, Some(metadata)).map_err(|e| malformed(e.to_string()))?;
        write_whole(&path, &file)?;
        Ok(path)
    }

    /// Reads [`FILE`] from `folder`; `None` if there is none.
    pub fn load(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        let path = folder.join(FILE);
        let file = match std::fs::read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CheckpointError::Io { path, source }),
        };
        parse(&file).map(Some).map_err(|reason| CheckpointError::Malformed { path, reason })
    }
}

fn parse(file: &[u8]) -> Result<Checkpoint, String> {
    let (_, metadata) = SafeTensors::read_metadata(file).map_err(|e| e.to_string())?;
    let metadata = metadata.metadata().as_ref().and_then(|m| m.get(RECORD)).ok_or(format!("no {RECORD} in it"))?;
    let record: Record = serde_json::from_str(metadata).map_err(|e| e.to_string())?;
    let tensors = SafeTensors::deserialize(file).map_err(|e| e.to_string())?;
    let mut weights = BTreeMap::new();
    let mut moments: BTreeMap<usize, [Vec<f32>; 2]> = BTreeMap::new();
    let mut pool = None;
    for (name, view) in tensors.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name:?} is {:?}, expected f32", view.dtype()));
        }
        let values = floats(view.data());
        let shape = view.shape().to_vec();
        if let Some(name) = name.strip_prefix("weight.") {
            weights.insert(name.to_string(), Tensor::f32(shape, values));
        } else if let Some((index, part)) = name.strip_prefix("moment.").and_then(|n| n.split_once('.')) {
            let index = index.parse().map_err(|_| format!("tensor {name:?} has no number"))?;
            moments.entry(index).or_default()[usize::from(part == "second")] = values;
        } else if let ("pool", [_, channels, height, width]) = (name.as_str(), shape.as_slice()) {
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

/// Writes a file through a temporary one beside it, so that a kill leaves the old or the new file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.to_path_buf(), source };
    let temporary = path.with_extension("partial");
    let write = || {
        let mut file = std::fs::File::create(&temporary)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(io)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
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
