//! Figures of a generator of sprites, from as many generated as held-back sprites with the same classes and prompts.
//!
//! Each distance stands beside its floor, the same distance for training sprites. Sprites are compared by responses of fixed
//! random filters and by the features of a classifier that is trained here on the real sprites; generators are trained with
//! neither.

use burn::tensor::backend::{AutodiffBackend, Backend};
use imagine_burn::RunError;
use imagine_graph::{
    GraphInput, InputKind, OutputKind, Request, RequestError, Size, Tensor, TensorData, ValidGenerator,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use super::classifier::{ClassAgreement, Classified, Classifier, ClassifierOptions, agreement};
use super::data::{SpriteBatch, SpriteSet};
use super::format::{SIDE, VALUES, mirrored, rgba_bytes};
use super::words::{self, LOOKS};
use crate::error::TrainError;
use crate::metric::{
    CopyTest, Figure, FilterBank, Nearest, Neighbourhood, Table, copy_test, copy_test_of_rows, frechet, nearest_rows,
    neighbourhood, patch_distance, vendi,
};

/// Seed of the filter bank; training ranks its checkpoints with another.
const BANK: u64 = 0xe7a1;
/// Seeds of the sprites compared with held-back ones, and of those in the copy tests.
const SEEDS: [u64; 2] = [0, 100_000];
/// Seed of the sprites that the classifier judges, and of those with looks.
const JUDGED_SEED: u64 = 11;
/// Sprites generated at once.
const BATCH: usize = 64;
/// Closest pairs that a person should look at.
const CLOSEST: usize = 16;
/// Seed and number of the sprites of a prompt with a colour.
const COLOR_SPRITES: (u64, usize) = (7, 8);
/// Things in prompts with colours.
const COLORED: [&str; 5] = ["dragon", "sword", "potion", "robe", "shield"];
/// Colours in prompts, as sRGB.
const COLORS: [(&str, [f32; 3]); 5] = [
    ("red", [0.8, 0.1, 0.1]),
    ("green", [0.1, 0.7, 0.1]),
    ("blue", [0.1, 0.2, 0.8]),
    ("yellow", [0.9, 0.8, 0.1]),
    ("white", [0.9, 0.9, 0.9]),
];
/// Sprites of a prompt with a look.
const LOOK_SPRITES: usize = 16;
/// Things in prompts with looks.
const WITH_LOOKS: [&str; 5] = ["staff", "sword", "ring", "armour", "dragon"];

/// Options of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluationOptions {
    /// Generated sprites in the copy tests. Default 2000.
    pub copies: usize,
    /// Generated sprites that the classifier judges. Default 1000.
    pub judged: usize,
    /// Training of the classifier.
    pub classifier: ClassifierOptions,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self { copies: 2000, judged: 1000, classifier: ClassifierOptions::default() }
    }
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
    /// Sliced Wasserstein distance of patches to those of the held-back sprites.
    pub patches: Figure<f64>,
    /// Whether sprites have the requested class.
    pub agreement: ClassAgreement,
    /// Whether sprites have the colours of their prompts.
    pub colors: ColorPairs,
    /// Whether sprites have the looks of their prompts.
    pub looks: Vec<LookFigures>,
    /// Nearness to the training sprites, space by space.
    pub copies: Vec<CopyTest>,
    /// The generated sprites nearest to a training sprite, by pixels.
    pub closest: Vec<ClosePair>,
}

/// Figures in one space of features.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Space {
    /// Name of the features.
    pub name: String,
    /// Frechet distance to the held-back sprites.
    pub frechet: Figure<f64>,
    /// Overlap with the held-back sprites.
    pub neighbourhood: Figure<Neighbourhood>,
    /// Vendi score of the generated sprites.
    pub vendi: f64,
    /// Vendi score of the held-back sprites.
    pub vendi_held_back: f64,
}

