//! A lost device: Bevy gets another one, every result comes again behind the same handles, and what was lost is not counted.

use bevy::prelude::*;
use bevy::render::error_handler::{RenderError, RenderErrorHandler, RenderErrorPolicy};
use bevy::render::renderer::RenderDevice;
use bevy::render::settings::RenderCreation;
use bevy::render::{RenderApp, RenderStartup};
use bevy_imagine::generators;
use bevy_imagine::prelude::*;

use crate::memory::our_allocations;
use crate::stage::{self, Stage};

const SIZE: UVec2 = UVec2::splat(64);

#[test]
fn everything_comes_again_on_another_device() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::with(nothing.path(), |app| {
        app.insert_resource(RenderErrorHandler(recover));
        let count = |mut devices: ResMut<Devices>| devices.0 += 1;
        app.sub_app_mut(RenderApp).init_resource::<Devices>().add_systems(RenderStartup, count);
    });
    let noise = Generator::from(generators::load("noise_material").unwrap());
    let noise = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(noise);
    stage.app.insert_resource(ImagineBudget { milliseconds: 2.0 });
    let request = |seed| Synthesis::new(noise.clone()).with_size(SIZE).with_seed(seed);
    let [alone, shared, sharing] =
        [1, 2, 2].map(|seed| stage.app.world_mut().spawn((request(seed), MaterialTarget::default())).id());
    stage.settle();
    assert_eq!(stage.told(), ["finished"; 3]);
    let map = |stage: &Stage, entity| stage.map(entity, TextureRole::BaseColor);
    let handles = [alone, shared, sharing].map(|entity| map(&stage, entity));
    let texels = handles.clone().map(|handle| stage.read(&handle));
    let held = stage.held_bytes();

    // One request is in the middle of its work, one changes while there is no device.
    let working =
        stage.app.world_mut().spawn((request(3).with_size(UVec2::splat(256)), MaterialTarget::default())).id();
    (0..3).for_each(|_| stage.app.update());
    assert_eq!(stage.app.world().get(working), Some(&SynthesisStatus::Running));
    lose_device(&mut stage);
    stage.app.insert_resource(ImagineBudget { milliseconds: 100.0 });
    stage.app.world_mut().get_mut::<Synthesis>(alone).unwrap().seed = 4;
    stage.settle();
    let told = stage.told();
    assert!(told.iter().all(|told| told == "finished"), "{told:?}");

    for (entity, handle, texels) in [(shared, &handles[1], &texels[1]), (sharing, &handles[2], &texels[2])] {
        assert_eq!(map(&stage, entity), *handle, "materials need not be touched");
        assert_eq!(stage.read(handle), *texels);
    }
    assert_ne!(stage.read(&map(&stage, alone)), texels[0]);
    assert!(stage.app.world().get::<SynthesisTextures>(working).is_some());
    stage.app.world_mut().despawn(working);
    (0..5).for_each(|_| stage.app.update());
    assert_eq!(stage.held_bytes(), held);

    // A second time, at rest. Then nothing is left, of which device ever.
    lose_device(&mut stage);
    stage.settle();
    assert_eq!(stage.read(&handles[1]), texels[1]);
    assert_eq!(stage.held_bytes(), held);
    drop(handles);
    for entity in stage.requests() {
        stage.app.world_mut().despawn(entity);
    }
    (0..5).for_each(|_| stage.app.update());
    assert_eq!(stage.held_bytes(), 0);
    if let Some(left) = our_allocations(&stage) {
        assert_eq!(left, [], "of the new device");
    }
}

/// What a game answers that wants to go on.
fn recover(_: &RenderError, _: &mut World, _: &mut World) -> RenderErrorPolicy {
    RenderErrorPolicy::Recover(RenderCreation::Automatic(Box::default()))
}

/// How many devices there have been.
#[derive(Resource, Default)]
struct Devices(u32);

/// Takes the device away, as a driver does that was reset, and makes frames until there is another one.
fn lose_device(stage: &mut Stage) {
    let devices = |stage: &Stage| stage.app.sub_app(RenderApp).world().resource::<Devices>().0;
    let before = devices(stage);
    let device = stage.app.sub_app(RenderApp).world().resource::<RenderDevice>().wgpu_device();
    device.destroy();
    // A driver's loss is told at once, this one when the queue is empty.
    device.poll(wgpu::PollType::wait_indefinitely()).ok();
    for _ in 0..100 {
        stage.app.update();
        if devices(stage) > before {
            return;
        }
    }
    panic!("there is no other device after 100 frames");
}
