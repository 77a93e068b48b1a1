//! What a network that makes maps learns from, and how it is measured, for the loop of trainings on pairs.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Provenance, Size, ValidGraph};
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::data::MaterialSet;
use super::evaluate::{self, Constants, MapsFigures, MeasuredMaterial, contact_sheet, measured, sobel};
use super::light::MapsBatch;
use super::networks::{CHANNELS, MapsNetwork};
use super::options::MapsOptions;
use crate::core::linear::Form;
use crate::core::pairs::{PairTraining, Pairs, Plan, Point};
use crate::core::{self, Identity, Progress, Saved, identity};
use crate::error::TrainError;

/// How the recipe of a network that makes maps begins.
pub const RECIPE: &str = "maps of photographs";
/// Weights of the losses: base colour, angles of normals, their squares, means of slopes, height, its gradients, roughness, occlusion.
const WEIGHTS: [f32; 8] = [2.0, 0.8, 6.0, 1.0, 0.3, 1.5, 0.5, 0.5];
/// Sides of the squares in pixels whose mean slopes are compared: forms of a surface, where single pixels say little.
const FORMS: [usize; 2] = [4, 16];
/// Distances in pixels at which heights are compared.
const DISTANCES: [usize; 3] = [1, 4, 16];

/// What the training reports; figures are means over the held-back sets in two lights. Sheets show photograph, base colour, normals beside the
/// set's own, height beside its own, roughness beside its own.
pub type Event = core::Event<Progress, Saved<MapsFigures>>;

/// A line of a training's history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapsHistory {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss.
    pub loss: f32,
    /// Learning rate.
    pub learning_rate: f32,
    /// The figures.
    #[serde(flatten)]
    pub figures: MapsFigures,
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, sheets, history and `best.generator.safetensors`, with `card` completed, go to `folder`, where no other training may
/// run; a resume set found there is continued.
pub fn train<A: AutodiffBackend>(
    set: Arc<MaterialSet>,
    options: &MapsOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    let training = PairTraining::<A, _>::new(MapsPairs::new(set, options.clone())?, device)?;
    core::run(training, |_| Ok(()), card, folder, report)
}

/// Photographs of the sets, and their maps.
pub(super) struct MapsPairs {
    set: Arc<MaterialSet>,
    options: MapsOptions,
    network: MapsNetwork,
    measured: Vec<[MeasuredMaterial; 2]>,
    sobel: Vec<[f64; 2]>,
    constants: Constants,
}

impl MapsPairs {
    pub fn new(set: Arc<MaterialSet>, options: MapsOptions) -> Result<Self, TrainError> {
        options.check()?;
        let measured = measured(&set.held_back);
        let (sobel, constants) = (sobel(&measured), Constants::of(&set));
        Ok(Self { set, options, network: MapsNetwork::default(), measured, sobel, constants })
    }
}

impl Pairs for MapsPairs {
    type Batch = MapsBatch;
    type Figures = MapsFigures;
    const LOSS_UNIT: f32 = 1.0;

    fn plan(&self) -> Plan {
        self.options.plan()
    }

    fn graph(&self, rng: &mut StdRng) -> Graph {
        self.network.graph(Form::Expanded, rng)
    }

    fn batch(&self, number: u32) -> MapsBatch {
        let MapsOptions { seed, batch, crop, .. } = self.options;
        MapsBatch::new(&self.set, seed, number.into(), batch, crop)
    }

    fn loss<A: AutodiffBackend>(
        &self,
        network: &Network<A>,
        batch: MapsBatch,
        device: &A::Device,
    ) -> Result<Tensor<A, 1>, TrainError> {
        let MapsOptions { batch: count, crop, .. } = self.options;
        let images = |values: Vec<f32>, channels: usize| {
            Tensor::<A, 4>::from_data(TensorData::new(values, [count, channels, crop, crop]), device)
        };
        let photographs = images(batch.photographs, 3);
        let maps = images(batch.maps, CHANNELS);
        let known = Tensor::<A, 4>::from_data(TensorData::new(batch.known, [count, 3, 1, 1]), device);
        let size = Size::new(crop, crop).with_batch(count);
        let input = vec![Value::from_tensor(photographs.clone())];
        let made = network.run(input, size, RandomState::default())?.remove(0).into_tensor::<4>();
        Ok(loss(made, photographs, maps, known))
    }

    fn finished<B: Backend>(&self, network: &Network<B>, _: &B::Device) -> Result<Generator, TrainError> {
        Ok(self.network.generator(&network.weights()))
    }

