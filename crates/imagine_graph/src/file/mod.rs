//! The generator file `name.generator.safetensors`: an ordinary safetensors file whose metadata holds graphs, size rule
//! and card as JSON. `docs/generator-file.md` describes it to the bit.
//!
//! Files are untrusted: every length is checked before memory is allocated, nothing is executed, used as a path or ignored, and
//! every fault is a [`LoadError`] that says where it is.
//!
//! The writer is canonical: equal generators give equal bytes, and reading and writing a file of this module reproduces its
//! bytes.

mod container;
mod document;
mod error;
mod json;
mod limits;
mod parts;
mod weights;
mod whole;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use error::{Fault, LoadError, SaveError};
pub use limits::{FORMAT, MAX_FILE_BYTES, MAX_HEADER_BYTES, MAX_TENSORS};
pub use weights::WeightFormat;
pub use whole::{StagedFile, WriteError, check_folder, check_place, make_folder, replace};

use crate::generator::{Card, Generator, ValidGenerator};
use crate::graph::GraphErrors;
use crate::layers::MaterialLayers;

/// Extension of generator files.
pub const EXTENSION: &str = ".generator.safetensors";

/// A generator that is ready to run, with the name and hash of its file.
#[derive(Clone, Debug)]
pub struct LoadedGenerator {
    /// The generator, valid at its smallest size.
    pub generator: ValidGenerator,
    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub hash: String,
    /// File name without folder and [`EXTENSION`].
    pub name: String,
    /// The generators that it is made of, such as those of its layers; empty if it is a file of its own.
    pub parts: Vec<Arc<LoadedGenerator>>,
    /// The layers that it was merged from, if it was.
    pub layers: Option<Arc<MaterialLayers<Arc<LoadedGenerator>>>>,
}

/// Reads a generator from the bytes of a file, without validating its graphs as [`from_bytes`] and [`load`] do.
pub fn read(bytes: &[u8]) -> Result<Generator, LoadError> {
    let used = |generator| document::check_used(&generator).map(|()| generator);
    decode(bytes).and_then(used).map_err(|fault| LoadError { file: None, fault })
}

/// Reads the card alone from the bytes of a file: no weight is decoded, no graph read.
pub fn read_card(bytes: &[u8]) -> Result<Card, LoadError> {
    let card = container::parse(bytes).and_then(|container| document::card(&container));
    card.map_err(|fault| LoadError { file: None, fault })
}

/// Reads and validates the bytes of a file called `file`, which may be a path.
pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<LoadedGenerator, LoadError> {
    let file_name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let fail = |fault| LoadError { file: Some(file_name.into()), fault };
    let generator = decode(bytes).map_err(fail)?.validate().map_err(|errors| fail(Fault::Invalid(errors)))?;
    document::check_used(&generator.generator).map_err(fail)?;
    let name = file_name.strip_suffix(EXTENSION).unwrap_or(file_name).to_string();
    Ok(LoadedGenerator { generator, hash: hash(bytes), name, parts: Vec::new(), layers: None })
}

/// Reads and validates a file.
pub fn load(path: impl AsRef<Path>) -> Result<LoadedGenerator, LoadError> {
    let path = path.as_ref();
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let bytes = read_bounded(path).map_err(|fault| LoadError { file: Some(file.to_string()), fault })?;
    from_bytes(&file, &bytes)
}

/// The bytes of a generator file. Fails where [`load`] would.
pub fn write(generator: &Generator, format: WeightFormat) -> Result<Vec<u8>, SaveError> {
    generator.validate()?;
    document::check_used(generator).map_err(SaveError::Unwritable)?;
    let mut tensors = Vec::new();
    for (part, graph) in parts::parts(generator) {
        weights::encode(part, &graph.weights, format, &mut tensors);
    }
    let metadata = document::encode(generator)?;
    let bytes = container::serialize(&metadata, tensors);
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let found = bytes.len() as u64;
        return Err(SaveError::Unwritable(Fault::TooLarge { what: "file", found, limit: MAX_FILE_BYTES }));
    }
    Ok(bytes)
}

/// Writes a generator file, in place of one that is there (see [`replace`]).
pub fn save(path: impl AsRef<Path>, generator: &Generator, format: WeightFormat) -> Result<(), SaveError> {
    Ok(replace(path, &write(generator, format)?)?)
}

/// SHA-256 of `bytes` as 64 hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn decode(bytes: &[u8]) -> Result<Generator, Fault> {
    let container = container::parse(bytes)?;
    let mut generator = document::decode(&container)?;
    weights::decode(&container, &mut generator)?;
    Ok(generator)
}

/// Reads a whole file, never more than the limit, whatever length the file system reports.
fn read_bounded(path: &Path) -> Result<Vec<u8>, Fault> {
    let file = std::fs::File::open(path).map_err(Fault::Io)?;
    let metadata = file.metadata().map_err(Fault::Io)?;
    if !metadata.is_file() {
        return Err(Fault::NotAFile);
    }
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES;
    if metadata.len() <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(Fault::Io)?;
    }
    let found = metadata.len().max(bytes.len() as u64);
    if found > limit {
        return Err(Fault::TooLarge { what: "file", found, limit });
    }
    Ok(bytes)
}

impl From<GraphErrors> for SaveError {
    fn from(errors: GraphErrors) -> Self {
        SaveError::Unwritable(Fault::Invalid(errors))
    }
}

#[cfg(test)]
mod tests;
