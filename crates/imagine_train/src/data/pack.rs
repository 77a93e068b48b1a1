//! Packs: many small pictures in one file, so that a training machine needs no folder tree.
//!
//! ```text
//! bytes 0 to 7     "imgpack1"
//! bytes 8 to 15    length of the list, unsigned, little endian
//! the list         JSON: [{"group": "weapon", "name": "long_sword", "bytes": 612}, ..], sorted by group and name;
//!                  with "caption": ".." where one was given
//! the pictures     files, unchanged, in the list's order
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use imagine_exemplar::folder::is_hidden;
use imagine_exemplar::picture::EXTENSIONS;
use serde::{Deserialize, Serialize};

use crate::error::PackError;

const MAGIC: &[u8; 8] = b"imgpack1";
/// Limits of what is read and of what is written.
const LIMITS: Limits = Limits { pack: 1 << 30, picture: MAX_PICTURE, pictures: 1 << 20 };
/// Most bytes of a picture, in a pack or in a folder.
pub(crate) const MAX_PICTURE: usize = 128 << 20;

/// What a pack may hold. The writer refuses what the reader would.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Bytes of the pack.
    pack: usize,
    /// Bytes of a picture.
    picture: usize,
    /// Number of pictures.
    pictures: usize,
}
/// With which some programs begin a text in UTF-8.
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// One picture, still encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedPicture {
    /// Name of its folder.
    pub group: String,
    /// Name of its file without extension.
    pub name: String,
    /// A caption; may be empty.
    pub caption: String,
    /// The file.
    pub file: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    group: String,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    caption: String,
    bytes: usize,
}

/// All pictures of `folder`'s folders, sorted by folder and name. Hidden files and folders are skipped.
pub fn read_folders(folder: &Path) -> Result<Vec<PackedPicture>, PackError> {
    let mut pictures = Vec::new();
    for group in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        for file in sorted(&group)? {
            let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if !EXTENSIONS.contains(&&*extension) || file.is_dir() {
                continue;
            }
            let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
            let bytes = read_bounded(&file, MAX_PICTURE)?;
            let (group, name) = (text(group.file_name()), text(file.file_stem()));
            pictures.push(PackedPicture { group, name, caption: String::new(), file: bytes });
        }
    }
    if pictures.is_empty() {
        return Err(PackError::Empty { path: folder.to_path_buf() });
    }
    Ok(pictures)
}

/// What lies in a folder, sorted, without hidden files and those of archives from macOS.
pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let list = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = list().map_err(|source| PackError::Io { path: folder.to_path_buf(), source })?;
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    Ok(paths)
}

/// Removes the groups `left_out`; fails if one of them does not exist.
pub fn leave_out(pictures: &mut Vec<PackedPicture>, left_out: &[String]) -> Result<(), PackError> {
    let groups: BTreeSet<&str> = pictures.iter().map(|picture| picture.group.as_str()).collect();
    if let Some(wrong) = left_out.iter().find(|name| !groups.contains(name.as_str())) {
        let known = groups.into_iter().map(String::from).collect();
        return Err(PackError::LeftOut { name: wrong.clone(), known });
    }
    pictures.retain(|picture| !left_out.contains(&picture.group));
    Ok(())
}

/// The pictures of a pack, or of a folder's folders.
pub fn read(path: &Path) -> Result<Vec<PackedPicture>, PackError> {
    if path.is_dir() {
        return read_folders(path);
    }
    let malformed = |reason| PackError::Malformed { path: path.to_path_buf(), reason };
    parse(&read_bounded(path, LIMITS.pack)?, LIMITS).map_err(malformed)
}

/// The bytes of a file of at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, PackError> {
    check_length(path, most)?;
    std::fs::read(path).map_err(|source| PackError::Io { path: path.to_path_buf(), source })
}

/// Fails if the file has more than `most` bytes.
pub(crate) fn check_length(path: &Path, most: usize) -> Result<(), PackError> {
    let found = std::fs::metadata(path).map_err(|source| PackError::Io { path: path.to_path_buf(), source })?.len();
    if found > most as u64 {
        return Err(PackError::TooLarge { what: path.display().to_string(), found, most: most as u64 });
    }
    Ok(())
}

/// The bytes of a pack; an error if [`read`] would refuse it for its size.
pub fn encode(pictures: &[PackedPicture]) -> Result<Vec<u8>, PackError> {
    encode_within(pictures, LIMITS)
}

