//! The patch critic: the mean over many overlapping patches of how real each looks, of two sizes, as a given exemplar at a given
//! scale, at a given place of the exemplar's lattice.
//!
//! Strided convolutions only, no statistics over a batch, no operator whose gradient is not differentiable. Missing maps are
//! multiplied by 0 here, so that neither a score nor a penalty depends on them; which are there is told beside. Exemplar and scale
//! enter as a projection: Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.

use imagine_graph::{
    Add, Concat, Conv, Dim, Graph, InputKind, MatMul, Mul, OutputKind, ReduceMean, ReduceSum, Sub, Tensor, Unsqueeze,
};
use rand::Rng;

use super::{CHANNELS, MaterialNetworks, PLACES};
use crate::architecture::layers::Layers;

/// Gain that keeps the deviation through a leaky rectifier.
const GAIN: f32 = 1.4;

impl MaterialNetworks {
    /// The critic: maps, which of their channels are there, weights of exemplars, scales, and for each texel [`PLACES`] numbers that say where
    /// in the exemplar's lattice it lies in; `[batch, 1]` scores out.
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
        let products = layers.graph.push("agreement", Mul {}, [features, &wanted]);
        let along = ReduceSum { axes: vec![1], ..ReduceSum::default() };
        let agreement = layers.graph.push("agreement.sum", along, [products.as_str()]);
        let root = layers.graph.weight("score_scale", Tensor::scalar((width as f32).sqrt().recip()));
        let agreement = layers.graph.push("agreement.scaled", Mul {}, [agreement.as_str(), &root]);
        let own = layers.linear("own", features, [width, 1], 1.0);
        layers.graph.push("score", Add {}, [own.as_str(), &agreement]);
        layers.graph.output("score", OutputKind::Tensor);
    }
}

/// Half as high and wide, of the maps that are there: all from -1 to 1, and a mask channel for each.
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
    // What place says about a picture is learnt from nothing.
    let weight = layers.constant("place.weight", &[width, PLACES, 4, 4], 0.0);
    let halved = Conv { strides: vec![2, 2], pads: vec![1; 4], ..Conv::default() };
    let place = layers.graph.push("place.half", halved, ["place", &weight]);
    layers.graph.push("half.placed", Add {}, [masked.as_str(), &place])
}
