//! `imagine pack`, `imagine train sprites` and `imagine evaluate`: one update, interruption, resumption, pictures.

use crate::sandbox::Sandbox;

const FILE: &str = "bars.generator.safetensors";

/// Writes sixteen bars of two colours into `data`.
fn draw(sandbox: &Sandbox) {
    for (class, color) in [("bar", [200, 30, 30, 255]), ("post", [30, 30, 200, 255])] {
        let folder = sandbox.path(&format!("data/{class}"));
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
fn packs_hold_the_classes_and_captions_that_were_asked_for() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    let pack = |arguments: &str| sandbox.succeed(&format!("pack data {arguments}"))[0].clone();
    assert!(pack("--out bars.pack").contains("16 pictures"));
    assert!(pack("--out one.pack --leave-out post").contains("8 pictures"));
    std::fs::write(sandbox.path("words.tsv"), "file\tabout\npost/wide_post_3.png\twooden\n").unwrap();
    let words = pack("--out words.pack --captions words.tsv --caption-column about");
    assert!(words.contains("16 pictures, 1 with captions"), "{words}");
    assert!(sandbox.fail("pack data --out words.pack --captions words.tsv").contains("\"text\""));
}

#[test]
fn a_pack_is_trained_on_resumed_and_evaluated() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    sandbox.succeed("pack data --out bars.pack");
    let options = "--batch 2 --checkpoint-every 1 --preview-every 1";
    let train = |updates: &str| format!("train sprites bars.pack --out {FILE} {options} --updates {updates}");
    assert!(sandbox.fail(&train("1 --resume")).contains("holds no resume set"));
    sandbox.succeed(&train("1"));
    assert!(sandbox.fail(&train("2")).contains("holds a resume set"));
    sandbox.succeed(&train("2 --resume"));
    assert!(sandbox.path("bars.training/sheet_0000002.png").exists());
    for name in ["generator", "average", "critic", "moments"] {
        assert!(sandbox.bytes(&format!("bars.training/resume/{name}.safetensors")).len() <= 16 << 20, "{name}");
    }
    assert!(sandbox.bytes(FILE).len() <= 3_000_000);

    let mut generate = sandbox.command(&format!("generate {FILE} --size 32x32 --backend cpu --out made"));
    generate.args(["--set", "prompt=red bar", "--set", "class=bar", "--set", "shades=8"]);
    assert!(generate.output().unwrap().status.success());
    assert_eq!(sandbox.path("made").read_dir().unwrap().count(), 2);

    let report = "--json --report report --history training=bars.training/history.jsonl";
    let numbers = "--copies 20 --judged 6 --classifier-updates 3 --sheet sheet.png --pairs pairs.png";
    let evaluate = format!("evaluate {FILE} --data data {report} {numbers}");
    let figures: serde_json::Value = serde_json::from_str(&sandbox.succeed(&evaluate)[0]).unwrap();
    assert_eq!(figures["trained_on_this_data"], true);
    assert!(figures["figures"]["spaces"][0]["frechet"]["generated"].as_f64().unwrap() > 0.0);
    assert_eq!(figures["figures"]["copies"][2]["samples"], 20);
    for plot in ["classes", "copies_pixels", "copies_filters", "copies_classifier", "training"] {
        let svg = std::fs::read_to_string(sandbox.path(&format!("report/{plot}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<text"), "{plot}");
    }
    assert!(sandbox.path("report/figures.json").exists());
    assert_eq!(image::image_dimensions(sandbox.path("pairs.png")).unwrap().0, 8 * 34 * 2);
    assert!(sandbox.path("sheet.png").exists());
    assert!(sandbox.fail(&format!("{evaluate} --family living")).contains("a living texture, which is not evaluated"));
    assert!(sandbox.fail(&format!("{evaluate} --history x=nowhere")).contains("cannot read nowhere"));
}

#[test]
fn shared_options_have_the_defaults_of_the_family() {
    let sandbox = Sandbox::new();
    for (family, updates) in [("texture", 2000), ("sprites", 20000)] {
        let [help, _] = sandbox.succeed(&format!("train {family} --help"));
        let option = help.split("--updates").nth(1).unwrap();
        let default = option.split("[default: ").nth(1).unwrap();
        assert!(default.starts_with(&format!("{updates}]")), "{family}: {default}");
    }
}

#[test]
fn a_file_that_is_no_pack_is_named() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("wrong.pack"), "no pack").unwrap();
    let message = sandbox.fail("train sprites wrong.pack --out x.generator.safetensors");
    assert!(message.contains("wrong.pack: not a pack of pictures"), "{message}");
    assert!(sandbox.fail("pack nowhere --out x.pack").contains("nowhere"));
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    assert!(sandbox.fail("pack empty --out x.pack").contains("no pictures"));
}
