//! Repairs of pictures and materials: on every executor, what they continue, and what they leave alone.

use burn::backend::Flex;
use imagine_edit::{EditError, Repair, Tile, input_name};
use imagine_graph::{Extent, Generated, OutputKind, Request, Size, Tensor, ValidGenerator, rng};

use crate::bits::gpu;

/// Large enough for two levels.
const SIZE: Extent = Extent { height: 96, width: 112 };
const MATERIAL: [OutputKind; 3] = [OutputKind::BaseColor, OutputKind::Normal, OutputKind::Height];

/// Bricks of 16 x 8 pixels in courses shifted by half a brick, each with a tone of its own, and grain: 0 to 1.
fn bricks(y: usize, x: usize, grain: f32) -> f32 {
    let course = y / 8;
    let x_in_course = x + 8 * (course % 2);
    let is_joint = y.is_multiple_of(8) || x_in_course.is_multiple_of(16);
    let noise = |a: usize, b: usize| rng::uniform(rng::cell(a as u32, b as u32, 0, rng::key(5, 0, 0))) - 0.5;
    let tone = if is_joint { 0.75 } else { 0.35 + 0.05 * noise(course % 3, x_in_course / 16 % 3) };
    tone + grain * noise(y, x)
}

fn map(kind: OutputKind, Extent { height, width }: Extent, value: impl Fn(usize, usize) -> f32) -> Tensor {
    let channels = kind.channels().unwrap();
    let plane = height * width;
    let texel = |i: usize| {
        let tone = value(i % plane / width, i % width);
        // Normals have unit length where the tone is that of bricks or joints.
        match (kind, i / plane) {
            (OutputKind::Normal, 0) => 0.5 + 0.4 * (tone - 0.5),
            (OutputKind::Normal, 1) => 0.5,
            (OutputKind::Normal, _) => 0.5 + 0.5 * (1.0 - (0.8 * (tone - 0.5)).powi(2)).sqrt(),
            (_, channel) => tone * (1.0 - 0.1 * channel as f32),
        }
    };
    let bytes = |value: f32| (value * 255.0).round() / 255.0;
    Tensor::f32([1, channels, height, width], (0..channels * plane).map(|i| bytes(texel(i))).collect::<Vec<_>>())
}

/// 1 within `radius` of the middle, shifted by `by` on a torus.
fn disc(Extent { height, width }: Extent, radius: usize, by: [usize; 2]) -> Vec<f32> {
    let distance = |at: usize, side: usize| (at % side).abs_diff(side / 2) as f32;
    let cells = (0..height * width).map(|i| [distance(i / width + by[0], height), distance(i % width + by[1], width)]);
    cells.map(|[y, x]| f32::from(y.hypot(x) < radius as f32)).collect()
}

fn request(repair: &Repair, mask: &[f32], value: impl Fn(usize, usize) -> f32 + Copy) -> Request {
    let Extent { height, width } = repair.size;
    let mut request = Request::new(Size::new(height, width), 0);
    for kind in &repair.maps {
        request.inputs.insert(input_name("image", *kind), map(*kind, repair.size, value));
    }
    request.inputs.insert("mask".into(), Tensor::f32([1, 1, height, width], mask.to_vec()));
    request
}

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

fn output(generated: &Generated, kind: OutputKind) -> Vec<f32> {
    let (_, tensor) = generated.outputs.iter().find(|(output, _)| output.kind == kind).unwrap();
    tensor.as_f32().unwrap().to_vec()
}

/// Peak signal-to-noise ratio of the first channel inside the mask, in decibels.
fn psnr(found: &[f32], expected: &[f32], mask: &[f32]) -> f32 {
    let squares = mask.iter().enumerate().filter(|(_, m)| **m > 0.5).map(|(i, _)| (found[i] - expected[i]).powi(2));
    let squares: Vec<f32> = squares.collect();
    -10.0 * (squares.iter().sum::<f32>() / squares.len() as f32).log10()
}

/// The first channel with the masked part diffused from its edge: what any smooth inpainting comes to.
fn diffused(picture: &[f32], mask: &[f32], Extent { height, width }: Extent) -> Vec<f32> {
    let mut diffused = picture[..height * width].to_vec();
    for _ in 0..2000 {
        let before = diffused.clone();
        for i in (0..height * width).filter(|i| mask[*i] > 0.5) {
            diffused[i] = (before[i - 1] + before[i + 1] + before[i - width] + before[i + width]) / 4.0;
        }
    }
    diffused
}

