//! Named tensors of floats with one record, in a safetensors file that is written whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use imagine_graph::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CheckpointError;

/// Key of the record in the file's metadata.
const RECORD: &str = "imagine.training";

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

/// Writes the tensors of floats among `tensors`, and `record` as JSON.
pub(super) fn write(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    record: &impl Serialize,
) -> Result<(), CheckpointError> {
    let malformed = |reason: String| CheckpointError::Malformed { path: path.to_path_buf(), reason };
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let floats = tensors.iter().filter_map(|(name, tensor)| Some((name, &tensor.shape, bytes(tensor.as_f32()?))));
    let data: Vec<_> = floats.collect();
    let mut views = Vec::new();
    for (name, shape, bytes) in &data {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(|e| malformed(e.to_string()))?;
        views.push((name.as_str(), view));
    }
    let record = serde_json::to_string(record).map_err(|e| malformed(e.to_string()))?;
    let metadata = std::collections::HashMap::from([(RECORD.to_string(), record)]);
    let file = safetensors::serialize(views, Some(metadata)).map_err(|e| malformed(e.to_string()))?;
    write_whole(path, &file)
}

/// Reads what [`write()`] wrote; `None` if there is no file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<(BTreeMap<String, Tensor>, T)>, CheckpointError> {
    let file = match std::fs::read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(CheckpointError::Io { path: path.to_path_buf(), source }),
    };
    parse(&file).map(Some).map_err(|reason| CheckpointError::Malformed { path: path.to_path_buf(), reason })
}

fn parse<T: DeserializeOwned>(file: &[u8]) -> Result<(BTreeMap<String, Tensor>, T), String> {
    let (_, metadata) = SafeTensors::read_metadata(file).map_err(|e| e.to_string())?;
    let record = metadata.metadata().as_ref().and_then(|m| m.get(RECORD)).ok_or(format!("no {RECORD} in it"))?;
    let record = serde_json::from_str(record).map_err(|e| e.to_string())?;
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(file).map_err(|e| e.to_string())?.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name:?} is {:?}, expected f32", view.dtype()));
        }
        let four = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let values: Vec<f32> = view.data().chunks_exact(4).map(four).collect();
        tensors.insert(name, Tensor::f32(view.shape(), values));
    }
    Ok((tensors, record))
}
