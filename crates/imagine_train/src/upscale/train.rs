//! Trains an upscaler on pairs of crops: updates, running mean, figures on held-back pictures, resumption.
//!
//! Two threads share the work: one makes pairs a few updates ahead, the other learns. The pairs of an update depend on the seed and its
//! number alone, so a resumed training sees what it would have seen.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor, TensorData};
use imagine_burn::{Network, Value};
use imagine_graph::file::WeightFormat;
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Provenance, Size};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::data::{PairBatch, PictureSet};
use super::evaluate::{MeasuredPair, UpscaleFigures};
use super::networks::{Form, Upscaler, collapsed_weights, fixed};
use super::options::UpscaleOptions;
use super::sheet::contact_sheet;
use crate::core::{
    self, Adam, AdamOptions, CosineDecay, Identity, Numbers, Progress, Record, ResumeSet, Rhythm, Tensors, Trainer,
    add_to_history, average, best_file, identity, write_png,
};
use crate::error::{CheckpointError, TrainError};

/// How the recipe of an upscaler begins.
pub const RECIPE: &str = "super-resolution";
/// The Charbonnier loss is the square root of the squared difference plus this squared: an absolute difference, smooth at 0.
const CHARBONNIER: f32 = 1e-3;
/// Batches that are made ahead.
const AHEAD: usize = 4;
/// Share of the old value in the running mean of the loss.
const KEEP: f32 = 0.98;
/// Side of the middle of a held-back picture that checkpoints measure.
const MEASURED_SIDE: usize = 256;
const ADAM: AdamOptions = AdamOptions { first_decay: 0.9, second_decay: 0.999, unit_gradients: false };

/// What a checkpoint found.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Mean PSNR-Y over the middles of the held-back pictures.
    pub figures: UpscaleFigures,
    /// Whether the network's is the best so far, in which case the generator was written too.
    pub best: bool,
}

/// What the training of an upscaler reports. Sheets show bicubic, the network, the original.
pub type Event = core::Event<Progress, Saved>;

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
    let training = UpscaleTraining::<A>::new(set, options.clone(), device)?;
    let begin = |training: &mut UpscaleTraining<A>| start.map_or(Ok(()), |start| training.begin_from(start));
    core::run(training, begin, card, folder, report)
}

/// A training that its owner advances update by update.
pub(super) struct UpscaleTraining<A: AutodiffBackend> {
    set: Arc<PictureSet>,
    options: UpscaleOptions,
    upscaler: Upscaler,
    /// The graph that learns, with its first weights.
    graph: Graph,
    /// The graph that ships, without weights.
    shape: Graph,
    device: A::Device,
    pub network: Network<A>,
    average: Network<A::InnerBackend>,
    adam: Adam<A::InnerBackend>,
    measured: Vec<MeasuredPair>,
    interpolated: UpscaleFigures,
    /// Updates done.
    pub update: u32,
    /// Running mean of the loss, in units of 1/255.
    pub loss: f32,
    learning_rate: f32,
    best: Option<f64>,
    /// The batches of the updates to come, once the first was asked for.
    ahead: Option<Receiver<PairBatch>>,
}

impl<A: AutodiffBackend> UpscaleTraining<A> {
    /// A training at its start.
    pub fn new(set: Arc<PictureSet>, options: UpscaleOptions, device: &A::Device) -> Result<Self, TrainError> {
        options.check()?;
        let upscaler = options.upscaler();
        let mut rng = StdRng::seed_from_u64(options.seed);
        let graph = upscaler.graph(Form::Expanded, &mut rng);
        let shape = upscaler.graph(Form::Collapsed, &mut rng);
        let network = Network::new(&graph.validate()?, device).freeze(&fixed(&graph));
        let held_back = set.held_back.iter();
        let measured: Vec<MeasuredPair> =
            held_back.map(|picture| MeasuredPair::of_middle(picture, MEASURED_SIDE, options.factor)).collect();
        let interpolations: Vec<UpscaleFigures> = measured.iter().map(MeasuredPair::interpolations).collect();
        Ok(Self {
            interpolated: UpscaleFigures::mean(&interpolations),
            average: network.valid(),
            adam: Adam::new(ADAM),
            device: device.clone(),
            update: 0,
            loss: 0.0,
            learning_rate: 0.0,
            best: None,
            ahead: None,
            set,
            options,
            upscaler,
            graph,
            shape,
            network,
            measured,
        })
    }

    /// How often sides are enlarged.
    #[cfg(test)]
    pub fn factor(&self) -> usize {
        self.options.factor
    }

