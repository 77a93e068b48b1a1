//! Whether prompts that differ in a colour give sprites that differ in that colour.

use burn::tensor::backend::Backend;
use imagine_burn::RunError;
use serde::Serialize;

use super::ask::Asked;
use crate::architecture::sprite::SIDE;

/// Latents that a pair of prompts is compared on.
const LATENTS: usize = 8;
/// Seed of the latents.
const SEED: u64 = 7;
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

/// What became of pairs of prompts that differ in a colour.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColorPairs {
    /// Number of pairs.
    pub pairs: usize,
    /// Share of them in which the mean colour goes the right way.
    pub obeyed: f64,
    /// Those in which it does not.
    pub failed: Vec<[String; 2]>,
}

/// Asks for every noun in every colour, with the same latents, and compares the mean colours of all pairs.
pub(super) fn color_pairs<B: Backend>(asked: &Asked<B>) -> Result<ColorPairs, RunError> {
    let (mut pairs, mut failed) = (0, Vec::new());
    for noun in NOUNS {
        let mut means = Vec::new();
        for (color, target) in COLORS {
            let prompt = format!("{color} {noun}");
            let sprites = asked.batch(0, &[prompt.as_str(); LATENTS], SEED)?;
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

/// The mean colour where sprites are, black if they are nowhere.
fn mean_color(sprites: &[f32]) -> [f32; 3] {
    let area = SIDE * SIDE;
    let mut sums = [0.0; 4];
    for (at, value) in sprites.iter().enumerate() {
        sums[at / area % 4] += value;
    }
    [0, 1, 2].map(|channel| sums[channel] / sums[3].max(1e-6))
}
