//! Patches of an endless world: in any order they equal the same region generated at once, to the bit, near the origin and far
//! from it; burn agrees; generators without patches are refused.

use std::path::PathBuf;

use burn::backend::Flex;
use imagine_graph::file;
use imagine_graph::{
    Card, Conv, Coordinates, Dim, Distribution, Extent, Fields, Generated, Generator, Graph, InputKind, LeakyRelu,
    OutputKind, PadMode, PatchIndex, Request, RequestError, Resize, ResizeMode, Size, SizeRule, Tensor, Texel,
    ValidGenerator, WorldPoint, generators,
};
use imagine_wgpu::headless::Gpu;

use crate::bits::{bits, gpu};
use crate::choice_maps;

/// Patches across and down.
const SIDE: i64 = 2;
/// Distance from the origin in patches.
const FAR: i64 = 1 << 20;

/// A generator, the size of its patches in texels, and the rest of a request.
struct World {
    name: &'static str,
    generator: ValidGenerator,
    patch: [usize; 2],
    /// How far burn may differ between a patch and a wider one: matrix products may sum in another order.
    tolerance: f32,
    request: fn(Request) -> Request,
}

fn worlds() -> Vec<World> {
    let asset = |name: &str| {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/generators"));
        file::load(folder.join(format!("{name}.generator.safetensors"))).unwrap().generator
    };
    let built = || generators::load("noise_material").unwrap().generator;
    vec![
        World {
            name: "living texture",
            generator: asset("stone_wall"),
            patch: [24, 40],
            tolerance: 1e-5,
            request: |request| Request { steps: Some(5), ..request },
        },
        World {
            name: "noise material",
            generator: built(),
            patch: [30, 47],
            tolerance: 0.0,
            request: |request| request,
        },
        World {
            name: "noise material with fields",
            generator: built(),
            patch: [32, 32],
            tolerance: 0.0,
            request: with_biomes,
        },
        World {
            name: "a map of choices",
            generator: choice_maps::generator(),
            patch: [32, 16],
            tolerance: 1e-5,
            request: with_kinds,
        },
        World {
            name: "convolutions",
            generator: convolutions(),
            patch: [24, 40],
            tolerance: 1e-5,
            request: |request| request,
        },
        World {
            name: "coordinates",
            generator: waves(),
            patch: [16, 24],
            tolerance: 0.0,
            request: |request| Request { period: Some(Extent { height: 96, width: 80 }), ..request },
        },
    ]
}

/// Fields for colours, a coat and a roughness.
fn with_biomes(request: Request) -> Request {
    let fields = Fields::new(["coat", "coat_color", "base_roughness"], |WorldPoint { x, y }, values| {
        let wave = |at: f64, period: f64| ((at / period).rem_euclid(1.0) * std::f64::consts::TAU).sin() as f32;
        values[0] = 0.5 + 0.5 * wave(x, 96.0);
        values[1..4].copy_from_slice(&[0.2, 0.5 + 0.3 * wave(y, 160.0), 0.1]);
        values[4] = 0.7 + 0.3 * wave(x + y, 128.0);
    });
    Request { fields: Some(fields), ..request }
}

/// A field that blends the options of a choice.
fn with_kinds(request: Request) -> Request {
    let fields = Fields::new(["kind"], |WorldPoint { x, y }, values| {
        let wave = |at: f64| (at / 128.0 * std::f64::consts::TAU).sin() as f32;
        values.copy_from_slice(&[0.2, 1.0 + wave(x), 1.0 + wave(y)]);
    });
    Request { fields: Some(fields), ..request }
}

/// Latents of an eighth of the size, up-sampled between convolutions that wrap, pad with zeros and repeat the border.
fn convolutions() -> ValidGenerator {
    let mut graph = Graph::default();
    let shape = Dim::nchw_divided(4, 8);
    graph.input("local", InputKind::Latent(Distribution::Normal), shape);
    graph.input(
        "global",
        InputKind::Latent(Distribution::Uniform),
        vec![Dim::BATCH, Dim::Fixed(4), 1.into(), 1.into()],
    );
    graph.push("both", imagine_graph::Add {}, ["local", "global"]);
    let mut at = "both".to_string();
    for (index, (mode, pad_mode)) in [
        (ResizeMode::Nearest, PadMode::Wrap),
        (ResizeMode::Linear, PadMode::Constant),
        (ResizeMode::Nearest, PadMode::Edge),
    ]
    .into_iter()
    .enumerate()
    {
        let outputs = if index == 2 { 3 } else { 8 };
        let inputs = if index == 0 { 4 } else { 8 };
        let count = outputs * inputs * 9;
        let weights: Vec<f32> = (0..count).map(|i| ((i * 7919 % 101) as f32 - 50.0) / 250.0).collect();
        let weight = graph.weight(&format!("w{index}"), Tensor::f32([outputs, inputs, 3, 3], weights));
        let up = graph.push(
            &format!("up{index}"),
            Resize { mode, scales: vec![2.0; 2], ..Resize::default() },
            [at.as_str()],
        );
        let conv = graph.push(&format!("conv{index}"), Conv::same(3, pad_mode), [up.as_str(), weight.as_str()]);
        at = graph.push(&format!("relu{index}"), LeakyRelu { alpha: 0.2 }, [conv.as_str()]);
    }
    graph.push("base_color", imagine_graph::Sigmoid {}, [at.as_str()]);
    graph.output("base_color", OutputKind::BaseColor);
    let size = SizeRule { multiple: Extent::splat(8), min: Extent::splat(8), tiles: true };
    Generator { output: graph, recurrence: None, size, card: Card::default() }.validate().unwrap()
}

