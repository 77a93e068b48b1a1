//! Brushes on living textures: strokes in uv space change cells of the automaton's state, which then grows over them.

use bevy::prelude::*;
use imagine_graph::{Add, ColorSpace, Mul, Op, OutputKind, Slice, ValidGenerator, ValidGraph, ValueId, ValueSource};
use imagine_wgpu::texture_io::MAX_BRUSH_CHANNELS;

use crate::asset::Generator;
use crate::job::{Letter, Outbox};
use crate::request::Synthesis;
use crate::synthesis::SynthesisJob;

/// Most strokes of one result that wait for their frame; older ones are dropped beyond it.
pub(crate) const MAX_STROKES: usize = 256;

/// Trigger it on an entity with a [`Synthesis`] and a [`Living`](crate::Living) that is finished: cells of the automaton change
/// inside a disc, and the texture grows from there. On a texture that tiles a disc reaches over borders to the other side.
///
/// A stroke is painted before the next steps, inside the frame budget. Strokes on what is not alive do nothing but warn.
#[derive(EntityEvent, Clone, Debug, PartialEq)]
pub struct BrushStroke {
    /// The entity with the request.
    pub entity: Entity,
    /// Middle of the disc in texture coordinates, 0 to 1, v down; whole numbers are dropped.
    pub uv: Vec2,
    /// Radius of the disc in widths of the texture. More than 0.
    pub radius: f32,
    /// Part of the radius over which the stroke fades towards its border, 0 (hard) to 1. Default 0.3.
    pub softness: f32,
    /// How far cells change, 0 to 1. Default 1.
    pub strength: f32,
    /// What cells become. Default [`Brush::Damage`].
    pub brush: Brush,
}

/// What the cells under a stroke become.
#[derive(Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Default, Clone, PartialEq)]
pub enum Brush {
    /// Random numbers as strong as those that a texture begins with: it has to grow anew.
    #[default]
    Damage,
    /// Nothing: all channels 0. What grows there again has no grain, if the texture has some.
    Erase,
    /// A colour, for generators whose base colour is a scaled part of the state, as all that are trained here have. The texture
    /// takes it as its own and grows it over again.
    Paint(Color),
    /// Numbers for channels from the first on, at most 32; the others stay.
    Channels(Vec<f32>),
}

impl BrushStroke {
    /// Damage around `uv`.
    pub fn new(entity: Entity, uv: Vec2, radius: f32) -> Self {
        Self { entity, uv, radius, softness: 0.3, strength: 1.0, brush: Brush::Damage }
    }

    /// The same with another brush.
    pub fn with_brush(self, brush: Brush) -> Self {
        Self { brush, ..self }
    }
}

/// A stroke as the render world paints it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlannedStroke {
    /// Middle, in widths and heights.
    pub uv: Vec2,
    /// In widths.
    pub radius: f32,
    pub softness: f32,
    pub strength: f32,
    pub first: u32,
    pub numbers: Vec<f32>,
    /// Of random numbers in all other channels, if they change.
    pub amplitude: Option<f32>,
    pub key: u32,
}

/// Sends a stroke to the result that its entity shows.
pub(crate) fn send_stroke(
    stroke: On<BrushStroke>,
    requests: Query<(&Synthesis, &SynthesisJob, Has<crate::Living>)>,
    generators: Res<Assets<Generator>>,
    mut outbox: ResMut<Outbox>,
    mut count: Local<u32>,
) {
    let Ok((request, job, true)) = requests.get(stroke.entity) else {
        return warn!("{}: a brush needs a Synthesis and a Living", stroke.entity);
    };
    let (Some(shown), Some(generator)) = (job.shown(), generators.get(&request.generator)) else {
        return warn!("{}: nothing to paint on yet", stroke.entity);
    };
    *count = count.wrapping_add(1);
    match plan(&stroke, generator.network(), *count) {
        Ok(planned) => outbox.letters.push(Letter::Brush(shown, planned)),
        Err(reason) => warn!("{}: {:?}: {reason}", stroke.entity, generator.name()),
    }
}

fn plan(stroke: &BrushStroke, network: &ValidGenerator, key: u32) -> Result<PlannedStroke, &'static str> {
    let is_sound = stroke.uv.is_finite() && stroke.radius.is_finite() && stroke.radius > 0.0;
    if !(is_sound && stroke.softness.is_finite() && stroke.strength.is_finite()) {
        return Err("a stroke has a place and a radius above 0");
    }
    let (first, numbers, amplitude) = match &stroke.brush {
        Brush::Damage => (0, Vec::new(), Some(seed_amplitude(network))),
        Brush::Erase => (0, Vec::new(), Some(0.0)),
        Brush::Channels(numbers) if numbers.len() > MAX_BRUSH_CHANNELS || !numbers.iter().all(|n| n.is_finite()) => {
            return Err("at most 32 finite numbers can be painted");
        }
        Brush::Channels(numbers) => (0, numbers.clone(), None),
        Brush::Paint(color) => {
            let (first, numbers) = painted(network, *color).ok_or("its base colour is no scaled part of its state")?;
            (first, numbers, None)
        }
    };
    Ok(PlannedStroke {
        uv: stroke.uv.rem_euclid(Vec2::ONE),
        radius: stroke.radius,
        softness: stroke.softness.clamp(0.0, 1.0),
        strength: stroke.strength.clamp(0.0, 1.0),
        first,
        numbers,
        amplitude,
        key,
    })
}

