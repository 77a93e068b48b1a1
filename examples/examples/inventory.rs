//! You will see eight shelves of sprites from one trained network. Each has a class and a prompt that you can edit.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext, egui};
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};
use imagine_graph::InputKind;

const GENERATOR: &str = "generators/sprites.generator.safetensors";
/// Class and prompt of each shelf at the start.
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
/// Sprites on a shelf, and texels along a sprite.
const SLOTS: u32 = 10;
const TEXELS: u32 = 32;
/// Pixels along a sprite and along its slot on the screen.
const SHOWN: f32 = 72.0;
const SLOT: f32 = 84.0;

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("inventory");
    let shelves = SHELVES.map(|[class, prompt]| Shelf { class: class.into(), prompt: prompt.into(), seed: 3 });
    app.add_plugins(EguiPlugin::default())
        .insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() })
        .insert_resource(ClearColor(Color::srgb(0.09, 0.08, 0.11)))
        .insert_resource(Shelves(shelves.into()))
        .add_systems(Startup, spawn)
        .add_systems(EguiPrimaryContextPass, edit)
        .add_systems(Update, request.run_if(resource_changed::<Shelves>))
        .add_observer(show_variant);
    arguments.run(app, "inventory")
}

/// A slot shows one variant of its shelf's sheet.
#[derive(Component)]
struct Slot {
    shelf: usize,
    variant: usize,
}

#[derive(Resource)]
struct Shelves(Vec<Shelf>);

#[derive(Clone, PartialEq)]
struct Shelf {
    class: String,
    prompt: String,
    seed: u64,
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, shelves: Res<Shelves>) {
    commands.spawn((Camera2d, PrimaryEguiContext));
    let generator = assets.load(GENERATOR);
    for (shelf, Shelf { seed, .. }) in shelves.0.iter().enumerate() {
        let y = ((SHELVES.len() - 1) as f32 / 2.0 - shelf as f32) * SLOT;
        for variant in 0..SLOTS as usize {
            let at = Vec3::new(-230.0 + variant as f32 * SLOT, y, 1.0);
            let frame = Sprite::from_color(Color::srgb(0.16, 0.15, 0.19), Vec2::splat(SHOWN + 6.0));
            commands.spawn((frame, Transform::from_translation(at.with_z(0.0))));
            // The slots of a shelf make equal requests, so its sheet is generated once.
            let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(TEXELS)).with_seed(*seed);
            let sprite = Sprite { custom_size: Some(Vec2::splat(SHOWN)), ..default() };
            let target = SpriteTarget::sheet(SLOTS, 1);
            commands.spawn((synthesis, target, sprite, Transform::from_translation(at), Slot { shelf, variant }));
        }
    }
}

/// A text field, a list of classes and a button beside each shelf.
fn edit(mut contexts: EguiContexts, mut shelves: ResMut<Shelves>, generators: Res<Assets<Generator>>) -> Result {
    let Some((_, generator)) = generators.iter().next() else { return Ok(()) };
    let choices = generator.network().inputs().into_iter().filter_map(|input| match &input.kind {
        InputKind::Choice { options, .. } => Some(options),
        _ => None,
    });
    let classes: Vec<&String> = choices.flatten().collect();
    let mut edited = shelves.0.clone();
    let area = egui::Area::new("shelves".into()).anchor(egui::Align2::LEFT_CENTER, [24.0, 0.0]);
    area.show(contexts.ctx_mut()?, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (row, shelf) in edited.iter_mut().enumerate() {
            // As high as its shelf.
            ui.allocate_ui(egui::vec2(340.0, SLOT), |ui| {
                ui.set_min_height(SLOT);
                ui.horizontal_centered(|ui| {
                    let prompt = egui::TextEdit::singleline(&mut shelf.prompt).font(egui::TextStyle::Heading);
                    ui.add(prompt.desired_width(150.0));
                    let choice = egui::ComboBox::from_id_salt(row).selected_text(&shelf.class).width(96.0);
                    choice.show_ui(ui, |ui| {
                        for class in &classes {
                            ui.selectable_value(&mut shelf.class, class.to_string(), *class);
                        }
                    });
                    if ui.button("New seed").clicked() {
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

/// Passes class, prompt and seed to the requests. Equal values leave a request untouched.
fn request(shelves: Res<Shelves>, mut slots: Query<(&mut Synthesis, &Slot)>) {
    for (mut synthesis, slot) in &mut slots {
        let Shelf { class, prompt, seed } = &shelves.0[slot.shelf];
        let wanted = synthesis.clone().with_control("class", class.as_str()).with_control("prompt", prompt.as_str());
        let wanted = wanted.with_seed(*seed);
        synthesis.set_if_neq(wanted);
    }
}

/// Shows a slot's own variant of the sheet.
fn show_variant(finished: On<SynthesisFinished>, mut sprites: Query<(&mut Sprite, &Slot)>) {
    let Ok((mut sprite, slot)) = sprites.get_mut(finished.entity) else { return };
    if let Some(atlas) = &mut sprite.texture_atlas {
        atlas.index = slot.variant;
    }
}