/// Waves over the plane's coordinates.
fn waves() -> ValidGenerator {
    let mut f = generators::Formula::new();
    let place = f.graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
    let phase = f.mul(&place, 3.0 * std::f32::consts::TAU);
    let wave = f.sin(&phase);
    let sum = f.channel_sum(&wave);
    let height = f.scaled(&sum, 0.25, 0.5);
    f.output(&height, OutputKind::Height);
    let size = SizeRule { tiles: true, ..SizeRule::default() };
    Generator { output: f.graph, recurrence: None, size, card: Card::default() }.validate().unwrap()
}

impl World {
    fn patch(&self, [x, y]: [i64; 2]) -> Request {
        let [height, width] = self.patch;
        (self.request)(Request::patch(Size::new(height, width), 77, PatchIndex { y, x }).unwrap())
    }

    /// The block of patches from patch `[x, y]` on, as one request.
    fn block(&self, [x, y]: [i64; 2]) -> Request {
        let [height, width] = self.patch;
        let one = self.patch([x, y]);
        Request { size: Size::new(height * SIDE as usize, width * SIDE as usize), ..one }
    }
}

/// The bits of patch `[column, row]` within `whole`.
fn part(whole: &Tensor, [column, row]: [i64; 2], [height, width]: [usize; 2]) -> Vec<u32> {
    let values = bits(whole);
    let (channels, rows, columns) = (whole.shape[1], whole.shape[2], whole.shape[3]);
    let mut found = Vec::new();
    for channel in 0..channels {
        for y in row as usize * height..(row as usize + 1) * height {
            let start = (channel * rows + y) * columns + column as usize * width;
            found.extend_from_slice(&values[start..start + width]);
        }
    }
    found
}

fn assert_equals_whole(gpu: &Gpu, world: &World, origin: [i64; 2]) {
    let whole = gpu.generate(&world.generator, &world.block(origin)).unwrap();
    let mut order = [[1, 1], [0, 0], [1, 0], [0, 1]];
    // An order of its own near the origin and far from it.
    order.rotate_left(usize::from(origin[0] == FAR));
    for (index, [x, y]) in order.into_iter().enumerate() {
        if index == 2 {
            // A request from elsewhere in between.
            gpu.generate(&world.generator, &world.patch([origin[0] + 9, origin[1] - 5])).unwrap();
        }
        let made = gpu.generate(&world.generator, &world.patch([origin[0] + x, origin[1] + y])).unwrap();
        for ((output, one), (_, all)) in made.outputs.iter().zip(&whole.outputs) {
            assert_eq!(one.shape[2..], world.patch, "{}", world.name);
            let label = format!("{}: {} of patch {x},{y} from {origin:?}", world.name, output.name);
            assert!(bits(one) == part(all, [x, y], world.patch), "{label}");
        }
    }
}

#[test]
fn a_constant_field_equals_the_control() {
    let generator = choice_maps::generator();
    let option = choice_maps::KINDS - 1;
    let patch = || Request::patch(Size::new(32, 32), 11, PatchIndex { y: 3, x: -5 }).unwrap();
    let everywhere = Fields::new(["kind"], move |_, values| {
        values.fill(0.0);
        values[option] = 1.0;
    });
    let field = Request { fields: Some(everywhere), ..patch() };
    let control = Request { inputs: [("kind".to_string(), Tensor::scalar(option as f32))].into(), ..patch() };
    let [field, control] = [field, control]
        .map(|request| imagine_burn::generate::<Flex>(&generator, &request, &Default::default()).unwrap().outputs);
    for ((output, field), (_, control)) in field.iter().zip(&control) {
        assert_eq!(bits(field), bits(control), "{}", output.name);
    }
}

#[test]
fn patches_in_any_order_are_the_whole() {
    let Some(gpu) = gpu() else { return };
    for world in worlds() {
        for origin in [[-1, -1], [FAR, -FAR]] {
            assert_equals_whole(&gpu, &world, origin);
        }
    }
}

