//! Streams patches around the cameras: spawned when near, coarser when far, shown when complete, despawned when left behind.

use std::collections::{BTreeMap, HashMap};

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy::tasks::futures::check_ready;
use bevy::tasks::{AsyncComputeTaskPool, Task};

use super::biomes::WorldBiomes;
use super::place::{PatchPlace, Rings};
use super::surface::{Ground, WorldHeight};
use crate::asset::Generator;
use crate::request::{Control, MAX_MIP, Synthesis, SynthesisStatus, WorldPatch};
use crate::target::MaterialTarget;

/// Most patches spawned per frame.
const PATCHES_PER_FRAME: usize = 8;
/// Most meshes handed to the renderer per frame.
const MESHES_PER_FRAME: usize = 4;
/// Most cells along the side of a patch.
const MAX_CELLS: u32 = 256;

/// An endless ground around the cameras, made of patches that a generator textures. Spawn it once; its children are the
/// patches, each with a [`PatchPlace`].
///
/// Patches of level 0 lie around the [`WorldAnchor`]s, or around all 3-D cameras without anchors. Each level doubles the side
/// and keeps the number of texels, so that the number of patches does not depend on the view distance. A coarser patch of a generator by
/// example, or of layers of such, shows the same stones with fewer texels ([`Generator::coarser`]); one of another generator shows the same fields at a
/// lower resolution, with noise of its own. Patches are ordinary requests within the frame budget, the nearest to a camera first. A patch stays until all patches that replace it are complete. Despawning the entity
/// or removing the component releases everything.
///
/// Add [`WorldHeight`] for relief and [`WorldBiomes`] for controls that vary.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Transform, Visibility, StreamedPatches)]
pub struct WorldPatches {
    /// A network that can make patches. Without one, nothing happens.
    pub generator: Handle<Generator>,
    /// Selects one of many worlds. Default 0.
    pub seed: u64,
    /// Texels along the side of a patch. Default 256.
    pub texels: u32,
    /// Extra texels around a patch, so that filtering and mips show no seams. Default 8.
    pub border: u32,
    /// World units along the side of a patch of level 0, above 0. Default 16.
    pub patch_size: f32,
    /// Levels of detail, 1 to 16. Default 4.
    pub levels: u32,
    /// Patches of the coarsest level on each side of the one under a camera, 0 to 16. Default 1.
    pub radius: u32,
    /// A patch is split if a camera is nearer than this many of its sides, 0 to 4. Default 1.
    pub detail: f32,
    /// Mesh cells along the side of a patch, 1 to 256. Default 32.
    pub cells: u32,
    /// Of generators that are not by example: levels above 0 whose patches are true mips of the finest texels, which costs four times as many texels
    /// for each level. Coarser levels show noise of their own. 0 to 8, default 1.
    pub mip_levels: u32,
    /// Values of controls, the same everywhere. [`WorldBiomes`] override them.
    pub controls: BTreeMap<String, Control>,
    /// Steps of a recurrent generator; each step widens the border that a patch computes. Default `None`: the number in the
    /// file.
    pub steps: Option<u32>,
    /// Column and row of the patch of level 0 whose corner is at the entity's position. Move it together with the cameras to
    /// keep coordinates small far away. Default 0, 0.
    pub origin: IVec2,
    /// Priority of all patches. Default 0.
    pub priority: i32,
}

/// Streams patches around this entity instead of all 3-D cameras.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct WorldAnchor;

/// The patches of a world.
#[derive(Component, Default)]
pub(crate) struct StreamedPatches {
    /// Patches for the current anchors.
    wanted: HashMap<PatchPlace, StreamedPatch>,
    /// Wanted places without an entity yet, the next one last.
    missing: Vec<PatchPlace>,
    /// Visible patches that stay until their replacements are complete.
    old: Vec<(PatchPlace, StreamedPatch)>,
    /// Anchors when the patches were last chosen.
    anchors: Vec<DVec2>,
    /// Settings of the wanted patches.
    settings: Option<WorldPatches>,
    /// The generator that `coarser` is made of.
    finest: Option<Generator>,
    /// Generators of coarser levels, as far as they were needed.
    coarser: HashMap<u32, Handle<Generator>>,
    /// Fields of the biomes for each level, as far as they were needed.
    fields: HashMap<u32, Option<imagine_graph::Fields>>,
    /// Counts changes of the settings.
    generation: u32,
}

