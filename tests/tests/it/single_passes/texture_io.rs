//! The texture passes against the same formulas in plain Rust.

use super::dispatch::{Bound, Gpu};
use imagine_wgpu::texture_io::{self, BatchLayout, HeightBorder, MipFilter, Pack, TexturePass};

pub fn run(gpu: &Gpu, call: &TexturePass, bound: &[Bound]) {
    gpu.dispatch(call.pipeline.shader, &call.pipeline.defs, &call.params, bound, call.workgroups);
}

/// One level as an array of layers.
pub fn array(texture: &wgpu::Texture, level: u32) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor {
        dimension: Some(wgpu::TextureViewDimension::D2Array),
        base_mip_level: level,
        mip_level_count: Some(1),
        ..Default::default()
    })
}

/// Pseudo-random numbers from 0 to 1.
pub fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let key = imagine_graph::rng::key(u64::from(seed), 0, 0);
    (0..count as u32).map(|i| imagine_graph::rng::uniform(imagine_graph::rng::cell(i, 0, 0, key))).collect()
}

/// Packs tensors and reads the texels back.
pub fn packed(gpu: &Gpu, what: Pack, size: [u32; 2], tensors: &[(u32, &[f32])]) -> Vec<[u8; 4]> {
    let texture = gpu.texture(size, 1);
    let buffers: Vec<_> = tensors.iter().map(|(binding, values)| (*binding, gpu.buffer(values))).collect();
    let mut bound: Vec<_> = buffers.iter().map(|(binding, buffer)| Bound::Buffer(*binding, buffer)).collect();
    bound.push(Bound::View(4, array(&texture, 0)));
    run(gpu, &texture_io::pack(what, size, 1, BatchLayout::Layers), &bound);
    gpu.read_texture(&texture, 0)
}

/// The byte that a number from 0 to 1 becomes.
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn encode(linear: f32) -> f32 {
    if linear <= 0.0031308 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

fn decode(encoded: f32) -> f32 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

fn assert_near(found: &[[u8; 4]], expected: &[[u8; 4]], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        // Rounding to 8 bits may fall to either side.
        assert!((0..4).all(|c| f[c].abs_diff(e[c]) <= 1), "{what}: texel {i} is {f:?}, expected {e:?}");
    }
}

#[test]
fn colour_keeps_its_code_values_and_linear_light_is_encoded() {
    let Some(gpu) = Gpu::new() else { return };
    let size = [97, 61];
    let plane = 97 * 61;
    let color = numbers(3 * plane, 1);
    let alpha = numbers(plane, 2);
    let texel = |i: usize, map: fn(f32) -> f32, a: f32| {
        [byte(map(color[i])), byte(map(color[i + plane])), byte(map(color[i + 2 * plane])), byte(a)]
    };
    let srgb = packed(&gpu, Pack::Color { alpha: false, encode_srgb: false }, size, &[(1, &color)]);
    assert_near(&srgb, &(0..plane).map(|i| texel(i, |v| v, 1.0)).collect::<Vec<_>>(), "srgb");
    let linear = packed(&gpu, Pack::Color { alpha: true, encode_srgb: true }, size, &[(1, &color), (2, &alpha)]);
    assert_near(&linear, &(0..plane).map(|i| texel(i, encode, alpha[i])).collect::<Vec<_>>(), "linear");
}

#[test]
fn normals_are_unit_length_and_a_missing_one_points_up() {
    let Some(gpu) = Gpu::new() else { return };
    let normal = [0.0, 3.0, 0.0, 0.0, -0.2, 0.1, 0.0, 4.0, 0.2];
    let texels = packed(&gpu, Pack::Normal, [3, 1], &[(1, &normal)]);
    let unit = |n: [f32; 3]| {
        let length = n.iter().map(|v| v * v).sum::<f32>().sqrt();
        let [r, g, b] = n.map(|v| byte(0.5 + 0.5 * v / length));
        [r, g, b, 255]
    };
    let expected = [[128, 128, 255, 255], unit([3.0, -0.2, 4.0]), unit([0.0, 0.1, 0.2])];
    assert_near(&texels, &expected, "normal");
}

