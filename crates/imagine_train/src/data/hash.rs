//! Hashes of training data.

use sha2::{Digest, Sha256};

/// SHA-256 over all parts, in hexadecimal.
pub(crate) fn sha256_hex(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    format!("{:x}", hash.finalize())
}

/// The first eight bytes of the hash of a file, which decide whether it is held back.
pub(crate) fn first_word(file: &[u8]) -> u64 {
    let hash = Sha256::digest(file);
    u64::from_le_bytes(std::array::from_fn(|index| hash[index]))
}