fn encode_within(pictures: &[PackedPicture], limits: Limits) -> Result<Vec<u8>, PackError> {
    let refuse =
        |what, found: usize, most: usize| Err(PackError::TooLarge { what, found: found as u64, most: most as u64 });
    if pictures.len() > limits.pictures {
        return Err(PackError::TooMany { found: pictures.len(), most: limits.pictures });
    }
    for PackedPicture { group, name, file, .. } in pictures {
        if file.len() > limits.picture {
            return refuse(format!("{group}/{name}"), file.len(), limits.picture);
        }
    }
    let entry = |PackedPicture { group, name, caption, file }: &PackedPicture| {
        let [group, name, caption] = [group, name, caption].map(String::clone);
        Entry { group, name, caption, bytes: file.len() }
    };
    let list: Vec<Entry> = pictures.iter().map(entry).collect();
    let list = serde_json::to_vec(&list).expect("names and numbers are JSON");
    let mut pack = [MAGIC.as_slice(), &(list.len() as u64).to_le_bytes(), &list].concat();
    let length = pack.len() + pictures.iter().map(|picture| picture.file.len()).sum::<usize>();
    if length > limits.pack {
        return refuse("the whole pack".into(), length, limits.pack);
    }
    pack.reserve_exact(length - pack.len());
    pictures.iter().for_each(|picture| pack.extend(&picture.file));
    Ok(pack)
}

fn parse(pack: &[u8], limits: Limits) -> Result<Vec<PackedPicture>, String> {
    if pack.len() > limits.pack {
        return Err(format!("{} bytes; at most {} are read", pack.len(), limits.pack));
    }
    let rest = pack.strip_prefix(MAGIC).ok_or("it does not begin with \"imgpack1\"; `imagine pack` makes one")?;
    let (length, rest) = rest.split_first_chunk::<8>().ok_or("it ends in its first 16 bytes")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let list = rest.get(..length).ok_or(format!("a list of {length} bytes, and {} follow", rest.len()))?;
    let list: Vec<Entry> = serde_json::from_slice(list).map_err(|error| format!("its list: {error}"))?;
    if list.len() > limits.pictures || list.is_empty() {
        return Err(format!("{} pictures; 1 to {} expected", list.len(), limits.pictures));
    }
    let mut rest = &rest[length..];
    let mut pictures = Vec::new();
    for Entry { group, name, caption, bytes } in list {
        if bytes > limits.picture {
            return Err(format!("picture {group:?}/{name:?} of {bytes} bytes; at most {} are read", limits.picture));
        }
        if bytes > rest.len() {
            return Err(format!("picture {group:?}/{name:?} of {bytes} bytes, and {} follow", rest.len()));
        }
        let (file, after) = rest.split_at(bytes);
        pictures.push(PackedPicture { group, name, caption, file: file.to_vec() });
        rest = after;
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes after its last picture", rest.len()));
    }
    Ok(pictures)
}

