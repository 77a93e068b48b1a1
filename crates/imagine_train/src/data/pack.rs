//! Many small pictures in one file, so that a training machine needs no folder tree.
//!
//! ```text
//! bytes 0 to 7     "imgpack1"
//! bytes 8 to 15    length of the list, unsigned, little endian
//! the list         JSON: [{"group": "weapon", "name": "long_sword", "bytes": 612}, ..], sorted by group and name
//! the pictures     PNG files (of materials JPEG files, too) as they were, one after the other, in the list's order
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::PackError;

const MAGIC: &[u8; 8] = b"imgpack1";
/// Largest file that is read or written.
const MAX_BYTES: usize = 256 << 20;
/// Largest picture.
const MAX_PICTURE: usize = 1 << 20;
/// Most pictures.
const MAX_PICTURES: usize = 1 << 20;

/// One picture as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedPicture {
    /// Name of its folder.
    pub group: String,
    /// Name of its file without extension.
    pub name: String,
    /// The file: PNG, or of a material's map JPEG.
    pub file: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    group: String,
    name: String,
    bytes: usize,
}

/// All PNG files of `folder`'s folders, sorted by folder and name.
pub fn read_folders(folder: &Path) -> Result<Vec<PackedPicture>, PackError> {
    let mut pictures = Vec::new();
    for group in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        for file in sorted(&group)? {
            if file.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png")) {
                continue;
            }
            let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
            let bytes = std::fs::read(&file).map_err(|source| PackError::Io { path: file.clone(), source })?;
            pictures.push(PackedPicture { group: text(group.file_name()), name: text(file.file_stem()), file: bytes });
        }
    }
    if pictures.is_empty() {
        return Err(PackError::Empty { path: folder.to_path_buf() });
    }
    Ok(pictures)
}

pub(super) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let list = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = list().map_err(|source| PackError::Io { path: folder.to_path_buf(), source })?;
    paths.sort();
    Ok(paths)
}

/// Pictures from a pack or, where `path` is a folder, from its folders.
pub fn read(path: &Path) -> Result<Vec<PackedPicture>, PackError> {
    if path.is_dir() {
        return read_folders(path);
    }
    let io = |source| PackError::Io { path: path.to_path_buf(), source };
    let length = std::fs::metadata(path).map_err(io)?.len();
    let malformed = |reason| PackError::Malformed { path: path.to_path_buf(), reason };
    if length > MAX_BYTES as u64 {
        return Err(malformed(format!("{length} bytes; at most {MAX_BYTES} are read")));
    }
    parse(&std::fs::read(path).map_err(io)?).map_err(malformed)
}

/// The bytes of a pack.
pub fn encode(pictures: &[PackedPicture]) -> Vec<u8> {
    let entry = |p: &PackedPicture| Entry { group: p.group.clone(), name: p.name.clone(), bytes: p.file.len() };
    let list: Vec<Entry> = pictures.iter().map(entry).collect();
    let list = serde_json::to_vec(&list).expect("names and numbers are JSON");
    let mut pack = [MAGIC.as_slice(), &(list.len() as u64).to_le_bytes(), &list].concat();
    pictures.iter().for_each(|picture| pack.extend(&picture.file));
    pack
}

fn parse(pack: &[u8]) -> Result<Vec<PackedPicture>, String> {
    let rest = pack.strip_prefix(MAGIC).ok_or("it does not begin with \"imgpack1\"; `imagine pack` makes one")?;
    let (length, rest) = rest.split_first_chunk::<8>().ok_or("it ends in its first 16 bytes")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let list = rest.get(..length).ok_or(format!("a list of {length} bytes, and {} follow", rest.len()))?;
    let list: Vec<Entry> = serde_json::from_slice(list).map_err(|error| format!("its list: {error}"))?;
    if list.len() > MAX_PICTURES || list.is_empty() {
        return Err(format!("{} pictures; 1 to {MAX_PICTURES} expected", list.len()));
    }
    let mut rest = &rest[length..];
    let mut pictures = Vec::new();
    for Entry { group, name, bytes } in list {
        if bytes > MAX_PICTURE || bytes > rest.len() {
            return Err(format!("picture {group:?}/{name:?} of {bytes} bytes, and {} follow", rest.len()));
        }
        let (file, after) = rest.split_at(bytes);
        pictures.push(PackedPicture { group, name, file: file.to_vec() });
        rest = after;
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes after its last picture", rest.len()));
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Vec<u8> {
        let picture =
            |group: &str, file: &[u8]| PackedPicture { group: group.into(), name: "a".into(), file: file.into() };
        encode(&[picture("one", b"first"), picture("two", b""), picture("two", b"third")])
    }

    #[test]
    fn a_pack_comes_back_as_it_was() {
        let pictures = parse(&pack()).unwrap();
        assert_eq!(pictures.len(), 3);
        assert_eq!((pictures[2].group.as_str(), pictures[2].file.as_slice()), ("two", b"third".as_slice()));
        assert_eq!(encode(&pictures), pack());
    }

    #[test]
    fn every_cut_and_every_lengthened_pack_is_an_error() {
        let pack = pack();
        for length in 0..pack.len() {
            assert!(parse(&pack[..length]).is_err(), "{length}");
        }
        assert!(parse(&[pack.as_slice(), b"x"].concat()).unwrap_err().contains("1 bytes after"));
        let mut huge = pack.clone();
        huge[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(parse(&huge).unwrap_err().contains("a list of"));
        let text = String::from_utf8_lossy(&pack).replace("\"bytes\":5", "\"bytes\":18446744073709551615");
        let list = text[16..].split_inclusive(']').next().unwrap().len() as u64;
        let mut wide = text.into_bytes();
        wide[8..16].copy_from_slice(&list.to_le_bytes());
        assert!(parse(&wide).unwrap_err().contains("18446744073709551615"));
    }

    #[test]
    fn a_folder_without_pictures_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(PackError::Empty { .. })));
        std::fs::create_dir(folder.path().join("group")).unwrap();
        std::fs::write(folder.path().join("group/b.png"), b"2").unwrap();
        std::fs::write(folder.path().join("group/a.PNG"), b"1").unwrap();
        std::fs::write(folder.path().join("group/a.txt"), b"no").unwrap();
        let names: Vec<_> = read(folder.path()).unwrap().into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
