//! External data: tensor elements in files beside the model, and which of these files may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use crate::error::{Fault, ImportError, TensorError};
use crate::proto::{NodeProto, TensorProto};
use crate::read::decode;

/// Where to find external data.
#[derive(Clone, Copy, Debug, Default)]
pub enum ExternalData<'a> {
    /// Nowhere: the model must be one file.
    #[default]
    None,
    /// In a folder or below it.
    Folder(&'a Path),
    /// In memory, by the names that [`external_data_files`] returns.
    Files(&'a BTreeMap<String, Vec<u8>>),
}

/// Names of a model's external data files, relative to its folder, with `/` between folders. None leads out of that folder.
pub fn external_data_files(bytes: &[u8]) -> Result<BTreeSet<String>, ImportError> {
    let model = decode(bytes)?;
    let mut tensors = Vec::new();
    if let Some(graph) = &model.graph {
        tensors.extend(&graph.initializer);
        collect(&graph.node, &mut tensors);
    }
    model.functions.iter().for_each(|function| collect(&function.node, &mut tensors));
    tensors.retain(|tensor| is_external(tensor));
    let mut files = BTreeSet::new();
    let mut faults = Vec::new();
    for tensor in tensors {
        match Part::of(tensor, None) {
            Ok(part) => drop(files.insert(part.location.to_string())),
            Err(error) => faults.push(Fault::Tensor { name: tensor.name.clone(), error }),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(ImportError(faults)) }
}

/// Adds the tensors of attributes, branches and bodies.
fn collect<'a>(nodes: &'a [NodeProto], tensors: &mut Vec<&'a TensorProto>) {
    for attribute in nodes.iter().flat_map(|node| &node.attribute) {
        tensors.extend(attribute.t.as_deref());
        if let Some(branch) = &attribute.g {
            tensors.extend(&branch.initializer);
            collect(&branch.node, tensors);
        }
    }
}

/// Whether `tensor` has external data.
pub(crate) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == 1
}

/// The external data of a tensor of `bytes` bytes.
pub(crate) fn read(tensor: &TensorProto, external: ExternalData, bytes: usize) -> Result<Vec<u8>, TensorError> {
    let part = Part::of(tensor, Some(bytes))?;
    match external {
        ExternalData::None => Err(TensorError::NoFolder),
        ExternalData::Folder(folder) => part.read(folder, bytes),
        ExternalData::Files(files) => {
            let missing = || TensorError::ExternalFile { location: part.location.into(), error: "not found".into() };
            let file = files.get(part.location).ok_or_else(missing)?;
            let range = part.range(bytes, file.len() as u64)?;
            Ok(file[range.start as usize..range.end as usize].to_vec())
        }
    }
}

/// A part of a file.
struct Part<'a> {
    location: &'a str,
    offset: u64,
}

impl<'a> Part<'a> {
    /// The part that `tensor` names; its length must be that of the tensor.
    fn of(tensor: &'a TensorProto, bytes: Option<usize>) -> Result<Self, TensorError> {
        let entry = |key: &str| tensor.external_data.iter().find(|e| e.key == key).map(|e| e.value.as_str());
        let number = |key: &'static str| match entry(key) {
            None => Ok(None),
            Some(text) => {
                text.parse::<u64>().map(Some).map_err(|_| TensorError::ExternalNumber { key, found: text.into() })
            }
        };
        let location = entry("location").unwrap_or_default();
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        if let (Some(expected), Some(found)) = (bytes, length)
            && found != expected as u64
        {
            return Err(TensorError::ExternalLength { expected, found });
        }
        let plain = Path::new(location).components().all(|c| matches!(c, Component::Normal(_)));
        if location.is_empty() || !plain || location.contains('\\') {
            return Err(TensorError::ExternalPath { location: location.into() });
        }
        Ok(Self { location, offset })
    }

    /// The range of `bytes` bytes in a file of `found` bytes.
    fn range(&self, bytes: usize, found: u64) -> Result<std::ops::Range<u64>, TensorError> {
        let end = self.offset.checked_add(bytes as u64).filter(|end| *end <= found);
        let (location, offset) = (self.location, self.offset);
        end.map(|end| offset..end).ok_or_else(|| TensorError::ExternalRange {
            location: location.into(),
            offset,
            bytes,
            found,
        })
    }

    /// Reads the bytes from a file in `folder` or below.
    fn read(&self, folder: &Path, bytes: usize) -> Result<Vec<u8>, TensorError> {
        let location = || self.location.to_string();
        let io = |error: std::io::Error| TensorError::ExternalFile { location: location(), error: error.to_string() };
        let folder = folder.canonicalize().map_err(io)?;
        let path = folder.join(self.location).canonicalize().map_err(io)?;
        if !path.starts_with(&folder) {
            return Err(TensorError::ExternalPath { location: location() });
        }
        let metadata = std::fs::metadata(&path).map_err(io)?;
        if !metadata.is_file() {
            return Err(TensorError::ExternalPath { location: location() });
        }
        let range = self.range(bytes, metadata.len())?;
        let mut file = File::open(&path).map_err(io)?;
        file.seek(SeekFrom::Start(range.start)).map_err(io)?;
        let mut data = vec![0; bytes];
        file.read_exact(&mut data).map_err(io)?;
        Ok(data)
    }
}