    /// The batches from the present update on, made by another thread, which ends when the receiver is dropped.
    fn batches_ahead(&self) -> Receiver<PairBatch> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (set, options, first) = (self.set.clone(), self.options.clone(), self.update);
        std::thread::spawn(move || {
            for update in first..options.updates {
                let UpscaleOptions { seed, batch, crop, factor, .. } = options;
                if sender.send(set.batch(seed, update.into(), batch, crop, factor)).is_err() {
                    break;
                }
            }
        });
        receiver
    }

    /// Does one update on `batch`.
    pub fn learn(&mut self, batch: PairBatch) -> Result<(), TrainError> {
        let UpscaleOptions { batch: count, crop, factor, .. } = self.options;
        let images = |values: Vec<f32>, side: usize| {
            Tensor::<A, 4>::from_data(TensorData::new(values, [count, 3, side, side]), &self.device)
        };
        let (small, large) = (images(batch.small, crop / factor), images(batch.large, crop));
        let size = Size::new(crop, crop).with_batch(count);
        let enlarged = self.network.run(vec![Value::from_tensor(small)], size, RandomState::default())?.remove(0);
        let difference = enlarged.into_tensor::<4>() - large;
        let loss = (difference.powi_scalar(2) + CHARBONNIER * CHARBONNIER).sqrt().mean();
        let found = loss.clone().inner().into_scalar().elem::<f32>() * 255.0;
        if !found.is_finite() {
            return Err(TrainError::NotFinite { update: self.update, loss: found });
        }
        let schedule = CosineDecay {
            peak: self.options.learning_rate,
            warm_up: self.options.warm_up,
            updates: self.options.updates,
        };
        self.learning_rate = schedule.at(self.update, self.adam.updates());
        let mut gradients = loss.backward();
        self.network = self.adam.update::<A, _>(self.network.clone(), &mut gradients, self.learning_rate);
        // Early weights would weigh on the mean for long.
        let keep = self.options.average.min((1.0 + self.update as f32) / (10.0 + self.update as f32));
        self.average = average::update(self.average.clone(), &self.network.valid(), keep);
        self.loss = if self.update == 0 { found } else { KEEP * self.loss + (1.0 - KEEP) * found };
        self.update += 1;
        Ok(())
    }

    /// The running mean as a plain network.
    pub fn collapsed(&self) -> Result<Generator, TrainError> {
        let weights = collapsed_weights(&self.average, &self.shape, self.options.factor, &self.device)?;
        Ok(self.upscaler.generator(weights))
    }

    /// Mean PSNR-Y over the held-back pictures.
    pub fn measure(&self) -> Result<UpscaleFigures, TrainError> {
        let network = Network::<A::InnerBackend>::new(&self.collapsed()?.output.validate()?, &self.device);
        let mut sum = 0.0;
        for pair in &self.measured {
            sum += pair.psnr(&pair.enlarged(&network, &self.device)?);
        }
        Ok(UpscaleFigures { network: sum / self.measured.len() as f64, ..self.interpolated })
    }

    /// The generator, with `card` completed.
    fn generator(&self, card: &Card, psnr: f64) -> Result<Generator, TrainError> {
        let mut generator = self.collapsed()?;
        let mut card = card.clone();
        let given = card.training_data.first().cloned().unwrap_or_default();
        card.training_data = vec![Provenance { sha256: self.set.sha256.clone(), ..given }];
        if card.recipe.is_empty() {
            let options = serde_json::to_string(&self.options).unwrap_or_default();
            card.recipe = format!(
                "{RECIPE}, Charbonnier loss on crops of {} pictures, Adam, running mean of the weights; options {options}",
                self.set.trained.len()
            );
        }
        card.metrics.insert("updates".into(), f64::from(self.update));
        card.set_metric("psnr_y_middles", psnr);
        card.set_metric("psnr_y_middles_bicubic", self.interpolated.bicubic);
        generator.card = card;
        Ok(generator)
    }

    /// What a resume set must have in common with this training.
    fn identity(&self) -> Identity {
        let Upscaler { network, factor, width, blocks, expansion } = self.upscaler;
        identity([
            ("network", format!("{network:?}, {width} channels, {blocks} blocks, {expansion} between factors")),
            ("factor", factor.to_string()),
            ("data", self.set.sha256.clone()),
        ])
    }

    fn resume_set(&self, folder: &Path) -> ResumeSet {
        let mut moments = Tensors::new();
        self.adam.save("network", &mut moments);
        let mut numbers = Numbers::from([("loss".to_string(), self.loss.into())]);
        numbers.extend(self.best.map(|best| ("best".to_string(), best)));
        let record = Record { identity: self.identity(), update: self.update, numbers };
        let parts = [("network", self.network.weights()), ("average", self.average.weights()), ("moments", moments)];
        ResumeSet::new(folder, record, parts)
    }

    /// Begins with the running mean of the training in `folder`. The last convolution of one with a smaller factor is repeated for
    /// the pixels that were one pixel.
    pub fn begin_from(&mut self, folder: &Path) -> Result<(), TrainError> {
        let Some(set) = ResumeSet::load(folder, &Identity::new())? else {
            return Err(TrainError::NoStart { path: folder.to_path_buf() });
        };
        let found = self.upscaler.widened(set.part("average")?);
        let mut graph = self.graph.clone();
        for (name, weight) in graph.weights.iter_mut() {
            match found.get(name) {
                Some(found) if found.tensor_type() == weight.tensor_type() => weight.clone_from(found),
                _ => return Err(set.malformed(format!("weight {name:?} is missing or has another shape")).into()),
            }
        }
        self.set_networks(&graph, &graph)
    }

    fn set_networks(&mut self, network: &Graph, average: &Graph) -> Result<(), TrainError> {
        self.network = Network::new(&network.validate()?, &self.device).freeze(&fixed(network));
        self.average = Network::<A::InnerBackend>::new(&average.validate()?, &self.device).freeze(&fixed(average));
        Ok(())
    }
}

