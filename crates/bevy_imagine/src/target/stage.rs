//! Shows results, and placeholders, in the targets of an entity.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::textures::Textures;
use super::{Placeholder, SkyTarget, TargetsItem, material};
use super::{Targets, TexturePlan};
use crate::memory::ImagineMemory;

/// Everything that showing a result may touch.
#[derive(SystemParam)]
pub(crate) struct Stage<'w, 's> {
    commands: Commands<'w, 's>,
    targets:
        Query<'w, 's, (Targets, Option<&'static mut MeshMaterial3d<StandardMaterial>>, Option<&'static mut Sprite>)>,
    materials: ResMut<'w, Assets<StandardMaterial>>,
    images: ResMut<'w, Assets<Image>>,
    layouts: ResMut<'w, Assets<TextureAtlasLayout>>,
    placeholder: ResMut<'w, Placeholder>,
    memory: Res<'w, ImagineMemory>,
}

impl Stage<'_, '_> {
    /// Shows `textures`.
    pub fn show(&mut self, entity: Entity, textures: &Textures) {
        let Ok((targets, mesh_material, sprite)) = self.targets.get_mut(entity) else { return };
        if let (Some(_), Some(mut handle)) = (targets.material, mesh_material) {
            own_material(&mut handle, &mut self.materials);
            material::show(textures, &handle.0, &mut self.materials);
        }
        if let (Some(target), Some(mut sprite)) = (targets.sprite, sprite) {
            target.show(textures, &mut sprite, &mut self.layouts);
        }
        if let Some(target) = targets.sky {
            target.show(textures, entity, &mut self.commands);
        }
    }

    /// Shows that the request failed.
    pub fn fail(&mut self, entity: Entity) {
        let Ok((targets, mesh_material, sprite)) = self.targets.get_mut(entity) else { return };
        if let (Some(_), Some(mut handle)) = (targets.material, mesh_material) {
            own_material(&mut handle, &mut self.materials);
            self.placeholder.show(&handle.0, &mut self.materials, &mut self.images);
        }
        if let (Some(_), Some(mut sprite)) = (targets.sprite, sprite) {
            sprite.image = self.placeholder.image(&mut self.images);
            sprite.texture_atlas = None;
        }
        if let Some(target) = targets.image.filter(|target| target.is_own()) {
            Placeholder::fill(&target.image, &mut self.images);
        }
        if targets.sky.is_some() {
            SkyTarget::clear(entity, &mut self.commands);
        }
    }

    /// Takes away what the targets show.
    pub fn clear(&mut self, entity: Entity, textures: Option<&Textures>) {
        let Ok((targets, mesh_material, sprite)) = self.targets.get_mut(entity) else { return };
        if let Some(handle) = mesh_material.filter(|_| targets.material.is_some())
            && let Some(mut shown) = self.materials.get_mut(&handle.0)
        {
            textures.iter().for_each(|textures| material::clear(textures, &mut shown));
            self.placeholder.clear(&mut shown);
        }
        if let (Some(_), Some(mut sprite)) = (targets.sprite, sprite) {
            sprite.image = Handle::default();
            sprite.texture_atlas = None;
        }
        if targets.sky.is_some() {
            SkyTarget::clear(entity, &mut self.commands);
        }
    }

    /// Textures for `plans`, in the game's own image where the entity has one.
    pub fn textures(
        &mut self,
        plans: Vec<TexturePlan>,
        targets: &TargetsItem,
    ) -> Result<Textures, crate::SynthesisError> {
        let own = targets.image.filter(|target| target.is_own());
        if let Some(target) = own
            && let Some(plan) = plans.iter().find(|plan| plan.role == super::TextureRole::Image)
        {
            target.prepare(plan, &mut self.images)?;
        }
        Ok(Textures::new(plans, own.map(|target| target.image.clone()), &mut self.images, &self.memory))
    }
}

/// Entities whose material was left at its default get one of their own.
fn own_material(handle: &mut Mut<MeshMaterial3d<StandardMaterial>>, materials: &mut Assets<StandardMaterial>) {
    if handle.0 == Handle::default() {
        handle.0 = materials.add(StandardMaterial::default());
    }
}
