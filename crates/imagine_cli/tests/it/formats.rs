//! `imagine generate --out NAME.EXT`: written in that format, or refused before anything is computed.

use imagine_exemplar::picture::decode;

use crate::sandbox::{GENERATOR, Sandbox};

/// The base colour of the small generator, alone in a file.
fn one_output() -> Sandbox {
    let sandbox = Sandbox::with_generator();
    sandbox.succeed(&format!("generate {GENERATOR} --backend cpu --size 24x16 --seed 3 --out all"));
    sandbox
}

#[test]
fn every_extension_is_written_in_its_format() {
    let sandbox = one_output();
    let expected = image::open(sandbox.path("all/base_color.png")).unwrap().to_rgb8();
    for (extension, begins) in [
        ("png", b"\x89PNG".as_slice()),
        ("jpg", b"\xFF\xD8\xFF"),
        ("jpeg", b"\xFF\xD8\xFF"),
        ("webp", b"RIFF"),
        ("tif", b"II*\0"),
        ("tiff", b"II*\0"),
        ("exr", b"v/1\x01"),
    ] {
        let file = format!("x.{extension}");
        sandbox.succeed(&format!("generate --from all/base_color.png {GENERATOR} --out {file}"));
        let bytes = sandbox.bytes(&file);
        assert!(bytes.starts_with(begins), "{extension}");
        let shown = decode(&bytes).unwrap().into_srgb8();
        assert_eq!(shown.dimensions(), expected.dimensions(), "{extension}");
        let sum: u64 = shown.pixels().zip(expected.pixels()).map(|(a, b)| u64::from(a.0[0].abs_diff(b.0[0]))).sum();
        let tolerance = if extension.starts_with("jp") { 12.0 } else { 0.51 };
        assert!(sum as f64 / (24.0 * 16.0) <= tolerance, "{extension}: {sum}");
        // The recipe in the file makes it again.
        sandbox.succeed(&format!("generate --from {file} {GENERATOR} --out again.{extension}"));
        assert_eq!(sandbox.bytes(&format!("again.{extension}")), bytes, "{extension}");
    }
}

#[test]
fn a_folder_can_have_any_format() {
    let sandbox = Sandbox::with_generator();
    for format in ["jpg", "webp", "tif", "exr"] {
        sandbox.succeed(&format!("generate {GENERATOR} --backend cpu --size 8x8 --format {format} --out {format}"));
        for map in ["base_color", "roughness"] {
            assert!(decode(&sandbox.bytes(&format!("{format}/{map}.{format}"))).is_ok(), "{format}");
        }
    }
}

#[test]
fn heights_have_sixteen_bits_and_more_steps_than_bytes() {
    let sandbox = Sandbox::new();
    sandbox.succeed("generate noise_material --backend cpu --size 128x128 --out png");
    let height = image::open(sandbox.path("png/height.png")).unwrap();
    assert_eq!(height.color(), image::ColorType::L16);
    let distinct: std::collections::BTreeSet<u16> = height.to_luma16().iter().copied().collect();
    assert!(distinct.len() > 1000, "{} heights", distinct.len());
    assert_eq!(image::open(sandbox.path("png/roughness.png")).unwrap().color(), image::ColorType::L8);
    sandbox.succeed("generate noise_material --backend cpu --size 128x128 --depth 8 --out eight");
    let eight = image::open(sandbox.path("eight/height.png")).unwrap();
    assert_eq!(eight.color(), image::ColorType::L8);
    for (deep, byte) in height.to_luma16().iter().zip(eight.to_luma8().iter()) {
        assert!((f32::from(*deep) / 257.0 - f32::from(*byte)).abs() <= 0.51);
    }
    for folder in ["png", "eight"] {
        sandbox.succeed(&format!("generate --from {folder}/height.png --out again.png"));
        assert_eq!(sandbox.bytes("again.png"), sandbox.bytes(&format!("{folder}/height.png")), "{folder}");
    }
    for (depth, tolerance) in [("16", 3e-4), ("32", 1.6e-5)] {
        sandbox.succeed(&format!(
            "generate noise_material --backend cpu --size 128x128 --format exr --depth {depth} --out exr"
        ));
        let exr = decode(&sandbox.bytes("exr/height.exr")).unwrap();
        for (index, deep) in (0..).zip(height.to_luma16().iter()) {
            let found = exr.texel(index % 128, index / 128)[0];
            assert!((found - f32::from(*deep) / 65_535.0).abs() < tolerance, "{depth}: {found}");
        }
    }
}

