//! The resume set: what a stopped training continues from, in files small enough for a repository.
//!
//! The folder `resume` holds one safetensors file per part, such as the weights of one network. Each file carries the same
//! record, so a mixed set is noticed. The part `moments` may be deleted: the optimisers then warm up again. A new set is
//! written beside the old one and takes its name once it is complete.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use imagine_graph::file::{make_folder, replace};
use imagine_graph::{Graph, Tensor, Weights};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::best_file;
use crate::error::CheckpointError;

/// Name of the folder within a training's folder.
const FOLDER: &str = "resume";
/// The part with the optimisers' moments, which may be missing.
const MOMENTS: &str = "moments";
/// Key of the record in the files' metadata.
const RECORD: &str = "imagine.resume";
/// Key of the records of the formats before this one.
const EARLIER: &str = "imagine.training";
/// The file that trainings of living textures continued from before they had a resume set.
const EARLIER_FILE: &str = "training.safetensors";

/// What a resume set must have in common with the training that continues: data and shapes.
pub(crate) type Identity = BTreeMap<String, String>;
/// Tensors by name.
pub(crate) type Tensors = BTreeMap<String, Tensor>;
/// Numbers by name.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Everything about a training that is not a tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Must be equal to continue.
    pub identity: Identity,
    /// Updates done.
    pub update: u32,
    /// Running means, schedules and the like.
    pub numbers: Numbers,
}

/// A training at rest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResumeSet {
    pub record: Record,
    parts: BTreeMap<String, Tensors>,
    /// The folder of the files.
    path: PathBuf,
}

impl ResumeSet {
    /// A set for a training's `folder`. Parts without tensors are left out.
    pub fn new<const N: usize>(folder: &Path, record: Record, parts: [(&str, Tensors); N]) -> Self {
        let parts = parts.into_iter().filter(|(_, tensors)| !tensors.is_empty());
        let parts = parts.map(|(name, tensors)| (name.to_string(), tensors)).collect();
        Self { record, parts, path: folder.join(FOLDER) }
    }

    /// Bytes of its files once the optimisers of the parts `learned` have moments, two numbers for each weight.
    pub fn full_bytes(&self, learned: &[&str]) -> u64 {
        let numbers = |tensors: &Tensors| tensors.values().map(|tensor| tensor.len() as u64).sum::<u64>();
        let count = |(name, tensors): (&String, &Tensors)| match name.as_str() {
            MOMENTS => 0,
            name if learned.contains(&name) => 3 * numbers(tensors),
            _ => numbers(tensors),
        };
        4 * self.parts.iter().map(count).sum::<u64>()
    }

    /// Writes the set, in place of one that is there; returns its folder. An error, such as a full disk, leaves the one that is
    /// there.
    pub fn save(&self) -> Result<PathBuf, CheckpointError> {
        let [whole, partial, old] = places(&self.path);
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| CheckpointError::Io { path, source }
        };
        if partial.exists() {
            std::fs::remove_dir_all(&partial).map_err(io(&partial))?;
        }
        if let Err(error) = self.write_parts(&partial) {
            // The first error is what matters.
            let _ = std::fs::remove_dir_all(&partial);
            return Err(error);
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
        Ok(whole)
    }

    fn write_parts(&self, folder: &Path) -> Result<(), CheckpointError> {
        make_folder(folder)?;
        for (name, tensors) in &self.parts {
            let path = folder.join(format!("{name}.safetensors"));
            let file = encode(tensors, &self.record)
                .map_err(|reason| CheckpointError::Malformed { path: path.clone(), reason })?;
            replace(&path, &file)?;
        }
        Ok(())
    }