/// A patch that exists or is about to.
struct StreamedPatch {
    /// None while it waits to be spawned.
    entity: Option<Entity>,
    generation: u32,
    is_visible: bool,
}

/// A mesh that a background thread builds.
#[derive(Component)]
pub(crate) struct PendingMesh(Task<Mesh>);

impl Default for WorldPatches {
    fn default() -> Self {
        Self {
            generator: Handle::default(),
            seed: 0,
            texels: 256,
            border: 8,
            patch_size: 16.0,
            levels: 4,
            radius: 1,
            detail: 1.0,
            cells: 32,
            mip_levels: 1,
            controls: BTreeMap::new(),
            steps: None,
            origin: IVec2::ZERO,
            priority: 0,
        }
    }
}

impl WorldPatches {
    /// A world of `generator`, everything else at its default.
    pub fn new(generator: Handle<Generator>) -> Self {
        Self { generator, ..default() }
    }

    /// World units along the side of a patch of level 0, valid whatever the field holds.
    fn side(&self) -> f64 {
        if self.patch_size > 0.0 { f64::from(self.patch_size) } else { 16.0 }
    }

    fn rings(&self) -> Rings {
        let detail = if self.detail.is_finite() { f64::from(self.detail.clamp(0.0, 4.0)) } else { 1.0 };
        Rings { levels: self.levels, radius: self.radius, detail }
    }

    /// The settings that change patches; the others only select and place them.
    fn patch_settings(&self) -> Self {
        let WorldPatches { generator, controls, .. } = self.clone();
        let Self { seed, texels, border, patch_size, cells, mip_levels, steps, .. } = *self;
        Self { generator, controls, seed, texels, border, patch_size, cells, mip_levels, steps, ..default() }
    }

    /// The request for a patch of `generator`.
    fn synthesis(&self, generator: Handle<Generator>, source: Source) -> Synthesis {
        let seed = match source {
            Source::Coarser { .. } | Source::Mip { .. } => self.seed,
            // Each level has random numbers of its own, so a coarse level is not a fine one magnified.
            Source::OwnNoise { level } => self.seed.wrapping_add(u64::from(level) << 32),
        };
        let side = self.texels.saturating_add(self.border.saturating_mul(2));
        Synthesis {
            steps: self.steps,
            controls: self.controls.clone(),
            priority: self.priority,
            ..Synthesis::new(generator).with_size(UVec2::splat(side)).with_seed(seed)
        }
    }

    /// How the texels of `level` are made; `has_coarser` says whether the generator has coarser levels.
    fn source(&self, level: u32, has_coarser: bool) -> Source {
        match level {
            1.. if has_coarser => Source::Coarser { level },
            _ if level <= self.mip_levels.min(MAX_MIP) => Source::Mip { mip: level },
            _ => Source::OwnNoise { level },
        }
    }

    /// Place of a patch's texture in the plane of its level.
    fn patch(&self, place: &PatchPlace, source: Source) -> WorldPatch {
        let mip = if let Source::Mip { mip } = source { mip } else { 0 };
        let axis = |at: i32| (i64::from(at) * i64::from(self.texels) - i64::from(self.border)) << mip;
        // A place beyond the plane is clamped to its end, where the request fails with an error.
        let end = |at: i64| at.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        WorldPatch { mip, ..WorldPatch::new(IVec2::new(end(axis(place.column)), end(axis(place.row)))) }
    }

    /// World units of a computed texel.
    fn texel(&self, source: Source) -> f64 {
        let level = match source {
            Source::Mip { .. } => 0,
            Source::Coarser { level } | Source::OwnNoise { level } => level,
        };
        self.side() * f64::from(1u32 << level.min(30)) / f64::from(self.texels.max(1))
    }

