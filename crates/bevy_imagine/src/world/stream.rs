//! Patches around the cameras: made when they come near, coarser where they are far, shown when they are whole, given back when
//! they are left behind.

use std::collections::{BTreeMap, HashMap};

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy::tasks::futures::check_ready;
use bevy::tasks::{AsyncComputeTaskPool, Task};

use super::patch::{MAX_MIP, WorldPatch};
use super::place::{PatchPlace, Rings};
use super::surface::{Ground, WorldHeight};
use super::{Biomes, WorldBiomes};
use crate::asset::Generator;
use crate::request::{Control, Synthesis, SynthesisStatus};
use crate::target::MaterialTarget;

/// Most meshes that are handed to the renderer in a frame.
const MESHES_A_FRAME: usize = 4;
/// Cells along a patch's side, at most.
const MAX_CELLS: u32 = 256;

/// An endless ground around the cameras, of patches whose textures a generator makes. Spawn it once; its children are the
/// patches, each with a [`PatchPlace`].
///
/// Patches of level 0 lie around [`WorldAnchor`]s, or around all 3-D cameras where there are none; those of each level above are
/// twice as wide with as many texels, so that the number of patches does not depend on the view. A coarser patch shows the
/// same fields and ground at a lower rate, and noise of its own. Patches are requests like any other: they are made
/// inside the frame budget, those nearest to a camera first. A patch stays until all that replace it are whole. Despawning the
/// entity, or removing the component, gives everything back.
///
/// [`WorldHeight`] beside it raises the ground, [`WorldBiomes`] lets controls vary.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Transform, Visibility, ShownPatches)]
pub struct WorldPatches {
    /// The network; one that can make patches. No default: without one, nothing happens.
    pub generator: Handle<Generator>,
    /// Chooses one of many worlds. Default 0.
    pub seed: u64,
    /// Texels along the side of a patch. Default 256.
    pub texels: u32,
    /// Texels around a patch that its textures hold too, so that filtering and mips do not show where patches meet. Default 8.
    pub border: u32,
    /// World units along the side of a patch of level 0. More than 0. Default 16.
    pub patch_size: f32,
    /// Levels of detail, 1 to 16. Default 4.
    pub levels: u32,
    /// Patches of the coarsest level to each side of the one that a camera is over, at most 16. Default 1.
    pub radius: u32,
    /// A patch is quartered where a camera is nearer than this many of its sides. 0 to 4, default 1.
    pub detail: f32,
    /// Cells of the ground along the side of a patch, 1 to 256. Default 32.
    pub cells: u32,
    /// Levels above 0 whose patches are mips of the finest texels, all of which are made, four times as many for each level. Coarser
    /// levels show noise of their own. At most 8, default 1.
    pub mip_levels: u32,
    /// Values of controls, the same everywhere; those of [`WorldBiomes`] go before them.
    pub controls: BTreeMap<String, Control>,
    /// Steps of a recurrent generator; `None` (the default) is the file's own number. Patches pay for every step with a
    /// wider window.
    pub steps: Option<u32>,
    /// The patch of level 0, column and row, whose corner is at the entity's place. Move it together with the cameras to keep
    /// coordinates small far away. Default 0, 0.
    pub origin: IVec2,
    /// Added to the priority of all patches. Default 0.
    pub priority: i32,
}

/// Patches are kept around the entities with this component instead of around all 3-D cameras.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct WorldAnchor;

/// What a world shows.
#[derive(Component, Default)]
pub(crate) struct ShownPatches {
    /// Patches that are wanted.
    wanted: HashMap<PatchPlace, Shown>,
    /// Patches that are seen until what replaces them is whole.
    old: Vec<(PatchPlace, Shown)>,
    /// Where the anchors were when places were last chosen.
    anchors: Vec<DVec2>,
    /// What the wanted patches were made for.
    made_for: Option<WorldPatches>,
    /// Counts worlds that differ.
    generation: u32,
}