#[test]
fn hdr_is_kept_or_shown() {
    let sandbox = Sandbox::new();
    let generate =
        |out: &str| sandbox.succeed(&format!("generate cloudy_sky --backend cpu --seed 4 --size 16x8 --out {out}"));
    for extension in ["hdr", "exr", "png", "jpg", "webp", "tif"] {
        generate(&format!("sky.{extension}"));
    }
    let [hdr, exr] = ["hdr", "exr"].map(|extension| decode(&sandbox.bytes(&format!("sky.{extension}"))).unwrap());
    let brightest =
        |picture: &imagine_exemplar::picture::Picture| picture.pixels.to_rgb32f().iter().copied().fold(0.0, f32::max);
    assert!(brightest(&hdr) > 1.0 && (brightest(&exr) / brightest(&hdr) - 1.0).abs() < 0.02);
    let [png, tif] =
        ["png", "tif"].map(|extension| image::open(sandbox.path(&format!("sky.{extension}"))).unwrap().to_rgb8());
    assert_eq!(png, tif);
    // HDR and its tone-mapped picture each make themselves again.
    for file in ["sky.hdr", "sky.exr", "sky.png"] {
        sandbox.succeed(&format!("generate --from {file} --out again_{file}"));
        assert_eq!(sandbox.bytes(&format!("again_{file}")), sandbox.bytes(file), "{file}");
    }
    sandbox.succeed("generate --from sky.hdr --out folder");
    assert_eq!(sandbox.bytes("folder/radiance.hdr"), sandbox.bytes("sky.hdr"));
}

#[test]
fn what_a_format_cannot_hold_is_refused_before_anything_is_computed() {
    let sandbox = one_output();
    let before = sandbox.names();
    for (arguments, part) in [
        ("--from all/roughness.png --out x.hdr", "output \"roughness\" is roughness, not HDR radiance"),
        ("--from all/roughness.png --out x.tga", "x.tga: tga files are not written; end the name in"),
        ("--from all/roughness.png --depth 32 --out x.png", "--depth 32: png files have 8 or 16 bits a channel"),
        ("--from all/roughness.png --depth 16 --out x.jpg", "--depth 16: jpg files have 8 bits a channel"),
        ("--from all/roughness.png --format webp --out x.png", "a file of this name is png, not webp"),
        ("--from all/roughness.png --compress bc --out x.png", "--compress is for KTX2 files"),
        ("--from all/roughness.png --compress bc --size 8x8 --out x.ktx2", "cannot be used with"),
        ("--backend cpu --format hdr --out folder", "output \"base_color\" is base_color, not HDR radiance"),
        (
            "--backend cpu --size 10x8 --ktx2 --compress bc --out folder",
            "10x8 texels: both sides of a texture in blocks",
        ),
    ] {
        let message = sandbox.fail(&format!("generate {GENERATOR} {arguments}"));
        assert!(message.contains(part), "{arguments}: {message}");
        assert_eq!(sandbox.names(), before, "{arguments}");
    }
}

#[test]
fn ktx2_files_are_compressed_on_request() {
    let sandbox = Sandbox::new();
    let generate = |options: &str, out: &str| {
        sandbox.succeed(&format!("generate noise_material --backend cpu --size 64x64 --ktx2 {options} --out {out}"));
    };
    generate("", "plain");
    generate("--compress bc", "bc");
    generate("--compress bc,zstd", "both");
    for (map, format) in [
        ("base_color", ktx2::Format::BC7_SRGB_BLOCK),
        ("normal", ktx2::Format::BC5_UNORM_BLOCK),
        ("roughness", ktx2::Format::BC4_UNORM_BLOCK),
    ] {
        let [plain, bc, both] = ["plain", "bc", "both"].map(|folder| sandbox.bytes(&format!("{folder}/{map}.ktx2")));
        let reader = ktx2::Reader::new(&bc).unwrap();
        assert_eq!(reader.header().format, Some(format), "{map}");
        assert_eq!(reader.levels().count(), 7);
        let reader = ktx2::Reader::new(&both).unwrap();
        assert_eq!(reader.header().supercompression_scheme, Some(ktx2::SupercompressionScheme::Zstandard));
        assert!(
            bc.len() < plain.len() && both.len() <= bc.len() + 128,
            "{map}: {} {} {}",
            plain.len(),
            bc.len(),
            both.len()
        );
        for folder in ["plain", "bc", "both"] {
            sandbox.succeed(&format!("generate --from {folder}/{map}.ktx2 --out again.ktx2"));
            assert_eq!(sandbox.bytes("again.ktx2"), sandbox.bytes(&format!("{folder}/{map}.ktx2")), "{folder} {map}");
        }
    }
    sandbox.succeed("generate --from both/roughness.ktx2 --compress zstd --out again.ktx2");
    let again = sandbox.bytes("again.ktx2");
    let reader = ktx2::Reader::new(&again).unwrap();
    assert_eq!(reader.header().format, Some(ktx2::Format::R8_UNORM));
    sandbox.succeed("generate --from both/roughness.ktx2 --out again.png");
    sandbox.succeed("generate cloudy_sky --backend cpu --size 16x16 --cube --compress bc --out sky.ktx2");
    let sky = sandbox.bytes("sky.ktx2");
    let reader = ktx2::Reader::new(&sky).unwrap();
    assert_eq!((reader.header().format, reader.header().face_count), (Some(ktx2::Format::BC6H_UFLOAT_BLOCK), 6));
    sandbox.succeed("generate --from sky.ktx2 --out again.ktx2");
    assert_eq!(sandbox.bytes("again.ktx2"), sky);
}
