//! What an upscaler learns from, and how it is measured, for the loop of trainings on pairs.

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

use super::data::PairBatch;
use super::evaluate::{MeasuredPair, UpscaleFigures};
use super::networks::Upscaler;
use super::options::UpscaleOptions;
use super::sheet::contact_sheet;
use crate::core::linear::{Form, collapsed_weights};
use crate::core::pairs::{PairTraining, Pairs, Plan, Point, charbonnier};
use crate::core::{self, Identity, Progress, ResumeSet, Saved, identity};
use crate::data::PictureSet;
use crate::error::TrainError;

/// How the recipe of an upscaler begins.
pub const RECIPE: &str = "super-resolution";
/// Side of the middle of a held-back picture that checkpoints measure.
const MEASURED_SIDE: usize = 256;

/// What the training of an upscaler reports; figures are mean PSNR-Y over the middles of the held-back pictures. Sheets show bicubic, the
/// network, the original.
pub type Event = core::Event<Progress, Saved<UpscaleFigures>>;

/// A line of a training's history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpscaleHistory {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss, in units of 1/255.
    pub loss: f32,
    /// Learning rate.
    pub learning_rate: f32,
    /// PSNR-Y of the network in decibels.
    pub psnr: f64,
    /// That of bicubic interpolation.
    pub bicubic: f64,
    /// That of Lanczos interpolation.
    pub lanczos: f64,
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, sheets, history and `best.generator.safetensors`, with `card` completed, go to `folder`, where no other training may
/// run; a resume set found there is continued. `start` is the folder of another training, of the same network with any factor, whose
/// weights this one begins with.
pub fn train<A: AutodiffBackend>(
    set: Arc<PictureSet>,
    options: &UpscaleOptions,
    start: Option<&Path>,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    let training = UpscaleTraining::<A>::new(UpscalePairs::new(set, options.clone())?, device)?;
    let begin = |training: &mut UpscaleTraining<A>| start.map_or(Ok(()), |start| training.begin_from(start));
    core::run(training, begin, card, folder, report)
}

/// A training that its owner advances update by update.
pub(super) type UpscaleTraining<A> = PairTraining<A, UpscalePairs>;

/// Small and large crops of the pictures of a set.
pub(super) struct UpscalePairs {
    set: Arc<PictureSet>,
    pub options: UpscaleOptions,
    upscaler: Upscaler,
    measured: Vec<MeasuredPair>,
    interpolated: UpscaleFigures,
}

impl UpscalePairs {
    pub fn new(set: Arc<PictureSet>, options: UpscaleOptions) -> Result<Self, TrainError> {
        options.check()?;
        let held_back = set.held_back.iter();
        let measured: Vec<MeasuredPair> =
            held_back.map(|picture| MeasuredPair::of_middle(picture, MEASURED_SIDE, options.factor)).collect();
        let interpolations: Vec<UpscaleFigures> = measured.iter().map(MeasuredPair::interpolations).collect();
        let interpolated = UpscaleFigures::mean(&interpolations);
        Ok(Self { upscaler: options.upscaler(), set, options, measured, interpolated })
    }
}

impl Pairs for UpscalePairs {
    type Batch = PairBatch;
    type Figures = UpscaleFigures;
    const LOSS_UNIT: f32 = 1.0 / 255.0;

    fn plan(&self) -> Plan {
        self.options.plan()
    }

    fn graph(&self, rng: &mut StdRng) -> Graph {
        self.upscaler.graph(Form::Expanded, rng)
    }

    fn batch(&self, number: u32) -> PairBatch {
        let UpscaleOptions { seed, batch, crop, factor, .. } = self.options;
        PairBatch::new(&self.set, seed, number.into(), batch, crop, factor)
    }

    fn loss<A: AutodiffBackend>(
        &self,
        network: &Network<A>,
        batch: PairBatch,
        device: &A::Device,
    ) -> Result<Tensor<A, 1>, TrainError> {
        let UpscaleOptions { batch: count, crop, factor, .. } = self.options;
        let images = |values: Vec<f32>, side: usize| {
            Tensor::<A, 4>::from_data(TensorData::new(values, [count, 3, side, side]), device)
        };
        let (small, large) = (images(batch.small, crop / factor), images(batch.large, crop));
        let size = Size::new(crop, crop).with_batch(count);
        let enlarged = network.run(vec![Value::from_tensor(small)], size, RandomState::default())?.remove(0);
        Ok(charbonnier(enlarged.into_tensor::<4>() - large).mean())
    }

    /// The running mean as a plain network.
    fn finished<B: Backend>(&self, network: &Network<B>, device: &B::Device) -> Result<Generator, TrainError> {
        let weights = collapsed_weights(network, &self.upscaler.shape(), [1, self.options.factor], device)?;
        Ok(self.upscaler.generator(weights))
    }

    /// Mean PSNR-Y over the middles of the held-back pictures.
    fn measure<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<UpscaleFigures, TrainError> {
        let network = Network::<B>::new(graph, device);
        let mut sum = 0.0;
        for pair in &self.measured {
            sum += pair.psnr(&pair.enlarged(&network, device)?);
        }
        Ok(UpscaleFigures { network: sum / self.measured.len() as f64, ..self.interpolated })
    }

    fn score(figures: &UpscaleFigures) -> f64 {
        figures.network
    }

    fn history(point: Point, figures: &UpscaleFigures) -> impl Serialize {
        let Point { update, loss, learning_rate } = point;
        let UpscaleFigures { network: psnr, bicubic, lanczos } = *figures;
        UpscaleHistory { update, loss, learning_rate, psnr, bicubic, lanczos }
    }

    fn complete(&self, card: &mut Card, figures: &UpscaleFigures) {
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE}, Charbonnier loss on crops of {} pictures, Adam, running mean of the weights; options {options}",
                self.set.trained.len()
            );
        }
        card.set_metric("psnr_y_middles", figures.network);
        card.set_metric("psnr_y_middles_bicubic", figures.bicubic);
    }

    fn identity(&self) -> Identity {
        let Upscaler { network, factor, width, blocks, expansion } = self.upscaler;
        identity([
            ("network", format!("{network:?}, {width} channels, {blocks} blocks, {expansion} between factors")),
            ("factor", factor.to_string()),
            ("data", self.set.sha256.clone()),
        ])
    }

    fn sheet<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<image::RgbImage, TrainError> {
        contact_sheet::<B>(graph, &self.set.held_back, self.options.factor, device)
    }
}

impl<A: AutodiffBackend> UpscaleTraining<A> {
    /// Begins with the running mean of the training in `folder`. The last convolution of one with a smaller factor is repeated for
    /// the pixels that were one pixel.
    pub fn begin_from(&mut self, folder: &Path) -> Result<(), TrainError> {
        let Some(set) = ResumeSet::load(folder, &Identity::new())? else {
            return Err(TrainError::NoStart { path: folder.to_path_buf() });
        };
        let found = self.pairs.upscaler.widened(set.part("average")?);
        let mut graph = self.graph.clone();
        for (name, weight) in graph.weights.iter_mut() {
            match found.get(name) {
                Some(found) if found.tensor_type() == weight.tensor_type() => weight.clone_from(found),
                _ => return Err(set.malformed(format!("weight {name:?} is missing or has another shape")).into()),
            }
        }
        self.set_networks(&graph, &graph)
    }
}