    fn ground(&self, place: &PatchPlace) -> Ground {
        let margin = self.border as f32 / (self.texels as f32 + 2.0 * self.border as f32).max(1.0);
        let (corner, side) = (place.corner() * self.side(), place.side() * self.side());
        Ground { corner, side, cells: self.cells.clamp(1, MAX_CELLS), margin }
    }

    fn transform(&self, place: &PatchPlace) -> Transform {
        let at = (place.corner() - self.origin.as_dvec2()) * self.side();
        Transform::from_xyz(at.x as f32, 0.0, at.y as f32)
    }
}

/// How the texels of a patch are made.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A mip of the finest texels.
    Mip { mip: u32 },
    /// By a generator that shows the same with fewer texels.
    Coarser { level: u32 },
    /// At the resolution of the level, with other random numbers.
    OwnNoise { level: u32 },
}

/// A generator that has no coarser levels, although one of equal hash had.
#[derive(Debug, thiserror::Error)]
#[error("{0} has no coarser levels")]
struct NoCoarserLevel(String);

/// A world and what belongs to it.
type World<'a> = (
    Entity,
    Ref<'a, WorldPatches>,
    Option<Ref<'a, WorldHeight>>,
    Option<Ref<'a, WorldBiomes>>,
    &'a GlobalTransform,
    &'a mut StreamedPatches,
);

/// Chooses patches, spawns new ones, shows complete ones and despawns old ones.
pub(crate) fn stream_patches(
    mut commands: Commands,
    mut worlds: Query<World>,
    anchors: Query<&GlobalTransform, With<WorldAnchor>>,
    cameras: Query<&GlobalTransform, With<Camera3d>>,
    generators: Res<Assets<Generator>>,
    server: Res<AssetServer>,
    mut patches: Patches,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    let _span = debug_span!("imagine_stream").entered();
    let mut eyes: Vec<Vec3> = anchors.iter().map(GlobalTransform::translation).collect();
    if eyes.is_empty() {
        eyes = cameras.iter().map(GlobalTransform::translation).collect();
    }
    let mut meshes_left = MESHES_PER_FRAME;
    for (entity, world, height, biomes, at, mut shown) in &mut worlds {
        let generator = generators.get(&world.generator);
        let is_reloaded = shown.finest.is_some() && generator.is_some_and(|now| shown.finest.as_ref() != Some(now));
        let is_outdated = is_reloaded
            || height.as_ref().is_some_and(|height| height.is_changed())
            || biomes.as_ref().is_some_and(|biomes| biomes.is_changed())
            || shown.settings.as_ref() != Some(&world.patch_settings());
        let inverse = at.affine().inverse();
        let places: Vec<DVec2> = eyes
            .iter()
            .map(|eye| inverse.transform_point3(*eye))
            .map(|eye| DVec2::new(f64::from(eye.x), f64::from(eye.z)) / world.side() + world.origin.as_dvec2())
            .collect();
        if let Some(generator) = generator {
            let (height, biomes) = (height.as_deref(), biomes.as_deref());
            let spawn = Spawn { entity, world: &world, height, biomes, generator, server: &server };
            if is_outdated || world.is_changed() || moved(&shown.anchors, &places) {
                if is_outdated {
                    shown.retire(&mut commands);
                    shown.settings = Some(world.patch_settings());
                }
                spawn.choose(&mut shown, &places, &mut commands);
                shown.anchors = places;
            }
            spawn.spawn_missing(&mut shown, &mut commands);
        }
        shown.take_meshes(&mut commands, &mut patches, &mut meshes, &mut meshes_left);
        shown.show_complete(&mut commands, &mut patches);
    }
}

/// Whether an anchor has moved far enough to choose patches again.
fn moved(before: &[DVec2], now: &[DVec2]) -> bool {
    const FAR: f64 = 0.125;
    before.len() != now.len() || before.iter().zip(now).any(|(a, b)| a.distance_squared(*b) > FAR * FAR)
}

