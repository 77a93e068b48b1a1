//! You will see emblems painted on a stone floor: decals, filled by a target that this game adds to the plugin.

use bevy::core_pipeline::prepass::DepthPrepass;
use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::{SCommands, SResMut};
use bevy::pbr::decal::{ForwardDecal, ForwardDecalMaterial, ForwardDecalMaterialExt};
use bevy::prelude::*;
use bevy_imagine::SynthesisError;
use bevy_imagine::prelude::*;
use bevy_imagine::target::{OutputKind, PlanContext, Sampling, Target, TexturePlan};
use imagine_examples::{Arguments, parse_arguments};

const FLOOR: &str = "generators/cobblestones.generator.safetensors";
const SPRITES: &str = "generators/sprites.generator.safetensors";
/// Class and prompt of each emblem.
const EMBLEMS: [[&str; 2]; 4] = [
    ["potion", "purple potion"],
    ["weapon", "silver sword"],
    ["armour", "golden armour"],
    ["jewellery", "yellow ring"],
];
/// Side of a decal in world units.
const SIDE: f32 = 1.1;

/// Role of the only texture of a decal.
const DECAL: TextureRole = TextureRole::Custom("decal");

type DecalMaterial = ForwardDecalMaterial<StandardMaterial>;

/// The result becomes a decal on the geometry below the entity.
#[derive(Component)]
#[require(ForwardDecal = ForwardDecal)]
struct DecalTarget;

impl Target for DecalTarget {
    type Param = (SCommands, SResMut<Assets<DecalMaterial>>);

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let color = context.require(OutputKind::BaseColor, "a decal")?;
        Ok(vec![context.texture(DECAL, color).with_sampling(Sampling::Nearest).without_mips()])
    }

    fn show(&self, entity: Entity, textures: &SynthesisTextures, param: &mut SystemParamItem<Self::Param>) {
        if let Some(image) = textures.get(DECAL) {
            set_image(entity, image, param);
        }
    }

    fn fail(&self, entity: Entity, placeholder: &Handle<Image>, param: &mut SystemParamItem<Self::Param>) {
        set_image(entity, placeholder, param);
    }

    fn clear(&self, entity: Entity, _: &[Handle<Image>], (commands, _): &mut SystemParamItem<Self::Param>) {
        commands.entity(entity).try_remove::<MeshMaterial3d<DecalMaterial>>();
    }
}

/// Gives a decal a new material with `image`.
fn set_image(
    entity: Entity,
    image: &Handle<Image>,
    (commands, materials): &mut SystemParamItem<<DecalTarget as Target>::Param>,
) {
    let base = StandardMaterial {
        base_color_texture: Some(image.clone()),
        alpha_mode: AlphaMode::Blend,
        perceptual_roughness: 0.8,
        ..default()
    };
    let extension = ForwardDecalMaterialExt { depth_fade_factor: 1.0 };
    commands.entity(entity).try_insert(MeshMaterial3d(materials.add(DecalMaterial { base, extension })));
}

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("custom target");
    app.register_target::<DecalTarget>().add_systems(Startup, spawn);
    arguments.run(app, "custom_target")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    let floor = Plane3d::default().mesh().size(6.0, 3.0).build().with_generated_tangents()?;
    let stones = Synthesis { steps: Some(64), ..Synthesis::new(assets.load(FLOOR)) }.with_size(UVec2::splat(128));
    commands.spawn((Mesh3d(meshes.add(floor)), stones.with_seed(3), MaterialTarget::default()));
    for (index, [class, prompt]) in EMBLEMS.into_iter().enumerate() {
        let x = (index as f32 - (EMBLEMS.len() - 1) as f32 / 2.0) * 1.3;
        let emblem = Synthesis::new(assets.load(SPRITES)).with_size(UVec2::splat(32)).with_seed(3);
        let emblem = emblem.with_control("class", class).with_control("prompt", prompt);
        commands.spawn((emblem, DecalTarget, Transform::from_xyz(x, 0.05, 0.3).with_scale(Vec3::splat(SIDE))));
    }
    let eye = Transform::from_xyz(0.0, 3.2, 3.0).looking_at(Vec3::new(0.0, 0.0, 0.2), Vec3::Y);
    // Decals read the depth of the geometry below them.
    commands.spawn((Camera3d::default(), DepthPrepass, eye));
    let sun = DirectionalLight { illuminance: 9_000.0, ..default() };
    commands.spawn((sun, Transform::from_xyz(-2.0, 4.0, 1.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}
