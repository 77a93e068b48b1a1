//! Folders of PBR sets as libraries and tools lay them out.

use std::path::Path;

use imagine_exemplar::folder::find_maps;

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
fn an_unpacked_archive_is_looked_into() {
    let files = ["rock_1k/textures/rock_diff_1k.jpg", "rock_1k/textures/rock_disp_1k.png", "rock_1k/rock.blend"];
    assert_eq!(found(&files), "base_color rock_diff_1k.jpg\nheight     rock_disp_1k.png\n");
}

#[test]
fn files_of_the_system_are_passed_over() {
    let files = ["._color.png", "color.PNG", ".thumbnails/color.png", "Thumbs.db"];
    assert_eq!(found(&files), "base_color color.PNG\n");
}

#[test]
fn a_folder_without_colour_says_what_it_holds_and_what_is_missing() {
    let expected = "FOLDER: no colour map: it holds wall_normal.png, wall_rough.png. Colour maps end in color, albedo, diffuse, \
                    basecolor or a short form of these, as in wall_diff_1k.png";
    assert_eq!(found(&["wall_normal.png", "wall_rough.png"]), expected);
    assert!(found(&["readme.txt"]).contains("it holds no picture"));
    assert!(find_maps(Path::new("nowhere")).unwrap_err().to_string().starts_with("nowhere: "));
}

#[test]
fn two_sets_in_two_folders_are_no_set() {
    assert!(found(&["a/color.png", "b/color.png"]).contains("it holds no picture"));
}
