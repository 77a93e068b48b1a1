//! Coordinates as inputs: where a texel lies on the plane, or which way it looks from inside the sphere.
//!
//! All arithmetic is on whole numbers and in binary64, and every result is rounded to binary32 once.

use serde::{Deserialize, Serialize};

use crate::dim::{Dim, Size, Symbol};
use crate::rng::Lattice;
use crate::tensor::Tensor;

/// What an input of coordinates holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// Two channels: x to the right and y down, in widths and heights of the image, of the texel's centre.
    ///
    /// On a wrapped lattice they are reduced to 0 .. 1 in whole numbers, so that moving the origin rolls them exactly and
    /// any function of period 1 tiles. On an open lattice they count on, in patches of a world in periods instead of the
    /// image's sides and reduced to 0 .. 1 again, so that they are as exact far from the origin as near it.
    Plane,
    /// Three channels: the unit direction through the texel's centre, x to the right, y up, -z forward (Bevy's axes).
    ///
    /// Six square images are the faces of a cubemap; one image twice as wide as high is a panorama. The lattice plays no part.
    Sphere,
    /// Four channels: x to the right and y down, in periods of a torus, then the torus's width and height in elements.
    ///
    /// The torus is the image on a wrapped lattice and has 1024 elements a side on an open one; element `i` of a period of
    /// `n` has `x = (i mod n) / n`, reduced in whole numbers. So whatever has the period 1 tiles, rolls exactly, and goes on
    /// over a world the same wherever the world is cut; and a graph that knows the period can round to it.
    Torus,
}

/// Elements a side of the torus on an open lattice: with `x` in units of 1 / 1024, the product of `x` and a whole number
/// below 2^14 is exact in binary32.
const WORLD_PERIOD: i64 = 1024;

impl Coordinates {
    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Coordinates::Plane => 2,
            Coordinates::Sphere => 3,
            Coordinates::Torus => 4,
        }
    }

    /// What an input of these coordinates must be declared as: a batch of images with this many channels.
    pub(crate) fn fits(self, shape: &[Dim]) -> bool {
        let [batch, channels, height, width] = shape else { return false };
        *batch == Dim::BATCH
            && *channels == Dim::Fixed(self.channels())
            && matches!(height, Dim::Symbol(Symbol::Height(_)))
            && matches!(width, Dim::Symbol(Symbol::Width(_)))
    }

    /// The coordinates of every texel in `shape` (`[batch, channels, height, width]`, declared as `dims`); `None` where a
    /// sphere is neither a cubemap nor a panorama. `period` is that of a world, in texels of the image.
    pub(crate) fn fill(
        self,
        shape: &[usize],
        dims: &[Dim],
        lattice: Lattice,
        period: Option<[usize; 2]>,
    ) -> Option<Tensor> {
        let &[batch, _, height, width] = shape else { return None };
        let values = match self {
            Coordinates::Plane => {
                let period = match period {
                    Some([height, width]) => {
                        let texels = Size { batch, height, width };
                        Some([dims.get(2)?.bind(texels)?, dims.get(3)?.bind(texels)?])
                    }
                    None => None,
                };
                plane([batch, height, width], lattice, lattice.tensor_origin(dims), period)
            }
            Coordinates::Sphere if batch == 6 && height == width => {
                images(shape, |face, [y, x]| cube_direction(face, [middle(y, height), middle(x, width)]))
            }
            Coordinates::Sphere if batch == 1 && width == 2 * height => {
                images(shape, |_, [y, x]| panorama_direction([middle(y, height), middle(x, width)]))
            }
            Coordinates::Sphere => return None,
            Coordinates::Torus => torus([batch, height, width], lattice.tensor_origin(dims), lattice.wrap),
        };
        Some(Tensor::f32(shape, values))
    }
}

fn plane(
    [batch, height, width]: [usize; 3],
    lattice: Lattice,
    origin: [i32; 2],
    period: Option<[usize; 2]>,
) -> Vec<f32> {
    let reduced = lattice.wrap || period.is_some();
    let [rows, columns] = period.filter(|_| !lattice.wrap).unwrap_or([height, width]).map(|length| length.max(1));
    let place = |index: usize, origin: i32, length: usize| {
        let at = i64::from(origin) + index as i64;
        let at = if reduced { at.rem_euclid(length as i64) } else { at };
        (at as f64 + 0.5) / length as f64
    };
    images(&[batch, 2, height, width], |_, [y, x]| [place(x, origin[1], columns), place(y, origin[0], rows)])
}

fn torus([batch, height, width]: [usize; 3], origin: [i32; 2], wrap: bool) -> Vec<f32> {
    let [rows, columns] = [height, width].map(|length| if wrap { length as i64 } else { WORLD_PERIOD });
    let place = |index: usize, origin: i32, period: i64| {
        (i64::from(origin) + index as i64).rem_euclid(period) as f64 / period as f64
    };
    images(&[batch, 4, height, width], |_, [y, x]| {
        [place(x, origin[1], columns), place(y, origin[0], rows), columns as f64, rows as f64]
    })
}

/// Images `[batch, channels, height, width]` from `texel(image, [y, x])`.
fn images<const CHANNELS: usize>(shape: &[usize], texel: impl Fn(usize, [usize; 2]) -> [f64; CHANNELS]) -> Vec<f32> {
    let (batch, [height, width]) = (shape[0], [shape[2], shape[3]]);
    let mut values = vec![0.0; batch * CHANNELS * height * width];
    for image in 0..batch {
        for y in 0..height {
            for x in 0..width {
                for (channel, value) in texel(image, [y, x]).into_iter().enumerate() {
                    values[((image * CHANNELS + channel) * height + y) * width + x] = value as f32;
                }
            }
        }
    }
    values
}

/// The middle of element `index` of `length`, from -1 to 1.
fn middle(index: usize, length: usize) -> f64 {
    (2 * index + 1) as f64 / length as f64 - 1.0
}

/// The direction through a place of a cubemap's face, both from -1 to 1, down and to the right.
///
/// Faces are wgpu's layers +X, -X, +Y, -Y, +Z, -Z. Cubemaps are left-handed, and Bevy samples them with the direction's z
/// negated; this is the direction in Bevy's world that reads the texel, so that layer 4 lies forward, at -z.
fn cube_direction(face: usize, [down, right]: [f64; 2]) -> [f64; 3] {
    let [x, y, z] = match face {
        0 => [1.0, -down, right],
        1 => [-1.0, -down, -right],
        2 => [right, 1.0, -down],
        3 => [right, -1.0, down],
        4 => [right, -down, -1.0],
        _ => [-right, -down, 1.0],
    };
    let length = (x * x + y * y + z * z).sqrt();
    [x / length, y / length, z / length]
}

/// The direction through a place of an equirectangular panorama: forward is its middle, up its upper border.
fn panorama_direction([down, right]: [f64; 2]) -> [f64; 3] {
    let (azimuth, elevation) = (right * std::f64::consts::PI, -down * std::f64::consts::FRAC_PI_2);
    [azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos()]
}

#[cfg(test)]
mod tests;
