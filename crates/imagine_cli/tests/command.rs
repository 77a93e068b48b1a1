//! The `imagine` program as a person meets it: wrong input, equal bytes, pictures made again, promised JSON keys.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{
    Add, Clip, Dim, Extent, Generator, Graph, InputKind, Mul, OutputKind, RandomUniform, Recurrence, SizeRule, Slice,
    Tanh, Tensor,
};
use serde_json::Value;

/// A folder with a small recurrent generator that has a control, a colour and a roughness.
struct Place {
    folder: tempfile::TempDir,
    generator: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let generator = folder.path().join("noise.generator.safetensors");
        file::save(&generator, &small_generator(), WeightFormat::F32).unwrap();
        Self { folder, generator }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let generator = self.generator.to_str().unwrap();
        let arguments = arguments.iter().map(|argument| if *argument == "FILE" { generator } else { argument });
        Command::new(env!("CARGO_BIN_EXE_imagine")).args(arguments).current_dir(&self.folder).output().unwrap()
    }

    /// Runs what must succeed; what it prints.
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn small_generator() -> Generator {
    let mut init = Graph::default();
    init.push("state", RandomUniform { low: 0.0, high: 1.0, shape: Dim::nchw(4), stream: 1000 }, []);
    init.output("state", OutputKind::State);

    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(4));
    step.weight("gain", Tensor::scalar(1.5));
    step.push("scaled", Mul {}, ["state", "gain"]);
    step.push("next", Tanh {}, ["scaled"]);
    step.output("next", OutputKind::State);

    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(4));
    output.input("wear", InputKind::Range { min: 0.0, max: 1.0, default: 0.0 }, Vec::new());
    let channels = |from, to| Slice { starts: vec![from], ends: vec![to], axes: vec![1], steps: vec![1] };
    output.push("worn", Add {}, ["state", "wear"]);
    output.push("clipped", Clip { min: Some(0.0), max: Some(1.0) }, ["worn"]);
    output.push("base_color", channels(0, 3), ["clipped"]);
    output.push("roughness", channels(3, 4), ["clipped"]);
    output.output("base_color", OutputKind::BaseColor);
    output.output("roughness", OutputKind::Roughness);

    let recurrence = Some(Recurrence { init, step, steps: 3, step_rate: 30.0 });
    let size = SizeRule { multiple: Extent::splat(1), min: Extent::splat(1), tiles: true };
    Generator { output, recurrence, size, card: Default::default() }
}

fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn wrong_input_is_code_2_one_message_and_nothing_written() {
    let place = Place::new();
    std::fs::write(place.path("bad.generator.safetensors"), b"no generator").unwrap();
    std::fs::write(place.path("plain.png"), b"no picture").unwrap();
    let before = place.names();
    let cases: &[(&[&str], &str)] = &[
        (&["generate", "missing.generator.safetensors", "--out", "o"], "missing"),
        (&["generate", "bad.generator.safetensors", "--out", "o"], "bad"),
        (&["generate", "FILE", "--size", "12", "--out", "o"], "WIDTHxHEIGHT"),
        (&["generate", "FILE", "--size", "0x5", "--out", "o"], "WIDTHxHEIGHT"),
        (&["generate", "FILE", "--set", "rust=1", "--out", "o", "--backend", "cpu"], "wear"),
        (&["generate", "FILE", "--set", "wear=much", "--out", "o", "--backend", "cpu"], "number"),
        (&["generate", "FILE", "--set", "wear", "--out", "o"], "NAME=VALUE"),
        (&["generate", "FILE", "--steps", "4000000000", "--out", "o", "--backend", "cpu"], "steps"),
        (&["generate", "FILE", "--out", "one.png", "--backend", "cpu"], "roughness"),
        (&["generate", "--from", "plain.png", "--out", "o.png"], "not a PNG"),
        (&["generate", "--from", "plain.png", "--seed", "3", "--out", "o.png"], "cannot be used with"),
        (&["generate", "FILE"], "--out"),
        (&["generate", "cloudy_sky", "--size", "64x64", "--out", "o", "--backend", "cpu"], "batch 6 of square images"),
        (&["generate", "cloudy_sky", "--size", "8x8", "--cube", "--out", "o.png", "--backend", "cpu"], "give a folder"),
        (&["generate", "noise_material", "--size", "100x64", "--out", "o", "--backend", "cpu"], "128x64"),
        (&["inspect", "bad.generator.safetensors"], "bad"),
        (&["compare", "bad.generator.safetensors"], "bad"),
        (&["bench", "bad.generator.safetensors"], "bad"),
        (&["train", "texture", "plain.png", "--out", "x.png"], "generator.safetensors"),
        (&["train", "texture", "plain.png", "--out", "x.generator.safetensors"], "plain.png"),
        (&["train", "texture", "plain.png", "--out", "x.generator.safetensors", "--resume"], "no resume set"),
        (&["dance"], "unrecognized"),
    ];
    for (arguments, part) in cases {
        let output = place.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {part:?} is missing in {message}");
        assert_eq!(message.matches("error:").count(), 1, "{arguments:?}: {message}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
    assert_eq!(place.names(), before);
}

#[test]
fn equal_requests_give_equal_bytes_and_pictures_are_made_again() {
    let place = Place::new();
    for backend in ["cpu", "gpu"] {
        let make = |out: &str, seed: &str| {
            let wanted =
                ["generate", "FILE", "--size", "33x17", "--seed", seed, "--set", "wear=0.25", "--backend", backend];
            place.good(&[&wanted[..], &["--out", out]].concat());
        };
        make("a", "5");
        make("b", "5");
        make("c", "6");
        for name in ["base_color.png", "roughness.png"] {
            let first = bytes(place.path("a").join(name));
            assert_eq!(first, bytes(place.path("b").join(name)), "{backend} {name}");
            assert_ne!(first, bytes(place.path("c").join(name)), "{backend} {name}");
            let from = format!("a/{name}");
            place.good(&["generate", "FILE", "--from", &from, "--out", "again.png"]);
            assert_eq!(first, bytes(place.path("again.png")), "{backend} {name}");
            // The generator is found by its hash.
            place.good(&["generate", "--from", &from, "--out", "found.png"]);
            assert_eq!(first, bytes(place.path("found.png")), "{backend} {name}");
        }
    }
}

#[test]
fn little_memory_changes_no_byte() {
    let place = Place::new();
    let wanted = ["generate", "FILE", "--size", "700x500", "--seed", "5"];
    place.good(&[&wanted[..], &["--out", "whole"]].concat());
    place.good(&[&wanted[..], &["--out", "tiles", "--memory", "3"]].concat());
    for name in ["base_color.png", "roughness.png"] {
        assert_eq!(bytes(place.path("whole").join(name)), bytes(place.path("tiles").join(name)), "{name}");
    }
}

#[test]
fn a_picture_of_another_generator_is_refused() {
    let place = Place::new();
    place.good(&["generate", "FILE", "--size", "4x4", "--backend", "cpu", "--out", "a"]);
    let mut other = small_generator();
    other.card.title = "another".into();
    file::save(&place.generator, &other, WeightFormat::F32).unwrap();
    for arguments in [
        &["generate", "FILE", "--from", "a/roughness.png", "--out", "b.png"][..],
        &["generate", "--from", "a/roughness.png", "--out", "b.png"][..],
    ] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("SHA-256"));
    }
    assert!(!place.path("b.png").exists());
}

