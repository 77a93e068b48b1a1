//! Folders and photographs as people have them, from `tests/cases`: `pack`, `train` and `generate` use them or say why not.

use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

/// Lays out the folder `name` of `folders.tsv` at `to`.
fn lay_out(sandbox: &Sandbox, name: &str, to: &str) {
    let table = std::fs::read_to_string(cases().join("folders.tsv")).unwrap();
    let files = table.lines().filter_map(|line| line.split_once('\t'));
    let mut count = 0;
    for (path, file) in files {
        let Some(inside) = path.strip_prefix(name).and_then(|path| path.strip_prefix('/')) else { continue };
        let path = sandbox.path(to).join(inside);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(cases().join("maps").join(file), path).unwrap();
        count += 1;
    }
    assert!(count > 0, "{name}");
}

/// Copies sprites into `data`.
fn sprites(sandbox: &Sandbox) {
    for class in ["potion", "weapon"] {
        std::fs::create_dir_all(sandbox.path("data").join(class)).unwrap();
        for entry in cases().join("sprites").join(class).read_dir().unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, sandbox.path("data").join(class).join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Copies one of the sprites to `to`.
fn one_sprite(sandbox: &Sandbox, to: &str) {
    std::fs::create_dir_all(sandbox.path(to).parent().unwrap()).unwrap();
    std::fs::copy(cases().join("sprites/weapon/blue_flask_1.png"), sandbox.path(to)).unwrap();
}

#[test]
fn files_of_the_system_are_no_sprites() {
    let sandbox = Sandbox::new();
    sprites(&sandbox);
    std::fs::copy(cases().join("sprites/appledouble.png"), sandbox.path("data/weapon/._red_sword_1.png")).unwrap();
    one_sprite(&sandbox, "data/.thumbnails/x.png");
    one_sprite(&sandbox, "data/__MACOSX/x.png");
    assert!(sandbox.succeed("pack data --out a.pack")[0].contains("24 pictures"));
}

#[test]
fn a_class_called_any_and_a_misspelt_class_are_refused_by_name() {
    let sandbox = Sandbox::new();
    sprites(&sandbox);
    for command in ["pack data --out a.pack", "train sprites data --out a.generator.safetensors"] {
        let message = sandbox.fail(&format!("{command} --leave-out wepon"));
        assert!(message.contains("\"wepon\"") && message.contains(r#"["potion", "weapon"]"#), "{message}");
    }
    one_sprite(&sandbox, "data/any/x.png");
    for command in ["pack data --out a.pack", "train sprites data --out a.generator.safetensors"] {
        let message = sandbox.fail(command);
        assert!(message.contains("data: a class cannot be called \"any\""), "{message}");
    }
    assert!(sandbox.succeed("pack data --out a.pack --leave-out any")[0].contains("24 pictures"));
}

#[test]
fn captions_may_begin_with_a_byte_order_mark() {
    let sandbox = Sandbox::new();
    sprites(&sandbox);
    let table = cases().join("sprites/words_bom.tsv");
    let packed = sandbox.succeed(&format!("pack data --out a.pack --captions {}", table.display()));
    assert!(packed[0].contains("24 pictures, 1 with captions"), "{packed:?}");
}

#[test]
fn a_sprite_that_is_no_picture_is_found_when_it_is_packed() {
    let sandbox = Sandbox::new();
    sprites(&sandbox);
    std::fs::write(sandbox.path("data/weapon/broken.png"), "no picture").unwrap();
    let message = sandbox.fail("pack data --out a.pack");
    assert!(message.contains("data/weapon/broken: not a picture"), "{message}");
    assert!(!sandbox.path("a.pack").exists());
}

/// What `train texture` says about its exemplar before it trains, which an option out of range prevents.
fn said_of_exemplar(sandbox: &Sandbox, exemplar: &str) -> String {
    let said = sandbox.fail(&format!("train texture {exemplar} --side 32 --batch 0 --out x.generator.safetensors"));
    assert!(said.contains("option batch"), "{exemplar}: {said}");
    said
}

#[test]
fn a_training_says_which_file_became_which_map() {
    let sandbox = Sandbox::new();
    lay_out(&sandbox, "polyhaven", "rock");
    lay_out(&sandbox, "only_dx", "dx");
    std::fs::copy(cases().join("maps/color.png"), sandbox.path("dx/color_emissive.png")).unwrap();
    let dx = "base_color color.png
normal     normal_dx.png, DirectX: green is flipped
roughness  roughness.png
not used   color_emissive.png: no emissive is learned
";
    let rock = "base_color rock_wall_10_diff_1k.jpg
normal     rock_wall_10_nor_gl_1k.png
height     rock_wall_10_disp_1k.png
roughness  rock_wall_10_rough_1k.jpg
";
    for (folder, expected) in [("dx", dx), ("rock", rock)] {
        let said = said_of_exemplar(&sandbox, folder);
        assert!(said.starts_with(expected), "{said}");
    }
    std::fs::create_dir(sandbox.path("scans")).unwrap();
    std::fs::copy(cases().join("maps/normal_gl.png"), sandbox.path("scans/normal.png")).unwrap();
    let message = sandbox.fail("train texture scans --out x.generator.safetensors");
    assert!(message.contains("scans: no colour map"), "{message}");
    let message = sandbox.fail("train texture rock/rock_wall_10_diff_1k.jpg --normal gl --out x.generator.safetensors");
    assert!(message.contains("--normal is for a folder of maps; rock/rock_wall_10_diff_1k.jpg is a file"), "{message}");
}

#[test]
fn maps_of_several_sizes_and_formats_are_read() {
    let sandbox = Sandbox::new();
    for (name, line) in [
        ("sizes_differ", "height     height.png"),
        ("tif_maps", "height     height.tif"),
        ("webp_color", "base_color color.webp"),
        ("own_upper", "base_color Color.PNG"),
        ("only_dx", "normal     normal_dx.png, DirectX: green is flipped"),
        ("polyhaven", "base_color rock_wall_10_diff_1k.jpg"),
    ] {
        lay_out(&sandbox, name, name);
        let said = said_of_exemplar(&sandbox, name);
        assert!(said.contains(line) && !said.contains("not used"), "{name}: {said}");
    }
}

#[test]
fn photographs_are_upright_and_whole() {
    let sandbox = Sandbox::with_family("srvgg");
    let picture = |name: &str| cases().join("pictures").join(name).display().to_string();
    for (name, size) in [("exif3.jpg", (256, 192)), ("exif6.jpg", (192, 256)), ("rgb16.png", (256, 192))] {
        let command = format!("generate model.onnx --image {} --backend cpu --out {name}.png", picture(name));
        sandbox.succeed(&command);
        let made = image::open(sandbox.path(&format!("{name}.png"))).unwrap();
        assert_eq!((made.width(), made.height()), size, "{name}");
    }
    let cut = format!("generate model.onnx --image {} --backend cpu --out cut.png", picture("truncated.jpg"));
    let message = sandbox.fail(&cut);
    assert!(message.contains("truncated.jpg: the JPEG file is cut off"), "{message}");
}

#[test]
fn alpha_is_said_to_be_left_out_only_where_there_is_some() {
    let sandbox = Sandbox::with_family("srvgg");
    for (name, is_said) in [("rgba8.png", true), ("rgb8.png", false)] {
        let picture = cases().join("pictures").join(name).display().to_string();
        for size in ["", "--size 128x128"] {
            let command = format!("generate model.onnx --image {picture} --backend cpu {size} --out x.png");
            let [_, said] = sandbox.succeed(&command);
            assert_eq!(said.contains("alpha"), is_said, "{name}: {said}");
        }
        let said = said_of_exemplar(&sandbox, &picture);
        assert_eq!(said.contains("alpha is left out"), is_said, "{name}: {said}");
    }
}
