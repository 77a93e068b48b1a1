//! A target: a sprite, or a sheet of variants.

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::{BatchLayout, MipFilter, Pack};

use super::PlanContext;
use super::textures::{Sampling, TexturePlan, TextureRole, TextureShape, TextureSource, Textures};
use crate::error::SynthesisError;

/// The result becomes the [`Sprite`] of the same entity: one picture, or a sheet of variants with a [`TextureAtlas`].
///
/// [`Synthesis::size`](crate::Synthesis::size) is that of one sprite. Variants differ in the latents that the seed chooses; controls
/// are the same for all. The atlas keeps its index when a request changes.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Sprite)]
pub struct SpriteTarget {
    /// Variants in a row of the sheet, at least 1. Default 1.
    pub columns: u32,
    /// Rows of the sheet, at least 1. Default 1.
    pub rows: u32,
    /// Whether texels are blended when the sprite is scaled; pixel art wants them as they are, the default.
    pub smooth: bool,
}

impl Default for SpriteTarget {
    fn default() -> Self {
        Self { columns: 1, rows: 1, smooth: false }
    }
}

impl SpriteTarget {
    /// A sheet of `columns` times `rows` variants.
    pub fn sheet(columns: u32, rows: u32) -> Self {
        Self { columns, rows, ..default() }
    }

    /// Number of variants.
    pub fn variants(&self) -> u32 {
        self.columns.max(1).saturating_mul(self.rows.max(1))
    }

    pub(super) fn plan(&self, context: &PlanContext) -> Result<TexturePlan, SynthesisError> {
        let color = context.find(OutputKind::BaseColor).ok_or_else(|| context.missing("a sprite", "base_color"))?;
        let alpha = context.find(OutputKind::Alpha);
        let what = Pack::Color { alpha: alpha.is_some(), encode_srgb: context.is_linear(color) };
        let columns = self.columns.max(1);
        let source = TextureSource::Pack(what, [Some(color), alpha, None], BatchLayout::Sheet { columns });
        let size = UVec2::new(context.size.x.saturating_mul(columns), context.size.y.saturating_mul(self.rows.max(1)));
        let sampling = if self.smooth { Sampling::Clamp } else { Sampling::Nearest };
        // Levels of a sheet would mix neighbouring sprites.
        let shape = TextureShape { levels: 1, ..TextureShape::flat(size, TextureFormat::Rgba8UnormSrgb, sampling) };
        Ok(TexturePlan { role: TextureRole::Sprites, source, mip: MipFilter::Srgb, shape })
    }

    /// Puts the sheet among `textures` into the sprite, which is touched only where something changes.
    pub(super) fn show(&self, textures: &Textures, sprite: &mut Mut<Sprite>, layouts: &mut Assets<TextureAtlasLayout>) {
        let sheet = textures.list.iter().find(|(plan, _)| plan.role == TextureRole::Sprites);
        let Some((plan, image)) = sheet else { return };
        if sprite.image != *image {
            sprite.image = image.clone();
        }
        if self.variants() == 1 {
            if sprite.texture_atlas.is_some() {
                sprite.texture_atlas = None;
            }
            return;
        }
        let tile = plan.shape.size / UVec2::new(self.columns.max(1), self.rows.max(1));
        let layout = TextureAtlasLayout::from_grid(tile, self.columns.max(1), self.rows.max(1), None, None);
        let same = |atlas: &TextureAtlas| {
            layouts.get(&atlas.layout).is_some_and(|known| {
                (known.size, known.textures.len()) == (layout.size, layout.textures.len())
                    && known.textures == layout.textures
            })
        };
        if sprite.texture_atlas.as_ref().is_some_and(same) {
            return;
        }
        let index = sprite.texture_atlas.as_ref().map_or(0, |atlas| atlas.index) % self.variants() as usize;
        sprite.texture_atlas = Some(TextureAtlas { layout: layouts.add(layout), index });
    }
}
