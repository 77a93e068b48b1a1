//! Figures about a generator of sprites, from as many generated as held-back sprites of the same classes and prompts.
//!
//! Every figure stands beside its floor: the same figure for real sprites that are trained on in place of generated ones.

pub mod material;

use burn::tensor::backend::Backend;
use imagine_burn::{RunError, generate};
use imagine_graph::{
    GraphInput, InputKind, OutputKind, Request, RequestError, Size, Tensor, TensorData, ValidGenerator,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;

use crate::architecture::sprite::SIDE;
use crate::data::{SpriteBatch, SpriteSet, VALUES};
use crate::metric::{FilterBank, Neighbourhood, frechet, nearest_distances, neighbourhood, vendi};

/// Seed of the filter bank; training ranks its own states with another.
const BANK: u64 = 0xe7a1;
/// Most images made at once.
const BATCH: usize = 64;
/// Latents that a pair of prompts is compared on.
const PAIR_LATENTS: usize = 8;
/// Share of the nearest held-back pictures that counts as suspiciously near.
const SUSPICIOUS: f64 = 0.01;
/// What the colours of prompts are compared on.
const NOUNS: [&str; 5] = ["dragon", "sword", "potion", "robe", "shield"];
/// Colours of prompts, and where in sRGB they lie.
const COLORS: [(&str, [f32; 3]); 5] = [
    ("red", [0.8, 0.1, 0.1]),
    ("green", [0.1, 0.7, 0.1]),
    ("blue", [0.1, 0.2, 0.8]),
    ("yellow", [0.9, 0.8, 0.1]),
    ("white", [0.9, 0.9, 0.9]),
];

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
    /// Sprites on each side of every comparison.
    pub sprites: usize,
    /// Frechet distance to the held-back sprites.
    pub frechet: Figure<f64>,
    /// Place among the held-back sprites.
    pub neighbourhood: Figure<Neighbourhood>,
    /// Vendi score.
    pub vendi: Figure<f64>,
    /// Median root mean square difference to the nearest sprite trained on; `real` is of the held-back sprites.
    pub nearest: Figure<f64>,
    /// Share of sprites that are nearer to one trained on than 99 in 100 held-back sprites are.
    pub suspicious: f64,
    /// Pairs of prompts that differ in a colour.
    pub color_pairs: usize,
    /// Share of them in which the mean colour goes the right way.
    pub color_obeyed: f64,
}

/// Evaluates a generator with a choice of classes and a prompt, or without, on `set`.
pub fn evaluate<B: Backend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    device: &B::Device,
) -> Result<Evaluation, RunError> {
    let mut rng = StdRng::seed_from_u64(0);
    let held_back = set.held_back_batch(usize::MAX, &mut rng);
    let count = held_back.classes.len();
    let generated = make::<B>(generator, set, &held_back, device)?;
    let trained: Vec<f32> = set.sprites.iter().flat_map(|sprite| sprite.values()).collect();
    let step = (set.sprites.len() / count.max(1)).max(1);
    let part: Vec<f32> = trained.chunks_exact(VALUES).step_by(step).take(count).flatten().copied().collect();

    let bank = FilterBank::new(BANK);
    let real = bank.features(&held_back.values);
    let moments = real.moments();
    let real = real.standardised(&moments);
    let [ours, floor] = [&generated, &part].map(|values| bank.features(values).standardised(&moments));
    let figure =
        |measure: &dyn Fn(&crate::metric::Table) -> f64| Figure { generated: measure(&ours), real: measure(&floor) };

    let [mut near, mut usual] = [&generated, &held_back.values].map(|values| nearest_distances(values, &trained));
    near.sort_by(f32::total_cmp);
    usual.sort_by(f32::total_cmp);
    let limit = usual.get((SUSPICIOUS * count as f64) as usize).copied().unwrap_or(0.0);
    let suspicious = near.iter().filter(|distance| **distance < limit).count() as f64 / count.max(1) as f64;
    let median = |sorted: &[f32]| sorted.get(sorted.len() / 2).copied().map_or(0.0, f64::from);
    let pairs = color_pairs::<B>(generator, set, device)?;
    Ok(Evaluation {
        sprites: count,
        frechet: figure(&|table| frechet(table, &real)),
        neighbourhood: Figure { generated: neighbourhood(&ours, &real), real: neighbourhood(&floor, &real) },
        vendi: figure(&vendi),
        nearest: Figure { generated: median(&near), real: median(&usual) },
        suspicious,
        color_pairs: pairs.len(),
        color_obeyed: pairs.iter().filter(|obeyed| **obeyed).count() as f64 / pairs.len().max(1) as f64,
    })
}

