//! Tiles equal the whole image to the bit: every padding, up-sampling, pixel shuffle, random numbers, coordinates, automata. The
//! limits are small so that the images can be.

use expect_test::expect;
use imagine_graph::rng::Domain;
use imagine_graph::{
    Add, AveragePool, Conv, ConvTranspose, Coordinates, DepthToSpace, Dim, Distribution, Generated, Graph, InputKind,
    InstanceNormalization, OutputKind, Pad, PadMode, RandomNormal, Request, Resize, ResizeMode, Sin, Size, Tanh,
    Tensor, Texel, ValidGenerator,
};
use imagine_wgpu::headless::{Gpu, GpuError};
use imagine_wgpu::{DeviceLimits, PlanOptions, Tiling};

use crate::automaton;
use crate::common::{conv, doubled, generator, gpu, noise, weight};

const SIZE: Size = Size { batch: 1, height: 44, width: 60 };

fn image() -> Graph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(3));
    graph
}

fn finish(mut graph: Graph, multiple: usize) -> ValidGenerator {
    let last = graph.nodes.last().unwrap().outputs[0].clone();
    graph.output(&last, OutputKind::Tensor);
    generator(graph, None, multiple)
}

fn request(generator: &ValidGenerator, size: Size) -> Request {
    let mut request = Request::new(size, 5);
    request.domain = Domain { origin: Texel { y: -3, x: 1000 }, wrap: true };
    for (index, input) in generator.inputs().iter().enumerate().filter(|(_, input)| input.kind == InputKind::Tensor) {
        let shape: Vec<usize> = input.shape.iter().map(|dim| dim.bind(size).unwrap()).collect();
        let tensor = Tensor::f32(shape.clone(), noise(shape.iter().product(), index as u32));
        request.inputs.insert(input.name.clone(), tensor);
    }
    request
}

/// Compares tiles made with little memory to the whole image. Returns the number of tiles at `least` bytes.
fn check(gpu: &Gpu, generator: &ValidGenerator, request: &Request, least: u64) -> usize {
    let whole = gpu.generate(generator, request).unwrap();
    let resolved = generator.resolve(request).unwrap();
    let mut count = 0;
    for bytes in [8 * least, 3 * least, least] {
        let caps = [(bytes, u64::MAX), (u64::MAX, bytes)];
        for (binding_bytes, arena_bytes) in caps {
            let binding_bytes = binding_bytes.min(gpu.options().limits.binding_bytes);
            let limits = DeviceLimits { binding_bytes, ..gpu.options().limits };
            let options = PlanOptions { limits, arena_bytes, ..gpu.options() };
            let tiling = Tiling::new(generator, &resolved, options).unwrap();
            count = tiling.tiles.len();
            for tile in &tiling.tiles {
                assert!(tile.plan.arena.iter().all(|slab| *slab <= binding_bytes), "{bytes} bytes");
                assert!(tile.plan.arena.iter().sum::<u64>() <= arena_bytes, "{bytes} bytes");
            }
            let tiled = gpu.with_options(options).generate(generator, request).unwrap();
            assert!(same(&whole, &tiled), "{bytes} bytes, {count} tiles");
        }
    }
    count
}

/// Whether all numbers are equal to the bit.
fn same(a: &Generated, b: &Generated) -> bool {
    let bits = |tensor: &Tensor| tensor.as_f32().map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
    let all = |made: &Generated| made.outputs.iter().map(|(_, tensor)| bits(tensor)).collect::<Vec<_>>();
    all(a) == all(b) && a.state.as_ref().map(bits) == b.state.as_ref().map(bits)
}

#[test]
fn constant_padding_holds_at_every_border() {
    padding_holds_at_every_border(PadMode::Constant);
}

#[test]
fn edge_padding_holds_at_every_border() {
    padding_holds_at_every_border(PadMode::Edge);
}

#[test]
fn reflect_padding_holds_at_every_border() {
    padding_holds_at_every_border(PadMode::Reflect);
}

#[test]
fn wrap_padding_holds_at_every_border() {
    padding_holds_at_every_border(PadMode::Wrap);
}

fn padding_holds_at_every_border(mode: PadMode) {
    let Some(gpu) = gpu() else { return };
    let mut graph = image();
    conv(&mut graph, "a", "x", [3, 8], Conv::same(3, mode));
    let wide = Conv { dilations: vec![2, 2], pads: vec![2; 4], ..Conv::same(3, mode) };
    conv(&mut graph, "b", "a", [8, 8], wide);
    graph.push("p", Pad { pads: vec![1, 2, 1, 2], axes: vec![2, 3], mode, value: 0.0 }, ["b"]);
    let across = Conv { dilations: vec![1, 2], ..Conv::default() };
    conv(&mut graph, "c", "p", [8, 5], across);
    let generator = finish(graph, 4);
    assert!(check(&gpu, &generator, &request(&generator, SIZE), 30_000) > 4);
}