/// A patch that exists.
struct Shown {
    entity: Entity,
    generation: u32,
    is_visible: bool,
}

/// A mesh in the making.
#[derive(Component)]
pub(crate) struct ComingMesh(Task<Mesh>);

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
    /// A world with everything but the generator at its default.
    pub fn new(generator: Handle<Generator>) -> Self {
        Self { generator, ..default() }
    }

    /// World units along the side of a patch of level 0, whatever the field says.
    fn side(&self) -> f64 {
        if self.patch_size > 0.0 { f64::from(self.patch_size) } else { 16.0 }
    }

    fn rings(&self) -> Rings {
        let detail = if self.detail.is_finite() { f64::from(self.detail.clamp(0.0, 4.0)) } else { 1.0 };
        Rings { levels: self.levels, radius: self.radius, detail }
    }

    /// The settings that patches are made from; others only say which patches there are, and where.
    fn made_from(&self) -> Self {
        let WorldPatches { generator, controls, .. } = self.clone();
        let Self { seed, texels, border, patch_size, cells, mip_levels, steps, .. } = *self;
        Self { generator, controls, seed, texels, border, patch_size, cells, mip_levels, steps, ..default() }
    }

    /// The request for a patch.
    fn synthesis(&self, place: &PatchPlace) -> Synthesis {
        // Levels draw numbers of their own: those of one are not the other's, magnified.
        let (rate, _) = self.rate(place.level);
        let seed = self.seed.wrapping_add(u64::from(rate) << 32);
        let side = self.texels.saturating_add(self.border.saturating_mul(2));
        Synthesis {
            steps: self.steps,
            controls: self.controls.clone(),
            priority: self.priority,
            ..Synthesis::new(self.generator.clone()).with_size(UVec2::splat(side)).with_seed(seed)
        }
    }

    /// The level whose texels a level is made of, and the mip of these that it shows.
    fn rate(&self, level: u32) -> (u32, u32) {
        if level <= self.mip_levels.min(MAX_MIP) { (0, level) } else { (level, 0) }
    }

    /// Where a patch's texture lies in the plane of its level.
    fn patch(&self, place: &PatchPlace) -> WorldPatch {
        let (_, mip) = self.rate(place.level);
        let axis = |at: i32| (i64::from(at) * i64::from(self.texels) - i64::from(self.border)) << mip;
        // A place beyond the plane is moved to its end, where the request fails and says so.
        let end = |at: i64| at.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        WorldPatch { mip, ..WorldPatch::new(IVec2::new(end(axis(place.column)), end(axis(place.row)))) }
    }

    /// World units of a texel that patches of a level are made of.
    fn texel(&self, level: u32) -> f64 {
        let (rate, _) = self.rate(level);
        self.side() * f64::from(1u32 << rate.min(30)) / f64::from(self.texels.max(1))
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

/// A world and what belongs to it.
type World<'a> = (
    Entity,
    Ref<'a, WorldPatches>,
    Option<Ref<'a, WorldHeight>>,
    Option<Ref<'a, WorldBiomes>>,
    &'a GlobalTransform,
    &'a mut ShownPatches,
);

