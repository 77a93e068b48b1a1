//! `imagine train upscale`, `imagine evaluate` and `imagine generate` of its result.

use crate::sandbox::Sandbox;

const FILE: &str = "x2.generator.safetensors";

/// Writes twelve pictures of discs into `art`.
fn draw(sandbox: &Sandbox) {
    std::fs::create_dir(sandbox.path("art")).unwrap();
    for index in 0..12u32 {
        let disc = |x: u32, y: u32| (x as f32 - 30.0).hypot(y as f32 - 22.0 - index as f32) < 12.0 + index as f32;
        let picture =
            image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([if disc(x, y) { 200 } else { 40 }, 90, x as u8]));
        picture.save(sandbox.path(&format!("art/{index}.png"))).unwrap();
    }
}

#[test]
fn an_upscaler_is_trained_resumed_evaluated_and_run() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    let options = "--crop 32 --batch 2 --checkpoint-every 1 --preview-every 2";
    let train = |updates: &str| format!("train upscale art --out {FILE} {options} --updates {updates}");
    let [_, told] = sandbox.succeed(&train("1"));
    assert!(told.contains("pictures to learn from"), "{told}");
    sandbox.succeed(&train("2 --resume"));
    for name in ["network", "average", "moments"] {
        assert!(sandbox.bytes(&format!("x2.training/resume/{name}.safetensors")).len() <= 16 << 20, "{name}");
    }
    assert!(sandbox.path("x2.training/sheet_0000002.png").exists());
    assert!(sandbox.bytes(FILE).len() < 60_000);
    assert!(sandbox.fail(&train("9 --resume --factor 4")).contains("made with factor 2, this training has 4"));

    let report = "--json --report report --sheet sheet.png --history training=x2.training/history.jsonl";
    let figures = sandbox.succeed(&format!("evaluate {FILE} --data art {report}"))[0].clone();
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let mean = &figures["figures"]["mean"];
    assert!(["network", "bicubic", "lanczos"].iter().all(|name| mean[name].as_f64().unwrap() > 10.0), "{mean}");
    assert_eq!(figures["figures"]["factor"], 2);
    let plot = std::fs::read_to_string(sandbox.path("report/training.svg")).unwrap();
    assert!(plot.contains("PSNR-Y in dB") && sandbox.path("sheet.png").exists());

    sandbox.succeed(&format!("generate {FILE} --image art/3.png --out large.png --backend cpu"));
    assert_eq!(image::image_dimensions(sandbox.path("large.png")).unwrap(), (128, 96));
    let four = "train upscale art --out x4.generator.safetensors --factor 4 --updates 1 --crop 32 --batch 2";
    sandbox.succeed(&format!("{four} --from x2.training"));
    sandbox.succeed("generate x4.generator.safetensors --image art/3.png --out larger.png --backend cpu");
    assert_eq!(image::image_dimensions(sandbox.path("larger.png")).unwrap(), (256, 192));
}
