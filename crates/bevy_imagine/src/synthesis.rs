//! The life of a request in the main world: changed, sent to the render world or shared with another, finished or failed,
//! given back.

use std::collections::BTreeMap;

use bevy::asset::LoadState;
use bevy::camera::visibility::ViewVisibility;
use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use imagine_graph::parse_input;
use imagine_graph::{InputKind, Request, Size};

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{Job, JobId, Letter, Outbox, Rank, Report, Reports};
use crate::memory::ImagineMemory;
use crate::request::{
    Control, Living, Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRefresh, SynthesisStatus,
};
use crate::results::{ResultKey, Results};
use crate::target::{Destination, Stage, Targets, TargetsItem, TexturePlan, TextureRole};
use crate::textures::SynthesisTextures;
use crate::warm_up::{WarmUpFinished, WarmUps};
use crate::world::{MAX_MIP, WorldPatch};

/// Textures that are made in a frame at most, and those of the request that reaches the number: a device takes its time for each,
/// and a game may ask for hundreds of materials at once.
const TEXTURES_A_FRAME: usize = 24;
/// Most steps a second of a living result.
const MAX_STEP_RATE: f32 = 1000.0;

/// What the plugin remembers of a request.
#[derive(Component, Debug, Default)]
pub(crate) struct SynthesisJob {
    /// Whether the request still has to be sent; then it is among those that wait in the outbox.
    waiting: bool,
    /// The result on show.
    shown: Option<JobId>,
    /// The result that will replace it.
    coming: Option<JobId>,
    /// Whether it failed because of the device, not because of what it asks for.
    failed_on_device: bool,
}

/// A request that is decided without a job: a mistaken one, or one whose result is there already.
#[derive(Debug)]
enum Verdict {
    Whole(JobId),
    Mistaken(SynthesisError),
}

/// Requests that are decided without a job.
#[derive(Resource, Debug, Default)]
pub(crate) struct Verdicts(Vec<(Entity, Verdict)>);

/// Starts requests again whose generator or picture was loaded again.
pub(crate) fn restart_reloaded(
    mut generators: MessageReader<AssetEvent<Generator>>,
    mut images: MessageReader<AssetEvent<Image>>,
    mut requests: Query<(Entity, &Synthesis, &mut SynthesisJob, &mut SynthesisStatus)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
) {
    // A generator that comes for the first time matters to those who gave it up; the rest still wait for it.
    let changed = |event: &AssetEvent<Generator>| match event {
        AssetEvent::Modified { id } => Some((*id, false)),
        AssetEvent::Added { id } => Some((*id, true)),
        _ => None,
    };
    let generators: Vec<_> = generators.read().filter_map(changed).collect();
    let changed = |event: &AssetEvent<Image>| match event {
        AssetEvent::Modified { id } => Some(*id),
        _ => None,
    };
    let images: Vec<_> = images.read().filter_map(changed).collect();
    if generators.is_empty() && images.is_empty() {
        return;
    }
    for (entity, request, mut job, mut status) in &mut requests {
        let picture = request.images.values().any(|image| images.contains(&image.id()));
        let generator = generators
            .iter()
            .any(|(id, is_first)| *id == request.generator.id() && (!is_first || *status == SynthesisStatus::Failed));
        if generator || picture {
            job.forget(entity, &mut results, &mut outbox);
            *status = SynthesisStatus::Waiting;
        }
    }
}

/// Starts one request again because the game asked for it.
pub(crate) fn refresh_request(
    refresh: On<SynthesisRefresh>,
    mut requests: Query<(&mut SynthesisJob, &mut SynthesisStatus)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
) {
    let Ok((mut job, mut status)) = requests.get_mut(refresh.entity) else { return };
    job.forget(refresh.entity, &mut results, &mut outbox);
    *status = SynthesisStatus::Waiting;
}

