//! Colours at seams: where the repaired picture is smooth, it gets the gradients of the pixels that it shows.

use imagine_graph::generators::Formula;
use imagine_graph::{Extent, NnfVote};

use super::channels::roughness;
use super::level::{Level, Ready};
use super::refine::State;
use crate::nodes::{Plane, complement, stack};
use crate::poisson::Poisson;

/// Keeps colours near those shown; reaches about 7 pixels.
const SCREENING: f32 = 0.02;
/// Sums of mean slopes, as `roughness` has them, up to which colours are corrected fully, and from which on not at all.
const ROUGH: [f32; 2] = [12.0, 36.0];
const CHANNELS: usize = 3;

/// Adds the nodes; returns bytes, not whole numbers any more. `picture` is what the field shows places of, `elected` the repaired one.
pub(super) fn polished(
    f: &mut Formula,
    level: &Level,
    ready: &Ready,
    state: &State,
    picture: &str,
    elected: &str,
) -> String {
    let plane = level.plane;
    let mut right_hand = None;
    for [dy, dx] in [[0, 1], [1, 0]] {
        let excess = excess(f, level, ready, state, [picture, elected], [dy, dx]);
        let before = moved(f, plane, &excess, CHANNELS, [-dy, -dx]);
        // Minus the divergence.
        let sink = f.sub(&before, &excess);
        right_hand = Some(match right_hand {
            None => sink,
            Some(other) => f.add(&other, &sink),
        });
    }
    let extent = Extent { height: plane.height, width: plane.width };
    let poisson = Poisson { extent, channels: CHANNELS, screening: SCREENING, tiles: plane.tiles };
    let correction = poisson.solve(f, &right_hand.unwrap_or_default(), &level.hole);
    let part = smoothness(f, level, elected);
    let correction = f.mul(&correction, &part);
    let sum = f.add(elected, &correction);
    f.clip(&sum, 0.0, 255.0)
}

/// 1 where colours change slowly and a step is seen, 0 in rough texture, which hides steps, but whose gradients from two pixels would average to a blur.
fn smoothness(f: &mut Formula, level: &Level, elected: &str) -> String {
    let all_known = f.mul(&level.hole, 0.0);
    let slopes = roughness(f, level.plane, elected, CHANNELS, &all_known);
    let slope = f.channel_sum(&slopes);
    let part = f.scaled(&slope, -1.0 / (ROUGH[1] - ROUGH[0]), ROUGH[1] / (ROUGH[1] - ROUGH[0]));
    f.clip(&part, 0.0, 1.0)
}

/// What the gradient from each pixel to the one `by` from it has too much: that of the pixels shown, the mean of both ends, less that of the
/// repaired picture. An end outside the hole does not count where the other one is inside.
fn excess(
    f: &mut Formula,
    level: &Level,
    ready: &Ready,
    state: &State,
    [picture, elected]: [&str; 2],
    by: [i32; 2],
) -> String {
    let plane = level.plane;
    let back = by.map(|by| -by);
    let [after, before] = [by, back].map(|by| moved(f, plane, picture, CHANNELS, by));
    let views = stack(f, &[picture.into(), after, before]);
    let show = NnfVote { tiles: plane.tiles, source_tiles: plane.tiles, ..NnfVote::default() };
    let shown = f.node(show, &[&state.field, &views, &views, &ready.shown, &ready.hole]);
    let channels = CHANNELS as i64;
    let [own, after, before] = [0, 1, 2].map(|view| f.channels(&shown, view * channels..(view + 1) * channels));
    let here = f.sub(&after, &own);
    let there = f.sub(&own, &before);
    let there = moved(f, plane, &there, CHANNELS, by);
    let hole_there = moved(f, plane, &level.hole, 1, by);
    let [known, known_there] = [&level.hole, &hole_there].map(|hole| complement(f, hole));
    let weight = f.max(&level.hole, &known_there);
    let weight_there = f.max(&hole_there, &known);
    let total = f.add(&weight, &weight_there);
    let (here, there) = (f.mul(&here, &weight), f.mul(&there, &weight_there));
    let sum = f.add(&here, &there);
    let mean = f.div(&sum, &total);
    let beside = moved(f, plane, elected, CHANNELS, by);
    let gradient = f.sub(&beside, elected);
    f.sub(&mean, &gradient)
}

/// What is `by` rows and columns from each pixel.
fn moved(f: &mut Formula, plane: Plane, value: &str, channels: usize, [dy, dx]: [i32; 2]) -> String {
    let mut weights = [0.0; 9];
    weights[(4 + 3 * dy + dx) as usize] = 1.0;
    plane.filtered(f, value, channels, &weights)
}