#[test]
fn json_has_the_promised_keys() {
    let place = Place::new();
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&place.good(arguments)).unwrap() };
    let inspected = json(&["inspect", "FILE", "--size", "64x32", "--json"]);
    assert_eq!(inspected["outputs"].as_array().unwrap().len(), 2);
    assert_eq!(inspected["steps"], 3);
    assert!(inspected["arena_bytes"].as_u64().unwrap() > 0);
    assert!(place.good(&["inspect", "FILE"]).contains("roughness"));

    let compared = json(&["compare", "FILE", "--size", "33x17", "--steps", "4", "--json"]);
    assert!(compared["max_abs_diff"].as_f64().unwrap() < 1e-4, "{compared}");
    assert!(compared["max_step_diff"].as_f64().unwrap() < 1e-5, "{compared}");
    assert_eq!(compared["passes"], true);
    let half = json(&["compare", "FILE", "--size", "33x17", "--steps", "4", "--precision", "f16", "--json"]);
    assert_eq!((&half["precision"], &half["passes"]), (&"f16".into(), &true.into()), "{half}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_imagine"));
    let output = command.arg("inspect").arg(&place.generator).stdout(writer).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn bench_has_the_promised_keys() {
    let place = Place::new();
    let arguments = ["bench", "FILE", "--size", "16x16", "--runs", "3", "--warm", "1", "--no-cold", "--json"];
    let measured: Value = serde_json::from_str(&place.good(&arguments)).unwrap();
    for key in ["ours_ms", "burn_wgpu_ms", "ratio"] {
        assert!(measured[key].as_f64().unwrap() > 0.0, "{key} in {measured}");
    }
    let alone: Vec<&str> = arguments.into_iter().chain(["--ours-alone"]).collect();
    let measured: Value = serde_json::from_str(&place.good(&alone)).unwrap();
    assert!(measured["ours_ms"].as_f64().unwrap() > 0.0 && measured["ratio"].is_null(), "{measured}");
}

#[test]
fn generators_built_in_code_run_by_name_and_from_their_files() {
    let place = Place::new();
    assert_eq!(place.good(&["generators"]).lines().collect::<Vec<_>>(), ["noise_material", "cloudy_sky"]);
    place.good(&["generators", "--out", "built"]);
    let wanted = ["--size", "64x64", "--set", "coat=0.5", "--backend", "cpu"];
    place.good(&[&["generate", "noise_material", "--out", "by_name"], &wanted[..]].concat());
    let file = "built/noise_material.generator.safetensors";
    place.good(&[&["generate", file, "--out", "by_file"], &wanted[..]].concat());
    for map in ["base_color", "height", "normal", "roughness", "metallic", "occlusion"] {
        let [named, filed] = ["by_name", "by_file"].map(|folder| bytes(place.path(&format!("{folder}/{map}.png"))));
        assert_eq!(named, filed, "{map}");
        let text = String::from_utf8_lossy(&named);
        assert!(text.contains("/algorithmicMedia") && !text.contains("trained"), "{map}: no network was trained");
    }
    // The recipe is enough: the generator needs no file.
    std::fs::remove_dir_all(place.path("built")).unwrap();
    place.good(&["generate", "--from", "by_name/normal.png", "--out", "again.png"]);
    assert_eq!(bytes(place.path("again.png")), bytes(place.path("by_name/normal.png")));
    let report: Value = serde_json::from_str(&place.good(&["inspect", "cloudy_sky", "--json"])).unwrap();
    assert_eq!(report["card"]["license"], "MIT OR Apache-2.0");
}

