//! Maps of photographs on every executor, in tiles, and of photographs that tile.

use burn::backend::Flex;
use imagine_burn::generate_in_tiles;
use imagine_edit::material::{MapMaker, RELIEF};
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{Generated, OutputKind, Request, Size, Tensor, ValidGenerator};

use crate::bits::{gpu, roll};

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

/// Stones in a grid that tiles, lit from the left.
fn photograph([height, width]: [usize; 2]) -> Tensor {
    let value = |channel: usize, y: usize, x: usize| {
        let [down, right] = [(y % 32) as f32 / 16.0 - 1.0, (x % 32) as f32 / 16.0 - 1.0];
        let joint = if down.abs().max(right.abs()) > 0.85 { 0.3 } else { 1.0 };
        let grain = (((x * 7919 + y * 104_729) ^ (x * y)) % 31) as f32 / 310.0;
        (0.45 - 0.15 * right.powi(3) + grain + 0.05 * channel as f32) * joint
    };
    let planes = (0..3).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    Tensor::f32([1, 3, height, width], planes.map(|(c, y, x)| value(c, y, x)).collect::<Vec<_>>())
}

fn request(size: [usize; 2], relief: f32) -> Request {
    let inputs = [("image".into(), photograph(size)), (RELIEF.into(), Tensor::f32([1; 4], [relief]))].into();
    Request { inputs, ..Request::new(Size::new(size[0], size[1]), 0) }
}

fn maker(wraps: bool) -> LoadedGenerator {
    MapMaker::built_in().of_photograph(wraps).unwrap()
}

fn worst(ours: &Tensor, theirs: &Tensor) -> f32 {
    assert_eq!(ours.shape, theirs.shape);
    let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn map(made: &Generated, kind: OutputKind) -> &[f32] {
    made.outputs.iter().find(|(output, _)| output.kind == kind).unwrap().1.as_f32().unwrap()
}

#[test]
fn tiles_are_the_whole() {
    for wraps in [false, true] {
        let (loaded, request) = (maker(wraps), request([192, 224], 1.0));
        let whole = on_burn(&loaded.generator, &request);
        let mut tiles = 0;
        let done = |_, all| tiles = all;
        let made = generate_in_tiles::<Flex>(&loaded.generator, &request, 64, &Default::default(), done).unwrap();
        assert!(tiles > 1);
        for ((output, whole), (_, made)) in whole.outputs.iter().zip(&made.outputs) {
            assert!(worst(whole, made) < 1e-5, "{} {wraps}", output.name);
        }
    }
}

#[test]
fn executors_agree() {
    let (loaded, request) = (maker(true), request([96, 128], 1.5));
    let expected = on_burn(&loaded.generator, &request);
    let mut others = vec![imagine_cpu::generate(&loaded.generator, &request, &Default::default()).unwrap()];
    others.extend(gpu().map(|gpu| gpu.generate(&loaded.generator, &request).unwrap()));
    for found in others {
        for ((output, expected), (_, found)) in expected.outputs.iter().zip(&found.outputs) {
            assert!(worst(found, expected) < 1e-3, "{} {}", output.name, worst(found, expected));
        }
    }
}

#[test]
fn maps_of_what_tiles_tile() {
    let (loaded, mut request) = (maker(true), request([96, 128], 1.0));
    let plain = on_burn(&loaded.generator, &request);
    let image = request.inputs.get_mut("image").unwrap();
    *image = roll(image, [48, 16]);
    let rolled = on_burn(&loaded.generator, &request);
    for ((output, plain), (_, rolled)) in plain.outputs.iter().zip(&rolled.outputs) {
        assert!(worst(&roll(plain, [48, 16]), rolled) < 1e-5, "{}", output.name);
    }
}

#[test]
fn relief_scales_slopes_and_nothing_else() {
    let loaded = maker(false);
    let made = |relief: f32| on_burn(&loaded.generator, &request([64, 96], relief));
    let (level, plain, deep) = (made(0.0), made(1.0), made(2.0));
    let area = 64 * 96;
    let slope = |made: &Generated, at: usize| {
        let normal = map(made, OutputKind::Normal);
        [0, 1].map(|axis| normal[axis * area + at] / normal[2 * area + at])
    };
    let mut steepest = 0.0f32;
    for at in 0..area {
        let [own, twice] = [slope(&plain, at), slope(&deep, at)];
        assert!(own.iter().zip(twice).all(|(one, two)| (2.0 * one - two).abs() < 1e-4), "{own:?} {twice:?}");
        assert_eq!(slope(&level, at), [0.0; 2]);
        steepest = steepest.max(own[0].hypot(own[1]));
    }
    assert!(steepest > 0.2, "{steepest}: joints are no relief");
    assert!(map(&level, OutputKind::Height).iter().all(|height| *height == 0.5));
    assert!(map(&level, OutputKind::Occlusion).iter().all(|open| *open == 1.0));
    for kind in [OutputKind::BaseColor, OutputKind::Roughness] {
        assert_eq!(map(&level, kind), map(&deep, kind));
    }
}
