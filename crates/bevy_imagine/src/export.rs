//! Results as PNG files: read back when asked for, marked with what made them, with the recipe inside.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::render::gpu_readback::{Readback, ReadbackComplete};
use bevy::render::render_resource::TextureFormat;
use bevy::tasks::IoTaskPool;
use imagine_graph::generators;
use imagine_png::{Picture, Source};

use crate::asset::Generator;

use crate::recipe::SynthesisRecipe;
use crate::request::Synthesis;
use crate::target::{TextureRole, TextureShape};
use crate::textures::SynthesisTextures;

/// Trigger it on an entity whose request is finished to write its textures as PNG files. Cubemaps, which are HDR, are left out.
///
/// Reading back takes a few frames and blocks none; files are written on a background thread.
#[derive(EntityEvent, Clone, Debug)]
pub struct ExportPng {
    /// The entity with the request.
    pub entity: Entity,
    /// Folder of the files, which is made if needed.
    pub folder: PathBuf,
    /// Start of the files' names: `moss` gives `moss_base_color.png`.
    pub name: String,
}

/// One texture on its way into a file.
#[derive(Component)]
pub(crate) struct Exporting {
    path: PathBuf,
    shape: TextureShape,
    recipe: String,
    source: Source,
}

/// Asks for the textures of `export`.
pub(crate) fn start_export(
    export: On<ExportPng>,
    mut commands: Commands,
    requests: Query<(&Synthesis, &SynthesisTextures)>,
    assets: Res<Assets<Generator>>,
) {
    let Ok((request, textures)) = requests.get(export.entity) else {
        warn!("{} has no finished result to export", export.entity);
        return;
    };
    let recipe = match SynthesisRecipe::of(request).to_ron() {
        Ok(recipe) => recipe,
        Err(error) => return error!("{} cannot be exported: {error}", export.entity),
    };
    let is_built = assets.get(&request.generator).is_some_and(|generator| generators::is_built(generator.hash()));
    let source = if is_built { Source::Formula } else { Source::TrainedNetwork };
    for (plan, image) in &textures.0.list {
        if plan.shape.format.remove_srgb_suffix() != TextureFormat::Rgba8Unorm {
            continue;
        }
        let path = export.folder.join(format!("{}_{}.png", export.name, file_name(plan.role)));
        let exporting = Exporting { path, shape: plan.shape, recipe: recipe.clone(), source };
        commands.spawn((Readback::texture(image.clone()), exporting)).observe(write_file);
    }
}

/// Writes what was read back.
fn write_file(read: On<ReadbackComplete>, mut commands: Commands, exports: Query<&Exporting>) {
    let Ok(Exporting { path, shape, recipe, source }) = exports.get(read.entity) else { return };
    commands.entity(read.entity).despawn();
    let UVec2 { x: width, y: height } = shape.size;
    let row = width as usize * 4;
    // Rows may be padded on the way from the GPU.
    let stride = read.data.len() / (height.max(1) as usize);
    let bytes = read.data.chunks(stride.max(1)).flat_map(|line| &line[..row.min(line.len())]).copied().collect();
    let picture = Picture { width, height, channels: 4, is_srgb: shape.format.is_srgb(), bytes };
    let (path, recipe, source) = (path.clone(), recipe.clone(), *source);
    IoTaskPool::get()
        .spawn(async move {
            match write(&path, &picture, source, &recipe) {
                Ok(()) => info!("wrote {}", path.display()),
                Err(error) => error!("{}: {error}", path.display()),
            }
        })
        .detach();
}

/// Writes beside the target and renames, so that a file is whole or not there.
fn write(path: &Path, picture: &Picture, source: Source, recipe: &str) -> Result<(), std::io::Error> {
    let bytes = imagine_png::encode(picture, source, recipe).map_err(std::io::Error::other)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("png.part");
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, path)
}

fn file_name(role: TextureRole) -> &'static str {
    match role {
        TextureRole::BaseColor => "base_color",
        TextureRole::Normal => "normal",
        TextureRole::OcclusionRoughnessMetallic => "occlusion_roughness_metallic",
        TextureRole::Depth => "depth",
        TextureRole::Emissive => "emissive",
        TextureRole::Image => "image",
        TextureRole::Sprites => "sprites",
        TextureRole::Sky => "sky",
        TextureRole::SkyDiffuse => "sky_diffuse",
        TextureRole::SkySpecular => "sky_specular",
    }
}
