//! Export of results as PNG and KTX2 files, marked as generated, with the recipe inside.

mod blocks;

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::render::gpu_readback::{Readback, ReadbackComplete};
use bevy::render::render_resource::TextureFormat;
use bevy::tasks::IoTaskPool;
use imagine_graph::file::{WriteError, make_folder, replace};
use imagine_graph::generators::Origin;
use imagine_ktx2::{Average, Format, Texture};
use imagine_png::{Picture, Samples, Source};
use imagine_wgpu::texture_io::{Blocks, MipFilter};

use crate::asset::Generator;
use crate::render::{BlockRead, BlockReads};
use crate::request::{Synthesis, SynthesisRecipe};
use crate::target::{SynthesisTextures, TexturePlan, TextureRole};

/// Trigger it on an entity whose request is finished to write its textures as PNG files, except cubemaps, which are HDR. Heights and
/// depths have 16 bits a pixel, all others 8 bits a channel. Of [compressed](crate::MaterialTarget::compress) textures they hold what the blocks show.
///
/// Readback takes a few frames and blocks none; a background thread writes the files.
#[derive(EntityEvent, Clone, Debug)]
pub struct ExportPng {
    /// The entity with the request.
    pub entity: Entity,
    /// Folder of the files, created if needed.
    pub folder: PathBuf,
    /// Prefix of the file names: `moss` gives `moss_base_color.png`.
    pub name: String,
}

/// Like [`ExportPng`], but as KTX2 files with all mip levels, which Bevy loads without conversion; compressed textures as their blocks.
#[derive(EntityEvent, Clone, Debug)]
pub struct ExportKtx2 {
    /// The entity with the request.
    pub entity: Entity,
    /// Folder of the files, created if needed.
    pub folder: PathBuf,
    /// Prefix of the file names: `moss` gives `moss_base_color.ktx2`.
    pub name: String,
}

/// File format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    Png,
    Ktx2,
}

impl FileKind {
    fn extension(self) -> &'static str {
        match self {
            FileKind::Png => "png",
            FileKind::Ktx2 => "ktx2",
        }
    }
}

/// One texture on its way into a file.
#[derive(Component, Clone)]
pub(crate) struct Exporting {
    kind: FileKind,
    path: PathBuf,
    plan: TexturePlan,
    recipe: String,
    source: Source,
}

/// Requests the textures of a PNG export.
pub(crate) fn start_png_export(export: On<ExportPng>, exporter: Exporter) {
    exporter.start(FileKind::Png, export.entity, &export.folder, &export.name);
}

/// Requests the textures of a KTX2 export.
pub(crate) fn start_ktx2_export(export: On<ExportKtx2>, exporter: Exporter) {
    exporter.start(FileKind::Ktx2, export.entity, &export.folder, &export.name);
}

/// Everything that starting an export needs.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Exporter<'w, 's> {
    commands: Commands<'w, 's>,
    requests: Query<'w, 's, (&'static Synthesis, &'static SynthesisTextures)>,
    reads: Res<'w, BlockReads>,
    assets: Res<'w, Assets<Generator>>,
}

impl Exporter<'_, '_> {
    fn start(mut self, kind: FileKind, entity: Entity, folder: &Path, name: &str) {
        let Ok((request, textures)) = self.requests.get(entity) else {
            warn!("{entity} has no finished result to export");
            return;
        };
        let recipe = match SynthesisRecipe::of(request).to_ron() {
            Ok(recipe) => recipe,
            Err(error) => return error!("{entity} cannot be exported: {error}"),
        };
        let source = match self.assets.get(&request.generator) {
            Some(generator) => match generator.origin() {
                Origin::Formula => Source::Formula,
                Origin::Exemplar => Source::Exemplar,
                Origin::TrainedNetwork => Source::TrainedNetwork,
            },
            None => Source::TrainedNetwork,
        };
        let has_height = textures.get(TextureRole::Height).is_some();
        for (plan, image) in textures.plans() {
            // A height is one file: its 16 bits as PNG, its mip levels as KTX2.
            let is_other = match kind {
                FileKind::Png => has_height && plan.role == TextureRole::Image,
                FileKind::Ktx2 => plan.role == TextureRole::Height,
            };
            if is_other || plan.shape.storage_format() != TextureFormat::Rgba8Unorm {
                continue;
            }
            let path = folder.join(format!("{name}_{}.{}", file_name(plan.role), kind.extension()));
            let exporting = Exporting { kind, path, plan: plan.clone(), recipe: recipe.clone(), source };
            match plan.blocks() {
                None => _ = self.commands.spawn((Readback::texture(image.clone()), exporting)).observe(write_texels),
                Some(what) => {
                    let levels = what.levels(plan.shape.size.to_array(), plan.shape.levels, 1);
                    let layer = plan.image.as_ref().map_or(0, |(_, layer)| *layer);
                    let done = Box::new(move |blocks| exporting.write(move |this| this.encode_blocks(what, blocks)));
                    self.reads.push(BlockRead { image: image.id(), layer, levels, done });
                }
            }
        }
    }
}