/// Pairs of prompts that differ in a colour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColorPairs {
    /// Number of pairs.
    pub pairs: usize,
    /// Share of pairs whose mean colours differ in the right direction.
    pub obeyed: f64,
    /// The other pairs.
    pub failed: Vec<[String; 2]>,
}

/// How often a thing has the look in its prompt, measured like the words of training prompts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookFigures {
    /// `ice`, `fire`, `golden` or `silver`.
    pub look: String,
    /// The thing.
    pub noun: String,
    /// Share of sprites with the look, with both words in the prompt.
    pub asked: f64,
    /// The same share with the thing alone in the prompt, from the same latents.
    pub unasked: f64,
}

/// A generated sprite and the training sprite nearest to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClosePair {
    /// Index of the generated sprite.
    pub sample: usize,
    /// Class and prompt of the generated sprite.
    pub asked: [String; 2],
    /// Class and words of the training sprite.
    pub trained: [String; 2],
    /// Index of the training sprite.
    pub index: usize,
    /// Root mean square difference of premultiplied pixels.
    pub distance: f32,
}

/// An evaluation with the pixels of its closest pairs.
pub struct Evaluated {
    /// The figures.
    pub evaluation: Evaluation,
    /// [`VALUES`] numbers of the generated sprite, then of the training sprite, in the order of [`Evaluation::closest`]. Not
    /// for publication: half of it is training data.
    pub pairs: Vec<f32>,
}

/// Evaluates a generator, with or without a choice of classes and a prompt, on `set`, which must have held-back sprites.
pub fn evaluate<A: AutodiffBackend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    options: &EvaluationOptions,
    device: &A::Device,
) -> Result<Evaluated, TrainError> {
    let sampler = Sampler::<A::InnerBackend> { generator, set, device };
    let classifier = Classifier::train::<A>(set, &options.classifier, device)?;
    let mut rng = StdRng::seed_from_u64(0);
    let held_back = set.held_back_batch(usize::MAX, &mut rng);
    let count = held_back.classes.len();
    let conditions = set.draw_conditions(options.copies, &mut rng);
    let trained: Vec<f32> = set.sprites.iter().flat_map(|sprite| sprite.values()).collect();
    let step = (set.sprites.len() / count.max(1)).max(1);
    let pictures = Pictures {
        generated: sampler.sprites(&held_back, SEEDS[0])?,
        held_back: held_back.values,
        floor: trained.chunks_exact(VALUES).step_by(step).take(count).flatten().copied().collect(),
        samples: sampler.sprites(&conditions, SEEDS[1])?,
        mirrored_too: [trained.as_slice(), &mirrored(&trained)].concat(),
        trained,
    };
    let bank = FilterBank::new(BANK, 4, SIDE);
    let (by_filters, filter_copies) = pictures.compare("filters", |values| Ok(bank.features(values)))?;
    let features = |values: &[f32]| Ok(classifier.classify(values)?.features);
    let (by_features, feature_copies) = pictures.compare("classifier", features)?;
    let (copies, closest) = pictures.pixel_copies(set, &conditions);
    let [real, fake, floor] =
        [&pictures.held_back, &pictures.generated, &pictures.floor].map(|values| bank.responses(values));
    let pairs = pictures.pair_pixels(&closest);
    let evaluation = Evaluation {
        parameters: generator.output.graph().parameters(),
        sprites: count,
        spaces: vec![by_filters, by_features],
        patches: Figure { generated: patch_distance(&fake, &real), real: patch_distance(&floor, &real) },
        agreement: class_agreement(&sampler, &classifier, &pictures, &bank, options.judged)?,
        colors: color_pairs(&sampler)?,
        looks: looks(&sampler)?,
        copies: vec![copies, filter_copies, feature_copies],
        closest,
    };
    Ok(Evaluated { evaluation, pairs })
}

