//! Folders as sources lay them out, from `tests/cases`: which file becomes which map, and that all of them are the same material.

use std::path::{Path, PathBuf};

use image::DynamicImage;
use imagine_exemplar::folder::{MapFile, NormalConvention, find_maps};
use imagine_exemplar::picture::{PictureError, decode, open};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

/// Names of the folders in `folders.tsv`, and for each its files: path, and file below `maps`.
fn folders() -> Vec<(String, Vec<(String, String)>)> {
    let table = std::fs::read_to_string(cases().join("folders.tsv")).unwrap();
    let mut folders: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in table.lines() {
        let (path, file) = line.split_once('\t').unwrap();
        let (folder, inside) = path.split_once('/').unwrap();
        if folders.last().is_none_or(|(last, _)| last != folder) {
            folders.push((folder.into(), Vec::new()));
        }
        folders.last_mut().unwrap().1.push((inside.into(), file.into()));
    }
    folders
}

/// Lays out a folder.
fn lay_out(files: &[(String, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, file) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(cases().join("maps").join(file), path).unwrap();
    }
    folder
}

#[test]
fn every_source_says_which_file_is_which_map() {
    let mut found = String::new();
    for (name, files) in folders() {
        let folder = lay_out(&files);
        found += &format!("{name}\n{}", find_maps(folder.path()).unwrap());
    }
    assert!(folders().len() >= 28);
    expect_test::expect_file!["../../../../tests/cases/folders.expected.txt"].assert_eq(&found);
}

/// A file of `maps`, decoded, as 16 bits a channel.
fn drawn(file: &str) -> DynamicImage {
    decode(&std::fs::read(cases().join("maps").join(file)).unwrap()).unwrap().pixels
}

/// Mean difference of two pictures of one size, in levels of 8 bits.
fn difference(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let (a, b) = (a.to_rgb16(), b.to_rgb16());
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: f64 = a.iter().zip(b.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.len() as f64 / 257.0
}

#[test]
fn every_source_gives_the_same_material() {
    for (name, files) in folders() {
        let folder = lay_out(&files);
        for map in find_maps(folder.path()).unwrap().maps {
            let found = map.open().unwrap().picture(None).unwrap().pixels;
            let file = map.path.file_name().unwrap().to_string_lossy().into_owned();
            let is_lossy = file.ends_with(".jpg") || file.ends_with(".webp");
            let (reference, lossy) = match (map.kind.name(), name.as_str()) {
                ("base_color", _) => ("color.png", 8.0),
                ("normal", _) => ("normal_gl.png", 18.0),
                ("height", "sizes_differ") => ("height_small.png", 0.0),
                ("height", _) => ("height.png", 3.0),
                ("roughness", _) => ("roughness.png", 3.0),
                ("occlusion", _) => ("ao.png", 1.0),
                ("metallic", "ambientcg_metal") => ("metallic.jpg", 0.0),
                ("metallic", _) => ("metallic.png", 4.0),
                (kind, _) => panic!("{name}: {kind}"),
            };
            // A height of 8 bits is rounded down from 16.
            let tolerance = if is_lossy { lossy } else { 0.51 };
            let found = difference(&found, &drawn(reference));
            assert!(found <= tolerance, "{name}: {file}: {found}");
        }
    }
    let flipped = difference(&drawn("normal_dx.png"), &drawn("normal_gl.png"));
    assert!(flipped > 2.0 * 18.0 / 3.0, "the tolerance of normals tells conventions apart: {flipped}");
}

#[test]
fn an_unclear_normal_map_asks_for_its_convention() {
    let folder = tempfile::tempdir().unwrap();
    let hashed = |x: u32, y: u32, plane| (imagine_graph::rng::cell(x, y, plane, 1)[0] >> 24) as u8;
    let noise =
        image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([hashed(x, y, 0) / 2 + 64, hashed(x, y, 1) / 2 + 64, 250]));
    let map = |name: &str| {
        let path = folder.path().join(name);
        noise.save(&path).unwrap();
        let color = folder.path().join("color.png");
        noise.save(color).unwrap();
        find_maps(folder.path())
            .unwrap()
            .maps
            .into_iter()
            .find(|map: &MapFile| map.path == path)
            .unwrap()
            .open()
            .unwrap()
    };
    let unclear = map("normal.png");
    for message in
        [unclear.picture(None).map(drop), unclear.encoded(None).map(drop)].map(|made| made.unwrap_err().to_string())
    {
        assert!(message.contains("normal.png: neither the name nor the slopes"), "{message}");
        assert!(message.contains("--normal gl (up") && message.contains("--normal dx (down"), "{message}");
    }
    let green = |normal| unclear.picture(Some(normal)).unwrap().pixels.to_rgb8().get_pixel(3, 5).0[1];
    let stored = noise.get_pixel(3, 5).0[1];
    assert_eq!((green(NormalConvention::OpenGl), green(NormalConvention::DirectX)), (stored, 255 - stored));
    // Names are believed.
    std::fs::remove_file(folder.path().join("normal.png")).unwrap();
    let named = map("normal_dx.png").picture(Some(NormalConvention::OpenGl)).unwrap().pixels.to_rgb8();
    assert_eq!(named.get_pixel(3, 5).0[1], 255 - stored);
}

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(cases().join("pictures").join(name)).unwrap()
}

#[test]
fn photographs_are_upright_whole_and_deep() {
    let plain = decode(&picture("rgb8.png")).unwrap().pixels;
    for (name, upright) in [("exif3.jpg", plain.rotate180()), ("exif6.jpg", plain.rotate90())] {
        let found = decode(&picture(name)).unwrap().pixels;
        assert!(difference(&found, &upright) < 8.0, "{name}: {}", difference(&found, &upright));
    }
    assert!(matches!(open(&picture("truncated.jpg")), Err(PictureError::Truncated)));
    let deep = decode(&picture("rgb16.png")).unwrap().pixels;
    assert_eq!(deep.color(), image::ColorType::Rgb16);
    assert!(difference(&deep, &plain) < 0.6);
    assert!(decode(&picture("rgba8.png")).unwrap().is_transparent());
    assert!(!decode(&picture("rgb8.png")).unwrap().is_transparent());
}
