//! `imagine pack`, `imagine train sprites` and `imagine evaluate`: one update, interruption, resumption, pictures.

use crate::place::Place;

const FILE: &str = "bars.generator.safetensors";

/// Writes sixteen bars of two colours into `data`.
fn draw(place: &Place) {
    for (class, color) in [("bar", [200, 30, 30, 255]), ("post", [30, 30, 200, 255])] {
        let folder = place.path(&format!("data/{class}"));
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
    let place = Place::new();
    draw(&place);
    let pack = |arguments: &str| place.good(&format!("pack data {arguments}"))[0].clone();
    assert!(pack("--out bars.pack").contains("16 pictures"));
    assert!(pack("--out one.pack --leave-out post").contains("8 pictures"));
    std::fs::write(place.path("words.tsv"), "file\tabout\npost/wide_post_3.png\twooden\n").unwrap();
    let words = pack("--out words.pack --captions words.tsv --caption-column about");
    assert!(words.contains("16 pictures, 1 with captions"), "{words}");
    assert!(place.bad("pack data --out words.pack --captions words.tsv").contains("\"text\""));
}

#[test]
fn a_pack_is_trained_on_resumed_and_evaluated() {
    let place = Place::new();
    draw(&place);
    place.good("pack data --out bars.pack");
    let options = "--batch 2 --checkpoint-every 1 --preview-every 1";
    let train = |updates: &str| format!("train sprites bars.pack --out {FILE} {options} --updates {updates}");
    assert!(place.bad(&train("1 --resume")).contains("holds no resume set"));
    place.good(&train("1"));
    assert!(place.bad(&train("2")).contains("holds a resume set"));
    place.good(&train("2 --resume"));
    assert!(place.path("bars.training/sheet_0000002.png").exists());
    for name in ["generator", "average", "critic", "moments"] {
        assert!(place.bytes(&format!("bars.training/resume/{name}.safetensors")).len() <= 16 << 20, "{name}");
    }
    assert!(place.bytes(FILE).len() <= 3_000_000);

    let mut generate = place.command(&format!("generate {FILE} --size 32x32 --backend cpu --out made"));
    generate.args(["--set", "prompt=red bar", "--set", "class=bar", "--set", "shades=8"]);
    assert!(generate.output().unwrap().status.success());
    assert_eq!(place.path("made").read_dir().unwrap().count(), 2);

    let report = "--json --report report --history training=bars.training/history.jsonl";
    let numbers = "--copies 20 --judged 6 --classifier-updates 3 --sheet sheet.png --pairs pairs.png";
    let evaluate = format!("evaluate {FILE} --data data {report} {numbers}");
    let figures: serde_json::Value = serde_json::from_str(&place.good(&evaluate)[0]).unwrap();
    assert_eq!(figures["trained_on_this_data"], true);
    assert!(figures["figures"]["spaces"][0]["frechet"]["generated"].as_f64().unwrap() > 0.0);
    assert_eq!(figures["figures"]["copies"][2]["samples"], 20);
    for plot in ["classes", "copies_pixels", "copies_filters", "copies_classifier", "training"] {
        let svg = std::fs::read_to_string(place.path(&format!("report/{plot}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<text"), "{plot}");
    }
    assert!(place.path("report/figures.json").exists());
    assert_eq!(image::image_dimensions(place.path("pairs.png")).unwrap().0, 8 * 34 * 2);
    assert!(place.path("sheet.png").exists());
    assert!(place.bad(&format!("{evaluate} --family materials")).contains("no materials"));
    assert!(place.bad(&format!("{evaluate} --history x=nowhere")).contains("cannot read nowhere"));
}

#[test]
fn a_file_that_is_no_pack_is_named() {
    let place = Place::new();
    std::fs::write(place.path("wrong.pack"), "no pack").unwrap();
    let message = place.bad("train sprites wrong.pack --out x.generator.safetensors");
    assert!(message.contains("wrong.pack: not a pack of pictures"), "{message}");
    assert!(place.bad("pack nowhere --out x.pack").contains("nowhere"));
    std::fs::create_dir(place.path("empty")).unwrap();
    assert!(place.bad("pack empty --out x.pack").contains("no PNG files"));
}