/// A result that lived is made again as it was at first.
pub(crate) fn restart_still(
    removed: On<Remove, Living>,
    mut requests: Query<(&mut SynthesisJob, &mut SynthesisStatus)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
) {
    let Ok((mut job, mut status)) = requests.get_mut(removed.entity) else { return };
    job.restart(removed.entity, &mut results, &mut outbox);
    *status = SynthesisStatus::Waiting;
}

/// A result that was a part of a world is made again as an image that tiles.
pub(crate) fn restart_tiling(
    removed: On<Remove, WorldPatch>,
    mut requests: Query<(&mut SynthesisJob, &mut SynthesisStatus)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
) {
    let Ok((mut job, mut status)) = requests.get_mut(removed.entity) else { return };
    job.restart(removed.entity, &mut results, &mut outbox);
    *status = SynthesisStatus::Waiting;
}

/// Sends waiting requests whose generator is there to the render world.
pub(crate) fn submit_requests(
    mut requests: Query<(
        &Synthesis,
        Option<&Living>,
        Option<&WorldPatch>,
        Targets,
        &mut SynthesisJob,
        &mut SynthesisStatus,
    )>,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    device: Option<Res<RenderDevice>>,
    memory: Res<ImagineMemory>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
    mut verdicts: ResMut<Verdicts>,
    mut stage: Stage,
) {
    let Some(device) = device else { return };
    let limit = device.limits().max_texture_dimension_2d;
    let mut made = 0;
    let priority = |entity| requests.get(entity).map_or(0, |(request, ..)| request.priority);
    for entity in outbox.take_waiting(priority) {
        let Ok((request, living, patch, targets, mut job, mut status)) = requests.get_mut(entity) else { continue };
        if !job.waiting {
            continue;
        }
        if made >= TEXTURES_A_FRAME {
            outbox.waiting.insert(entity);
            continue;
        }
        let _span = debug_span!("imagine_submit", %entity).entered();
        let checked = match (generators.get(&request.generator), assets.load_state(&request.generator)) {
            (_, LoadState::Failed(error)) => Err(SynthesisError::Load(error)),
            (Some(generator), _) => check(request, patch, &targets, generator, limit)
                .and_then(|key| living_key(key, living.map(|living| (entity, living)), patch, generator))
                .map(|key| (generator.clone(), key)),
            (None, _) => {
                outbox.waiting.insert(entity);
                continue;
            }
        };
        job.waiting = false;
        *status = SynthesisStatus::Running;
        let submitted = checked.and_then(|(generator, key)| {
            let (results, outbox, made) = (&mut results, &mut outbox, &mut made);
            let mut submission = Submission { memory: &memory, results, outbox, made };
            submission.submit(entity, &mut job, generator, key, &targets, &mut stage)
        });
        match submitted {
            Ok(None) => {}
            Ok(Some(whole)) => verdicts.0.push((entity, Verdict::Whole(whole))),
            Err(error) => verdicts.0.push((entity, Verdict::Mistaken(error))),
        }
    }
}

/// `key` of a result that lives on for its entity, if it does.
fn living_key(
    key: ResultKey,
    living: Option<(Entity, &Living)>,
    patch: Option<&WorldPatch>,
    generator: &Generator,
) -> Result<ResultKey, SynthesisError> {
    let Some((entity, living)) = living else { return Ok(key) };
    if patch.is_some() {
        return Err(SynthesisError::WorldPatch { generator: generator.name().into(), with: "Living" });
    }
    Ok(ResultKey { living: Some((entity, steps_per_second(living, generator)?)), ..key })
}

/// What sending a request needs.
struct Submission<'a> {
    memory: &'a ImagineMemory,
    results: &'a mut Results,
    outbox: &'a mut Outbox,
    /// Textures made in this frame.
    made: &'a mut usize,
}

