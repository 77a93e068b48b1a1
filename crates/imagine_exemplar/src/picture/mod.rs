//! Reads picture files as people have them: PNG, JPEG, WebP, TIFF, OpenEXR and Radiance, of any depth; converts pictures to the planes of
//! inputs, and the planes of outputs to pictures.
//!
//! Pictures are turned upright as their EXIF data says, a JPEG file that was cut off is refused, and size and memory are bounded
//! before any pixel is decoded.

mod bounds;
mod error;
mod exr;
mod file;
mod jpeg;
mod planes;
mod samples;
mod taps;
mod tiff;

pub use bounds::{EXTENSIONS, FORMATS, MAX_DECODED_MIB, MAX_SIDE};
pub use error::PictureError;
pub use file::{Metadata, Picture, PictureFile, decode, open};
pub use samples::Samples;

#[cfg(test)]
mod tests;
