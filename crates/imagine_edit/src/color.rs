//! The sRGB transfer curve (IEC 61966-2-1) in a graph.

use imagine_graph::generators::Formula;
use imagine_graph::{Greater, Where};

/// Linear light as sRGB; values from 0 to 1.
pub(crate) fn srgb(f: &mut Formula, linear: &str) -> String {
    let linear = f.clip(linear, 0.0, 1.0);
    let low = f.mul(&linear, 12.92);
    // The power of 0 is not the same on all devices; below the limit the line counts.
    let bright = f.max(&linear, 0.003_130_8);
    let high = f.pow(&bright, 1.0 / 2.4);
    let high = f.scaled(&high, 1.055, -0.055);
    select(f, &linear, 0.003_130_8, &high, &low)
}

/// sRGB as linear light; values from 0 to 1.
pub(crate) fn linear(f: &mut Formula, srgb: &str) -> String {
    let low = f.mul(srgb, 1.0 / 12.92);
    let high = f.scaled(srgb, 1.0 / 1.055, 0.055 / 1.055);
    let high = f.pow(&high, 2.4);
    select(f, srgb, 0.040_45, &high, &low)
}

fn select(f: &mut Formula, value: &str, limit: f32, high: &str, low: &str) -> String {
    let limit = f.vector(&[limit]);
    let is_high = f.node(Greater {}, &[value, &limit]);
    f.node(Where {}, &[&is_high, high, low])
}