/// Chooses patches, spawns new ones, shows whole ones and drops old ones.
pub(crate) fn stream_patches(
    mut commands: Commands,
    mut worlds: Query<World>,
    anchors: Query<&GlobalTransform, With<WorldAnchor>>,
    cameras: Query<&GlobalTransform, With<Camera3d>>,
    generators: Res<Assets<Generator>>,
    mut patches: Patches,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    let mut eyes: Vec<Vec3> = anchors.iter().map(GlobalTransform::translation).collect();
    if eyes.is_empty() {
        eyes = cameras.iter().map(GlobalTransform::translation).collect();
    }
    let mut meshes_left = MESHES_A_FRAME;
    for (entity, world, height, biomes, at, mut shown) in &mut worlds {
        let is_other = height.as_ref().is_some_and(|height| height.is_changed())
            || biomes.as_ref().is_some_and(|biomes| biomes.is_changed())
            || shown.made_for.as_ref() != Some(&world.made_from());
        let inverse = at.affine().inverse();
        let places: Vec<DVec2> = eyes
            .iter()
            .map(|eye| inverse.transform_point3(*eye))
            .map(|eye| DVec2::new(f64::from(eye.x), f64::from(eye.z)) / world.side() + world.origin.as_dvec2())
            .collect();
        if is_other || world.is_changed() || moved(&shown.anchors, &places) {
            let Some(generator) = generators.get(&world.generator) else { continue };
            if is_other {
                shown.retire();
                shown.made_for = Some(world.made_from());
            }
            let spawn =
                Spawn { entity, world: &world, height: height.as_deref(), biomes: biomes.as_deref(), generator };
            spawn.choose(&mut commands, &mut shown, &places);
            shown.anchors = places;
        }
        shown.take_meshes(&mut commands, &mut patches, &mut meshes, &mut meshes_left);
        shown.show_whole(&mut commands, &mut patches);
    }
}

/// Whether an anchor is so far from where it was that other patches may be wanted.
fn moved(before: &[DVec2], now: &[DVec2]) -> bool {
    const FAR: f64 = 0.125;
    before.len() != now.len() || before.iter().zip(now).any(|(a, b)| a.distance_squared(*b) > FAR * FAR)
}

/// What spawning patches needs.
struct Spawn<'a> {
    entity: Entity,
    world: &'a WorldPatches,
    height: Option<&'a WorldHeight>,
    biomes: Option<&'a WorldBiomes>,
    generator: &'a Generator,
}

impl Spawn<'_> {
    /// Spawns what is wanted around `anchors` and not there, and gives up what is no longer wanted.
    fn choose(&self, commands: &mut Commands, shown: &mut ShownPatches, anchors: &[DVec2]) {
        let generation = shown.generation;
        let mut before = std::mem::take(&mut shown.wanted);
        before.retain(|_, patch| {
            let is_same = patch.generation == generation;
            if !is_same {
                commands.entity(patch.entity).try_despawn();
            }
            is_same
        });
        let mut fields = HashMap::new();
        for place in self.world.rings().places(anchors) {
            let patch = before.remove(&place).or_else(|| shown.bring_back(&place)).unwrap_or_else(|| {
                let entity = self.spawn(commands, &place, &mut fields);
                Shown { entity, generation, is_visible: false }
            });
            shown.wanted.insert(place, patch);
        }
        for (place, patch) in before {
            // What was never seen need not wait for those that replace it.
            match patch.is_visible {
                true => shown.old.push((place, patch)),
                false => commands.entity(patch.entity).try_despawn(),
            }
        }
    }

    fn spawn(
        &self,
        commands: &mut Commands,
        place: &PatchPlace,
        fields: &mut HashMap<u32, Option<imagine_graph::Fields>>,
    ) -> Entity {
        let (ground, height) = (self.world.ground(place), self.height.cloned().unwrap_or_default());
        let mesh = AsyncComputeTaskPool::get().spawn(async move { ground.mesh(&height) });
        let fields = fields.entry(place.level).or_insert_with(|| self.fields(place.level)).clone();
        let patch = WorldPatch { fields, ..self.world.patch(place) };
        let request = (self.world.synthesis(place), patch, MaterialTarget::default());
        let shown = (self.world.transform(place), Visibility::Hidden, ComingMesh(mesh), *place);
        commands.spawn((request, shown, ChildOf(self.entity))).id()
    }

    fn fields(&self, level: u32) -> Option<imagine_graph::Fields> {
        let WorldBiomes(biomes) = self.biomes?;
        match Biomes::fields(biomes, self.generator, self.world.texel(level)) {
            Ok(fields) => Some(fields),
            Err(error) => {
                error!("{}: its biomes are left out: {error}", self.entity);
                None
            }
        }
    }
}

