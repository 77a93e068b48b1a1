//! Block compression against the texels, through a decoder that is not ours, and beside the encoder of KTX2 files.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::dispatch::{Bound, Gpu};
use super::texture_io::{array, numbers, packed, run};
use imagine_graph::{OutputKind, Request, file};
use imagine_ktx2::{Format, Texture};
use imagine_tests::blocks::{Texel, decoded, psnr};
use imagine_wgpu::texture_io::{BlockLevel, Blocks, Pack, compress};

/// One device for all tests of this file: the pipelines of BC7 take seconds.
fn shared() -> MutexGuard<'static, Option<Gpu>> {
    static GPU: LazyLock<Mutex<Option<Gpu>>> = LazyLock::new(|| Mutex::new(Gpu::new()));
    GPU.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A picture's blocks, as bytes row by row.
fn blocks(gpu: &Gpu, what: Blocks, [width, height]: [u32; 2], texels: &[Texel]) -> Vec<u8> {
    let texture = gpu.texture([width, height], 1);
    gpu.queue.write_texture(
        texture.as_image_copy(),
        bytemuck::cast_slice(texels),
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * width), rows_per_image: None },
        texture.size(),
    );
    let level = what.levels([width, height], 1, 1)[0];
    let buffer = gpu.buffer(&vec![0u8; level.bytes() as usize]);
    let pass = compress(what, &level);
    run(gpu, &pass, &[Bound::View(1, array(&texture, 0)), Bound::Buffer(2, &buffer)]);
    unpadded(what, &level, &gpu.read(&buffer))
}

fn unpadded(what: Blocks, level: &BlockLevel, bytes: &[u8]) -> Vec<u8> {
    let row = (level.size[0].div_ceil(4) * what.bytes()) as usize;
    bytes.chunks(level.row_bytes as usize).flat_map(|padded| padded[..row].to_vec()).collect()
}

/// Channels that `what` keeps.
fn channels(what: Blocks) -> usize {
    match what {
        Blocks::Color { alpha: true } => 4,
        Blocks::Color { alpha: false } | Blocks::Packed => 3,
        Blocks::Normal | Blocks::Pair => 2,
        Blocks::Single => 1,
    }
}

/// The maps of a shipped material at its smallest size: colour, normal, and occlusion, roughness and height in one picture.
fn maps(name: &str) -> ([u32; 2], [Vec<Texel>; 3]) {
    let path = format!("{}/../assets/materials/{name}.generator.safetensors", env!("CARGO_MANIFEST_DIR"));
    let generator = file::load(std::path::Path::new(&path)).unwrap().generator;
    let size = generator.generator.size.smallest();
    let made = imagine_cpu::generate(&generator, &Request::new(size, 3), &Default::default()).unwrap();
    let count = size.width * size.height;
    let plane = |kind, channel: usize| {
        let (_, tensor) = made.outputs.iter().find(|(output, _)| output.kind == kind).unwrap();
        tensor.as_f32().unwrap()[channel * count..][..count].to_vec()
    };
    let picture = |planes: [Vec<f32>; 3], to_unit: fn(f32) -> f32| {
        let code = |value: f32| (to_unit(value) * 255.0).round() as u8;
        (0..count).map(|i| [code(planes[0][i]), code(planes[1][i]), code(planes[2][i]), 255]).collect()
    };
    use OutputKind::{BaseColor, Height, Normal, Occlusion, Roughness};
    let color = picture([0, 1, 2].map(|c| plane(BaseColor, c)), |v| v);
    let normal = picture([0, 1, 2].map(|c| plane(Normal, c)), |v| 0.5 + 0.5 * v);
    let packed = picture([plane(Occlusion, 0), plane(Roughness, 0), plane(Height, 0)], |v| v);
    ([size.width as u32, size.height as u32], [color, normal, packed])
}

