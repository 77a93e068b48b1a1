//! Results in a user interface, and cameras whose targets change.

use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy_imagine::prelude::*;

use crate::generators::flat;
use crate::harness::{LARGE_BUDGET, TestApp, with_app};

/// Pixels along the screen, and texels along the results.
const SCREEN: u32 = 64;
const SIDE: u32 = 16;

#[test]
fn a_node_shows_a_result_behind_a_reserved_handle() {
    with_app(|app| {
        let generator = app.add(flat());
        let screen = app.app.world_mut().resource_mut::<Assets<Image>>().add(screen());
        // A camera that draws into an image is not a UI camera by default.
        app.spawn((Camera2d, RenderTarget::Image(screen.clone().into()), IsDefaultUiCamera));
        // One node as large as its image, one with a size of its own.
        let requests = [(0.0, Val::Auto), (32.0, px(24))].map(|(left, size)| {
            let image = app.app.world().resource::<Assets<Image>>().reserve_handle();
            let (left, top, position_type) = (px(left), px(0), PositionType::Absolute);
            let place = Node { position_type, left, top, width: size, height: size, ..default() };
            app.spawn((ImageNode::new(image.clone()), place));
            app.update(3);
            let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_control("shade", 1.0);
            app.spawn((synthesis, ImageTarget::new(image)))
        });
        app.settle();
        app.update(4);
        let at = |app: &TestApp, x: u32, y: u32| app.read(&screen)[0].2[((y * SCREEN + x) * 4) as usize];
        let background = at(app, 2, 60);
        assert!(background < 100, "{background}");
        assert_eq!([at(app, 8, 8), at(app, 44, 12), at(app, 53, 20)], [255; 3], "white nodes");
        assert_eq!([at(app, 20, 8), at(app, 8, 20), at(app, 60, 12)], [background; 3], "outside the nodes");

        // Another result behind the same handle, and one of another size.
        for request in requests {
            app.get_mut::<Synthesis>(request).controls.insert("shade".into(), 0.5.into());
        }
        app.get_mut::<Synthesis>(requests[0]).size = UVec2::splat(SIDE + 8);
        app.settle();
        app.update(4);
        let shades = [at(app, 8, 8), at(app, 22, 22), at(app, 44, 12)];
        assert!(shades.iter().all(|shade| shade.abs_diff(128) <= 1), "grey nodes: {shades:?}");
        assert_eq!(at(app, 28, 8), background);
    });
}

#[test]
fn a_screen_may_change_its_size_during_a_job() {
    with_app(|app| {
        let noise = app.built_in("noise_material");
        let surface = app.app.world_mut().resource_mut::<Assets<Image>>().add(screen());
        app.spawn((Camera2d, RenderTarget::Image(surface.clone().into())));
        let request = Synthesis::new(noise).with_size(UVec2::splat(64));
        let entity = app.finished((request.clone(), MaterialTarget::default()));
        let expected = app.read(&app.texture(entity, TextureRole::BaseColor));
        app.despawn(entity);
        app.set_budget(0.05);
        let entity = app.spawn((request, MaterialTarget::default()));
        for side in 0..12 {
            let extent = Extent3d { width: 32 + side, height: 96 - side, depth_or_array_layers: 1 };
            app.app.world_mut().resource_mut::<Assets<Image>>().get_mut(&surface).unwrap().resize(extent);
            app.update(1);
        }
        assert_ne!(*app.get::<SynthesisStatus>(entity), SynthesisStatus::Finished);
        app.set_budget(LARGE_BUDGET);
        app.settle();
        assert_eq!(app.read(&app.texture(entity, TextureRole::BaseColor)), expected);
        let (width, height, _) = app.read(&surface)[0];
        assert_eq!((width, height), (43, 85));
    });
}

/// An image that a camera draws into.
fn screen() -> Image {
    let extent = Extent3d { width: SCREEN, height: SCREEN, depth_or_array_layers: 1 };
    let (format, usages) = (TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD);
    let mut image = Image::new_uninit(extent, TextureDimension::D2, format, usages);
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    image
}