#[test]
fn a_sky_is_written_as_hdr_and_shown_as_png() {
    let place = Place::new();
    let sky = ["generate", "cloudy_sky", "--backend", "cpu", "--seed", "4"];
    place.good(&[&sky[..], &["--size", "8x8", "--cube", "--preview=-1", "--out", "faces"]].concat());
    for face in ["px", "nx", "py", "ny", "pz", "nz"] {
        let hdr = bytes(place.path(&format!("faces/radiance_{face}.hdr")));
        assert!(hdr.starts_with(b"#?RADIANCE\nIMAGINE={"), "{face}");
        let decoder = image::codecs::hdr::HdrDecoder::new(hdr.as_slice()).unwrap();
        let metadata = decoder.metadata();
        assert_eq!((metadata.width, metadata.height), (8, 8), "{face}");
        let shown = format!("faces/radiance_{face}.png");
        if face == "px" {
            place.good(&["generate", "--from", &shown, "--out", "again"]);
            assert_eq!(bytes(place.path("again/radiance_px.png")), bytes(place.path(&shown)));
        }
    }
    place.good(&[&sky[..], &["--size", "16x8", "--out", "panorama.hdr"]].concat());
    place.good(&[&sky[..], &["--size", "16x8", "--out", "panorama.png"]].concat());
    let from_hdr = image::load_from_memory(&bytes(place.path("panorama.hdr"))).unwrap().into_rgb32f();
    let from_png = image::load_from_memory(&bytes(place.path("panorama.png"))).unwrap().into_rgb8();
    assert_eq!(from_hdr.dimensions(), from_png.dimensions());
    let (top, bottom) = (from_hdr.get_pixel(3, 1), from_hdr.get_pixel(3, 7));
    assert!(
        top.0[2] > bottom.0[2] && from_png.get_pixel(3, 1).0[2] > from_png.get_pixel(3, 7).0[2],
        "{top:?} {bottom:?}"
    );
}

#[test]
fn patches_of_a_world_meet_and_are_made_again() {
    let place = Place::new();
    let patch = |at: &str, size: &str, out: &str| {
        place.good(&["generate", "FILE", "--backend", "cpu", "--size", size, "--patch", at, "--out", out]);
    };
    patch("-3,2", "16x8", "left");
    patch("-2,2", "16x8", "right");
    patch("-1,2", "32x8", "both");
    let pixels = |folder: &str| image::open(place.path(folder).join("base_color.png")).unwrap().to_rgb8();
    let (right, both) = (pixels("right"), pixels("both"));
    // Patch -1 of double width begins where patch -2 of single width does.
    assert_eq!(image::imageops::crop_imm(&both, 0, 0, 16, 8).to_image(), right);
    assert_ne!(pixels("left"), right);
    place.good(&["generate", "--from", "left/base_color.png", "--out", "again.png"]);
    assert_eq!(bytes(place.path("again.png")), bytes(place.path("left/base_color.png")));
    let wrong = place.run(&["generate", "FILE", "--patch", "999999999999,0", "--out", "x"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("end of the world"));
    assert!(!place.run(&["generate", "FILE", "--patch", "1", "--out", "x"]).status.success());
}

#[test]
fn ktx2_files_have_all_mips_and_the_marking() {
    let place = Place::new();
    let made = |arguments: &[&str]| {
        place.good(&[&["generate", "FILE", "--backend", "cpu", "--size", "20x12"], arguments].concat());
    };
    made(&["--ktx2", "--out", "maps"]);
    made(&["--out", "png"]);
    for (name, format, channels) in
        [("base_color", ktx2::Format::R8G8B8A8_SRGB, 4), ("roughness", ktx2::Format::R8_UNORM, 1)]
    {
        let file = bytes(place.path("maps").join(format!("{name}.ktx2")));
        let reader = ktx2::Reader::new(&file).unwrap();
        assert_eq!(reader.header().format, Some(format));
        let levels: Vec<&[u8]> = reader.levels().map(|level| level.data).collect();
        let sizes: Vec<usize> = levels.iter().map(|level| level.len() / channels).collect();
        assert_eq!(sizes, [240, 60, 15, 2, 1], "{name}");
        let picture = image::open(place.path("png").join(format!("{name}.png"))).unwrap();
        let expected = if channels == 4 { picture.to_rgba8().into_raw() } else { picture.to_luma8().into_raw() };
        assert!(levels[0] == expected, "{name}");
        let texts: Vec<String> =
            reader.key_value_data().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
        assert!(texts.iter().any(|text| text.contains("trainedAlgorithmicMedia")));
        assert!(texts.iter().any(|text| text.contains("generator_sha256")));
    }
    assert!(!place.run(&["generate", "FILE", "--ktx2", "--out", "x.png"]).status.success());
    assert!(!place.run(&["generate", "FILE", "--out", "x.ktx2"]).status.success());
}