/// What the generator makes of each class and prompt, in their order: colour times coverage, and coverage.
fn make<B: Backend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    asked: &SpriteBatch,
    device: &B::Device,
) -> Result<Vec<f32>, RunError> {
    let mut made = vec![0.0; asked.classes.len() * VALUES];
    for class in 0..set.classes.len() {
        let members: Vec<usize> = (0..asked.classes.len()).filter(|index| asked.classes[*index] == class).collect();
        for (part, members) in members.chunks(BATCH).enumerate() {
            let prompts: Vec<&str> = members.iter().map(|index| asked.prompts[*index].as_str()).collect();
            let seed = (class * 1000 + part) as u64;
            let sprites = run::<B>(generator, &set.classes[class], &prompts, seed, device)?;
            for (sprite, index) in sprites.chunks_exact(VALUES).zip(members) {
                made[index * VALUES..(index + 1) * VALUES].copy_from_slice(sprite);
            }
        }
    }
    Ok(made)
}

/// One sprite for each prompt.
fn run<B: Backend>(
    generator: &ValidGenerator,
    class: &str,
    prompts: &[&str],
    seed: u64,
    device: &B::Device,
) -> Result<Vec<f32>, RunError> {
    let mut request = Request::new(Size::new(SIDE, SIDE).with_batch(prompts.len()), seed);
    for input in generator.inputs() {
        if let Some(value) = control(input, class, prompts)? {
            request.inputs.insert(input.name.clone(), value);
        }
    }
    let made = generate::<B>(generator, &request, device)?;
    let plane =
        |kind: OutputKind| made.outputs.iter().find(|(output, _)| output.kind == kind).map(|(_, tensor)| tensor);
    let [color, alpha] = [OutputKind::BaseColor, OutputKind::Alpha].map(|kind| plane(kind).and_then(Tensor::as_f32));
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

/// The value of a choice of classes or of a prompt; `None` for anything else.
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

/// Whether the mean colour goes the right way, for every noun and pair of colours.
fn color_pairs<B: Backend>(
    generator: &ValidGenerator,
    set: &SpriteSet,
    device: &B::Device,
) -> Result<Vec<bool>, RunError> {
    let mut obeyed = Vec::new();
    for noun in NOUNS {
        let mut means = Vec::new();
        for (color, _) in COLORS {
            let prompt = format!("{color} {noun}");
            let sprites = run::<B>(generator, &set.classes[0], &[prompt.as_str(); PAIR_LATENTS], 7, device)?;
            means.push(mean_color(&sprites));
        }
        for (a, (_, target_a)) in COLORS.iter().enumerate() {
            for (b, (_, target_b)) in COLORS.iter().enumerate().skip(a + 1) {
                let along =
                    |channel: usize| (means[a][channel] - means[b][channel]) * (target_a[channel] - target_b[channel]);
                obeyed.push((0..3).map(along).sum::<f32>() > 0.0);
            }
        }
    }
    Ok(obeyed)
}

/// The mean colour where sprites are, black if they are nowhere.
fn mean_color(sprites: &[f32]) -> [f32; 3] {
    let area = SIDE * SIDE;
    let mut sums = [0.0; 4];
    for (at, value) in sprites.iter().enumerate() {
        sums[at / area % 4] += value;
    }
    [0, 1, 2].map(|channel| sums[channel] / sums[3].max(1e-6))
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
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
        let found = evaluate::<Flex>(&generator, &set, &Default::default()).unwrap();
        assert_eq!((found.sprites, found.color_pairs), (set.held_back.len(), 50));
        assert!(found.frechet.generated > 3.0 * found.frechet.real, "{found:?}");
        assert!(found.neighbourhood.real.precision > 0.5 && found.neighbourhood.generated.precision < 0.2, "{found:?}");
        assert_eq!(found.suspicious, 0.0);
        assert!(found.nearest.generated > found.nearest.real);
    }
}
