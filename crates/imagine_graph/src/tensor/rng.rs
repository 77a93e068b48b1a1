//! Random numbers from a counter-based integer hash: the same on CPU and GPU, in any order, to the bit.
//!
//! The hash is pcg4d (Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020). All arithmetic is on
//! 32-bit unsigned integers and wraps.
//!
//! - key: `pcg4d(seed & 0xffffffff, seed >> 32, stream, step)[0]`, once per node and step
//! - cell: `pcg4d(x, y, plane, key)`, four words per element
//! - uniform: the top 24 bits of word 0, divided by 2^24: exact, in [0, 1)
//! - normal: the sum of the twelve 16-bit halves of the six words `cell(key)` and the first two of
//!   `cell(key ^ 0x9e3779b9)`, less 393,210, divided by 65,536: exact (Irwin-Hall), mean 0, variance 1 within 1e-9
//!
//! Coordinates of an element: `x` is its index along the last dimension, `y` along the second to last, `plane` its row-major
//! index over all others; a missing dimension counts as 0. The [`Domain`] shifts `x` and `y`.

use serde::{Deserialize, Serialize};

use super::axis::{Axis, Extent, Texel};
use super::dim::{Dim, Symbol};

/// State of the random number generator for one run, shared by all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomState {
    /// Seed of the request.
    pub seed: u64,
    /// Step of a recurrent network, from 0.
    pub step: u32,
    /// The part of the plane that the image covers.
    pub domain: Domain,
}

/// The part of the plane of random numbers and coordinates that an image covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Domain {
    /// Texel of the plane under the image's first texel.
    pub origin: Texel,
    /// Whether the domain is periodic: coordinates wrap at the tensor's own height and width, as on a torus. Otherwise the
    /// image is a window on an endless plane.
    pub wrap: bool,
}

impl Domain {
    /// Origin of a tensor of the given symbolic shape, in its own elements: the image's origin times the fraction of height
    /// and width that the last two dimensions are, rounded towards minus infinity; 0 where they are fixed.
    pub fn tensor_origin(&self, shape: &[Dim]) -> Texel {
        let along = |axis: Axis| {
            let dim = axis.index(shape.len()).map(|index| shape[index]);
            let ratio = match (axis, dim) {
                (Axis::Height, Some(Dim::Symbol(Symbol::Height(ratio)))) => ratio,
                (Axis::Width, Some(Dim::Symbol(Symbol::Width(ratio)))) => ratio,
                _ => return 0,
            };
            let scaled = i64::from(self.origin[axis]).wrapping_mul(ratio.numerator as i64);
            scaled.div_euclid((ratio.denominator as i64).max(1)) as i32
        };
        Texel { y: along(Axis::Height), x: along(Axis::Width) }
    }

    /// The coordinate of `element` of a random tensor of `size`, modulo 2^32: the hash takes its bits as unsigned.
    pub fn coordinate(&self, tensor_origin: Texel, size: Extent, element: Texel) -> Texel {
        let along = |axis: Axis| {
            let at = i64::from(tensor_origin[axis]) + i64::from(element[axis]);
            (if self.wrap { at.rem_euclid(size[axis] as i64) } else { at }) as i32
        };
        Texel { y: along(Axis::Height), x: along(Axis::Width) }
    }
}

/// Key of one random node at one step.
#[inline]
pub fn key(seed: u64, stream: u32, step: u32) -> u32 {
    pcg4d([seed as u32, (seed >> 32) as u32, stream, step])[0]
}

/// The four words of one element.
#[inline(always)]
pub fn cell(x: u32, y: u32, plane: u32, key: u32) -> [u32; 4] {
    pcg4d([x, y, plane, key])
}

/// A number in [0, 1) from the words of an element.
#[inline(always)]
pub fn uniform(words: [u32; 4]) -> f32 {
    (words[0] >> 8) as f32 / (1 << 24) as f32
}

