//! Errors of reading data, training networks and saving them, and the range checks of options.

use std::path::PathBuf;

use imagine_burn::RunError;
use imagine_exemplar::folder::FolderError;
use imagine_exemplar::picture::{FORMATS, PictureError};
use imagine_graph::GraphErrors;
use imagine_graph::file::{SaveError, WriteError};

/// Why a picture or a folder of maps cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExemplarError {
    /// The folder is no PBR set.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The maps differ in proportions.
    #[error(
        "{}: {}x{} pixels, but the colour map has {}x{}: maps of one material may differ in size, not in proportions",
        path.display(), found[0], found[1], expected[0], expected[1]
    )]
    SizeMismatch {
        /// The file with other proportions.
        path: PathBuf,
        /// Width and height of the colour map.
        expected: [u32; 2],
        /// Width and height of this file.
        found: [u32; 2],
    },
    /// The picture is too small.
    #[error("{}: {}x{} pixels; at least {least} a side are needed", path.display(), found[0], found[1])]
    TooSmall {
        /// The file.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// Smallest side.
        least: u32,
    },
    /// All maps are constant.
    #[error("{}: every map has one constant value; there is no texture to learn", path.display())]
    Constant {
        /// The file or folder.
        path: PathBuf,
    },
}

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// There are no pictures.
    #[error("{}: no pictures in its folders; expected <folder>/<class>/<words>.png (or {FORMATS})", path.display())]
    Empty {
        /// The folder or pack.
        path: PathBuf,
    },
    /// The file is not a pack.
    #[error("{}: not a pack of pictures: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// A folder that is to be left out does not exist.
    #[error("there is no folder {name:?} to leave out; there are {known:?}")]
    LeftOut {
        /// The name that was given.
        name: String,
        /// The folders.
        known: Vec<String>,
    },
    /// A file, a picture or a whole pack is too large.
    #[error("{what}: {found} bytes, the limit is {most}: make the pictures smaller, or leave some out")]
    TooLarge {
        /// The file or picture.
        what: String,
        /// Its length in bytes.
        found: u64,
        /// The limit in bytes.
        most: u64,
    },
    /// There are too many pictures.
    #[error("{found} pictures, the limit is {most}: leave some out")]
    TooMany {
        /// Number of pictures.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// A class has the name that stands for any class.
    #[error("{}: a class cannot be called {name:?}, which stands for any class: rename its folder", path.display())]
    ReservedClass {
        /// The folder or pack.
        path: PathBuf,
        /// The name.
        name: &'static str,
    },
    /// A table of captions cannot be used.
    #[error("{}: line {line}: {reason}; expected tab-separated lines below a header", path.display())]
    Captions {
        /// The table.
        path: PathBuf,
        /// The line, from 1; 0 means the whole file.
        line: usize,
        /// The problem.
        reason: String,
    },
    /// A picture cannot be decoded.
    #[error("{}: {source}", path.display())]
    Picture {
        /// The picture, within its pack.
        path: PathBuf,
        /// The reason.
        source: Box<PictureError>,
    },
    /// A picture has another size than the network.
    #[error("{}: {}x{} pixels, expected {side}x{side}", path.display(), found[0], found[1])]
    Size {
        /// The picture, within its pack.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// The expected side.
        side: usize,
    },
}

/// Why pictures cannot be learned from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureSetError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// There are no pictures.
    #[error("{folders}: no pictures there or in folders inside; expected {FORMATS}")]
    Empty {
        /// The folders, with commas between them.
        folders: String,
    },
    /// All pictures are small.
    #[error(
        "{}: {}x{} pixels, and no other picture has a side of {least} either, which a crop needs: give larger pictures or a smaller \
         --crop",
        path.display(), found[0], found[1]
    )]
    TooSmall {
        /// The first picture.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// Smallest side.
        least: usize,
    },
    /// A painted picture has another size than the picture.
    #[error("{}: {}x{} pixels, but its picture has {}x{}", path.display(), found[0], found[1], expected[0], expected[1])]
    OtherSize {
        /// The painted picture.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// Those of the picture.
        expected: [u32; 2],
    },
    /// There is one picture only.
    #[error("{found} picture: at least two are needed, one to learn from and one to measure")]
    TooFew {
        /// Number of pictures.
        found: usize,
    },
    /// The pictures do not fit into memory.
    #[error(
        "{pictures} pictures, of which {read} take more than {most} MiB decoded: leave some out, or make them smaller"
    )]
    TooLarge {
        /// Number of pictures.
        pictures: usize,
        /// How many were read.
        read: usize,
        /// The limit in MiB.
        most: u64,
    },
    /// A line of the list of held-out pictures is no hash.
    #[error("{}: line {line}: found {found:?}, expected a SHA-256 hash of 64 hexadecimal digits", path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The first word of the line.
        found: String,
    },
    /// The list of held-out pictures has none of the pictures.
    #[error("{}: none of the pictures has one of its hashes, so that none would be held out; sha256sum prints hashes", path.display())]
    NoneListed {
        /// The list.
        path: PathBuf,
    },
}

