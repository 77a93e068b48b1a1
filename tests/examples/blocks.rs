//! Blocks of the GPU passes beside those of the offline encoder, over materials: decibels of every map against its texels, and the time of the passes.
//!
//! ```text
//! cargo run --release -p imagine_tests --example blocks -- 1024 assets/materials/*.safetensors
//! ```

use std::path::Path;
use std::time::Instant;

use imagine_graph::{ColorSpace, Generated, OutputKind, Request, Size, file};
use imagine_ktx2::{Format, Texture};
use imagine_tests::blocks::{Texel, decoded, psnr};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::texture_io::{Blocks, compress};
use wgpu::util::DeviceExt;

/// Measured runs, of which the fastest counts.
const RUNS: usize = 3;

/// A map as the plugin's material has it.
struct Map {
    name: &'static str,
    what: Blocks,
    channels: usize,
    texels: Vec<u8>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [side, files @ ..] = arguments.as_slice() else { return Err("SIDE FILES expected".into()) };
    let (side, gpu) = (side.parse()?, Gpu::new(BoundsChecks::On)?);
    println!(
        "| material | map | blocks | dB | offline, dB | passes, ms | offline, ms |\n|---|---|---|---|---|---|---|"
    );
    let mut sums = std::collections::BTreeMap::<&str, (f64, f64, f64)>::new();
    for path in files {
        let loaded = file::load(Path::new(path))?;
        let size = Size::new(side, side);
        let made = imagine_cpu::generate(&loaded.generator, &Request::new(size, 1), &Default::default())?;
        for map in maps(&made, side * side) {
            let (blocks, passes) = on_gpu(&gpu, &map, side as u32)?;
            let start = Instant::now();
            let offline = offline(&map, side as u32)?;
            let waited = start.elapsed().as_secs_f64() * 1e3;
            let [ours, theirs] =
                [&blocks, &offline].map(|blocks| map.decibels(&decoded(map.what, [side as u32; 2], blocks)));
            let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
            let name = name.split('.').next().unwrap_or_default();
            println!(
                "| {name} | {} | {:?} | {ours:.2} | {theirs:.2} | {passes:.1} | {waited:.0} |",
                map.name, map.what
            );
            let sum = sums.entry(map.name).or_default();
            *sum = (sum.0 + 1.0, sum.1 + ours.min(99.0), sum.2 + theirs.min(99.0));
        }
    }
    for (name, (count, ours, theirs)) in sums {
        println!("| mean of {count} | {name} | | {:.2} | {:.2} | | |", ours / count, theirs / count);
    }
    Ok(())
}

/// The maps of a `StandardMaterial`.
fn maps(made: &Generated, count: usize) -> Vec<Map> {
    let find = |kind| made.outputs.iter().find(|(output, _)| output.kind == kind);
    let plane = |kind, channel: usize| {
        find(kind).map(|(_, tensor)| tensor.as_f32().expect("an image")[channel * count..][..count].to_vec())
    };
    let picture = |planes: [Option<Vec<f32>>; 3], missing: [f32; 3], to_unit: fn(f32) -> f32| -> Vec<u8> {
        let code = |c: usize, i: usize| planes[c].as_ref().map_or(missing[c], |plane| to_unit(plane[i]));
        let code = |c, i| (code(c, i).clamp(0.0, 1.0) * 255.0).round() as u8;
        (0..count).flat_map(|i| [code(0, i), code(1, i), code(2, i), u8::MAX]).collect()
    };
    use OutputKind::{BaseColor, Height, Metallic, Normal, Occlusion, Roughness};
    let mut maps = Vec::new();
    if let Some((output, _)) = find(BaseColor) {
        let is_linear = output.color_space == ColorSpace::Linear;
        let to_unit = if is_linear { imagine_graph::color::linear_to_srgb } else { |value| value };
        let texels = picture([0, 1, 2].map(|c| plane(BaseColor, c)), [0.0; 3], to_unit);
        maps.push(Map { name: "base colour", what: Blocks::Color { alpha: false }, channels: 3, texels });
    }
    if find(Normal).is_some() {
        let texels = picture([0, 1, 2].map(|c| plane(Normal, c)), [0.0; 3], |value| 0.5 + 0.5 * value);
        maps.push(Map { name: "normal", what: Blocks::Normal, channels: 2, texels });
    }
    let [occlusion, roughness, metallic] = [Occlusion, Roughness, Metallic].map(|kind| plane(kind, 0));
    let (what, channels) = if metallic.is_some() { (Blocks::Packed, 3) } else { (Blocks::Pair, 2) };
    let texels = picture([occlusion, roughness, metallic], [1.0, 1.0, 0.0], |value| value);
    maps.push(Map { name: "occlusion, roughness", what, channels, texels });
    if let Some(height) = plane(Height, 0) {
        let texels = picture([Some(height), None, None], [0.0; 3], |value| 1.0 - value);
        maps.push(Map { name: "depth", what: Blocks::Single, channels: 1, texels });
    }
    maps
}

