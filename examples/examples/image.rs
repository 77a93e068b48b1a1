//! You will see four outputs of one network as images in a user interface.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

const GENERATOR: &str = "generators/veined_slate.generator.safetensors";
const OUTPUTS: [&str; 4] = ["base_color", "normal", "roughness", "height"];

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("image by hand");
    app.add_systems(Startup, spawn);
    arguments.run(app, "image")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, images: Res<Assets<Image>>) {
    commands.spawn(Camera2d);
    let row = Node { width: percent(100), height: percent(100), column_gap: px(20), ..default() };
    let row = Node { align_items: AlignItems::Center, justify_content: JustifyContent::Center, ..row };
    let row = commands.spawn(row).id();
    for output in OUTPUTS {
        // A handle that the plugin puts an image behind. Requests of one generator, size and seed share the network's work
        // only where they want the same textures, so an app that needs several maps takes a MaterialTarget.
        let image = images.reserve_handle();
        let target = ImageTarget { output: output.into(), ..ImageTarget::new(image.clone()) };
        commands.spawn((Synthesis::new(assets.load(GENERATOR)).with_seed(3), target));
        let node = Node { width: px(256), height: px(256), ..default() };
        commands.spawn((ImageNode::new(image), node, ChildOf(row)));
    }
}
