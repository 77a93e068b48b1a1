//! From a request and its targets to a result key. Pure: checks whatever can be checked without a GPU.

use std::collections::BTreeMap;

use bevy::ecs::world::FilteredEntityRef;
use bevy::prelude::*;
use imagine_graph::{InputKind, Request, RequestError, Size, Tensor, parse_input};

use super::component::{Control, EveryFrame, Living, Synthesis};
use super::patch::{MAX_MIP, WorldPatch};
use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::image_source::ImageSource;
use crate::job::{JobImage, Live, ResultKey};
use crate::target::{PlanContext, TargetPlans, Targets};

/// Highest rate of a living result, in steps per second.
const MAX_STEP_RATE: f32 = 1000.0;

/// What the device can hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceTextures {
    /// Largest side of a texture in texels.
    pub side: u32,
    /// Whether textures may be block-compressed (BC). (ASTC, for devices that have only that, is not implemented.)
    pub blocks: bool,
}

/// The result that the request on `entity` asks for.
pub(crate) fn resolve(
    entity: FilteredEntityRef,
    request: &Synthesis,
    generator: &Generator,
    targets: &Targets,
    device: DeviceTextures,
) -> Result<ResultKey, SynthesisError> {
    let patch = entity.get::<WorldPatch>();
    let live = live(&entity, request, generator)?;
    // A live result would have to be compressed again after every change.
    let has_blocks = device.blocks && live.is_none();
    let context = PlanContext::new(generator, request.size, patch.is_some(), has_blocks);
    let TargetPlans { textures, images: batch } = targets.plan(&entity, &context)?;
    let skipped_levels = patch.map_or(0, |patch| patch.mip.min(MAX_MIP));
    let made = request.size.saturating_mul(UVec2::splat(1 << skipped_levels));
    let largest =
        textures.iter().map(|texture| texture.shape.size).chain([made]).reduce(UVec2::max).unwrap_or_default();
    let limit = device.side;
    if largest.max_element() > limit {
        let UVec2 { x: width, y: height } = largest;
        return Err(SynthesisError::DeviceLimit { generator: generator.name().into(), width, height, limit });
    }
    let size = Size::new(made.y as usize, made.x as usize).with_batch(batch as usize);
    let wanted = network_request(request, patch, size, generator)?;
    let job_image = |(name, source): (&String, &ImageSource)| JobImage {
        input: name.clone(),
        image: source.image.id(),
        channels: source.channels,
    };
    let images = request.images.iter().map(job_image).collect();
    Ok(ResultKey { generator: generator.clone(), request: wanted, images, textures, skipped_levels, live })
}

/// How the result keeps changing after it is finished, if it does.
fn live(
    entity: &FilteredEntityRef,
    request: &Synthesis,
    generator: &Generator,
) -> Result<Option<(Entity, Live)>, SynthesisError> {
    let is_patch = entity.contains::<WorldPatch>();
    let live = match (entity.get::<Living>(), entity.contains::<EveryFrame>()) {
        (None, false) => return Ok(None),
        (Some(_), true) => return Err(conflict(generator, "EveryFrame", "Living")),
        (Some(_), _) if is_patch => return Err(conflict(generator, "WorldPatch", "Living")),
        (_, true) if request.images.is_empty() => {
            return Err(SynthesisError::NoImages { generator: generator.name().into() });
        }
        (Some(living), false) => Live::Steps(steps_per_second(living, generator)?),
        (None, true) => Live::EveryFrame,
    };
    Ok(Some((entity.id(), live)))
}

/// The request as the network takes it.
fn network_request(
    request: &Synthesis,
    patch: Option<&WorldPatch>,
    size: Size,
    generator: &Generator,
) -> Result<Request, SynthesisError> {
    let network = generator.network();
    let fail = |error| SynthesisError::Request { generator: generator.name().into(), error };
    let mut wanted = Request::new(size, request.seed);
    wanted.steps = request.steps;
    wanted.inputs = control_values(generator, &request.controls).map_err(fail)?;
    let known: Vec<&str> = network.pictures().map(|input| input.name.as_str()).collect();
    if let Some(name) = request.images.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(SynthesisError::NoImageInput {
            generator: generator.name().into(),
            name: name.clone(),
            known: known.iter().map(|name| name.to_string()).collect(),
        });
    }
    match patch {
        Some(_) if !request.images.is_empty() => Err(conflict(generator, "WorldPatch", "image inputs")),
        // Windows and fields take time: the background thread that prepares the job checks them.
        Some(patch) => Ok(patch.applied(wanted)),
        None => {
            // The render world uploads the images; everything else is checked now. Values for every texel are made on the background thread.
            let given: Vec<&str> = request.images.keys().map(String::as_str).collect();
            network.check_with(&wanted, &given).map_err(fail)?;
            Ok(wanted)
        }
    }
}

fn conflict(generator: &Generator, component: &'static str, with: &'static str) -> SynthesisError {
    SynthesisError::Conflict { generator: generator.name().into(), component, with }
}

fn steps_per_second(living: &Living, generator: &Generator) -> Result<f32, SynthesisError> {
    let name = || generator.name().to_string();
    let recurrence = generator.network().generator.recurrence.as_ref();
    let recurrence = recurrence.ok_or_else(|| SynthesisError::NotRecurrent { generator: name() })?;
    let rate = living.steps_per_second.unwrap_or(recurrence.step_rate);
    if (0.0..=MAX_STEP_RATE).contains(&rate) {
        Ok(rate)
    } else {
        Err(SynthesisError::StepRate { generator: name(), rate })
    }
}

/// Values of controls as the network's inputs take them.
fn control_values(
    generator: &Generator,
    controls: &BTreeMap<String, Control>,
) -> Result<BTreeMap<String, Tensor>, RequestError> {
    let inputs = generator.network().inputs();
    let known = || inputs.iter().filter(|i| i.kind != InputKind::State).map(|i| i.name.clone()).collect();
    let mut values = BTreeMap::new();
    for (name, control) in controls {
        let input = inputs.iter().find(|input| input.name == *name);
        let input = input.ok_or_else(|| RequestError::UnknownInput { name: name.clone(), known: known() })?;
        values.insert(name.clone(), control.tensor(input)?);
    }
    Ok(values)
}

impl Control {
    /// The value as a tensor for `input`; the network checks its range.
    pub(crate) fn tensor(&self, input: &imagine_graph::GraphInput) -> Result<Tensor, RequestError> {
        Ok(match self {
            Control::Number(number) => Tensor::scalar(*number),
            Control::Color(color) => Tensor::f32([3], color.to_f32_array_no_alpha()),
            Control::Text(text) => parse_input(input, text)?,
        })
    }
}
