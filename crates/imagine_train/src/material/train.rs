//! Trains materials: options, batches and figures of the adversarial training on crops of PBR materials.
//!
//! Pairs of a real and a generated crop share exemplar, scale, phase and set of maps. Generated crops are cut out of larger
//! images, so the generator learns windows of an endless plane. The batches of the next update are drawn while the current
//! one is computed.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::{Card, Generator, Graph, Tensor as Elements};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::bank::{FEATURES, MaterialBank, kind_distances};
use super::crops::{CropInputs, CropSpec, critic_conditions, specs};
use super::data::{MaterialBatch, MaterialSet, Part};
use super::format::{CHANNELS, MaterialNetworks, SHEET_SEEDS, SHEET_SIDE, sheet};
use super::networks::FIXED;
use super::patch_loss::{self, RealCrops};
use super::waves::WaveBasis;
use crate::core::{Identity, identity, rng};
use crate::error::{OptionRange, TrainError};
use crate::gan::{
    self, Adversarial, Auxiliary, BatchGradients, Event, GanOptions, Task, critic_scores, images, mean_overfitting,
    scalar, stacked,
};
use crate::metric::Table;

/// How the recipe of a material generator begins.
pub const RECIPE: &str = "spatial generative adversarial network";
/// Updates between two measurements of overfitting.
const OBSERVE_EVERY: u32 = 32;
/// Share of the old value in the running mean of the patch loss, and in that of overfitting.
const KEEP: [f32; 2] = [0.98, 0.9];
/// Side of the crop that the penalties' weight refers to.
const PENALTY_SIDE: f32 = 64.0;
/// Crops generated at once without gradients.
const SAMPLED_AT_ONCE: usize = 8;
/// Sampled crops lie within this many texels.
const ANYWHERE: f32 = 1024.0;
/// Seed of the filter bank that ranks checkpoints.
const BANK: u64 = 0x3a7;
/// Crops per kind that rank checkpoints.
const EACH: usize = 4;
/// Largest side of these crops in texels, and what their sides are multiples of.
const SIDES: [usize; 2] = [128, 32];

/// Options of training materials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args), command(mut_args(own_default)))]
#[serde(default)]
pub struct MaterialOptions {
    /// Options of the adversarial training. Penalties refer to crops of 64 by 64 and grow with the area.
    #[cfg_attr(feature = "clap", command(flatten))]
    #[serde(flatten)]
    pub gan: GanOptions,
    /// Channels of the generator at half the texels, a multiple of 4, at most 256; cells have 4 times as many.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().width))]
    pub width: usize,
    /// Channels of the critic at half the texels, a multiple of 4, at most 256; its deepest layer has 4 times as many.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().critic_width))]
    pub critic_width: usize,
    /// Side of the crops in texels, a multiple of 32.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().crop))]
    pub crop: usize,
    /// Cells around a generated crop that the critic does not see, at most 8.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().margin))]
    pub margin: usize,
    /// Consecutive crops of one exemplar and scale, at most 64, among which each generated crop is paired with a real one.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().group))]
    pub group: usize,
    /// Length of the patch loss's gradient relative to the critic's; 0 leaves it out.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().texture))]
    pub texture: f32,
    /// Patches compared per pyramid level, at most 16384.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().patches))]
    pub patches: usize,
    /// Updates before the critic enters; until then the generator learns from the patch loss alone.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().critic_from))]
    pub critic_from: u32,
}

impl Default for MaterialOptions {
    fn default() -> Self {
        let gan = GanOptions {
            updates: 40_000,
            batch: 16,
            generator_rate: 3e-4,
            critic_rate: 3e-4,
            cool_down: 4_000,
            penalty: 1.0,
            ..GanOptions::default()
        };
        Self {
            gan,
            width: 32,
            critic_width: 32,
            crop: 160,
            margin: 1,
            group: 2,
            texture: 1.0,
            patches: 512,
            critic_from: 0,
        }
    }
}

/// Gives a shared argument the default of this family.
#[cfg(feature = "clap")]
fn own_default(argument: clap::Arg) -> clap::Arg {
    static DEFAULTS: std::sync::LazyLock<[(&str, String); 6]> = std::sync::LazyLock::new(|| {
        let gan = MaterialOptions::default().gan;
        [
            ("updates", gan.updates.to_string()),
            ("batch", gan.batch.to_string()),
            ("generator_rate", gan.generator_rate.to_string()),
            ("critic_rate", gan.critic_rate.to_string()),
            ("cool_down", gan.cool_down.to_string()),
            ("penalty", gan.penalty.to_string()),
        ]
    });
    match DEFAULTS.iter().find(|(name, _)| *name == argument.get_id().as_str()) {
        Some((_, default)) => argument.default_value(default.as_str()),
        None => argument,
    }
}

