//! Figures about a generator of sprites, from as many generated as held-back sprites of the same classes and prompts.
//!
//! Every distance stands beside its floor: the same figure for real sprites that are trained on in place of generated ones.
//! Sprites are compared as responses of fixed random filters, and as the features of a classifier that is trained here on
//! the real sprites; neither has a part in the training of a generator.

mod ask;
mod classes;
mod colors;
mod copies;
mod looks;
pub mod material;

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::ValidGenerator;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use crate::data::{SpriteBatch, SpriteSet, VALUES};
use crate::error::TrainError;
use crate::metric::{FilterBank, Neighbourhood, Table, frechet, mirrored, neighbourhood, patch_distance, vendi};
use crate::trainer::{Classifier, ClassifierOptions};
use ask::Asked;
pub use classes::{ClassAgreement, ClassFigures};
pub use colors::ColorPairs;
pub use copies::{ClosePair, CopyTest};
use copies::{Compared, pixel_copies};
pub use looks::LookFigures;

/// Seed of the filter bank; training ranks its own states with another.
const BANK: u64 = 0xe7a1;
/// Seed of the latents of sprites that are compared with held-back ones, and of those of the copy test.
const SEEDS: [u64; 2] = [0, 100_000];

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluationOptions {
    /// Generated sprites in the copy tests. Default 2000.
    pub copies: usize,
    /// Generated sprites that the classifier judges. Default 1000.
    pub judged: usize,
    /// How the classifier is trained.
    pub classifier: ClassifierOptions,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self { copies: 2000, judged: 1000, classifier: ClassifierOptions::default() }
    }
}

/// A figure, and what real sprites come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure<T> {
    /// Of generated sprites.
    pub generated: T,
    /// Of as many sprites that are trained on.
    pub real: T,
}

/// All figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Parameters of the generator.
    pub parameters: usize,
    /// Sprites on each side of every comparison.
    pub sprites: usize,
    /// Comparisons with the held-back sprites, space by space.
    pub spaces: Vec<Space>,
    /// Sliced Wasserstein distance of patches to the held-back sprites.
    pub patches: Figure<f64>,
    /// Classes, as a classifier sees them.
    pub agreement: ClassAgreement,
    /// Colours in prompts.
    pub colors: ColorPairs,
    /// Looks in prompts.
    pub looks: Vec<LookFigures>,
    /// Nearness to what was trained on, space by space.
    pub copies: Vec<CopyTest>,
    /// The generated sprites that come nearest to one trained on, by pixels.
    pub closest: Vec<ClosePair>,
}

/// Figures in one space of features.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Space {
    /// What the features are.
    pub name: String,
    /// Frechet distance to the held-back sprites.
    pub frechet: Figure<f64>,
    /// Place among the held-back sprites.
    pub neighbourhood: Figure<Neighbourhood>,
    /// Vendi score of the generated sprites.
    pub vendi: f64,
    /// Vendi score of the held-back sprites.
    pub vendi_held_back: f64,
}

/// An evaluation, and the pixels of its closest pairs: [`VALUES`] numbers of the generated sprite, then of the one trained on.
pub struct Evaluated {
    /// The figures.
    pub evaluation: Evaluation,
    /// The pairs, in the order of [`Evaluation::closest`]. Not for publication: half of it is training data.
    pub pairs: Vec<f32>,
}

/// Evaluates a generator with a choice of classes and a prompt, or without, on `set`, which has held-back sprites.
pub fn evaluate<A: AutodiffBackend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    options: &EvaluationOptions,
    device: &A::Device,
) -> Result<Evaluated, TrainError> {
    let asked = Asked::<A::InnerBackend> { generator, set, device };
    let classifier = Classifier::train::<A>(set, &options.classifier, device)?;
    let mut rng = StdRng::seed_from_u64(0);
    let held_back = set.held_back_batch(usize::MAX, &mut rng);
    let count = held_back.classes.len();
    let generated = asked.sprites(&held_back, SEEDS[0])?;
    let trained: Vec<f32> = set.sprites.iter().flat_map(|sprite| sprite.values()).collect();
    let step = (set.sprites.len() / count.max(1)).max(1);
    let part: Vec<f32> = trained.chunks_exact(VALUES).step_by(step).take(count).flatten().copied().collect();

    let conditions = set.draw_conditions(options.copies, &mut rng);
    let samples = asked.sprites(&conditions, SEEDS[1])?;
    let both_ways = [trained.as_slice(), &mirrored(&trained)].concat();
    let bank = FilterBank::new(BANK);
    let judge = |values: &[f32]| classifier.judge(values);
    let filters = |values: &[f32]| Ok::<_, TrainError>(bank.features(values));
    let features = |values: &[f32]| Ok::<_, TrainError>(judge(values)?.features);
    let pictures = Pictures { held_back: &held_back.values, generated: &generated, part: &part, samples: &samples };
    let (by_filters, filter_copies) = pictures.compare("filters", &both_ways, filters)?;
    let (by_features, feature_copies) = pictures.compare("classifier", &both_ways, features)?;
    let (copies, closest) = pixel_copies(set, &conditions, [&samples, &held_back.values, &trained]);

    let [real, ours, floor] = [&held_back.values, &generated, &part].map(|values| bank.responses(values));
    let patches = Figure { generated: patch_distance(&ours, &real), real: patch_distance(&floor, &real) };
    let classes: Vec<usize> = set.held_back.iter().map(|sprite| sprite.class).collect();
    let judged = judge(&held_back.values)?.classes;
    let [held_back, generated] = [&held_back.values, &generated].map(|values| bank.features(values));
    let moments = held_back.moments();
    let [held_back, generated] = [held_back, generated].map(|table| table.standardised(&moments));
    let rows = classes::Rows { classes: &classes, judged: &judged, held_back: &held_back, generated: &generated };
    let pairs = pair_pixels(&closest, &samples, &trained);
    let evaluation = Evaluation {
        parameters: generator.output.graph().parameters(),
        sprites: count,
        spaces: vec![by_filters, by_features],
        patches,
        agreement: classes::agreement(&asked, &classifier, &rows, options.judged)?,
        colors: colors::color_pairs(&asked)?,
        looks: looks::looks(&asked)?,
        copies: vec![copies, filter_copies, feature_copies],
        closest,
    };
    Ok(Evaluated { evaluation, pairs })
}

