//! Requests: equal ones share a result, mistakes are reported, and nothing is left behind.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineStats, SynthesisTextures};

use crate::harness::{BAD, NOISE, SMALL_BUDGET, with_app};

const SIZE: UVec2 = UVec2::new(24, 16);

#[test]
fn equal_requests_share_a_result_until_one_changes() {
    with_app(|app| {
        let one = app.request(SIZE, 40);
        app.settle();
        let bytes_of_one = app.held_bytes();
        let two = app.request(SIZE, 40);
        app.settle();
        assert_eq!(app.events(), ["finished", "finished"]);
        assert_eq!(app.held_bytes(), bytes_of_one, "the second request holds nothing of its own");
        let color = app.texture(one, TextureRole::BaseColor);
        assert_eq!(app.texture(two, TextureRole::BaseColor), color);
        let texels = app.read(&color);

        app.get_mut::<Synthesis>(two).seed = 41;
        app.settle();
        let other = app.texture(two, TextureRole::BaseColor);
        assert_ne!(other, color, "a shared texture is not overwritten");
        assert_eq!(app.read(&color), texels);
        assert_ne!(app.read(&other), texels);

        // Back again while the first is gone: synthesised again, the same to the byte.
        app.despawn(one);
        app.get_mut::<Synthesis>(two).seed = 40;
        app.settle();
        assert_eq!(app.texture(two, TextureRole::BaseColor), other, "its own textures are reused");
        assert_eq!(app.read(&other), texels);
    });
}

#[test]
fn mistakes_in_a_request_are_reported() {
    with_app(|app| {
        let good = Synthesis::new(app.noise()).with_size(SIZE);
        let mistakes = [
            (good.clone().with_control("wetness", 0.5), "no input \"wetness\""),
            (good.clone().with_control("tint", 2.0), "0 to 1"),
            (good.clone().with_control("tint", "much"), "a number"),
            (good.clone().with_image("photo", Handle::default()), "no image or mask input \"photo\""),
            (Synthesis { steps: Some(3), ..good.clone() }, "not recurrent"),
        ];
        for (request, message) in mistakes {
            let entity = app.spawn((request, MaterialTarget::default()));
            app.settle();
            let events = app.events();
            assert!(events.len() == 1 && events[0].contains(message), "{message}: {events:?}");
            app.despawn(entity);
        }
    });
}

#[test]
fn a_control_changes_the_result() {
    with_app(|app| {
        let request = Synthesis::new(app.noise()).with_size(SIZE).with_control("tint", 0.0);
        let entity = app.finished((request, MaterialTarget::default()));
        let texels = app.texels(entity, TextureRole::BaseColor);
        assert!(texels.chunks(4).all(|texel| texel[..3] == [0; 3]), "tint 0 is black");
    });
}

#[test]
fn unsuitable_targets_are_reported() {
    with_app(|app| {
        let request = Synthesis::new(app.noise()).with_size(SIZE);
        app.spawn(request.clone());
        app.settle();
        app.spawn((request.clone(), SkyTarget::default()));
        app.settle();
        app.spawn((request.clone(), MaterialTarget::default(), SpriteTarget::sheet(2, 1)));
        app.settle();
        app.spawn((request, ImageTarget { output: "metalness".into(), ..default() }));
        app.settle();
        let events = app.events();
        let expected = [
            "add a MaterialTarget",
            "no output \"radiance\" for a sky",
            "need [1, 2] images",
            "no output \"metalness\"",
        ];
        assert_eq!(events.len(), expected.len(), "{events:?}");
        for (event, expected) in events.iter().zip(expected) {
            assert!(event.contains(expected), "{expected:?} is not in {event:?}");
        }
    });
}

#[test]
fn requests_despawned_at_any_time_leave_nothing_behind() {
    with_app(|app| {
        app.set_budget(SMALL_BUDGET);
        for round in 0..18 {
            let entity = app.request(SIZE, 100 + round);
            match round % 6 {
                0 => app.settle(),
                frames => app.update(frames as usize % 3),
            }
            app.despawn(entity);
        }
        app.update(3);
        assert_eq!(app.held_bytes(), 0);
        let world = app.app.world_mut();
        assert_eq!(world.query::<&SynthesisTextures>().iter(world).count(), 0);
        assert_eq!(world.resource::<ImagineStats>().get().queue, 0);
    });
}

#[test]
fn warm_ups_finish_with_their_result() {
    #[derive(Resource, Default)]
    struct Warm(Vec<bool>);
    with_app(|app| {
        app.app.init_resource::<Warm>();
        app.app.add_observer(|event: On<WarmUpFinished>, mut warm: ResMut<Warm>| warm.0.push(event.result.is_ok()));
        for (count, file) in [(1, NOISE), (2, BAD)] {
            let generator = app.app.world().resource::<AssetServer>().load(file);
            app.trigger(WarmUp { generator });
            for _ in 0..200 {
                app.update(1);
                std::thread::sleep(std::time::Duration::from_millis(1));
                if app.app.world().resource::<Warm>().0.len() == count {
                    break;
                }
            }
        }
        assert_eq!(app.app.world().resource::<Warm>().0, [true, false]);
    });
}
