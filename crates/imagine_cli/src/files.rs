//! Reads files of limited size, and writes files atomically: to a temporary file in the same folder, renamed at the end.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;

/// Largest file to read.
const MAX_BYTES: u64 = 1 << 30;

/// The bytes of a file; fails if it is larger than 1 GiB.
pub fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    ensure!(metadata.is_file(), "not a file");
    ensure!(metadata.len() <= MAX_BYTES, "larger than {MAX_BYTES} bytes");
    Ok(std::fs::read(path)?)
}

/// Writes one file; its folder must exist.
pub fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write(path, bytes).and_then(|file| keep(file, path)).with_context(|| path.display().to_string())
}

/// Writes files into `folder`, creating it if needed: all of them, or none if one fails.
pub fn write_folder(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<PathBuf>> {
    let is_new = !folder.exists();
    let result = fill(folder, files).with_context(|| folder.display().to_string());
    if result.is_err() && is_new {
        // Report the first error, not this one.
        let _ = std::fs::remove_dir(folder);
    }
    result
}

fn fill(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        ensure!(!path.is_dir(), "{} is a folder", path.display());
        written.push((write(&path, bytes)?, path));
    }
    written.into_iter().map(|(file, path)| keep(file, &path).map(|()| path)).collect()
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; umask still applies.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".imagine-").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn keep(file: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    file.persist(path).map(drop).map_err(|error| error.error.into())
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
        assert!(write_file(&place.path().join("none/x"), &[1]).is_err());
    }
}
