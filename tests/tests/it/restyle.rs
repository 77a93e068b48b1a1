//! Restyled pictures and materials: every executor paints the same bytes, the picture stays readable because of the guides, and the controls do
//! what they say.

use burn::backend::Flex;
use imagine_cpu::Edges;
use imagine_edit::{EditError, KEEP_COLORS, LIKENESS, Restyle, RestyleMaterial, STRENGTH, restyle, restyle_material};
use imagine_exemplar::{Maps, Prepared, Recipe, generator};
use imagine_graph::{Card, Extent, Generated, Generator, OutputKind, Request, Size, Tensor, formulas, rng};

use crate::bits::{bits, gpu};

const SIZE: Extent = Extent { height: 80, width: 104 };
const MATERIAL: [OutputKind; 4] =
    [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Height, OutputKind::Roughness];

/// Strokes in all directions, dark to light, from blue to yellow: four channels more hold a normal and a height for materials.
fn strokes(side: usize) -> Maps {
    let mut texels = vec![[40u8, 50, 90, 128, 128, 255, 40, 200]; side * side];
    for stroke in 0..900u32 {
        let [row, column, look, turn] = rng::cell(stroke, 0, 0, 11);
        let angle = (turn >> 16) as f32 / 65_536.0 * std::f32::consts::TAU;
        let light = look.to_le_bytes()[0];
        let color = [light, (u32::from(light) * 4 / 5) as u8, 120 - light / 3];
        for step in 0..60 {
            let (along, across) = ((step % 20) as f32 - 10.0, (step / 20) as f32 - 1.0);
            let at = |first: u32, shift: f32| ((first >> 8) as f32 + shift).rem_euclid(side as f32) as usize;
            let y = at(row % (side as u32 * 256), along * angle.sin() + across * angle.cos());
            let x = at(column % (side as u32 * 256), along * angle.cos() - across * angle.sin());
            texels[y * side + x] = [color[0], color[1], color[2], 110 + light / 8, 128, 250, light, 255 - light];
        }
    }
    Maps::new(side, side, 8, texels.concat()).unwrap()
}

/// A style of [`strokes`] with the maps of `kinds`, the first of which are colour, normal, height and roughness.
fn style(edges: Edges) -> Generator {
    let maps = strokes(128);
    let prepared = Prepared::new(&maps, edges, Recipe::free(128, 128)).unwrap();
    generator(&prepared, &maps, &MATERIAL, Card::default()).unwrap()
}

/// A light disk on a dark slope, sRGB bytes from 0 to 1.
fn picture() -> Tensor {
    let Extent { height, width } = SIZE;
    let byte = |index: usize| {
        let (channel, y, x) = (index / (height * width), index / width % height, index % width);
        let distance = (y as f32 - 36.0).hypot(x as f32 - 60.0);
        let light = if distance < 22.0 { 210.0 } else { 30.0 + x as f32 };
        (light * [1.0, 0.6, 0.4][channel]).round() / 255.0
    };
    Tensor::f32([1, 3, height, width], (0..3 * height * width).map(byte).collect::<Vec<_>>())
}

fn request(inputs: &[(&str, Tensor)]) -> Request {
    let mut request = Request::new(Size::new(SIZE.height, SIZE.width), 5);
    request.inputs.extend(inputs.iter().map(|(name, tensor)| (name.to_string(), tensor.clone())));
    request
}

fn control(value: f32) -> Tensor {
    Tensor::f32([1, 1, 1, 1], vec![value])
}

fn on_burn(generator: &Generator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(&generator.validate().unwrap(), request, &Default::default()).unwrap()
}

fn painted(controls: &[(&str, Tensor)]) -> Tensor {
    let generator = restyle(&style(Edges::Wrap), &Restyle::new(SIZE)).unwrap();
    let inputs: Vec<_> = [("image", picture())].into_iter().chain(controls.iter().cloned()).collect();
    on_burn(&generator, &request(&inputs)).outputs.remove(0).1
}

