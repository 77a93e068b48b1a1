//! JPEG files that end before their picture does, with an end marker again.

use std::path::Path;

use imagine_exemplar::picture::{PictureError, decode, open};

const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// Files of every kind: sub-sampled colour, progressive, with restart markers, grey, with four components.
fn files() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/pictures");
    let names = ["subsampled.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg", "exif6.jpg"];
    names.into_iter().map(move |name| (name, std::fs::read(folder.join(name)).unwrap()))
}

/// Where the data of the first scan begins.
fn data(bytes: &[u8]) -> usize {
    let header = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 2;
    header + usize::from(u16::from_be_bytes([bytes[header], bytes[header + 1]]))
}

#[test]
fn whole_files_are_read() {
    for (name, bytes) in files() {
        assert!(decode(&bytes).is_ok(), "{name}");
        let padded = [&bytes[..bytes.len() - 2], &[0xFF, 0xFF], &END_OF_IMAGE, b"more"].concat();
        assert!(decode(&padded).is_ok(), "{name}");
    }
}

#[test]
fn a_file_that_was_cut_anywhere_and_ended_again_is_refused() {
    for (name, bytes) in files() {
        let mut accepted = Vec::new();
        for at in data(&bytes)..bytes.len() - 2 {
            match open(&[&bytes[..at], END_OF_IMAGE.as_slice()].concat()) {
                Ok(_) => accepted.push(at),
                Err(error) => assert!(matches!(error, PictureError::Truncated), "{name} at {at}: {error}"),
            }
        }
        // Between two scans a progressive file is whole, with less detail; a prefix may be written twice.
        let is_marker = |at: usize| bytes[at] == 0xFF && matches!(bytes[at + 1], 0xC4 | 0xDA);
        assert!(accepted.iter().all(|at| is_marker(*at) || is_marker(at - 1)), "{name}: {accepted:?}");
        let is_progressive = ["progressive.jpg", "grey.jpg"].contains(&name);
        assert_eq!(accepted.is_empty(), !is_progressive, "{name}: {accepted:?}");
    }
}

#[test]
fn rows_that_are_missing_in_the_middle_are_missed() {
    let (name, bytes) = files().find(|(name, _)| *name == "restarts.jpg").unwrap();
    let restarts: Vec<usize> = (data(&bytes)..bytes.len() - 1)
        .filter(|at| bytes[*at] == 0xFF && (0xD0..=0xD7).contains(&bytes[at + 1]))
        .collect();
    assert!(restarts.len() > 2, "{name}");
    let cut = [&bytes[..restarts[0]], &bytes[restarts[1]..]].concat();
    assert!(matches!(open(&cut), Err(PictureError::Truncated)));
}

#[test]
fn damaged_files_are_errors_or_pictures() {
    for (name, bytes) in files() {
        for at in 2..bytes.len() {
            for flip in [0x01, 0x55, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                if let Ok(file) = open(&changed) {
                    assert!(file.decoded_mib() <= 1024, "{name} at {at}");
                }
            }
        }
    }
}
