//! Restorers on every executor, in tiles, and on pictures that tile.

use burn::backend::Flex;
use imagine_burn::generate_in_tiles;
use imagine_edit::input_name;
use imagine_edit::restore::{Restorer, STRENGTH};
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{Generated, OutputKind, Request, Size, Tensor, ValidGenerator};
use imagine_wgpu::PlanOptions;

use crate::bits::{bits, gpu, roll};

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

/// Waves and grain that tile.
fn drawn(kind: OutputKind, [height, width]: [usize; 2]) -> Tensor {
    let channels = kind.channels().unwrap_or(1);
    let value = |channel: usize, y: usize, x: usize| {
        let phase = std::f32::consts::TAU * (3.0 * y as f32 / height as f32 + 2.0 * x as f32 / width as f32);
        let grain = (((x * 7919 + y * 104_729 + channel) ^ (x * y)) % 31) as f32 / 155.0;
        0.4 + 0.2 * (phase + channel as f32).sin() + grain
    };
    let planes = (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    Tensor::f32([1, channels, height, width], planes.map(|(c, y, x)| value(c, y, x)).collect::<Vec<_>>())
}

fn request(kinds: &[OutputKind], [height, width]: [usize; 2]) -> Request {
    let mut request = Request::new(Size::new(height, width), 0);
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

/// A restorer with a request of some size.
fn restorer(wraps: bool) -> (LoadedGenerator, Request) {
    let kinds = [OutputKind::BaseColor, OutputKind::Alpha, OutputKind::Normal, OutputKind::Height];
    let mut faded = request(&kinds, [96, 112]);
    faded.inputs.insert(STRENGTH.into(), Tensor::f32([1; 4], [0.7]));
    (Restorer::built_in().of_maps(&kinds, wraps).unwrap(), faded)
}

#[test]
fn tiles_are_the_whole_to_the_bit() {
    for wraps in [false, true] {
        {
            let (loaded, request) = restorer(wraps);
            let whole = on_burn(&loaded.generator, &request);
            let mut tiles = 0;
            let done = |_, all| tiles = all;
            let made = generate_in_tiles::<Flex>(&loaded.generator, &request, 64, &Default::default(), done).unwrap();
            assert!(tiles > 1, "{}", loaded.name);
            for ((output, whole), (_, made)) in whole.outputs.iter().zip(&made.outputs) {
                assert_eq!(bits(whole), bits(made), "{} {} {wraps}", loaded.name, output.name);
            }
        }
    }
}

#[test]
fn the_gpu_and_burn_agree() {
    let Some(gpu) = gpu() else { return };
    {
        let (loaded, request) = restorer(true);
        let expected = on_burn(&loaded.generator, &request);
        let whole = gpu.generate(&loaded.generator, &request).unwrap();
        for ((output, expected), (_, found)) in expected.outputs.iter().zip(&whole.outputs) {
            assert!(worst(found, expected) < 1e-4, "{} {}", loaded.name, output.name);
        }
        let options = PlanOptions { arena_bytes: 3 << 20, ..gpu.options() };
        let tiles = gpu.with_options(options).generate(&loaded.generator, &request).unwrap();
        for ((output, whole), (_, tiles)) in whole.outputs.iter().zip(&tiles.outputs) {
            assert_eq!(bits(whole), bits(tiles), "{} {}", loaded.name, output.name);
        }
    }
}

#[test]
fn what_tiles_still_tiles() {
    {
        let (loaded, mut request) = restorer(true);
        let plain = on_burn(&loaded.generator, &request);
        for image in request.inputs.values_mut().filter(|image| image.shape[2] > 1) {
            *image = roll(image, [32, 48]);
        }
        let rolled = on_burn(&loaded.generator, &request);
        for ((output, plain), (_, rolled)) in plain.outputs.iter().zip(&rolled.outputs) {
            assert!(worst(&roll(plain, [32, 48]), rolled) < 1e-5, "{} {}", loaded.name, output.name);
        }
    }
}
