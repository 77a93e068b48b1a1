//! What patches are compared by: all maps and how rough they are, each brought to the same spread.

use imagine_graph::generators::Formula;
use imagine_graph::{Abs, Conv, Dim, Expand, Histogram, ReduceSum, Reshape, Round, Tensor};

use crate::nodes::{Plane, complement, int, ints, stack, to_float, to_int};

/// The mean absolute deviation that a channel gets. Numbers end at +-127.
const SPREAD: i32 = 32;
/// Binomial weights; two passes have a standard deviation of 1.4 pixels.
const BINOMIAL: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];
/// Rec. 601 weights of red, green and blue in 256ths.
const LUMA: [f32; 3] = [77.0, 150.0, 29.0];

/// Values 0 to 1 as whole numbers 0 to 255.
pub(super) fn bytes(f: &mut Formula, value: &str) -> String {
    let scaled = f.mul(value, 255.0);
    let clipped = f.clip(&scaled, 0.0, 255.0);
    f.node(Round {}, &[&clipped])
}

/// Twice the mean absolute slopes to the right and downwards around each pixel, from known pixels: bytes, two channels. `hole` is 1 where nothing is known.
pub(super) fn roughness(f: &mut Formula, plane: Plane, map: &str, channels: usize, hole: &str) -> String {
    let gray = if channels == 3 { luma(f, map) } else { map.to_string() };
    let right = [0.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0];
    let down = [0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0];
    let filters = f.weight(Tensor::f32([2, 1, 3, 3], [right, down].concat()));
    let slopes = f.node(Conv::same(3, plane.edges()), &[&gray, &filters]);
    let slopes = f.node(Abs {}, &[&slopes]);
    let near = plane.filtered(f, hole, 1, &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    let near = f.clip(&near, 0.0, 1.0);
    let known = complement(f, &near);
    let slopes = f.mul(&slopes, &known);
    let sums = blurred(f, plane, &slopes, 2);
    let weights = f.mul(&known, 255.0);
    let weights = blurred(f, plane, &weights, 1);
    // Both are 16 times a mean: sum / (weight / 255), and twice that, for most slopes are small.
    let sums = f.mul(&sums, 510.0);
    let mean = quotient(f, &sums, &weights);
    f.clip(&mean, 0.0, 255.0)
}

fn luma(f: &mut Formula, map: &str) -> String {
    let weights = f.weight(Tensor::f32([1, 3, 1, 1], LUMA));
    let sum = f.node(Conv::default(), &[map, &weights]);
    let sum = f.scaled(&sum, 1.0, 128.0);
    let sum = f.mul(&sum, 1.0 / 256.0);
    f.floor(&sum)
}

/// Two binomial filters, each of which multiplies by 4.
fn blurred(f: &mut Formula, plane: Plane, value: &str, channels: usize) -> String {
    let weights: Vec<f32> = BINOMIAL.iter().flat_map(|row| BINOMIAL.map(|column| row * column)).collect();
    let mut value = value.to_string();
    for _ in 0..2 {
        let sum = plane.filtered(f, &value, channels, &weights);
        let sum = f.mul(&sum, 1.0 / 64.0);
        value = f.floor(&sum);
    }
    value
}

/// `a / b` of whole numbers that are not negative, rounded, halves up; `a` for 0. To the bit on every device, as divisions of floats are not.
pub(super) fn quotient(f: &mut Formula, a: &str, b: &str) -> String {
    let [a, b] = [a, b].map(|value| to_int(f, value));
    let (one, two) = (int(f, 1), int(f, 2));
    let b = f.max(&b, &one);
    let half = f.div(&b, &two);
    let sum = f.add(&a, &half);
    let quotient = f.div(&sum, &b);
    to_float(f, &quotient)
}

/// Channels of bytes, each less its mean and with the same mean absolute deviation over the pixels that are `known` (truth values): whole numbers
/// of -127 to 127.
pub(super) fn normalized(f: &mut Formula, plane: Plane, value: &str, channels: usize, known: &str) -> String {
    let histogram = histogram(f, plane, value, channels, known);
    let values = ints(f, [1, 1, 1, 256], (0..256).collect());
    let over = |f: &mut Formula, value: &str| f.node(ReduceSum { axes: vec![3], ..ReduceSum::default() }, &[value]);
    let one = int(f, 1);
    let count = over(f, &histogram);
    let count = f.max(&count, &one);
    let sums = f.mul(&histogram, &values);
    let sums = over(f, &sums);
    let mean = f.div(&sums, &count);
    let apart = f.sub(&values, &mean);
    let apart = f.node(Abs {}, &[&apart]);
    let apart = f.mul(&histogram, &apart);
    let apart = over(f, &apart);
    // Eight times the mean deviation, then 64 SPREAD / (deviation + 3).
    let eight = int(f, 8);
    let eighth = f.div(&count, &eight);
    let eighth = f.max(&eighth, &one);
    let deviation = f.div(&apart, &eighth);
    let some = int(f, 24);
    let deviation = f.add(&deviation, &some);
    let wanted = int(f, 64 * 8 * SPREAD);
    let factor = f.div(&wanted, &deviation);
    let [mean, factor] = [mean, factor].map(|value| {
        let value = to_float(f, &value);
        f.node(Reshape { shape: [1, channels, 1, 1].map(Dim::Fixed).to_vec(), infer: None }, &[&value])
    });
    let centred = f.sub(value, &mean);
    let product = f.mul(&centred, &factor);
    let product = f.add(&product, 32.0);
    let product = f.mul(&product, 1.0 / 64.0);
    let whole = f.floor(&product);
    f.clip(&whole, -127.0, 127.0)
}

/// How often each channel has each byte where `known`, `[1, 1, channels, 256]`.
fn histogram(f: &mut Formula, plane: Plane, value: &str, channels: usize, known: &str) -> String {
    let value = to_int(f, value);
    let rows = ints(f, [1, channels, 1, 1], (0..channels as i32).map(|channel| channel << 16).collect());
    let places = f.add(&value, &rows);
    let counted = f.node(Expand { shape: plane.shape(channels) }, &[known]);
    f.node(Histogram { height: channels, width: 256 }, &[&places, &counted])
}

/// All channels of the maps, bytes, and the roughness of the first, or of the base colour.
pub(super) fn stacked(f: &mut Formula, plane: Plane, maps: &[(String, usize)], rough: usize, hole: &str) -> String {
    let (map, channels) = &maps[rough];
    let roughness = roughness(f, plane, map, *channels, hole);
    let all: Vec<String> = maps.iter().map(|(map, _)| map.clone()).chain([roughness]).collect();
    stack(f, &all)
}
