//! Submission: a waiting request shares an equal result or sends a job to the render world.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::asset::LoadState;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::EntityRefExcept;
use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::render::settings::WgpuFeatures;

use super::component::Synthesis;
use super::receive::Outcomes;
use super::resolve::{DeviceTextures, resolve};
use super::state::{RequestState, Requests, SynthesisStatus};
use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{Job, JobId, RenderCommand, ResultKey};
use crate::memory::ImagineMemory;
use crate::target::{SynthesisTextures, Targets};

/// Soft cap on textures created per frame, because a device takes its time for each; the request that reaches it still completes.
const TEXTURES_PER_FRAME: usize = 24;

/// Time for submissions in a frame; the request that exceeds it still completes.
const TIME_PER_FRAME: Duration = Duration::from_millis(1);

/// Whether textures are block-compressed on software adapters, too. That saves no graphics memory there, and every sample has to be decoded
/// again. For tests and measurements. Default false.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftwareCompression(pub bool);

/// All components of a request except those that submission changes.
type RequestParts<'w, 's> = EntityRefExcept<'w, 's, (RequestState, SynthesisStatus)>;

/// Where submission takes memory from.
struct Budget<'a> {
    memory: &'a ImagineMemory,
    images: &'a mut Assets<Image>,
    /// Textures created in this frame.
    created: usize,
    /// When the frame's submissions began.
    begin: Instant,
}

impl Budget<'_> {
    fn is_spent(&self) -> bool {
        self.created >= TEXTURES_PER_FRAME || (self.created > 0 && self.begin.elapsed() >= TIME_PER_FRAME)
    }
}

/// Submits waiting requests whose generator is loaded.
pub(crate) fn submit_requests(
    parts: Query<(&Synthesis, RequestParts), Without<IsResource>>,
    mut requests: Requests,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    device: Option<Res<RenderDevice>>,
    adapter: Option<Res<RenderAdapterInfo>>,
    software_compression: Res<SoftwareCompression>,
    memory: Res<ImagineMemory>,
    targets: Res<Targets>,
    mut images: ResMut<Assets<Image>>,
    mut outcomes: ResMut<Outcomes>,
) {
    let Some(device) = device else { return };
    let pending = requests.pending.take(|entity| parts.get(entity).map_or(0, |(request, _)| request.priority));
    // The mutable borrows below would mark resources as changed in every frame.
    if pending.is_empty() {
        return;
    }
    let device = DeviceTextures {
        side: device.limits().max_texture_dimension_2d,
        blocks: device.features().contains(WgpuFeatures::TEXTURE_COMPRESSION_BC)
            && (software_compression.0 || adapter.is_none_or(|adapter| adapter.device_type != wgpu::DeviceType::Cpu)),
    };
    let mut budget = Budget { memory: &memory, images: &mut images, created: 0, begin: Instant::now() };
    for entity in pending {
        let Ok((request, parts)) = parts.get(entity) else { continue };
        if !matches!(requests.get(entity), Some(RequestState::Waiting { .. })) {
            continue;
        }
        if budget.is_spent() {
            requests.pending.insert(entity);
            continue;
        }
        let _span = debug_span!("imagine_submit", %entity).entered();
        let key = match (generators.get(&request.generator), assets.load_state(&request.generator)) {
            (_, LoadState::Failed(error)) => Err(SynthesisError::Load(error)),
            (Some(generator), _) => resolve(parts.into_filtered(), request, generator, &targets, device),
            (None, _) => {
                requests.pending.insert(entity);
                continue;
            }
        };
        let job = match key.and_then(|key| submit(entity, key, &mut requests, &mut budget)) {
            Ok((job, false)) => job,
            Ok((job, true)) => outcomes.add(entity, job, Ok(())),
            Err(error) => outcomes.add(entity, requests.commands.next_id(), Err(error)),
        };
        requests.run(entity, job);
    }
}

/// Shares an equal result or sends a job. Returns the job, and whether its result is finished.
fn submit(
    entity: Entity,
    key: ResultKey,
    requests: &mut Requests,
    budget: &mut Budget,
) -> Result<(JobId, bool), SynthesisError> {
    if let Some(joined) = requests.results.join(&key, entity) {
        return Ok(joined);
    }
    let shown = requests.get(entity).and_then(RequestState::shown);
    let textures = match shown.and_then(|shown| requests.results.reuse(shown, &key, entity)) {
        Some(textures) => textures,
        None => {
            let (plans, name) = (key.textures.clone(), key.generator.name());
            let textures = SynthesisTextures::new(plans, name, budget.images, budget.memory)?;
            budget.created += key.textures.len();
            textures
        }
    };
    let id = requests.commands.next_id();
    let job = Job { id, destinations: textures.destinations(), key: Arc::new(key) };
    requests.commands.list.push(RenderCommand::Submit(job.clone()));
    requests.results.insert(job, textures, entity);
    Ok((id, false))
}