#[test]
fn decoded_maps_are_near_the_texels_and_near_the_offline_encoder() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    // Floor in decibels, and how much the offline encoder may be better.
    let kinds = [
        (Blocks::Color { alpha: false }, 0, 43.0, 1.0),
        (Blocks::Color { alpha: true }, 0, 43.0, 1.0),
        (Blocks::Normal, 1, 39.0, 0.0),
        (Blocks::Pair, 2, 40.0, 0.0),
        (Blocks::Packed, 2, 36.0, 2.0),
        (Blocks::Single, 2, 44.0, 0.0),
    ];
    for name in ["slate_wall", "roof_tiles"] {
        let (size, maps) = maps(name);
        for (what, map, floor, behind) in kinds {
            let texels = &maps[map];
            let made = blocks(gpu, what, size, texels);
            assert!(made == blocks(gpu, what, size, texels), "{name} {what:?}: the same bytes twice");
            let found = psnr(&decoded(what, size, &made), texels, channels(what));
            let offline = offline(what, size, texels);
            let offline = psnr(&decoded(what, size, &offline), texels, channels(what));
            println!("{name} {what:?}: {found:.2} dB, offline {offline:.2} dB");
            assert!(found >= floor && found >= offline - behind, "{name} {what:?}: {found:.2}, offline {offline:.2}");
        }
    }
}

/// The blocks of the encoder of KTX2 files.
fn offline(what: Blocks, [width, height]: [u32; 2], texels: &[Texel]) -> Vec<u8> {
    let (format, level) = match what {
        Blocks::Single => (Format::R8, texels.iter().map(|texel| texel[0]).collect()),
        _ => (Format::Rgba8, texels.as_flattened().to_vec()),
    };
    let texture = Texture { format, width, height, faces: 1, levels: vec![level] };
    texture.in_blocks(matches!(what, Blocks::Normal | Blocks::Pair)).unwrap().levels.remove(0)
}

#[test]
fn blocks_of_one_colour_are_exact() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    let size = [64, 128];
    // Every code in every channel, in another order in each.
    let colour = |block: u32| [0, 1, 2, 3].map(|c| (block * [1, 3, 7, 11][c] + 85 * c as u32) as u8);
    let texel = |i: u32| colour(i % 64 / 4 + i / 64 / 4 * 16);
    for what in Blocks::ALL {
        let has_alpha = what == Blocks::Color { alpha: true };
        let texels: Vec<Texel> =
            (0..64 * 128).map(texel).map(|[r, g, b, a]| [r, g, b, if has_alpha { a } else { 255 }]).collect();
        let shown = decoded(what, size, &blocks(gpu, what, size, &texels));
        // Normals that are too long are shortened.
        let is_normal = |[r, g, ..]: Texel| (f64::from(r) - 127.5).hypot(f64::from(g) - 127.5) < 125.0;
        for (shown, texel) in
            shown.iter().zip(&texels).filter(|(_, texel)| what != Blocks::Normal || is_normal(**texel))
        {
            assert_eq!(shown[..channels(what)], texel[..channels(what)], "{what:?}");
        }
    }
}

#[test]
fn no_decoded_normal_is_longer_than_one() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    let size = [64, 64];
    let count = 64 * 64;
    let random = numbers(3 * count, 5);
    // From straight up to flat on the ground, alone and beside opposite ones.
    let normals: Vec<f32> = (0..3 * count)
        .map(|i| match i / count {
            2 => random[i] * ((i % count) as f32 / count as f32 - 0.5).max(0.0),
            _ => random[i] * 2.0 - 1.0,
        })
        .collect();
    let texels = packed(gpu, Pack::Normal, size, &[(1, &normals)]);
    let shown = decoded(Blocks::Normal, size, &blocks(gpu, Blocks::Normal, size, &texels));
    for (index, [red, green, ..]) in shown.into_iter().enumerate() {
        let [x, y] = [red, green].map(|code| f64::from(code) / 127.5 - 1.0);
        let length = x.hypot(y);
        assert!(length <= 1.0, "texel {index}: {red} {green} is {length} long");
    }
}

