//! A world: parts of it meet in the textures themselves, patches follow the cameras without holes, and all is given back.

use std::collections::BTreeMap;

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, PatchPlace, generators};

use crate::stage::{SMALL_BUDGET, Stage};

const FILE: &str = "noise.generator.safetensors";
/// Far from the origin, in texels.
const FAR: i32 = 1 << 26;

pub fn run(stage: &mut Stage) {
    stage.app.world_mut().resource_mut::<ImagineBudget>().milliseconds = 500.0;
    parts_meet_in_any_order(stage);
    a_coarse_part_is_a_mip_of_the_fine_one(stage);
    what_does_not_go_together_is_told(stage);
    patches_follow_the_camera_without_holes(stage);
    stage.app.world_mut().resource_mut::<ImagineBudget>().milliseconds = SMALL_BUDGET;
}

/// Sends a request for a part of the world in colour, without mips.
fn part(stage: &mut Stage, generator: &Handle<Generator>, patch: WorldPatch, size: UVec2) -> Entity {
    let synthesis = Synthesis::new(generator.clone()).with_size(size).with_seed(4);
    let target = ImageTarget { output: "base_color".into(), ..default() };
    stage.app.world_mut().spawn((synthesis, target, patch)).id()
}

fn texels(stage: &mut Stage, entity: Entity) -> Vec<u8> {
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let texels = stage.read(&stage.map(entity, TextureRole::Image)).remove(0).2;
    stage.app.world_mut().despawn(entity);
    texels
}

fn parts_meet_in_any_order(stage: &mut Stage) {
    let generator = Generator::from(generators::load("noise_material").unwrap());
    let coats = [0.1, 0.9].map(|coat| BTreeMap::from([("coat".to_string(), Control::Number(coat))]));
    let shares = |at: DVec2, shares: &mut [f32]| {
        shares[0] = (0.5 + 0.5 * (at.x * 0.2).sin()) as f32;
        shares[1] = 1.0 - shares[0];
    };
    let fields = Biomes::new(coats.to_vec(), shares).fields(&generator, 0.25).unwrap();
    let generator = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(generator);
    let at = |x: i32, y: i32| WorldPatch { fields: Some(fields.clone()), ..WorldPatch::new(IVec2::new(x, y)) };
    let size = UVec2::new(40, 24);
    let right = part(stage, &generator, at(FAR + 40, -FAR), size);
    let right = texels(stage, right);
    let left = part(stage, &generator, at(FAR, -FAR), size);
    let left = texels(stage, left);
    let whole = part(stage, &generator, at(FAR, -FAR), UVec2::new(80, 24));
    let whole = texels(stage, whole);
    let row = 40 * 4;
    let joined: Vec<u8> = left.chunks(row).zip(right.chunks(row)).flat_map(|(l, r)| [l, r].concat()).collect();
    assert!(joined == whole);
    assert!(left != right);
}

fn a_coarse_part_is_a_mip_of_the_fine_one(stage: &mut Stage) {
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    let levels = |stage: &mut Stage, mip: u32, size: UVec2| {
        let target = ImageTarget { output: "color".into(), mips: true, ..default() };
        let patch = WorldPatch { mip, ..WorldPatch::new(IVec2::new(-FAR, 96)) };
        let request = Synthesis::new(generator.clone()).with_size(size);
        let entity = stage.app.world_mut().spawn((request, target, patch)).id();
        stage.settle();
        assert_eq!(stage.told(), ["finished"]);
        let levels = stage.read(&stage.map(entity, TextureRole::Image));
        stage.app.world_mut().despawn(entity);
        levels
    };
    let fine = levels(stage, 0, UVec2::new(48, 32));
    assert_eq!(levels(stage, 2, UVec2::new(12, 8)), fine[2..]);
}

fn what_does_not_go_together_is_told(stage: &mut Stage) {
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    let request = Synthesis::new(generator).with_size(UVec2::splat(16));
    let living = (request.clone(), ImageTarget::default(), WorldPatch::default(), Living::default());
    let living = stage.app.world_mut().spawn(living).id();
    let sky = Generator::from(generators::load("cloudy_sky").unwrap());
    let sky = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(sky);
    let sky = Synthesis { generator: sky, ..request };
    let sky = stage.app.world_mut().spawn((sky, ImageTarget::default(), WorldPatch::default())).id();
    stage.settle();
    let told = stage.told().join("\n");
    assert!(told.contains("does not go with Living") && told.contains("sphere"), "{told}");
    [living, sky].into_iter().for_each(|entity| _ = stage.app.world_mut().despawn(entity));
}

