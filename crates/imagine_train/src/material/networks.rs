//! The generator of PBR materials from a spatial latent, and its patch critic.
//!
//! The generator is conditioned on exemplars, the training materials, each with its own style, waves and maps: Casanova et al.,
//! "Instance-Conditioned GAN", NeurIPS 2021. The seed turns a kind into one of its exemplars, or a mixture. Exemplars, a style
//! vector and the scale become the style of each cell of 16 by 16 texels; local latents and plane waves become the features of
//! the cells, which are doubled four times. The style scales and shifts all layers down to two texels. Noise enters at each
//! doubling, and the waves again at four texels, because cells only see their means. Local, global and periodic latents:
//! Bergmann et al., "Learning Texture Manifolds with the Periodic Spatial GAN", ICML 2017.
//!
//! The waves of an exemplar are harmonics of two basis vectors. Two phases shift them together, and only the basis is rounded to
//! whole cycles on a torus ([`Coordinates::Torus`]), so the harmonics stay in step.
//!
//! Every operator is local and every border wraps: a material tiles at each multiple of [`CELL`], and patches of a world
//! continue each other. Normals are computed from the height in the graph.
//!
//! At the default width, with 23 kinds and 52 exemplars, the generator has 1.06 M parameters (2.2 MB in 16 bits) and takes 18,900
//! multiply-adds per texel: 9.9 GFLOP for 512 by 512, 0.97 GFLOP for a crop of 160 by 160. The critic takes 10,400 per texel,
//! 0.53 GFLOP per crop. A test checks both counts.
//!
//! The critic scores many overlapping patches of two sizes, given exemplar, scale and phase, and returns the mean. It has
//! strided convolutions only, no statistics over a batch, and differentiable gradients. Missing maps are multiplied by 0 and
//! listed in a mask, so neither scores nor penalties depend on them. Exemplar and scale enter as a projection: Miyato and
//! Koyama, "cGANs with Projection Discriminator", ICLR 2018.

use imagine_graph::{
    Add, Card, Concat, Conv, Coordinates, Dim, Distribution, Extent, Generator, Graph, InputKind, MatMul, Mul,
    OutputKind, ReduceMean, SizeRule, Sub, Tensor, Unsqueeze,
};
use rand::Rng;

use super::format::{
    CELL, CHANNELS, FINE, HARMONICS, LEAST_SCALE, MAPS, MaterialNetworks, PLACES, cells, fraction, planes,
};
use super::generator::{self, Body};
use super::waves::WaveBasis;
use crate::core::layers::Layers;

/// Gain that keeps the standard deviation through a leaky rectifier.
const GAIN: f32 = 1.4;

/// Names of the networks' constants.
pub const FIXED: [&str; 32] = [
    "norm_epsilon",
    "residual",
    "slopes.filters",
    "slopes.relief",
    "one",
    "turn",
    "exemplars.kinds",
    "exemplars.among",
    "exemplars.sharpness",
    "waves.x",
    "waves.y",
    "waves.harmonics",
    "waves.phases",
    "waves.bases",
    "waves.amplitudes",
    "waves.sum",
    "waves.cell",
    "waves.mean",
    "learnt",
    "eighth.doubled.filter",
    "quarter.doubled.filter",
    "gate.0.filter",
    "gate.1.filter",
    "gate.2.filter",
    "gate.3.filter",
    "roughness.default",
    "maps.double",
    "maps.middle",
    "score_scale",
    "height.default",
    "occlusion.default",
    "metallic.default",
];

