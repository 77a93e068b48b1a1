//! The resume set: what a training needs to go on, in files small enough to be kept in a repository.
//!
//! The folder `resume` holds `generator`, `average`, `critic` and `moments`, each a safetensors file with the same record;
//! a training without its moments goes on, with learning rates that grow anew. A new set is written beside the old one and takes its name
//! when it is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imagine_graph::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::CheckpointError;
use crate::trainer::tensor_file;

/// Name of the folder.
pub(in crate::trainer) const FOLDER: &str = "resume";
/// Names of the files, without extension; the last may be missing.
const FILES: [&str; 4] = ["generator", "average", "critic", "moments"];

/// Numbers of a training that are not tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::trainer) struct Record {
    /// What has to be equal to continue: data and shapes.
    pub identity: BTreeMap<String, String>,
    /// Updates done.
    pub update: u32,
    /// Strength of augmentation.
    pub strength: f32,
    /// Running share of overfitting.
    pub overfit: f32,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Updates and distance of the best export.
    pub best: Option<(u32, f64)>,
}

/// A training at rest: the tensors of each file, in the order of [`FILES`].
#[derive(Clone, Debug, PartialEq)]
pub(in crate::trainer) struct ResumeSet {
    pub record: Record,
    pub parts: [BTreeMap<String, Tensor>; 4],
}

impl ResumeSet {
    /// Replaces the set in `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        let [whole, partial, old] = places(folder);
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| CheckpointError::Io { path, source }
        };
        std::fs::create_dir_all(&partial).map_err(io(&partial))?;
        for (name, tensors) in FILES.iter().zip(&self.parts) {
            tensor_file::write(&partial.join(format!("{name}.safetensors")), tensors, &self.record)?;
        }
        if whole.exists() {
            if old.exists() {
                std::fs::remove_dir_all(&old).map_err(io(&old))?;
            }
            std::fs::rename(&whole, &old).map_err(io(&whole))?;
        }
        std::fs::rename(&partial, &whole).map_err(io(&partial))?;
        if old.exists() {
            std::fs::remove_dir_all(&old).map_err(io(&old))?;
        }
        Ok(())
    }

    /// The set in `folder`; `None` if there is none.
    pub fn load(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        let Some(found) = find(folder) else { return Ok(None) };
        let mut record: Option<Record> = None;
        let mut parts: [BTreeMap<String, Tensor>; 4] = Default::default();
        for (index, name) in FILES.iter().enumerate() {
            let path = found.join(format!("{name}.safetensors"));
            let read = tensor_file::read::<Record>(&path)?;
            let malformed = |reason: &str| CheckpointError::Malformed { path: path.clone(), reason: reason.into() };
            let Some((tensors, its)) = read else {
                if index + 1 == FILES.len() {
                    continue;
                }
                return Err(malformed("it is missing from its set"));
            };
            if record.as_ref().is_some_and(|record| *record != its) {
                return Err(malformed("it is of another update than the other files of its set"));
            }
            record = Some(its);
            parts[index] = tensors;
        }
        Ok(record.map(|record| Self { record, parts }))
    }
}

/// The folder of the whole set, if there is one.
pub(in crate::trainer) fn find(folder: &Path) -> Option<PathBuf> {
    let [whole, _, old] = places(folder);
    [whole, old].into_iter().find(|path| path.is_dir())
}

fn places(folder: &Path) -> [PathBuf; 3] {
    ["", ".partial", ".old"].map(|suffix| folder.join(format!("{FOLDER}{suffix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_survives_the_disk_and_a_mixed_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(ResumeSet::load(folder.path()).unwrap(), None);
        let part = |value| BTreeMap::from([("w".to_string(), Tensor::f32([2], [value, 1.0]))]);
        let record = Record { update: 3, best: Some((2, 0.5)), ..Record::default() };
        let set = ResumeSet { record, parts: [0.0, 1.0, 2.0, 3.0].map(part) };
        set.save(folder.path()).unwrap();
        set.save(folder.path()).unwrap();
        assert_eq!(ResumeSet::load(folder.path()).unwrap().as_ref(), Some(&set));
        let [whole, _, old] = places(folder.path());
        std::fs::rename(&whole, &old).unwrap();
        assert_eq!(ResumeSet::load(folder.path()).unwrap().as_ref(), Some(&set));
        std::fs::rename(&old, &whole).unwrap();
        std::fs::remove_file(whole.join("moments.safetensors")).unwrap();
        assert!(ResumeSet::load(folder.path()).unwrap().unwrap().parts[3].is_empty());
        let later = Record { update: 4, ..set.record.clone() };
        tensor_file::write(&whole.join("critic.safetensors"), &set.parts[2], &later).unwrap();
        let message = ResumeSet::load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("critic.safetensors") && message.contains("another update"), "{message}");
    }
}