#[test]
fn the_gpu_and_burn_repair_materials_alike_to_the_bit() {
    let Some(gpu) = gpu() else { return };
    for tiles in [false, true] {
        let repair = Repair { maps: MATERIAL.to_vec(), tiles, ..Repair::new(SIZE) };
        let generator = repair.generator().unwrap().validate().unwrap();
        let by = if tiles { [40, 50] } else { [0, 30] };
        let request = request(&repair, &disc(SIZE, 12, by), |y, x| bricks(y, x, 0.1));
        let (burn, made) = (on_burn(&generator, &request), gpu.generate(&generator, &request).unwrap());
        for ((output, burn), (_, made)) in burn.outputs.iter().zip(&made.outputs) {
            // Normals get unit length by a square root, which devices round differently.
            let most = if output.kind == OutputKind::Normal { 1e-5 } else { 0.0 };
            let pairs = burn.as_f32().unwrap().iter().zip(made.as_f32().unwrap());
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= most, "{} differs by {worst}, tiles: {tiles}", output.name);
        }
    }
}

#[test]
fn the_gpu_and_burn_repair_pictures_alike() {
    let Some(gpu) = gpu() else { return };
    // An odd size, which is extended.
    let repair = Repair::new(Extent { height: 97, width: 111 });
    let generator = repair.generator().unwrap().validate().unwrap();
    let request = request(&repair, &disc(repair.size, 10, [0, 0]), |y, x| bricks(y, x, 0.02));
    let (burn, made) = (on_burn(&generator, &request), gpu.generate(&generator, &request).unwrap());
    let pairs = output(&burn, OutputKind::BaseColor).into_iter().zip(output(&made, OutputKind::BaseColor));
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "differs by {worst}");
}

#[test]
fn a_repair_keeps_every_bit_outside_the_grown_mask() {
    for (grow, tiles) in [(0, false), (3, true)] {
        let repair = Repair { maps: MATERIAL.to_vec(), grow, tiles, ..Repair::new(SIZE) };
        let generator = repair.generator().unwrap().validate().unwrap();
        let mask = disc(SIZE, 10, [0, 0]);
        let mut request = request(&repair, &mask, |y, x| bricks(y, x, 0.1));
        // No whole bytes.
        let image: Vec<f32> = request.inputs["image"].as_f32().unwrap().iter().map(|v| v * 0.9 + 0.03).collect();
        request.inputs.insert("image".into(), Tensor::f32([1, 3, SIZE.height, SIZE.width], image.clone()));
        let made = output(&on_burn(&generator, &request), OutputKind::BaseColor);
        let grown = |i: usize| {
            let (y, x) = (i / SIZE.width, i % SIZE.width);
            let near = |j: usize| (j / SIZE.width).abs_diff(y) <= grow && (j % SIZE.width).abs_diff(x) <= grow;
            (0..mask.len()).any(|j| mask[j] > 0.5 && near(j))
        };
        let mut inside = 0;
        for i in 0..mask.len() {
            let (is_same, is_inside) = (made[i].to_bits() == image[i].to_bits(), grown(i));
            assert!(is_same || is_inside, "pixel {i} changed");
            inside += usize::from(is_inside && !is_same);
        }
        assert!(inside > 200, "{inside} pixels are replaced");
    }
}

#[test]
fn bricks_are_continued() {
    let repair = Repair::new(SIZE);
    let generator = repair.generator().unwrap().validate().unwrap();
    let mask = disc(SIZE, 14, [0, 0]);
    let clean = map(OutputKind::BaseColor, SIZE, |y, x| bricks(y, x, 0.02));
    let clean = clean.as_f32().unwrap();
    let request = request(&repair, &mask, |y, x| {
        // What is under the mask must not matter.
        if mask[y * SIZE.width + x] > 0.5 { 1.0 } else { bricks(y, x, 0.02) }
    });
    let made = output(&on_burn(&generator, &request), OutputKind::BaseColor);
    let smooth = diffused(clean, &mask, SIZE);
    let (found, smooth) = (psnr(&made, clean, &mask), psnr(&smooth, clean, &mask));
    assert!(found > 28.0 && found > smooth + 8.0, "{found} dB; diffused {smooth} dB");
}

