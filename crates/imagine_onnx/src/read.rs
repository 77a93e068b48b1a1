//! Reads the bytes of a model from memory or a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use prost::Message;

use crate::error::{Fault, ImportError};
use crate::proto::ModelProto;

/// Maximum size of a model file: the limit of a Protocol Buffers message.
pub const MAX_FILE_BYTES: u64 = (1 << 31) - 1;

pub(crate) fn decode(bytes: &[u8]) -> Result<ModelProto, ImportError> {
    let fault = |error: String| Fault::Decode { what: "model", error }.into();
    if bytes.is_empty() {
        return Err(fault("is empty".into()));
    }
    ModelProto::decode(bytes).map_err(|error| fault(error.to_string()))
}

/// The bytes of a model file, and its folder.
pub(crate) fn read_file(path: &Path) -> Result<(Vec<u8>, &Path), ImportError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((read_bounded(path, MAX_FILE_BYTES, "store weights as external data")?, folder))
}

/// The bytes of a file of at most `limit` bytes; `remedy` ends the message about a longer one.
pub(crate) fn read_bounded(path: &Path, limit: u64, remedy: &str) -> Result<Vec<u8>, ImportError> {
    let fault = |error: String| Fault::File { path: path.display().to_string(), error };
    let io = |error: std::io::Error| fault(error.to_string());
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(fault("is not a file".into()).into());
    }
    let mut bytes = Vec::new();
    if metadata.len() <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    }
    if metadata.len().max(bytes.len() as u64) > limit {
        return Err(fault(format!("has more than {limit} bytes; {remedy}")).into());
    }
    Ok(bytes)
}
