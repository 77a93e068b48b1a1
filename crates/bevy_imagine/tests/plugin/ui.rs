//! Results in a user interface: an `ImageNode` shows what comes behind a handle that was only reserved when the node was made.

use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy_imagine::prelude::*;
use imagine_graph::{Card, Dim, Graph, InputKind, OutputKind, RandomUniform, SizeRule};

use crate::stage::{self, Stage};

/// Pixels along the screen, and texels along the results.
const SCREEN: u32 = 64;
const SIDE: u32 = 16;

#[test]
fn nodes_show_what_comes_later_behind_a_reserved_handle() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(nothing.path());
    let generator = Generator::new("flat", &flat()).unwrap();
    let generator = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(generator);
    let screen = stage.app.world_mut().resource_mut::<Assets<Image>>().add(screen(SCREEN));
    // A camera that draws into an image is no camera of the interface unless it is said to be one.
    stage.app.world_mut().spawn((Camera2d, RenderTarget::Image(screen.clone().into()), IsDefaultUiCamera));
    // One node as large as its image, one of a size of its own.
    let requests: Vec<Entity> = [(0.0, None), (32.0, Some(24.0))]
        .map(|(left, width)| {
            let image = stage.app.world().resource::<Assets<Image>>().reserve_handle();
            let size = width.map_or(Val::Auto, Val::Px);
            let place = Node {
                position_type: PositionType::Absolute,
                left: px(left),
                top: px(0),
                width: size,
                height: size,
                ..default()
            };
            stage.app.world_mut().spawn((ImageNode::new(image.clone()), place));
            (0..3).for_each(|_| stage.app.update());
            let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_control("shade", 1.0);
            stage.app.world_mut().spawn((synthesis, ImageTarget::new(image))).id()
        })
        .into();
    stage.settle();
    (0..4).for_each(|_| stage.app.update());
    let at = |stage: &Stage, x: u32, y: u32| stage.read(&screen)[0].2[((y * SCREEN + x) * 4) as usize];
    let background = at(&stage, 2, 60);
    assert!(background < 100, "{background}");
    assert_eq!([at(&stage, 8, 8), at(&stage, 44, 12), at(&stage, 53, 20)], [255; 3], "white nodes");
    assert_eq!(
        [at(&stage, 20, 8), at(&stage, 8, 20), at(&stage, 60, 12)],
        [background; 3],
        "nodes end where they should"
    );

    // Another result behind the same handle, and one of another size.
    for request in &requests {
        let mut request = stage.app.world_mut().get_mut::<Synthesis>(*request).unwrap();
        request.controls.insert("shade".into(), 0.5.into());
    }
    stage.app.world_mut().get_mut::<Synthesis>(requests[0]).unwrap().size = UVec2::splat(SIDE + 8);
    stage.app.update();
    stage.settle();
    (0..4).for_each(|_| stage.app.update());
    let shades = [at(&stage, 8, 8), at(&stage, 22, 22), at(&stage, 44, 12)];
    assert!(shades.iter().all(|shade| shade.abs_diff(128) <= 1), "grey nodes: {shades:?}");
    assert_eq!(at(&stage, 28, 8), background);
}

#[test]
fn a_screen_that_changes_its_size_in_the_middle_of_work_changes_nothing() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(nothing.path());
    let noise = Generator::from(bevy_imagine::generators::load("noise_material").unwrap());
    let noise = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(noise);
    let surface = stage.app.world_mut().resource_mut::<Assets<Image>>().add(screen(SCREEN));
    stage.app.world_mut().spawn((Camera3d::default(), RenderTarget::Image(surface.clone().into())));
    let request = Synthesis::new(noise).with_size(UVec2::splat(64));
    let still = stage.app.world_mut().spawn((request.clone(), MaterialTarget::default())).id();
    stage.settle();
    let expected = stage.read(&stage.map(still, TextureRole::BaseColor));
    stage.app.world_mut().despawn(still);
    let moved = stage.app.world_mut().spawn((request, MaterialTarget::default())).id();
    for side in 0..40 {
        let extent = Extent3d { width: 32 + side, height: 96 - side, depth_or_array_layers: 1 };
        stage.app.world_mut().resource_mut::<Assets<Image>>().get_mut(&surface).unwrap().resize(extent);
        stage.app.update();
    }
    stage.settle();
    assert_eq!(stage.read(&stage.map(moved, TextureRole::BaseColor)), expected);
    assert_eq!((stage.read(&surface)[0].0, stage.read(&surface)[0].1), (71, 57));
}

/// What a camera draws into.
fn screen(side: u32) -> Image {
    let extent = Extent3d { width: side, height: side, depth_or_array_layers: 1 };
    let (format, usages) = (TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD);
    let mut image = Image::new_uninit(extent, TextureDimension::D2, format, usages);
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    image
}

/// One shade of grey.
fn flat() -> imagine_graph::Generator {
    let mut graph = Graph::default();
    graph.input("shade", InputKind::Range { min: 0.0, max: 1.0, default: 0.0 }, vec![Dim::Fixed(1); 4]);
    graph.push("nearly nothing", RandomUniform { shape: Dim::nchw(3), high: 1e-30, ..default() }, []);
    graph.push("color", imagine_graph::Add {}, ["nearly nothing", "shade"]);
    graph.output("color", OutputKind::BaseColor);
    let card = Card { title: "Flat".into(), license: "CC0-1.0".into(), ..default() };
    imagine_graph::Generator { output: graph, recurrence: None, size: SizeRule::default(), card }
}
