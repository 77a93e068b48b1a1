//! The air: scattering by molecules and haze, and the sunlight that remains.

use super::inputs::{Controls, View};
use crate::formulas::Formula;

/// Solar irradiance outside the atmosphere, in every channel.
const SUN: f32 = 10.0;
/// Optical depth of the molecules of the air at 680, 550 and 440 nm.
const AIR: [f32; 3] = [0.0464, 0.108, 0.265];
/// Optical depth of ozone, which only absorbs.
const OZONE: [f32; 3] = [0.012, 0.028, 0.002];
/// Single-scattering albedo of haze.
const HAZE_ALBEDO: f32 = 0.92;

/// The sun, its light, and the sky without clouds.
pub(super) struct Air {
    /// Unit direction of the sun, `[1, 3, 1, 1]`.
    pub sun: String,
    /// Its vertical component.
    pub sun_height: String,
    /// Sunlight at the ground.
    pub sunlight: String,
    /// Mean radiance of the sky.
    pub ambient: String,
    /// The sky without clouds.
    pub clear: String,
    /// Cosine of the angle between the raised direction and the sun.
    pub cosine: String,
}

/// The unit direction of the sun, `[1, 3, 1, 1]`.
fn sun_direction(f: &mut Formula, controls: &Controls) -> String {
    let radians = std::f32::consts::PI / 180.0;
    let [azimuth, elevation] = [&controls.azimuth, &controls.elevation].map(|degrees| f.mul(degrees, radians));
    let (sin, cos) = (f.sin(&azimuth), f.cos(&azimuth));
    let (up, flat) = (f.sin(&elevation), f.cos(&elevation));
    let x = f.mul(&sin, &flat);
    let forward = f.mul(&cos, &flat);
    let z = f.mul(&forward, -1.0);
    f.concat(&[&x, &up, &z])
}

/// `1 / (y + 0.025 exp(-11 y))`: air mass, 1 at the zenith and 40 at the horizon.
fn air_mass(f: &mut Formula, height: &str) -> String {
    let thin = f.mul(height, -11.0);
    let thin = f.exp(&thin);
    let way = f.scaled(&thin, 0.025, height);
    f.div(1.0, &way)
}

/// 1 - cosine of the angle between `direction` and the sun, as half the squared distance: precise near the sun.
pub(super) fn distance_from_sun(f: &mut Formula, direction: &str, sun: &str) -> String {
    let difference = f.sub(direction, sun);
    let squares = f.mul(&difference, &difference);
    let sum = f.channel_sum(&squares);
    f.mul(&sum, 0.5)
}

/// Phase function of Henyey and Greenstein (1941), from 1 - cosine.
pub(super) fn henyey_greenstein(f: &mut Formula, distance: &str, g: f32) -> String {
    let base = f.scaled(distance, 2.0 * g, (1.0 - g) * (1.0 - g));
    let root = f.sqrt(&base);
    let power = f.mul(&base, &root);
    f.div((1.0 - g * g) / (4.0 * std::f32::consts::PI), &power)
}

