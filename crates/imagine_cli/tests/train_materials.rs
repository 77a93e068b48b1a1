//! `imagine pack --materials` and `imagine train materials` as a person meets them: one update, a stop, a resumption, pictures.

mod common;

use std::path::Path;

use common::{bad, good};

/// Two kinds of stripes with heights.
fn draw(folder: &Path) {
    for (kind, period) in [("cloth", 8), ("boards", 32)] {
        let set = folder.join("data").join(kind).join("first");
        std::fs::create_dir_all(&set).unwrap();
        let shade = |at: usize| (at % 128 % period * 200 / period + 20) as u8;
        let color: Vec<u8> = (0..128 * 128).flat_map(|at| [shade(at), 90, 255 - shade(at)]).collect();
        image::save_buffer(set.join("color.png"), &color, 128, 128, image::ColorType::Rgb8).unwrap();
        let height: Vec<u8> = (0..128 * 128).map(shade).collect();
        image::save_buffer(set.join("height.png"), &height, 128, 128, image::ColorType::L8).unwrap();
    }
}

#[test]
fn a_pack_of_materials_is_trained_on_resumed_and_played() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    draw(folder);
    let packed = good(folder, &["pack", "data", "--materials", "--out", "stripes.pack"]);
    assert!(packed.contains("4 pictures"), "{packed}");
    let out = "stripes.generator.safetensors";
    let options = ["--batch", "2", "--crop", "32", "--width", "4", "--critic-width", "4", "--checkpoint-every", "1"];
    let train = |updates: &'static str, more: &'static str| {
        let mut arguments = vec!["train", "materials", "stripes.pack", "--out", out, "--updates", updates];
        arguments.extend(options);
        arguments.extend((!more.is_empty()).then_some(more));
        arguments
    };
    assert!(bad(folder, &train("1", "--resume")).contains("holds no resume set"));
    good(folder, &train("1", ""));
    assert!(bad(folder, &train("2", "")).contains("holds a resume set"));
    good(folder, &train("2", "--resume"));
    std::fs::create_dir(folder.join("made")).unwrap();
    let kind = ["--set", "kind=cloth=1,boards=1", "--set", "scale=0.7", "--set", "relief=0.5"];
    let generate = ["generate", out, "--size", "48x32", "--backend", "cpu", "--out", "made"];
    good(folder, &[generate.as_slice(), kind.as_slice()].concat());
    assert!(folder.join("made").read_dir().unwrap().count() >= 6);
    assert!(folder.join("stripes.training/sheet_0000002.png").exists());
    let evaluate = ["evaluate", out, "--data", "stripes.pack", "--crop", "32", "--copies", "40"];
    let files = ["--report", "report", "--sheet", "sheet.png", "--json"];
    let figures: serde_json::Value =
        serde_json::from_str(&good(folder, &[evaluate.as_slice(), &files].concat())).unwrap();
    assert_eq!(figures["trained_on_this_data"], true);
    assert_eq!(figures["figures"]["copies"][1]["samples"], 40);
    assert_eq!(figures["figures"]["kinds"][1]["kind"], "cloth");
    for file in ["figures.json", "kinds.svg", "copies_filters.svg", "copies_patches.svg", "../sheet.png"] {
        assert!(folder.join("report").join(file).exists(), "{file}");
    }
    let evaluate = ["evaluate", out, "--data", "stripes.pack", "--crop", "128"];
    assert!(bad(folder, &evaluate).contains("option crop: "));
    let message = bad(folder, &[generate.as_slice(), &["--set", "kind=moss"]].concat());
    assert!(message.contains("\"boards\", \"cloth\""), "{message}");
}

#[test]
fn shared_options_have_the_defaults_of_the_family() {
    let folder = tempfile::tempdir().unwrap();
    let default = |family: &str| {
        let help = good(folder.path(), &["train", family, "--help"]);
        help.split("--updates")
            .nth(1)
            .unwrap()
            .split("[default: ")
            .nth(1)
            .unwrap()
            .split(']')
            .next()
            .unwrap()
            .to_string()
    };
    assert_eq!(["texture", "sprites", "materials"].map(default), ["2000", "20000", "40000"]);
}

#[test]
fn data_without_materials_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("empty")).unwrap();
    let train = ["train", "materials", "empty", "--out", "x.generator.safetensors"];
    let message = bad(folder, &train);
    assert!(message.contains("empty: no materials") && message.contains("color.jpg"), "{message}");
    draw(folder);
    let wide = ["train", "materials", "data", "--out", "x.generator.safetensors", "--crop", "160"];
    assert!(bad(folder, &wide).contains("at most the 96 texels"));
}