type Patches<'w, 's, 'a> =
    Query<'w, 's, (&'a SynthesisStatus, &'a mut Visibility, Option<&'a mut ComingMesh>, Has<Mesh3d>), With<PatchPlace>>;

impl ShownPatches {
    /// None of the patches is wanted any more; those that are seen stay until others replace them.
    fn retire(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        let (seen, unseen) = self.wanted.drain().partition::<Vec<_>, _>(|(_, patch)| patch.is_visible);
        self.old.extend(seen);
        // Those not seen are despawned by the next choice, which keeps none of another generation.
        self.wanted.extend(unseen);
    }

    /// A patch that was given up, but is still seen.
    fn bring_back(&mut self, place: &PatchPlace) -> Option<Shown> {
        let is_same = |(at, patch): &(PatchPlace, Shown)| at == place && patch.generation == self.generation;
        let index = self.old.iter().position(is_same)?;
        Some(self.old.swap_remove(index).1)
    }

    /// Hands meshes that are made to the renderer.
    fn take_meshes(&self, commands: &mut Commands, patches: &mut Patches, meshes: &mut Assets<Mesh>, left: &mut usize) {
        for patch in self.wanted.values() {
            if *left == 0 {
                return;
            }
            let Ok((_, _, Some(mut coming), _)) = patches.get_mut(patch.entity) else { continue };
            if let Some(mesh) = check_ready(&mut coming.0) {
                *left -= 1;
                commands.entity(patch.entity).remove::<ComingMesh>().insert(Mesh3d(meshes.add(mesh)));
            }
        }
    }

    /// Drops old patches whose place is taken, and shows those that are whole and in nobody's place.
    fn show_whole(&mut self, commands: &mut Commands, patches: &mut Patches) {
        let is_whole = |patch: &Shown| {
            patches.get(patch.entity).is_ok_and(|(status, _, _, has_mesh)| {
                has_mesh && matches!(status, SynthesisStatus::Finished | SynthesisStatus::Failed)
            })
        };
        let unfinished: Vec<PatchPlace> =
            self.wanted.iter().filter(|(_, patch)| !is_whole(patch)).map(|(place, _)| *place).collect();
        self.old.retain(|(place, patch)| {
            let stays = unfinished.iter().any(|other| other.overlaps(place));
            if !stays {
                commands.entity(patch.entity).try_despawn();
            }
            stays
        });
        for (place, patch) in self.wanted.iter_mut().filter(|(_, patch)| !patch.is_visible) {
            let is_free = !unfinished.contains(place) && !self.old.iter().any(|(other, _)| other.overlaps(place));
            if is_free && let Ok((_, mut visibility, ..)) = patches.get_mut(patch.entity) {
                *visibility = Visibility::Inherited;
                patch.is_visible = true;
            }
        }
    }
}

/// Drops the patches of a world that is no more.
pub(crate) fn clear_world(removed: On<Remove, WorldPatches>, mut commands: Commands, worlds: Query<&ShownPatches>) {
    let Ok(shown) = worlds.get(removed.entity) else { return };
    for patch in shown.wanted.values().chain(shown.old.iter().map(|(_, patch)| patch)) {
        commands.entity(patch.entity).try_despawn();
    }
    commands.entity(removed.entity).try_remove::<ShownPatches>();
}

/// Moves patches where another one lies at the world's place.
pub(crate) fn place_patches(
    worlds: Query<(&WorldPatches, &ShownPatches), Changed<WorldPatches>>,
    mut transforms: Query<&mut Transform, With<PatchPlace>>,
) {
    for (world, shown) in &worlds {
        let old = shown.old.iter().map(|(place, patch)| (place, patch));
        for (place, patch) in shown.wanted.iter().chain(old) {
            if let Ok(mut transform) = transforms.get_mut(patch.entity) {
                *transform = world.transform(place);
            }
        }
    }
}
