//! Reads picture files as people have them: PNG, JPEG, WebP, TIFF, OpenEXR and Radiance, of any depth.
//!
//! Pictures are turned upright as their EXIF data says, a JPEG file that was cut off is refused, and size and memory are bounded
//! before any pixel is decoded.

mod bounds;
mod error;
mod exr;
mod file;
mod jpeg;
mod tiff;

pub use bounds::{EXTENSIONS, FORMATS, MAX_DECODED_MIB, MAX_SIDE};
pub use error::PictureError;
pub use file::{Picture, PictureFile, decode, open};

#[cfg(test)]
mod tests;