impl<A: AutodiffBackend> Trainer for UpscaleTraining<A> {
    type Progress = Progress;
    type Saved = Saved;

    fn update(&self) -> u32 {
        self.update
    }

    fn rhythm(&self) -> Rhythm {
        let UpscaleOptions { updates, checkpoint_every, preview_every, .. } = self.options;
        Rhythm { updates, checkpoint_every, preview_every }
    }

    fn resume(&mut self, folder: &Path) -> Result<bool, TrainError> {
        let Some(set) = ResumeSet::load(folder, &self.identity())? else { return Ok(false) };
        self.set_networks(&set.graph("network", &self.graph)?, &set.graph("average", &self.graph)?)?;
        let fixed = fixed(&self.graph);
        let learned = self.graph.weights.iter().filter(|(name, _)| !fixed.contains(&name.as_str()));
        let count = learned.map(|(_, weight)| weight.len()).sum();
        self.adam =
            Adam::load(ADAM, "network", &set.moments(), count, &self.device).map_err(|reason| set.malformed(reason))?;
        self.update = set.record.update;
        self.loss = set.number("loss") as f32;
        self.best = set.best(folder);
        Ok(true)
    }

    fn full_bytes(&self, folder: &Path) -> u64 {
        self.resume_set(folder).full_bytes(&["network"])
    }

    fn advance(&mut self) -> Result<(), TrainError> {
        let ahead = self.ahead.take().unwrap_or_else(|| self.batches_ahead());
        let batch = ahead.recv().expect("the thread makes a batch for every update");
        self.ahead = Some(ahead);
        self.learn(batch)
    }

    fn progress(&self, rate: f32, remaining: Duration) -> Progress {
        Progress { update: self.update, loss: self.loss, learning_rate: self.learning_rate, rate, remaining }
    }

    fn preview(&self, folder: &Path) -> Result<PathBuf, TrainError> {
        let graph = self.collapsed()?.output.validate()?;
        let sheet = contact_sheet::<A::InnerBackend>(&graph, &self.set.held_back, self.options.factor, &self.device)?;
        let path = folder.join(format!("sheet_{:07}.png", self.update));
        write_png(&path, &sheet)?;
        Ok(path)
    }

    fn save(&mut self, folder: &Path, card: &Card) -> Result<Saved, TrainError> {
        let figures = self.measure()?;
        let UpscaleFigures { network: psnr, bicubic, lanczos } = figures;
        let (update, loss, learning_rate) = (self.update, self.loss, self.learning_rate);
        add_to_history(folder, update, &UpscaleHistory { update, loss, learning_rate, psnr, bicubic, lanczos })?;
        let best = self.best.is_none_or(|best| psnr > best);
        if best {
            self.best = Some(psnr);
            imagine_graph::file::save(best_file(folder), &self.generator(card, psnr)?, WeightFormat::F16)
                .map_err(CheckpointError::from)?;
        }
        self.resume_set(folder).save()?;
        Ok(Saved { figures, best })
    }
}