/// Sprites of a generator for random conditions of training sprites, with the conditions.
pub fn samples<A: AutodiffBackend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    count: usize,
    device: &A::Device,
) -> Result<(SpriteBatch, Vec<f32>), TrainError> {
    let sampler = Sampler::<A::InnerBackend> { generator, set, device };
    let conditions = set.draw_conditions(count, &mut StdRng::seed_from_u64(1));
    let sprites = sampler.sprites(&conditions, SEEDS[1])?;
    Ok((conditions, sprites))
}

/// Values of sprites, [`VALUES`] numbers each.
struct Pictures {
    held_back: Vec<f32>,
    /// Generated for the classes and prompts of the held-back ones.
    generated: Vec<f32>,
    /// As many training sprites.
    floor: Vec<f32>,
    /// Generated for the copy tests.
    samples: Vec<f32>,
    /// All training sprites.
    trained: Vec<f32>,
    /// All training sprites, then their mirror images.
    mirrored_too: Vec<f32>,
}

impl Pictures {
    /// All comparisons in one space of features, standardised by the held-back sprites.
    fn compare(
        &self,
        name: &str,
        features: impl Fn(&[f32]) -> Result<Table, TrainError>,
    ) -> Result<(Space, CopyTest), TrainError> {
        let real = features(&self.held_back)?;
        let moments = real.moments();
        let standardised = |values: &[f32]| Ok::<_, TrainError>(features(values)?.standardised(&moments));
        let real = real.standardised(&moments);
        let [fake, floor] = [standardised(&self.generated)?, standardised(&self.floor)?];
        let [samples, trained] = [standardised(&self.samples)?, standardised(&self.mirrored_too)?];
        let copies = copy_test_of_rows(name, [&samples, &real, &trained]);
        let space = Space {
            name: name.into(),
            frechet: Figure { generated: frechet(&fake, &real), real: frechet(&floor, &real) },
            neighbourhood: Figure { generated: neighbourhood(&fake, &real), real: neighbourhood(&floor, &real) },
            vendi: vendi(&fake),
            vendi_held_back: vendi(&real),
        };
        Ok((space, copies))
    }

    /// The copy test on pixels, and its closest pairs.
    fn pixel_copies(&self, set: &SpriteSet, conditions: &SpriteBatch) -> (CopyTest, Vec<ClosePair>) {
        let table = |values: &[f32]| Table { width: VALUES, values: values.to_vec() };
        let known = table(&self.mirrored_too);
        let [generated, held_back] =
            [&self.samples, &self.held_back].map(|sprites| nearest_rows(&table(sprites), &known));
        let mut order: Vec<usize> = (0..generated.len()).collect();
        order.sort_by(|a, b| generated[*a].distance.total_cmp(&generated[*b].distance));
        let pair = |&sample: &usize| {
            let Nearest { index, distance } = generated[sample];
            let index = index % set.sprites.len();
            let sprite = &set.sprites[index];
            ClosePair {
                sample,
                asked: [set.classes[conditions.classes[sample]].clone(), conditions.prompts[sample].clone()],
                trained: [set.classes[sprite.class].clone(), sprite.words.join(" ")],
                index,
                distance,
            }
        };
        let closest = order.iter().take(CLOSEST).map(pair).collect();
        (copy_test("pixels", &generated, &held_back), closest)
    }

    fn pair_pixels(&self, closest: &[ClosePair]) -> Vec<f32> {
        let sprite = |values: &[f32], index: usize| values[index * VALUES..(index + 1) * VALUES].to_vec();
        let pair = |pair: &ClosePair| [sprite(&self.samples, pair.sample), sprite(&self.trained, pair.index)].concat();
        closest.iter().flat_map(pair).collect()
    }
}

