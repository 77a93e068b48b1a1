//! You will see three walls of crossing waves, bent more and more, from a network that this file builds: no training, no file.

use std::f32::consts::TAU;

use bevy::prelude::*;
use bevy_imagine::generators::Formula;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};
use imagine_graph::{Card, ColorSpace, Coordinates, Dim, InputKind, OutputKind, SizeRule};

/// The control `bend` of each wall.
const BENDS: [f32; 3] = [0.0, 0.03, 0.08];
/// Waves across a tile, in x and in y. Whole numbers, so that it tiles.
const WAVES: [f32; 2] = [5.0, 8.0];
/// Waves that bend the others.
const BENDING_WAVES: [f32; 2] = [3.0, 2.0];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("generator built in code");
    app.add_systems(Startup, spawn);
    arguments.run(app, "built_in_code")
}

/// Height from two sine waves that cross, and a colour and a roughness that follow the height.
fn waves() -> imagine_graph::Generator {
    let mut f = Formula::new();
    let place = f.graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
    let bend = f.range("bend", [0.0, 0.3], 0.03);
    let (low, high) = (f.color("low", [0.02, 0.05, 0.10]), f.color("high", [0.85, 0.60, 0.30]));

    let wave = |f: &mut Formula, at: &str, waves: f32| {
        let phase = f.mul(at, waves * TAU);
        f.sin(&phase)
    };
    let (x, y) = (f.channels(&place, 0..1), f.channels(&place, 1..2));
    let (across, along) = (wave(&mut f, &x, BENDING_WAVES[0]), wave(&mut f, &y, BENDING_WAVES[1]));
    let (shift_x, shift_y) = (f.mul(&along, &bend), f.mul(&across, &bend));
    let (x, y) = (f.add(&x, &shift_x), f.add(&y, &shift_y));
    let (a, b) = (wave(&mut f, &x, WAVES[0]), wave(&mut f, &y, WAVES[1]));
    let crossing = f.mul(&a, &b);
    let height = f.scaled(&crossing, 0.5, 0.5);
    let color = f.mix(&low, &high, &height);
    let roughness = f.scaled(&height, -0.6, 0.8);
    f.output(&height, OutputKind::Height);
    f.output(&color, OutputKind::BaseColor).color_space = ColorSpace::Linear;
    f.output(&roughness, OutputKind::Roughness);

    let size = SizeRule { tiles: true, ..default() };
    let card = Card { title: "Crossing waves".into(), license: "CC0-1.0".into(), ..default() };
    imagine_graph::Generator { output: f.graph, recurrence: None, size, card }
}

fn spawn(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
) -> Result {
    let waves = generators.add(Generator::new("waves", &waves())?);
    let wall = meshes.add(Rectangle::new(2.0, 2.0).mesh().build().with_generated_tangents()?);
    for (index, bend) in BENDS.into_iter().enumerate() {
        let synthesis = Synthesis::new(waves.clone()).with_size(UVec2::splat(512)).with_control("bend", bend);
        let place = Transform::from_xyz(2.2 * (index as f32 - 1.0), 0.0, 0.0);
        commands.spawn((Mesh3d(wall.clone()), place, synthesis, MaterialTarget { normal_strength: 12.0, ..default() }));
    }
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 4.4).looking_at(Vec3::ZERO, Vec3::Y)));
    let light = PointLight { intensity: 2_000_000.0, shadow_maps_enabled: false, ..default() };
    commands.spawn((light, Transform::from_xyz(-3.0, 2.0, 3.0)));
    Ok(())
}
