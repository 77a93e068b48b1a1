//! You will see shelves of sprites, each filled by a class and a few words that you can change: one trained network draws all
//! of them.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext, egui};
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;
use imagine_graph::InputKind;

/// The network, a file below `assets/`.
const SPRITES: &str = "generators/sprites.generator.safetensors";
/// What the shelves hold at first: class and words.
const SHELVES: [[&str; 2]; 8] = [
    ["potion", "purple potion"],
    ["potion", "red potion"],
    ["weapon", "silver sword"],
    ["wand_staff", "ice staff"],
    ["book_scroll", "green book"],
    ["jewellery", "yellow ring"],
    ["any", "grey statue"],
    ["armour", "golden armour"],
];
/// Sprites on a shelf, and texels of each.
const SLOTS: u32 = 10;
const TEXELS: u32 = 32;
/// Pixels of a sprite and of its slot on the screen.
const SHOWN: f32 = 72.0;
const SLOT: f32 = 84.0;

/// A sprite of a shelf: which shelf, and which of the shelf's variants.
#[derive(Component)]
struct Slot {
    shelf: usize,
    variant: usize,
}

/// What is asked for, shelf by shelf.
#[derive(Resource)]
struct Shelves(Vec<Shelf>);

#[derive(Clone, PartialEq)]
struct Shelf {
    class: String,
    words: String,
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("inventory");
    let shelves = SHELVES.map(|[class, words]| Shelf { class: class.into(), words: words.into(), seed: 3 });
    app.add_plugins(EguiPlugin::default())
        .insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() })
        .insert_resource(ClearColor(Color::srgb(0.09, 0.08, 0.11)))
        .insert_resource(Shelves(shelves.into()))
        .add_systems(Startup, spawn)
        .add_systems(EguiPrimaryContextPass, ask)
        .add_systems(Update, fill.run_if(resource_changed::<Shelves>))
        .add_observer(pick);
    arguments.run(app, "inventory")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, shelves: Res<Shelves>) {
    commands.spawn((Camera2d, PrimaryEguiContext));
    let generator = assets.load(SPRITES);
    for (shelf, asked) in shelves.0.iter().enumerate() {
        let y = ((SHELVES.len() - 1) as f32 / 2.0 - shelf as f32) * SLOT;
        for variant in 0..SLOTS as usize {
            let at = Vec3::new(-230.0 + variant as f32 * SLOT, y, 1.0);
            let frame = Sprite::from_color(Color::srgb(0.16, 0.15, 0.19), Vec2::splat(SHOWN + 6.0));
            commands.spawn((frame, Transform::from_translation(at.with_z(0.0))));
            // The slots of a shelf ask for the same sheet, which is made once.
            let request = Synthesis::new(generator.clone()).with_size(UVec2::splat(TEXELS)).with_seed(asked.seed);
            let sprite = Sprite { custom_size: Some(Vec2::splat(SHOWN)), ..default() };
            let target = SpriteTarget::sheet(SLOTS, 1);
            commands.spawn((request, target, sprite, Transform::from_translation(at), Slot { shelf, variant }));
        }
    }
}

/// Classes, words and seeds, to be changed.
fn ask(mut contexts: EguiContexts, mut shelves: ResMut<Shelves>, generators: Res<Assets<Generator>>) -> Result {
    let Some((_, generator)) = generators.iter().next() else { return Ok(()) };
    let choices = generator.network().inputs().into_iter().filter_map(|input| match &input.kind {
        InputKind::Choice { options, .. } => Some(options),
        _ => None,
    });
    let classes: Vec<&String> = choices.flatten().collect();
    let mut edited = shelves.0.clone();
    let area = egui::Area::new("words".into()).anchor(egui::Align2::LEFT_CENTER, [24.0, 0.0]);
    area.show(contexts.ctx_mut()?, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (row, shelf) in edited.iter_mut().enumerate() {
            // A row is as high as its shelf.
            ui.allocate_ui(egui::vec2(340.0, SLOT), |ui| {
                ui.set_min_height(SLOT);
                ui.horizontal_centered(|ui| {
                    let words = egui::TextEdit::singleline(&mut shelf.words).font(egui::TextStyle::Heading);
                    ui.add(words.desired_width(150.0));
                    let choice = egui::ComboBox::from_id_salt(row).selected_text(&shelf.class).width(96.0);
                    choice.show_ui(ui, |ui| {
                        for class in &classes {
                            ui.selectable_value(&mut shelf.class, class.to_string(), *class);
                        }
                    });
                    if ui.button("others").clicked() {
                        shelf.seed += 1;
                    }
                });
            });
        }
    });
    if edited != shelves.0 {
        shelves.0 = edited;
    }
    Ok(())
}

/// Hands classes, words and seeds to the requests; those that did not change are not touched.
fn fill(shelves: Res<Shelves>, mut slots: Query<(&mut Synthesis, &Slot)>) {
    for (mut request, slot) in &mut slots {
        let Shelf { class, words, seed } = &shelves.0[slot.shelf];
        let wanted = request.clone().with_control("class", class.as_str()).with_control("prompt", words.as_str());
        let wanted = wanted.with_seed(*seed);
        request.set_if_neq(wanted);
    }
}

/// Every slot shows its own variant of the sheet.
fn pick(finished: On<SynthesisFinished>, mut sprites: Query<(&mut Sprite, &Slot)>) {
    let Ok((mut sprite, slot)) = sprites.get_mut(finished.entity) else { return };
    if let Some(atlas) = &mut sprite.texture_atlas {
        atlas.index = slot.variant;
    }
}
