//! `imagine generate` on generator files and built-in generators: equal bytes for equal requests, recipes, patches, formats.

use imagine_graph::file::{self, WeightFormat};

use crate::sandbox::{GENERATOR, Sandbox, small_generator};

/// Equal requests give equal bytes, other seeds others, and a recipe gives the same picture again.
fn is_reproducible(backend: &str) {
    let sandbox = Sandbox::with_generator();
    for (out, seed) in [("a", 5), ("b", 5), ("c", 6)] {
        let request = format!("--size 33x17 --seed {seed} --set wear=0.25 --backend {backend}");
        sandbox.succeed(&format!("generate {GENERATOR} {request} --out {out}"));
    }
    for name in ["base_color.png", "roughness.png"] {
        let first = sandbox.bytes(&format!("a/{name}"));
        assert_eq!(first, sandbox.bytes(&format!("b/{name}")), "{name}");
        assert_ne!(first, sandbox.bytes(&format!("c/{name}")), "{name}");
        sandbox.succeed(&format!("generate {GENERATOR} --from a/{name} --out again.png"));
        assert_eq!(first, sandbox.bytes("again.png"), "{name}");
    }
    // Without a file name, the generator is found by its hash.
    sandbox.succeed("generate --from a/roughness.png --out found.png");
    assert_eq!(sandbox.bytes("a/roughness.png"), sandbox.bytes("found.png"));
}

#[test]
fn cpu_pictures_are_reproducible() {
    is_reproducible("cpu");
}

#[test]
fn gpu_pictures_are_reproducible() {
    is_reproducible("gpu");
}

#[test]
fn a_memory_limit_changes_no_byte() {
    let sandbox = Sandbox::with_generator();
    sandbox.succeed(&format!("generate {GENERATOR} --size 700x500 --seed 5 --out whole"));
    sandbox.succeed(&format!("generate {GENERATOR} --size 700x500 --seed 5 --out tiles --memory 3"));
    for name in ["base_color.png", "roughness.png"] {
        assert_eq!(sandbox.bytes(&format!("whole/{name}")), sandbox.bytes(&format!("tiles/{name}")), "{name}");
    }
}

#[test]
fn the_recipe_of_another_generator_is_refused() {
    let sandbox = Sandbox::with_generator();
    sandbox.succeed(&format!("generate {GENERATOR} --size 4x4 --backend cpu --out a"));
    let mut other = small_generator();
    other.card.title = "another".into();
    file::save(sandbox.path(GENERATOR), &other, WeightFormat::F32).unwrap();
    for generator in [GENERATOR, ""] {
        let message = sandbox.fail(&format!("generate {generator} --from a/roughness.png --out b.png"));
        assert!(message.contains("SHA-256"), "{message}");
    }
    assert!(!sandbox.path("b.png").exists());
}

#[test]
fn built_in_generators_run_by_name_and_from_their_files() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.succeed("generators")[0],
        "noise_material\ncloudy_sky\npixel_art_x2\npixel_art_x3\npixel_art_x4\n"
    );
    sandbox.succeed("generators --out built");
    let request = "--size 64x64 --set coat=0.5 --backend cpu";
    sandbox.succeed(&format!("generate noise_material --out by_name {request}"));
    sandbox.succeed(&format!("generate built/noise_material.generator.safetensors --out by_file {request}"));
    for map in ["base_color", "height", "normal", "roughness", "metallic", "occlusion"] {
        let [named, filed] = ["by_name", "by_file"].map(|folder| sandbox.bytes(&format!("{folder}/{map}.png")));
        assert_eq!(named, filed, "{map}");
        let text = String::from_utf8_lossy(&named);
        assert!(text.contains("/algorithmicMedia") && !text.contains("trained"), "{map}: no network was trained");
    }
    // Built-in generators are found by their hash without any file.
    std::fs::remove_dir_all(sandbox.path("built")).unwrap();
    sandbox.succeed("generate --from by_name/normal.png --out again.png");
    assert_eq!(sandbox.bytes("again.png"), sandbox.bytes("by_name/normal.png"));
}

#[test]
fn a_cubemap_is_written_as_hdr_and_tone_mapped() {
    let sandbox = Sandbox::new();
    sandbox.succeed("generate cloudy_sky --backend cpu --seed 4 --size 8x8 --cube --preview=-1 --out faces");
    for face in ["px", "nx", "py", "ny", "pz", "nz"] {
        let hdr = sandbox.bytes(&format!("faces/radiance_{face}.hdr"));
        assert!(hdr.starts_with(b"#?RADIANCE\nIMAGINE={"), "{face}");
        let decoder = image::codecs::hdr::HdrDecoder::new(hdr.as_slice()).unwrap();
        let metadata = decoder.metadata();
        assert_eq!((metadata.width, metadata.height), (8, 8), "{face}");
    }
    sandbox.succeed("generate --from faces/radiance_px.png --out again");
    assert_eq!(sandbox.bytes("again/radiance_px.png"), sandbox.bytes("faces/radiance_px.png"));
}

