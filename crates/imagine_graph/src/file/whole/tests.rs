//! Whole files: replaced, refused, on full disks, left behind.

use std::path::{Path, PathBuf};

use super::*;

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("imagine_whole_{test}_{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names.into_iter().map(|name| name.into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_is_replaced_and_nothing_else_is_left() {
    let folder = Folder::new("replaced");
    replace(folder.path("a"), b"first").unwrap();
    replace(folder.path("a"), b"second").unwrap();
    assert_eq!(fs::read(folder.path("a")).unwrap(), b"second");
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_full_disk_keeps_the_old_file_and_no_part_of_the_new_one() {
    let folder = Folder::new("full");
    let path = folder.path("a");
    replace(&path, b"old").unwrap();
    let half = StagedFile::fill(&path, |file| {
        file.write_all(b"ne")?;
        Err(ErrorKind::StorageFull.into())
    });
    let message = half.unwrap_err().to_string();
    assert!(message.contains("the disk is full") && message.contains("free some space"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(folder.names(), ["a"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_is_written_to_and_stays_a_device() {
    let error = replace("/dev/full", b"x").unwrap_err();
    assert!(matches!(error, WriteError::Full { .. }), "{error}");
    replace("/dev/null", b"x").unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn what_cannot_be_written_is_known_beforehand() {
    let folder = Folder::new("refused");
    replace(folder.path("file"), b"x").unwrap();
    let refused = |path: PathBuf| check_place(path).unwrap_err();
    assert!(matches!(refused(folder.path("none/a")), WriteError::NoFolder { .. }));
    assert!(matches!(refused(folder.path("file/a")), WriteError::NotAFolder { .. }));
    assert!(matches!(refused(folder.0.clone()), WriteError::IsFolder { .. }));
    assert!(matches!(check_folder(folder.path("file")).unwrap_err(), WriteError::NotAFolder { .. }));
    assert!(matches!(check_folder(folder.path("file/a/b")).unwrap_err(), WriteError::NotAFolder { .. }));
    assert!(matches!(make_folder(folder.path("file/a")).unwrap_err(), WriteError::NotAFolder { .. }));
    check_place(folder.path("a")).unwrap();
    check_folder(folder.path("new/folder")).unwrap();
    assert_eq!(folder.names(), ["file"]);
    let path = folder.path("file");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert!(matches!(replace(&path, b"y").unwrap_err(), WriteError::WriteProtected { .. }));
    assert_eq!(fs::read(&path).unwrap(), b"x");
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_files_is_named() {
    let message = check_place("/proc/a.png").unwrap_err().to_string();
    assert!(message.starts_with("/proc/a.png: the folder \"/proc\" takes no files"), "{message}");
    let message = check_folder("/proc/maps_of_ours").unwrap_err().to_string();
    assert!(message.starts_with("/proc/maps_of_ours: the folder \"/proc\" takes no files"), "{message}");
}

#[test]
#[cfg(unix)]
fn links_and_permissions_survive() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("links");
    let (file, link) = (folder.path("file"), folder.path("link"));
    replace(&file, b"old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    replace(&link, b"new").unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn leftovers_of_killed_processes_are_removed() {
    let folder = Folder::new("leftovers");
    let write = |name: &str, age: Duration| {
        let file = File::create(folder.path(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
        file
    };
    let minutes = |count: u64| Duration::from_secs(60 * count);
    write(".imagine-1-0.part", minutes(2));
    write(".imagine-1-1.part", minutes(0));
    write("mine.part", minutes(2));
    let busy = write(".imagine-2-0.part", minutes(2));
    busy.try_lock().unwrap();
    replace(folder.path("a"), b"x").unwrap();
    assert_eq!(folder.names(), [".imagine-1-1.part", ".imagine-2-0.part", "a", "mine.part"]);
    drop(busy);
    replace(folder.path("a"), b"x").unwrap();
    assert_eq!(folder.names(), [".imagine-1-1.part", "a", "mine.part"]);
}

#[test]
fn two_writers_of_one_name_do_not_mix() {
    let folder = Folder::new("two");
    let path: &Path = &folder.path("a");
    std::thread::scope(|scope| {
        for byte in [b'a', b'b'] {
            scope.spawn(move || (0..20).for_each(|_| replace(path, &vec![byte; 100_000]).unwrap()));
        }
        scope.spawn(move || {
            for bytes in (0..200).filter_map(|_| fs::read(path).ok()) {
                assert!(bytes.len() == 100_000 && bytes.iter().all(|byte| *byte == bytes[0]));
            }
        });
    });
    assert_eq!(folder.names(), ["a"]);
}
