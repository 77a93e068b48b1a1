//! Known receptive fields, and composed windows compared with their index sets.

use super::*;
use crate::graph::{Graph, InputKind, OutputKind};
use crate::ops::{
    Add, AveragePool, Bernoulli, Conv, ConvTranspose, CumSum, DepthToSpace, Einsum, Gather, Op, Pad, PadMode,
    RandomUniform, ReduceMean, Resize, ResizeMode, SpaceToDepth, Tile, Transpose, Trilu,
};
use crate::tensor::{Size, Tensor, TensorData};

/// The support of a graph over an image `x` of one channel; the last node is the output.
fn support_of(build: impl FnOnce(&mut Graph)) -> Vec<OutputSupport> {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(1));
    graph.weight("w", Tensor::f32([1, 1, 3, 3], vec![0.1; 9]));
    build(&mut graph);
    let last = graph.nodes.last().unwrap().name.clone();
    graph.output(&last, OutputKind::Tensor);
    graph.validate().unwrap().bind(Size::new(48, 24)).unwrap().support()
}

fn local(build: impl FnOnce(&mut Graph)) -> PerAxis<Window> {
    match &support_of(build)[..] {
        [OutputSupport { support: Support::Local { windows }, .. }] => *windows,
        other => panic!("one local support expected, found {other:?}"),
    }
}

fn text(build: impl FnOnce(&mut Graph)) -> String {
    support_of(build)
        .iter()
        .map(|s| format!("{} of {}: {}", s.output, s.source, s.support))
        .collect::<Vec<_>>()
        .join("; ")
}

fn window(stride: usize, repeat: usize, low: i64, high: i64) -> Window {
    Window { stride, repeat, low, high }
}

fn doubled() -> Resize {
    Resize { scales: vec![2.0, 2.0], ..Resize::default() }
}

#[test]
fn three_convolutions_reach_three_pixels() {
    let conv = || Conv::same(3, PadMode::Wrap);
    let found = local(|graph| {
        graph.push("a", conv(), ["x", "w"]);
        graph.push("b", conv(), ["a", "w"]);
        graph.push("c", conv(), ["b", "w"]);
    });
    assert_eq!(found, PerAxis::splat(window(1, 1, -3, 3)));
}

#[test]
fn strides_multiply() {
    let strided = || Conv { strides: vec![2, 1], ..Conv::same(3, PadMode::Constant) };
    let found = local(|graph| {
        graph.push("a", strided(), ["x", "w"]);
        graph.push("b", strided(), ["a", "w"]);
    });
    assert_eq!(found, PerAxis { height: window(4, 1, -3, 3), width: window(1, 1, -2, 2) });
}

#[test]
fn dilation_widens() {
    let found = local(|graph| {
        graph.push("a", Conv { dilations: vec![4, 2], pads: vec![4, 2, 4, 2], ..Conv::default() }, ["x", "w"]);
    });
    assert_eq!(found, PerAxis { height: window(1, 1, -4, 4), width: window(1, 1, -2, 2) });
}

#[test]
fn down_and_up_sampling_joins_a_skip_at_full_scale() {
    let found = local(|graph| {
        graph.push("down", Conv { strides: vec![2, 2], ..Conv::same(3, PadMode::Constant) }, ["x", "w"]);
        graph.push("up", doubled(), ["down"]);
        graph.push("sum", Add {}, ["x", "up"]);
    });
    assert_eq!(found, PerAxis::splat(window(1, 1, -2, 1)));
}

#[test]
fn pixel_shuffle_repeats() {
    let found = local(|graph| {
        graph.weight("wide", Tensor::f32([9, 1, 3, 3], vec![0.1; 81]));
        graph.push("a", Conv::same(3, PadMode::Constant), ["x", "wide"]);
        graph.push("b", DepthToSpace { blocksize: 3, ..Default::default() }, ["a"]);
    });
    assert_eq!(found, PerAxis::splat(window(1, 3, -1, 1)));
}

#[test]
fn pixels_in_channels_and_back_are_pixels() {
    let found = local(|graph| {
        graph.push("deep", SpaceToDepth { blocksize: 2 }, ["x"]);
        graph.push("wide", DepthToSpace { blocksize: 2, ..Default::default() }, ["deep"]);
    });
    assert_eq!(found, PerAxis::splat(window(1, 1, -1, 1)));
}