impl Submission<'_> {
    /// Joins an equal result or sends a job. Gives the result if it is whole already.
    fn submit(
        &mut self,
        entity: Entity,
        job: &mut SynthesisJob,
        generator: Generator,
        key: ResultKey,
        targets: &TargetsItem,
        stage: &mut Stage,
    ) -> Result<Option<JobId>, SynthesisError> {
        if let Some(id) = self.results.join(&key, entity) {
            job.coming = Some(id);
            return Ok(self.results.get(id).filter(|result| result.is_whole).map(|_| id));
        }
        let fitting = |id: &JobId| self.results.get(*id).is_some_and(|result| result.textures.fit(&key.plans));
        let kept = job.shown.filter(|id| key.own_image.is_none() && fitting(id));
        let kept = kept.and_then(|id| self.results.take_over(id, entity));
        let textures = match kept {
            Some(textures) => textures,
            None => {
                let bytes = key.plans.iter().map(|plan| plan.shape.bytes()).sum();
                self.memory.check(bytes).map_err(|error| error.of(generator.name()))?;
                *self.made += key.plans.len();
                stage.textures(key.plans.clone(), targets)?.into()
            }
        };
        let id = self.outbox.next_id();
        let destination = |(plan, (_, image)): (&TexturePlan, &(TexturePlan, Handle<Image>))| {
            let own_layer = key.own_image.filter(|_| plan.role == TextureRole::Image);
            let first_layer = own_layer.map_or(0, |(_, layer)| layer);
            (plan.clone(), Destination { image: image.id(), first_layer })
        };
        let destinations = key.plans.iter().zip(&textures.list).map(destination).collect();
        let (request, images) = (key.request.clone(), key.images.clone());
        let steps_per_second = key.living.map(|(_, rate)| rate);
        let skipped_levels = key.skipped_levels;
        let sent = Job { id, generator, request, images, steps_per_second, skipped_levels, textures: destinations };
        self.outbox.letters.push(Letter::Submit(Box::new(sent.clone())));
        self.results.insert(sent, key, textures, entity);
        job.coming = Some(id);
        Ok(None)
    }
}

/// Ranks the jobs under way by the requests that wait for them.
pub(crate) fn rank_jobs(
    results: Res<Results>,
    requests: Query<(&Synthesis, Option<&ViewVisibility>, Option<&GlobalTransform>)>,
    cameras: Query<(&Camera, &GlobalTransform)>,
    time: Res<Time>,
    mut outbox: ResMut<Outbox>,
) {
    outbox.ranks.clear();
    outbox.elapsed += time.delta_secs();
    if results.under_way().next().is_none() {
        return;
    }
    let eyes: Vec<Vec3> = cameras.iter().filter(|(c, _)| c.is_active).map(|(_, at)| at.translation()).collect();
    for (id, users) in results.under_way() {
        let ranks = users.iter().filter_map(|user| requests.get(*user).ok()).map(|(request, visibility, at)| {
            let distance = at.map_or(0.0, |at| {
                let nearest = eyes.iter().map(|eye| eye.distance(at.translation())).reduce(f32::min);
                nearest.unwrap_or(0.0)
            });
            // What has no place in the world, such as an image, counts as on screen.
            let on_screen = visibility.is_none_or(|visibility| visibility.get());
            Rank { priority: request.priority, on_screen, distance }
        });
        if let Some(best) = ranks.max_by(Rank::compare) {
            outbox.ranks.push((id, best));
        }
    }
}

