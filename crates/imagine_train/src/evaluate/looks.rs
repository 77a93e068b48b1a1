//! Whether things that are asked to be of ice, fire, gold or silver look so, by the measure that training has its words from.

use burn::tensor::backend::Backend;
use imagine_burn::RunError;
use serde::Serialize;

use super::ask::Asked;
use crate::architecture::sprite::SIDE;
use crate::data::{VALUES, caption};

/// Latents that each prompt is asked with.
const LATENTS: usize = 16;
/// Seed of the latents.
const SEED: u64 = 11;
/// What is asked for.
const NOUNS: [&str; 5] = ["staff", "sword", "ring", "armour", "dragon"];

/// How often a thing looks as asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookFigures {
    /// `ice`, `fire`, `golden` or `silver`.
    pub look: String,
    /// The thing.
    pub noun: String,
    /// Share of sprites that look so when both words are said.
    pub asked: f64,
    /// Share of those of the same latents when the thing alone is said.
    pub unasked: f64,
}

/// Every look with every thing.
pub(super) fn looks<B: Backend>(asked: &Asked<B>) -> Result<Vec<LookFigures>, RunError> {
    let mut figures = Vec::new();
    for noun in NOUNS {
        let of = |prompt: &str| asked.batch(0, &[prompt; LATENTS], SEED);
        let plain = of(noun)?;
        for look in caption::LOOKS {
            let share = |sprites: &[f32]| {
                let found =
                    sprites.chunks_exact(VALUES).filter(|sprite| caption::looks(&bytes(sprite)).contains(&look));
                found.count() as f64 / LATENTS as f64
            };
            let [asked, unasked] = [share(&of(&format!("{look} {noun}"))?), share(&plain)];
            figures.push(LookFigures { look: look.into(), noun: noun.into(), asked, unasked });
        }
    }
    Ok(figures)
}

/// Straight RGBA bytes of a sprite whose coverage is 0 or 1.
fn bytes(sprite: &[f32]) -> Vec<u8> {
    let area = SIDE * SIDE;
    let byte = |at: usize, channel: usize| (sprite[channel * area + at].clamp(0.0, 1.0) * 255.0).round() as u8;
    (0..area).flat_map(|at| [0, 1, 2, 3].map(|channel| byte(at, channel))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic_set;

    #[test]
    fn bytes_are_those_that_the_values_came_from() {
        for sprite in synthetic_set(12).sprites {
            assert_eq!(bytes(&sprite.values()), sprite.rgba);
        }
    }
}
