//! The life of a request in the main world: changed, sent to the render world, finished or failed, given back.

use std::sync::{Arc, Mutex};

use bevy::asset::LoadState;
use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use imagine_graph::{Request, Size};

use crate::asset::Generator;
use crate::component::{ImagineMaterial, SynthesisFailed, SynthesisFinished, SynthesisStatus};
use crate::error::SynthesisError;
use crate::memory::ImagineMemory;
use crate::target::{self, MapKind, MapPlan, MaterialMaps, Placeholder};

/// Tells jobs apart: a request that is changed gets a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct JobId(u64);

/// What the plugin remembers of a request.
#[derive(Component, Debug, Default)]
pub(crate) struct Synthesis {
    /// The job under way.
    job: Option<JobId>,
    /// Whether the request still has to be sent.
    waiting: bool,
    /// The maps that the job fills; those on show stay until they are whole.
    maps: Option<MaterialMaps>,
}

/// Everything that the render world needs to fulfil one request.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: JobId,
    pub entity: Entity,
    pub generator: Generator,
    pub request: Request,
    pub maps: Vec<(MapPlan, AssetId<Image>)>,
}

/// From main to render world.
#[derive(Debug)]
pub(crate) enum Letter {
    Submit(Box<Job>),
    Cancel(JobId),
}

/// Letters to the render world, taken at extraction.
#[derive(Resource, Debug, Default)]
pub(crate) struct Outbox {
    pub letters: Vec<Letter>,
    last: u64,
}

/// From render to main world.
#[derive(Debug)]
pub(crate) struct Report {
    pub entity: Entity,
    pub job: JobId,
    pub result: Result<(), SynthesisError>,
}

/// Reports to the main world; shared, because the two worlds may run at the same time.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    pub fn push(&self, report: Report) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(report);
    }

    fn take(&self) -> Vec<Report> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Starts new and changed requests from the beginning.
pub(crate) fn restart_changed(
    mut requests: Query<(&mut Synthesis, &mut SynthesisStatus), Changed<ImagineMaterial>>,
    mut outbox: ResMut<Outbox>,
) {
    for (mut synthesis, mut status) in &mut requests {
        synthesis.restart(&mut outbox);
        *status = SynthesisStatus::Waiting;
    }
}

/// Starts requests again whose generator was loaded again.
pub(crate) fn restart_reloaded(
    mut events: MessageReader<AssetEvent<Generator>>,
    mut requests: Query<(&ImagineMaterial, &mut Synthesis, &mut SynthesisStatus)>,
    mut outbox: ResMut<Outbox>,
) {
    for event in events.read() {
        let (AssetEvent::Modified { id } | AssetEvent::Added { id }) = event else { continue };
        let concerned = requests.iter_mut().filter(|(request, ..)| request.generator.id() == *id);
        for (_, mut synthesis, mut status) in concerned {
            if *status != SynthesisStatus::Waiting {
                synthesis.restart(&mut outbox);
                *status = SynthesisStatus::Waiting;
            }
        }
    }
}

/// Sends waiting requests whose generator is there to the render world.
pub(crate) fn submit_requests(
    mut requests: Query<(Entity, &ImagineMaterial, Option<&MaterialMaps>, &mut Synthesis, &mut SynthesisStatus)>,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    device: Option<Res<RenderDevice>>,
    memory: Res<ImagineMemory>,
    mut images: ResMut<Assets<Image>>,
    mut outbox: ResMut<Outbox>,
    reports: Res<Reports>,
) {
    let Some(device) = device else { return };
    for (entity, material, shown, mut synthesis, mut status) in &mut requests {
        if !synthesis.waiting {
            continue;
        }
        let generator = generators.get(&material.generator);
        let load_state = assets.load_state(&material.generator);
        let prepared = match (generator, load_state) {
            (_, LoadState::Failed(error)) => Err(SynthesisError::Load(error)),
            (Some(generator), _) => check(material, generator, device.limits().max_texture_dimension_2d)
                .map(|(request, plans)| (generator.clone(), request, plans)),
            (None, _) => continue,
        };
        synthesis.waiting = false;
        *status = SynthesisStatus::Running;
        let id = outbox.next_id();
        synthesis.job = Some(id);
        let (generator, request, plans) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                reports.push(Report { entity, job: id, result: Err(error) });
                continue;
            }
        };
        let kept = shown.filter(|maps| maps.fit(material.size, &plans)).map(MaterialMaps::share);
        let maps = kept.unwrap_or_else(|| MaterialMaps::new(material.size, &plans, &mut images, &memory));
        let targets = plans.into_iter().zip(maps.ids()).collect();
        synthesis.maps = Some(maps);
        outbox.letters.push(Letter::Submit(Box::new(Job { id, entity, generator, request, maps: targets })));
    }
}

