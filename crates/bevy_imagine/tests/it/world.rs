//! Worlds: patches meet exactly, follow the anchors without holes, and release everything.

use std::collections::BTreeMap;
use std::ops::Range;

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, PatchPlace, generators};

use crate::harness::{TestApp, with_app};

/// Far from the origin, in texels.
const FAR: i32 = 1 << 26;

#[test]
fn patches_meet_exactly_in_any_order() {
    with_app(|app| {
        let generator = Generator::from(generators::load("noise_material").unwrap());
        let coats = [0.1, 0.9].map(|coat| BTreeMap::from([("coat".to_string(), Control::Number(coat))]));
        let weights = |at: DVec2, weights: &mut [f32]| {
            weights[0] = (0.5 + 0.5 * (at.x * 0.2).sin()) as f32;
            weights[1] = 1.0 - weights[0];
        };
        let fields = Biomes::new(coats.to_vec(), weights).fields(&generator, 0.25).unwrap();
        let generator = app.add(generator);
        let patch = |app: &mut TestApp, x: i32, size: UVec2| {
            let patch = WorldPatch { fields: Some(fields.clone()), ..WorldPatch::new(IVec2::new(x, -FAR)) };
            let synthesis = Synthesis::new(generator.clone()).with_size(size).with_seed(4);
            let target = ImageTarget { output: "base_color".into(), ..default() };
            let entity = app.finished((synthesis, target, patch));
            app.texels(entity, TextureRole::Image)
        };
        let right = patch(app, FAR + 40, UVec2::new(40, 24));
        let left = patch(app, FAR, UVec2::new(40, 24));
        let whole = patch(app, FAR, UVec2::new(80, 24));
        let row = 40 * 4;
        let joined: Vec<u8> = left.chunks(row).zip(right.chunks(row)).flat_map(|(l, r)| [l, r].concat()).collect();
        assert!(joined == whole && left != right);
    });
}

#[test]
fn a_coarse_patch_is_a_mip_of_the_fine_one() {
    with_app(|app| {
        let levels = |app: &mut TestApp, mip: u32, size: UVec2| {
            let target = ImageTarget { output: "color".into(), mips: true, ..default() };
            let patch = WorldPatch { mip, ..WorldPatch::new(IVec2::new(-FAR, 96)) };
            let entity = app.finished((Synthesis::new(app.noise()).with_size(size), target, patch));
            app.read(&app.texture(entity, TextureRole::Image))
        };
        let fine = levels(app, 0, UVec2::new(48, 32));
        assert_eq!(levels(app, 2, UVec2::new(12, 8)), fine[2..]);
    });
}

#[test]
fn impossible_patches_are_reported() {
    with_app(|app| {
        let request = Synthesis::new(app.noise()).with_size(UVec2::splat(16));
        app.spawn((request.clone(), ImageTarget::default(), WorldPatch::default(), Living::default()));
        let sky = Synthesis { generator: app.built_in("cloudy_sky"), ..request };
        app.spawn((sky.clone(), ImageTarget::default(), WorldPatch::default()));
        app.spawn((sky, SkyTarget::default(), WorldPatch::default()));
        app.settle();
        let events = app.events().join("\n");
        for message in ["cannot be combined with Living", "sphere", "cannot be combined with a sky"] {
            assert!(events.contains(message), "{events}");
        }
    });
}

/// A world of 16 texels per patch around an anchor, settled. Returns world and anchor.
fn spawn_world(app: &mut TestApp) -> [Entity; 2] {
    let (texels, border, patch_size, levels, cells) = (16, 2, 4.0, 3, 4);
    let world = WorldPatches { texels, border, patch_size, levels, cells, ..WorldPatches::new(app.noise()) };
    let world = app.spawn((world, WorldHeight::new(|at| (at.x * 0.1).sin() as f32)));
    let anchor = app.spawn((WorldAnchor, Transform::from_xyz(2.0, 0.0, 2.0)));
    settle(app);
    [world, anchor]
}

#[test]
fn patches_follow_the_anchor_without_holes() {
    with_app(|app| {
        let [world, anchor] = spawn_world(app);
        let found = patches(app);
        assert!(found.iter().all(|(_, is_visible)| *is_visible), "{found:?}");
        // Three by three of the coarsest level, each four patches wide.
        assert!(is_covered(&found, -4..8));

        // On the way, the area that stays in reach is covered once in every frame.
        app.get_mut::<Transform>(anchor).translation.x += 16.0;
        for _ in 0..200 {
            app.update(1);
            let found = patches(app);
            assert!(is_covered(&found, 0..8), "{found:?}");
        }
        settle(app);
        let found = patches(app);
        assert!(is_covered(&found, 0..12) && found.iter().all(|(_, is_visible)| *is_visible));
        assert_eq!(cover(&found, [-2, 0]), 0, "patches left behind are despawned");
        let finest = found.iter().filter(|(place, _)| place.level == 0).map(|(place, _)| place.column).min();
        assert!(finest.is_some_and(|column| column > 0), "{finest:?}");

        app.despawn(world);
        app.update(5);
        assert!(patches(app).is_empty());
        assert_eq!(app.held_bytes(), 0);
    });
}

