//! `GridSample`: the sum of all taps, each gathered by its flat index and weighted.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Shape, Slice as Range, TensorMetadata};
use imagine_graph::{GridSample, GridSampleMode, GridSamplePadding};

/// One filter tap along one axis, for every point of the grid.
struct Tap<B: Backend> {
    index: IntTensor<B>,
    weight: FloatTensor<B>,
}

pub(super) fn run<B: Backend>(
    params: &GridSample,
    x: FloatTensor<B>,
    grid: FloatTensor<B>,
    shape: &[usize],
) -> FloatTensor<B> {
    let size = x.shape().to_vec();
    let (n, channels, axes) = (size[0], size[1], size.len() - 2);
    let points: usize = shape[2..].iter().product();
    let elements: usize = size[2..].iter().product();
    let grid = B::float_reshape(grid, Shape::from([n, points, axes]));
    let x = B::float_reshape(x, Shape::from([n, channels, elements]));
    // From z to x, the axis order of X; the grid has x first.
    let taps: Vec<Vec<Tap<B>>> = (0..axes).map(|axis| along(params, &grid, axes - 1 - axis, size[axis + 2])).collect();
    let mut sum: Option<FloatTensor<B>> = None;
    for combination in 0..taps[0].len().pow(axes as u32) {
        let (mut rest, mut index, mut weight) = (combination, None, None);
        for (axis, taps) in taps.iter().enumerate() {
            let tap = &taps[rest % taps.len()];
            rest /= taps.len();
            let (own, length) = (tap.index.clone(), size[axis + 2] as i64);
            index = Some(match index {
                Some(outer) => B::int_add(B::int_mul_scalar(outer, length.into()), own),
                None => own,
            });
            weight = Some(match weight {
                Some(outer) => B::float_mul(outer, tap.weight.clone()),
                None => tap.weight.clone(),
            });
        }
        let full = Shape::from([n, channels, points]);
        let index = B::int_expand(index.expect("an axis has taps"), full.clone());
        let weight = B::float_expand(weight.expect("an axis has taps"), full);
        let part = B::float_mul(B::float_gather(2, x.clone(), index), weight);
        sum = Some(match sum {
            Some(sum) => B::float_add(sum, part),
            None => part,
        });
    }
    B::float_reshape(sum.expect("there is a tap"), Shape::from(shape.to_vec()))
}

/// The taps along one axis of `length`, with coordinate number `coordinate` of the grid `[N, points, axes]`.
fn along<B: Backend>(params: &GridSample, grid: &FloatTensor<B>, coordinate: usize, length: usize) -> Vec<Tap<B>> {
    let [n, points, _]: [usize; 3] = grid.shape().dims();
    let one = Range::new(coordinate as isize, Some(coordinate as isize + 1), 1);
    let g = B::float_slice(grid.clone(), &[Range::full(), Range::full(), one]);
    let at = denormalize::<B>(params, B::float_reshape(g, Shape::from([n, 1, points])), length);
    let low = B::float_floor(at.clone());
    let fraction = B::float_sub(at, low.clone());
    let taps = match params.mode {
        GridSampleMode::Nearest => 0..1,
        GridSampleMode::Linear => 0..2,
        GridSampleMode::Cubic => -1..3,
    };
    let tap = |k: i32| tap::<B>(params, B::float_add_scalar(low.clone(), (k as f32).into()), k, &fraction, length);
    taps.map(tap).collect()
}

/// The tap at index `at`, `k` after the floor of the position.
fn tap<B: Backend>(
    params: &GridSample,
    at: FloatTensor<B>,
    k: i32,
    fraction: &FloatTensor<B>,
    length: usize,
) -> Tap<B> {
    let settings = get_device_settings::<B>(&B::float_device(&at));
    let weight = weight::<B>(params.mode, k, fraction.clone());
    let last = length as f32 - 1.0;
    let clamped = |at| B::float_into_int(B::float_clamp(at, 0.0f32.into(), last.into()), settings.int_dtype);
    match params.padding_mode {
        GridSamplePadding::Border => Tap { index: clamped(at), weight },
        GridSamplePadding::Reflection => {
            // With edges between elements, mirrored integers are whole again only after rounding.
            Tap { index: clamped(B::float_round(reflected::<B>(params, at, length))), weight }
        }
        GridSamplePadding::Zeros => {
            let below = B::float_lower_elem(at.clone(), 0.0f32.into(), settings.bool_dtype);
            let above = B::float_greater_elem(at.clone(), last.into(), settings.bool_dtype);
            let weight = B::float_mask_fill(weight, B::bool_or(below, above), 0.0f32.into());
            Tap { index: clamped(at), weight }
        }
    }
}