/// Why PBR sets cannot be learned from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialSetError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// There are too many sets.
    #[error("{found} PBR sets, the limit is {most}: leave some out")]
    TooMany {
        /// Number of sets.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// There are fewer than two.
    #[error(
        "{found} PBR sets with a base colour and normals: at least two are needed, one to learn from and one to measure{}{notes}",
        if notes.is_empty() { "" } else { "; " }
    )]
    TooFew {
        /// Number of sets.
        found: usize,
        /// Why others were left out.
        notes: String,
    },
    /// The list of held-out sets has none of the sets.
    #[error("{}: none of the PBR sets has one of its names, so that none would be held out", path.display())]
    NoneListed {
        /// The list.
        path: PathBuf,
    },
}

/// Why a training did not start or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option is out of range.
    #[error("option {name}: expected {expected}, found {found}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// The range.
        expected: String,
        /// The value.
        found: String,
    },
    /// Training cannot continue from a generator.
    #[error("cannot continue from {title:?}: {reason}")]
    Start {
        /// The generator's title.
        title: String,
        /// What differs.
        reason: String,
    },
    /// The network's graphs are not valid.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The network does not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A checkpoint cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The loss was infinite or NaN again and again, at ever smaller learning rates.
    #[error("update {update}: training diverged: the loss is {loss} after {retries} returns to the last good weights")]
    Diverged {
        /// Updates done.
        update: u32,
        /// The last loss.
        loss: f32,
        /// Returns to good weights.
        retries: u32,
    },
    /// The loss was infinite or NaN.
    #[error("update {update}: the loss is {loss}; continue from the last checkpoint with a smaller learning rate")]
    NotFinite {
        /// Updates done.
        update: u32,
        /// The loss.
        loss: f32,
    },
    /// There is no training to begin from.
    #[error("{}: holds no resume set to begin with; expected the folder of another training", path.display())]
    NoStart {
        /// The folder.
        path: PathBuf,
    },
    /// The critic always tells generated from real, so the generator gets no gradients.
    #[error(
        "update {update}: the critic has won (mean loss {loss}), and the generator no longer learns; start again with lower \
         learning rates, a longer warm-up or another seed"
    )]
    CriticWon {
        /// Updates done.
        update: u32,
        /// Running mean of the critic's loss.
        loss: f32,
    },
}

/// Range checks of options.
pub(crate) struct OptionRange;

impl OptionRange {
    /// Fails unless `holds`.
    pub fn require(holds: bool, name: &'static str, expected: String, found: impl ToString) -> Result<(), TrainError> {
        if holds { Ok(()) } else { Err(TrainError::Option { name, expected, found: found.to_string() }) }
    }

    /// Fails unless the value is from `low` to `high`.
    pub fn count(name: &'static str, value: usize, low: usize, high: usize) -> Result<(), TrainError> {
        Self::require((low..=high).contains(&value), name, format!("{low} to {high}"), value)
    }

    /// Fails unless the value is a multiple of `of`, from `low` to `high`.
    pub fn multiple(name: &'static str, value: usize, of: usize, low: usize, high: usize) -> Result<(), TrainError> {
        let fits = value.is_multiple_of(of) && (low..=high).contains(&value);
        Self::require(fits, name, format!("a multiple of {of}, {low} to {high}"), value)
    }

    /// Fails unless the value is from 0 to `high`.
    pub fn number(name: &'static str, value: f32, high: f32) -> Result<(), TrainError> {
        Self::require((0.0..=high).contains(&value), name, format!("0 to {high}"), value)
    }

    /// Fails unless the value is a learning rate.
    pub fn rate(name: &'static str, value: f32) -> Result<(), TrainError> {
        Self::require(value > 0.0 && value <= 1.0, name, "more than 0, at most 1".into(), value)
    }
}

/// Why a checkpoint cannot be written or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A file cannot be read, moved or removed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Another training writes into the folder.
    #[error("{}: {other} is training here: wait for its end, stop it, or use another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other training, as `process 4711`.
        other: String,
    },
    /// The generator cannot be written.
    #[error(transparent)]
    Generator(#[from] SaveError),
    /// A picture cannot be encoded.
    #[error("{}: {source}", path.display())]
    Preview {
        /// The file.
        path: PathBuf,
        /// The encoder's error.
        source: image::ImageError,
    },
    /// The file or folder is not a resume set of this version.
    #[error("{}: not a resume file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// The resume set belongs to another training.
    #[error("{}: made with {what} {found}, this training has {expected}; use another folder or the same options", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// Its value in the set.
        found: String,
        /// Its value in this training.
        expected: String,
    },
}
