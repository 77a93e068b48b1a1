//! Folders of PBR sets as libraries and tools lay them out.

use std::path::Path;

use image::{Rgb, RgbImage, RgbaImage};
use imagine_exemplar::folder::{NormalConvention, find_maps};

/// Finds the maps in a folder that holds `files`.
fn found(files: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    match find_maps(folder.path()) {
        Ok(maps) => maps.to_string(),
        Err(error) => error.to_string().replace(&*folder.path().to_string_lossy(), "FOLDER"),
    }
}

#[test]
fn nested_folders_of_an_unpacked_archive_are_searched() {
    let files = ["rock_1k/textures/rock_diff_1k.jpg", "rock_1k/textures/rock_disp_1k.png", "rock_1k/rock.blend"];
    assert_eq!(found(&files), "base_color rock_diff_1k.jpg\nheight     rock_disp_1k.png\n");
}

#[test]
fn files_of_the_system_are_skipped() {
    let files = ["._color.png", "color.PNG", ".thumbnails/color.png", "Thumbs.db"];
    assert_eq!(found(&files), "base_color color.PNG\n");
}

#[test]
fn a_folder_without_colour_says_what_it_holds_and_what_is_missing() {
    let expected = "FOLDER: no colour map: it holds wall_normal.png, wall_rough.png. Colour maps end in color, albedo, diffuse, \
                    basecolor or a short form of these, as in wall_diff_1k.png, and are png, jpg, webp, tif, exr or hdr";
    assert_eq!(found(&["wall_normal.png", "wall_rough.png"]), expected);
    assert!(found(&["readme.txt"]).contains("it holds no picture"));
    assert!(find_maps(Path::new("nowhere")).unwrap_err().to_string().starts_with("nowhere: "));
}

#[test]
fn two_sets_in_two_folders_are_no_set() {
    assert!(found(&["a/color.png", "b/color.png"]).contains("it holds no picture"));
}

#[test]
fn unreadable_pictures_are_reported() {
    let lines = "base_color color.png\nnot used   height.psd: not png, jpg, webp, tif, exr or hdr\n";
    assert_eq!(found(&["color.png", "height.psd"]), lines);
    assert!(found(&["color.dds"]).contains("it holds color.dds. Colour maps"));
}

/// The first pixel of a map, as 8 bits.
fn pixel(folder: &Path, kind: &str) -> [u8; 3] {
    let maps = find_maps(folder).unwrap().maps;
    let map = maps.iter().find(|map| map.kind.name() == kind).unwrap();
    map.open().unwrap().picture(None).unwrap().pixels.to_rgb8().get_pixel(1, 1).0
}

#[test]
fn maps_are_read_in_our_conventions() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, color: [u8; 3]| {
        RgbImage::from_pixel(4, 4, Rgb(color)).save(folder.path().join(name)).unwrap();
    };
    save("w_albedo.png", [9, 8, 7]);
    save("w_normal_dx.png", [128, 200, 255]);
    save("w_orm.png", [10, 20, 30]);
    assert_eq!(pixel(folder.path(), "base_color"), [9, 8, 7]);
    assert_eq!(pixel(folder.path(), "normal"), [128, 55, 255]);
    assert_eq!(pixel(folder.path(), "occlusion"), [10; 3]);
    assert_eq!(pixel(folder.path(), "roughness"), [20; 3]);
    assert_eq!(pixel(folder.path(), "metallic"), [30; 3]);
    save("w_gloss.png", [50; 3]);
    assert_eq!(pixel(folder.path(), "roughness"), [205; 3]);
    let folder = tempfile::tempdir().unwrap();
    RgbaImage::from_pixel(4, 4, image::Rgba([60, 0, 0, 70])).save(folder.path().join("w_MaskMap.png")).unwrap();
    RgbImage::new(4, 4).save(folder.path().join("w_color.png")).unwrap();
    assert_eq!((pixel(folder.path(), "metallic"), pixel(folder.path(), "roughness")), ([60; 3], [185; 3]));
}

#[test]
fn the_error_names_a_picture_that_cannot_be_decoded() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("color.png"), "no picture").unwrap();
    std::fs::write(folder.path().join("gloss.png"), "no picture").unwrap();
    let maps = find_maps(folder.path()).unwrap().maps;
    let error = maps[1].open().unwrap_err().to_string();
    assert!(error.contains("gloss.png: "), "{error}");
}

#[test]
fn float_pictures_are_maps_too() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, color: [f32; 3]| {
        let picture = image::Rgb32FImage::from_fn(4, 4, |x, _| Rgb(if x == 1 { color } else { [0.0; 3] }));
        picture.save(folder.path().join(name)).unwrap();
    };
    save("w_albedo.exr", [0.5, 0.25, 2.0]);
    save("w_normal_gl.exr", [-0.6, 0.0, 0.8]);
    save("w_disp.exr", [-3.0, -3.0, -3.0]);
    save("w_rough.exr", [0.5; 3]);
    assert_eq!(pixel(folder.path(), "base_color"), [188, 137, 255], "linear light becomes sRGB");
    assert_eq!(pixel(folder.path(), "normal"), [51, 128, 230], "signed normals are stored as n / 2 + 1/2");
    assert_eq!(pixel(folder.path(), "height"), [0; 3], "heights in other units are stretched to 0 to 1");
    assert_eq!(pixel(folder.path(), "roughness"), [128; 3]);
    let maps = find_maps(folder.path()).unwrap().maps;
    for map in maps {
        let encoded = map.open().unwrap().encoded(Some(NormalConvention::OpenGl)).unwrap();
        assert!(encoded.starts_with(b"\x89PNG"), "{}", map.path.display());
    }
}