/// Luminance of blocks of 8 x 8 pixels.
fn blocks(image: &Tensor) -> Vec<f32> {
    let Extent { height, width } = SIZE;
    let values = image.as_f32().unwrap();
    let light = |pixel: usize| {
        let channel = |k: usize| values[k * height * width + pixel];
        0.3 * channel(0) + 0.59 * channel(1) + 0.11 * channel(2)
    };
    let block = |index: usize| {
        let (row, column) = (index / (width / 8) * 8, index % (width / 8) * 8);
        (0..64).map(|k| light((row + k / 8) * width + column + k % 8)).sum::<f32>()
    };
    (0..height / 8 * (width / 8)).map(block).collect()
}

fn correlation(one: &[f32], other: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (a, b) = (mean(one), mean(other));
    let product = |f: &dyn Fn(usize) -> f32| (0..one.len()).map(f).sum::<f32>();
    let both = product(&|k| (one[k] - a) * (other[k] - b));
    let (first, second) = (product(&|k| (one[k] - a).powi(2)), product(&|k| (other[k] - b).powi(2)));
    both / (first * second).sqrt().max(1e-9)
}

#[test]
fn the_gpu_and_burn_paint_the_same_bytes() {
    let Some(gpu) = gpu() else { return };
    for (edges, finer_strokes) in [(Edges::Wrap, 0), (Edges::Bounded, 1)] {
        let generator = restyle(&style(edges), &Restyle { size: SIZE, finer_strokes }).unwrap();
        let request = request(&[("image", picture())]);
        let burn = on_burn(&generator, &request);
        let made = gpu.generate(&generator.validate().unwrap(), &request).unwrap();
        let bytes = |generated: &Generated| -> Vec<u8> {
            generated.outputs[0].1.as_f32().unwrap().iter().map(|value| (value * 255.0).round() as u8).collect()
        };
        assert!(bytes(&burn) == bytes(&made), "{edges:?}");
    }
}

#[test]
fn the_picture_is_readable_because_of_the_guides() {
    let content = blocks(&picture());
    let with = correlation(&content, &blocks(&painted(&[])));
    // What is left without guides is the correction of light at the end.
    let without = correlation(&content, &blocks(&painted(&[(LIKENESS, control(0.0))])));
    assert!(with > 0.9, "{with}");
    assert!(without < with - 0.1, "{without} without guides, {with} with them");
}

#[test]
fn strength_blends_from_the_picture_to_the_painting() {
    assert_eq!(bits(&painted(&[(STRENGTH, control(0.0))])), bits(&picture()));
    let [half, whole] = [0.5, 1.0].map(|strength| painted(&[(STRENGTH, control(strength))]));
    let values = half.as_f32().unwrap().iter().zip(whole.as_f32().unwrap()).zip(picture().as_f32().unwrap().to_vec());
    assert!(values.map(|((half, whole), picture)| (2.0 * half - whole - picture).abs()).all(|d| d < 1e-5));
}

#[test]
fn kept_colours_are_the_pictures() {
    let redness = |image: &Tensor| {
        let values = image.as_f32().unwrap();
        let plane = values.len() / 3;
        let mean = |k: usize| values[k * plane..][..plane].iter().sum::<f32>() / plane as f32;
        mean(0) - mean(2)
    };
    let [own, kept] = [0.0, 1.0].map(|keep| redness(&painted(&[(KEEP_COLORS, control(keep))])));
    let wanted = redness(&picture());
    assert!((kept - wanted).abs() < 0.05 && (own - wanted).abs() > 0.08, "{own} and {kept}, the picture has {wanted}");
}

#[test]
fn a_seed_paints_other_strokes() {
    let generator = restyle(&style(Edges::Wrap), &Restyle::new(SIZE)).unwrap();
    let first = request(&[("image", picture())]);
    let other = Request { seed: 6, ..first.clone() };
    assert_ne!(on_burn(&generator, &first), on_burn(&generator, &other));
}