impl MaterialOptions {
    /// Fails if an option is out of range.
    fn check(&self, set: &MaterialSet) -> Result<(), TrainError> {
        OptionRange::multiple("width", self.width, 4, 4, 256)?;
        OptionRange::multiple("critic-width", self.critic_width, 4, 4, 256)?;
        let largest = set.largest_crop();
        let fits = self.crop.is_multiple_of(32) && (32..=largest).contains(&self.crop);
        let expected = format!("a multiple of 32, at most the {largest} texels that all materials have");
        OptionRange::require(fits, "crop", expected, self.crop)?;
        OptionRange::count("margin", self.margin, 0, 8)?;
        OptionRange::count("group", self.group, 1, 64)?;
        OptionRange::count("patches", self.patches, 1, 1 << 14)?;
        OptionRange::number("texture", self.texture, 1e3)?;
        let alone = self.critic_from == 0 || self.texture > 0.0;
        OptionRange::require(alone, "critic-from", "0 if texture is 0".into(), self.critic_from)
    }
}

/// Trains to the end, or until `report` breaks.
///
/// The resume set, contact sheets and `best.generator.safetensors`, with `card` completed, go to `folder`; a resume set
/// found there is continued.
pub fn train<A: AutodiffBackend>(
    set: MaterialSet,
    options: &MaterialOptions,
    card: &Card,
    folder: &Path,
    device: &A::Device,
    report: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    gan::run::<A, _>(MaterialTask::new(set, options.clone())?, card, folder, device, report)
}

/// The materials, the networks' sizes and what measures them.
pub(super) struct MaterialTask {
    data: Arc<Data>,
    batches: std::vec::IntoIter<Batch>,
    prefetch: Option<Prefetch>,
    ranking: Ranking,
    /// Running mean of the patch loss.
    texture: f32,
}

/// What batches are drawn from.
pub(super) struct Data {
    pub set: MaterialSet,
    pub networks: MaterialNetworks,
    /// The waves of each exemplar.
    pub bases: Vec<WaveBasis>,
    pub options: MaterialOptions,
}

/// Real crops, the conditions of both kinds of crops, and the generator's inputs.
type Batch = (MaterialBatch, [Elements; 4], CropInputs);

/// The batches of an update, being drawn.
struct Prefetch {
    update: u32,
    drawing: JoinHandle<(Vec<Batch>, StdRng)>,
}

impl Data {
    /// The batches of the update after `update`, and the random numbers that follow them.
    fn draw(&self, update: u32) -> (Vec<Batch>, StdRng) {
        let options = &self.options;
        let mut rng = rng::numbered(options.gan.seed, u64::from(update) + 1);
        let batches = (0..options.gan.accumulate).map(|_| {
            let batch = self.set.draw(options.gan.batch, options.group, options.crop, &mut rng);
            let sides = [options.crop, options.margin];
            let inputs = CropInputs::draw(&self.networks, &self.bases, &specs(&batch), sides, &mut rng);
            let conditions = critic_conditions(&self.networks, &self.bases, &batch);
            (batch, conditions, inputs)
        });
        (batches.collect(), rng)
    }
}

impl MaterialTask {
    pub fn new(set: MaterialSet, options: MaterialOptions) -> Result<Self, TrainError> {
        options.check(&set)?;
        let networks = MaterialNetworks {
            kinds: set.kinds.clone(),
            exemplars: set.exemplars(),
            width: options.width,
            critic_width: options.critic_width,
            ..MaterialNetworks::default()
        };
        let (ranking, bases) = (Ranking::new(&set, options.crop), set.wave_bases());
        let data = Arc::new(Data { set, networks, bases, options });
        Ok(Self { data, batches: Vec::new().into_iter(), prefetch: None, ranking, texture: 0.0 })
    }

