//! Scratches, dust and lines of text: parts of the mask that are thin, continued smoothly from both sides.
//!
//! Inside them the squared Laplacian is made small, with the pixels outside as they are (the biharmonic equation): a fixed number of conjugate gradients from
//! a blur of what is near. Few steps suffice where no pixel is far from a known one, and stopping early does not overshoot in rough places. Pixels that
//! will be replaced otherwise count as outside the picture.

use imagine_graph::generators::Formula;
use imagine_graph::{Conv, PadMode, Tensor};

use crate::nodes::{Plane, complement};
use crate::poisson::{dot, ratio};

/// Widest scratch, in pixels.
pub(super) const MAX_WIDTH: usize = 6;
/// Pixels by which scratches grow at most: they have no remnants but soft edges.
const GROW: usize = 1;
/// Steps of conjugate gradients.
const STEPS: usize = 24;
/// Radius of the first blur: half the widest scratch, grown, and one.
const BLUR: usize = 5;
/// Its standard deviation, in pixels.
const DEVIATION: f32 = 1.5;

/// Parts of a mask, `[1, 1, H, W]`, 1 inside. They do not overlap.
pub(super) struct Parts {
    /// What is too wide for a scratch, grown.
    pub holes: String,
    /// Scratches, grown by a pixel.
    pub scratches: String,
}

/// Adds the nodes that part a mask into holes and what is at most `width` pixels wide. Corners of a hole belong to it.
pub(super) fn parts(f: &mut Formula, plane: Plane, mask: &str, width: usize, grow: usize) -> Parts {
    let wide = plane.opened(f, mask, width + 1);
    let near = plane.spread(f, &wide, width);
    let holes = f.mul(mask, &near);
    let thin = f.sub(mask, &holes);
    let holes = plane.spread(f, &holes, grow);
    let grown = plane.spread(f, &thin, grow.min(GROW));
    let free = complement(f, &holes);
    let scratches = f.mul(&grown, &free);
    Parts { holes, scratches }
}

/// Adds the nodes of `image`, values 0 to 1, with its scratches filled.
pub(super) fn filled(f: &mut Formula, plane: Plane, image: &str, channels: usize, parts: &Parts) -> String {
    let Parts { holes, scratches } = parts;
    let valid = complement(f, holes);
    let equation = Equation { plane, channels, degree: neighbours(f, plane, &valid, 1), valid };
    let first = first(f, plane, image, channels, parts);
    let applied = equation.applied(f, &first);
    let minus = f.mul(&applied, scratches);
    let mut residual = f.mul(&minus, -1.0);
    let mut direction = residual.clone();
    let mut solution = first;
    let mut norm = dot(f, &residual, &residual);
    for step in 0..STEPS {
        let applied = equation.applied(f, &direction);
        let applied = f.mul(&applied, scratches);
        let curvature = dot(f, &direction, &applied);
        let length = ratio(f, &norm, &curvature);
        let by = f.mul(&direction, &length);
        solution = f.add(&solution, &by);
        if step + 1 == STEPS {
            break;
        }
        let fall = f.mul(&applied, &length);
        residual = f.sub(&residual, &fall);
        let next = dot(f, &residual, &residual);
        let part = ratio(f, &next, &norm);
        let before = f.mul(&direction, &part);
        direction = f.add(&residual, &before);
        norm = next;
    }
    f.clip(&solution, 0.0, 1.0)
}

/// The image, in scratches a Gaussian mean of what is known near.
fn first(f: &mut Formula, plane: Plane, image: &str, channels: usize, parts: &Parts) -> String {
    let unknown = f.add(&parts.holes, &parts.scratches);
    let known = complement(f, &unknown);
    let line: Vec<f32> =
        (0..=2 * BLUR).map(|at| (-(at as f32 - BLUR as f32).powi(2) / (2.0 * DEVIATION * DEVIATION)).exp()).collect();
    let weights: Vec<f32> = line.iter().flat_map(|row| line.iter().map(move |column| row * column)).collect();
    let shown = f.mul(image, &known);
    let sum = plane.filtered(f, &shown, channels, &weights);
    let weight = plane.filtered(f, &known, 1, &weights);
    let mean = ratio(f, &sum, &weight);
    let inside = f.mul(&mean, &parts.scratches);
    let free = complement(f, &parts.scratches);
    let outside = f.mul(image, &free);
    f.add(&inside, &outside)
}

/// The square of the Laplacian between pixels that are valid.
struct Equation {
    plane: Plane,
    channels: usize,
    valid: String,
    /// Valid neighbours of each pixel.
    degree: String,
}

impl Equation {
    fn applied(&self, f: &mut Formula, value: &str) -> String {
        let once = self.laplacian(f, value);
        self.laplacian(f, &once)
    }

    fn laplacian(&self, f: &mut Formula, value: &str) -> String {
        let valid = f.mul(value, &self.valid);
        let around = neighbours(f, self.plane, &valid, self.channels);
        let own = f.mul(&valid, &self.degree);
        let difference = f.sub(&around, &own);
        f.mul(&difference, &self.valid)
    }
}

/// Sums over the four neighbours; outside the picture is nothing.
fn neighbours(f: &mut Formula, plane: Plane, value: &str, channels: usize) -> String {
    let filter = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let filters = f.weight(Tensor::f32([channels, 1, 3, 3], filter.repeat(channels)));
    let mode = if plane.tiles { PadMode::Wrap } else { PadMode::Constant };
    f.node(Conv { group: channels, ..Conv::same(3, mode) }, &[value, &filters])
}