/// Everything that spawning patches needs.
struct Spawn<'a> {
    entity: Entity,
    world: &'a WorldPatches,
    height: Option<&'a WorldHeight>,
    biomes: Option<&'a WorldBiomes>,
    generator: &'a Generator,
    server: &'a AssetServer,
}

impl Spawn<'_> {
    /// Chooses the places of patches around `anchors`, and retires patches that are no longer wanted.
    fn choose(&self, shown: &mut StreamedPatches, anchors: &[DVec2], commands: &mut Commands) {
        let generation = shown.generation;
        if shown.finest.as_ref() != Some(self.generator) {
            shown.finest = Some(self.generator.clone());
            shown.coarser.clear();
        }
        let mut before = std::mem::take(&mut shown.wanted);
        shown.missing.clear();
        for place in self.world.rings().places(anchors) {
            let new = StreamedPatch { entity: None, generation, is_visible: false };
            let patch = before.remove(&place).or_else(|| shown.take_back(&place)).unwrap_or(new);
            if patch.entity.is_none() {
                shown.missing.push(place);
            }
            shown.wanted.insert(place, patch);
        }
        // They are taken from the end: the coarsest first, of a level the nearest first.
        shown.missing.reverse();
        shown.missing.sort_by_key(|place| place.level);
        for (place, patch) in before {
            // A patch that was never visible leaves no hole.
            match patch.is_visible {
                true => shown.old.push((place, patch)),
                false => patch.despawn(commands),
            }
        }
    }

    /// Spawns some of the missing patches, the coarsest first, which cover most of the ground.
    fn spawn_missing(&self, shown: &mut StreamedPatches, commands: &mut Commands) {
        for _ in 0..PATCHES_PER_FRAME {
            let Some(place) = shown.missing.pop() else { return };
            let entity = self.spawn(commands, &place, shown);
            if let Some(patch) = shown.wanted.get_mut(&place) {
                patch.entity = Some(entity);
            }
        }
    }

    fn spawn(&self, commands: &mut Commands, place: &PatchPlace, shown: &mut StreamedPatches) -> Entity {
        let source = self.world.source(place.level, self.generator.has_coarser());
        let (ground, height) = (self.world.ground(place), self.height.cloned().unwrap_or_default());
        let mesh = AsyncComputeTaskPool::get().spawn(async move { ground.mesh(&height) });
        let fields = shown.fields.entry(place.level).or_insert_with(|| self.fields(source)).clone();
        let patch = WorldPatch { fields, ..self.world.patch(place, source) };
        let generator = match source {
            Source::Coarser { level } => shown.coarser.entry(level).or_insert_with(|| self.coarser(level)).clone(),
            _ => self.world.generator.clone(),
        };
        let request = (self.world.synthesis(generator, source), patch, MaterialTarget::default());
        let shown = (self.world.transform(place), Visibility::Hidden, PendingMesh(mesh), *place);
        commands.spawn((request, shown, ChildOf(self.entity))).id()
    }

    /// The generator of a coarser level, made on a background thread.
    fn coarser(&self, level: u32) -> Handle<Generator> {
        let finest = self.generator.clone();
        let make = async move { finest.coarser(level).ok_or_else(|| NoCoarserLevel(finest.name().into())) };
        self.server.add_async(AsyncComputeTaskPool::get().spawn(make))
    }

    fn fields(&self, source: Source) -> Option<imagine_graph::Fields> {
        let WorldBiomes(biomes) = self.biomes?;
        match biomes.fields(self.generator, self.world.texel(source)) {
            Ok(fields) => Some(fields),
            Err(error) => {
                error!("{}: the biomes are ignored: {error}", self.entity);
                None
            }
        }
    }
}