#[test]
fn old_patches_stay_until_a_new_seed_is_complete() {
    with_app(|app| {
        let [world, _] = spawn_world(app);
        let entities = |app: &mut TestApp| -> Vec<Entity> {
            let world = app.app.world_mut();
            world.query_filtered::<Entity, With<PatchPlace>>().iter(world).collect()
        };
        let old = entities(app);
        app.get_mut::<WorldPatches>(world).seed = 9;
        for _ in 0..100 {
            app.update(1);
            let found = patches(app);
            assert!(is_covered(&found, -4..8), "{found:?}");
        }
        settle(app);
        assert!(entities(app).iter().all(|entity| !old.contains(entity)));
    });
}

#[cfg(feature = "default_generators")]
#[test]
fn coarse_patches_by_example_show_the_stones_of_fine_ones() {
    with_app(|app| {
        let generator: Handle<Generator> =
            app.app.world().resource::<AssetServer>().load(bevy_imagine::default_generators::RED_BRICKS);
        app.spawn((WorldAnchor, Transform::from_xyz(1.0, 0.0, 1.0)));
        // The linear colours of the only patch of a world of `levels`.
        let mut colors = |levels: u32| {
            let (texels, border, radius, detail) = (64, 0, 0, 0.0);
            let world = WorldPatches { texels, border, levels, radius, detail, ..WorldPatches::new(generator.clone()) };
            let world = app.spawn(world);
            app.app.update();
            while app.app.world().resource::<Assets<Generator>>().get(&generator).is_none() {
                app.update(1);
            }
            settle(app);
            let [patch] = app.app.world().get::<Children>(world).unwrap()[..] else { panic!("one patch") };
            assert_eq!(app.get::<PatchPlace>(patch).level, levels - 1);
            let texels = app.texels(patch, TextureRole::BaseColor);
            app.despawn(world);
            app.update(5);
            let linear = |code: u8| (f32::from(code) / 255.0).powf(2.2);
            texels.chunks(4).map(|texel| [0, 1, 2].map(|i| linear(texel[i]))).collect::<Vec<_>>()
        };
        let (fine, coarse) = (colors(1), colors(2));
        let difference = |down: usize, right: usize| {
            let cells = (0..32 * 32).map(|i| {
                let (y, x) = (i / 32, i % 32);
                let mean = |c: usize| {
                    let at = |dy: usize, dx: usize| fine[(2 * y + dy) * 64 + 2 * x + dx][c];
                    (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0
                };
                (0..3).map(|c| (coarse[(y + down) * 64 + x + right][c] - mean(c)).abs()).sum::<f32>()
            });
            cells.sum::<f32>()
        };
        assert!(2.0 * difference(0, 0) < difference(32, 32), "{} and {}", difference(0, 0), difference(32, 32));
    });
}

/// All patches, and whether each is visible.
fn patches(app: &mut TestApp) -> Vec<(PatchPlace, bool)> {
    let world = app.app.world_mut();
    let mut patches = world.query::<(&PatchPlace, &Visibility)>();
    patches.iter(world).map(|(place, visibility)| (*place, *visibility == Visibility::Inherited)).collect()
}

/// Number of visible patches over a place, which is in patches of level 0.
fn cover(patches: &[(PatchPlace, bool)], [column, row]: [i32; 2]) -> usize {
    let here = PatchPlace { level: 0, column, row };
    patches.iter().filter(|(place, is_visible)| *is_visible && place.overlaps(&here)).count()
}

/// Whether exactly one visible patch covers every place of these columns.
fn is_covered(patches: &[(PatchPlace, bool)], columns: Range<i32>) -> bool {
    columns.flat_map(|column| (-4..8).map(move |row| [column, row])).all(|place| cover(patches, place) == 1)
}

/// Updates until all patches are complete and visible.
fn settle(app: &mut TestApp) {
    for _ in 0..400 {
        app.settle();
        app.update(2);
        let found = patches(app);
        if !found.is_empty() && found.iter().all(|(_, is_visible)| *is_visible) {
            return;
        }
    }
    panic!("patches are not visible: {:?}", patches(app));
}