/// Shows finished results and the placeholder where a request failed.
pub(crate) fn receive_reports(
    mut commands: Commands,
    reports: Res<Reports>,
    mut verdicts: ResMut<Verdicts>,
    mut results: ResMut<Results>,
    mut warm_ups: ResMut<WarmUps>,
    mut requests: Query<(&mut SynthesisJob, &mut SynthesisStatus)>,
    mut outbox: ResMut<Outbox>,
    mut stage: Stage,
) {
    let mut decided = std::mem::take(&mut verdicts.0);
    for report in reports.take() {
        match report {
            Report::WarmUp(generator, result) => {
                warm_ups.finish(generator);
                commands.trigger(WarmUpFinished { generator, result });
            }
            Report::Job(job, Ok(())) => {
                decided.extend(results.finish(job).iter().map(|user| (*user, Verdict::Whole(job))));
            }
            Report::Job(job, Err(error)) => {
                let users = results.remove(job);
                decided.extend(users.into_iter().map(|user| (user, Verdict::Mistaken(error.clone()))));
            }
        }
    }
    for (entity, verdict) in decided {
        let Ok((mut job, mut status)) = requests.get_mut(entity) else { continue };
        // A request that changed meanwhile waits for something else.
        if job.waiting {
            continue;
        }
        match verdict {
            Verdict::Whole(result) => {
                let Some(coming) = job.coming.take_if(|coming| *coming == result) else { continue };
                let Some(textures) = results.get(coming).map(|result| result.textures.clone()) else { continue };
                job.show(Some(coming), entity, &mut results, &mut outbox);
                *status = SynthesisStatus::Finished;
                stage.show(entity, &textures);
                commands.entity(entity).try_insert(SynthesisTextures(textures));
                commands.trigger(SynthesisFinished { entity });
            }
            Verdict::Mistaken(error) => {
                // Bevy's asset server has logged why a file did not load.
                if !matches!(error, SynthesisError::Load(_)) {
                    error!("{error}");
                }
                job.coming = None;
                job.failed_on_device = error.is_of_device();
                job.show(None, entity, &mut results, &mut outbox);
                *status = SynthesisStatus::Failed;
                stage.fail(entity);
                commands.entity(entity).try_remove::<SynthesisTextures>();
                commands.trigger(SynthesisFailed { entity, error });
            }
        }
    }
}

/// Gives back what a removed request held: its job, its textures, their places in its targets.
pub(crate) fn release_request(
    removed: On<Remove, Synthesis>,
    mut commands: Commands,
    mut requests: Query<(&mut SynthesisJob, Option<&SynthesisTextures>)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
    mut stage: Stage,
) {
    let entity = removed.entity;
    let Ok((mut job, textures)) = requests.get_mut(entity) else { return };
    job.restart(entity, &mut results, &mut outbox);
    job.show(None, entity, &mut results, &mut outbox);
    stage.clear(entity, textures.map(|textures| &*textures.0));
    commands.entity(entity).try_remove::<(SynthesisJob, SynthesisStatus, SynthesisTextures)>();
}

impl SynthesisJob {
    /// The result on show.
    pub(crate) fn shown(&self) -> Option<JobId> {
        self.shown
    }

    /// Gives up what is coming; the request has to be sent again.
    pub fn restart(&mut self, entity: Entity, results: &mut Results, outbox: &mut Outbox) {
        if let Some(coming) = self.coming.take() {
            if results.leave(coming, entity) {
                outbox.letters.push(Letter::Cancel(coming));
            }
            // What is on show was to be made again in its place.
            self.shown.take_if(|shown| *shown == coming);
        }
        self.waiting = true;
        outbox.waiting.insert(entity);
    }

    /// The device was lost, and with it what is on show, which comes again in its own place. True if the request has to do
    /// nothing but wait.
    pub fn lose(&mut self, entity: Entity, results: &mut Results, outbox: &mut Outbox) -> bool {
        match (self.shown, self.coming) {
            (Some(shown), Some(coming)) if shown != coming => self.show(None, entity, results, outbox),
            (Some(shown), None) if !self.waiting => self.coming = Some(shown),
            (Some(_), None) => self.show(None, entity, results, outbox),
            (None, None) if self.failed_on_device => self.restart(entity, results, outbox),
            _ => {}
        }
        self.coming.is_some()
    }

    /// As `restart`, and nobody shares what is on show, which is out of date.
    fn forget(&mut self, entity: Entity, results: &mut Results, outbox: &mut Outbox) {
        self.restart(entity, results, outbox);
        if let Some(shown) = self.shown {
            results.unlist(shown);
        }
    }

