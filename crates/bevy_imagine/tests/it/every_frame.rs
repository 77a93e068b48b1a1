//! Results that follow the picture of a camera in every frame.

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy_imagine::SynthesisError;
use bevy_imagine::prelude::*;

use crate::generators::{fading, inverted};
use crate::harness::{LARGE_BUDGET, SMALL_BUDGET, TestApp, with_app};

const SIDE: u32 = 16;

/// A camera that sees one colour, the picture that it draws, and a request for the inverted picture.
fn follow(app: &mut TestApp, shade: u8) -> (Entity, Handle<Image>, Entity) {
    let view = app.app.world_mut().resource_mut::<Assets<Image>>().add(picture(SIDE));
    let camera = Camera { clear_color: color(shade), ..default() };
    let camera = app.spawn((Camera2d, camera, RenderTarget::Image(view.clone().into())));
    app.update(3);
    let generator = app.add(inverted());
    let request = Synthesis::new(generator).with_size(UVec2::splat(SIDE)).with_image("photo", view.clone());
    let entity = app.finished((request, EveryFrame, ImageTarget::default()));
    (camera, view, entity)
}

/// An image for a camera that tests can read.
fn picture(side: u32) -> Image {
    let mut image = Image::new_target_texture(side, side, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image
}

fn color(shade: u8) -> ClearColorConfig {
    ClearColorConfig::Custom(Color::srgb_u8(shade, shade, shade))
}

fn shown(app: &TestApp, entity: Entity) -> u8 {
    app.texels(entity, TextureRole::Image)[0]
}

fn is_near(found: u8, wanted: u8) -> bool {
    found.abs_diff(wanted) <= 1
}

#[test]
fn a_result_follows_a_camera() {
    with_app(|app| {
        let (camera, view, entity) = follow(app, 200);
        assert!(is_near(shown(app, entity), 55), "{}", shown(app, entity));
        let held = app.held_bytes();
        for shade in [10, 90, 250] {
            app.get_mut::<Camera>(camera).clear_color = color(shade);
            app.update(2);
            assert!(is_near(app.read(&view)[0].2[0], shade));
            let found = shown(app, entity);
            assert!(is_near(found, 255 - shade), "{found} of {shade}, a frame after the camera");
        }
        app.update(20);
        assert_eq!(
            (app.held_bytes(), app.events()),
            (held, Vec::new()),
            "nothing is allocated, nothing finishes again"
        );

        // Another texture behind the same handle.
        let mut images = app.app.world_mut().resource_mut::<Assets<Image>>();
        images.insert(view.id(), picture(2 * SIDE)).unwrap();
        app.settle();
        app.update(3);
        assert!(is_near(shown(app, entity), 5), "{}", shown(app, entity));

        // A small budget makes it slower, and other work goes first.
        app.set_budget(SMALL_BUDGET);
        app.get_mut::<Camera>(camera).clear_color = color(100);
        app.update(40);
        assert!(is_near(shown(app, entity), 155), "{}", shown(app, entity));
        app.set_budget(LARGE_BUDGET);

        app.events();
        app.app.world_mut().entity_mut(entity).remove::<EveryFrame>();
        app.expect_finished();
        app.get_mut::<Camera>(camera).clear_color = color(0);
        app.update(5);
        assert!(is_near(shown(app, entity), 155), "at rest: {}", shown(app, entity));
    });
}

#[test]
fn what_cannot_follow_says_so() {
    with_app(|app| {
        let [generator, recurrent] = [inverted(), fading()].map(|generator| app.add(generator));
        let size = UVec2::splat(SIDE);
        let image = app.app.world_mut().resource_mut::<Assets<Image>>().add(Image::default());
        let request = Synthesis::new(generator).with_size(size).with_image("photo", image);
        app.spawn((Synthesis::new(recurrent).with_size(size), EveryFrame, ImageTarget::default()));
        app.settle();
        let no_images = SynthesisError::NoImages { generator: "fading".into() };
        assert_eq!(app.events(), [no_images.to_string()]);
        app.spawn((request, EveryFrame, Living::default(), ImageTarget::default()));
        app.settle();
        let conflict =
            SynthesisError::Conflict { generator: "inverted".into(), component: "EveryFrame", with: "Living" };
        assert_eq!(app.events(), [conflict.to_string()]);
    });
}
