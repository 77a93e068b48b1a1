//! You will see a ball and a floor of pebbles without repetition. They are made by example of pictures that the game holds: drawn here, or your own
//! with `--color PICTURE --normal PICTURE --roughness PICTURE`.

use std::path::PathBuf;

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy_imagine::by_example::{ExampleGenerators, ExampleImages, ExemplarOptions};
use bevy_imagine::prelude::*;
use bevy_imagine::target::OutputKind;
use clap::Parser;
use image::{DynamicImage, RgbImage};
use imagine_examples::{Arguments, parse_arguments};
use imagine_graph::rng;

/// Side of the drawn exemplar in texels.
const SIDE: u32 = 128;
const PEBBLES: u32 = 90;

#[derive(Parser, Resource, Clone)]
struct OwnMaterial {
    /// A colour picture that tiles, in place of the drawn pebbles.
    #[arg(long)]
    color: Option<PathBuf>,
    /// Its normals, +Y up.
    #[arg(long, requires = "color")]
    normal: Option<PathBuf>,
    /// Its roughness.
    #[arg(long, requires = "color")]
    roughness: Option<PathBuf>,
    /// The picture does not tile.
    #[arg(long, requires = "color")]
    no_tiles: bool,
    #[command(flatten)]
    common: Arguments,
}

fn main() -> anyhow::Result<()> {
    let arguments: OwnMaterial = parse_arguments();
    let mut app = arguments.common.app("own material");
    app.insert_resource(arguments.clone()).add_systems(Startup, spawn);
    arguments.common.run(app, "own_material")
}

fn spawn(
    mut commands: Commands,
    arguments: Res<OwnMaterial>,
    mut generators: ExampleGenerators,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
) -> Result {
    let example = match &arguments.color {
        Some(color) => {
            let mut example = ExampleImages::new("own material", images.add(open(color, true)?));
            example.options = ExemplarOptions { tiles: arguments.no_tiles.then_some(false), ..example.options };
            let maps = [(OutputKind::Normal, &arguments.normal), (OutputKind::Roughness, &arguments.roughness)];
            for (kind, path) in maps {
                if let Some(path) = path {
                    example = example.with(kind, images.add(open(path, false)?));
                }
            }
            example
        }
        None => {
            let [color, normal] = drawn_pebbles();
            let normal = images.add(image(normal, false));
            ExampleImages::new("pebbles", images.add(image(color, true))).with(OutputKind::Normal, normal)
        }
    };
    // The handle can be used at once: the requests wait for it.
    let generator = generators.add(example);
    let ball = Sphere::new(0.8).mesh().uv(64, 32).with_generated_tangents()?;
    let floor = Plane3d::default().mesh().size(8.0, 8.0).build().with_generated_tangents()?;
    let request = Synthesis::new(generator).with_size(UVec2::splat(512));
    let ball = (Mesh3d(meshes.add(ball)), Transform::from_xyz(0.0, 0.8, 0.0));
    commands.spawn((ball, request.clone().with_seed(7), MaterialTarget::default()));
    commands.spawn((Mesh3d(meshes.add(floor)), request.with_seed(1), MaterialTarget::default()));
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 2.2, 3.6).looking_at(Vec3::Y * 0.4, Vec3::Y)));
    let sun = DirectionalLight { illuminance: 9_000.0, ..default() };
    commands.spawn((sun, Transform::from_xyz(-3.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}

/// A picture whose pixels stay in main memory.
fn image(picture: RgbImage, is_srgb: bool) -> Image {
    Image::from_dynamic(DynamicImage::from(picture), is_srgb, RenderAssetUsages::MAIN_WORLD)
}

fn open(path: &PathBuf, is_srgb: bool) -> Result<Image> {
    Ok(image(image::open(path)?.into_rgb8(), is_srgb))
}

/// Colour and normals of pebbles, which tile.
fn drawn_pebbles() -> [RgbImage; 2] {
    let side = SIDE as f32;
    // Distance to the nearest pebble's centre in radii, and that pebble.
    let nearest = |x: u32, y: u32| {
        let distance = |k: u32| {
            let [cx, cy, radius, _] = rng::cell(k, 0, 0, 11).map(|word| (word >> 8) as f32 / (1 << 24) as f32);
            let apart = |a: u32, b: f32| {
                let d = (a as f32 - b * side).abs();
                d.min(side - d)
            };
            apart(x, cx).hypot(apart(y, cy)) / (8.0 + 6.0 * radius)
        };
        (0..PEBBLES).map(|k| (distance(k), k)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
    };
    let height = |x: u32, y: u32| (1.0 - nearest(x % SIDE, y % SIDE).0.powi(2)).max(0.0).sqrt() * 7.0;
    let color = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (distance, pebble) = nearest(x, y);
        let shade = 0.25 + 0.75 * (1.0 - distance.powi(4)).max(0.0);
        let tint = rng::cell(pebble, 1, 0, 11);
        let warm = (tint[0] % 60) as f32;
        let grey = (95 + tint[1] % 90) as f32;
        image::Rgb([grey + 0.5 * warm, grey + 0.2 * warm, grey - 0.2 * warm].map(|v| (v * shade) as u8))
    });
    let normal = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let slope_x = height(x + 1, y) - height(x + SIDE - 1, y);
        let slope_y = height(x, y + 1) - height(x, y + SIDE - 1);
        let normal = Vec3::new(-0.5 * slope_x, 0.5 * slope_y, 1.0).normalize();
        image::Rgb(normal.to_array().map(|v| (127.5 + 127.5 * v) as u8))
    });
    [color, normal]
}