/// Generates `count` sprites, equally many per class, and compares the classes that the classifier sees.
fn class_agreement<B: Backend>(
    sampler: &Sampler<B>,
    classifier: &Classifier<B>,
    pictures: &Pictures,
    bank: &FilterBank,
    count: usize,
) -> Result<ClassAgreement, TrainError> {
    let set = sampler.set;
    let own: Vec<usize> = set.held_back.iter().map(|sprite| sprite.class).collect();
    let seen = classifier.classify(&pictures.held_back)?.classes;
    let classes = (0..count).map(|index| 1 + index % (set.classes.len() - 1)).collect();
    let asked = SpriteBatch { values: Vec::new(), classes, prompts: vec![String::new(); count] };
    let seen_in_asked = classifier.classify(&sampler.sprites(&asked, JUDGED_SEED)?)?.classes;
    let [held_back, generated] = [&pictures.held_back, &pictures.generated].map(|values| bank.features(values));
    let moments = held_back.moments();
    let [held_back, generated] = [held_back, generated].map(|table| table.standardised(&moments));
    Ok(agreement(
        set,
        &Classified { classes: &own, seen: &seen },
        &Classified { classes: &asked.classes, seen: &seen_in_asked },
        [&held_back, &generated],
    ))
}

/// Generates each thing in each colour from the same latents, and compares the mean colours of all pairs.
fn color_pairs<B: Backend>(sampler: &Sampler<B>) -> Result<ColorPairs, RunError> {
    let (mut pairs, mut failed) = (0, Vec::new());
    let (seed, count) = COLOR_SPRITES;
    for noun in COLORED {
        let mut means = Vec::new();
        for (color, target) in COLORS {
            let prompt = format!("{color} {noun}");
            let sprites = sampler.batch(0, &vec![prompt.as_str(); count], seed)?;
            means.push((prompt, target, mean_color(&sprites)));
        }
        for (index, (prompt, target, mean)) in means.iter().enumerate() {
            for (other_prompt, other_target, other_mean) in &means[index + 1..] {
                let along =
                    |channel: usize| (mean[channel] - other_mean[channel]) * (target[channel] - other_target[channel]);
                pairs += 1;
                if (0..3).map(along).sum::<f32>() <= 0.0 {
                    failed.push([prompt.clone(), other_prompt.clone()]);
                }
            }
        }
    }
    Ok(ColorPairs { pairs, obeyed: 1.0 - failed.len() as f64 / pairs as f64, failed })
}

/// The mean colour of covered pixels; black if there are none.
fn mean_color(sprites: &[f32]) -> [f32; 3] {
    let mut sums = [0.0; 4];
    for (at, value) in sprites.iter().enumerate() {
        sums[at / (SIDE * SIDE) % 4] += value;
    }
    [0, 1, 2].map(|channel| sums[channel] / sums[3].max(1e-6))
}

/// Generates each thing with and without each look.
fn looks<B: Backend>(sampler: &Sampler<B>) -> Result<Vec<LookFigures>, RunError> {
    let mut figures = Vec::new();
    for noun in WITH_LOOKS {
        let of = |prompt: &str| sampler.batch(0, &[prompt; LOOK_SPRITES], JUDGED_SEED);
        let plain = of(noun)?;
        for look in LOOKS {
            let share = |sprites: &[f32]| {
                let has_look = |sprite: &&[f32]| words::looks(&rgba_bytes(sprite)).contains(&look);
                sprites.chunks_exact(VALUES).filter(has_look).count() as f64 / LOOK_SPRITES as f64
            };
            let [asked, unasked] = [share(&of(&format!("{look} {noun}"))?), share(&plain)];
            figures.push(LookFigures { look: look.into(), noun: noun.into(), asked, unasked });
        }
    }
    Ok(figures)
}

/// A generator of sprites on a device, controlled by class and prompt.
struct Sampler<'a, B: Backend> {
    generator: &'a ValidGenerator,
    set: &'a SpriteSet,
    device: &'a B::Device,
}

