//! Edits of pictures and materials: on every executor, and what they leave alone.

use burn::backend::Flex;
use imagine_edit::{EditError, Insert, input_name};
use imagine_graph::{Extent, Generated, OutputKind, Request, Size, Tensor, ValidGenerator, rng};

use crate::bits::gpu;

const SIZE: Extent = Extent { height: 56, width: 72 };
const OBJECT: Extent = Extent { height: 12, width: 20 };
const MAPS: [OutputKind; 6] = [
    OutputKind::BaseColor,
    OutputKind::Normal,
    OutputKind::Height,
    OutputKind::Roughness,
    OutputKind::Metallic,
    OutputKind::Occlusion,
];

/// A smooth picture with some grain.
fn picture(kind: OutputKind, Extent { height, width }: Extent, seed: u64) -> Tensor {
    let channels = kind.channels().unwrap();
    let value = |i: usize| {
        let (c, y, x) = (i / (height * width), i / width % height, i % width);
        let wave = ((x as f32 / 9.0 + c as f32).sin() + (y as f32 / 7.0 + seed as f32).cos()) / 4.0;
        let grain = rng::uniform(rng::cell(x as u32, y as u32, c as u32, rng::key(seed, 0, 0))) - 0.5;
        // Normals point up.
        if kind == OutputKind::Normal && c == 2 { 0.95 } else { 0.5 + 0.6 * wave + 0.2 * grain }
    };
    Tensor::f32([1, channels, height, width], (0..channels * height * width).map(value).collect::<Vec<_>>())
}

/// An alpha that is 1 in the middle and 0 at the edges.
fn disc(Extent { height, width }: Extent) -> Tensor {
    let value = |i: usize| {
        let [y, x] =
            [(i / width, height), (i % width, width)].map(|(at, side)| (2.0 * at as f32 + 1.0) / side as f32 - 1.0);
        (3.0 * (0.9 - y.hypot(x))).clamp(0.0, 1.0)
    };
    Tensor::f32([1, 1, height, width], (0..height * width).map(value).collect::<Vec<_>>())
}

fn flat(extent: Extent, color: [f32; 3]) -> Tensor {
    let plane = extent.height * extent.width;
    Tensor::f32([1, 3, extent.height, extent.width], color.iter().flat_map(|v| vec![*v; plane]).collect::<Vec<_>>())
}

fn request(insert: &Insert, controls: &[(&str, f32)]) -> Request {
    let mut request = Request::new(Size::new(insert.size.height, insert.size.width), 0);
    for kind in &insert.maps {
        request.inputs.insert(input_name("image", *kind), picture(*kind, insert.size, 1));
    }
    for kind in &insert.object_maps {
        request.inputs.insert(input_name("object", *kind), picture(*kind, insert.object, 2));
    }
    request.inputs.insert("object_alpha".into(), disc(insert.object));
    request.inputs.extend(controls.iter().map(|(name, value)| (name.to_string(), Tensor::scalar(*value))));
    request
}

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

fn base_color(generated: &Generated) -> Vec<f32> {
    let (_, tensor) = generated.outputs.iter().find(|(output, _)| output.kind == OutputKind::BaseColor).unwrap();
    tensor.as_f32().unwrap().to_vec()
}

#[test]
fn the_gpu_and_burn_insert_alike() {
    let Some(gpu) = gpu() else { return };
    for (tiles, size) in [(false, SIZE), (true, Extent::splat(64))] {
        let insert = Insert { maps: MAPS.to_vec(), object_maps: MAPS.to_vec(), tiles, ..Insert::new(size, OBJECT) };
        let generator = insert.generator().unwrap().validate().unwrap();
        let controls =
            [("scale", 0.6), ("rotation", 33.0), ("x", 0.4), ("blend", 1.0), ("light", 0.8), ("relief", 0.5)];
        let request = request(&insert, &controls);
        let (burn, made) = (on_burn(&generator, &request), gpu.generate(&generator, &request).unwrap());
        for ((output, burn), (_, made)) in burn.outputs.iter().zip(&made.outputs) {
            let pairs = burn.as_f32().unwrap().iter().zip(made.as_f32().unwrap());
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{} differs by {worst}", output.name);
        }
    }
}

#[test]
fn what_is_outside_the_object_stays() {
    let insert = Insert { maps: MAPS.to_vec(), object_maps: MAPS.to_vec(), ..Insert::new(SIZE, OBJECT) };
    let generator = insert.generator().unwrap().validate().unwrap();
    let request = request(&insert, &[("scale", 0.3), ("x", 0.2), ("y", 0.3), ("blend", 1.0)]);
    for (output, made) in on_burn(&generator, &request).outputs {
        let before = request.inputs[&input_name("image", output.kind)].as_f32().unwrap();
        let signed = |value: f32| if output.kind == OutputKind::Normal { 2.0 * value - 1.0 } else { value };
        let (made, plane) = (made.as_f32().unwrap(), SIZE.height * SIZE.width);
        let changed = (0..made.len()).filter(|i| {
            let (y, x) = (i % plane / SIZE.width, i % SIZE.width);
            let is_near = y < 26 && x < 28;
            // Normals get unit length everywhere.
            let is_same = output.kind == OutputKind::Normal || (made[*i] - signed(before[*i])).abs() < 1e-6;
            assert!(is_near || is_same, "{} at {y}, {x}", output.name);
            is_near && (made[*i] - signed(before[*i])).abs() > 0.01
        });
        assert!(changed.count() > 100, "{} shows the object", output.name);
    }
}