/// Coordinate `g` in elements of an axis.
fn denormalize<B: Backend>(params: &GridSample, g: FloatTensor<B>, length: usize) -> FloatTensor<B> {
    let size = length as f32;
    let from_edge = B::float_add_scalar(g, 1.0f32.into());
    let at = if params.align_corners {
        B::float_mul_scalar(B::float_div_scalar(from_edge, 2.0f32.into()), (size - 1.0).into())
    } else {
        let doubled = B::float_add_scalar(B::float_mul_scalar(from_edge, size.into()), (-1.0f32).into());
        B::float_div_scalar(doubled, 2.0f32.into())
    };
    let at = if params.mode == GridSampleMode::Nearest { B::float_round(at) } else { at };
    match params.padding_mode {
        GridSamplePadding::Zeros => at,
        GridSamplePadding::Border => {
            let edge = if params.align_corners { 0.0 } else { 0.5 };
            let clamped = B::float_clamp(at.clone(), 0.0f32.into(), (size - 1.0).into());
            let outside = outside::<B>(&at, [-edge, size - 1.0 + edge]);
            B::float_mask_where(at, outside, clamped)
        }
        GridSamplePadding::Reflection => reflected::<B>(params, at, length),
    }
}

/// Reflects positions at the edges of an axis until they lie between them.
fn reflected<B: Backend>(params: &GridSample, at: FloatTensor<B>, length: usize) -> FloatTensor<B> {
    let (low, span) = if params.align_corners { (0.0, length as f32 - 1.0) } else { (-0.5, length as f32) };
    if span == 0.0 {
        return B::float_mul_scalar(at, 0.0f32.into());
    }
    let from_low = B::float_add_scalar(at.clone(), (-low).into());
    let period: f32 = 2.0 * span;
    let turns = B::float_floor(B::float_div_scalar(from_low.clone(), period.into()));
    let within = B::float_sub(from_low, B::float_mul_scalar(turns, period.into()));
    let from_middle = B::float_abs(B::float_add_scalar(within, (-span).into()));
    let mirrored = B::float_add_scalar(B::float_neg(from_middle), (low + span).into());
    let outside = outside::<B>(&at, [low, low + span]);
    B::float_mask_where(at, outside, mirrored)
}

fn outside<B: Backend>(at: &FloatTensor<B>, [low, high]: [f32; 2]) -> burn::tensor::ops::BoolTensor<B> {
    let dtype = get_device_settings::<B>(&B::float_device(at)).bool_dtype;
    let below = B::float_lower_elem(at.clone(), low.into(), dtype);
    B::bool_or(below, B::float_greater_elem(at.clone(), high.into(), dtype))
}

/// Weight of the tap `k` after the floor of the position; `fraction` is the position minus its floor.
fn weight<B: Backend>(mode: GridSampleMode, k: i32, fraction: FloatTensor<B>) -> FloatTensor<B> {
    // The distance t is 1 + f, f, 1 - f, 2 - f for k from -1 to 2.
    let t = match k {
        -1 => B::float_add_scalar(fraction, 1.0f32.into()),
        0 => fraction,
        _ => B::float_add_scalar(B::float_neg(fraction), (k as f32).into()),
    };
    // a + t b
    let linear = |a: f32, t: FloatTensor<B>, b: f32| B::float_add_scalar(B::float_mul_scalar(t, b.into()), a.into());
    let a = -0.75;
    match mode {
        GridSampleMode::Nearest => linear(1.0, t, 0.0),
        GridSampleMode::Linear => linear(1.0, t, -1.0),
        GridSampleMode::Cubic if k == 0 || k == 1 => {
            let slope = linear(-(a + 3.0), t.clone(), a + 2.0);
            linear(1.0, B::float_mul(slope, B::float_mul(t.clone(), t)), 1.0)
        }
        GridSampleMode::Cubic => {
            let inner = B::float_mul(linear(-5.0, t.clone(), 1.0), t.clone());
            let outer = B::float_mul(linear(8.0, inner, 1.0), t);
            linear(-4.0 * a, outer, a)
        }
    }
}
