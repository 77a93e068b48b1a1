//! The lock on a training's folder, so that two trainings do not write over each other's checkpoints.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use imagine_graph::file::make_folder;

use crate::error::CheckpointError;

/// Name of the file in a training's folder. It stays there: removing it would let two trainings lock two files of this name.
const FILE: &str = "training.lock";

/// A locked folder. Dropping it, or the end of the process, however it ends, unlocks it.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: Option<File>,
}

impl FolderLock {
    /// Locks the folder, which is made if needed; an error if another training has it.
    ///
    /// On a file system without locks nothing is locked.
    pub fn take(folder: &Path) -> Result<Self, CheckpointError> {
        make_folder(folder)?;
        let path = folder.join(FILE);
        let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(|source| CheckpointError::Io { path: path.clone(), source })?;
        if !lock(&mut file, folder)? {
            return Ok(Self { _file: None });
        }
        let process = format!("process {}", std::process::id());
        let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(process.as_bytes()));
        write.map_err(|source| CheckpointError::Io { path, source })?;
        Ok(Self { _file: Some(file) })
    }
}

/// Fails if a training runs in `folder`.
pub fn check_unlocked(folder: &Path) -> Result<(), CheckpointError> {
    match File::options().read(true).write(true).open(folder.join(FILE)) {
        Ok(mut file) => lock(&mut file, folder).map(drop),
        Err(_) => Ok(()),
    }
}

/// Locks the file; false if the file system has no locks.
fn lock(file: &mut File, folder: &Path) -> Result<bool, CheckpointError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => {
            let mut other = String::new();
            // Windows does not let others read a locked file.
            let read = file.take(100).read_to_string(&mut other);
            let other = if read.is_ok_and(|count| count > 0) { other } else { "another process".into() };
            Err(CheckpointError::InUse { path: folder.to_path_buf(), other })
        }
        Err(TryLockError::Error(_)) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_one_training_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        check_unlocked(&inner).unwrap();
        let lock = FolderLock::take(&inner).unwrap();
        let expected = format!("process {} is training here", std::process::id());
        for message in
            [FolderLock::take(&inner).unwrap_err().to_string(), check_unlocked(&inner).unwrap_err().to_string()]
        {
            assert!(message.contains(&expected), "{message}");
        }
        drop(lock);
        check_unlocked(&inner).unwrap();
        FolderLock::take(&inner).unwrap();
    }
}