type Patches<'w, 's, 'a> = Query<
    'w,
    's,
    (&'a SynthesisStatus, &'a mut Visibility, Option<&'a mut PendingMesh>, Has<Mesh3d>),
    With<PatchPlace>,
>;

impl StreamedPatch {
    fn despawn(&self, commands: &mut Commands) {
        if let Some(entity) = self.entity {
            commands.entity(entity).try_despawn();
        }
    }
}

impl StreamedPatches {
    /// Retires all patches; visible ones stay until others replace them.
    fn retire(&mut self, commands: &mut Commands) {
        self.generation = self.generation.wrapping_add(1);
        self.fields.clear();
        let (seen, unseen) = self.wanted.drain().partition::<Vec<_>, _>(|(_, patch)| patch.is_visible);
        self.old.extend(seen);
        unseen.into_iter().for_each(|(_, patch)| patch.despawn(commands));
    }

    /// Takes back a retired patch that is still visible.
    fn take_back(&mut self, place: &PatchPlace) -> Option<StreamedPatch> {
        let is_same = |(at, patch): &(PatchPlace, StreamedPatch)| at == place && patch.generation == self.generation;
        let index = self.old.iter().position(is_same)?;
        Some(self.old.swap_remove(index).1)
    }

    /// Hands finished meshes to the renderer.
    fn take_meshes(&self, commands: &mut Commands, patches: &mut Patches, meshes: &mut Assets<Mesh>, left: &mut usize) {
        for patch in self.wanted.values() {
            if *left == 0 {
                return;
            }
            let Some(entity) = patch.entity else { continue };
            let Ok((_, _, Some(mut coming), _)) = patches.get_mut(entity) else { continue };
            if let Some(mesh) = check_ready(&mut coming.0) {
                *left -= 1;
                commands.entity(entity).remove::<PendingMesh>().insert(Mesh3d(meshes.add(mesh)));
            }
        }
    }

    /// Despawns old patches that are covered, and shows complete patches that overlap no old one.
    fn show_complete(&mut self, commands: &mut Commands, patches: &mut Patches) {
        let is_complete = |patch: &StreamedPatch| {
            let found = patch.entity.and_then(|entity| patches.get(entity).ok());
            found.is_some_and(|(status, _, _, has_mesh)| {
                has_mesh && matches!(status, SynthesisStatus::Finished | SynthesisStatus::Failed)
            })
        };
        let unfinished: Vec<PatchPlace> =
            self.wanted.iter().filter(|(_, patch)| !is_complete(patch)).map(|(place, _)| *place).collect();
        self.old.retain(|(place, patch)| {
            let stays = unfinished.iter().any(|other| other.overlaps(place));
            if !stays {
                patch.despawn(commands);
            }
            stays
        });
        for (place, patch) in self.wanted.iter_mut().filter(|(_, patch)| !patch.is_visible) {
            let is_free = !unfinished.contains(place) && !self.old.iter().any(|(other, _)| other.overlaps(place));
            if is_free && let Some(Ok((_, mut visibility, ..))) = patch.entity.map(|entity| patches.get_mut(entity)) {
                *visibility = Visibility::Inherited;
                patch.is_visible = true;
            }
        }
    }
}

/// Despawns the patches of a removed world.
pub(crate) fn clear_world(removed: On<Remove, WorldPatches>, mut commands: Commands, worlds: Query<&StreamedPatches>) {
    let Ok(shown) = worlds.get(removed.entity) else { return };
    for patch in shown.wanted.values().chain(shown.old.iter().map(|(_, patch)| patch)) {
        patch.despawn(&mut commands);
    }
    commands.entity(removed.entity).try_remove::<StreamedPatches>();
}

/// Moves patches after a change of the world's origin.
pub(crate) fn place_patches(
    worlds: Query<(&WorldPatches, &StreamedPatches), Changed<WorldPatches>>,
    mut transforms: Query<&mut Transform, With<PatchPlace>>,
) {
    for (world, shown) in &worlds {
        let old = shown.old.iter().map(|(place, patch)| (place, patch));
        for (place, patch) in shown.wanted.iter().chain(old) {
            if let Some(Ok(mut transform)) = patch.entity.map(|entity| transforms.get_mut(entity)) {
                *transform = world.transform(place);
            }
        }
    }
}