#[test]
fn gathering_and_summing_channels_keeps_the_image_in_place() {
    let found = local(|graph| {
        graph.weight("mix", Tensor::f32([3, 1], vec![0.1; 3]));
        graph.weight("order", Tensor::new(vec![2], TensorData::I32(vec![2, 0])));
        graph.push("mixed", Einsum { equation: "nchw,mc->nmhw".into() }, ["x", "mix"]);
        graph.push("picked", Gather { axis: 1 }, ["mixed", "order"]);
        graph.push("summed", CumSum { axis: 1, ..Default::default() }, ["picked"]);
        graph.push("tiled", Tile { repeats: vec![1, 2, 1, 1] }, ["summed"]);
        graph.push("moved", Pad { pads: vec![2, -2], axes: vec![-1], mode: PadMode::Wrap, value: 0.0 }, ["tiled"]);
    });
    assert_eq!(found, PerAxis { height: window(1, 1, 0, 0), width: window(1, 1, -2, -2) });
}

#[test]
fn antialiasing_reaches_as_far_as_its_filter() {
    let found = local(|graph| {
        let half = Resize { mode: ResizeMode::Linear, antialias: true, scales: vec![0.5, 1.0], ..Default::default() };
        graph.push("half", half, ["x"]);
    });
    assert_eq!(found, PerAxis { height: window(2, 1, -1, 2), width: window(1, 1, 0, 0) });
}

#[test]
fn position_dependent_operators_are_global() {
    let reads = |node: &str, build: &dyn Fn(&mut Graph)| {
        let found = text(build);
        assert!(found.starts_with(&format!("{node} of x: global")), "{found}");
    };
    reads("still", &|graph| {
        graph.push("still", Bernoulli::default(), ["x"]);
    });
    reads("triangle", &|graph| {
        graph.push("triangle", Trilu::default(), ["x"]);
    });
    reads("sums", &|graph| {
        graph.push("sums", CumSum { axis: 3, ..Default::default() }, ["x"]);
    });
    let moving = text(|graph| {
        graph.push("moving", Bernoulli { shape: Dim::nchw(1), ..Default::default() }, ["x"]);
    });
    assert_eq!(moving, "moving of x: rows 0..=0, columns 0..=0; moving of moving: rows 0..=0, columns 0..=0");
}

#[test]
fn global_operators_are_named() {
    let pooled = text(|graph| {
        graph.push("mean", ReduceMean { axes: vec![2, 3], ..Default::default() }, ["x"]);
        graph.push("sum", Add {}, ["x", "mean"]);
    });
    assert_eq!(pooled, "sum of x: global: node \"mean\" reads all of height and width");
    let turned = text(|graph| {
        graph.push("turn", Transpose { perm: vec![0, 1, 3, 2] }, ["x"]);
    });
    assert_eq!(turned, "turn of x: global: node \"turn\" reads all of height and width in another order");
}

#[test]
fn different_scales_of_one_input_do_not_join() {
    let found = text(|graph| {
        graph.push("half", AveragePool { kernel_shape: vec![2, 2], strides: vec![2, 2], ..Default::default() }, ["x"]);
        graph.push(
            "part",
            crate::ops::Slice { starts: vec![0, 0], ends: vec![24, 12], axes: vec![2, 3], steps: vec![] },
            ["x"],
        );
        graph.push("sum", Add {}, ["half", "part"]);
    });
    assert_eq!(found, "sum of x: global: node \"sum\" reads all of its inputs at scales that do not fit together");
}

#[test]
fn random_images_are_sources_and_controls_are_not() {
    let found = text(|graph| {
        graph.input("control", InputKind::Tensor, vec![Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(1)]);
        graph.push("noise", RandomUniform { shape: Dim::nchw(1), ..Default::default() }, []);
        graph.push("blurred", Conv::same(3, PadMode::Wrap), ["noise", "w"]);
        graph.push("shifted", Add {}, ["blurred", "control"]);
        graph.push("sum", Add {}, ["x", "shifted"]);
    });
    assert_eq!(found, "sum of x: rows 0..=0, columns 0..=0; sum of noise: rows -1..=1, columns -1..=1");
}