#[test]
fn blocks_beyond_the_border_show_what_is_inside() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    for size in [[1, 1], [2, 1], [1, 8], [5, 3], [18, 9], [260, 4]] {
        let count = size[0] * size[1];
        let ramp = |i: u32| {
            let (x, y) = (i % size[0], i / size[0]);
            [(80 + x * 30 / size[0]) as u8, (70 + y * 30 / size[1]) as u8, 80, 255]
        };
        let texels: Vec<Texel> = (0..count).map(ramp).collect();
        for what in Blocks::ALL {
            let shown = decoded(what, size, &blocks(gpu, what, size, &texels));
            let found = psnr(&shown, &texels, channels(what));
            assert!(found > 35.0, "{what:?} {size:?}: {found}");
        }
    }
}

#[test]
fn cut_out_shapes_keep_their_alpha() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    let size = [64, 64];
    let random = numbers(64 * 64, 9);
    let leaf = |i: usize| {
        let (x, y) = (i % 64, i / 64);
        let inside = (x as f32 - 32.0).hypot(y as f32 - 32.0) < 22.5;
        [(60.0 + 40.0 * random[i]) as u8, (120.0 + 60.0 * random[i]) as u8, 40, if inside { 255 } else { 0 }]
    };
    let texels: Vec<Texel> = (0..64 * 64).map(leaf).collect();
    let shown =
        decoded(Blocks::Color { alpha: true }, size, &blocks(gpu, Blocks::Color { alpha: true }, size, &texels));
    let worst = shown.iter().zip(&texels).map(|(a, b)| a[3].abs_diff(b[3])).max().unwrap();
    assert!(worst <= 1, "alpha differs by {worst}");
    let found = psnr(&shown, &texels, 3);
    assert!(found > 38.0, "{found}");
}

#[test]
fn numbers_that_are_none_become_texels_before_they_are_compressed() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    let strange = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN, 1e38, -1e38, 0.5, f32::MIN_POSITIVE];
    let tensor: Vec<f32> = (0..3 * 64).map(|i| strange[(i * 5 + i / 16) % 8]).collect();
    let opaque = Pack::Color { alpha: false, encode_srgb: true };
    for (pack, what) in
        [(opaque, Blocks::Color { alpha: false }), (Pack::Normal, Blocks::Normal), (Pack::Gray, Blocks::Single)]
    {
        let texels = packed(gpu, pack, [8, 8], &[(1, &tensor)]);
        let made = blocks(gpu, what, [8, 8], &texels);
        assert!(made == blocks(gpu, what, [8, 8], &texels), "{what:?}: the same bytes twice");
        let shown = decoded(what, [8, 8], &made);
        // Nearly all texels are 0 or 255 then: the worst that there is for blocks.
        let found = psnr(&shown, &texels, channels(what));
        assert!(found > 10.0, "{what:?}: {found}");
    }
}

#[test]
fn layers_are_compressed_alike() {
    let gpu = shared();
    let Some(gpu) = &*gpu else { return };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 12, height: 8, depth_or_array_layers: 3 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let texels: Vec<u8> = numbers(12 * 8 * 4, 4).iter().map(|v| (v * 255.0) as u8).collect();
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(48), rows_per_image: Some(8) };
    gpu.queue.write_texture(texture.as_image_copy(), &texels.repeat(3), layout, texture.size());
    for what in Blocks::ALL {
        let level = what.levels([12, 8], 1, 3)[0];
        let buffer = gpu.buffer(&vec![0u8; level.bytes() as usize]);
        run(gpu, &compress(what, &level), &[Bound::View(1, array(&texture, 0)), Bound::Buffer(2, &buffer)]);
        let bytes = unpadded(what, &level, &gpu.read(&buffer));
        let (layer, others) = bytes.split_at(bytes.len() / 3);
        assert!(layer.iter().any(|byte| *byte != 0) && others == layer.repeat(2), "{what:?}");
    }
}