#[test]
fn neighbours_differ_and_so_do_seeds() {
    let Some(gpu) = gpu() else { return };
    for world in worlds().into_iter().filter(|world| world.name != "coordinates") {
        let made = |request: &Request| bits(&gpu.generate(&world.generator, request).unwrap().outputs[0].1);
        let one = world.patch([FAR, FAR]);
        assert_ne!(made(&one), made(&world.patch([FAR + 1, FAR])), "{}", world.name);
        assert_ne!(made(&one), made(&Request { seed: 78, ..one.clone() }), "{}", world.name);
    }
}

fn on_burn(world: &World, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(&world.generator, request, &Default::default()).unwrap()
}

#[test]
fn burn_makes_the_same_patches() {
    let gpu = gpu();
    for world in worlds() {
        let request = world.patch([-FAR, 3]);
        let theirs = on_burn(&world, &request);
        let next = on_burn(&world, &Request { size: Size::new(world.patch[0], 2 * world.patch[1]), ..request.clone() });
        let ours = gpu.as_ref().map(|gpu| gpu.generate(&world.generator, &request).unwrap());
        for (index, (output, one)) in theirs.outputs.iter().enumerate() {
            let label = format!("{}: {}", world.name, output.name);
            let wider: Vec<f32> =
                part(&next.outputs[index].1, [0, 0], world.patch).into_iter().map(f32::from_bits).collect();
            assert_near(&label, one.as_f32().unwrap(), &wider, world.tolerance);
            let Some(ours) = &ours else { continue };
            assert_near(&label, one.as_f32().unwrap(), ours.outputs[index].1.as_f32().unwrap(), 1e-3);
        }
    }
}

fn assert_near(label: &str, a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len(), "{label}");
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{label} differs by {worst}");
}

#[test]
fn generators_without_patches_are_refused() {
    let refused = |generator: &ValidGenerator, request: Request| generator.check(&request).unwrap_err().to_string();
    let patch = || Request::patch(Size::new(64, 64), 0, PatchIndex::default()).unwrap();
    let mut graph = convolutions().output.graph().clone();
    let mean = imagine_graph::ReduceMean { axes: vec![2, 3], ..Default::default() };
    graph.push("mean", mean, ["relu1"]);
    let read = graph.nodes.iter_mut().find(|node| node.name == "up2").unwrap();
    read.inputs = vec!["less".into()];
    graph.push("less", imagine_graph::Sub {}, ["relu1", "mean"]);
    let size = SizeRule { multiple: Extent::splat(8), min: Extent::splat(8), tiles: true };
    let global = Generator { output: graph, recurrence: None, size, card: Card::default() }.validate().unwrap();
    let message = refused(&global, patch());
    assert!(message.contains("\"mean\"") || message.contains("\"less\""), "{message}");
    assert!(message.contains("cannot make patches of a world"), "{message}");

    let sky = generators::load("cloudy_sky").unwrap().generator;
    assert!(refused(&sky, patch()).contains("sphere"));
    assert_eq!(Request::patch(Size::new(1024, 1024), 0, PatchIndex { y: 1 << 21, x: 0 }), Err(RequestError::WorldEnd));
    assert_eq!(Request::patch(Size::new(64, 64), 0, PatchIndex { y: i64::MAX, x: 0 }), Err(RequestError::WorldEnd));
    let material = generators::load("noise_material").unwrap().generator;
    assert!(refused(&material, Request { size: Size::new(0, 64), ..patch() }).contains("1 to 16384"));
    assert!(refused(&material, Request { size: Size::new(1 << 40, 64), ..patch() }).contains("1 to 16384"));
    let edge = Request {
        domain: imagine_graph::rng::Domain { origin: Texel { y: i32::MAX - 64, x: 0 }, wrap: false },
        ..patch()
    };
    assert!(refused(&material, edge).contains("end of the world"));
}

#[test]
fn invalid_fields_are_refused() {
    let material = generators::load("noise_material").unwrap().generator;
    let patch = || Request::patch(Size::new(64, 64), 0, PatchIndex::default()).unwrap();
    let with = |names: &[&str], value: f32| {
        let fields = Fields::new(names.iter().copied(), move |_, values| values.fill(value));
        material.check(&Request { fields: Some(fields), ..patch() }).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with(&["coat", "color_a", "relief"], 0.5), Ok(()));
    for (names, value, part) in [
        (&["coats"][..], 0.5, "there is no input \"coats\""),
        (&["coat", "coat"], 0.5, "named twice"),
        (&[], 0.5, "1 to 64"),
        (&["scale"], 0.5, "does not broadcast"),
        (&["coat"], f32::NAN, "not a finite number"),
        (&["shape"], 0.5, "[1, C, 1, 1]"),
    ] {
        let message = with(names, value).unwrap_err();
        assert!(message.contains(part), "{names:?}: {message}");
    }
    let tiling = Request { fields: Some(Fields::new(["coat"], |_, _| {})), ..Request::new(Size::new(64, 64), 0) };
    assert!(material.check(&tiling).unwrap_err().to_string().contains("tiles"));
}