#[test]
fn hdr_and_png_show_the_same_panorama() {
    let sandbox = Sandbox::new();
    for file in ["panorama.hdr", "panorama.png"] {
        sandbox.succeed(&format!("generate cloudy_sky --backend cpu --seed 4 --size 16x8 --out {file}"));
    }
    let hdr = image::load_from_memory(&sandbox.bytes("panorama.hdr")).unwrap().into_rgb32f();
    let png = image::load_from_memory(&sandbox.bytes("panorama.png")).unwrap().into_rgb8();
    assert_eq!(hdr.dimensions(), png.dimensions());
    let blue = |y| (hdr.get_pixel(3, y).0[2], png.get_pixel(3, y).0[2]);
    let (top, bottom) = (blue(1), blue(7));
    assert!(top.0 > bottom.0 && top.1 > bottom.1, "{top:?} {bottom:?}");
}

#[test]
fn patches_of_a_world_join_and_are_reproducible() {
    let sandbox = Sandbox::with_generator();
    for (at, size, out) in [("-3,2", "16x8", "left"), ("-2,2", "16x8", "right"), ("-1,2", "32x8", "both")] {
        sandbox.succeed(&format!("generate {GENERATOR} --backend cpu --size {size} --patch {at} --out {out}"));
    }
    let pixels = |folder: &str| image::open(sandbox.path(folder).join("base_color.png")).unwrap().to_rgb8();
    // Patch -1 of double width begins where patch -2 of single width does.
    let right = pixels("right");
    assert_eq!(image::imageops::crop_imm(&pixels("both"), 0, 0, 16, 8).to_image(), right);
    assert_ne!(pixels("left"), right);
    sandbox.succeed("generate --from left/base_color.png --out again.png");
    assert_eq!(sandbox.bytes("again.png"), sandbox.bytes("left/base_color.png"));
}

#[test]
fn ktx2_files_have_all_mips_and_metadata() {
    let sandbox = Sandbox::with_generator();
    sandbox.succeed(&format!("generate {GENERATOR} --backend cpu --size 20x12 --ktx2 --out maps"));
    sandbox.succeed(&format!("generate {GENERATOR} --backend cpu --size 20x12 --out png"));
    for (name, format, channels) in
        [("base_color", ktx2::Format::R8G8B8A8_SRGB, 4), ("roughness", ktx2::Format::R8_UNORM, 1)]
    {
        let file = sandbox.bytes(&format!("maps/{name}.ktx2"));
        let reader = ktx2::Reader::new(&file).unwrap();
        assert_eq!(reader.header().format, Some(format));
        let levels: Vec<&[u8]> = reader.levels().map(|level| level.data).collect();
        let sizes: Vec<usize> = levels.iter().map(|level| level.len() / channels).collect();
        assert_eq!(sizes, [240, 60, 15, 2, 1], "{name}");
        let picture = image::open(sandbox.path(&format!("png/{name}.png"))).unwrap();
        let expected = if channels == 4 { picture.to_rgba8().into_raw() } else { picture.to_luma8().into_raw() };
        assert!(levels[0] == expected, "{name}");
        let texts: Vec<String> =
            reader.key_value_data().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
        assert!(texts.iter().any(|text| text.contains("trainedAlgorithmicMedia")));
        assert!(texts.iter().any(|text| text.contains("generator_sha256")));
    }
}

#[test]
fn layers_are_a_generator() {
    let sandbox = Sandbox::new();
    let layers = |mask: &str| {
        let top = format!("generator: \"noise_material\", name: \"top\", mask: {mask}, controls: {{\"coat\": \"1\"}}");
        format!("(layers: [(generator: \"noise_material\"), ({top})])")
    };
    let pixels = |name: &str| image::load_from_memory(&sandbox.bytes(name)).unwrap().into_rgba16();
    std::fs::write(sandbox.path("wall.layers.ron"), layers("Slope(from: 5.0, to: 25.0)")).unwrap();
    sandbox.succeed("generate wall.layers.ron --size 64x64 --backend cpu --out a");
    sandbox.succeed("generate wall.layers.ron --size 64x64 --backend cpu --set top.amount=0 --out bare");
    sandbox.succeed("generate noise_material --size 64x64 --backend cpu --out noise");
    for map in ["base_color", "normal", "height", "roughness", "metallic", "occlusion"] {
        assert!(pixels(&format!("bare/{map}.png")) == pixels(&format!("noise/{map}.png")), "{map}");
    }
    assert_ne!(sandbox.bytes("a/base_color.png"), sandbox.bytes("bare/base_color.png"));
    // Found by its hash, as generator files are.
    sandbox.succeed("generate --from a/normal.png --out again.png");
    assert_eq!(sandbox.bytes("again.png"), sandbox.bytes("a/normal.png"));
    assert!(sandbox.succeed("inspect wall.layers.ron")[0].contains("top.amount"));

    std::fs::write(sandbox.path("bad.layers.ron"), layers("Noise(size: 48, from: 0.0, to: 1.0)")).unwrap();
    let message = sandbox.fail("generate bad.layers.ron --out b");
    assert!(
        message.contains("bad.layers.ron") && message.contains("layer 2 (\"top\"): size of Noise is 48"),
        "{message}"
    );
    std::fs::write(sandbox.path("deep.layers.ron"), "(layers: [(generator: \"wall.layers.ron\")])").unwrap();
    let message = sandbox.fail("generate deep.layers.ron --out b");
    assert!(message.contains("layers in layers"), "{message}");
}
