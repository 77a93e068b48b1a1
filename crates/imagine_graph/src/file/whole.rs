//! Writing files so that a name never shows half a file: the bytes go to a temporary file in the same folder, which takes the name
//! once it is whole. All files of the workspace are written here.
//!
//! Temporary files are called `.imagine-<process>-<number>.part` and are locked while their process lives. One that a killed
//! process left behind is removed when the next file is written into its folder.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const PREFIX: &str = ".imagine-";
const SUFFIX: &str = ".part";
/// Age at which an unlocked temporary file is a leftover; a younger one may be about to be locked.
const LEFTOVER: Duration = Duration::from_secs(60);
/// Age at which a temporary file is a leftover where the file system has no locks.
const LEFTOVER_WITHOUT_LOCKS: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a file cannot be written. Nothing has changed on the disk then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The folder does not exist.
    #[error("{}: there is no folder {folder:?}: make it first, or choose another place", path.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// There is a folder of this name.
    #[error("{}: is a folder; the name of a file is needed", path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// There is a file where a folder is needed.
    #[error("{}: is not a folder; remove it, or choose another place", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// There is a file of this name, and it is write-protected.
    #[error("{}: is write-protected: change its permissions, or choose another name", path.display())]
    WriteProtected {
        /// The file.
        path: PathBuf,
    },
    /// The folder takes no files.
    #[error("{}: the folder {folder:?} takes no files ({source}): change its permissions, or choose another place", path.display())]
    Refused {
        /// The file or folder to write.
        path: PathBuf,
        /// The existing folder.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The disk is full, or the user's share of it.
    #[error("{}: the disk is full ({source}): free some space and try again; nothing was replaced", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another error of the operating system.
    #[error("{}: cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Writes a file, in place of one that is there. Whatever happens, the name shows the old file or the whole new one.
///
/// A link is followed. A device or a pipe is written to as it is.
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), WriteError> {
    StagedFile::new(path.as_ref(), bytes)?.keep()
}

/// Makes a folder and those that it is in; no error if it exists.
pub fn make_folder(folder: impl AsRef<Path>) -> Result<(), WriteError> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder).map_err(|source| match check_folder(folder) {
        Err(error) => error,
        Ok(()) => WriteError::Io { path: folder.to_path_buf(), source },
    })
}

/// Whether [`replace`] can write this file now: to be asked before long work. Makes a temporary file and removes it.
pub fn check_place(path: impl AsRef<Path>) -> Result<(), WriteError> {
    let path = path.as_ref();
    match existing(path)? {
        // Opening a pipe may wait for its reader.
        Some(old) if !old.is_file() => Ok(()),
        _ => StagedFile::fill(path, |_| Ok(())).map(drop),
    }
}

/// Whether files can be written into this folder now, or into the place where it would be made.
pub fn check_folder(folder: impl AsRef<Path>) -> Result<(), WriteError> {
    let path = folder.as_ref();
    for existing in path.ancestors() {
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        match fs::metadata(existing) {
            Ok(found) if found.is_dir() => return Temporary::new(path, existing).map(drop),
            Ok(_) => return Err(WriteError::NotAFolder { path: existing.to_path_buf() }),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(source) => return Err(WriteError::Io { path: existing.to_path_buf(), source }),
        }
    }
    Err(WriteError::NoFolder { path: path.to_path_buf(), folder: path.to_path_buf() })
}

/// A file that is whole on the disk and does not have its name yet. Dropped, it is removed.
#[derive(Debug)]
pub struct StagedFile {
    path: PathBuf,
    /// `None` for a device or a pipe, which has no name to take.
    temporary: Option<Temporary>,
}

impl StagedFile {
    /// Writes a temporary file beside `path`. Fails where the file could not take that name.
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self, WriteError> {
        Self::fill(path, |file| file.write_all(bytes))
    }

    /// Gives the file its name, in place of a file that is there.
    pub fn keep(self) -> Result<(), WriteError> {
        let Some(mut temporary) = self.temporary else { return Ok(()) };
        fs::rename(&temporary.path, &self.path).map_err(|error| fault(&self.path, error))?;
        temporary.is_kept = true;
        Ok(())
    }

    fn fill(path: &Path, content: impl FnOnce(&mut File) -> io::Result<()>) -> Result<Self, WriteError> {
        let old = existing(path)?;
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            let open = File::options().write(true).open(path);
            open.and_then(|mut device| content(&mut device)).map_err(|error| fault(path, error))?;
            return Ok(Self { path: path.to_path_buf(), temporary: None });
        }
        let target = if path.is_symlink() { fs::canonicalize(path).unwrap_or(path.into()) } else { path.into() };
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut temporary = Temporary::new(path, folder)?;
        if let Some(old) = old {
            // A file system without permissions may refuse.
            let _ = temporary.file.set_permissions(old.permissions());
        }
        content(&mut temporary.file).and_then(|()| temporary.file.sync_all()).map_err(|error| fault(path, error))?;
        Ok(Self { path: target, temporary: Some(temporary) })
    }
}

/// What has this name now; an error if it cannot be replaced.
fn existing(path: &Path) -> Result<Option<Metadata>, WriteError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(WriteError::IsFolder { path: path.to_path_buf() }),
        Ok(found) if found.is_file() && found.permissions().readonly() => {
            Err(WriteError::WriteProtected { path: path.to_path_buf() })
        }
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(fault(path, error)),
    }
}

fn fault(path: &Path, source: io::Error) -> WriteError {
    let path = path.to_path_buf();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => WriteError::Full { path, source },
        _ => WriteError::Io { path, source },
    }
}

/// A locked temporary file, removed when dropped unless it was kept.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl Temporary {
    /// A new one in `folder`, for the file or folder `wanted`.
    fn new(wanted: &Path, folder: &Path) -> Result<Self, WriteError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        remove_leftovers(folder);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{PREFIX}{}-{number}{SUFFIX}", process::id()));
            match File::create_new(&path) {
                Ok(file) => {
                    // Without a lock the file is only a leftover a day later.
                    let _ = file.try_lock();
                    return Ok(Self { path, file, is_kept: false });
                }
                // Of a process with this number on another machine, or in another container.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refusal(wanted, folder, error)),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_kept {
            // The first error is what matters.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Why a folder takes no new file.
fn refusal(wanted: &Path, folder: &Path, source: io::Error) -> WriteError {
    let (path, folder) = (wanted.to_path_buf(), folder.to_path_buf());
    match fs::metadata(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => WriteError::NoFolder { path, folder },
        Ok(found) if !found.is_dir() => WriteError::NotAFolder { path: folder },
        _ => match fault(wanted, source) {
            WriteError::Io { source, .. } => WriteError::Refused { path, folder, source },
            full => full,
        },
    }
}

/// Removes the temporary files of killed processes. Errors do not matter: they are in nobody's way.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_ours && is_leftover(&entry.path()).unwrap_or(false) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_leftover(path: &Path) -> io::Result<bool> {
    let file = File::options().write(true).open(path)?;
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    Ok(match file.try_lock() {
        Ok(()) => age > LEFTOVER,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age > LEFTOVER_WITHOUT_LOCKS,
    })
}

#[cfg(test)]
mod tests;
