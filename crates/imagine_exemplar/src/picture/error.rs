//! Why a picture cannot be read.

use image::ImageError;

use super::bounds::{FORMATS, MAX_DECODED_MIB, MAX_SIDE};

/// Why a picture cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// It is no picture, or one of another format.
    #[error("not a picture that can be read; expected {FORMATS}")]
    Format,
    /// A JPEG file ends early, or before its picture does.
    #[error("the JPEG file is cut off or damaged: a part of its picture is missing; copy or download it again")]
    Truncated,
    /// A side is too long, or 0.
    #[error("{width}x{height} pixels; 1 to {MAX_SIDE} a side can be read")]
    Side {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// It needs too much memory.
    #[error(
        "{width}x{height} pixels take {mib} MiB decoded, and at most {MAX_DECODED_MIB} are allowed: scale it down first"
    )]
    Memory {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Decoded size in MiB.
        mib: u64,
    },
    /// An OpenEXR file without channels that can be shown.
    #[error("none of the channels {found:?} is a picture; expected R, G and B, or Y, or a single channel")]
    Channels {
        /// Names of the channels.
        found: Vec<String>,
    },
    /// The decoder's reason.
    #[error(transparent)]
    Decode(#[from] ImageError),
}
