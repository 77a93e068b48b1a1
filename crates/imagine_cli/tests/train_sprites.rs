//! `imagine pack` and `imagine train sprites` as a person meets them: one update, a stop, a resumption, a picture.

mod common;

use std::path::Path;

use common::{bad, good};

/// Sixteen bars of two colours as PNG files.
fn draw(folder: &Path) {
    for (class, color) in [("bar", [200, 30, 30, 255]), ("post", [30, 30, 200, 255])] {
        let folder = folder.join("data").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for width in 2..10 {
            let pixels = (0..32 * 32).flat_map(|at| if at % 32 < 3 * width { color } else { [0; 4] });
            let pixels: Vec<u8> = pixels.collect();
            let file = folder.join(format!("wide_{class}_{width}.png"));
            image::save_buffer(file, &pixels, 32, 32, image::ColorType::Rgba8).unwrap();
        }
    }
}

#[test]
fn a_pack_is_trained_on_resumed_and_played() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    draw(folder);
    let packed = good(folder, &["pack", "data", "--out", "bars.pack"]);
    assert!(packed.contains("16 pictures"), "{packed}");
    assert!(good(folder, &["pack", "data", "--out", "one.pack", "--leave-out", "post"]).contains("8 pictures"));
    std::fs::write(folder.join("words.tsv"), "file\tabout\npost/wide_post_3.png\twooden\n").unwrap();
    let captions = ["--captions", "words.tsv", "--caption-column", "about"];
    let words = good(folder, &[&["pack", "data", "--out", "words.pack"], captions.as_slice()].concat());
    assert!(words.contains("16 pictures, 1 with captions"), "{words}");
    assert!(bad(folder, &["pack", "data", "--out", "words.pack", "--captions", "words.tsv"]).contains("\"text\""));
    let out = "bars.generator.safetensors";
    let options = ["--batch", "2", "--checkpoint-every", "1", "--preview-every", "1"];
    let train = |updates: &'static str, more: &'static str| {
        let mut arguments = vec!["train", "sprites", "bars.pack", "--out", out, "--updates", updates];
        arguments.extend(options);
        arguments.extend((!more.is_empty()).then_some(more));
        arguments
    };
    assert!(bad(folder, &train("1", "--resume")).contains("holds no resume set"));
    good(folder, &train("1", ""));
    assert!(bad(folder, &train("2", "")).contains("holds a resume set"));
    good(folder, &train("2", "--resume"));
    let prompt = ["--set", "prompt=red bar", "--set", "class=bar", "--set", "shades=8"];
    let generate = ["generate", out, "--size", "32x32", "--backend", "cpu", "--out", "made"];
    std::fs::create_dir(folder.join("made")).unwrap();
    good(folder, &[generate.as_slice(), prompt.as_slice()].concat());
    assert_eq!(folder.join("made").read_dir().unwrap().count(), 2);
    assert!(folder.join("bars.training/sheet_0000002.png").exists());
    for name in ["generator", "average", "critic", "moments"] {
        let file = folder.join(format!("bars.training/resume/{name}.safetensors"));
        assert!(std::fs::metadata(file).unwrap().len() <= 16 << 20, "{name}");
    }
    assert!(std::fs::metadata(folder.join(out)).unwrap().len() <= 3_000_000);
    let history = format!("training={}/history.jsonl", out.replace(".generator.safetensors", ".training"));
    let numbers = ["--copies", "20", "--judged", "6", "--classifier-updates", "3"];
    let evaluate = ["evaluate", out, "--data", "data", "--json", "--report", "report", "--history", history.as_str()];
    let pictures = ["--sheet", "sheet.png", "--pairs", "pairs.png"];
    let evaluate = [evaluate.as_slice(), &numbers, &pictures].concat();
    let figures: serde_json::Value = serde_json::from_str(&good(folder, &evaluate)).unwrap();
    assert_eq!(figures["trained_on_this_data"], true);
    assert!(figures["figures"]["spaces"][0]["frechet"]["generated"].as_f64().unwrap() > 0.0);
    assert_eq!(figures["figures"]["copies"][2]["samples"], 20);
    for plot in ["classes", "copies_pixels", "copies_filters", "copies_classifier", "training"] {
        let svg = std::fs::read_to_string(folder.join(format!("report/{plot}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<text"), "{plot}");
    }
    assert!(folder.join("report/figures.json").exists());
    assert_eq!(image::image_dimensions(folder.join("pairs.png")).unwrap().0, 8 * 34 * 2);
    assert!(folder.join("sheet.png").exists());
    let wrong = [evaluate.as_slice(), &["--family", "materials"]].concat();
    assert!(bad(folder, &wrong).contains("no materials"));
    let wrong = [evaluate.as_slice(), &["--history", "x=nowhere"]].concat();
    assert!(bad(folder, &wrong).contains("cannot read nowhere"));
}

#[test]
fn a_file_that_is_no_pack_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("wrong.pack"), "no pack").unwrap();
    let train = ["train", "sprites", "wrong.pack", "--out", "x.generator.safetensors"];
    let message = bad(folder, &train);
    assert!(message.contains("wrong.pack: not a pack of pictures"), "{message}");
    assert!(bad(folder, &["pack", "nowhere", "--out", "x.pack"]).contains("nowhere"));
    std::fs::create_dir(folder.join("empty")).unwrap();
    assert!(bad(folder, &["pack", "empty", "--out", "x.pack"]).contains("no PNG files"));
}
