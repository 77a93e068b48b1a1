//! Sets of materials made here: held-back parts are never drawn, heights and normals agree, packs equal folders.

use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::data::pack;
use crate::material::folder::read_folder;
use crate::material::format::RELIEF;

const SIDE: u32 = 256;
/// Period of waves in texels.
const PERIOD: f32 = 32.0;

fn png(pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb(pixel(x, y)));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn grey(value: impl Fn(u32, u32) -> f32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::GrayImage::from_fn(SIDE, SIDE, |x, y| image::Luma([(value(x, y) * 255.0).round() as u8]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Waves along x, y or both; 0 to 1.
fn wave(x: u32, y: u32, along: [f32; 2]) -> f32 {
    let turn = |at: u32| at as f32 * std::f32::consts::TAU / PERIOD;
    0.5 + 0.25 * ((along[0] * turn(x)).sin() + (along[1] * turn(y)).sin())
}

fn picture(group: &str, name: &str, file: Vec<u8>) -> PackedPicture {
    PackedPicture { group: group.into(), name: name.into(), caption: String::new(), file }
}

/// Three materials of bumps, one of rows without roughness, one of plain colour alone.
pub(crate) fn synthetic() -> Vec<PackedPicture> {
    let mut pictures = Vec::new();
    for (index, shade) in [200u8, 150, 100].into_iter().enumerate() {
        let group = format!("bumps/bumps{index}");
        let tint = move |x, y| (wave(x, y, [1.0, 1.0]) * f32::from(shade)) as u8;
        pictures.push(picture(&group, "base_color", png(|x, y| [tint(x, y), tint(x, y) / 2, 20])));
        pictures.push(picture(&group, "height", grey(|x, y| wave(x, y, [1.0, 1.0]))));
        pictures.push(picture(&group, "roughness", grey(|x, y| 1.0 - wave(x, y, [1.0, 1.0]))));
    }
    let shade = |x, y| (wave(x, y, [0.0, 1.0]) * 200.0) as u8;
    pictures.push(picture("rows/rows0", "base_color", png(|x, y| [20, shade(x, y), shade(x, y)])));
    pictures.push(picture("rows/rows0", "height", grey(|x, y| wave(x, y, [0.0, 1.0]))));
    let grain = |x: u32, y: u32| 100 + ((x * 7 + y * 13) % 32) as u8 * 4;
    pictures.push(picture("sand/sand0", "base_color", png(|x, y| [grain(x, y), grain(x, y), 90])));
    pictures
}

pub(crate) fn synthetic_set() -> MaterialSet {
    static SET: std::sync::LazyLock<MaterialSet> =
        std::sync::LazyLock::new(|| MaterialSet::new(&synthetic(), Path::new("synthetic")).unwrap());
    SET.clone()
}

#[test]
fn a_set_has_kinds_and_maps_and_holds_back_one_of_three() {
    let set = synthetic_set();
    assert_eq!(set.kinds, ["bumps", "rows", "sand"]);
    let exemplars = set.exemplars();
    assert_eq!(exemplars.iter().map(|exemplar| exemplar.kind).collect::<Vec<_>>(), [0, 0, 1, 2]);
    assert_eq!(exemplars[1].maps, [true, true, true, true, false, false]);
    assert_eq!(exemplars[2].maps, [true, true, true, false, false, false]);
    assert_eq!(exemplars[3].maps, [true, false, false, false, false, false]);
    let held_back: Vec<&str> = set.materials.iter().filter(|m| m.is_held_back()).map(|m| m.name.as_str()).collect();
    assert_eq!(held_back.len(), 1);
    assert!(held_back[0].starts_with("bumps"));
    assert_eq!(set.largest_crop(), 192);
    let rows = &set.materials[3];
    assert!(rows.tiles);
}

#[test]
fn held_back_parts_are_never_drawn() {
    let mut pictures = synthetic();
    // Everything held back is white in every map, and nothing else is.
    let mut whole = synthetic_set().materials.into_iter().filter(Material::is_held_back);
    let whole = format!("bumps/{}", whole.next().unwrap().name);
    let white = |group: &str, x: u32| x >= SIDE * 3 / 4 || group == whole;
    for picture in &mut pictures {
        let decoded = image::load_from_memory(&picture.file).unwrap().into_rgb8();
        // The hash of the first file chooses the held-back material, which therefore keeps its colour.
        if picture.group == whole && picture.name == "base_color" {
            continue;
        }
        let value = |x, y| if white(&picture.group, x) { [255; 3] } else { decoded.get_pixel(x, y).0 };
        picture.file =
            if picture.name == "base_color" { png(value) } else { grey(|x, y| f32::from(value(x, y)[0]) / 255.0) };
    }
    let set = MaterialSet::new(&pictures, Path::new("marked")).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let mut scales = std::collections::BTreeSet::new();
    for side in [32, 96, 128] {
        for _ in 0..40 {
            let batch = set.draw(8, 2, side, &mut rng);
            scales.extend(batch.scales.iter().map(|scale| scale.to_bits()));
            for crop in batch.values.chunks_exact(CHANNELS * side * side) {
                let blue = &crop[2 * side * side..3 * side * side];
                assert!(blue.iter().all(|value| *value < 0.6), "{:?}", blue.iter().fold(0f32, |a, b| a.max(*b)));
            }
        }
    }
    assert_eq!(scales.len(), 3);
    let strips = set.crops(Part::UpperStrips, 2, 4, 64, &mut rng);
    assert!(strips.values[..64 * 64].iter().all(|value| *value == 1.0));
    assert!(set.crops(Part::HeldBack, 2, 4, 64, &mut rng).kinds.is_empty());
    let held_back = set.crops(Part::HeldBack, 0, 4, 64, &mut rng);
    assert_eq!((held_back.kinds, held_back.exemplars), (vec![0; 4], vec![None; 4]));
    // The halves of a strip have no row in common.
    let level = &set.materials[4].held_back[0];
    let [upper, lower] = [Part::UpperStrips, Part::LowerStrips].map(|part| set.materials[4].rows(part, level, 64));
    assert_eq!((upper, lower), (0..65, 128..193));
}

#[test]
fn crops_come_in_groups_of_one_exemplar_and_their_normals_are_the_slopes_of_their_height() {
    let set = synthetic_set();
    let side = 48;
    let batch = set.draw(24, 3, side, &mut StdRng::seed_from_u64(2));
    let mut seen = std::collections::BTreeSet::new();
    for group in batch.exemplars.chunks(3).zip(batch.scales.chunks(3)) {
        assert!(group.0.iter().all(|exemplar| *exemplar == group.0[0]) && group.1.iter().all(|s| *s == group.1[0]));
        seen.insert(group.0[0].unwrap());
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    let exemplars = set.exemplars();
    for (index, crop) in batch.values.chunks_exact(CHANNELS * side * side).enumerate() {
        let exemplar = exemplars[batch.exemplars[index].unwrap()];
        assert_eq!(exemplar.kind, batch.kinds[index]);
        if !exemplar.maps[2] {
            continue;
        }
        let plane = |channel: usize, y: usize, x: usize| crop[(channel * side + y) * side + x];
        for y in 1..side - 1 {
            for x in 1..side - 1 {
                let across = (plane(5, y, x + 1) - plane(5, y, x - 1)) / 2.0 * RELIEF;
                let down = (plane(5, y + 1, x) - plane(5, y - 1, x)) / 2.0 * RELIEF;
                let length = (across * across + down * down + 1.0).sqrt();
                let found = [plane(3, y, x), plane(4, y, x)];
                let off = (found[0] + across / length).abs().max((found[1] - down / length).abs());
                assert!(off < 0.15, "{index}: {found:?} at slopes {across} {down}");
            }
        }
    }
}

#[test]
fn slopes_of_a_normal_map_and_its_height_get_one_unit() {
    let (height, amplitude) = (|x, y| wave(x, y, [1.0, 0.0]), 3.0);
    let slope = |x: u32| {
        let turn = std::f32::consts::TAU / PERIOD;
        0.25 * amplitude * turn * (x as f32 * turn).cos()
    };
    let map = |sign: f32| {
        png(move |x, _| {
            let slope = sign * slope(x) + 0.3;
            let length = (slope * slope + 1.0).sqrt();
            let byte = |n: f32| ((n / length * 0.5 + 0.5) * 255.0).round() as u8;
            [byte(slope), byte(0.0), byte(1.0)]
        })
    };
    let set = |sign: f32| {
        let group = "a/b";
        let pictures = [
            picture(group, "base_color", png(|x, _| [(x % 16) as u8 * 9, 40, 40])),
            picture(group, "height", grey(height)),
            picture(group, "normal", map(sign)),
        ];
        MaterialSet::new(&pictures, Path::new("one")).unwrap()
    };
    let agreeing = set(-1.0);
    let level = &agreeing.materials[0].trained[0];
    let spread = level.planes[5].iter().max().unwrap() - level.planes[5].iter().min().unwrap();
    // The height varies by half of its range, which is `amplitude` texels.
    let texels = f32::from(spread) / 255.0 * RELIEF;
    assert!((texels - 0.5 * amplitude).abs() < 0.3, "{texels}");
    let mean = level.planes[3].iter().map(|byte| f32::from(*byte) - 127.0).sum::<f32>() / level.planes[3].len() as f32;
    assert!(mean.abs() < 2.0, "the tilt is still there: {mean}");
    assert_eq!(set(1.0).materials[0].present, [true, true, false, false, false, false]);
}

#[test]
fn a_folder_and_its_pack_are_the_same_set() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut manifest = serde_json::Map::new();
    for picture in synthetic() {
        let (kind, name) = picture.group.split_once('/').unwrap();
        let set = data.join(name);
        std::fs::create_dir_all(&set).unwrap();
        std::fs::write(set.join(format!("{}.png", picture.name)), &picture.file).unwrap();
        std::fs::write(set.join("normal_derived.png"), b"not read, for there is a height").unwrap();
        manifest.insert(name.into(), serde_json::json!({ "category": kind, "licence": "CC0-1.0" }));
    }
    std::fs::remove_file(data.join("sand0/normal_derived.png")).unwrap();
    std::fs::write(data.join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
    let file = folder.path().join("materials.pack");
    std::fs::write(&file, pack::encode(&read_folder(&data, None).unwrap().pictures).unwrap()).unwrap();
    let [from_folder, from_pack] = [&data, &file].map(|path| MaterialSet::read(path, None).unwrap());
    assert_eq!(from_folder.kinds, ["bumps", "rows", "sand"]);
    assert_eq!((&from_folder.kinds, &from_folder.sha256), (&from_pack.kinds, &from_pack.sha256));
    let draw = |set: &MaterialSet, seed| set.draw(6, 2, 64, &mut StdRng::seed_from_u64(seed));
    assert_eq!(draw(&from_folder, 3), draw(&from_pack, 3));
    assert_ne!(draw(&from_folder, 3), draw(&from_pack, 4));
    // Without a manifest, materials are their own kinds unless they lie in folders of kinds.
    std::fs::remove_file(data.join("manifest.json")).unwrap();
    assert_eq!(MaterialSet::read(&data, None).unwrap().kinds, ["bumps0", "bumps1", "bumps2", "rows0", "sand0"]);
    assert_eq!(MaterialSet::read(folder.path(), None).unwrap().kinds, ["data"]);
}

#[test]
fn unusable_files_are_named() {
    let error = |change: &dyn Fn(&mut Vec<PackedPicture>)| {
        let mut pictures = synthetic();
        change(&mut pictures);
        MaterialSet::new(&pictures, Path::new("set")).unwrap_err().to_string()
    };
    let found = error(&|pictures| pictures[1].name = "heigth".into());
    assert!(found.contains("bumps/bumps0/heigth") && found.contains("\"height\""), "{found}");
    let found = error(&|pictures| drop(pictures.remove(0)));
    assert!(found.contains("bumps/bumps0") && found.contains("no colour map"), "{found}");
    let found = error(&|pictures| pictures[1].file.truncate(60));
    assert!(found.contains("bumps/bumps0/height"), "{found}");
    let small = |side| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(side, 64).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let found = error(&|pictures| pictures[1].file = small(128));
    assert!(found.contains("height: 128x64 pixels, but the colour map has 256x256"), "{found}");
    assert!(error(&|pictures| pictures[1].file = small(16)).contains("at least 64"));
    assert!(error(&|pictures| pictures[1].file = small(5000)).contains("at most 4096"));
    assert!(error(&|pictures| pictures.clear()).contains("no materials"));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(MaterialSet::read(folder.path(), None), Err(MaterialError::Empty { .. })));
    std::fs::write(folder.path().join("manifest.json"), "[]").unwrap();
    assert!(MaterialSet::read(folder.path(), None).unwrap_err().to_string().contains("manifest.json"));
}

#[test]
fn maps_of_several_sizes_are_scaled_to_the_smallest_and_alpha_is_left_out() {
    let mut pictures = synthetic();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let small =
        image::GrayImage::from_fn(128, 128, |x, y| image::Luma([(wave(2 * x, 2 * y, [1.0, 1.0]) * 255.0) as u8]));
    small.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    pictures[1].file = bytes.into_inner();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let glassy = image::RgbaImage::from_fn(SIDE, SIDE, |x, y| {
        image::Rgba([(x ^ y) as u8, 90, 90, if x == 9 { 0 } else { 255 }])
    });
    glassy.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    pictures.last_mut().unwrap().file = bytes.into_inner();
    let set = MaterialSet::new(&pictures, Path::new("set")).unwrap();
    let side = |name: &str| {
        let material = set.materials.iter().find(|material| material.name == name).unwrap();
        material.held_back[0].height
    };
    assert_eq!((side("bumps0"), side("bumps1")), (128, 256));
    let notes =
        ["alpha of colour maps is left out: sand0", "maps are scaled down to the smallest of their material: bumps0"];
    assert_eq!(set.notes(), notes);
    assert!(synthetic_set().notes().is_empty());
}
