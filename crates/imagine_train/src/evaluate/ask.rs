//! Runs a generator of sprites for classes and prompts, as a person would ask it.

use burn::tensor::backend::Backend;
use imagine_burn::{RunError, generate};
use imagine_graph::{
    GraphInput, InputKind, OutputKind, Request, RequestError, Size, Tensor, TensorData, ValidGenerator,
};

use crate::architecture::sprite::SIDE;
use crate::data::{SpriteBatch, SpriteSet, VALUES};

/// Most images made at once.
const BATCH: usize = 64;

/// A generator of sprites on a device.
pub(super) struct Asked<'a, B: Backend> {
    pub generator: &'a ValidGenerator,
    pub set: &'a SpriteSet,
    pub device: &'a B::Device,
}

impl<B: Backend> Asked<'_, B> {
    /// What the generator makes of each class and prompt, in their order: colour times coverage, and coverage.
    pub fn sprites(&self, asked: &SpriteBatch, seed: u64) -> Result<Vec<f32>, RunError> {
        let mut made = vec![0.0; asked.classes.len() * VALUES];
        for class in 0..self.set.classes.len() {
            let members: Vec<usize> = (0..asked.classes.len()).filter(|index| asked.classes[*index] == class).collect();
            for (part, members) in members.chunks(BATCH).enumerate() {
                let prompts: Vec<&str> = members.iter().map(|index| asked.prompts[*index].as_str()).collect();
                let seed = seed.wrapping_add((class * 1000 + part) as u64);
                let sprites = self.batch(class, &prompts, seed)?;
                for (sprite, index) in sprites.chunks_exact(VALUES).zip(members) {
                    made[index * VALUES..(index + 1) * VALUES].copy_from_slice(sprite);
                }
            }
        }
        Ok(made)
    }

    /// One sprite of `class` for each prompt.
    pub fn batch(&self, class: usize, prompts: &[&str], seed: u64) -> Result<Vec<f32>, RunError> {
        let mut request = Request::new(Size::new(SIDE, SIDE).with_batch(prompts.len()), seed);
        for input in self.generator.inputs() {
            if let Some(value) = control(input, &self.set.classes[class], prompts)? {
                request.inputs.insert(input.name.clone(), value);
            }
        }
        let made = generate::<B>(self.generator, &request, self.device)?;
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
