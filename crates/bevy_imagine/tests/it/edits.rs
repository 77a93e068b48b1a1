//! Edits of images and materials in the app.

use bevy::asset::RenderAssetUsages;
use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_imagine::edit::{EditGenerators, Extent, Insert, MakeMaps, OutputKind, Repair, Restyle, maps_of};
use bevy_imagine::prelude::*;

use super::harness::{TestApp, with_app};

const SIDE: u32 = 32;

/// A square image in one colour.
pub fn image(app: &mut TestApp, side: u32, texel: [u8; 4], format: TextureFormat) -> Handle<Image> {
    let extent = Extent3d { width: side, height: side, depth_or_array_layers: 1 };
    let mut image = Image::new_fill(extent, TextureDimension::D2, &texel, format, RenderAssetUsages::default());
    // The plugin writes it.
    image.texture_descriptor.usage |= wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC;
    app.app.world_mut().resource_mut::<Assets<Image>>().add(image)
}

pub fn edit(app: &mut TestApp, insert: Insert) -> Handle<Generator> {
    let system = move |mut edits: EditGenerators| edits.add(insert.clone());
    app.app.world_mut().run_system_once(system).unwrap()
}

#[test]
fn an_image_is_edited_in_place_again_and_again() {
    with_app(|app| {
        let srgb = TextureFormat::Rgba8UnormSrgb;
        let wall = image(app, SIDE, [200, 200, 200, 255], srgb);
        let stain = image(app, 4, [0, 0, 0, 128], srgb);
        let insert = Insert::new(Extent::splat(SIDE as usize), Extent::splat(4));
        let generator = edit(app, insert.clone());
        assert_eq!(generator, edit(app, insert), "an edit in use has one generator");
        let request = Synthesis::new(generator)
            .with_size(UVec2::splat(SIDE))
            .with_image("image", wall.clone())
            .with_image("object", stain.clone())
            .with_image("object_alpha", ImageSource::new(stain, ImageChannels::Alpha))
            .with_control("scale", 0.5)
            .with_control("blend", 0.0)
            .with_control("light", 0.0);
        let entity = app.finished((request, ImageTarget::new(wall.clone())));
        let center = |app: &TestApp| {
            let texels = app.read(&wall).swap_remove(0).2;
            let at = |x: u32, y: u32| texels[4 * (y * SIDE + x) as usize];
            assert_eq!(at(0, 0), 200, "outside the object");
            at(SIDE / 2, SIDE / 2)
        };
        let once = center(app);
        assert!(once.abs_diff(100) <= 2, "half covered: {once}");
        app.trigger(SynthesisRefresh { entity });
        app.expect_finished();
        let twice = center(app);
        assert!(twice.abs_diff(50) <= 2, "half covered twice: {twice}");
    });
}

#[test]
fn a_material_is_read_channel_by_channel() {
    with_app(|app| {
        let linear = TextureFormat::Rgba8Unorm;
        let material = StandardMaterial {
            base_color_texture: Some(image(app, SIDE, [90, 60, 30, 255], TextureFormat::Rgba8UnormSrgb)),
            metallic_roughness_texture: Some(image(app, SIDE, [10, 150, 220, 255], linear)),
            occlusion_texture: Some(image(app, SIDE, [40, 0, 0, 255], linear)),
            depth_map: Some(image(app, SIDE, [55, 0, 0, 255], linear)),
            ..default()
        };
        let maps = maps_of(&material);
        use OutputKind::{BaseColor, Height, Metallic, Occlusion, Roughness};
        assert_eq!(maps, [BaseColor, Height, Roughness, Metallic, Occlusion]);
        let object = Extent::splat(4);
        let insert = Insert { maps: maps.clone(), ..Insert::new(Extent::splat(SIDE as usize), object) };
        let generator = edit(app, insert);
        let decal = image(app, 4, [255, 255, 255, 255], TextureFormat::Rgba8UnormSrgb);
        let nothing = image(app, 4, [0; 4], TextureFormat::Rgba8UnormSrgb);
        let request = Synthesis::new(generator)
            .with_size(UVec2::splat(SIDE))
            .with_material(&material)
            .with_image("object", decal)
            .with_image("object_alpha", nothing);
        for (output, expected) in
            [("base_color", 90), ("height", 200), ("roughness", 150), ("metallic", 220), ("occlusion", 40)]
        {
            let entity = app.finished((request.clone(), ImageTarget { output: output.into(), ..default() }));
            let found = app.texels(entity, TextureRole::Image)[0];
            assert!(found.abs_diff(expected) <= 1, "{output}: {found}, not {expected}");
        }
    });
}