/// Sets the pictures' captions from `column` of a tab-separated table in UTF-8 with a header. Its column `file` names the picture:
/// `<folder>/<name>.png`. Returns the number of pictures with a caption.
pub fn read_captions(pictures: &mut [PackedPicture], table: &Path, column: &str) -> Result<usize, PackError> {
    let captions = |line, reason| PackError::Captions { path: table.to_path_buf(), line, reason };
    let bytes = read_bounded(table, MAX_PICTURE)?;
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(captions(0, "it is UTF-16; save it as UTF-8".into()));
    }
    let text = String::from_utf8(bytes).map_err(|error| captions(0, error.to_string()))?;
    let mut lines = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text).lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let place = |wanted: &str| {
        let found = names.iter().position(|name| *name == wanted);
        found.ok_or_else(|| captions(1, format!("no column {wanted:?} among {names:?}")))
    };
    let (file, column) = (place("file")?, place(column)?);
    let mut known = BTreeMap::new();
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (Some(file), Some(caption)) = (cells.get(file), cells.get(column)) else {
            return Err(captions(index + 2, format!("{} columns of {}", cells.len(), names.len())));
        };
        // The extension may be that of any picture.
        let stem = file.rsplit_once('.').filter(|(_, end)| EXTENSIONS.contains(&&*end.to_lowercase()));
        known.insert(stem.map_or(*file, |(stem, _)| stem), *caption);
    }
    for picture in pictures.iter_mut() {
        let file = format!("{}/{}", picture.group, picture.name);
        picture.caption = known.get(file.as_str()).map(|caption| String::from(*caption)).unwrap_or_default();
    }
    Ok(pictures.iter().filter(|picture| !picture.caption.is_empty()).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Vec<u8> {
        let picture = |group: &str, caption: &str, file: &[u8]| {
            let [group, name, caption] = [group, "a", caption].map(String::from);
            PackedPicture { group, name, caption, file: file.into() }
        };
        encode(&[picture("one", "", b"first"), picture("two", "", b""), picture("two", "more words", b"third")])
            .unwrap()
    }

    fn parse(pack: &[u8]) -> Result<Vec<PackedPicture>, String> {
        super::parse(pack, LIMITS)
    }

    #[test]
    fn a_pack_survives_a_round_trip() {
        let pictures = parse(&pack()).unwrap();
        assert_eq!(pictures.len(), 3);
        assert_eq!((pictures[2].group.as_str(), pictures[2].file.as_slice()), ("two", b"third".as_slice()));
        assert_eq!((pictures[1].caption.as_str(), pictures[2].caption.as_str()), ("", "more words"));
        assert_eq!(encode(&pictures).unwrap(), pack());
    }

    #[test]
    fn writer_and_reader_have_the_same_limits() {
        let pictures = parse(&pack()).unwrap();
        let exact = Limits { pack: pack().len(), picture: 5, pictures: 3 };
        assert_eq!(encode_within(&pictures, exact).unwrap(), pack());
        assert_eq!(super::parse(&pack(), exact).unwrap(), pictures);
        for (limits, message) in [
            (Limits { pack: pack().len() - 1, ..exact }, "the whole pack"),
            (Limits { picture: 4, ..exact }, "one/a"),
            (Limits { pictures: 2, ..exact }, "3 pictures"),
        ] {
            let error = encode_within(&pictures, limits).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            super::parse(&pack(), limits).unwrap_err();
        }
    }

    #[test]
    fn a_map_above_a_mebibyte_is_packed_and_read_back() {
        let [group, name, caption] = ["stone/wall", "normal", ""].map(String::from);
        let pictures = [PackedPicture { group, name, caption, file: vec![7; (1 << 20) + 1] }];
        assert_eq!(parse(&encode(&pictures).unwrap()).unwrap(), pictures);
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
        let text = String::from_utf8_lossy(&pack[16..]).replace("\"bytes\":5", "\"bytes\":18446744073709551615");
        let list = text.split_inclusive(']').next().unwrap().len() as u64;
        let wide = [MAGIC.as_slice(), &list.to_le_bytes(), text.as_bytes()].concat();
        assert!(parse(&wide).unwrap_err().contains("18446744073709551615"));
    }

    #[test]
    fn captions_come_from_the_named_column() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("words.tsv");
        let mut pictures = parse(&pack()).unwrap();
        let mut read = |text: &str, column: &str| {
            std::fs::write(&table, text).unwrap();
            let count = read_captions(&mut pictures, &table, column).map_err(|error| error.to_string())?;
            Ok::<_, String>((count, pictures[0].caption.clone()))
        };
        let text = "file\tplace\tsource\none/a.png\titem/amulet\tx\n\nthree/b.png\titem/ring\ty\n";
        assert_eq!(read(text, "place").unwrap(), (1, "item/amulet".into()));
        assert_eq!(read(text, "source").unwrap(), (1, "x".into()));
        assert!(
            read(text, "text").unwrap_err().contains(r#"line 1: no column "text" among ["file", "place", "source"]"#)
        );
        assert!(read("file\ttext\na/b.png\n", "text").unwrap_err().contains("line 2: 1 columns of 2"));
        assert!(read("", "text").unwrap_err().contains("no column"));
        assert_eq!(read("\u{FEFF}file\ttext\r\none/a.webp\ta word\r\n", "text").unwrap(), (1, "a word".into()));
        std::fs::write(&table, [0xFF, 0xFE, b'f', 0]).unwrap();
        let message = read_captions(&mut pictures, &table, "text").unwrap_err().to_string();
        assert!(message.contains("save it as UTF-8"), "{message}");
    }

    #[test]
    fn only_groups_that_exist_can_be_left_out() {
        let mut pictures = parse(&pack()).unwrap();
        let message = leave_out(&mut pictures, &["tow".into()]).unwrap_err().to_string();
        assert!(message.contains("\"tow\"") && message.contains(r#"["one", "two"]"#), "{message}");
        leave_out(&mut pictures, &["two".into()]).unwrap();
        assert_eq!(pictures.len(), 1);
    }

    #[test]
    fn a_folder_without_pictures_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(PackError::Empty { .. })));
        std::fs::create_dir(folder.path().join("group")).unwrap();
        std::fs::write(folder.path().join("group/b.png"), b"2").unwrap();
        std::fs::write(folder.path().join("group/a.PNG"), b"1").unwrap();
        std::fs::write(folder.path().join("group/c.webp"), b"3").unwrap();
        std::fs::write(folder.path().join("group/a.txt"), b"no").unwrap();
        std::fs::write(folder.path().join("group/._a.png"), b"no").unwrap();
        std::fs::create_dir(folder.path().join(".thumbnails")).unwrap();
        std::fs::write(folder.path().join(".thumbnails/a.png"), b"no").unwrap();
        let names: Vec<_> = read(folder.path()).unwrap().into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
