//! Registration of targets: the systems and observers that every target gets, built in or the game's own.

use bevy::ecs::system::StaticSystemParam;
use bevy::prelude::*;

use super::component::Synthesis;
use super::restart::restart_changed;
use crate::target::{Placeholder, SynthesisTextures, Target, Targets};

/// Adds targets to an app.
pub trait RegisterTarget {
    /// Lets requests use `T` as a [`Target`]. Call it before or after adding
    /// [`ImaginePlugin`](crate::ImaginePlugin); a second call for the same `T` does nothing.
    fn register_target<T: Target>(&mut self) -> &mut Self;
}

impl RegisterTarget for App {
    fn register_target<T: Target>(&mut self) -> &mut Self {
        self.init_resource::<Targets>().init_resource::<Placeholder>();
        if !self.world_mut().resource_mut::<Targets>().register::<T>() {
            return self;
        }
        // After `restart_changed::<Synthesis>`, so that the order of new requests does not depend on their targets.
        let system = restart_changed::<T>.in_set(RequestSteps::Restart).after(restart_changed::<Synthesis>);
        self.add_observer(update_target::<T>).add_observer(clear_target::<T>).add_systems(PostUpdate, system)
    }
}

/// The order inside [`ImagineSystems::Request`](crate::ImagineSystems::Request).
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RequestSteps {
    Recover,
    Restart,
    Submit,
}

/// Triggered on the entity of a request whose targets have something new to show.
#[derive(EntityEvent, Clone, Debug)]
pub(crate) struct UpdateTargets {
    entity: Entity,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Result(SynthesisTextures),
    Placeholder(Handle<Image>),
}

impl UpdateTargets {
    pub fn show(entity: Entity, textures: SynthesisTextures) -> Self {
        Self { entity, content: Content::Result(textures) }
    }

    pub fn fail(entity: Entity, placeholder: Handle<Image>) -> Self {
        Self { entity, content: Content::Placeholder(placeholder) }
    }
}

fn update_target<T: Target>(update: On<UpdateTargets>, targets: Query<&T>, param: StaticSystemParam<T::Param>) {
    let Ok(target) = targets.get(update.entity) else { return };
    let mut param = param.into_inner();
    match &update.content {
        Content::Result(textures) => target.show(update.entity, textures, &mut param),
        Content::Placeholder(image) => target.fail(update.entity, image, &mut param),
    }
}

fn clear_target<T: Target>(
    removed: On<Remove, Synthesis>,
    targets: Query<(&T, Option<&SynthesisTextures>)>,
    placeholder: Res<Placeholder>,
    param: StaticSystemParam<T::Param>,
) {
    let Ok((target, textures)) = targets.get(removed.entity) else { return };
    let textures = textures.iter().flat_map(|textures| textures.iter().map(|(_, image)| image.clone()));
    let images: Vec<_> = textures.chain(placeholder.get().cloned()).collect();
    target.clear(removed.entity, &images, &mut param.into_inner());
}
