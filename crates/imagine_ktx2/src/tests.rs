//! Files are read back with the `ktx2` crate and checked against the specification; averages of mip levels.

use super::*;

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().map(|value| (value * 255.0).round() as u8).collect()
}

fn texture(format: Format, width: u32, height: u32, faces: u32) -> Texture {
    let most = width.max(height).ilog2() + 1;
    let level = |level: u32| {
        let texels = (width >> level).max(1) * (height >> level).max(1) * faces;
        (0..texels as usize * format.block_bytes()).map(|i| (i * 31 + level as usize) as u8).collect()
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
        assert_eq!(usize::from(basic.bytes_planes[0]), format.block_bytes());
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
    let alignment = texture.format.block_bytes().max(4);
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

/// A smooth image with an edge, `channels` interleaved.
fn drawn(width: usize, height: usize, channels: usize) -> Vec<f32> {
    let value = |x: usize, y: usize, channel: usize| match channel {
        3 => 1.0,
        _ if x > width / 2 => 0.8 - 0.1 * channel as f32,
        _ => 0.2 + 0.5 * (x + y) as f32 / (width + height) as f32 + 0.05 * channel as f32,
    };
    (0..width * height * channels).map(|i| value(i / channels % width, i / channels / width, i % channels)).collect()
}

/// A texture of `faces` with all levels.
fn drawn_texture(format: Format, [width, height]: [usize; 2], faces: u32) -> Texture {
    let channels = format.channels();
    let store = |values: &[f32]| match format {
        Format::Rgba16Float => values.iter().flat_map(|value| half(*value).to_le_bytes()).collect(),
        _ => bytes(values),
    };
    let one = levels(&drawn(width, height, channels), [width, height], channels, Average::Linear, store);
    let levels = one.iter().map(|level| level.repeat(faces as usize)).collect();
    Texture { format, width: width as u32, height: height as u32, faces, levels }
}

fn half(value: f32) -> u16 {
    block_compression::half::f16::from_f32(value).to_bits()
}

/// Texels of level 0 decoded by another implementation, channels interleaved, 0 to 1.
fn decoded(texture: &Texture) -> Vec<f32> {
    let (width, height) = (texture.width as usize, texture.height as usize);
    let channels = texture.format.channels();
    let mut texels = vec![0.0; width * height * channels];
    for (index, block) in texture.levels[0].chunks(texture.format.block_bytes()).enumerate() {
        let (row, column) = (index / (width / 4) * 4, index % (width / 4) * 4);
        let mut small = [0u8; 64];
        let mut floats = [0.0f32; 48];
        match texture.format {
            Format::Bc4 => bcdec_rs::bc4(block, &mut small, 4, false),
            Format::Bc5 => bcdec_rs::bc5(block, &mut small, 8, false),
            Format::Bc6h => bcdec_rs::bc6h_float(block, &mut floats, 12, false),
            _ => bcdec_rs::bc7(block, &mut small, 16),
        }
        for at in 0..16 {
            let to = ((row + at / 4) * width + column + at % 4) * channels;
            for channel in 0..channels {
                let found = at * channels + channel;
                texels[to + channel] = match texture.format {
                    Format::Bc6h => floats[found],
                    _ => f32::from(small[found]) / 255.0,
                };
            }
        }
    }
    texels
}

#[test]
fn blocks_are_close_to_the_texels() {
    let size = [32, 16];
    for (format, is_normal, expected) in [
        (Format::R8, false, Format::Bc4),
        (Format::Rgba8, true, Format::Bc5),
        (Format::Rgba8, false, Format::Bc7),
        (Format::Rgba8Srgb, false, Format::Bc7Srgb),
        (Format::Rgba16Float, false, Format::Bc6h),
    ] {
        let blocks = drawn_texture(format, size, 1).in_blocks(is_normal).unwrap();
        assert_eq!(blocks.format, expected);
        let sizes: Vec<usize> = blocks.levels.iter().map(|level| level.len() / expected.block_bytes()).collect();
        assert_eq!(sizes, [32, 8, 2, 1, 1, 1], "{expected:?}");
        let (from, to) = (format.channels(), expected.channels());
        let texels = drawn(size[0], size[1], from);
        let expected_texels: Vec<f32> = texels.chunks(from).flat_map(|texel| texel[..to].to_vec()).collect();
        let worst = decoded(&blocks).iter().zip(&expected_texels).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.03, "{expected:?}: {worst}");
    }
}

#[test]
fn blocks_are_described_as_the_specification_says() {
    use ktx2::ColorModel;
    for (format, is_normal, expected, model, samples) in [
        (Format::R8, false, ktx2::Format::BC4_UNORM_BLOCK, ColorModel::BC4, 1),
        (Format::Rgba8, true, ktx2::Format::BC5_UNORM_BLOCK, ColorModel::BC5, 2),
        (Format::Rgba8, false, ktx2::Format::BC7_UNORM_BLOCK, ColorModel::BC7, 1),
        (Format::Rgba8Srgb, false, ktx2::Format::BC7_SRGB_BLOCK, ColorModel::BC7, 1),
        (Format::Rgba16Float, false, ktx2::Format::BC6H_UFLOAT_BLOCK, ColorModel::BC6H, 1),
    ] {
        let blocks = drawn_texture(format, [8, 8], 6).in_blocks(is_normal).unwrap();
        let file = encode(&blocks, Source::Formula, "").unwrap();
        let reader = ktx2::Reader::new(&file).unwrap();
        assert_eq!(reader.header().format, Some(expected));
        assert_eq!(reader.color_model(), Some(model));
        let basic = reader.basic_dfd().unwrap();
        assert_eq!(basic.sample_information.len(), samples);
        assert_eq!(usize::from(basic.bytes_planes[0]), blocks.format.block_bytes());
        assert_eq!(basic.texel_block_dimensions.map(u8::from), [4, 4, 1, 1]);
        assert_eq!(reader.levels().map(|level| level.data.to_vec()).collect::<Vec<_>>(), blocks.levels);
        check_sections(&file, &blocks);
    }
}

#[test]
fn zstandard_is_undone_by_a_reader() {
    for texture in [drawn_texture(Format::Rgba8, [64, 64], 1), drawn_texture(Format::R8, [16, 16], 6)] {
        let plain = encode(&texture, Source::Formula, "seed 7").unwrap();
        let file = encode_zstd(&texture, Source::Formula, "seed 7").unwrap();
        assert_eq!(file, encode_zstd(&texture, Source::Formula, "seed 7").unwrap());
        assert!(file.len() < plain.len(), "{} of {}", file.len(), plain.len());
        let reader = ktx2::Reader::new(&file).unwrap();
        assert_eq!(reader.header().supercompression_scheme, Some(ktx2::SupercompressionScheme::Zstandard));
        for (level, expected) in reader.levels().zip(&texture.levels) {
            assert_eq!(level.uncompressed_byte_length, expected.len() as u64);
            let mut found = Vec::new();
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(level.data).unwrap();
            std::io::Read::read_to_end(&mut decoder, &mut found).unwrap();
            assert_eq!(found, *expected);
        }
    }
}

#[test]
fn textures_that_no_gpu_takes_in_blocks_are_refused() {
    let odd = drawn_texture(Format::R8, [6, 8], 1).in_blocks(false).unwrap_err();
    assert_eq!(odd.to_string(), "6x8 texels: both sides of a texture in blocks are multiples of 4");
    let blocks = drawn_texture(Format::R8, [8, 8], 1).in_blocks(false).unwrap();
    assert!(matches!(blocks.in_blocks(false), Err(EncodeError::Compressed { format: Format::Bc4 })));
}

#[test]
fn the_recipe_and_the_storage_are_read_back() {
    let plain = texture(Format::Rgba8Srgb, 8, 4, 1);
    let blocks = plain.clone().in_blocks(false).unwrap();
    for recipe in ["", "seed 7", "ton é \0 end", &"x".repeat(imagine_png::MAX_RECIPE_BYTES)] {
        for (texture, is_in_blocks) in [(&plain, false), (&blocks, true)] {
            for (file, is_zstd) in [
                (encode(texture, Source::Formula, recipe), false),
                (encode_zstd(texture, Source::Formula, recipe), true),
            ] {
                let stored = Stored { recipe: recipe.into(), is_in_blocks, is_zstd };
                assert_eq!(read(&file.unwrap()).unwrap(), stored);
            }
        }
    }
}

#[test]
fn cut_changed_and_foreign_files_are_errors_or_recipes() {
    let file = encode(&texture(Format::R8, 4, 4, 1), Source::Formula, "seed 7").unwrap();
    let header = HEADER_BYTES + LEVEL_BYTES * 3 + 400;
    for at in 0..header {
        let _ = read(&file[..at]);
        for flip in [0x01, 0x80, 0xFF] {
            let mut changed = file.clone();
            changed[at] ^= flip;
            let _ = read(&changed);
        }
    }
    assert!(matches!(read(&file[..60]), Err(ReadKtx2Error::Ktx2)));
    assert!(matches!(read(b"no texture"), Err(ReadKtx2Error::Ktx2)));
    let mut other = file.clone();
    let at = other.windows(8).position(|part| part == b"imagine\0").unwrap();
    other[at] = b'I';
    assert!(matches!(read(&other), Err(ReadKtx2Error::Recipe(imagine_png::ReadError::Missing))));
}