/// How strong the noise is that a state begins with.
fn seed_amplitude(network: &ValidGenerator) -> f32 {
    let init = network.recurrence.iter().flat_map(|recurrence| recurrence.init.nodes());
    let strength = init.filter_map(|node| match &node.op {
        Op::RandomUniform(random) => Some(random.high.abs().max(random.low.abs())),
        _ => None,
    });
    strength.reduce(f32::max).unwrap_or(0.1)
}

/// The first channel of the base colour and the numbers there that show `color`, of an output
/// `clip(state[first ..] * scale + offset)`.
fn painted(network: &ValidGenerator, color: Color) -> Option<(u32, Vec<f32>)> {
    let graph = &network.output;
    let index = graph.graph().outputs.iter().position(|output| output.kind == OutputKind::BaseColor)?;
    let wanted = match graph.graph().outputs[index].color_space {
        ColorSpace::Srgb => color.to_srgba().to_f32_array_no_alpha(),
        ColorSpace::Linear => color.to_linear().to_f32_array_no_alpha(),
    };
    let (mut at, mut numbers) = (graph.outputs()[index], wanted.to_vec());
    loop {
        let ValueSource::Node(node) = graph.source(at) else { return None };
        let node = &graph.nodes()[node.0];
        let input = node.inputs.first().copied().flatten()?;
        match &node.op {
            Op::Clip(_) | Op::Identity(_) => at = input,
            Op::Add(Add {}) => {
                let (value, offset) = constant(graph, node.inputs.get(1).copied().flatten()?, input)?;
                numbers.iter_mut().zip(offset).for_each(|(number, offset)| *number -= offset);
                at = value;
            }
            Op::Mul(Mul {}) => {
                let (value, scale) = constant(graph, node.inputs.get(1).copied().flatten()?, input)?;
                numbers.iter_mut().zip(scale).for_each(|(number, scale)| *number /= scale);
                at = value;
            }
            Op::Slice(Slice { starts, ends, axes, steps }) => {
                let is_channels = axes == &[1] && steps.iter().all(|step| *step == 1);
                let (&start, &end) = (starts.first()?, ends.first()?);
                let is_state = matches!(graph.source(input), ValueSource::Input(_));
                let is_sound =
                    is_channels && is_state && start >= 0 && end - start == 3 && numbers.iter().all(|n| n.is_finite());
                return is_sound.then_some((start as u32, numbers));
            }
            _ => return None,
        }
    }
}

/// Which of two operands is no weight, and the three numbers of the other.
fn constant(graph: &ValidGraph, a: ValueId, b: ValueId) -> Option<(ValueId, Vec<f32>)> {
    let (value, weight) = if let Some(weight) = graph.weight(a) { (b, weight) } else { (a, graph.weight(b)?) };
    let numbers = weight.as_f32()?;
    match numbers.len() {
        1 => Some((value, vec![numbers[0]; 3])),
        3 => Some((value, numbers.to_vec())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> ValidGenerator {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/generators"));
        imagine_graph::file::load(folder.join("stone_wall.generator.safetensors")).unwrap().generator
    }

    #[test]
    fn a_colour_becomes_the_channels_that_show_it() {
        let network = network();
        let (first, numbers) = painted(&network, Color::srgb(0.9, 0.2, 0.4)).unwrap();
        assert_eq!((first, numbers.len()), (0, 3));
        let weights = &network.output.graph().weights;
        let shown = |c: usize| {
            let of = |name: &str| weights[name].as_f32().unwrap()[c];
            numbers[c] * of("base_color.std") + of("base_color.mean")
        };
        for (channel, expected) in [0.9, 0.2, 0.4].into_iter().enumerate() {
            assert!((shown(channel) - expected).abs() < 1e-5);
        }
        let sky = crate::generators::load("cloudy_sky").unwrap().generator;
        assert_eq!(painted(&sky, Color::WHITE), None);
    }

    #[test]
    fn strokes_that_make_no_sense_are_refused() {
        let network = network();
        let stroke = |uv: Vec2, radius, brush| BrushStroke::new(Entity::PLACEHOLDER, uv, radius).with_brush(brush);
        assert!(plan(&stroke(Vec2::NAN, 0.1, Brush::Damage), &network, 0).is_err());
        assert!(plan(&stroke(Vec2::ZERO, 0.0, Brush::Damage), &network, 0).is_err());
        assert!(plan(&stroke(Vec2::ZERO, 0.1, Brush::Channels(vec![0.0; 33])), &network, 0).is_err());
        assert_eq!(plan(&stroke(Vec2::ZERO, 0.1, Brush::Damage), &network, 0).unwrap().amplitude, Some(0.1));
        let far = plan(&stroke(Vec2::new(-0.25, 7.5), 0.1, Brush::Erase), &network, 0).unwrap();
        assert_eq!((far.uv, far.amplitude), (Vec2::new(0.75, 0.5), Some(0.0)));
    }
}
