//! Reads files of limited size, writes files whole, and finds out before long work whether they can be written.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use imagine_graph::file::{StagedFile, make_folder};

/// Largest file to read.
const MAX_BYTES: u64 = 1 << 30;

/// The bytes of a file; fails if it is larger than 1 GiB.
pub fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    ensure!(metadata.is_file(), "is not a file");
    ensure!(metadata.len() <= MAX_BYTES, "has more than 1 GiB, which is the limit");
    Ok(std::fs::read(path)?)
}

/// Writes files into `folder`, creating it if needed: all of them, or none if one fails.
pub fn write_folder(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<PathBuf>> {
    let is_new = !folder.exists();
    let result = fill(folder, files);
    if result.is_err() && is_new {
        // Report the first error, not this one.
        let _ = std::fs::remove_dir(folder);
    }
    result
}

fn fill(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<PathBuf>> {
    make_folder(folder)?;
    let mut staged = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        staged.push((StagedFile::new(&path, bytes)?, path));
    }
    staged.into_iter().map(|(file, path)| Ok(file.keep().map(|()| path)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_or_none() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("maps");
        let files = [("a.png".to_string(), vec![1]), ("no/b.png".to_string(), vec![2])];
        assert!(write_folder(&folder, &files).is_err());
        assert!(!folder.exists());
        let written = write_folder(&folder, &files[..1]).unwrap();
        assert_eq!(std::fs::read(&written[0]).unwrap(), [1]);
        assert_eq!(folder.read_dir().unwrap().count(), 1);
    }
}
