//! `imagine pack --materials`, `imagine train materials` and `imagine evaluate`: one update, interruption, resumption, pictures.

use crate::sandbox::Sandbox;

const FILE: &str = "stripes.generator.safetensors";

/// Writes two kinds of stripes with heights into `data`.
fn draw(sandbox: &Sandbox) {
    for (kind, period) in [("cloth", 8), ("boards", 32)] {
        let set = sandbox.path(&format!("data/{kind}/first"));
        std::fs::create_dir_all(&set).unwrap();
        let shade = |at: usize| (at % 128 % period * 200 / period + 20) as u8;
        let color: Vec<u8> = (0..128 * 128).flat_map(|at| [shade(at), 90, 255 - shade(at)]).collect();
        image::save_buffer(set.join("color.png"), &color, 128, 128, image::ColorType::Rgb8).unwrap();
        let height: Vec<u8> = (0..128 * 128).map(shade).collect();
        image::save_buffer(set.join("height.png"), &height, 128, 128, image::ColorType::L8).unwrap();
    }
}

#[test]
fn a_pack_is_trained_on_resumed_and_evaluated() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    let [packed, _] = sandbox.succeed("pack data --materials --out stripes.pack");
    assert!(packed.contains("4 pictures"), "{packed}");
    let options = "--batch 2 --crop 32 --width 4 --critic-width 4 --checkpoint-every 1";
    let train = |updates: &str| format!("train materials stripes.pack --out {FILE} {options} --updates {updates}");
    assert!(sandbox.fail(&train("1 --resume")).contains("holds no resume set"));
    sandbox.succeed(&train("1"));
    assert!(sandbox.fail(&train("2")).contains("holds a resume set"));
    sandbox.succeed(&train("2 --resume"));
    assert!(sandbox.path("stripes.training/sheet_0000002.png").exists());

    let generate = format!("generate {FILE} --size 48x32 --backend cpu --out made");
    sandbox.succeed(&format!("{generate} --set kind=cloth=1,boards=1 --set scale=0.7 --set relief=0.5"));
    assert!(sandbox.path("made").read_dir().unwrap().count() >= 6);
    let message = sandbox.fail(&format!("{generate} --set kind=moss"));
    assert!(message.contains("\"boards\", \"cloth\""), "{message}");

    let evaluate = format!("evaluate {FILE} --data stripes.pack");
    let files = "--report report --sheet sheet.png";
    let [figures, _] = sandbox.succeed(&format!("{evaluate} --crop 32 --copies 40 {files} --json"));
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    assert_eq!(figures["trained_on_this_data"], true);
    assert_eq!(figures["figures"]["copies"][1]["samples"], 40);
    assert_eq!(figures["figures"]["kinds"][1]["kind"], "cloth");
    for file in ["figures.json", "kinds.svg", "copies_filters.svg", "copies_patches.svg", "../sheet.png"] {
        assert!(sandbox.path("report").join(file).exists(), "{file}");
    }
    assert!(sandbox.fail(&format!("{evaluate} --crop 128")).contains("option crop: "));
}

#[test]
fn shared_options_have_the_defaults_of_the_family() {
    let sandbox = Sandbox::new();
    for (family, updates) in [("texture", 2000), ("sprites", 20000), ("materials", 40000)] {
        let [help, _] = sandbox.succeed(&format!("train {family} --help"));
        let option = help.split("--updates").nth(1).unwrap();
        let default = option.split("[default: ").nth(1).unwrap();
        assert!(default.starts_with(&format!("{updates}]")), "{family}: {default}");
    }
}

#[test]
fn data_without_materials_is_named() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let message = sandbox.fail("train materials empty --out x.generator.safetensors");
    assert!(message.contains("empty: no materials") && message.contains("color.jpg"), "{message}");
    draw(&sandbox);
    let message = sandbox.fail("train materials data --out x.generator.safetensors --crop 160");
    assert!(message.contains("at most the 96 texels"), "{message}");
}
