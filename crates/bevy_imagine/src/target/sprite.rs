//! A target: a sprite, or a sheet of variants.

use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::{SQuery, SResMut};
use bevy::prelude::*;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::BatchLayout;

use super::plan::{PlanContext, Sampling, TexturePlan, TextureRole, TextureSource};
use super::registry::Target;
use super::textures::SynthesisTextures;
use crate::error::SynthesisError;

/// The result becomes the [`Sprite`] on the same entity: one image, or a sheet of variants with a [`TextureAtlas`].
///
/// [`Synthesis::size`](crate::Synthesis::size) is the size of one sprite. Variants differ in the latents that the seed selects
/// and share all controls. The atlas keeps its index when a request changes.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Sprite)]
pub struct SpriteTarget {
    /// Variants in a row of the sheet, at least 1. Default 1.
    pub columns: u32,
    /// Rows of the sheet, at least 1. Default 1.
    pub rows: u32,
    /// Whether a scaled sprite is filtered linearly. Default off, for pixel art.
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
        self.grid().x.saturating_mul(self.grid().y)
    }

    /// Columns and rows.
    fn grid(&self) -> UVec2 {
        UVec2::new(self.columns, self.rows).max(UVec2::ONE)
    }
}

impl Target for SpriteTarget {
    type Param = (SQuery<&'static mut Sprite>, SResMut<Assets<TextureAtlasLayout>>);

    fn images(&self) -> u32 {
        self.variants()
    }

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let color = context.require(OutputKind::BaseColor, "a sprite")?;
        let sampling = if self.smooth { Sampling::Clamp } else { Sampling::Nearest };
        // Mip levels of a sheet would mix neighbouring sprites.
        let mut plan = context.texture(TextureRole::Sprites, color).with_sampling(sampling).without_mips();
        plan.shape.size = context.size().saturating_mul(self.grid());
        if let TextureSource::Pack(_, _, layout) = &mut plan.source {
            *layout = BatchLayout::Sheet { columns: self.grid().x };
        }
        Ok(vec![plan])
    }

    fn show(&self, entity: Entity, textures: &SynthesisTextures, param: &mut SystemParamItem<Self::Param>) {
        let (sprites, layouts) = param;
        let sheet = textures.plans().find(|(plan, _)| plan.role == TextureRole::Sprites);
        let (Some((plan, image)), Ok(mut sprite)) = (sheet, sprites.get_mut(entity)) else { return };
        // The sprite is touched only where something changes.
        if sprite.image != *image {
            sprite.image = image.clone();
        }
        if self.variants() == 1 {
            if sprite.texture_atlas.is_some() {
                sprite.texture_atlas = None;
            }
            return;
        }
        let UVec2 { x: columns, y: rows } = self.grid();
        let layout = TextureAtlasLayout::from_grid(plan.shape.size / self.grid(), columns, rows, None, None);
        let is_same = |atlas: &TextureAtlas| {
            let known = layouts.get(&atlas.layout);
            known.is_some_and(|known| known.size == layout.size && known.textures == layout.textures)
        };
        if sprite.texture_atlas.as_ref().is_some_and(is_same) {
            return;
        }
        let index = sprite.texture_atlas.as_ref().map_or(0, |atlas| atlas.index) % self.variants() as usize;
        sprite.texture_atlas = Some(TextureAtlas { layout: layouts.add(layout), index });
    }

    fn fail(&self, entity: Entity, placeholder: &Handle<Image>, param: &mut SystemParamItem<Self::Param>) {
        if let Ok(mut sprite) = param.0.get_mut(entity) {
            sprite.image = placeholder.clone();
            sprite.texture_atlas = None;
        }
    }

    fn clear(&self, entity: Entity, _: &[Handle<Image>], param: &mut SystemParamItem<Self::Param>) {
        self.fail(entity, &Handle::default(), param);
    }
}
