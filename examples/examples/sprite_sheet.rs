//! You will see sixty-four gems: one request for one sheet, from a network that this file builds.

use bevy::prelude::*;
use bevy_imagine::generators::Formula;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};
use imagine_graph::{Card, ColorSpace, Coordinates, Dim, Distribution, InputKind, OutputKind, SizeRule};

/// Sprites along a side of the sheet, and texels along a sprite.
const SHEET: u32 = 8;
const TEXELS: u32 = 32;
/// Pixels along a sprite on the screen, and between two of them.
const SHOWN: f32 = 80.0;
const GAP: f32 = 6.0;

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("sprite sheet");
    app.add_systems(Startup, spawn).add_observer(show_variant);
    arguments.run(app, "sprite_sheet")
}

/// Rounded polygons whose corners, facets and colours depend on latents.
fn gems() -> imagine_graph::Generator {
    let mut f = Formula::new();
    let place = f.graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
    let latent = |channels| vec![Dim::BATCH, Dim::Fixed(channels), Dim::Fixed(1), Dim::Fixed(1)];
    let dye = f.graph.input("dye", InputKind::Latent(Distribution::Uniform), latent(3));
    let form = f.graph.input("form", InputKind::Latent(Distribution::Uniform), latent(4));

    // Coordinates from -1 to 1, slanted and stretched a little.
    let centred = f.scaled(&place, 2.0, -1.0);
    let (x, y) = (f.channels(&centred, 0..1), f.channels(&centred, 1..2));
    let [slant, width, cut, shine] = [0, 1, 2, 3].map(|channel| f.channels(&form, channel..channel + 1));
    let slanted = f.mul(&y, &slant);
    let shift = f.mul(&slanted, 0.35);
    let moved = f.add(&x, &shift);
    let stretch = f.scaled(&width, 0.35, 1.35);
    let across = f.mul(&moved, &stretch);
    let (u, v) = (f.abs(&across), f.abs(&y));
    // Distance from the centre, between a diamond and a square.
    let sum = f.add(&u, &v);
    let corner = f.scaled(&cut, 0.18, 0.72);
    let diamond = f.mul(&sum, &corner);
    let square = f.max(&u, &v);
    let distance = f.max(&diamond, &square);
    let inside = f.scaled(&distance, -40.0, 31.0);
    let alpha = f.clip(&inside, 0.0, 1.0);

    // Facets: light from the upper left, a bright table in the middle, a dark rim.
    let slope = f.add(&across, &y);
    let facing = f.mul(&slope, -0.45);
    let table = f.scaled(&distance, -30.0, 12.0);
    let table = f.clip(&table, 0.0, 0.35);
    let rim = f.scaled(&distance, -14.0, 10.3);
    let rim = f.clip(&rim, 0.25, 1.0);
    let gleam = f.scaled(&shine, 0.15, 0.55);
    let lit = f.add(&facing, &table);
    let lit = f.add(&lit, &gleam);
    let lit = f.clip(&lit, 0.08, 1.2);
    let shade = f.mul(&lit, &rim);
    let hue = f.scaled(&dye, 0.5, 0.55);
    let color = f.mul(&hue, &shade);
    let color = f.clip(&color, 0.0, 1.0);
    f.output(&color, OutputKind::BaseColor).color_space = ColorSpace::Linear;
    f.output(&alpha, OutputKind::Alpha);

    let card = Card { title: "Gems".into(), license: "CC0-1.0".into(), ..default() };
    imagine_graph::Generator { output: f.graph, recurrence: None, size: SizeRule::default(), card }
}

fn spawn(mut commands: Commands, mut generators: ResMut<Assets<Generator>>) -> Result {
    commands.spawn(Camera2d);
    let gems = generators.add(Generator::new("gems", &gems())?);
    for index in 0..SHEET * SHEET {
        let place = Vec2::new((index % SHEET) as f32, (index / SHEET) as f32) - (SHEET - 1) as f32 / 2.0;
        // Equal requests share one result, so the sheet is generated once.
        let synthesis = Synthesis::new(gems.clone()).with_size(UVec2::splat(TEXELS)).with_seed(11);
        let sprite = Sprite { custom_size: Some(Vec2::splat(SHOWN)), ..default() };
        let at = Transform::from_translation((place * (SHOWN + GAP)).extend(0.0));
        commands.spawn((synthesis, SpriteTarget::sheet(SHEET, SHEET), sprite, at, Variant(index as usize)));
    }
    Ok(())
}

/// The sprite of the sheet that an entity shows.
#[derive(Component)]
struct Variant(usize);

fn show_variant(finished: On<SynthesisFinished>, mut sprites: Query<(&mut Sprite, &Variant)>) {
    let Ok((mut sprite, variant)) = sprites.get_mut(finished.entity) else { return };
    if let Some(atlas) = &mut sprite.texture_atlas {
        atlas.index = variant.0;
    }
}