#[test]
fn material_maps_stand_where_bevy_reads_them() {
    let Some(gpu) = Gpu::new() else { return };
    let [occlusion, roughness, metallic] = [[0.2f32, 1.5], [0.4, 0.5], [0.6, -1.0]];
    let all = Pack::Material { occlusion: true, roughness: true, metallic: true };
    let texels = packed(&gpu, all, [2, 1], &[(1, &occlusion), (2, &roughness), (3, &metallic)]);
    assert_near(&texels, &[[51, 102, 153, 255], [255, 128, 0, 255]], "all");
    let rough = Pack::Material { occlusion: false, roughness: true, metallic: false };
    assert_near(&packed(&gpu, rough, [2, 1], &[(2, &roughness)]), &[[255, 102, 0, 255], [255, 128, 0, 255]], "rough");
    let gray = packed(&gpu, Pack::Gray, [2, 1], &[(1, &occlusion)]);
    assert_near(&gray, &[[51, 51, 51, 255], [255, 255, 255, 255]], "gray");
}

#[test]
fn heights_have_eight_bits_in_red_and_sixteen_in_green_and_blue() {
    let Some(gpu) = Gpu::new() else { return };
    let heights: Vec<f32> = (0..97).map(|index| index as f32 * 0.0107 - 0.01).collect();
    for inverted in [false, true] {
        let texels = packed(&gpu, Pack::Deep { inverted }, [97, 1], &[(1, &heights)]);
        for ([red, green, blue, alpha], height) in texels.into_iter().zip(&heights) {
            let stored = if inverted { 1.0 - height } else { *height }.clamp(0.0, 1.0);
            let word = u16::from_be_bytes([green, blue]);
            assert!((f32::from(word) / 65_535.0 - stored).abs() < 1e-5, "{inverted} {height}: {word}");
            assert!(red.abs_diff(byte(stored)) <= 1 && alpha == 255, "{inverted} {height}: {red} {alpha}");
        }
    }
}

/// The mean of the area that each texel covers, by brute force over a grid that both levels divide.
fn brute_force_mip(above: &[[u8; 4]], [width, height]: [usize; 2], kind: MipFilter) -> Vec<[u8; 4]> {
    let [w, h] = [(width / 2).max(1), (height / 2).max(1)];
    let mut level = Vec::new();
    for y in 0..h {
        for x in 0..w {
            let mut sum = [0.0f64; 4];
            for sub_y in 0..height {
                for sub_x in 0..width {
                    let texel = above[(y * height + sub_y) / h * width + (x * width + sub_x) / w];
                    for c in 0..4 {
                        let value = f32::from(texel[c]) / 255.0;
                        sum[c] += f64::from(match kind {
                            MipFilter::Srgb if c < 3 => decode(value),
                            MipFilter::Normal if c < 3 => value * 2.0 - 1.0,
                            _ => value,
                        });
                    }
                }
            }
            let mean = sum.map(|s| (s / (width * height) as f64) as f32);
            let length = (mean[0] * mean[0] + mean[1] * mean[1] + mean[2] * mean[2]).sqrt();
            level.push(std::array::from_fn(|c| {
                byte(match kind {
                    MipFilter::Srgb if c < 3 => encode(mean[c]),
                    MipFilter::Normal if c < 3 => 0.5 + 0.5 * mean[c] / length,
                    _ => mean[c],
                })
            }));
        }
    }
    level
}

#[test]
fn mip_levels_are_area_means_of_even_and_odd_sizes() {
    let Some(gpu) = Gpu::new() else { return };
    for size in [[8u32, 6], [7, 5], [1, 9], [2, 1], [70, 3]] {
        let pixels = (size[0] * size[1]) as usize;
        let color = numbers(3 * pixels, 3);
        let texture = gpu.texture(size, 2);
        let buffer = gpu.buffer(&color);
        let pack = texture_io::pack(Pack::Color { alpha: false, encode_srgb: false }, size, 1, BatchLayout::Layers);
        run(&gpu, &pack, &[Bound::Buffer(1, &buffer), Bound::View(4, array(&texture, 0))]);
        let above = gpu.read_texture(&texture, 0);
        for kind in [MipFilter::Linear, MipFilter::Srgb, MipFilter::Normal] {
            run(
                &gpu,
                &texture_io::mip(kind, size, 1),
                &[Bound::View(1, array(&texture, 0)), Bound::View(2, array(&texture, 1))],
            );
            let expected = brute_force_mip(&above, size.map(|side| side as usize), kind);
            assert_near(&gpu.read_texture(&texture, 1), &expected, &format!("{kind:?} {size:?}"));
        }
    }
}