    /// The set in a training's `folder`; `None` if there is none. A set of another `identity` is an error.
    pub fn load(folder: &Path, identity: &Identity) -> Result<Option<Self>, CheckpointError> {
        let Some(path) = find(folder) else { return Ok(None) };
        let mut set = Self { record: Record::default(), parts: BTreeMap::new(), path };
        let files = if set.path.is_dir() { sorted_files(&set.path)? } else { vec![set.path.clone()] };
        for (index, file) in files.iter().enumerate() {
            let bytes = std::fs::read(file).map_err(|source| CheckpointError::Io { path: file.clone(), source })?;
            let malformed = |reason| CheckpointError::Malformed { path: file.clone(), reason };
            let (tensors, record) = decode(&bytes).map_err(malformed)?;
            if index > 0 && set.record != record {
                return Err(malformed("it belongs to another update than the other files of its set".into()));
            }
            set.record = record;
            set.parts.insert(file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), tensors);
        }
        for (what, expected) in identity {
            let found = set.record.identity.get(what).cloned().unwrap_or_default();
            if found != *expected {
                let (path, what, expected) = (set.path, what.clone(), expected.clone());
                return Err(CheckpointError::Mismatch { path, what, found, expected });
            }
        }
        Ok(Some(set))
    }

    /// The tensors of a part, which must be there.
    pub fn part(&self, name: &str) -> Result<&Tensors, CheckpointError> {
        self.parts.get(name).ok_or_else(|| self.malformed(format!("its file {name}.safetensors is missing")))
    }

    /// The optimisers' moments; none if their file was deleted.
    pub fn moments(&self) -> Tensors {
        self.parts.get(MOMENTS).cloned().unwrap_or_default()
    }

    /// A number of the record, 0 if it is missing.
    pub fn number(&self, name: &str) -> f64 {
        self.record.numbers.get(name).copied().unwrap_or_default()
    }

    /// The score of the best generator, for the next one to beat; `None` if no generator lies in the training's `folder`. A set
    /// that was moved alone has none beside it: the next one is the best.
    pub fn best(&self, folder: &Path) -> Option<f64> {
        self.record.numbers.get("best").copied().filter(|_| best_file(folder).exists())
    }

    /// The graph with all its weights from a part.
    pub fn graph(&self, part: &str, graph: &Graph) -> Result<Graph, CheckpointError> {
        let mut graph = graph.clone();
        self.replace(part, &mut graph.weights, |_| true)?;
        Ok(graph)
    }

    /// Replaces the `weights` whose names `learns` accepts by the tensors of a part, which must have all of them.
    pub fn replace(
        &self,
        part: &str,
        weights: &mut Weights,
        learns: impl Fn(&str) -> bool,
    ) -> Result<(), CheckpointError> {
        let found = self.part(part)?;
        for (name, weight) in weights.iter_mut().filter(|(name, _)| learns(name)) {
            match found.get(name) {
                Some(found) if found.tensor_type() == weight.tensor_type() => weight.clone_from(found),
                _ => return Err(self.malformed(format!("weight {name:?} of {part} is missing or has another shape"))),
            }
        }
        Ok(())
    }

    /// An error about this set.
    pub fn malformed(&self, reason: String) -> CheckpointError {
        CheckpointError::Malformed { path: self.path.clone(), reason }
    }
}

/// An identity of names and values.
pub(crate) fn identity<const N: usize>(pairs: [(&str, String); N]) -> Identity {
    pairs.map(|(name, value)| (name.to_string(), value)).into()
}

/// Whether a training can continue from `folder`.
pub fn is_resumable(folder: &Path) -> bool {
    find(folder).is_some()
}

/// Writes a picture as a PNG file.
pub fn write_png(path: &Path, picture: &image::RgbImage) -> Result<(), CheckpointError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let encode = picture.write_to(&mut bytes, image::ImageFormat::Png);
    encode.map_err(|source| CheckpointError::Preview { path: path.to_path_buf(), source })?;
    Ok(replace(path, bytes.get_ref())?)
}

/// The folder of the whole set or the file of an earlier version, if there is one.
fn find(folder: &Path) -> Option<PathBuf> {
    let [whole, _, old] = places(&folder.join(FOLDER));
    let earlier = folder.join(EARLIER_FILE);
    [whole, old].into_iter().find(|path| path.is_dir()).or_else(|| earlier.is_file().then_some(earlier))
}

fn places(whole: &Path) -> [PathBuf; 3] {
    ["", "partial", "old"].map(|extension| whole.with_extension(extension))
}

fn sorted_files(folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let list = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut files = list().map_err(|source| CheckpointError::Io { path: folder.to_path_buf(), source })?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "safetensors"));
    files.sort();
    Ok(files)
}