#[test]
fn a_seam_is_made_anew_on_both_sides_of_the_edge_and_nothing_else() {
    let size = Extent::splat(96);
    let object = Extent::splat(48);
    // Rows in the picture, columns in the object, where texels and pixels coincide.
    let stripes = |across: bool, side: usize| {
        let value = |i: usize| if (if across { i % side } else { i / side % side }) % 6 < 3 { 0.7 } else { 0.3 };
        Tensor::f32([1, 3, side, side], (0..3 * side * side).map(value).collect::<Vec<_>>())
    };
    let made = |seam: usize| {
        let insert = Insert { seam, ..Insert::new(size, object) };
        let generator = insert.generator().unwrap().validate().unwrap();
        let mut request = request(&insert, &[("scale", 0.5), ("blend", 0.0), ("light", 0.0)]);
        request.inputs.insert("image".into(), stripes(false, 96));
        request.inputs.insert("object".into(), stripes(true, 48));
        request.inputs.insert("object_alpha".into(), Tensor::f32([1, 1, 48, 48], [1.0; 48 * 48]));
        base_color(&on_burn(&generator, &request))
    };
    let (hard, seamless) = (made(0), made(6));
    let is_band = |i: usize| {
        let [y, x] = [i / 96, i % 96].map(|at| (at as f32 - 47.5).abs());
        (y.max(x) - 24.0).abs() < 6.0
    };
    let plane = 96 * 96;
    let changed = (0..plane).filter(|&i| {
        assert!(is_band(i) || hard[i].to_bits() == seamless[i].to_bits(), "pixel {i} changed");
        (hard[i] - seamless[i]).abs() > 0.1
    });
    let changed = changed.count();
    let band = (0..plane).filter(|&i| is_band(i)).count();
    // Where a stripe of one goes on in the other, it may stay.
    assert!(changed > 40, "{changed} of {band} pixels of the band are new");
    // What is made is either light or dark, as both stripes are.
    let clear = (0..plane).filter(|&i| is_band(i) && (seamless[i] - 0.5).abs() > 0.12).count();
    assert!(clear > band * 3 / 4, "{clear} of {band} pixels of the band are stripes");
}

#[test]
fn an_object_turns_anticlockwise() {
    let size = Extent::splat(64);
    let insert = Insert::new(size, Extent::splat(2));
    let generator = insert.generator().unwrap().validate().unwrap();
    let controls = [("scale", 1.0), ("rotation", 90.0), ("blend", 0.0), ("light", 0.0)];
    let mut request = request(&insert, &controls);
    // Red is above left, green above right, blue below left, white below right.
    let corners = [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]].concat();
    request.inputs.insert("object".into(), Tensor::f32([1, 3, 2, 2], corners));
    request.inputs.insert("object_alpha".into(), Tensor::f32([1, 1, 2, 2], [1.0; 4]));
    let made = base_color(&on_burn(&generator, &request));
    let at = |y: usize, x: usize| [0, 1, 2].map(|c| made[(c * 64 + y) * 64 + x].round());
    let turned = [at(12, 12), at(12, 52), at(52, 12), at(52, 52)];
    assert_eq!(turned, [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
}

#[test]
fn colors_follow_the_surroundings_as_far_as_blend_and_screening_say() {
    let size = Extent::splat(96);
    let [there, here] = [[0.2, 0.3, 0.4], [0.8, 0.6, 0.5]];
    // The object is a square of 48 pixels; the red of its middle.
    let middle = |screening: f32, blend: f32, light: f32| {
        let insert = Insert { screening, ..Insert::new(size, Extent::splat(8)) };
        let generator = insert.generator().unwrap().validate().unwrap();
        let mut request = request(&insert, &[("scale", 0.5), ("blend", blend), ("light", light)]);
        request.inputs.insert("image".into(), flat(size, there));
        request.inputs.insert("object".into(), flat(insert.object, here));
        request.inputs.insert("object_alpha".into(), Tensor::f32([1, 1, 8, 8], [1.0; 64]));
        base_color(&on_burn(&generator, &request))[48 * 96 + 48]
    };
    let close = |found: f32, expected: f32| assert!((found - expected).abs() < 0.01, "{found}, not {expected}");
    close(middle(0.01, 0.0, 0.0), here[0]);
    // A step all around the edge is the same step inside.
    close(middle(0.0, 1.0, 0.0), there[0]);
    close(middle(0.0, 0.5, 0.0), 0.5);
    // 24 pixels from the edge a screening of 1/100 leaves about a tenth of it.
    let screened = middle(0.01, 1.0, 0.0);
    assert!((0.6..0.79).contains(&screened), "{screened}");
    let lit = middle(0.01, 0.0, 1.0);
    assert!(lit < 0.5, "the light of a dark place: {lit}");
}

#[test]
fn faults_say_what_to_do() {
    let fails = |insert: Insert| insert.generator().unwrap_err().to_string();
    let large = fails(Insert::new(Extent { height: 64, width: 10_000 }, OBJECT));
    assert_eq!(
        large,
        "a picture of 10000 x 64 pixels: this edit takes sides of 16 to 4096; scale it, or edit a part of it"
    );
    let object_maps = vec![OutputKind::Normal];
    let found = Insert { object_maps, ..Insert::new(SIZE, OBJECT) }.generator();
    assert_eq!(found.unwrap_err(), EditError::ObjectMap(OutputKind::Normal));
    let none = fails(Insert { maps: Vec::new(), ..Insert::new(SIZE, OBJECT) });
    assert_eq!(none, "maps : expected different maps of a material, at least one");
}