/// Writes one texture that was read back.
fn write_texels(read: On<ReadbackComplete>, mut commands: Commands, exports: Query<&Exporting>) {
    let Ok(exporting) = exports.get(read.entity) else { return };
    commands.entity(read.entity).despawn();
    let UVec2 { x: width, y: height } = exporting.plan.shape.size;
    let row = width as usize * 4;
    // Rows may be padded on the way from the GPU.
    let stride = read.data.len() / (height.max(1) as usize);
    let bytes = read.data.chunks(stride.max(1)).flat_map(|line| &line[..row.min(line.len())]).copied().collect();
    exporting.clone().write(|this| this.encode(bytes));
}

impl Exporting {
    /// Writes the file that `encode` makes, on another thread.
    fn write(self, encode: impl FnOnce(&Self) -> Result<Vec<u8>, std::io::Error> + Send + 'static) {
        let task = async move {
            let path = self.path.display();
            match encode(&self).map(|bytes| write(&self.path, &bytes)) {
                Ok(Ok(())) => info!("wrote {path}"),
                Ok(Err(error)) => error!("{error}"),
                Err(error) => error!("{path}: {error}"),
            }
        };
        IoTaskPool::get().spawn(task).detach();
    }

    /// The bytes of the file, from the blocks of every level.
    fn encode_blocks(&self, what: Blocks, levels: Vec<Vec<u8>>) -> Result<Vec<u8>, std::io::Error> {
        if self.kind == FileKind::Png {
            return self.encode(blocks::texels(&self.plan, what, &levels[0]));
        }
        let texture = blocks::texture(&self.plan, levels);
        imagine_ktx2::encode(&texture, self.source, &self.recipe).map_err(std::io::Error::other)
    }

    /// The bytes of the file, from the texels of level 0.
    fn encode(&self, texels: Vec<u8>) -> Result<Vec<u8>, std::io::Error> {
        let shape = self.plan.shape;
        let UVec2 { x: width, y: height } = shape.size;
        let is_srgb = shape.format.is_srgb();
        if self.kind == FileKind::Png {
            let (channels, samples) = if self.plan.is_deep() {
                (1, Samples::Sixteen(words(&texels).collect()))
            } else {
                (4, Samples::Eight(texels))
            };
            let picture = Picture { width, height, channels, is_srgb, samples };
            return imagine_png::encode(&picture, self.source, &self.recipe).map_err(std::io::Error::other);
        }
        let average = match self.plan.mip {
            MipFilter::Srgb => Average::Srgb,
            MipFilter::Normal => Average::Normal,
            MipFilter::Linear | MipFilter::Radiance | MipFilter::Roughness => Average::Linear,
        };
        let units: Vec<f32> = if self.plan.is_deep() {
            words(&texels).map(|word| f32::from(word) / 65_535.0).flat_map(|unit| [unit, unit, unit, 1.0]).collect()
        } else {
            texels.iter().map(|texel| f32::from(*texel) / 255.0).collect()
        };
        let store = |units: &[f32]| units.iter().map(|unit| (unit * 255.0).round() as u8).collect();
        let levels = imagine_ktx2::levels(&units, [width as usize, height as usize], 4, average, store);
        let format = if is_srgb { Format::Rgba8Srgb } else { Format::Rgba8 };
        let texture = Texture { format, width, height, faces: 1, levels };
        imagine_ktx2::encode(&texture, self.source, &self.recipe).map_err(std::io::Error::other)
    }
}

/// The 16 bits in green and blue of every texel.
fn words(texels: &[u8]) -> impl Iterator<Item = u16> {
    texels.chunks_exact(4).map(|texel| u16::from_be_bytes([texel[1], texel[2]]))
}

/// Writes the whole file or nothing, in a folder that is made if needed.
fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    replace(path, bytes)
}

fn file_name(role: TextureRole) -> &'static str {
    match role {
        TextureRole::BaseColor => "base_color",
        TextureRole::Normal => "normal",
        TextureRole::OcclusionRoughnessMetallic => "occlusion_roughness_metallic",
        TextureRole::Depth => "depth",
        TextureRole::Emissive => "emissive",
        TextureRole::Image | TextureRole::Height => "image",
        TextureRole::Sprites => "sprites",
        TextureRole::Sky => "sky",
        TextureRole::SkyDiffuse => "sky_diffuse",
        TextureRole::SkySpecular => "sky_specular",
        TextureRole::Custom(name) => name,
    }
}
