//! One update: the game on one batch of crops, the penalties, the running mean of weights, a look at overfitting.

use std::thread::JoinHandle;
use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::Tensor as Elements;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::asked::{Asked, Wish, one_hot};
use super::place::places;
use super::texture::{self, RealCrops};
use super::{MaterialOptions, MaterialTrainer};
use crate::architecture::material::{CHANNELS, MaterialNetworks};
use crate::data::materials::Lattice;
use crate::data::{MaterialBatch, MaterialSet, Part};
use crate::error::TrainError;
use crate::trainer::contest::{Auxiliary, Learnt, Pace, images, judge, scalar, stacked, update_rng};

/// Updates between two looks at overfitting.
const LOOK_EVERY: u32 = 32;
/// Share of the old value in running means.
const KEPT: f32 = 0.98;
/// Share of the old value in the running mean of overfitting, which is looked at more rarely.
const OVERFIT_KEPT: f32 = 0.9;
/// Side of the crop that the penalties' weight is given for.
const PENALTY_SIDE: f32 = 64.0;
/// Crops generated at once where no gradient is wanted, at a side of 128.
const SHOWN_AT_ONCE: usize = 8;
/// Texels within which crops that are shown lie in the lattices.
const ANYWHERE: f32 = 1024.0;

/// What the update after `update` will be given, in the making.
pub(super) struct Ahead {
    update: u32,
    drawing: JoinHandle<Drawn>,
}

/// Real crops and what is asked of the generator in one update, and the random numbers that follow them.
struct Drawn {
    batches: Vec<(MaterialBatch, [Elements; 4], Asked)>,
    rng: StdRng,
}

impl Drawn {
    fn new(
        set: &MaterialSet,
        networks: &MaterialNetworks,
        lattices: &[Lattice],
        options: &MaterialOptions,
        update: u32,
    ) -> Self {
        let mut rng = update_rng(options.seed, update);
        let batches = (0..options.accumulate).map(|_| {
            let batch = set.draw(options.batch, options.group, options.crop, &mut rng);
            let asked = Asked::draw(networks, lattices, &wishes(&batch), [options.crop, options.margin], &mut rng);
            let conditions = conditions(networks, lattices, &batch);
            (batch, conditions, asked)
        });
        Self { batches: batches.collect(), rng }
    }
}

impl<A: AutodiffBackend> MaterialTrainer<A> {
    /// Does one update.
    pub fn advance(&mut self) -> Result<(), TrainError> {
        let begin = Instant::now();
        let Drawn { batches, mut rng } = self.drawn();
        let mut batches = batches.into_iter();
        let first = batches.next().expect("an update has at least one batch");
        let mut learnt = self.learn(first, &mut rng)?;
        for more in batches {
            learnt.add(self.learn(more, &mut rng)?);
        }
        let options = &self.options;
        let pace = Pace {
            rates: [options.generator_rate, options.critic_rate],
            warm_up: options.warm_up,
            cool_down: options.cool_down,
            updates: options.updates,
            accumulate: options.accumulate,
        };
        self.contest.apply(learnt, &pace);
        self.contest.give_up_if_lost(self.progress.loss)?;
        self.contest.average((options.batch * options.accumulate) as f32, options.average_images);
        if self.update().is_multiple_of(LOOK_EVERY) && !self.learns_alone() {
            self.look(&mut rng)?;
        }
        self.seconds += begin.elapsed().as_secs_f64();
        Ok(())
    }

    /// Gradients of both networks on one batch.
    fn learn(
        &mut self,
        (batch, conditions, asked): (MaterialBatch, [Elements; 4], Asked),
        rng: &mut StdRng,
    ) -> Result<Learnt<A::InnerBackend>, TrainError> {
        let generated = asked.make(&self.contest.generator, &self.device)?;
        let (count, side) = (batch.kinds.len(), batch.side);
        let [.., places] = &conditions;
        let asks = RealCrops { present: &batch.present, places, group: self.options.group };
        let real = images::<A>(batch.values, [count, CHANNELS, side, side], &self.device);
        let mut texture = if self.options.texture > 0.0 {
            let (distance, gradient) = texture::gradient::<A>(
                generated.clone().inner(),
                real.clone().inner(),
                &asks,
                self.options.patches,
                rng,
            );
            let before = if self.progress.texture == 0.0 { distance } else { self.progress.texture };
            self.progress.texture = KEPT * before + (1.0 - KEPT) * distance;
            Some(Auxiliary { gradient, share: self.options.texture })
        } else {
            None
        };
        if let Some(texture) = texture.take_if(|_| self.learns_alone()) {
            return Ok(self.contest.learn_alone(generated, texture.gradient));
        }
        let show = |seen| Tensor::cat(vec![real.clone(), seen], 0);
        let conditions = conditions.map(|condition| stacked(&condition, &condition));
        let penalised = self.update().is_multiple_of(self.options.penalty_every);
        let penalty = if penalised { self.penalty_weight() } else { 0.0 };
        let learnt = self.contest.learn(generated, show, &conditions, penalty, None, texture)?;
        self.progress.loss = KEPT * self.progress.loss + (1.0 - KEPT) * learnt.loss;
        self.progress.lead = KEPT * self.progress.lead + (1.0 - KEPT) * learnt.lead;
        self.progress.penalty = learnt.penalty.unwrap_or(self.progress.penalty);
        Ok(learnt)
    }

