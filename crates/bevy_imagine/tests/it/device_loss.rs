//! A lost device: every result is made again behind the same handles, and lost memory is not counted.

use bevy::prelude::*;
use bevy::render::error_handler::{RenderError, RenderErrorHandler, RenderErrorPolicy};
use bevy::render::renderer::RenderDevice;
use bevy::render::settings::RenderCreation;
use bevy::render::{RenderApp, RenderStartup};
use bevy_imagine::prelude::*;

use crate::harness::{LARGE_BUDGET, TestApp, has_adapter};
use crate::memory::our_allocations;

const SIZE: UVec2 = UVec2::splat(64);

/// Number of devices so far.
#[derive(Resource, Default)]
struct Devices(u32);

#[test]
fn every_result_is_made_again_on_another_device() {
    if !has_adapter() {
        return;
    }
    let mut app = TestApp::with(|app| {
        app.insert_resource(RenderErrorHandler(recover));
        let count = |mut devices: ResMut<Devices>| devices.0 += 1;
        app.sub_app_mut(RenderApp).init_resource::<Devices>().add_systems(RenderStartup, count);
    });
    let noise = app.built_in("noise_material");
    let request = |seed| (Synthesis::new(noise.clone()).with_size(SIZE).with_seed(seed), MaterialTarget::default());
    let [alone, shared, sharing] = [1, 2, 2].map(|seed| app.spawn(request(seed)));
    app.settle();
    assert_eq!(app.events(), ["finished"; 3]);
    let handles = [alone, shared, sharing].map(|entity| app.texture(entity, TextureRole::BaseColor));
    let texels = handles.clone().map(|handle| app.read(&handle));
    let held = app.held_bytes();

    // One request is running, one changes while there is no device.
    app.set_budget(2.0);
    let (running, target) = request(3);
    let running = app.spawn((running.with_size(UVec2::splat(256)), target));
    app.update(3);
    assert_eq!(*app.get::<SynthesisStatus>(running), SynthesisStatus::Running);
    lose_device(&mut app);
    app.set_budget(LARGE_BUDGET);
    app.get_mut::<Synthesis>(alone).seed = 4;
    app.settle();
    let events = app.events();
    assert!(events.iter().all(|event| event == "finished"), "{events:?}");
    for (entity, handle, texels) in [(shared, &handles[1], &texels[1]), (sharing, &handles[2], &texels[2])] {
        assert_eq!(app.texture(entity, TextureRole::BaseColor), *handle, "materials need not change");
        assert_eq!(app.read(handle), *texels);
    }
    assert_ne!(app.read(&app.texture(alone, TextureRole::BaseColor)), texels[0]);
    assert!(app.has::<SynthesisTextures>(running));
    app.despawn(running);
    app.update(5);
    assert_eq!(app.held_bytes(), held);

    // A second time, at rest.
    lose_device(&mut app);
    app.settle();
    assert_eq!(app.read(&handles[1]), texels[1]);
    assert_eq!(app.held_bytes(), held);
    drop(handles);
    app.clear();
    assert_eq!(app.held_bytes(), 0);
    if let Some(left) = our_allocations(&app) {
        assert_eq!(left, [], "on the new device");
    }
}

/// A game's handler that goes on with another device.
fn recover(_: &RenderError, _: &mut World, _: &mut World) -> RenderErrorPolicy {
    RenderErrorPolicy::Recover(RenderCreation::Automatic(Box::default()))
}

/// Destroys the device, as a driver reset does, and updates until there is another one.
fn lose_device(app: &mut TestApp) {
    let devices = |app: &TestApp| app.app.sub_app(RenderApp).world().resource::<Devices>().0;
    let before = devices(app);
    let device = app.app.sub_app(RenderApp).world().resource::<RenderDevice>().wgpu_device();
    device.destroy();
    // A driver reports a loss at once; this one is reported when the queue is empty.
    device.poll(wgpu::PollType::wait_indefinitely()).ok();
    for _ in 0..100 {
        app.update(1);
        if devices(app) > before {
            return;
        }
    }
    panic!("there is no other device after 100 frames");
}
