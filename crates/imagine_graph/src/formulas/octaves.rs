//! Fractal noise by subdivision: coarse random numbers are repeatedly up-sampled and smoothed, with finer random numbers added
//! at every size.
//!
//! Doubling and the filter 1 2 1 along both axes subdivide quadratic B-splines (Chaikin 1974), so each octave converges to a
//! smooth surface. The filter wraps: the noise tiles exactly, and it rolls with its random numbers.

use super::Formula;
use crate::ops::{Conv, PadMode, RandomNormal, Resize};
use crate::tensor::{Dim, Tensor};

impl Formula {
    /// `value` of `channels` channels at twice its height and width, smoothed, on the torus.
    pub(crate) fn twice(&mut self, value: &str, channels: usize) -> String {
        let doubled = self.node(Resize { scales: vec![2.0, 2.0], ..Resize::default() }, &[value]);
        self.smooth(&doubled, channels)
    }

    /// `value` filtered with 1 2 1 along both axes, on the torus.
    pub(crate) fn smooth(&mut self, value: &str, channels: usize) -> String {
        let filter = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|weight: f32| weight / 16.0);
        let filters = self.weight(Tensor::f32([channels, 1, 3, 3], filter.repeat(channels)));
        self.node(Conv { group: channels, ..Conv::same(3, PadMode::Wrap) }, &[value, &filters])
    }

    /// Normal random numbers of `shape`, times `amplitude`.
    pub(crate) fn random(&mut self, shape: Vec<Dim>, stream: u32, amplitude: &str) -> String {
        let numbers = self.node(RandomNormal { shape, stream, ..RandomNormal::default() }, &[]);
        self.mul(&numbers, amplitude)
    }
}
