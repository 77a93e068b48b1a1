//! Version of the format, and limits of a file.

/// The version of the format that this crate reads and writes.
pub const FORMAT: &str = "1";
/// Maximum size of a file.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Maximum size of a safetensors header.
pub const MAX_HEADER_BYTES: u64 = 16 << 20;
/// Maximum number of tensors in a file.
pub const MAX_TENSORS: usize = 20_000;
