//! PBR materials of many kinds from a spatial latent, and the patch critic that they are trained with.
//!
//! What is learnt are exemplars, the materials trained on, each with a style, a lattice and maps of its own: Casanova et al.,
//! "Instance-Conditioned GAN", NeurIPS 2021. A kind is a choice among its exemplars, or a mixture, which the seed makes. The map of
//! exemplars that follows from a map of kinds, a style and the scale become a style of every cell of 16 by 16 texels; local latents and
//! plane waves become features of the cells, which are doubled four times to texels. Layers down to two texels are scaled and shifted
//! by the cell's style; fresh noise enters at every doubling, and the waves once more at four texels, where none is too short to
//! be told from another: cells see their means. Local, global and periodic latents: Bergmann et al., "Learning Texture Manifolds
//! with the Periodic Spatial GAN", ICML 2017.
//!
//! The waves of an exemplar are harmonics of two basis vectors: a lattice, as bricks and tiles have. Two phases move it as a whole, and a
//! torus rounds the basis alone, so that its waves stay in step.
//!
//! Every operator is local and every border wraps: a material tiles at each size that is a multiple of [`CELL`], and patches
//! of a world continue each other. Basis vectors are rounded to whole numbers on the torus that [`Coordinates::Torus`] tells of. The
//! network makes height, not normals: those are its slopes, by arithmetic in the graph.
//!
//! At the default width, 23 kinds and 52 exemplars the generator has 1.06 M parameters (2.2 MB in 16 bits) and takes 18,900 multiply-adds
//! a texel: 9.9 GFLOP for 512 by 512, and 0.97 GFLOP for a crop of 160 by 160; the critic takes 10,400 a texel, 0.53 GFLOP a crop. Both counts
//! are checked by a test.

mod critic;
mod generator;

use imagine_graph::{
    Card, Coordinates, Dim, Distribution, Generator, Graph, InputKind, OutputKind, SizeRule, Symbol, Tensor,
};
use rand::Rng;

use super::layers::Layers;
use crate::data::materials::Lattice;
use generator::Body;

/// Texels along a side of a cell: the generator's stride.
pub const CELL: usize = 16;
/// Elements of the grid that waves are computed on, along a side of a cell: of 4 texels each.
pub const FINE: usize = 4;
/// Channels of a material as it is trained on: colour 3, normal x and y, height, roughness, occlusion, metallic.
pub const CHANNELS: usize = 9;
/// Maps of a material, each present or missing as a whole; colour is always there.
pub const MAPS: [OutputKind; 6] = [
    OutputKind::BaseColor,
    OutputKind::Normal,
    OutputKind::Height,
    OutputKind::Roughness,
    OutputKind::Occlusion,
    OutputKind::Metallic,
];
/// Channels of each map of [`MAPS`].
pub const MAP_CHANNELS: [usize; 6] = [3, 2, 1, 1, 1, 1];
/// Height difference between 0 and 1 in texels, at scale 1.
pub const RELIEF: f32 = 64.0;
/// Smallest scale: features half as large as in the pictures learnt from.
pub const LEAST_SCALE: f32 = 0.5;
/// Waves of an exemplar: multiples of its first and its second basis vector.
pub const HARMONICS: [[f32; 2]; 6] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0], [2.0, 0.0], [0.0, 2.0]];
/// Numbers that say where in a lattice a texel lies: sine and cosine of the turns of the first basis vector, then of the second.
pub const PLACES: usize = 4;
/// How many doublings lie between cells and texels.
const DOUBLINGS: usize = 4;
/// Weights that never learn.
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

/// A material that is learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaterialExemplar {
    /// Index of its kind.
    pub kind: usize,
    /// Which of [`MAPS`] it has; other maps stay neutral where it is.
    pub maps: [bool; 6],
}

/// Sizes of generator and critic.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialNetworks {
    /// Names of the kinds.
    pub kinds: Vec<String>,
    /// What is learnt from, at least one of each kind.
    pub exemplars: Vec<MaterialExemplar>,
    /// Local latent numbers of a cell.
    pub local: usize,
    /// Numbers of the style of a whole image.
    pub style: usize,
    /// Channels of the generator at half the texels; cells have 4 times as many. A multiple of 4.
    pub width: usize,
    /// Channels of the critic at half the texels; its deepest layer has 4 times as many.
    pub critic_width: usize,
}