impl<B: Backend> Sampler<'_, B> {
    /// Values of a sprite for each class and prompt, in order.
    fn sprites(&self, wanted: &SpriteBatch, seed: u64) -> Result<Vec<f32>, RunError> {
        let mut made = vec![0.0; wanted.classes.len() * VALUES];
        for class in 0..self.set.classes.len() {
            let members: Vec<usize> =
                (0..wanted.classes.len()).filter(|index| wanted.classes[*index] == class).collect();
            for (part, members) in members.chunks(BATCH).enumerate() {
                let prompts: Vec<&str> = members.iter().map(|index| wanted.prompts[*index].as_str()).collect();
                let seed = seed.wrapping_add((class * 1000 + part) as u64);
                let sprites = self.batch(class, &prompts, seed)?;
                for (sprite, index) in sprites.chunks_exact(VALUES).zip(members) {
                    made[index * VALUES..(index + 1) * VALUES].copy_from_slice(sprite);
                }
            }
        }
        Ok(made)
    }

    /// Values of a sprite of `class` for each prompt.
    fn batch(&self, class: usize, prompts: &[&str], seed: u64) -> Result<Vec<f32>, RunError> {
        let mut request = Request::new(Size::new(SIDE, SIDE).with_batch(prompts.len()), seed);
        for input in self.generator.inputs() {
            if let Some(value) = control(input, &self.set.classes[class], prompts)? {
                request.inputs.insert(input.name.clone(), value);
            }
        }
        let made = imagine_burn::generate::<B>(self.generator, &request, self.device)?;
        let plane =
            |kind: OutputKind| made.outputs.iter().find(|(output, _)| output.kind == kind).map(|(_, tensor)| tensor);
        let [color, alpha] =
            [OutputKind::BaseColor, OutputKind::Alpha].map(|kind| plane(kind).and_then(Tensor::as_f32));
        let (Some(color), Some(alpha)) = (color, alpha) else {
            let (name, expected) = ("outputs".into(), "base_color and alpha".into());
            let found = format!("{:?}", made.outputs.iter().map(|(output, _)| &output.name).collect::<Vec<_>>());
            return Err(RequestError::Value { name, expected, found }.into());
        };
        let area = SIDE * SIDE;
        let mut values = Vec::with_capacity(prompts.len() * VALUES);
        for (color, alpha) in color.chunks_exact(3 * area).zip(alpha.chunks_exact(area)) {
            values.extend(color.iter().enumerate().map(|(at, value)| value * alpha[at % area]));
            values.extend(alpha);
        }
        Ok(values)
    }
}

/// The value of a choice of classes or a prompt; `None` for other inputs.
fn control(input: &GraphInput, class: &str, prompts: &[&str]) -> Result<Option<Tensor>, RequestError> {
    match &input.kind {
        InputKind::Choice { .. } => imagine_graph::parse_input(input, class).map(Some),
        InputKind::Prompt { .. } => {
            let mut tokens = Vec::new();
            for prompt in prompts {
                if let TensorData::I32(its) = imagine_graph::parse_input(input, prompt)?.data {
                    tokens.extend(its);
                }
            }
            Ok(Some(Tensor::new(vec![tokens.len()], TensorData::I32(tokens))))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::{Autodiff, Flex};
    use imagine_graph::Card;

    use super::*;
    use crate::sprite::data::tests::synthetic_set;
    use crate::sprite::networks::SpriteNetworks;

    #[test]
    fn an_untrained_generator_is_far_from_the_floor_and_copies_nothing() {
        let set = synthetic_set(240);
        let networks =
            SpriteNetworks { classes: set.classes.clone(), channels: [8, 8, 8], ..SpriteNetworks::default() };
        let mut rng = StdRng::seed_from_u64(0);
        let trained = networks.generator(&mut rng);
        let generator = networks.shipped(&trained, Card::default(), &mut rng).validate().unwrap();
        let classifier = ClassifierOptions { updates: 30, batch: 24, ..ClassifierOptions::default() };
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