/// Fills the materials of finished requests and shows the placeholder where one failed.
pub(crate) fn receive_reports(
    mut commands: Commands,
    reports: Res<Reports>,
    mut requests: Query<(&mut Synthesis, &mut SynthesisStatus, &mut MeshMaterial3d<StandardMaterial>)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
    mut placeholder: ResMut<Placeholder>,
) {
    for Report { entity, job, result } in reports.take() {
        // Reports of jobs that were cancelled meanwhile concern nobody.
        let Ok((mut synthesis, mut status, mut material)) = requests.get_mut(entity) else { continue };
        if synthesis.job != Some(job) {
            continue;
        }
        synthesis.job = None;
        let maps = synthesis.maps.take();
        if material.0 == Handle::default() {
            material.0 = materials.add(StandardMaterial::default());
        }
        match (result, maps) {
            (Ok(()), Some(maps)) => {
                *status = SynthesisStatus::Finished;
                maps.show(&material.0, &mut materials);
                commands.entity(entity).insert(maps);
                commands.trigger(SynthesisFinished { entity });
            }
            (Ok(()), None) => {}
            (Err(error), _) => {
                *status = SynthesisStatus::Failed;
                if !matches!(error, SynthesisError::Load(_)) {
                    error!("{error}");
                }
                placeholder.show(&material.0, &mut materials, &mut images);
                commands.entity(entity).remove::<MaterialMaps>();
                commands.trigger(SynthesisFailed { entity, error });
            }
        }
    }
}

/// Gives back what a removed request held: its job, its maps, their places in the material.
pub(crate) fn release_request(
    removed: On<Remove, ImagineMaterial>,
    mut commands: Commands,
    mut requests: Query<(&mut Synthesis, Option<&MaterialMaps>, &MeshMaterial3d<StandardMaterial>)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    placeholder: Res<Placeholder>,
    mut outbox: ResMut<Outbox>,
) {
    let Ok((mut synthesis, maps, material)) = requests.get_mut(removed.entity) else { return };
    synthesis.restart(&mut outbox);
    if let Some(mut material) = materials.get_mut(&material.0) {
        maps.iter().for_each(|maps| maps.clear(&mut material));
        placeholder.clear(&mut material);
    }
    commands.entity(removed.entity).try_remove::<(Synthesis, SynthesisStatus, MaterialMaps)>();
}

impl Synthesis {
    /// Cancels the job under way; the request has to be sent again.
    fn restart(&mut self, outbox: &mut Outbox) {
        outbox.letters.extend(self.job.take().map(Letter::Cancel));
        self.maps = None;
        self.waiting = true;
    }
}

impl Outbox {
    fn next_id(&mut self) -> JobId {
        self.last += 1;
        JobId(self.last)
    }
}

/// The executor's request and the maps to make, if the generator and the device can do what `material` asks for.
fn check(
    material: &ImagineMaterial,
    generator: &Generator,
    limit: u32,
) -> Result<(Request, Vec<MapPlan>), SynthesisError> {
    let name = || generator.name().to_string();
    let UVec2 { x: width, y: height } = material.size;
    if width.max(height) > limit {
        return Err(SynthesisError::DeviceLimit { generator: name(), width, height, limit });
    }
    let mut request = Request::new(Size::new(height as usize, width as usize), material.seed);
    request.steps = material.steps;
    let resolved = generator.network().resolve(&request);
    resolved.map_err(|error| SynthesisError::Request { generator: name(), error })?;
    let outputs = &generator.network().output.graph().outputs;
    let plans = target::plan_maps(outputs, generator.network().generator.size.tiles, material);
    if plans.iter().all(|plan| plan.kind == MapKind::Depth) {
        let found = outputs.iter().map(|output| output.kind.name()).collect();
        return Err(SynthesisError::NoMaps { generator: name(), found });
    }
    Ok((request, plans))
}