/// Patches of the world, whether they are seen.
fn patches(stage: &mut Stage) -> Vec<(PatchPlace, bool)> {
    let world = stage.app.world_mut();
    let mut patches = world.query::<(&PatchPlace, &Visibility)>();
    patches.iter(world).map(|(place, visibility)| (*place, *visibility == Visibility::Inherited)).collect()
}

/// How many seen patches lie over a place, in patches of level 0.
fn over(patches: &[(PatchPlace, bool)], [column, row]: [i32; 2]) -> usize {
    let here = PatchPlace { level: 0, column, row };
    patches.iter().filter(|(place, is_seen)| *is_seen && place.overlaps(&here)).count()
}

fn patches_follow_the_camera_without_holes(stage: &mut Stage) {
    let before = stage.held_bytes();
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    let world =
        WorldPatches { texels: 16, border: 2, patch_size: 4.0, levels: 3, cells: 4, ..WorldPatches::new(generator) };
    let height = WorldHeight::new(|at| (at.x * 0.1).sin() as f32);
    let world = stage.app.world_mut().spawn((world, height)).id();
    let anchor = stage.app.world_mut().spawn((WorldAnchor, Transform::from_xyz(2.0, 0.0, 2.0))).id();
    settle(stage);
    let found = patches(stage);
    assert!(found.iter().all(|(_, is_seen)| *is_seen), "{found:?}");
    // Three by three of the coarsest level, each four patches wide.
    let covered = |found: &[(PatchPlace, bool)], columns: std::ops::Range<i32>| {
        columns.flat_map(|column| (-4..8).map(move |row| [column, row])).all(|place| over(found, place) == 1)
    };
    assert!(covered(&found, -4..8));
    assert!(stage.held_bytes() > before);

    // On the way, what stays in reach is seen in every frame, once.
    stage.app.world_mut().get_mut::<Transform>(anchor).unwrap().translation.x += 16.0;
    for _ in 0..200 {
        stage.app.update();
        let found = patches(stage);
        assert!(covered(&found, 0..8), "{found:?}");
    }
    settle(stage);
    let found = patches(stage);
    assert!(covered(&found, 0..12) && found.iter().all(|(_, is_seen)| *is_seen));
    assert!(over(&found, [-2, 0]) == 0, "what is left behind is given up");
    let finest = found.iter().filter(|(place, _)| place.level == 0).map(|(place, _)| place.column).min();
    assert!(finest.is_some_and(|column| column > 0), "{finest:?}");

    // Another seed: the old picture stays until the new one is whole.
    let entities = |stage: &mut Stage| -> Vec<Entity> {
        let world = stage.app.world_mut();
        world.query_filtered::<Entity, With<PatchPlace>>().iter(world).collect()
    };
    let old = entities(stage);
    stage.app.world_mut().get_mut::<WorldPatches>(world).unwrap().seed = 9;
    for _ in 0..100 {
        stage.app.update();
        let found = patches(stage);
        assert!(covered(&found, 0..12), "{found:?}");
    }
    settle(stage);
    assert!(entities(stage).iter().all(|entity| !old.contains(entity)));

    stage.app.world_mut().despawn(world);
    stage.app.world_mut().despawn(anchor);
    (0..5).for_each(|_| stage.app.update());
    assert!(patches(stage).is_empty());
    assert_eq!(stage.held_bytes(), before);
    stage.told();
}

/// Updates until all patches are whole and seen, or the test has waited long enough.
fn settle(stage: &mut Stage) {
    for _ in 0..400 {
        stage.settle();
        (0..2).for_each(|_| stage.app.update());
        let found = patches(stage);
        if !found.is_empty() && found.iter().all(|(_, is_seen)| *is_seen) {
            return;
        }
    }
    panic!("patches are not seen: {:?}", patches(stage));
}
