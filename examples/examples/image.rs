//! You will see four outputs of one network as images, each behind a handle that was there before the image.

use bevy::prelude::*;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

const OUTPUTS: [&str; 4] = ["base_color", "normal", "roughness", "metallic"];
/// Texels along an image, and pixels on the screen.
const SIDE: u32 = 288;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("image by hand");
    app.add_systems(Startup, spawn);
    arguments.run(app, "image")
}

fn spawn(mut commands: Commands, mut generators: ResMut<Assets<Generator>>, images: Res<Assets<Image>>) -> Result {
    commands.spawn(Camera2d);
    let noise = generators::load("noise_material").ok_or("the material is built in")?;
    let noise = generators.add(Generator::from(noise));
    for (index, output) in OUTPUTS.into_iter().enumerate() {
        let image = images.reserve_handle();
        let synthesis = Synthesis::new(noise.clone())
            .with_size(UVec2::splat(SIDE.next_multiple_of(64)))
            .with_seed(3)
            .with_control("coat", 0.5)
            .with_control("metalness", 1.0);
        commands.spawn((synthesis, ImageTarget { output: output.into(), ..ImageTarget::new(image.clone()) }));
        let sprite = Sprite { image, custom_size: Some(Vec2::splat(SIDE as f32)), ..default() };
        let x = (index as f32 - (OUTPUTS.len() - 1) as f32 / 2.0) * (SIDE + 20) as f32;
        commands.spawn((sprite, Transform::from_xyz(x, 0.0, 0.0)));
        commands
            .spawn((Text2d::new(output.replace('_', " ")), Transform::from_xyz(x, -(SIDE as f32) / 2.0 - 30.0, 0.0)));
    }
    Ok(())
}