#[test]
fn composed_windows_are_exact() {
    let windows =
        [window(1, 1, -1, 2), window(2, 1, -1, 1), window(1, 2, 0, 0), window(1, 3, -1, 1), window(3, 2, 0, 1)];
    let read = |w: Window, i: i64| {
        let place = (i * w.stride as i64).div_euclid(w.repeat as i64);
        place + w.low..=place + w.high
    };
    for outer in windows {
        for inner in windows {
            let both = outer.after(inner).unwrap();
            let (mut low, mut high) = (i64::MAX, i64::MIN);
            for i in -60..60 {
                let place = (i * both.stride as i64).div_euclid(both.repeat as i64);
                for index in read(outer, i).flat_map(|between| read(inner, between)) {
                    (low, high) = (low.min(index - place), high.max(index - place));
                }
            }
            assert_eq!((both.low, both.high), (low, high), "{outer:?} after {inner:?}");
        }
    }
}

#[test]
fn huge_windows_are_global_instead_of_overflowing() {
    let huge = window(4096, 1, -4096, 4096);
    assert_eq!(huge.after(huge), None);
    assert_eq!(window(1, 4096, 0, 0).after(window(1, 4096, 0, 0)), None);
}

#[test]
fn the_reach_of_a_transposed_convolution_follows_its_formula() {
    for (kernel, stride, dilation, pad) in [(3, 2, 1, 1), (4, 2, 1, 1), (3, 1, 2, 0), (2, 3, 2, 1), (5, 3, 1, 4)] {
        let op = ConvTranspose {
            strides: vec![stride; 2],
            dilations: vec![dilation; 2],
            pads: vec![pad; 4],
            ..ConvTranspose::default()
        };
        let (x, w) = (TensorType::f32([1, 1, 9, 9]), TensorType::f32([1, 1, kernel, kernel]));
        let Reach::Window(PerAxis { height: found, .. }) = Op::from(op).reach(&[Some(&x), Some(&w)], &x)[0] else {
            panic!("a window")
        };
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        let [stride, pad] = [stride, pad].map(|n| n as i64);
        for y in 0..stride {
            for tap in 0..kernel {
                let spread = y + pad - (tap * dilation) as i64;
                if spread.rem_euclid(stride) == 0 {
                    (low, high) = (low.min(spread.div_euclid(stride)), high.max(spread.div_euclid(stride)));
                }
            }
        }
        assert!(found.low <= low && high <= found.high, "{found:?} misses part of {low}..={high}");
        assert!(found.low >= low - 1 && found.high <= high + 1, "{found:?} is far from {low}..={high}");
    }
}

#[test]
fn the_reach_of_a_resize_follows_its_taps() {
    use crate::ops::CoordinateTransformationMode::{Asymmetric, HalfPixel};
    for mode in [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::Cubic] {
        for coordinate_transformation_mode in [Asymmetric, HalfPixel] {
            for scale in [0.25f32, 0.5, 2.0, 3.0, 5.0] {
                let op = Resize { mode, scales: vec![scale; 2], coordinate_transformation_mode, ..Resize::default() };
                let (input, output) = (64, (64.0 * scale) as usize);
                let axis = crate::ops::resize_weights::ResizedAxis {
                    axis: 2,
                    input,
                    output,
                    scale: f64::from(scale),
                    roi: [0.0, 1.0],
                };
                let taps = crate::ops::resize_weights::FilterTaps::new(&op, &axis);
                let types = [input, output].map(|side| TensorType::f32([1, 1, side, side]));
                let Reach::Window(PerAxis { height: found, .. }) = Op::from(op).reach(&[Some(&types[0])], &types[1])[0]
                else {
                    panic!("a window at scale {scale}")
                };
                let offsets = (0..output).map(|o| {
                    let place = (o * found.stride / found.repeat) as i64;
                    let of = taps.of(o);
                    (of[0].index as i64 - place, of[of.len() - 1].index as i64 - place)
                });
                let (low, high) = offsets.fold((i64::MAX, i64::MIN), |(l, h), (a, b)| (l.min(a), h.max(b)));
                assert_eq!((found.low, found.high), (low, high), "{mode:?} {coordinate_transformation_mode:?} {scale}");
            }
        }
    }
}
