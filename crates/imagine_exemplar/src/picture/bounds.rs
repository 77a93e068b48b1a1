//! Which pictures are read.

/// Extensions of picture files that are read, best first: deep and lossless formats before lossy ones.
pub const EXTENSIONS: [&str; 8] = ["png", "tif", "tiff", "exr", "hdr", "webp", "jpg", "jpeg"];
/// The formats that are read, for messages.
pub const FORMATS: &str = "png, jpg, webp, tif, exr or hdr";
/// Largest side of a picture in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// Largest decoded picture in MiB: 16384x16384 pixels of RGBA with 8 bits a channel. Decoders need up to twice as much in between.
pub const MAX_DECODED_MIB: u64 = 1024;
