//! The picture at one spacing: its numbers, what is known of them, and which patches may be shown.

use imagine_graph::generators::Formula;
use imagine_graph::{And, Conv, Less, MaxPool, NnfProject, Not, Tensor};

use super::basis::{RADIUS, SHIFT};
use super::channels::quotient;
use crate::nodes::{Plane, complement, stack, to_bool, to_float, to_int};

/// How much dearer distant places are: twice as dear at two thirds of the picture's side.
pub(super) const LOCALITY: u32 = 96;

/// A level is made finer from the next coarser one until it is the picture.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub plane: Plane,
    /// Numbers of -127 to 127, `[1, channels, H, W]`.
    pub numbers: String,
    pub channels: usize,
    /// 1 where nothing is known, `[1, 1, H, W]`.
    pub hole: String,
    /// Rows and columns at the bottom and at the right that are not of the picture.
    beyond: [usize; 2],
}

/// What steps on a level read.
pub(super) struct Ready {
    /// Truth values: the places whose patches are known.
    pub shown: String,
    /// Truth values: the cells whose patches are not.
    pub active: String,
    /// Truth values: the cells that are unknown.
    pub hole: String,
    /// How certain each cell's patch is, 1 to 32, i32.
    pub certainty: String,
    /// Features of all places.
    pub features: String,
}

impl Level {
    pub fn new(plane: Plane, numbers: String, channels: usize, hole: String, beyond: [usize; 2]) -> Self {
        Self { plane, numbers, channels, hole, beyond }
    }

    /// The level with half the rows and columns: means under binomial weights of what is known. A cell is unknown if one of its four is.
    pub fn halved(&self, f: &mut Formula) -> Self {
        let known = complement(f, &self.hole);
        let positive = f.add(&self.numbers, 128.0);
        let positive = f.mul(&positive, &known);
        let sums = self.binomial(f, &positive, self.channels);
        let weights = self.binomial(f, &known, 1);
        let means = quotient(f, &sums, &weights);
        let numbers = f.add(&means, -128.0);
        let largest = MaxPool { kernel_shape: vec![2, 2], strides: vec![2, 2], ..MaxPool::default() };
        let hole = f.node(largest, &[&self.hole]);
        let ten = f.weight(Tensor::scalar(10.0));
        let few = f.node(Less {}, &[&weights, &ten]);
        let few = to_float(f, &few);
        let hole = f.max(&hole, &few);
        let beyond = self.beyond.map(|side| side.div_ceil(2));
        Self { plane: self.plane.halved(), numbers, channels: self.channels, hole, beyond }
    }

    /// Sums under the weights 1 3 3 1 along both axes, at every other pixel.
    fn binomial(&self, f: &mut Formula, value: &str, channels: usize) -> String {
        let line = [1.0, 3.0, 3.0, 1.0];
        let weights: Vec<f32> = line.iter().flat_map(|row| line.map(|column| row * column)).collect();
        let filters = f.weight(Tensor::f32([channels, 1, 4, 4], weights.repeat(channels)));
        let op = Conv {
            group: channels,
            strides: vec![2, 2],
            pads: vec![1; 4],
            pad_mode: self.plane.edges(),
            ..Conv::default()
        };
        f.node(op, &[value, &filters])
    }

    /// Truth values: the places whose patches are known and inside the picture.
    fn shown(&self, f: &mut Formula) -> String {
        let near = self.plane.spread(f, &self.hole, RADIUS);
        let near = to_bool(f, &near);
        let far = f.node(Not {}, &[&near]);
        if self.plane.tiles {
            return far;
        }
        let inside = self.plane.inside(f, 1, self.beyond);
        f.node(And {}, &[&far, &inside])
    }

    pub fn ready(&self, f: &mut Formula, basis: &str) -> Ready {
        let near = self.plane.spread(f, &self.hole, RADIUS);
        Ready {
            shown: self.shown(f),
            active: to_bool(f, &near),
            hole: to_bool(f, &self.hole),
            certainty: self.certainty(f),
            features: self.features(f, &self.numbers, basis, None),
        }
    }

    /// Features of `numbers`, of `active` cells only or of all.
    pub fn features(&self, f: &mut Formula, numbers: &str, basis: &str, active: Option<&str>) -> String {
        let inputs: Vec<&str> = [numbers, basis].into_iter().chain(active).collect();
        f.node(NnfProject { shift: SHIFT, tiles: self.plane.tiles }, &inputs)
    }

    /// About `32 * 1.3^-d` at a distance of d cells from what is known: 32 outside, then 25 19 13 8 4 2 1 from distances of 1 2 3 5 7 10 13 on.
    fn certainty(&self, f: &mut Formula) -> String {
        let mut rings = vec![self.hole.clone()];
        for step in [1, 1, 2, 2, 3, 3] {
            let inner = self.plane.shrunk(f, &rings[rings.len() - 1], step);
            rings.push(inner);
        }
        let rings = stack(f, &rings);
        let falls = [7.0, 6.0, 6.0, 5.0, 4.0, 2.0, 1.0];
        let weights = f.weight(Tensor::f32([1, 7, 1, 1], falls));
        let fall = f.node(Conv::default(), &[&rings, &weights]);
        let certainty = f.scaled(&fall, -1.0, 32.0);
        to_int(f, &certainty)
    }
}
