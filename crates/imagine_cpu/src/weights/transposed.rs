//! Weights of `ConvTranspose`, by phases.

use std::sync::OnceLock;

use imagine_graph::ConvTranspose;

use crate::product::Packed;
use crate::value::Value;
use crate::wide::Wide;

/// The taps of the outputs of one remainder along an axis: for each, its index in the kernel and how many inputs before the output's own it reads.
#[derive(Clone, Debug)]
pub(crate) struct AxisPhase {
    pub remainder: usize,
    pub taps: Vec<(usize, usize)>,
}

/// The phases along an axis that have taps.
fn phases(kernel: usize, stride: usize, dilation: usize) -> Vec<AxisPhase> {
    let mut phases: Vec<AxisPhase> = Vec::new();
    for tap in 0..kernel {
        let (remainder, before) = (tap * dilation % stride, tap * dilation / stride);
        match phases.iter_mut().find(|phase| phase.remainder == remainder) {
            Some(phase) => phase.taps.push((tap, before)),
            None => phases.push(AxisPhase { remainder, taps: vec![(tap, before)] }),
        }
    }
    phases
}

/// The weights of a transposed convolution for each group and phase.
#[derive(Clone, Debug)]
pub(crate) struct TransposedWeights {
    /// Along depth, height and width.
    pub axes: [Vec<AxisPhase>; 3],
    pub groups: usize,
    /// By group, then by phase along depth, height and width.
    pub packed: Vec<Packed>,
    /// The same for small images, once they are needed.
    wide: OnceLock<Vec<Wide>>,
}

impl TransposedWeights {
    /// Packs `w`, `[C, M/group, ..]`.
    pub fn new(params: &ConvTranspose, w: &Value) -> Self {
        let shape = w.shape();
        let missing = 5 - shape.len();
        let kernel: [usize; 3] = std::array::from_fn(|axis| if axis < missing { 1 } else { shape[2 + axis - missing] });
        let of = |numbers: &[usize], axis: usize| {
            axis.checked_sub(missing).and_then(|axis| numbers.get(axis)).copied().unwrap_or(1)
        };
        let axes: [Vec<AxisPhase>; 3] =
            std::array::from_fn(|axis| phases(kernel[axis], of(&params.strides, axis), of(&params.dilations, axis)));
        let (channels, rows, elements) = (shape[0] / params.group, shape[1], w.as_f32s());
        let mut packed = Vec::new();
        for group in 0..params.group {
            for [z, y, x] in phase_triples(&axes) {
                let taps: Vec<usize> =
                    all_taps(z, y, x).map(|[z, y, x]| (z.0 * kernel[1] + y.0) * kernel[2] + x.0).collect();
                let volume = kernel.iter().product::<usize>();
                packed.push(Packed::new(rows, channels * taps.len(), |row, term| {
                    let (channel, tap) = (group * channels + term / taps.len(), taps[term % taps.len()]);
                    elements[(channel * rows + row) * volume + tap]
                }));
            }
        }
        Self { axes, groups: params.group, packed, wide: OnceLock::new() }
    }

    /// The same for small images.
    pub fn wide(&self) -> &[Wide] {
        self.wide.get_or_init(|| self.packed.iter().map(Wide::new).collect())
    }
}

/// Every combination of phases.
fn phase_triples(axes: &[Vec<AxisPhase>; 3]) -> impl Iterator<Item = [&AxisPhase; 3]> {
    let [z, y, x] = axes;
    z.iter().flat_map(move |z| y.iter().flat_map(move |y| x.iter().map(move |x| [z, y, x])))
}

/// Every combination of taps of three phases.
pub(crate) fn all_taps<'a>(
    z: &'a AxisPhase,
    y: &'a AxisPhase,
    x: &'a AxisPhase,
) -> impl Iterator<Item = [(usize, usize); 3]> + 'a {
    z.taps.iter().flat_map(move |z| y.taps.iter().flat_map(move |y| x.taps.iter().map(move |x| [*z, *y, *x])))
}