/// The clear sky.
pub(super) fn air(f: &mut Formula, controls: &Controls, view: &View) -> Air {
    f.part("air");
    let sun = sun_direction(f, controls);
    let sun_height = f.channels(&sun, 1..2);
    let distance = distance_from_sun(f, &view.raised, &sun);
    let cosine = f.sub(1.0, &distance);
    let (sun_mass, view_mass) = (air_mass(f, &sun_height), air_mass(f, &view.level));

    let squared = f.mul(&controls.haze, &controls.haze);
    let amount = f.scaled(&squared, 0.25, 0.02);
    let (air, ozone, gray) = (f.vector(&AIR), f.vector(&OZONE), f.vector(&[1.0, 1.08, 1.2]));
    let haze = f.mul(&gray, &amount);
    let scattering_haze = f.mul(&haze, HAZE_ALBEDO);
    let scattering = f.add(&air, &scattering_haze);
    let clear_depth = f.add(&air, &ozone);
    let depth = f.add(&clear_depth, &haze);

    let towards_sun = f.mul(&depth, &sun_mass);
    let along_view = f.mul(&depth, &view_mass);
    let arriving = f.decay(&towards_sun);
    let sunlight = f.mul(&arriving, SUN);
    let source = source(f, [&air, &scattering_haze, &distance, &cosine]);
    let single = single_scattering(f, [&towards_sun, &along_view], &view_mass, &source);

    // Multiple scattering: a fraction of the light lost by direct sunlight, bluer than it, and darker under a low sun.
    let glow = twice_scattered(f, [&depth, &ozone, &scattering], &sun_mass, &sun_height);
    let opaque = f.decay(&along_view);
    let opaque = f.sub(1.0, &opaque);
    let share = f.div(&scattering, &depth);
    let multiple = f.mul(&glow, &share);
    let multiple = f.mul(&multiple, &opaque);
    let multiple = f.mul(&multiple, 0.1);
    let clear = f.add(&single, &multiple);

    let ambient = ambient(f, [&glow, &air, &depth], &sunlight, &sun_height);
    Air { sun, sun_height, sunlight, ambient, clear, cosine }
}

/// Light scattered towards the viewer per unit of sunlight and air mass.
fn source(f: &mut Formula, [air, haze, distance, cosine]: [&String; 4]) -> String {
    let squared = f.mul(cosine, cosine);
    let factor = 3.0 / (16.0 * std::f32::consts::PI);
    let molecules = f.scaled(&squared, factor, factor);
    let (ahead, wide) = (henyey_greenstein(f, distance, 0.76), henyey_greenstein(f, distance, 0.2));
    let ahead = f.mul(&ahead, 0.6);
    let particles = f.scaled(&wide, 0.4, &ahead);
    let of_air = f.mul(air, &molecules);
    let of_haze = f.mul(haze, &particles);
    f.add(&of_air, &of_haze)
}

/// `E source v (exp(-a) - exp(-b)) / (b - a)` as `exp(-min) (1 - exp(-|b - a|)) / |b - a|`, which is always finite.
fn single_scattering(f: &mut Formula, [a, b]: [&String; 2], view_mass: &str, source: &str) -> String {
    let difference = f.sub(b, a);
    let difference = f.abs(&difference);
    let difference = f.max(&difference, 0.01);
    let left = f.decay(&difference);
    let lost = f.sub(1.0, &left);
    let mean = f.div(&lost, &difference);
    let nearer = f.min(a, b);
    let arriving = f.decay(&nearer);
    let light = f.mul(&arriving, &mean);
    let light = f.mul(&light, SUN);
    let scattered = f.mul(source, view_mass);
    f.mul(&light, &scattered)
}

fn twice_scattered(
    f: &mut Formula,
    [depth, ozone, scattering]: [&String; 3],
    sun_mass: &str,
    sun_height: &str,
) -> String {
    let way = f.min(sun_mass, 9.0);
    let thinner = f.scaled(depth, 0.25, ozone);
    let passed = f.mul(&thinner, &way);
    let passed = f.mul(&passed, 0.7);
    let color = f.decay(&passed);
    let scattered = f.mul(scattering, &way);
    let left = f.decay(&scattered);
    let amount = f.sub(1.35, &left);
    let high = f.add(sun_height, 0.03);
    let high = f.sqrt(&high);
    let light = f.mul(&color, &amount);
    let light = f.mul(&light, &high);
    f.mul(&light, SUN)
}

/// Mean radiance of the sky, as seen from the shade.
fn ambient(f: &mut Formula, [glow, air, depth]: [&String; 3], sunlight: &str, sun_height: &str) -> String {
    let blue = f.div(air, depth);
    let sky = f.mul(glow, &blue);
    let sky = f.mul(&sky, 0.05);
    let with_sun = f.scaled(sunlight, 0.01, &sky);
    let night = f.vector(&[0.06, 0.078, 0.12]);
    let high = f.add(sun_height, 0.03);
    let high = f.sqrt(&high);
    let least = f.mul(&night, &high);
    f.add(&with_sun, &least)
}
