//! Coordinates as inputs: the position of a texel on the plane, or its direction from the centre of the sphere.
//!
//! All arithmetic is on integers and in binary64; every result is rounded to binary32 once.

use crate::graph::Coordinates;
use crate::tensor::rng::Domain;
use crate::tensor::{Axis, Dim, Extent, PerAxis, Size, Tensor, Texel};

/// Elements per side of the torus in an open domain. With `x` in units of 1 / 1024, the product of `x` and an integer below 2^14
/// is exact in binary32.
const WORLD_PERIOD: usize = 1024;

impl Coordinates {
    /// What makes the coordinates of every texel in `shape` (`[batch, channels, height, width]`, declared as `dims`); `None` for a sphere
    /// that is neither a cubemap nor a panorama. `period` is the world's period in texels of the image.
    pub(crate) fn fill(
        self,
        shape: &[usize],
        dims: &[Dim],
        domain: Domain,
        period: Option<Extent>,
    ) -> Option<Box<dyn FnOnce() -> Tensor>> {
        let &[batch, _, height, width] = shape else { return None };
        let size = Size { batch, height, width };
        let origin = domain.tensor_origin(dims);
        let values: Box<dyn FnOnce() -> Vec<f32>> = match self {
            Coordinates::Plane => {
                let period = match period {
                    Some(Extent { height, width }) => {
                        let texels = Size { batch, height, width };
                        Some(Extent { height: dims.get(2)?.bind(texels)?, width: dims.get(3)?.bind(texels)? })
                    }
                    None => None,
                };
                Box::new(move || plane(size, domain, origin, period))
            }
            Coordinates::Sphere if batch == 6 && height == width => {
                Box::new(move || images(size, |face, at| cube_direction(face, from_middle(at, size))))
            }
            Coordinates::Sphere if batch == 1 && width == 2 * height => {
                Box::new(move || images(size, |_, at| panorama_direction(from_middle(at, size))))
            }
            Coordinates::Sphere => return None,
            Coordinates::Torus => Box::new(move || torus(size, origin, domain.wrap)),
        };
        let shape = shape.to_vec();
        Some(Box::new(move || Tensor::f32(shape, values())))
    }
}

fn plane(size: Size, domain: Domain, origin: Texel, period: Option<Extent>) -> Vec<f32> {
    let reduced = domain.wrap || period.is_some();
    let period = period.filter(|_| !domain.wrap).unwrap_or(size.extent()).map(|length| length.max(1));
    images(size, |_, texel| {
        let along = |axis: Axis| {
            let at = i64::from(origin[axis]) + i64::from(texel[axis]);
            let at = if reduced { at.rem_euclid(period[axis] as i64) } else { at };
            (at as f64 + 0.5) / period[axis] as f64
        };
        [along(Axis::Width), along(Axis::Height)]
    })
}

fn torus(size: Size, origin: Texel, wrap: bool) -> Vec<f32> {
    let period = if wrap { size.extent() } else { Extent::splat(WORLD_PERIOD) };
    images(size, |_, texel| {
        let along = |axis: Axis| {
            let at = i64::from(origin[axis]) + i64::from(texel[axis]);
            at.rem_euclid(period[axis] as i64) as f64 / period[axis] as f64
        };
        [along(Axis::Width), along(Axis::Height), period.width as f64, period.height as f64]
    })
}

/// Images `[batch, channels, height, width]` from `texel(image, position)`.
fn images<const CHANNELS: usize>(size: Size, texel: impl Fn(usize, Texel) -> [f64; CHANNELS]) -> Vec<f32> {
    let Size { batch, height, width } = size;
    let mut values = vec![0.0; batch * CHANNELS * height * width];
    for image in 0..batch {
        for y in 0..height {
            for x in 0..width {
                let at = Texel { y: y as i32, x: x as i32 };
                for (channel, value) in texel(image, at).into_iter().enumerate() {
                    values[((image * CHANNELS + channel) * height + y) * width + x] = value as f32;
                }
            }
        }
    }
    values
}

/// The centre of a texel, from -1 to 1 along each axis of its image.
fn from_middle(at: Texel, size: Size) -> PerAxis<f64> {
    PerAxis::from_fn(|axis| f64::from(2 * at[axis] + 1) / axis.of(size) as f64 - 1.0)
}

/// The direction through a point on a cubemap's face, given from -1 to 1 downwards and to the right.
///
/// Faces are wgpu's layers +X, -X, +Y, -Y, +Z, -Z. Cubemaps are left-handed, and Bevy samples them with the direction's z
/// negated; this is the direction in Bevy's world that reads the texel, so that layer 4 lies forward, at -z.
fn cube_direction(face: usize, PerAxis { height: down, width: right }: PerAxis<f64>) -> [f64; 3] {
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

/// The direction through a point of an equirectangular panorama, whose middle is forward and whose upper border is up.
fn panorama_direction(PerAxis { height: down, width: right }: PerAxis<f64>) -> [f64; 3] {
    let (azimuth, elevation) = (right * std::f64::consts::PI, -down * std::f64::consts::FRAC_PI_2);
    [azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos()]
}

#[cfg(test)]
mod tests;