#[test]
fn a_stain_is_repaired_and_a_changed_mask_repairs_again() {
    with_app(|app| {
        let srgb = TextureFormat::Rgba8UnormSrgb;
        let wall = image(app, SIDE, [90, 60, 30, 255], srgb);
        let mask = image(app, SIDE, [0, 0, 0, 255], TextureFormat::Rgba8Unorm);
        let is_stain = |i: usize| (12..18).contains(&(i % SIDE as usize)) && (12..18).contains(&(i / SIDE as usize));
        let draw = |app: &mut TestApp, image: &Handle<Image>, texel: [u8; 4]| {
            let mut images = app.app.world_mut().resource_mut::<Assets<Image>>();
            let mut image = images.get_mut(image).unwrap();
            let data = image.data.as_mut().unwrap();
            data.chunks_mut(4).enumerate().filter(|(i, _)| is_stain(*i)).for_each(|(_, to)| to.copy_from_slice(&texel));
        };
        draw(app, &wall, [250, 250, 0, 255]);
        let repair = Repair::new(Extent::splat(SIDE as usize));
        let generator = app.app.world_mut().run_system_once(move |mut edits: EditGenerators| edits.add(repair.clone()));
        let request = Synthesis::new(generator.unwrap())
            .with_size(UVec2::splat(SIDE))
            .with_image("image", wall)
            .with_image("mask", mask.clone());
        let entity = app.finished((request, ImageTarget::default()));
        let center = |app: &TestApp| app.texels(entity, TextureRole::Image)[4 * (15 * SIDE as usize + 15)];
        assert_eq!(center(app), 250, "nothing is marked");
        draw(app, &mask, [255; 4]);
        app.update(1);
        app.expect_finished();
        assert!(center(app).abs_diff(90) <= 1, "{}", center(app));
    });
}

#[cfg(feature = "default_generators")]
#[test]
fn an_image_is_painted_in_a_style_that_is_still_loading() {
    with_app(|app| {
        let style = app.app.world().resource::<AssetServer>().load(bevy_imagine::default_generators::RED_BRICKS);
        let restyle = Restyle::new(Extent::splat(64));
        let painter = move |mut edits: EditGenerators| edits.restyle(style.clone(), restyle);
        let painter = app.app.world_mut().run_system_once(painter).unwrap();
        let view = image(app, 64, [40, 200, 40, 255], TextureFormat::Rgba8UnormSrgb);
        let request = Synthesis::new(painter).with_size(UVec2::splat(64)).with_image("image", view);
        let entity = app.finished((request, ImageTarget::default()));
        let texels = app.texels(entity, TextureRole::Image);
        let reddish = texels.chunks(4).filter(|texel| texel[0] > texel[1]).count();
        assert!(reddish > 64 * 64 / 2, "{reddish} texels are of bricks");
        // A handle without a generator.
        let nobody = move |mut edits: EditGenerators| edits.restyle(Handle::default(), restyle);
        let nobody = app.app.world_mut().run_system_once(nobody).unwrap();
        app.spawn((Synthesis::new(nobody), ImageTarget::default()));
        app.settle();
        let events = app.events().join("\n");
        assert!(events.contains("the handle of the style has no generator"), "{events}");
    });
}

#[test]
fn an_edit_that_cannot_be_made_fails_its_requests() {
    with_app(|app| {
        let generator = edit(app, Insert::new(Extent { height: 9000, width: 32 }, Extent::splat(4)));
        app.spawn((Synthesis::new(generator), ImageTarget::default()));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("takes sides of 16 to 4096"), "{events:?}");
    });
}

#[test]
fn a_photograph_gets_the_maps_of_a_material() {
    with_app(|app| {
        let extent = Extent3d { width: 64, height: 64, depth_or_array_layers: 1 };
        let joints = (0..64 * 64).flat_map(|at| if at % 64 % 16 < 2 { [40, 36, 30, 255] } else { [150, 120, 90, 255] });
        let (format, usage) = (TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::default());
        let photo = Image::new(extent, TextureDimension::D2, joints.collect(), format, usage);
        let photo = app.app.world_mut().resource_mut::<Assets<Image>>().add(photo);
        let system = |mut edits: EditGenerators| edits.add(MakeMaps { tiles: true });
        let generator = app.app.world_mut().run_system_once(system).unwrap();
        let request = Synthesis::new(generator).with_size(UVec2::splat(64)).with_image("image", photo);
        let level = app.finished((request.clone().with_control("relief", 0.0), MaterialTarget::default()));
        let deep = app.finished((request.with_control("relief", 2.0), MaterialTarget::default()));
        let steepest = |app: &TestApp, entity| {
            let texels = app.texels(entity, TextureRole::Normal);
            texels.chunks(4).map(|texel| texel[0].abs_diff(128)).max().unwrap_or(0)
        };
        assert!(steepest(app, level) <= 1 && steepest(app, deep) > 20, "{}", steepest(app, deep));
    });
}