    #[cfg(test)]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Crops `[CHANNELS, side, side]` of the averaged generator, of these exemplars at scale 1.
    fn sample<A: AutodiffBackend>(
        &self,
        networks: &Adversarial<A>,
        exemplars: &[usize],
        side: usize,
        seed: u64,
    ) -> Result<Vec<f32>, TrainError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(exemplars.len() * CHANNELS * side * side);
        for exemplars in exemplars.chunks(SAMPLED_AT_ONCE) {
            let specs: Vec<CropSpec> = exemplars
                .iter()
                .map(|exemplar| {
                    let corner = [(); 2].map(|()| rng.random_range(0.0..ANYWHERE));
                    CropSpec { exemplar: *exemplar, scale: 1.0, corner }
                })
                .collect();
            let sides = [side, self.data.options.margin];
            let inputs = CropInputs::draw(&self.data.networks, &self.data.bases, &specs, sides, &mut rng);
            let made = inputs.make(&networks.average, &networks.device)?;
            values.extend(made.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default());
        }
        Ok(values)
    }

    /// The gradient of the patch loss, if it is used.
    fn auxiliary<A: AutodiffBackend>(
        &mut self,
        generated: &Tensor<A, 4>,
        real: &Tensor<A, 4>,
        crops: &RealCrops,
        rng: &mut StdRng,
    ) -> Option<Auxiliary<A::InnerBackend>> {
        let options = &self.data.options;
        if options.texture == 0.0 {
            return None;
        }
        let (generated, real) = (generated.clone().inner(), real.clone().inner());
        let (distance, gradient) = patch_loss::gradient::<A>(generated, real, crops, options.patches, rng);
        let before = if self.texture == 0.0 { distance } else { self.texture };
        self.texture = KEEP[0] * before + (1.0 - KEEP[0]) * distance;
        Some(Auxiliary { gradient, share: options.texture })
    }
}

impl<A: AutodiffBackend> Task<A> for MaterialTask {
    const IMAGES: &'static str = "crops";
    const FIXED: &'static [&'static str] = &FIXED;

    fn options(&self) -> &GanOptions {
        &self.data.options.gan
    }

    fn critic_from(&self) -> u32 {
        self.data.options.critic_from
    }

    fn graphs(&self, rng: &mut StdRng) -> [Graph; 2] {
        let networks = &self.data.networks;
        let (mut generator, critic) = (networks.generator(rng), networks.critic(rng));
        networks.set_waves(&mut generator, &self.data.bases);
        [generator, critic]
    }

    fn identity(&self) -> Identity {
        let Data { set, networks, .. } = &*self.data;
        let networks = MaterialNetworks { kinds: Vec::new(), exemplars: Vec::new(), ..networks.clone() };
        identity([
            ("kinds", set.kinds.join(" ")),
            ("networks", format!("{networks:?}")),
            ("training data", set.sha256.clone()),
        ])
    }

    fn begin(&mut self, update: u32) -> StdRng {
        let (batches, rng) = match self.prefetch.take() {
            Some(prefetch) if prefetch.update == update => prefetch.drawing.join().expect("drawing does not panic"),
            _ => self.data.draw(update),
        };
        self.batches = batches.into_iter();
        let next = update + 1;
        if next < self.data.options.gan.updates {
            let data = self.data.clone();
            self.prefetch = Some(Prefetch { update: next, drawing: std::thread::spawn(move || data.draw(next)) });
        }
        rng
    }

    fn learn(
        &mut self,
        networks: &Adversarial<A>,
        rng: &mut StdRng,
    ) -> Result<BatchGradients<A::InnerBackend>, TrainError> {
        let (batch, conditions, inputs) = self.batches.next().expect("an update has `accumulate` batches");
        let generated = inputs.make(&networks.generator, &networks.device)?;
        let (count, side) = (batch.kinds.len(), batch.side);
        let real = images::<A>(batch.values, [count, CHANNELS, side, side], &networks.device);
        let [.., places] = &conditions;
        let crops = RealCrops { present: &batch.present, places, group: self.data.options.group };
        let mut auxiliary = self.auxiliary(&generated, &real, &crops, rng);
        let options = &self.data.options;
        if let Some(alone) = auxiliary.take_if(|_| networks.update < options.critic_from) {
            return Ok(networks.learn_alone(generated, alone.gradient));
        }
        let show = |seen| Tensor::cat(vec![real.clone(), seen], 0);
        let conditions = conditions.map(|condition| stacked(&condition, &condition));
        // The score is a mean over patches: its gradient at one texel falls as the area grows.
        let sides = options.crop as f32 / PENALTY_SIDE;
        let penalty = options.gan.penalty_at(networks.update) * sides * sides;
        networks.learn(generated, show, &conditions, penalty, None, auxiliary)
    }

    fn observe(&mut self, networks: &Adversarial<A>, overfit: &mut f32, rng: &mut StdRng) -> Result<(), TrainError> {
        let Data { set, networks: sizes, bases, options } = &*self.data;
        let (side, kinds) = (self.ranking.side, &self.ranking.kinds);
        let due = networks.update.is_multiple_of(OBSERVE_EVERY) && networks.update >= options.critic_from;
        if !due || kinds.is_empty() {
            return Ok(());
        }
        let mut sums = [0.0; 3];
        let kinds: Vec<usize> = (0..options.gan.batch).map(|_| kinds[rng.random_range(0..kinds.len())]).collect();
        let critic = networks.critic.valid();
        for kind in kinds {
            // The same random numbers choose the same material.
            let same = rng.clone();
            let [trained, held_back] =
                [Part::Trained, Part::UpperStrips].map(|part| set.crops(part, kind, 1, side, &mut same.clone()));
            let inputs = CropInputs::draw(sizes, bases, &specs(&trained), [side, options.margin], rng);
            let fake = inputs.make(&networks.generator.valid(), &networks.device)?;
            let [here, there] = [&trained, &held_back].map(|batch| critic_conditions(sizes, bases, batch));
            let shape = [1, CHANNELS, side, side];
            let [trained, held_back] = [trained, held_back].map(|batch| images(batch.values, shape, &networks.device));
            for (sum, (crop, conditions)) in sums.iter_mut().zip([(trained, &here), (held_back, &there), (fake, &here)])
            {
                *sum += scalar(critic_scores(&critic, crop, conditions)?.mean());
            }
        }
        mean_overfitting(overfit, sums, KEEP[1]);
        Ok(())
    }

    fn figure(&self) -> (&'static str, f32) {
        ("texture", self.texture)
    }

    fn distance(&self, networks: &Adversarial<A>) -> Result<f64, TrainError> {
        Ok(self.ranking.distance(self.sample(networks, &self.ranking.exemplars, self.ranking.side, 2)?))
    }

    fn sheet(&self, networks: &Adversarial<A>) -> Result<image::RgbImage, TrainError> {
        let kinds = 0..self.data.set.kinds.len();
        let exemplars: Vec<usize> =
            kinds.flat_map(|kind| self.data.networks.of_kind(kind).cycle().take(SHEET_SEEDS)).collect();
        Ok(sheet(&self.sample(networks, &exemplars, SHEET_SIDE, 1)?))
    }

    fn sha256(&self) -> &str {
        &self.data.set.sha256
    }

    fn recipe(&self) -> String {
        let options = serde_json::to_string(&self.data.options).unwrap_or_default();
        let texture = if self.data.options.texture > 0.0 { "optimal transport of patches, " } else { "" };
        format!(
            "{RECIPE} with local, global and periodic latents, relativistic pairing, R1 and R2 by second-order gradients, \
             patch critic with projection of exemplars, {texture}running mean of weights; options {options}; maps \
             trained: {}",
            self.data.networks.trained_maps()
        )
    }

    fn shipped(&self, trained: &Graph, card: Card) -> Generator {
        self.data.networks.shipped(trained, card, &mut StdRng::seed_from_u64(0))
    }
}