#[test]
fn roughness_grows_by_the_variance_of_the_normals_under_a_texel() {
    let Some(gpu) = Gpu::new() else { return };
    // Occlusion, roughness, metalness; normals that agree, that lean apart, and that agree on a rough surface.
    let lean = |x: f32| [x, 0.0, (1.0 - x * x).sqrt()];
    let normals = [lean(0.0), lean(0.0), lean(0.6), lean(-0.6), lean(0.0), lean(0.0)];
    let rough = [0.2f32, 0.2, 0.2, 0.2, 0.9, 0.9];
    let size = [6, 1];
    let planes = |channels: [&dyn Fn(usize) -> f32; 3]| -> Vec<f32> {
        channels.into_iter().flat_map(|channel| (0..6).map(channel)).collect()
    };
    let directions = planes([&|x| normals[x][0], &|x| normals[x][1], &|x| normals[x][2]]);
    let (normal_map, packed) = (gpu.texture(size, 1), gpu.texture(size, 2));
    let buffer = gpu.buffer(&directions);
    let pack = texture_io::pack(Pack::Normal, size, 1, BatchLayout::Layers);
    run(&gpu, &pack, &[Bound::Buffer(1, &buffer), Bound::View(4, array(&normal_map, 0))]);
    let what = Pack::Material { occlusion: true, roughness: true, metallic: false };
    let (occlusion, roughness) = (gpu.buffer(&[0.5f32; 6]), gpu.buffer(&rough));
    let pack = texture_io::pack(what, size, 1, BatchLayout::Layers);
    let resources = [Bound::Buffer(1, &occlusion), Bound::Buffer(2, &roughness), Bound::View(4, array(&packed, 0))];
    run(&gpu, &pack, &resources);
    let views =
        [Bound::View(1, array(&packed, 0)), Bound::View(2, array(&packed, 1)), Bound::View(3, array(&normal_map, 0))];
    run(&gpu, &texture_io::mip(MipFilter::Roughness, size, 1), &views);
    // The mean of both normals is 0.8 long.
    let r = 0.8f32;
    let apart = (0.2f32.powi(4) + 2.0 * (1.0 - r * r) / (3.0 * r - r.powi(3))).powf(0.25);
    let expected = [0.2, apart, 0.9].map(|roughness| [128, byte(roughness), 0, 255]);
    assert_near(&gpu.read_texture(&packed, 1), &expected, "roughness");
}

#[test]
fn normals_of_a_height_map_point_downhill_and_tile() {
    let Some(gpu) = Gpu::new() else { return };
    let size = [5, 4];
    let height = numbers(20, 4);
    let buffer = gpu.buffer(&height);
    for border in [HeightBorder::Wrap, HeightBorder::Edge] {
        let texture = gpu.texture(size, 1);
        let call = texture_io::normal_from_height(size, 1, 2.0, border);
        run(&gpu, &call, &[Bound::Buffer(1, &buffer), Bound::View(2, array(&texture, 0))]);
        let place = |at: i32, length: i32| match border {
            HeightBorder::Wrap => at.rem_euclid(length),
            HeightBorder::Edge => at.clamp(0, length - 1),
        };
        let mut expected = Vec::new();
        for y in 0..4 {
            for x in 0..5 {
                let (mut slope_x, mut slope_y) = (0.0, 0.0);
                for (i, weight) in [(-1, 1.0), (0, 2.0), (1, 1.0)] {
                    let at = |x: i32, y: i32| height[(place(y, 4) * 5 + place(x, 5)) as usize];
                    slope_x += weight * (at(x + 1, y + i) - at(x - 1, y + i)) / 8.0;
                    slope_y += weight * (at(x + i, y - 1) - at(x + i, y + 1)) / 8.0;
                }
                let n = [-2.0 * slope_x, -2.0 * slope_y, 1.0];
                let length = n.iter().map(|v| v * v).sum::<f32>().sqrt();
                let [r, g, b] = n.map(|v| byte(0.5 + 0.5 * v / length));
                expected.push([r, g, b, 255]);
            }
        }
        assert_near(&gpu.read_texture(&texture, 0), &expected, &format!("{border:?}"));
    }
}

#[test]
fn a_pass_cut_along_y_makes_the_same_texels() {
    let Some(gpu) = Gpu::new() else { return };
    let size = [70, 9];
    let color = numbers(3 * 70 * 9, 5);
    let buffer = gpu.buffer(&color);
    let call = texture_io::pack(Pack::Normal, size, 1, BatchLayout::Layers);
    let whole = packed(&gpu, Pack::Normal, size, &[(1, &color)]);
    let texture = gpu.texture(size, 1);
    for first in [0u32, 4, 8] {
        let mut params = call.params.clone();
        params[4..8].copy_from_slice(&first.to_ne_bytes());
        let rows = 4.min(9 - first);
        let bound = [Bound::Buffer(1, &buffer), Bound::View(4, array(&texture, 0))];
        gpu.dispatch(call.pipeline.shader, &call.pipeline.defs, &params, &bound, [call.workgroups[0], rows, 1]);
    }
    assert_eq!(gpu.read_texture(&texture, 0), whole);
}