#[test]
fn a_unet_with_pools_and_smooth_upsampling_holds() {
    let Some(gpu) = gpu() else { return };
    let mut graph = image();
    conv(&mut graph, "a", "x", [3, 6], Conv::same(3, PadMode::Constant));
    let pool = AveragePool { kernel_shape: vec![2, 2], strides: vec![2, 2], ..AveragePool::default() };
    graph.push("half", pool, ["a"]);
    conv(&mut graph, "quarter", "half", [6, 6], Conv { strides: vec![2, 2], ..Conv::same(3, PadMode::Constant) });
    weight(&mut graph, "t", &[6, 6, 4, 4]);
    let transposed = ConvTranspose { strides: vec![2, 2], pads: vec![1; 4], ..ConvTranspose::default() };
    graph.push("up", transposed, ["quarter", "t"]);
    graph.push("sum", Add {}, ["half", "up"]);
    let smooth = Resize { scales: vec![1.0, 1.0, 2.0, 2.0], mode: ResizeMode::Linear, ..Resize::default() };
    graph.push("large", smooth, ["sum"]);
    conv(&mut graph, "c", "large", [6, 3], Conv::same(3, PadMode::Reflect));
    let generator = finish(graph, 4);
    assert!(check(&gpu, &generator, &request(&generator, Size::new(92, 124)), 90_000) > 4);
}

#[test]
fn super_resolution_of_a_smaller_image_holds() {
    let Some(gpu) = gpu() else { return };
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw_divided(3, 2));
    conv(&mut graph, "a", "x", [3, 8], Conv::same(3, PadMode::Constant));
    conv(&mut graph, "b", "a", [8, 12], Conv::same(3, PadMode::Edge));
    graph.push("shuffled", DepthToSpace { blocksize: 2, ..Default::default() }, ["b"]);
    graph.push("large", doubled(), ["x"]);
    graph.push("y", Add {}, ["shuffled", "large"]);
    let generator = finish(graph, 2);
    let size = Size { batch: 2, ..SIZE };
    assert!(check(&gpu, &generator, &request(&generator, size), 20_000) > 4);
    // A size that no tile divides.
    check(&gpu, &generator, &request(&generator, Size::new(46, 58)), 9_000);
}

#[test]
fn random_numbers_latents_and_coordinates_follow_the_place() {
    let Some(gpu) = gpu() else { return };
    for mode in [PadMode::Wrap, PadMode::Constant] {
        let mut graph = Graph::default();
        let z = Dim::nchw_divided(4, 4);
        graph.input("z", InputKind::Latent(Distribution::Normal), z.clone());
        graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
        graph.push("noise", RandomNormal { shape: z, stream: 3, ..RandomNormal::default() }, []);
        graph.push("sum", Add {}, ["z", "noise"]);
        conv(&mut graph, "a", "sum", [4, 8], Conv::same(3, mode));
        graph.push("b", doubled(), ["a"]);
        graph.push("c", doubled(), ["b"]);
        conv(&mut graph, "d", "c", [8, 2], Conv::same(3, mode));
        graph.push("waves", Sin {}, ["place"]);
        graph.push("y", Add {}, ["d", "waves"]);
        let generator = finish(graph, 4);
        let request = request(&generator, SIZE);
        assert!(check(&gpu, &generator, &request, 16_000) > 4, "{mode:?}");
    }
}

#[test]
fn random_numbers_that_do_not_wrap_with_the_network_are_refused() {
    let Some(gpu) = gpu() else { return };
    let mut graph = Graph::default();
    graph.push("noise", RandomNormal { shape: Dim::nchw(3), ..RandomNormal::default() }, []);
    conv(&mut graph, "y", "noise", [3, 3], Conv::same(3, PadMode::Wrap));
    let generator = finish(graph, 1);
    let request = Request { domain: Domain::default(), ..Request::new(SIZE, 1) };
    let options = PlanOptions { arena_bytes: 20_000, ..gpu.options() };
    let error = Tiling::new(&generator, &generator.resolve(&request).unwrap(), options).unwrap_err();
    expect!["live values need 63424 bytes; the limit is 20000; tiles are impossible: the network wraps around the height but its random numbers do not, so no part across the border can be computed on its own"].assert_eq(&error.to_string());
}

#[test]
fn steps_of_an_automaton_hold_outputs_and_state() {
    let Some(gpu) = gpu() else { return };
    let generator = automaton::generator();
    let request = Request { steps: Some(3), ..Request::new(SIZE, 7) };
    assert!(check(&gpu, &generator, &request, 30_000) > 4);
    let state = gpu.generate(&generator, &request).unwrap().state;
    let again = Request { state, steps: Some(2), ..request };
    check(&gpu, &generator, &again, 30_000);
}

#[test]
fn a_network_that_reads_the_whole_image_is_refused_by_name() {
    let Some(gpu) = gpu() else { return };
    let mut graph = image();
    conv(&mut graph, "a", "x", [3, 8], Conv::same(3, PadMode::Constant));
    weight(&mut graph, "scale", &[8]);
    weight(&mut graph, "bias", &[8]);
    graph.push("norm", InstanceNormalization::default(), ["a", "scale", "bias"]);
    graph.push("y", Tanh {}, ["norm"]);
    let generator = finish(graph, 1);
    let limits = DeviceLimits { binding_bytes: 40_000, ..gpu.options().limits };
    let error = gpu
        .with_options(PlanOptions { limits, ..gpu.options() })
        .generate(&generator, &request(&generator, SIZE))
        .unwrap_err();
    assert!(matches!(error, GpuError::Plan(_)));
    expect![[r#"value "a" needs 84480 bytes; one binding of this device holds at most 40000; tiles are impossible: output: node "norm" (InstanceNormalization) reads all of height and width, so no part of the height can be computed on its own"#]].assert_eq(&error.to_string());
}
