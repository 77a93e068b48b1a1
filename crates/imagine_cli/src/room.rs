//! Whether disk and memory have room for what a command will do, asked before long work.
//!
//! Estimates are low, so that no work is refused that would have fitted; a disk that becomes full later is found when a file is
//! written.

use std::path::Path;

use anyhow::bail;

use crate::output::bytes;

/// Environment variables with numbers of bytes in place of the measured free space and memory, for tests.
const FREE_BYTES: &str = "IMAGINE_FREE_BYTES";
const MEMORY_BYTES: &str = "IMAGINE_MEMORY_BYTES";

/// Fails if the disk of `place`, a file or a folder that may not exist yet, has less than `needed` bytes free.
pub fn check_room(place: &Path, needed: u64) -> anyhow::Result<()> {
    match free(place) {
        Some(free) if free < needed => bail!(
            "{}: at least {} will be written, and the disk has {} free: free some space, or choose another place",
            place.display(),
            bytes(needed),
            bytes(free)
        ),
        _ => Ok(()),
    }
}

/// Fails if the machine has less than `needed` bytes of memory, whoever uses them now.
pub fn check_memory(needed: u64) -> anyhow::Result<()> {
    match told(MEMORY_BYTES).or_else(memory) {
        Some(memory) if memory < needed => bail!(
            "at least {} of memory are needed, and this machine has {}: choose a smaller --size, or parts of a world with --patch",
            bytes(needed),
            bytes(memory)
        ),
        _ => Ok(()),
    }
}

/// The machine's memory, or less where a container has a limit.
pub fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?;
    let machine = kib.parse::<u64>().ok()? << 10;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
    Some(limit.map_or(machine, |limit| limit.min(machine)))
}

/// Free bytes where `place` is or will be; `None` if they are not known, as those of a device or a pipe.
fn free(place: &Path) -> Option<u64> {
    let existing = place.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
    let existing = existing.unwrap_or(Path::new("."));
    if !existing.is_file() && !existing.is_dir() {
        return None;
    }
    told(FREE_BYTES).or_else(|| fs4::available_space(existing).ok())
}

fn told(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_that_of_the_nearest_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x", "none/x", ""] {
            assert!(free(&folder.path().join(name)).is_some_and(|free| free > 0), "{name}");
        }
        assert!(free(Path::new("x.png")).is_some_and(|free| free > 0));
        assert_eq!(free(Path::new("/dev/null")), None);
    }

    #[test]
    fn the_message_says_how_much_is_needed_and_free() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_room(folder.path(), 1).is_ok());
        let message = check_room(&folder.path().join("maps"), u64::MAX).unwrap_err().to_string();
        assert!(message.contains("maps: at least 17179869184 GiB will be written"), "{message}");
        assert!(message.contains(" free: free some space, or choose another place"), "{message}");
    }
}