impl Default for MaterialNetworks {
    fn default() -> Self {
        Self {
            kinds: vec!["material".into()],
            exemplars: vec![MaterialExemplar { kind: 0, maps: [true; 6] }],
            local: 16,
            style: 16,
            width: 32,
            critic_width: 32,
        }
    }
}

impl MaterialNetworks {
    /// Shapes of the noise that enters the generator as it is trained, after `latent`, `style`, `phase`, `kind`, `exemplar`,
    /// `scale` and `place`: one channel at every doubling, for `count` images of `[height, width]` texels.
    pub fn noise_shapes(count: usize, [height, width]: [usize; 2]) -> [[usize; 4]; DOUBLINGS] {
        [8, 4, 2, 1].map(|divisor| [count, 1, height / divisor, width / divisor])
    }

    /// The generator as it is trained: latents, weights of kinds and of exemplars, scales, places in cells and noise in; [`CHANNELS`] out.
    ///
    /// `place` has columns and rows, in cells, of elements of four texels as its first two channels, and 1 in the others: waves are not
    /// rounded.
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

    /// Gives the waves of a generator the lattices of the exemplars. Their strengths learn; the basis is where what is learnt from lies.
    pub fn set_lattices(&self, generator: &mut Graph, lattices: &[Lattice]) {
        let axis = |axis: usize| {
            let of_vector =
                move |vector: usize| lattices.iter().map(move |lattice| lattice.vectors[vector][axis] * CELL as f32);
            (0..2).flat_map(of_vector).collect::<Vec<f32>>()
        };
        let of_harmonic = |harmonic: usize| lattices.iter().map(move |lattice| lattice.strengths[harmonic]);
        let strengths = (0..HARMONICS.len()).flat_map(of_harmonic).collect();
        for (name, numbers) in [("waves.x", axis(0)), ("waves.y", axis(1)), ("waves.strength", strengths)] {
            generator.weight(name, Tensor::f32([1, numbers.len(), 1, 1], numbers));
        }
    }

    /// The generator as it is shipped, with the weights of `trained` where the names are the same.
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
        let size = SizeRule { multiple: [CELL; 2], min: [CELL; 2], tiles: true };
        Generator { output: graph, recurrence: None, size, card }
    }

    /// Which maps the kinds learnt, in words: `bark: base_color, normal, roughness; ..`.
    pub fn learnt_maps(&self) -> String {
        let kind = |(kind, name): (usize, &String)| {
            let learnt = |map: &usize| self.of_kind(kind).any(|exemplar| self.exemplars[exemplar].maps[*map]);
            let maps = (0..MAPS.len()).filter(learnt).map(|map| MAPS[map].name());
            format!("{name}: {}", maps.collect::<Vec<_>>().join(", "))
        };
        self.kinds.iter().enumerate().map(kind).collect::<Vec<_>>().join("; ")
    }

    /// The exemplars of a kind.
    pub fn of_kind(&self, kind: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.exemplars.len()).filter(move |exemplar| self.exemplars[*exemplar].kind == kind)
    }

    fn latents(&self, graph: &mut Graph) {
        graph.input("latent", InputKind::Latent(Distribution::Normal), cells(self.local));
        graph.input("style", InputKind::Latent(Distribution::Normal), planes(self.style));
        graph.input("phase", InputKind::Latent(Distribution::Uniform), planes(2));
        let options = self.kinds.clone();
        graph.input("kind", InputKind::Choice { options, default: 0 }, cells(self.kinds.len()));
    }
}

/// `[batch, channels, 1, 1]`.
fn planes(channels: usize) -> Vec<Dim> {
    vec![Dim::BATCH, channels.into(), 1.into(), 1.into()]
}

/// `[batch, channels, height / 16, width / 16]`.
fn cells(channels: usize) -> Vec<Dim> {
    fraction(channels, CELL)
}

/// `[batch, channels, height / divisor, width / divisor]`.
fn fraction(channels: usize, divisor: usize) -> Vec<Dim> {
    let [height, width] = [Symbol::Height([1, divisor]), Symbol::Width([1, divisor])].map(Dim::Symbol);
    vec![Dim::BATCH, channels.into(), height, width]
}

#[cfg(test)]
mod tests;