#[test]
fn all_maps_of_a_material_show_the_same_pixel_also_across_the_edge() {
    let repair = Repair { maps: vec![OutputKind::BaseColor, OutputKind::Height], tiles: true, ..Repair::new(SIZE) };
    let generator = repair.generator().unwrap().validate().unwrap();
    // Around the corner of the picture.
    let mask = disc(SIZE, 12, [SIZE.height / 2, SIZE.width / 2]);
    assert!(mask[0] > 0.5 && mask[mask.len() - 1] > 0.5);
    let request = request(&repair, &mask, |y, x| bricks(y, x, 0.1));
    let made = on_burn(&generator, &request);
    let (color, height) = (output(&made, OutputKind::BaseColor), output(&made, OutputKind::Height));
    let plane = SIZE.height * SIZE.width;
    // The first channel of the colour and the height are the same tone.
    assert_eq!(color[..plane], height[..], "maps part");
    let expected = map(OutputKind::Height, SIZE, |y, x| bricks(y, x, 0.0));
    let found = psnr(&height, expected.as_f32().unwrap(), &mask);
    assert!(found > 24.0, "{found} dB, grain included");
}

#[test]
fn a_photograph_becomes_a_texture_that_tiles() {
    let size = Extent::splat(96);
    // Waves that do not end where they began, brighter to the right.
    let wave = |y: usize, x: usize| {
        0.4 + 0.15 * (x as f32 / 2.9).sin() + 0.1 * (y as f32 / 3.7 + 1.0).cos() + 0.002 * x as f32
    };
    let tile = Tile { seam: 14, ..Tile::new(size) };
    let generator = tile.generator().unwrap().validate().unwrap();
    assert!(generator.generator.size.tiles);
    let mut request = Request::new(Size::new(96, 96), 0);
    let image = map(OutputKind::BaseColor, size, wave);
    request.inputs.insert("image".into(), image.clone());
    let made = output(&on_burn(&generator, &request), OutputKind::BaseColor);
    // The mean step between columns `x` and `x + 1`.
    let step = |picture: &[f32], x: usize| {
        let apart = |y: usize| (picture[y * 96 + x] - picture[y * 96 + (x + 1) % 96]).abs();
        (0..96).map(apart).sum::<f32>() / 96.0
    };
    let image = image.as_f32().unwrap();
    let usual = (20..76).map(|x| step(image, x)).fold(0.0, f32::max);
    let (before, after) = (step(image, 95), step(&made, 95));
    assert!(before > 2.0 * usual && after < 1.2 * usual, "{before} before, {after} after, {usual} elsewhere");
    let middle = |i: &usize| (14..82).contains(&(i / 96)) && (14..82).contains(&(i % 96));
    assert!((0..96 * 96).filter(middle).all(|i| made[i].to_bits() == image[i].to_bits()), "the middle stays");
}

/// Lines of three pixels, every tenth row and column.
fn lattice(Extent { height, width }: Extent) -> Vec<f32> {
    let is_line = |at: usize| (3..6).contains(&(at % 10));
    (0..height * width).map(|i| f32::from(is_line(i / width) || is_line(i % width))).collect()
}

/// Waves longer than the lattice's cells.
fn waves(y: usize, x: usize) -> f32 {
    0.5 + 0.2 * (x as f32 / 6.0).sin() + 0.2 * (y as f32 / 7.0 + x as f32 / 15.0).cos()
}

#[test]
fn a_picture_full_of_scratches_is_continued_smoothly() {
    let mask = lattice(SIZE);
    let clean = map(OutputKind::BaseColor, SIZE, waves);
    let made = |scratches: usize| {
        let repair = Repair { scratches, ..Repair::new(SIZE) };
        let generator = repair.generator().unwrap().validate().unwrap();
        let request = request(&repair, &mask, |y, x| if mask[y * SIZE.width + x] > 0.5 { 1.0 } else { waves(y, x) });
        psnr(&output(&on_burn(&generator, &request), OutputKind::BaseColor), clean.as_f32().unwrap(), &mask)
    };
    // Hardly a pixel is known two pixels from a line, so there is no patch to copy.
    let [copied, continued] = [0, 3].map(made);
    assert!(continued > 28.0 && continued > copied + 15.0, "{continued} dB, {copied} dB copied");
}

#[test]
fn holes_are_repaired_alike_where_scratches_are_looked_for() {
    let mask = disc(SIZE, 11, [0, 0]);
    let [without, with] = [0, 5].map(|scratches| {
        let repair = Repair { maps: MATERIAL.to_vec(), scratches, ..Repair::new(SIZE) };
        let generator = repair.generator().unwrap().validate().unwrap();
        on_burn(&generator, &request(&repair, &mask, |y, x| bricks(y, x, 0.1)))
    });
    for ((output, without), (_, with)) in without.outputs.iter().zip(&with.outputs) {
        assert!(without == with, "{}", output.name);
    }
}