    /// `id` is on show from now on, in place of what was.
    fn show(&mut self, id: Option<JobId>, entity: Entity, results: &mut Results, outbox: &mut Outbox) {
        let before = std::mem::replace(&mut self.shown, id);
        if let Some(before) = before.filter(|before| Some(*before) != id)
            && results.leave(before, entity)
        {
            outbox.letters.push(Letter::Cancel(before));
        }
    }
}

/// The result that `request` asks for, if the generator and the device can make it.
fn check(
    request: &Synthesis,
    patch: Option<&WorldPatch>,
    targets: &TargetsItem,
    generator: &Generator,
    limit: u32,
) -> Result<ResultKey, SynthesisError> {
    let name = || generator.name().to_string();
    let (plans, batch) = targets.plan(generator, request.size, patch.is_some())?;
    let skipped_levels = patch.map_or(0, |patch| patch.mip.min(MAX_MIP));
    let made = request.size.saturating_mul(UVec2::splat(1 << skipped_levels));
    let largest = plans.iter().map(|plan| plan.shape.size).chain([made]).reduce(UVec2::max).unwrap_or_default();
    if largest.max_element() > limit {
        let UVec2 { x: width, y: height } = largest;
        return Err(SynthesisError::DeviceLimit { generator: name(), width, height, limit });
    }
    let size = Size::new(made.y as usize, made.x as usize).with_batch(batch as usize);
    let mut asked = Request::new(size, request.seed);
    asked.steps = request.steps;
    let fail = |error| SynthesisError::Request { generator: name(), error };
    asked.inputs = control_values(generator, &request.controls).map_err(fail)?;
    // Pictures are uploaded by the render world; everything else is checked now.
    let network = generator.network();
    let pictures: Vec<&str> = network.pictures().map(|input| input.name.as_str()).collect();
    if let Some(name) = request.images.keys().find(|name| !pictures.contains(&name.as_str())) {
        return Err(SynthesisError::NoPicture {
            generator: generator.name().into(),
            name: name.clone(),
            known: pictures.iter().map(|name| name.to_string()).collect(),
        });
    }
    let given: Vec<&str> = request.images.keys().map(String::as_str).collect();
    match patch {
        // Windows and fields take time; the background thread that prepares the job finds what is wrong with them.
        Some(patch) => {
            let beside = if targets.sky.is_some() { Some("a sky") } else { None };
            let beside = beside.or(if request.images.is_empty() { None } else { Some("pictures as inputs") });
            if let Some(with) = beside {
                return Err(SynthesisError::WorldPatch { generator: name(), with });
            }
            asked = patch.applied(asked);
        }
        None => drop(network.resolve_with(&asked, &given).map_err(fail)?),
    }
    let images = request.images.iter().map(|(name, image)| (name.clone(), image.id())).collect();
    let own_image = targets.image.filter(|target| target.is_own()).map(|target| (target.image.id(), target.layer));
    let generator = generator.hash().into();
    Ok(ResultKey { generator, request: asked, images, plans, skipped_levels, own_image, living: None })
}

/// How fast a living result goes on.
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
) -> Result<BTreeMap<String, imagine_graph::Tensor>, imagine_graph::RequestError> {
    let inputs = generator.network().inputs();
    let known = || inputs.iter().filter(|i| i.kind != InputKind::State).map(|i| i.name.clone()).collect();
    let mut values = BTreeMap::new();
    for (name, control) in controls {
        let input = inputs.iter().find(|input| input.name == *name);
        let input =
            input.ok_or_else(|| imagine_graph::RequestError::UnknownInput { name: name.clone(), known: known() })?;
        let value = match control {
            Control::Number(number) => imagine_graph::Tensor::scalar(*number),
            Control::Color(color) => imagine_graph::Tensor::f32([3], color.to_f32_array_no_alpha()),
            Control::Text(text) => parse_input(input, text)?,
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}