/// A number with mean 0 and variance 1 for one element.
#[inline(always)]
pub fn normal(x: u32, y: u32, plane: u32, key: u32) -> f32 {
    let [a, b, c, d] = cell(x, y, plane, key);
    let [e, f, ..] = cell(x, y, plane, key ^ 0x9e37_79b9);
    let halves = |word: u32| (word & 0xffff) + (word >> 16);
    let sum = halves(a) + halves(b) + halves(c) + halves(d) + halves(e) + halves(f);
    (sum as i32 - 393_210) as f32 / 65_536.0
}

/// The elements of a random tensor in row-major order, from `draw(x, y, plane)`.
pub fn fill(shape: &[usize], dims: &[Dim], domain: Domain, draw: impl Fn(u32, u32, u32) -> f32) -> Vec<f32> {
    fill_part(shape, dims, domain, Texel::ZERO, Extent::of_shape(shape), draw)
}

/// The elements of a part of a random tensor of `shape`: `size` of them from `first`.
pub fn fill_part(
    shape: &[usize],
    dims: &[Dim],
    domain: Domain,
    first: Texel,
    size: Extent,
    draw: impl Fn(u32, u32, u32) -> f32,
) -> Vec<f32> {
    let whole = Extent::of_shape(shape);
    let origin = domain.tensor_origin(dims);
    let planes = shape.iter().rev().skip(2).product::<usize>();
    let mut values = Vec::with_capacity(planes * size.height * size.width);
    for plane in 0..planes {
        for y in 0..size.height as i32 {
            for x in 0..size.width as i32 {
                let element = Texel { y: first.y.wrapping_add(y), x: first.x.wrapping_add(x) };
                let at = domain.coordinate(origin, whole, element);
                values.push(draw(at.x as u32, at.y as u32, plane as u32));
            }
        }
    }
    values
}

#[inline(always)]
fn pcg4d(words: [u32; 4]) -> [u32; 4] {
    let words = words.map(|v| v.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    mix(mix(words).map(|v| v ^ (v >> 16)))
}

#[inline(always)]
fn mix([mut x, mut y, mut z, mut w]: [u32; 4]) -> [u32; 4] {
    x = x.wrapping_add(y.wrapping_mul(w));
    y = y.wrapping_add(z.wrapping_mul(x));
    z = z.wrapping_add(x.wrapping_mul(y));
    w = w.wrapping_add(y.wrapping_mul(z));
    [x, y, z, w]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_and_normal_numbers_have_the_documented_moments() {
        let key = key(7, 1, 2);
        let count = 1 << 18;
        let moments = |draw: &dyn Fn(u32) -> f32| {
            let values: Vec<f64> = (0..count).map(|i| f64::from(draw(i))).collect();
            let mean = values.iter().sum::<f64>() / f64::from(count);
            (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(count))
        };
        let (mean, variance) = moments(&|i| uniform(cell(i % 512, i / 512, 0, key)));
        assert!((mean - 0.5).abs() < 3e-3 && (variance - 1.0 / 12.0).abs() < 1e-3, "{mean} {variance}");
        let (mean, variance) = moments(&|i| normal(i % 512, i / 512, 0, key));
        assert!(mean.abs() < 1e-2 && (variance - 1.0).abs() < 1e-2, "{mean} {variance}");
    }

    #[test]
    fn a_periodic_domain_rolls_and_an_open_one_moves_on() {
        let shape = [1, 1, 4, 3];
        let draw = |domain| fill(&shape, &Dim::nchw(1), domain, |x, y, plane| uniform(cell(x, y, plane, 5)));
        let still = draw(Domain { origin: Texel::ZERO, wrap: true });
        let rolled = draw(Domain { origin: Texel { y: 1, x: -1 }, wrap: true });
        let moved = draw(Domain { origin: Texel { y: 1, x: -1 }, wrap: false });
        for y in 0..4 {
            for x in 0..3 {
                let source = still[(y + 1) % 4 * 3 + (x + 2) % 3];
                assert_eq!(rolled[y * 3 + x], source);
                if y < 3 && x > 0 {
                    assert_eq!(moved[y * 3 + x], source);
                }
            }
        }
    }
}