    /// Whether the critic has not entered yet.
    fn learns_alone(&self) -> bool {
        self.update() < self.options.critic_from
    }

    /// What this update is given; lets that of the next be drawn meanwhile, so that no GPU waits for crops.
    fn drawn(&mut self) -> Drawn {
        let update = self.update();
        let drawn = match self.ahead.take() {
            Some(ahead) if ahead.update == update => ahead.drawing.join().expect("drawing does not panic"),
            _ => Drawn::new(&self.set, &self.networks, &self.lattices, &self.options, update),
        };
        let (set, networks, options) = (self.set.clone(), self.networks.clone(), self.options.clone());
        let lattices = self.lattices.clone();
        let update = update + 1;
        if update < options.updates {
            let drawing = std::thread::spawn(move || Drawn::new(&set, &networks, &lattices, &options, update));
            self.ahead = Some(Ahead { update, drawing });
        }
        drawn
    }

    /// The critic's score is a mean over patches: its gradient at one texel falls as the crop's area grows.
    fn penalty_weight(&self) -> f32 {
        let sides = self.options.crop as f32 / PENALTY_SIDE;
        self.options.penalty * self.options.penalty_every as f32 * sides * sides
    }

    /// Looks how much better the critic knows what it was trained on than what was held back, on the way from generated to
    /// real.
    fn look(&mut self, rng: &mut StdRng) -> Result<(), TrainError> {
        let side = self.measure.side();
        let mut means = [0.0; 3];
        let kinds = self.measure.kinds();
        if kinds.is_empty() {
            return Ok(());
        }
        let kinds: Vec<usize> = (0..self.options.batch).map(|_| kinds[rng.random_range(0..kinds.len())]).collect();
        let critic = self.contest.critic.valid();
        for kind in kinds {
            // The same random numbers choose the same material.
            let same = rng.clone();
            let [trained, held_back] =
                [Part::Trained, Part::UpperStrips].map(|part| self.set.crops(part, kind, 1, side, &mut same.clone()));
            let margin = self.options.margin;
            let asked = Asked::draw(&self.networks, &self.lattices, &wishes(&trained), [side, margin], rng);
            let made = asked.make(&self.contest.generator.valid(), &self.device)?;
            let [here, there] = [&trained, &held_back].map(|batch| conditions(&self.networks, &self.lattices, batch));
            let shape = [1, CHANNELS, side, side];
            let [seen, unseen] = [trained, held_back].map(|batch| images(batch.values, shape, &self.device));
            for (mean, (crop, conditions)) in means.iter_mut().zip([(seen, &here), (unseen, &there), (made, &here)]) {
                *mean += scalar(judge(&critic, crop, conditions)?.mean());
            }
        }
        let [trained, held_back, generated] = means;
        let way = trained - generated;
        if way > 1e-3 {
            let share = ((trained - held_back) / way).clamp(-1.0, 2.0);
            self.progress.overfit = OVERFIT_KEPT * self.progress.overfit + (1.0 - OVERFIT_KEPT) * share;
        }
        Ok(())
    }

    /// What the averaged generator makes of exemplars at scale 1, `[CHANNELS, side, side]` each.
    pub(super) fn shown(&self, exemplars: &[usize], side: usize, seed: u64) -> Result<Vec<f32>, TrainError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(exemplars.len() * CHANNELS * side * side);
        for exemplars in exemplars.chunks(SHOWN_AT_ONCE) {
            let wishes: Vec<Wish> = exemplars
                .iter()
                .map(|exemplar| {
                    let corner = [(); 2].map(|()| rng.random_range(0.0..ANYWHERE));
                    Wish { exemplar: *exemplar, scale: 1.0, corner }
                })
                .collect();
            let asked = Asked::draw(&self.networks, &self.lattices, &wishes, [side, self.options.margin], &mut rng);
            let made = asked.make(&self.contest.average, &self.device)?;
            values.extend(made.into_data().convert::<f32>().to_vec::<f32>().unwrap_or_default());
        }
        Ok(values)
    }
}

/// The exemplars of crops that are trained on.
fn exemplars(batch: &MaterialBatch) -> Vec<usize> {
    batch
        .exemplars
        .iter()
        .map(|exemplar| exemplar.expect("crops of what is held back as a whole are not trained on"))
        .collect()
}

/// Crops like those of a batch: of the same exemplars, at the same scales and places.
pub(super) fn wishes(batch: &MaterialBatch) -> Vec<Wish> {
    let conditions = exemplars(batch).into_iter().zip(&batch.scales).zip(&batch.corners);
    conditions.map(|((exemplar, scale), corner)| Wish { exemplar, scale: *scale, corner: *corner }).collect()
}

/// What the critic is told of each crop: which channels are there, weights of exemplars, scale, place in the lattice.
pub(super) fn conditions(networks: &MaterialNetworks, lattices: &[Lattice], batch: &MaterialBatch) -> [Elements; 4] {
    let (count, width) = (batch.kinds.len(), networks.exemplars.len());
    let exemplars = exemplars(batch);
    [
        Elements::f32([count, CHANNELS], batch.present.clone()),
        Elements::f32([count, width], one_hot(&exemplars, width, 1)),
        Elements::f32([count, 1], batch.scales.clone()),
        places(lattices, &exemplars, batch),
    ]
}