/// Distance of generated crops to held-back strips of the same kinds. It ranks the states of one training.
pub(super) struct Ranking {
    bank: MaterialBank,
    /// Side of the crops.
    side: usize,
    /// Kinds with strips.
    pub kinds: Vec<usize>,
    /// Exemplar and present channels of each crop.
    exemplars: Vec<usize>,
    present: Vec<f32>,
    /// Moments of each feature, and the standardised features.
    moments: Vec<[f32; 2]>,
    expected: Table,
}

impl Ranking {
    pub fn new(set: &MaterialSet, crop: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(BANK);
        let bank = MaterialBank::new(BANK);
        let side = SIDES[0].min(crop / SIDES[1] * SIDES[1]);
        let (mut kinds, mut exemplars, mut present) = (Vec::new(), Vec::new(), Vec::new());
        let mut features = Table { width: FEATURES, values: Vec::new() };
        for kind in 0..set.kinds.len() {
            for part in [Part::UpperStrips, Part::LowerStrips] {
                let crops = set.crops(part, kind, EACH / 2, side, &mut rng);
                exemplars.extend(crops.exemplars.into_iter().flatten());
                present.extend(crops.present);
                features.values.extend(bank.features(&crops.values, side).values);
                if !crops.kinds.is_empty() && kinds.last() != Some(&kind) {
                    kinds.push(kind);
                }
            }
        }
        let moments = features.moments();
        let expected = features.standardised(&moments);
        Self { bank, side, kinds, exemplars, present, moments, expected }
    }

    /// Mean distance over the kinds, of crops of the exemplars.
    pub fn distance(&self, mut values: Vec<f32>) -> f64 {
        let channels = values.chunks_exact_mut(self.side * self.side);
        for (channel, present) in channels.zip(&self.present) {
            channel.iter_mut().for_each(|value| *value *= present);
        }
        let found = self.bank.features(&values, self.side).standardised(&self.moments);
        let distances = kind_distances(&found, &self.expected, EACH);
        distances.iter().sum::<f64>() / distances.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests;
