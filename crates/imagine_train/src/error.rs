//! What can go wrong while exemplars are read, networks are trained and checkpoints are kept.

use std::path::PathBuf;

use imagine_burn::RunError;
use imagine_graph::GraphErrors;
use imagine_graph::file::SaveError;

/// Why an exemplar cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExemplarError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is no picture that can be decoded.
    #[error("{}: {source}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        source: image::ImageError,
    },
    /// A folder without a colour map.
    #[error("{}: no colour map; expected one of {expected:?}, as png or jpg", path.display())]
    NoColor {
        /// The folder.
        path: PathBuf,
        /// File names, without extension, of a colour map.
        expected: &'static [&'static str],
    },
    /// The maps of one material differ in size.
    #[error("{}: {found:?} pixels, but the colour map has {expected:?} [width, height]", path.display())]
    SizeMismatch {
        /// The file that differs.
        path: PathBuf,
        /// Width and height of the colour map.
        expected: [u32; 2],
        /// Width and height of this file.
        found: [u32; 2],
    },
    /// Too few pixels to learn from.
    #[error("{}: {found:?} pixels [width, height]; at least {least} a side are needed", path.display())]
    TooSmall {
        /// The file.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// Smallest side.
        least: u32,
    },
    /// More pixels than are read.
    #[error("{}: {found:?} pixels [width, height]; at most {most} a side are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// Largest side.
        most: u32,
    },
    /// All maps are constant.
    #[error("{}: every map is one constant value; there is no texture to learn", path.display())]
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
        /// What the system says.
        source: std::io::Error,
    },
    /// No pictures at all.
    #[error("{}: no PNG files in its folders; expected <folder>/<class>/<words>.png", path.display())]
    Empty {
        /// The folder or pack.
        path: PathBuf,
    },
    /// A file that is no pack.
    #[error("{}: not a pack of pictures: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A table of captions that cannot be used.
    #[error("{}: line {line}: {reason}; expected tab-separated lines below the columns' names", path.display())]
    Captions {
        /// The table.
        path: PathBuf,
        /// The line, counted from 1; 0 is the whole file.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A file is no picture that can be decoded.
    #[error("{}: {source}", path.display())]
    Picture {
        /// The picture, within its pack.
        path: PathBuf,
        /// What the decoder says.
        source: image::ImageError,
    },
    /// A picture of another size than the network's.
    #[error("{}: {found:?} pixels [width, height]; {side} a side are expected", path.display())]
    Size {
        /// The picture, within its pack.
        path: PathBuf,
        /// Its width and height.
        found: [u32; 2],
        /// What would do.
        side: usize,
    },
}

/// Why a set of materials cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// A folder or pack cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A map of a material cannot be used.
    #[error(transparent)]
    Map(#[from] ExemplarError),
    /// The list of kinds cannot be read.
    #[error("{}: {reason}; expected {{\"<set>\": {{\"category\": \"<kind>\"}}, ..}}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No material at all.
    #[error("{}: no materials; expected <set>/color.jpg or <kind>/<set>/color.jpg, with other maps beside it", path.display())]
    Empty {
        /// The folder or pack.
        path: PathBuf,
    },
    /// A map that no material has.
    #[error("{}: not a map of a material; expected one of {expected:?} as <kind>/<set>/<map>", path.display())]
    UnknownMap {
        /// The file within its pack.
        path: PathBuf,
        /// Names of maps.
        expected: Vec<&'static str>,
    },
}

/// Why a training did not start or had to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option outside its range.
    #[error("option {name}: {expected} expected, found {found}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A generator that training cannot go on from.
    #[error("cannot go on from {title:?}: {reason}")]
    Start {
        /// The generator's title.
        title: String,
        /// What does not fit.
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
    /// The loss became infinite or no number again and again, at ever smaller learning rates.
    #[error(
        "update {update}: the loss is {loss} after {retries} returns to the last good weights; training has diverged"
    )]
    Diverged {
        /// Number of updates done.
        update: u32,
        /// The last loss.
        loss: f32,
        /// How often training went back.
        retries: u32,
    },
    /// The critic tells generated from real without fail, so that the generator gets no more gradients.
    #[error(
        "update {update}: the critic's mean loss is {loss}: it tells generated from real without fail, and the generator learns \
         no more; begin anew with lower learning rates, a longer warm-up or another seed"
    )]
    Lost {
        /// Number of updates done.
        update: u32,
        /// Running mean of the critic's loss.
        loss: f32,
    },
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The generator cannot be written.
    #[error(transparent)]
    Generator(#[from] SaveError),
    /// A preview cannot be encoded.
    #[error("{}: {source}", path.display())]
    Preview {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        source: image::ImageError,
    },
    /// The file is no checkpoint of this version.
    #[error("{}: not a training checkpoint: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The checkpoint belongs to another training.
    #[error("{}: made with {what} {found}, this training has {expected}; give another folder or the same options", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// Value in the checkpoint.
        found: String,
        /// Value of this training.
        expected: String,
    },
}