    fn measure<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<MapsFigures, TrainError> {
        let network = Network::<B>::new(graph, device);
        let (figures, _) = evaluate::measure(&network, &self.measured, &self.sobel, self.constants, device)?;
        Ok(evaluate::mean(&figures))
    }

    fn score(figures: &MapsFigures) -> f64 {
        figures.score()
    }

    fn history(point: Point, figures: &MapsFigures) -> impl Serialize {
        let Point { update, loss, learning_rate } = point;
        MapsHistory { update, loss, learning_rate, figures: *figures }
    }

    fn complete(&self, card: &mut Card, figures: &MapsFigures) {
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE}: U-Net on crops of {} lit PBR sets, some with the relief of another, L1, angle and gradient losses, Adam, running mean of the weights; options \
                 {options}",
                self.set.trained.len()
            );
        }
        for (name, value) in [
            ("normal_degrees", figures.normal),
            ("slope_correlation", figures.slopes),
            ("height_error", figures.height),
            ("roughness_error", figures.roughness),
            ("occlusion_error", figures.occlusion),
            ("color_error", figures.color),
        ] {
            card.set_metric(name, value);
        }
    }

    fn identity(&self) -> Identity {
        identity([("network", format!("channels {:?}", self.network.widths)), ("data", self.set.sha256.clone())])
    }

    fn sheet<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<image::RgbImage, TrainError> {
        contact_sheet::<B>(graph, &self.set, device)
    }
}

/// The loss of made maps. Height counts up to a shift: its error without its mean, and the differences of its error over some distances.
pub(super) fn loss<A: AutodiffBackend>(
    made: Tensor<A, 4>,
    photographs: Tensor<A, 4>,
    maps: Tensor<A, 4>,
    known: Tensor<A, 4>,
) -> Tensor<A, 1> {
    let [count, _, height, width] = made.dims();
    let part = |of: &Tensor<A, 4>, first: usize, count: usize| of.clone().narrow(1, first, count);
    // The mean over the pictures that have the map.
    let masked = |error: Tensor<A, 4>, map: usize| {
        let known = part(&known, map, 1);
        let means = error.mean_dim(3).mean_dim(2);
        (means * known.clone()).sum() / known.sum().clamp_min(1.0)
    };
    let color = (part(&made, 0, 3) + photographs - part(&maps, 0, 3)).abs().mean();
    let (slopes, wanted) = (part(&made, 3, 2), part(&maps, 3, 2));
    let length = |slopes: &Tensor<A, 4>| (slopes.clone().powi_scalar(2).sum_dim(1) + 1.0).sqrt();
    let cosine = ((slopes.clone() * wanted.clone()).sum_dim(1) + 1.0) / (length(&slopes) * length(&wanted));
    // Half the square of the angle, and the angle itself, smooth at 0.
    let square = -cosine + 1.0;
    let angle = (square.clone().clamp_min(0.0) * 2.0 + 1e-4).sqrt().mean();
    let mut forms = Tensor::<A, 1>::zeros([1], &made.device());
    for side in FORMS {
        let error: Tensor<A, 6> =
            (slopes.clone() - wanted.clone()).reshape([count, 2, height / side, side, width / side, side]);
        forms = forms + error.mean_dim(5).mean_dim(3).abs().mean() / FORMS.len() as f32;
    }
    let error = part(&made, 5, 1) - part(&maps, 5, 1);
    let shift = error.clone().mean_dim(3).mean_dim(2);
    let shifted = masked((error.clone() - shift).abs(), 0);
    let mut gradients = Tensor::<A, 1>::zeros([1], &made.device());
    for distance in DISTANCES {
        let across = |axis: usize, length: usize| {
            let far = error.clone().narrow(axis, distance, length - distance);
            masked((far - error.clone().narrow(axis, 0, length - distance)).abs(), 0)
        };
        gradients = gradients + (across(2, height) + across(3, width)) / (2.0 * DISTANCES.len() as f32);
    }
    let value = |channel: usize, map: usize| masked((part(&made, channel, 1) - part(&maps, channel, 1)).abs(), map);
    let terms = [color, angle, square.mean(), forms, shifted, gradients, value(6, 1), value(7, 2)];
    let weighted = terms.into_iter().zip(WEIGHTS).map(|(term, weight)| term.mul_scalar(weight));
    weighted.reduce(|sum, term| sum + term).expect("there are terms")
}
