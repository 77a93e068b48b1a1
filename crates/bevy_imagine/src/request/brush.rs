//! Brush strokes on living textures: they change cells of the automaton, which then grows over them.

use bevy::prelude::*;
use imagine_graph::{Add, ColorSpace, Mul, Op, OutputKind, Slice, ValidGenerator, ValidGraph, ValueId, ValueSource};
use imagine_wgpu::texture_io::MAX_BRUSH_CHANNELS;

use super::component::{Living, Synthesis};
use super::state::RequestState;
use crate::asset::Generator;
use crate::job::{PlannedStroke, RenderCommand, RenderCommands};

/// Trigger it on an entity with a [`Synthesis`] and a [`Living`] that is finished: the cells of the automaton inside a disc
/// change, and the texture grows from there. On a texture that tiles, the disc wraps around.
///
/// A stroke is painted before the next steps, within the frame budget. A stroke on a result that is not living only warns.
#[derive(EntityEvent, Clone, Debug, PartialEq)]
pub struct BrushStroke {
    /// The entity with the request.
    pub entity: Entity,
    /// Centre of the disc in texture coordinates, 0 to 1, v down; other values wrap around.
    pub uv: Vec2,
    /// Radius of the disc in widths of the texture, above 0.
    pub radius: f32,
    /// Fraction of the radius over which the stroke fades out, 0 (hard) to 1. Default 0.3.
    pub softness: f32,
    /// How far cells move to their new values, 0 to 1. Default 1.
    pub strength: f32,
    /// New values of the cells. Default [`Brush::Damage`].
    pub brush: Brush,
}

/// New values of the cells under a stroke.
#[derive(Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Default, Clone, PartialEq)]
pub enum Brush {
    /// Random numbers with the amplitude of the initial state: the texture grows again from noise.
    #[default]
    Damage,
    /// 0 in all channels. A texture with grain grows back without it.
    Erase,
    /// A colour, for generators whose base colour is a scaled slice of the state, as in all generators that `imagine` trains.
    /// The texture grows over it again.
    Paint(Color),
    /// Values for the first channels, at most 32; the others stay.
    Channels(Vec<f32>),
}

impl BrushStroke {
    /// Damages a disc around `uv`.
    pub fn new(entity: Entity, uv: Vec2, radius: f32) -> Self {
        Self { entity, uv, radius, softness: 0.3, strength: 1.0, brush: Brush::Damage }
    }

    /// Sets the brush.
    pub fn with_brush(self, brush: Brush) -> Self {
        Self { brush, ..self }
    }
}

/// Sends a stroke to the shown result of its entity.
pub(crate) fn paint_stroke(
    stroke: On<BrushStroke>,
    requests: Query<(&Synthesis, &RequestState, Has<Living>)>,
    generators: Res<Assets<Generator>>,
    mut commands: ResMut<RenderCommands>,
    mut count: Local<u32>,
) {
    let Ok((request, state, true)) = requests.get(stroke.entity) else {
        return warn!("{}: a brush stroke needs a Synthesis and a Living on its entity", stroke.entity);
    };
    let (Some(shown), Some(generator)) = (state.shown(), generators.get(&request.generator)) else {
        return warn!("{}: no finished result to paint on yet", stroke.entity);
    };
    *count = count.wrapping_add(1);
    match plan(&stroke, generator.network(), *count) {
        Ok(planned) => commands.list.push(RenderCommand::Paint(shown, planned)),
        Err(reason) => warn!("{}: {:?}: {reason}", stroke.entity, generator.name()),
    }
}

fn plan(stroke: &BrushStroke, network: &ValidGenerator, key: u32) -> Result<PlannedStroke, &'static str> {
    let is_sound = stroke.uv.is_finite() && stroke.radius.is_finite() && stroke.radius > 0.0;
    if !(is_sound && stroke.softness.is_finite() && stroke.strength.is_finite()) {
        return Err("a stroke needs finite numbers and a radius above 0");
    }
    let (first, numbers, amplitude) = match &stroke.brush {
        Brush::Damage => (0, Vec::new(), Some(seed_amplitude(network))),
        Brush::Erase => (0, Vec::new(), Some(0.0)),
        Brush::Channels(numbers) if numbers.len() > MAX_BRUSH_CHANNELS || !numbers.iter().all(|n| n.is_finite()) => {
            return Err("Brush::Channels takes at most 32 finite numbers");
        }
        Brush::Channels(numbers) => (0, numbers.clone(), None),
        Brush::Paint(color) => {
            let (first, numbers) = painted(network, *color)
                .ok_or("Brush::Paint needs a base colour that is a scaled slice of the state")?;
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

/// Amplitude of the noise in the initial state.
fn seed_amplitude(network: &ValidGenerator) -> f32 {
    let init = network.recurrence.iter().flat_map(|recurrence| recurrence.init.nodes());
    let strength = init.filter_map(|node| match &node.op {
        Op::RandomUniform(random) => Some(random.high.abs().max(random.low.abs())),
        _ => None,
    });
    strength.reduce(f32::max).unwrap_or(0.1)
}

/// For an output `clip(state[first ..] * scale + offset)`: the first channel, and the values there that show `color`.
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

/// The operand that is not a weight, and three numbers of the other one.
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
    fn paint_inverts_the_base_colour_output() {
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
    fn invalid_strokes_are_rejected() {
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