impl Map {
    fn decibels(&self, shown: &[Texel]) -> f64 {
        psnr(self.texels.as_chunks().0, shown, self.channels)
    }
}

/// Blocks of level 0, and the milliseconds of the pass.
fn on_gpu(gpu: &Gpu, map: &Map, side: u32) -> Result<(Vec<u8>, f64), Box<dyn std::error::Error>> {
    let descriptor = wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: side, height: side, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    };
    let texture = gpu.device.create_texture_with_data(&gpu.queue, &descriptor, Default::default(), &map.texels);
    let dimension = Some(wgpu::TextureViewDimension::D2Array);
    let view = texture.create_view(&wgpu::TextureViewDescriptor { dimension, ..Default::default() });
    let level = map.what.levels([side; 2], 1, 1)[0];
    let buffer = |usage, size| {
        gpu.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let blocks = buffer(wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC, level.bytes());
    let read = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST, level.bytes());
    let pass = compress(map.what, &level);
    let pipeline = gpu.store.compile(&pass.pipeline)?;
    let params =
        wgpu::util::BufferInitDescriptor { label: None, contents: &pass.params, usage: wgpu::BufferUsages::UNIFORM };
    let params = gpu.device.create_buffer_init(&params);
    let resources = [params.as_entire_binding(), wgpu::BindingResource::TextureView(&view), blocks.as_entire_binding()];
    let entries: Vec<_> =
        (0..).zip(resources).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
    let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &pipeline.layout, entries: &entries };
    let group = gpu.device.create_bind_group(&descriptor);
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let mut compute = encoder.begin_compute_pass(&Default::default());
        compute.set_pipeline(&pipeline.pipeline);
        compute.set_bind_group(0, &group, &[]);
        let [x, y, z] = pass.workgroups;
        compute.dispatch_workgroups(x, y, z);
        drop(compute);
        gpu.queue.submit([encoder.finish()]);
        gpu.wait()?;
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(&blocks, 0, &read, 0, level.bytes());
    gpu.queue.submit([encoder.finish()]);
    read.map_async(wgpu::MapMode::Read, .., |_| {});
    gpu.wait()?;
    let row = (side / 4 * map.what.bytes()) as usize;
    let bytes = read.get_mapped_range(..);
    Ok((bytes.chunks(level.row_bytes as usize).flat_map(|padded| &padded[..row]).copied().collect(), fastest))
}

/// The blocks of the encoder of KTX2 files.
fn offline(map: &Map, side: u32) -> Result<Vec<u8>, imagine_ktx2::EncodeError> {
    let (format, level) = match map.what {
        Blocks::Single => (Format::R8, map.texels.iter().step_by(4).copied().collect()),
        _ => (Format::Rgba8, map.texels.clone()),
    };
    let texture = Texture { format, width: side, height: side, faces: 1, levels: vec![level] };
    Ok(texture.in_blocks(matches!(map.what, Blocks::Normal | Blocks::Pair))?.levels.remove(0))
}
