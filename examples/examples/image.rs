//! You will see four outputs of one network as images: base colour, normal, roughness and metallic.
//!
//! Each image has a handle before it is generated, so sprites, materials and user interfaces can refer to it at once.

use bevy::prelude::*;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

const OUTPUTS: [&str; 4] = ["base_color", "normal", "roughness", "metallic"];
/// Texels along an image.
const TEXELS: u32 = 320;
/// Pixels along an image on the screen, and between two of them.
const SIDE: f32 = 288.0;
const GAP: f32 = 20.0;

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("images");
    app.add_systems(Startup, spawn);
    arguments.run(app, "image")
}

fn spawn(mut commands: Commands, mut generators: ResMut<Assets<Generator>>, images: Res<Assets<Image>>) -> Result {
    commands.spawn(Camera2d);
    let noise = generators::load("noise_material").ok_or("noise_material is built in")?;
    let synthesis = Synthesis::new(generators.add(Generator::from(noise)))
        .with_size(UVec2::splat(TEXELS))
        .with_seed(3)
        .with_control("coat", 0.5)
        .with_control("metalness", 1.0);
    for (index, output) in OUTPUTS.into_iter().enumerate() {
        let image = images.reserve_handle();
        let target = ImageTarget { output: output.into(), ..ImageTarget::new(image.clone()) };
        commands.spawn((synthesis.clone(), target));
        let x = (index as f32 - (OUTPUTS.len() - 1) as f32 / 2.0) * (SIDE + GAP);
        let sprite = Sprite { image, custom_size: Some(Vec2::splat(SIDE)), ..default() };
        commands.spawn((sprite, Transform::from_xyz(x, 0.0, 0.0)));
        let label = Text2d::new(output.replace('_', " "));
        commands.spawn((label, Transform::from_xyz(x, -SIDE / 2.0 - 30.0, 0.0)));
    }
    Ok(())
}
