//! What a restorer learns from, and how it is measured, for the loop of trainings on pairs.

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

use super::data::RestoreBatch;
use super::evaluate::{DamagedPair, RestoreFigures, contact_sheet, measure, measured_pairs};
use super::networks::{BLOCK, Restorer};
use super::options::RestoreOptions;
use crate::core::linear::{Form, collapsed_weights};
use crate::core::pairs::{PairTraining, Pairs, Plan, Point, charbonnier};
use crate::core::{self, Identity, Progress, Saved, identity};
use crate::data::PictureSet;
use crate::error::TrainError;

/// How the recipe of a restorer begins.
pub const RECIPE: &str = "restoration";
/// Side of the middle of a held-back picture that checkpoints measure.
const MEASURED_SIDE: usize = 128;
/// A clean picture should keep this PSNR; checkpoints with less rank lower by what they lack.
const CLEAN: f64 = 46.0;

/// Each crop counts in inverse proportion to its mean damage plus this, so that strong noise does not outweigh everything else.
const LEAST_DAMAGE: f32 = 6.0 / 255.0;
/// Damage that counts once.
const MEAN_DAMAGE: f32 = 16.0 / 255.0;

/// What the training of a restorer reports; figures are means over the middles of the held-back pictures. Sheets show the damaged, the
/// restored, the original.
pub type Event = core::Event<Progress, Saved<RestoreFigures>>;

/// A line of a training's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreHistory {
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss, in units of 1/255.
    pub loss: f32,
    /// Learning rate.
    pub learning_rate: f32,
    /// Mean PSNR of restored pictures in decibels.
    pub psnr: f64,
    /// That of the damaged ones.
    pub damaged: f64,
    /// PSNR of clean pictures after the network.
    pub clean: f64,
    /// Each kind of damage.
    pub figures: RestoreFigures,
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, sheets, history and `best.generator.safetensors`, with `card` completed, go to `folder`, where no other training may
/// run; a resume set found there is continued.
pub fn train<A: AutodiffBackend>(
    set: Arc<PictureSet>,
    options: &RestoreOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    let training = PairTraining::<A, _>::new(RestorePairs::new(set, options.clone())?, device)?;
    core::run(training, |_| Ok(()), card, folder, report)
}

/// Damaged and clean crops of the pictures of a set.
pub(super) struct RestorePairs {
    set: Arc<PictureSet>,
    options: RestoreOptions,
    restorer: Restorer,
    measured: Vec<(String, Vec<DamagedPair>)>,
}

impl RestorePairs {
    pub fn new(set: Arc<PictureSet>, options: RestoreOptions) -> Result<Self, TrainError> {
        options.check()?;
        let measured = measured_pairs(&set.held_back, MEASURED_SIDE);
        Ok(Self { restorer: options.restorer(), set, options, measured })
    }
}

impl Pairs for RestorePairs {
    type Batch = RestoreBatch;
    type Figures = RestoreFigures;
    const LOSS_UNIT: f32 = 1.0 / 255.0;

    fn plan(&self) -> Plan {
        self.options.plan()
    }

    fn graph(&self, rng: &mut StdRng) -> Graph {
        self.restorer.graph(Form::Expanded, rng)
    }

    fn batch(&self, number: u32) -> RestoreBatch {
        let RestoreOptions { seed, batch, crop, .. } = self.options;
        RestoreBatch::new(&self.set, seed, number.into(), batch, crop)
    }

    fn loss<A: AutodiffBackend>(
        &self,
        network: &Network<A>,
        batch: RestoreBatch,
        device: &A::Device,
    ) -> Result<Tensor<A, 1>, TrainError> {
        let RestoreOptions { batch: count, crop, .. } = self.options;
        let images =
            |values: Vec<f32>| Tensor::<A, 4>::from_data(TensorData::new(values, [count, 3, crop, crop]), device);
        let (damaged, clean) = (images(batch.damaged), images(batch.clean));
        let mean = |error: Tensor<A, 4>| error.mean_dim(3).mean_dim(2).mean_dim(1);
        let weights = (mean((damaged.clone() - clean.clone()).abs()) + LEAST_DAMAGE).recip().mul_scalar(MEAN_DAMAGE);
        let size = Size::new(crop, crop).with_batch(count);
        let restored = network.run(vec![Value::from_tensor(damaged)], size, RandomState::default())?.remove(0);
        Ok((mean(charbonnier(restored.into_tensor::<4>() - clean)) * weights).mean())
    }

    fn finished<B: Backend>(&self, network: &Network<B>, device: &B::Device) -> Result<Generator, TrainError> {
        let weights = collapsed_weights(network, &self.restorer.shape(), [BLOCK; 2], device)?;
        Ok(self.restorer.generator(weights))
    }

    fn measure<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<RestoreFigures, TrainError> {
        measure(&Network::<B>::new(graph, device), &self.measured, device, |_, _, _| ())
    }

    fn score(figures: &RestoreFigures) -> f64 {
        figures.means()[1] - (CLEAN - figures.clean()).max(0.0)
    }

    fn history(point: Point, figures: &RestoreFigures) -> impl Serialize {
        let Point { update, loss, learning_rate } = point;
        let ([damaged, psnr], clean) = (figures.means(), figures.clean());
        RestoreHistory { update, loss, learning_rate, psnr, damaged, clean, figures: figures.clone() }
    }

    fn complete(&self, card: &mut Card, figures: &RestoreFigures) {
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE} of JPEG, noise, bands and blur, Charbonnier loss on crops of {} pictures, Adam, running mean of the weights; \
                 options {options}",
                self.set.trained.len()
            );
        }
        let [damaged, restored] = figures.means();
        card.set_metric("psnr_damaged", damaged);
        card.set_metric("psnr_restored", restored);
        card.set_metric("psnr_clean", figures.clean());
    }

    fn identity(&self) -> Identity {
        let Restorer { network, width, blocks, expansion } = self.restorer;
        identity([
            ("network", format!("{network:?}, {width} channels, {blocks} blocks, {expansion} between factors")),
            ("data", self.set.sha256.clone()),
        ])
    }

    fn sheet<B: Backend>(&self, graph: &ValidGraph, device: &B::Device) -> Result<image::RgbImage, TrainError> {
        contact_sheet::<B>(graph, &self.set.held_back, device)
    }
}