#[test]
fn a_material_becomes_another_and_keeps_its_relief() {
    let Some(gpu) = gpu() else { return };
    let side = 64;
    let dome = |index: usize| {
        let (y, x) = ((index / side % side) as f32 - 32.0, (index % side) as f32 - 32.0);
        (1.0 - y.hypot(x) / 30.0).max(0.0)
    };
    let height = Tensor::f32([1, 1, side, side], (0..side * side).map(dome).collect::<Vec<_>>());
    let slope = |index: usize| match index / (side * side) {
        0 => 0.8,
        1 => 0.5,
        _ => 0.9,
    };
    let normal = Tensor::f32([1, 3, side, side], (0..3 * side * side).map(slope).collect::<Vec<_>>());
    let options = RestyleMaterial { size: Extent::splat(side), normal: true };
    let generator = restyle_material(&style(Edges::Wrap), &options).unwrap();
    let mut request = Request::new(Size::new(side, side), 1);
    request.inputs.extend([("image_height".into(), height.clone()), ("image_normal".into(), normal)]);
    let burn = on_burn(&generator, &request);
    let kinds: Vec<OutputKind> = burn.outputs.iter().map(|(output, _)| output.kind).collect();
    assert_eq!(kinds, MATERIAL);
    let map =
        |kind: OutputKind| burn.outputs.iter().find(|(output, _)| output.kind == kind).unwrap().1.as_f32().unwrap();
    let (normals, heights) = (map(OutputKind::Normal), map(OutputKind::Height));
    let plane = side * side;
    let mean = normals[..plane].iter().sum::<f32>() / plane as f32;
    assert!((0.35..0.75).contains(&mean), "the slope of the material: {mean}");
    let lengths = (0..plane).map(|k| (0..3).map(|c| normals[c * plane + k].powi(2)).sum::<f32>());
    assert!(lengths.into_iter().all(|length| (length - 1.0).abs() < 1e-4));
    let like = correlation(heights, height.as_f32().unwrap());
    assert!(like > 0.5, "{like}: high places show what is high");
    let made = gpu.generate(&generator.validate().unwrap(), &request).unwrap();
    for ((output, one), (_, other)) in burn.outputs.iter().zip(&made.outputs) {
        let is_exact = matches!(output.kind, OutputKind::Height | OutputKind::Roughness);
        let near = one.as_f32().unwrap().iter().zip(other.as_f32().unwrap()).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(if is_exact { bits(one) == bits(other) } else { near }, "{}", output.name);
    }
}

#[test]
fn what_cannot_be_restyled_is_refused() {
    let style = style(Edges::Wrap);
    let small = Extent { height: 31, width: 900 };
    let size = restyle(&style, &Restyle::new(small)).unwrap_err();
    assert_eq!(
        size.to_string(),
        "a picture of 900 x 31 pixels: this edit takes sides of 32 to 4096; scale it, or edit a part of it"
    );
    let formula = formulas::noise_material();
    assert_eq!(restyle(&formula, &Restyle::new(SIZE)).unwrap_err(), EditError::NotByExample);
    let uneven = RestyleMaterial { size: Extent { height: 72, width: 64 }, normal: false };
    assert!(matches!(restyle_material(&style, &uneven).unwrap_err(), EditError::Multiple { .. }));
    let maps = strokes(128);
    let prepared = Prepared::new(&maps, Edges::Wrap, Recipe::free(128, 128)).unwrap();
    let unnamed = [OutputKind::Normal, OutputKind::Emissive, OutputKind::Height, OutputKind::Roughness];
    let colorless = generator(&prepared, &maps, &unnamed, Card::default()).unwrap();
    let error = restyle(&colorless, &Restyle::new(SIZE)).unwrap_err();
    assert_eq!(error, EditError::StyleMap(OutputKind::BaseColor));
    let maps = strokes(64);
    let prepared = Prepared::new(&maps, Edges::Wrap, Recipe::free(64, 64)).unwrap();
    let small = generator(&prepared, &maps, &MATERIAL, Card::default()).unwrap();
    let few = Restyle { size: SIZE, finer_strokes: 3 };
    assert_eq!(restyle(&small, &few).unwrap_err(), EditError::Levels { width: 8, height: 8 });
}
