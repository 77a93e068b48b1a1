//! A sky with sun and clouds, computed for every direction on the sphere: no seam, any size, linear HDR.
//!
//! **Air.** Single scattering in a plane-parallel atmosphere has a closed form. With optical depth `tau` (molecules, haze and
//! ozone, one number for red, green and blue each), air masses `s` towards the sun and `v` along the view,
//! ```text
//! L = E * sum(tau_i * phase_i) * v * (exp(-tau s) - exp(-tau v)) / (tau v - tau s)
//! ```
//! where air mass is `1 / (y + 0.025 exp(-11 y))` for a direction's height `y` (Rozenberg 1966). Multiple scattering
//! is added as an isotropic fraction.
//!
//! **Clouds** are domain-warped fractal noise on a curved layer. The sunlight at a position follows from Beer's law over three
//! noise samples towards the sun, so clouds are bright on the sun's side.
//!
//! Units are relative: solar irradiance is 10 outside the atmosphere, and a white surface in full sun has a radiance of about 3.

mod air;
mod clouds;
mod inputs;

use self::air::{Air, air, distance_from_sun};
use self::clouds::clouds;
use self::inputs::{Controls, View};
use super::Formula;
use super::card::card;
use crate::generator::{Generator, SizeRule};
use crate::graph::{Coordinates, InputKind, OutputKind};
use crate::tensor::Dim;

/// A sky of molecules, haze, sun and clouds over a plain ground.
///
/// Six square images make a cubemap, one image twice as wide as high makes a panorama ([`Coordinates::Sphere`]).
///
/// | control | meaning |
/// |---|---|
/// | `azimuth` | degrees from forward (-z) to the right (+x) |
/// | `elevation` | degrees of the sun above the horizon, 0 to 90 |
/// | `haze` | 0: clean air, 1: thick haze |
/// | `cover` | fraction of the sky covered by clouds, 0 to 1 |
/// | `softness` | 0: crisp cumulus, 1: soft veils |
/// | `drift` | displacement of the clouds, in heights of their layer |
/// | `sun_size`, `sun_disc` | diameter of the disc in degrees (really 0.53), and the fraction of sunlight in it; 0 removes the disc, for light probes next to a directional light |
/// | `ground` | linear colour of the ground |
pub fn cloudy_sky() -> Generator {
    let mut f = Formula::new();
    f.part("view");
    let direction = f.graph.input("direction", InputKind::Coordinates(Coordinates::Sphere), Dim::nchw(3));
    let controls = Controls::declare(&mut f);
    let view = View::new(&mut f, direction);
    let air = air(&mut f, &controls, &view);
    let (cloud, depth) = clouds(&mut f, &controls, &view, &air);
    let above = sun_disc(&mut f, &controls, &view, &air, &cloud, &depth);
    let sky = ground(&mut f, &controls, &view, &air, &above);
    let sky = f.clip(&sky, 0.0, 65_504.0);
    f.output(&sky, OutputKind::Radiance);
    let card = card("Cloudy sky", "cloudy_sky");
    Generator { output: f.graph, recurrence: None, size: SizeRule::default(), card }
}

/// Adds the sun's disc behind the clouds; its radiance is its share of the light over its solid angle.
fn sun_disc(f: &mut Formula, controls: &Controls, view: &View, air: &Air, sky: &str, depth: &str) -> String {
    f.part("sun");
    let distance = distance_from_sun(f, &view.direction, &air.sun);
    // 1 - cos r is half r squared within 1e-3 for the largest disc.
    let radius = f.mul(&controls.sun_size, std::f32::consts::PI / 360.0);
    let squared = f.mul(&radius, &radius);
    let limit = f.mul(&squared, 0.5);
    let ratio = f.div(&distance, &limit);
    let disc = f.scaled(&ratio, -4.0, 4.5);
    let disc = f.clip(&disc, 0.0, 1.0);
    let horizon = f.scaled(&view.height, 300.0, 1.0);
    let horizon = f.clip(&horizon, 0.0, 1.0);
    let disc = f.mul(&disc, &horizon);
    let solid_angle = f.mul(&squared, std::f32::consts::PI);
    let share = f.div(&controls.sun_disc, &solid_angle);
    let radiance = f.mul(&air.sunlight, &share);
    let through = f.mul(depth, 1.2);
    let through = f.decay(&through);
    let disc = f.mul(&disc, &through);
    let disc = f.mul(&disc, &radiance);
    f.add(sky, &disc)
}

/// Adds the ground below the horizon, lit by sun and sky, and hazy in the distance.
fn ground(f: &mut Formula, controls: &Controls, view: &View, air: &Air, sky: &str) -> String {
    f.part("ground");
    let covered = f.mul(&controls.cover, &controls.cover);
    let open = f.scaled(&covered, -0.8, 1.0);
    let direct = f.mul(&air.sunlight, &air.sun_height);
    let direct = f.mul(&direct, &open);
    let irradiance = f.scaled(&air.ambient, 2.0 * std::f32::consts::PI, &direct);
    let irradiance = f.mul(&irradiance, 1.0 / std::f32::consts::PI);
    let ground = f.mul(&irradiance, &controls.ground);
    let below = f.mul(&view.height, -80.0);
    let below = f.relu(&below);
    let thick = f.scaled(&controls.haze, 2.0, 1.0);
    let near = f.div(&below, &thick);
    let far = f.decay(&near);
    f.mix(&ground, sky, &far)
}