impl MaterialNetworks {
    /// The generator for training: latents, weights of kinds and exemplars, scales, places and noise in; [`CHANNELS`] out.
    ///
    /// The first two channels of `place` are column and row, in cells, of elements of four texels; the others are 1: waves are
    /// not rounded.
    pub fn generator(&self, rng: &mut impl Rng) -> Graph {
        let mut layers = Layers::on_torus(rng);
        self.latents(&mut layers.graph);
        layers.graph.input("exemplar", InputKind::Tensor, planes(self.exemplars.len()));
        layers.graph.input("scale", InputKind::Tensor, [Dim::BATCH, 1.into(), 1.into(), 1.into()].to_vec());
        layers.graph.input("place", InputKind::Tensor, fraction(4, CELL / FINE));
        let noise: Vec<String> = [8, 4, 2, 1]
            .into_iter()
            .enumerate()
            .map(|(index, divisor)| {
                layers.graph.input(&format!("noise{index}"), InputKind::Tensor, fraction(1, divisor))
            })
            .collect();
        let mut body = Body { networks: self, layers: &mut layers, rounded: false };
        let maps = body.maps(&noise);
        let shown = body.shown(&maps);
        layers.graph.output(&shown, OutputKind::Tensor);
        layers.graph
    }

    /// Sets the waves of a generator to those of the exemplars.
    pub fn set_waves(&self, generator: &mut Graph, bases: &[WaveBasis]) {
        let axis = |axis: usize| {
            let of_vector =
                move |vector: usize| bases.iter().map(move |basis| basis.vectors[vector][axis] * CELL as f32);
            (0..2).flat_map(of_vector).collect::<Vec<f32>>()
        };
        let of_harmonic = |harmonic: usize| bases.iter().map(move |basis| basis.strengths[harmonic]);
        let strengths = (0..HARMONICS.len()).flat_map(of_harmonic).collect();
        for (name, numbers) in [("waves.x", axis(0)), ("waves.y", axis(1)), ("waves.strength", strengths)] {
            generator.weight(name, Tensor::f32([1, numbers.len(), 1, 1], numbers));
        }
    }

    /// The generator for files, with the weights of `trained` that have the same names.
    pub fn shipped(&self, trained: &Graph, card: Card, rng: &mut impl Rng) -> Generator {
        let mut layers = Layers::on_torus(rng);
        self.latents(&mut layers.graph);
        generator::exemplar(self, &mut layers.graph);
        let one = [1; 4].map(Dim::Fixed).to_vec();
        layers.graph.input("scale", InputKind::Range { min: LEAST_SCALE, max: 1.0, default: 1.0 }, one.clone());
        layers.graph.input("relief", InputKind::Range { min: 0.0, max: 2.0, default: 1.0 }, one);
        layers.graph.input("place", InputKind::Coordinates(Coordinates::Torus), fraction(4, CELL / FINE));
        let noise = generator::noise(&mut layers.graph);
        let mut body = Body { networks: self, layers: &mut layers, rounded: true };
        let maps = body.maps(&noise);
        body.outputs(&maps);
        let mut graph = layers.graph;
        for (name, weight) in &mut graph.weights {
            if let Some(trained) = trained.weights.get(name) {
                weight.clone_from(trained);
            }
        }
        let size = SizeRule { multiple: Extent::splat(CELL), min: Extent::splat(CELL), tiles: true };
        Generator { output: graph, recurrence: None, size, card }
    }

    /// The trained maps of each kind, as text: `bark: base_color, normal, roughness; ..`.
    pub fn trained_maps(&self) -> String {
        let kind = |(kind, name): (usize, &String)| {
            let learnt = |map: &usize| self.of_kind(kind).any(|exemplar| self.exemplars[exemplar].maps[*map]);
            let maps = (0..MAPS.len()).filter(learnt).map(|map| MAPS[map].name());
            format!("{name}: {}", maps.collect::<Vec<_>>().join(", "))
        };
        self.kinds.iter().enumerate().map(kind).collect::<Vec<_>>().join("; ")
    }

    fn latents(&self, graph: &mut Graph) {
        graph.input("latent", InputKind::Latent(Distribution::Normal), cells(self.local));
        graph.input("style", InputKind::Latent(Distribution::Normal), planes(self.style));
        graph.input("phase", InputKind::Latent(Distribution::Uniform), planes(2));
        let options = self.kinds.clone();
        graph.input("kind", InputKind::Choice { options, default: 0 }, cells(self.kinds.len()));
    }
}

