//! Upscalers on every executor: behind generators, on pictures, in tiles, and on pixel art.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use burn::backend::Flex;
use imagine_burn::generate_in_tiles;
use imagine_edit::input_name;
use imagine_edit::upscale::{PIXEL_ART_FACTORS, UpscaleError, Upscaler};
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::{
    Dim, Generated, Generator, Graph, InputKind, OutputKind, Request, Resize, ResizeMode, Size, SizeRule, Tensor,
    ValidGenerator, generators,
};
use imagine_wgpu::PlanOptions;

use crate::bits::{bits, gpu, roll};

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

fn material(name: &str) -> Arc<LoadedGenerator> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/materials"));
    Arc::new(file::load(folder.join(format!("{name}{EXTENSION}"))).unwrap())
}

/// How much of a disc of radius `radius` around `middle` a pixel covers.
fn disc([y, x]: [f32; 2], middle: [f32; 2], radius: f32, pixel: f32) -> f32 {
    let distance = ((y - middle[0]).powi(2) + (x - middle[1]).powi(2)).sqrt();
    ((radius - distance) / pixel + 0.5).clamp(0.0, 1.0)
}

/// A drawn map; places are in units of the whole picture. It tiles.
fn drawn(kind: OutputKind, [height, width]: [usize; 2]) -> Tensor {
    let channels = kind.channels().unwrap_or(1);
    let pixel = 1.0 / height.min(width) as f32;
    let value = |channel: usize, y: usize, x: usize| {
        let place = [(y as f32 + 0.5) / height as f32, (x as f32 + 0.5) / width as f32];
        let phase = std::f32::consts::TAU * (3.0 * place[0] + 2.0 * place[1] + 0.3 * channel as f32);
        let ring = disc(place, [0.5, 0.45], 0.37, pixel) - disc(place, [0.5, 0.45], 0.3, pixel);
        let ground = 0.4 + 0.2 * phase.sin();
        ground + (0.1 + 0.3 * channel as f32 - ground) * ring
    };
    let planes = (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    Tensor::f32([1, channels, height, width], planes.map(|(c, y, x)| value(c, y, x)).collect::<Vec<_>>())
}

/// A request for drawn maps, enlarged.
fn request(kinds: &[OutputKind], [height, width]: [usize; 2], factor: usize) -> Request {
    let mut request = Request::new(Size::new(height * factor, width * factor), 0);
    for kind in kinds {
        request.inputs.insert(input_name("image", *kind), drawn(*kind, [height, width]));
    }
    request
}

fn worst(ours: &Tensor, theirs: &Tensor) -> f32 {
    assert_eq!(ours.shape, theirs.shape);
    let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const ALL: [OutputKind; 8] = OutputKind::MAPS;

#[test]
fn what_a_generator_makes_is_enlarged_as_pictures_are() {
    for loaded in [material("red_bricks"), Arc::new(generators::load("noise_material").unwrap())] {
        for upscaler in [Upscaler::small(2).unwrap(), Upscaler::pixel_art(3).unwrap()] {
            let (both, factor) = (upscaler.after(&loaded).unwrap(), upscaler.factor());
            let size = Size::new(64, 128);
            let made = on_burn(&loaded.generator, &Request::new(size, 5));
            let larger = Request::new(Size::new(64 * factor, 128 * factor), 5);
            let found = on_burn(&both.generator, &larger);
            let kinds: Vec<OutputKind> = made.outputs.iter().map(|(output, _)| output.kind).collect();
            let mut request = Request { inputs: Default::default(), ..larger };
            for (output, tensor) in &made.outputs {
                let values = tensor.as_f32().unwrap().iter().map(|value| match output.kind {
                    OutputKind::Normal => 0.5 + 0.5 * value,
                    kind if kind.channels() == Some(3) && output.color_space != kind.default_color_space() => {
                        imagine_graph::color::linear_to_srgb(value.clamp(0.0, 1.0))
                    }
                    _ => *value,
                });
                let values = Tensor::f32(tensor.shape.clone(), values.collect::<Vec<_>>());
                request.inputs.insert(input_name("image", output.kind), values);
            }
            let pictures = on_burn(&upscaler.of_maps(&kinds, true).unwrap().generator, &request);
            for (output, expected) in &pictures.outputs {
                let (_, tensor) = found.outputs.iter().find(|(other, _)| other.kind == output.kind).unwrap();
                // Pixel art rounds colours to bytes, and the sRGB curve is not the same to the bit.
                let error = worst(tensor, expected);
                assert!(error < 1e-4, "{} {}: {error}", both.name, output.name);
            }
            assert_eq!(both.generator.generator.size.tiles, loaded.generator.generator.size.tiles);
        }
    }
}

#[test]
fn tiles_are_the_whole_to_the_bit() {
    for upscaler in [Upscaler::small(2).unwrap(), Upscaler::pixel_art(3).unwrap(), Upscaler::pixel_art(4).unwrap()] {
        for wraps in [false, true] {
            let generator = upscaler.of_maps(&ALL, wraps).unwrap().generator;
            let request = request(&ALL, [61, 70], upscaler.factor());
            let whole = on_burn(&generator, &request);
            let mut tiles = 0;
            let made =
                generate_in_tiles::<Flex>(&generator, &request, 60, &Default::default(), |_, all| tiles = all).unwrap();
            assert!(tiles > 5, "{tiles} tiles");
            for ((output, ours), (_, theirs)) in made.outputs.iter().zip(&whole.outputs) {
                assert!(bits(ours) == bits(theirs), "x{} {} {wraps}", upscaler.factor(), output.name);
            }
        }
    }
}

#[test]
fn the_gpu_and_burn_agree_also_in_tiles() {
    let Some(gpu) = gpu() else { return };
    for upscaler in [Upscaler::small(2).unwrap(), Upscaler::pixel_art(4).unwrap()] {
        let generator = upscaler.of_maps(&ALL, true).unwrap().generator;
        let request = request(&ALL, [48, 64], upscaler.factor());
        let (burn, made) = (on_burn(&generator, &request), gpu.generate(&generator, &request).unwrap());
        let small = gpu.with_options(PlanOptions { arena_bytes: 3 << 20, ..gpu.options() });
        let tiled = small.generate(&generator, &request).unwrap();
        for (index, (output, theirs)) in burn.outputs.iter().enumerate() {
            assert!(worst(&made.outputs[index].1, theirs) < 1e-4, "x{} {}", upscaler.factor(), output.name);
            assert!(bits(&tiled.outputs[index].1) == bits(&made.outputs[index].1), "{} in tiles", output.name);
        }
    }
}

#[test]
fn what_tiles_still_tiles() {
    for upscaler in [Upscaler::small(2).unwrap(), Upscaler::pixel_art(2).unwrap()] {
        let generator = upscaler.of_maps(&ALL, true).unwrap().generator;
        let still = request(&ALL, [32, 40], 2);
        let mut rolled = still.clone();
        rolled.inputs.values_mut().for_each(|tensor| *tensor = roll(tensor, [7, 29]));
        let (still, rolled) = (on_burn(&generator, &still), on_burn(&generator, &rolled));
        for ((output, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
            assert!(worst(&roll(still, [14, 58]), rolled) < 1e-5, "{}", output.name);
        }
    }
}

/// Mean squared difference.
fn error(ours: &Tensor, theirs: &Tensor) -> f32 {
    let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
    pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>() / ours.len() as f32
}

/// A tensor resampled with a cubic filter, as the pairs of the training are: by a fraction, or by a whole number.
fn resampled(tensor: &Tensor, scale: f32) -> Tensor {
    let &[1, channels, height, width] = tensor.shape.as_slice() else { panic!("a picture") };
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, [1, channels, height, width].map(Dim::Fixed).to_vec());
    let cubic = Resize { mode: ResizeMode::Cubic, cubic_coeff_a: -0.5, antialias: scale < 1.0, ..Resize::default() };
    graph.push("y", Resize { scales: vec![scale; 2], ..cubic }, ["x"]);
    graph.output("y", OutputKind::Tensor);
    let generator = Generator { output: graph, recurrence: None, size: SizeRule::default(), card: Default::default() };
    let mut request = Request::new(Size::new(height, width), 0);
    request.inputs.insert("x".into(), tensor.clone());
    on_burn(&generator.validate().unwrap(), &request).outputs.remove(0).1
}

/// A grey map as a picture of one hue: channels go together, as those of pictures do.
fn tinted(map: &Tensor) -> Tensor {
    let values = map.as_f32().unwrap();
    let planes = [0.9, 1.0, 0.7].iter().flat_map(|tint| values.iter().map(move |value| tint * value));
    Tensor::f32([1, 3, map.shape[2], map.shape[3]], planes.collect::<Vec<_>>())
}

#[test]
fn the_network_is_nearer_to_the_scene_than_a_spline() {
    let kinds = [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Roughness];
    for factor in Upscaler::FACTORS {
        let generator = Upscaler::small(factor).unwrap().of_maps(&kinds, false).unwrap().generator;
        let side = 48 * factor;
        let mut scenes = kinds.map(|kind| drawn(kind, [side, side]));
        scenes[0] = tinted(&scenes[2]);
        let mut wanted = request(&kinds, [48, 48], factor);
        for (kind, scene) in kinds.iter().zip(&scenes) {
            wanted.inputs.insert(input_name("image", *kind), resampled(scene, 1.0 / factor as f32));
        }
        let made = on_burn(&generator, &wanted);
        for (index, name) in [(0, "image"), (2, "image_roughness")] {
            let spline = resampled(&wanted.inputs[name], factor as f32);
            let (ours, theirs) = (error(&made.outputs[index].1, &scenes[index]), error(&spline, &scenes[index]));
            assert!(ours < 0.6 * theirs, "x{factor} {name}: {ours} against {theirs}");
        }
        let (normals, area) = (made.outputs[1].1.as_f32().unwrap(), side * side);
        for at in 0..area {
            let length: f32 = (0..3).map(|c| normals[c * area + at].powi(2)).sum();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
    }
}

#[test]
fn colours_that_nobody_sees_do_not_matter() {
    let kinds = [OutputKind::BaseColor, OutputKind::Alpha];
    let generator = Upscaler::small(2).unwrap().of_maps(&kinds, false).unwrap().generator;
    let made = |hidden: f32| {
        let mut request = request(&kinds, [32, 32], 2);
        let alpha: Vec<f32> = (0..1024).map(|at| f32::from(at % 32 < 16)).collect();
        let colors = (0..3072).map(|at| if at % 32 < 16 { 0.8 } else { hidden });
        request.inputs.insert("image".into(), Tensor::f32([1, 3, 32, 32], colors.collect::<Vec<_>>()));
        request.inputs.insert("image_alpha".into(), Tensor::f32([1, 1, 32, 32], alpha));
        on_burn(&generator, &request)
    };
    let (black, white) = (made(0.0), made(1.0));
    let [colors, alpha] = [0, 1].map(|index| black.outputs[index].1.as_f32().unwrap());
    let others = white.outputs[0].1.as_f32().unwrap();
    for at in (0..64 * 64).filter(|at| alpha[*at] > 0.02) {
        assert!((colors[at] - 0.8).abs() < 0.03, "a dark rim: {} at alpha {}", colors[at], alpha[at]);
        assert!((colors[at] - others[at]).abs() < 0.01, "{} and {}", colors[at], others[at]);
    }
}

/// Enlarges a picture of letters, each a colour; `.` is transparent.
fn pixel_art(rows: &[&str], factor: usize) -> Vec<String> {
    let letters: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
    let (height, width) = (rows.len(), rows[0].len());
    let area = height * width;
    let colors: Vec<f32> =
        (0..3 * area).map(|at| f32::from(letters[at % area]) / 255.0 * [1.0, 0.0, 1.0][at / area]).collect();
    let alpha: Vec<f32> = letters.iter().map(|letter| f32::from(*letter != b'.')).collect();
    let loaded = generators::load(&format!("pixel_art_x{factor}")).unwrap();
    let mut request = Request::new(Size::new(height * factor, width * factor), 0);
    request.inputs.insert("image".into(), Tensor::f32([1, 3, height, width], colors));
    request.inputs.insert("image_alpha".into(), Tensor::f32([1, 1, height, width], alpha));
    let made = on_burn(&loaded.generator, &request);
    let values = made.outputs[0].1.as_f32().unwrap();
    let row = |y: usize| {
        let row = &values[y * width * factor..][..width * factor];
        String::from_utf8(row.iter().map(|value| (255.0 * value).round() as u8).collect()).unwrap()
    };
    (0..height * factor).map(row).collect()
}

#[test]
fn pixel_art_looks_as_epx_and_scale3x_say() {
    let line = ["x...", ".x..", "..x.", "...x"];
    // Beyond the border the outermost pixels repeat, so the ends of a line are corners.
    let twice = ["xx......", "x.x.....", ".xxx....", "..xxx...", "...xxx..", "....xxx.", ".....x.x", "......xx"];
    assert_eq!(pixel_art(&line, 2), twice);
    // A corner of one colour is rounded, a straight edge and a single pixel stay.
    assert_eq!(pixel_art(&["....", ".aa.", ".aa.", "...."], 2)[2..6], ["...aa...", "..aaaa..", "..aaaa..", "...aa..."]);
    assert_eq!(pixel_art(&["aabb", "aabb"], 2), ["aaaabbbb"; 4]);
    assert_eq!(pixel_art(&["...", ".a.", "..."], 2)[2..4], ["..aa.."; 2]);
    let line = ["x....", ".x...", "..x..", "...x.", "....x"];
    let thrice = [".....xxxx......", "......xxx......", "......xxxx....."];
    assert_eq!(pixel_art(&line, 3)[6..9], thrice);
}

#[test]
fn pixel_art_has_no_colour_of_its_own() {
    let rows = ["abcab.", "bbac.a", "cabbca", "aacbab", ".bcaac", "cab.ba"];
    for factor in PIXEL_ART_FACTORS {
        let made = pixel_art(&rows, factor);
        assert_eq!((made.len(), made[0].len()), (6 * factor, 6 * factor));
        let found: BTreeSet<char> = made.iter().flat_map(|row| row.chars()).collect();
        assert!(found.is_subset(&BTreeSet::from(['a', 'b', 'c', '.'])), "x{factor}: {found:?}");
        // No pixel of a block is farther than one pixel away in the picture.
        for (y, row) in made.iter().enumerate() {
            for (x, letter) in row.bytes().enumerate() {
                let near = |at: usize| (at / factor).saturating_sub(1)..=(at / factor + 1).min(5);
                let known = near(y).any(|y| near(x).any(|x| rows[y].as_bytes()[x] == letter));
                assert!(known, "x{factor}: {letter} at {y}, {x}");
            }
        }
    }
}

#[test]
fn what_cannot_be_enlarged_is_refused_with_a_reason() {
    let sky = Arc::new(generators::load("cloudy_sky").unwrap());
    let upscaler = Upscaler::small(2).unwrap();
    let told = |error: UpscaleError| error.to_string();
    assert!(told(upscaler.after(&sky).unwrap_err()).contains("\"radiance\" is radiance"));
    assert!(told(Upscaler::from_generator(&sky).unwrap_err()).contains("cloudy_sky is no upscaler"));
    assert_eq!(told(Upscaler::small(3).unwrap_err()), "factor 3: this upscaler has 2, 4");
    assert_eq!(told(Upscaler::pixel_art(8).unwrap_err()), "factor 8: this upscaler has 2, 3, 4");
    assert!(told(upscaler.of_maps(&[], false).unwrap_err()).contains("at least one"));
}