#[test]
fn scratches_on_a_torus_are_the_same_wherever_it_is_cut() {
    let size = Extent::splat(64);
    let repair = Repair { scratches: 4, tiles: true, ..Repair::new(size) };
    let generator = repair.generator().unwrap().validate().unwrap();
    let moved = |by: usize| {
        let at = |y: usize, x: usize| [(y + by) % 64, (x + 2 * by) % 64];
        let is_line = |[y, x]: [usize; 2]| (3..6).contains(&((y + x / 4) % 64)) || (x < 40 && y == 30);
        let mask: Vec<f32> = (0..64 * 64).map(|i| f32::from(is_line(at(i / 64, i % 64)))).collect();
        let turn = std::f32::consts::TAU / 64.0;
        let value = |y: usize, x: usize| {
            let [y, x] = at(y, x);
            0.5 + 0.3 * (turn * x as f32).sin() * (2.0 * turn * y as f32).cos()
        };
        let made = output(&on_burn(&generator, &request(&repair, &mask, value)), OutputKind::BaseColor);
        let clean = map(OutputKind::BaseColor, size, value);
        assert!(psnr(&made, clean.as_f32().unwrap(), &mask) > 45.0);
        move |y: usize, x: usize| made[(y + 64 - by) % 64 * 64 + (x + 128 - 2 * by) % 64]
    };
    let [first, second] = [moved(0), moved(29)];
    let worst = (0..64 * 64).map(|i| (first(i / 64, i % 64) - second(i / 64, i % 64)).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn the_gpu_and_burn_continue_scratches_alike() {
    let Some(gpu) = gpu() else { return };
    let repair = Repair { scratches: 3, ..Repair::new(SIZE) };
    let generator = repair.generator().unwrap().validate().unwrap();
    let mut mask = disc(SIZE, 9, [0, 30]);
    (0..SIZE.width).for_each(|x| (20..22).for_each(|y| mask[y * SIZE.width + x] = 1.0));
    let request = request(&repair, &mask, |y, x| bricks(y, x, 0.02));
    let (burn, made) = (on_burn(&generator, &request), gpu.generate(&generator, &request).unwrap());
    let pairs = output(&burn, OutputKind::BaseColor).into_iter().zip(output(&made, OutputKind::BaseColor));
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "differs by {worst}");
}

#[test]
fn nothing_to_repair_and_nothing_known_are_no_faults() {
    let repair = Repair::new(Extent { height: 16, width: 40 });
    for (mask, scratches) in [(0.0, 0), (1.0, 0), (0.0, 4), (1.0, 4)] {
        let repair = Repair { scratches, ..repair.clone() };
        let generator = repair.generator().unwrap().validate().unwrap();
        let request = request(&repair, &[mask; 640], |y, x| bricks(y, x, 0.1));
        let made = output(&on_burn(&generator, &request), OutputKind::BaseColor);
        assert!(made.iter().all(|value| (0.0..=1.0).contains(value)));
        if mask == 0.0 {
            assert_eq!(made, request.inputs["image"].as_f32().unwrap());
        }
    }
}

#[test]
fn faults_of_repairs_say_what_to_do() {
    let fails = |repair: Repair| repair.generator().unwrap_err().to_string();
    assert_eq!(
        fails(Repair::new(Extent { height: 2000, width: 3000 })),
        "a picture of 3000 x 2000 pixels: this edit takes sides of 16 to 2048; scale it, or edit a part of it"
    );
    assert_eq!(
        fails(Repair { tiles: true, ..Repair::new(Extent { height: 1023, width: 1024 }) }),
        "a picture of 1024 x 1023 pixels that tiles: this edit takes sides that are multiples of 8; scale it, or cut some pixels off"
    );
    assert_eq!(
        fails(Repair { grow: 100, ..Repair::new(SIZE) }),
        "a mask that grows by 100 pixels: this edit takes 0 to 64; draw a larger mask"
    );
    assert_eq!(
        fails(Repair { scratches: 7, ..Repair::new(SIZE) }),
        "scratches of up to 7 pixels: this edit takes 0 to 6; wider ones are holes"
    );
    let narrow = Tile { seam: 2, ..Tile::new(SIZE) };
    assert_eq!(narrow.generator().unwrap_err(), EditError::Seam { found: 2, least: 4, most: 24 });
    let none = Repair { maps: Vec::new(), ..Repair::new(SIZE) };
    assert_eq!(none.generator().unwrap_err(), EditError::Maps(Vec::new()));
}