/// A safetensors file of the float tensors, with the record as JSON.
fn encode(tensors: &Tensors, record: &Record) -> Result<Vec<u8>, String> {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let floats = tensors.iter().filter_map(|(name, tensor)| Some((name, &tensor.shape, bytes(tensor.as_f32()?))));
    let data: Vec<_> = floats.collect();
    let mut views = Vec::new();
    for (name, shape, bytes) in &data {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(|error| error.to_string())?;
        views.push((name.as_str(), view));
    }
    let record = serde_json::to_string(record).map_err(|error| error.to_string())?;
    let metadata = HashMap::from([(RECORD.to_string(), record)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string())
}

fn decode(file: &[u8]) -> Result<(Tensors, Record), String> {
    let (_, metadata) = SafeTensors::read_metadata(file).map_err(|error| error.to_string())?;
    let metadata = metadata.metadata().clone().unwrap_or_default();
    let record = match metadata.get(RECORD) {
        Some(record) => serde_json::from_str(record).map_err(|error| error.to_string())?,
        None if metadata.contains_key(EARLIER) => {
            return Err(
                "an earlier version wrote it, and this one cannot continue it; train from the start in another folder"
                    .into(),
            );
        }
        None => return Err(format!("it has no {RECORD}")),
    };
    let mut tensors = Tensors::new();
    for (name, view) in SafeTensors::deserialize(file).map_err(|error| error.to_string())?.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name:?} is {:?}, expected f32", view.dtype()));
        }
        let values =
            view.data().chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        tensors.insert(name, Tensor::f32(view.shape(), values.collect::<Vec<f32>>()));
    }
    Ok((tensors, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(folder: &Path) -> ResumeSet {
        let part = |value| Tensors::from([("w".to_string(), Tensor::f32([2], [value, 1.0]))]);
        let identity = identity([("channels", "4".into())]);
        let record = Record { identity, update: 3, numbers: Numbers::from([("overfit".into(), 0.25)]) };
        ResumeSet::new(folder, record, [("network", part(0.5)), ("moments", part(2.0)), ("pool", Tensors::new())])
    }

    fn load(folder: &Path) -> Result<Option<ResumeSet>, String> {
        ResumeSet::load(folder, &BTreeMap::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_set_survives_the_disk_and_an_interrupted_save() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()), Ok(None));
        let set = set(folder.path());
        set.save().unwrap();
        let whole = set.save().unwrap();
        assert_eq!(load(folder.path()), Ok(Some(set.clone())));
        std::fs::rename(&whole, whole.with_extension("old")).unwrap();
        assert!(is_resumable(folder.path()));
        assert_eq!(load(folder.path()).unwrap().unwrap().record, set.record);
    }

    #[test]
    fn the_bytes_of_a_set_are_known_before_there_are_moments() {
        let folder = tempfile::tempdir().unwrap();
        let set = set(folder.path());
        assert_eq!(set.full_bytes(&["network"]), 4 * (2 + 2 * 2));
        assert_eq!(set.full_bytes(&[]), 4 * 2);
    }

    #[test]
    fn moments_may_be_missing_and_other_parts_may_not() {
        let folder = tempfile::tempdir().unwrap();
        let whole = set(folder.path()).save().unwrap();
        std::fs::remove_file(whole.join("moments.safetensors")).unwrap();
        let found = load(folder.path()).unwrap().unwrap();
        assert!(found.moments().is_empty() && found.number("overfit") == 0.25 && found.part("network").is_ok());
        assert!(found.part("critic").unwrap_err().to_string().contains("critic.safetensors is missing"));
    }

    #[test]
    fn the_best_score_counts_only_beside_its_generator() {
        let folder = tempfile::tempdir().unwrap();
        let mut set = set(folder.path());
        set.record.numbers.insert("best".into(), 0.5);
        assert_eq!(set.best(folder.path()), None);
        std::fs::write(best_file(folder.path()), []).unwrap();
        assert_eq!(set.best(folder.path()), Some(0.5));
    }

    #[test]
    fn mixed_cut_and_foreign_sets_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let mut set = set(folder.path());
        let whole = set.save().unwrap();
        let other = identity([("channels", "8".into())]);
        let message = ResumeSet::load(folder.path(), &other).unwrap_err().to_string();
        assert!(message.contains("made with channels 4, this training has 8"), "{message}");
        let file = whole.join("moments.safetensors");
        set.record.update = 4;
        replace(&file, &encode(&set.parts["moments"], &set.record).unwrap()).unwrap();
        assert!(load(folder.path()).unwrap_err().contains("network.safetensors: not a resume file"));
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        assert!(load(folder.path()).unwrap_err().contains("moments.safetensors: not a resume file"));
    }

    #[test]
    fn sets_of_earlier_versions_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let metadata = HashMap::from([(EARLIER.to_string(), "{}".to_string())]);
        let file = safetensors::serialize(Vec::<(&str, TensorView)>::new(), Some(metadata)).unwrap();
        std::fs::write(folder.path().join(EARLIER_FILE), file).unwrap();
        assert!(load(folder.path()).unwrap_err().contains("an earlier version wrote it"));
    }
}
