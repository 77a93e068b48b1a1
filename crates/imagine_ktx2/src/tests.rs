//! Files are read back with the `ktx2` crate and checked against the specification; averages of mip levels.

use super::*;

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|value| (value * 255.0).round() as u8).collect()
}

fn texture(format: Format, width: u32, height: u32, faces: u32) -> Texture {
    let most = width.max(height).ilog2() + 1;
    let level = |level: u32| {
        let texels = (width >> level).max(1) * (height >> level).max(1) * faces;
        (0..texels as usize * format.texel_bytes()).map(|i| (i * 31 + level as usize) as u8).collect()
    };
    Texture { format, width, height, faces, levels: (0..most).map(level).collect() }
}

/// Writes textures of several sizes and reads them back.
fn read_back(format: Format, expected: ktx2::Format) {
    for (width, height, faces) in [(8, 8, 1), (5, 3, 1), (1, 1, 1), (16, 2, 1), (4, 4, 6)] {
        let texture = texture(format, width, height, faces);
        let file = encode(&texture, Source::TrainedNetwork, "seed é 7").unwrap();
        let reader = ktx2::Reader::new(&file).unwrap();
        let header = reader.header();
        assert_eq!(header.format, Some(expected));
        assert_eq!((header.pixel_width, header.pixel_height, header.face_count), (width, height, faces));
        assert_eq!((header.pixel_depth, header.layer_count), (0, 0));
        let levels: Vec<&[u8]> = reader.levels().map(|level| level.data).collect();
        assert_eq!(levels, texture.levels);
        check_sections(&file, &texture);
        let srgb = format == Format::Rgba8Srgb;
        let transfer = if srgb { ktx2::TransferFunction::SRGB } else { ktx2::TransferFunction::Linear };
        assert_eq!(reader.transfer_function(), Some(transfer));
        assert_eq!(reader.color_model(), Some(ktx2::ColorModel::RGBSDA));
        let basic = reader.basic_dfd().unwrap();
        assert_eq!(basic.sample_information.len(), format.channels());
        assert_eq!(usize::from(basic.bytes_planes[0]), format.texel_bytes());
    }
}

#[test]
fn r8_is_read_back() {
    read_back(Format::R8, ktx2::Format::R8_UNORM);
}

#[test]
fn rgba8_is_read_back() {
    read_back(Format::Rgba8, ktx2::Format::R8G8B8A8_UNORM);
}

#[test]
fn rgba8_srgb_is_read_back() {
    read_back(Format::Rgba8Srgb, ktx2::Format::R8G8B8A8_SRGB);
}

#[test]
fn rgba16_float_is_read_back() {
    read_back(Format::Rgba16Float, ktx2::Format::R16G16B16A16_SFLOAT);
}

/// The specification's rules on offsets: levels from small to large, aligned, nothing after the last.
fn check_sections(file: &[u8], texture: &Texture) {
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
    let offsets: Vec<(usize, usize)> =
        (0..texture.levels.len()).map(|level| (word(80 + 24 * level), word(88 + 24 * level))).collect();
    let alignment = texture.format.texel_bytes().max(4);
    for pair in offsets.windows(2) {
        assert!(pair[1].0 + pair[1].1 <= pair[0].0, "{offsets:?}");
    }
    assert!(offsets.iter().all(|(offset, _)| offset.is_multiple_of(alignment)), "{offsets:?}");
    assert_eq!(offsets[0].0 + offsets[0].1, file.len());
}

#[test]
fn metadata_and_recipe_are_in_sorted_keys() {
    let texture = texture(Format::Rgba8, 4, 4, 1);
    let file = encode(&texture, Source::TrainedNetwork, "(seed: 7)").unwrap();
    assert_eq!(file, encode(&texture, Source::TrainedNetwork, "(seed: 7)").unwrap());
    let reader = ktx2::Reader::new(&file).unwrap();
    let pairs: Vec<(&str, &str)> =
        reader.key_value_data().map(|(key, value)| (key, std::str::from_utf8(value).unwrap())).collect();
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["KTXorientation", "KTXwriter", XMP_KEY, RECIPE_KEY]);
    assert!(pairs[2].1.contains("digitalsourcetype/trainedAlgorithmicMedia"));
    assert_eq!(pairs[3].1, "(seed: 7)\0");
    let formula = encode(&texture, Source::Formula, "").unwrap();
    assert!(String::from_utf8_lossy(&formula).contains("digitalsourcetype/algorithmicMedia"));
}

#[test]
fn invalid_textures_are_refused() {
    let good = texture(Format::Rgba8, 4, 2, 1);
    let refused = |texture: Texture| encode(&texture, Source::Formula, "").unwrap_err();
    assert!(matches!(refused(Texture { width: 0, ..good.clone() }), EncodeError::Size { .. }));
    assert!(matches!(refused(Texture { faces: 6, ..good.clone() }), EncodeError::Size { .. }));
    assert!(matches!(refused(Texture { levels: Vec::new(), ..good.clone() }), EncodeError::Levels { .. }));
    assert!(matches!(refused(Texture { height: 3, ..good.clone() }), EncodeError::Level { level: 0, .. }));
    let long = "x".repeat(imagine_png::MAX_RECIPE_BYTES + 1);
    assert!(matches!(encode(&good, Source::Formula, &long), Err(EncodeError::Recipe { .. })));
}

#[test]
fn levels_average_light_normals_and_plain_values() {
    let checker = [0.0, 1.0, 1.0, 0.0];
    assert_eq!(levels(&checker, [2, 2], 1, Average::Linear, bytes)[1], [128]);
    // Half of the light is 188 in sRGB.
    let color: Vec<f32> = checker.iter().flat_map(|value| [*value, *value, *value, 0.5]).collect();
    assert_eq!(levels(&color, [2, 2], 4, Average::Srgb, bytes)[1], [188, 188, 188, 128]);
    // Two opposite slopes average to a normal that points straight up.
    let normals = [0.85, 0.5, 0.85, 1.0, 0.15, 0.5, 0.85, 1.0];
    assert_eq!(levels(&normals, [2, 1], 4, Average::Normal, bytes)[1], [128, 128, 255, 255]);
    // Three texels become one, with equal weights.
    assert_eq!(levels(&[0.0, 0.3, 0.9], [3, 1], 1, Average::Linear, bytes), [vec![0, 77, 230], vec![102]]);
    // Five become two, which share the middle texel.
    let two = &levels(&[1.0, 0.0, 1.0, 0.0, 0.0], [5, 1], 1, Average::Linear, bytes)[1];
    assert_eq!(two, &[153, 51]);
    let sizes: Vec<usize> = levels(&[0.5; 37 * 22], [37, 22], 1, Average::Linear, bytes).iter().map(Vec::len).collect();
    assert_eq!(sizes, [37 * 22, 18 * 11, 9 * 5, 4 * 2, 2, 1]);
}