/// What is compared in every space.
struct Pictures<'a> {
    held_back: &'a [f32],
    /// Generated for the classes and prompts of the held-back ones.
    generated: &'a [f32],
    /// As many that are trained on.
    part: &'a [f32],
    /// Generated for the copy tests.
    samples: &'a [f32],
}

impl Pictures<'_> {
    /// Everything that is measured in the space of `features`, standardised by the held-back sprites.
    fn compare(
        &self,
        name: &str,
        trained: &[f32],
        features: impl Fn(&[f32]) -> Result<Table, TrainError>,
    ) -> Result<(Space, CopyTest), TrainError> {
        let real = features(self.held_back)?;
        let moments = real.moments();
        let standardised = |values: &[f32]| Ok::<_, TrainError>(features(values)?.standardised(&moments));
        let real = real.standardised(&moments);
        let [ours, floor] = [standardised(self.generated)?, standardised(self.part)?];
        let [samples, trained] = [standardised(self.samples)?, standardised(trained)?];
        let copies = Compared { space: name, generated: &samples, held_back: &real, trained: &trained }.copies();
        let space = Space {
            name: name.into(),
            frechet: Figure { generated: frechet(&ours, &real), real: frechet(&floor, &real) },
            neighbourhood: Figure { generated: neighbourhood(&ours, &real), real: neighbourhood(&floor, &real) },
            vendi: vendi(&ours),
            vendi_held_back: vendi(&real),
        };
        Ok((space, copies))
    }
}

fn pair_pixels(closest: &[ClosePair], samples: &[f32], trained: &[f32]) -> Vec<f32> {
    let sprite = |values: &[f32], index: usize| values[index * VALUES..(index + 1) * VALUES].to_vec();
    closest.iter().flat_map(|pair| [sprite(samples, pair.sample), sprite(trained, pair.index)].concat()).collect()
}

/// What a generator makes of classes and prompts of sprites trained on, and which these were.
pub fn samples<A: AutodiffBackend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    count: usize,
    device: &A::Device,
) -> Result<(SpriteBatch, Vec<f32>), TrainError> {
    let asked = Asked::<A::InnerBackend> { generator, set, device };
    let conditions = set.draw_conditions(count, &mut StdRng::seed_from_u64(1));
    let sprites = asked.sprites(&conditions, SEEDS[1])?;
    Ok((conditions, sprites))
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};
    use imagine_graph::Card;

    use super::*;
    use crate::architecture::sprite::SpriteNetworks;
    use crate::data::synthetic_set;

    #[test]
    fn an_untrained_generator_is_far_from_the_floor_and_copies_nothing() {
        let set = synthetic_set(240);
        let networks =
            SpriteNetworks { classes: set.classes.clone(), channels: [8, 8, 8], ..SpriteNetworks::default() };
        let mut rng = StdRng::seed_from_u64(0);
        let trained = networks.generator(&mut rng);
        let generator = networks.shipped(&trained, Card::default(), &mut rng).validate().unwrap();
        let classifier = ClassifierOptions { updates: 60, batch: 24, ..ClassifierOptions::default() };
        let options = EvaluationOptions { copies: 40, judged: 30, classifier };
        let evaluated = evaluate::<Autodiff<Flex>>(&generator, &set, &options, &Default::default()).unwrap();
        let found = &evaluated.evaluation;
        assert_eq!((found.sprites, found.colors.pairs, found.copies.len()), (set.held_back.len(), 50, 3));
        assert_eq!(found.looks.len(), 20);
        assert!(found.agreement.accuracy > 0.9 && found.agreement.agreement < 0.8, "{:?}", found.agreement);
        for space in &found.spaces {
            assert!(space.frechet.generated > 3.0 * space.frechet.real, "{space:?}");
            assert!(space.neighbourhood.generated.precision < 0.2, "{space:?}");
        }
        assert!(found.spaces[0].neighbourhood.real.precision > 0.5, "{:?}", found.spaces[0]);
        assert!(found.patches.generated > 3.0 * found.patches.real, "{:?}", found.patches);
        for test in &found.copies {
            assert_eq!((test.below, test.samples), (0.0, 40), "{test:?}");
            assert!(test.median_ratio > 1.0, "{test:?}");
        }
        assert_eq!(evaluated.pairs.len(), 16 * 2 * VALUES);
    }
}
