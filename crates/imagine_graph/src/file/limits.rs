//! The version of the format, and how much of anything a file may hold.

/// Version of the format that this crate writes, and the only one it reads.
pub const FORMAT: &str = "1";
/// Largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Largest safetensors header that is read.
pub const MAX_HEADER_BYTES: u64 = 16 << 20;
/// Most tensors in a file.
pub const MAX_TENSORS: usize = 20_000;