impl MaterialNetworks {
    /// The critic: maps, mask of present channels, weights of exemplars, scales and each texel's phase in (`PLACES` channels);
    /// `[batch, 1]` scores out.
    pub fn critic(&self, rng: &mut impl Rng) -> Graph {
        let width = self.critic_width;
        let mut layers = Layers::new(rng);
        layers.graph.input("maps", InputKind::Tensor, Dim::nchw(CHANNELS));
        for (name, count) in [("present", CHANNELS), ("exemplar", self.exemplars.len()), ("scale", 1)] {
            layers.graph.input(name, InputKind::Tensor, vec![Dim::BATCH, count.into()]);
        }
        layers.graph.input("place", InputKind::Tensor, Dim::nchw(PLACES));
        let x = present(&mut layers, width);
        let mut x = layers.leaky("half.active", &x);
        let mut from = width;
        for (stage, times) in [("quarter", 2), ("eighth", 3), ("cells", 4)] {
            let to = times * width;
            let halved = layers.conv(&format!("{stage}.halve"), &x, [from, to], 4, GAIN);
            let halved = layers.leaky(&format!("{stage}.halve.active"), &halved);
            let more = layers.conv(&format!("{stage}.more"), &halved, [to, to], 3, 0.7);
            let more = layers.leaky(&format!("{stage}.more.active"), &more);
            x = layers.graph.push(&format!("{stage}.sum"), Add {}, [halved.as_str(), &more]);
            from = to;
        }
        let wide = layers.conv("wide", &x, [from, from], 4, GAIN);
        let wide = layers.leaky("wide.active", &wide);
        let over_patches = ReduceMean { axes: vec![2, 3], keepdims: false, ..ReduceMean::default() };
        let [narrow, wide] = [("narrow.mean", &x), ("wide.mean", &wide)]
            .map(|(name, value)| layers.graph.push(name, over_patches.clone(), [value.as_str()]));
        let features = layers.graph.push("features", Concat { axis: 1 }, [narrow.as_str(), &wide]);
        self.projection(&mut layers, &features, 2 * from);
        layers.graph
    }

    /// `psi(features) + features . (exemplar + scale) / sqrt(width)`.
    fn projection(&self, layers: &mut Layers<impl Rng>, features: &str, width: usize) {
        let exemplar = layers.normal("exemplar.table", &[self.exemplars.len(), width], 0.7);
        let exemplar = layers.graph.push("exemplar.row", MatMul {}, ["exemplar", &exemplar]);
        let scale = layers.normal("scale.row", &[1, width], 0.7);
        let scale = layers.graph.push("scale.rows", MatMul {}, ["scale", &scale]);
        let wanted = layers.graph.push("wanted", Add {}, [exemplar.as_str(), &scale]);
        layers.projection(features, &wanted, width);
    }
}

/// The first layer, at half the size: present maps from -1 to 1, the mask, and the phase.
fn present(layers: &mut Layers<impl Rng>, width: usize) -> String {
    let double = layers.graph.weight("maps.double", Tensor::scalar(2.0));
    let middle = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let middle = layers.graph.weight("maps.middle", Tensor::f32([1, CHANNELS, 1, 1], middle));
    let spread = layers.graph.push("maps.spread", Mul {}, ["maps", &double]);
    let centred = layers.graph.push("maps.centred", Sub {}, [spread.as_str(), &middle]);
    let mask = layers.graph.push("present.planes", Unsqueeze { axes: vec![2, 3] }, ["present"]);
    let shown = layers.graph.push("maps.present", Mul {}, [centred.as_str(), &mask]);
    let maps = layers.conv("half", &shown, [CHANNELS, width], 4, GAIN);
    let weight = layers.normal("mask.weight", &[width, CHANNELS, 1, 1], 0.3);
    let mask = layers.graph.push("mask", Conv::default(), [mask.as_str(), &weight]);
    let masked = layers.graph.push("half.masked", Add {}, [maps.as_str(), &mask]);
    // The phase has no influence at the start.
    let weight = layers.constant("place.weight", &[width, PLACES, 4, 4], 0.0);
    let halved = Conv { strides: vec![2, 2], pads: vec![1; 4], ..Conv::default() };
    let place = layers.graph.push("place.half", halved, ["place", &weight]);
    layers.graph.push("half.placed", Add {}, [masked.as_str(), &place])
}

#[cfg(test)]
mod tests;
