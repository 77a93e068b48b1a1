//! The target trait, and the registered targets of an app.

use std::any::TypeId;

use bevy::ecs::system::{SystemParam, SystemParamItem};
use bevy::ecs::world::FilteredEntityRef;
use bevy::prelude::*;

use super::plan::{PlanContext, TexturePlan};
use super::textures::SynthesisTextures;
use crate::error::SynthesisError;

/// A component next to a [`Synthesis`](crate::Synthesis) that says where the result goes.
///
/// The plugin calls [`plan`](Self::plan) when the request is submitted, [`show`](Self::show) when the textures are complete,
/// [`fail`](Self::fail) when they cannot be made, and [`clear`](Self::clear) when the request is removed. A changed component
/// is synthesised again; a target that is removed while its request stays keeps what it shows. An app registers each target:
///
/// ```
/// use bevy::ecs::system::{SystemParamItem, lifetimeless::SQuery};
/// use bevy::prelude::*;
/// use bevy_imagine::prelude::*;
/// use bevy_imagine::target::{OutputKind, PlanContext, Target, TexturePlan};
/// use bevy_imagine::SynthesisError;
///
/// /// The result becomes the image of a UI node.
/// #[derive(Component)]
/// struct NodeTarget;
///
/// impl Target for NodeTarget {
///     type Param = SQuery<&'static mut ImageNode>;
///
///     fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
///         let color = context.require(OutputKind::BaseColor, "a UI node")?;
///         Ok(vec![context.texture(TextureRole::Image, color).without_mips()])
///     }
///
///     fn show(&self, entity: Entity, textures: &SynthesisTextures, nodes: &mut SystemParamItem<Self::Param>) {
///         if let (Ok(mut node), Some(image)) = (nodes.get_mut(entity), textures.get(TextureRole::Image)) {
///             node.image = image.clone();
///         }
///     }
///
///     fn fail(&self, entity: Entity, placeholder: &Handle<Image>, nodes: &mut SystemParamItem<Self::Param>) {
///         if let Ok(mut node) = nodes.get_mut(entity) {
///             node.image = placeholder.clone();
///         }
///     }
///
///     fn clear(&self, entity: Entity, _: &[Handle<Image>], nodes: &mut SystemParamItem<Self::Param>) {
///         if let Ok(mut node) = nodes.get_mut(entity) {
///             node.image = default();
///         }
///     }
/// }
///
/// App::new().register_target::<NodeTarget>();
/// ```
pub trait Target: Component {
    /// System parameters for showing a result: queries, assets, commands. They must not borrow the target component mutably.
    type Param: SystemParam + 'static;

    /// Number of images, one for each variant or cubemap face. All targets of an entity need the same number. Default 1.
    fn images(&self) -> u32 {
        1
    }

    /// The textures that the target needs, or an error if the generator cannot make them.
    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError>;

    /// Shows the complete textures, which include those of other targets on the entity.
    fn show(&self, entity: Entity, textures: &SynthesisTextures, param: &mut SystemParamItem<Self::Param>);

    /// Shows the placeholder because the request failed.
    fn fail(&self, entity: Entity, placeholder: &Handle<Image>, param: &mut SystemParamItem<Self::Param>);

    /// Stops showing `images`, the textures and the placeholder of a request that is removed.
    fn clear(&self, entity: Entity, images: &[Handle<Image>], param: &mut SystemParamItem<Self::Param>);
}

/// The registered targets with their planning functions, in the order of registration.
#[derive(Resource, Default)]
pub(crate) struct Targets(Vec<(TypeId, PlanTarget)>);

/// Plans the target of an entity if it has one of the type.
type PlanTarget = fn(&FilteredEntityRef, &PlanContext) -> Option<Result<TargetPlans, SynthesisError>>;

/// Textures of a target or of all targets of an entity, and the number of images that they are made of.
#[derive(Debug)]
pub(crate) struct TargetPlans {
    pub textures: Vec<TexturePlan>,
    pub images: u32,
}

impl Targets {
    /// Adds a target. Returns whether it is new.
    pub fn register<T: Target>(&mut self) -> bool {
        let id = TypeId::of::<T>();
        let is_new = self.0.iter().all(|(known, _)| *known != id);
        if is_new {
            let plan: PlanTarget = |entity, context| {
                let target = entity.get::<T>()?;
                Some(target.plan(context).map(|textures| TargetPlans { textures, images: target.images() }))
            };
            self.0.push((id, plan));
        }
        is_new
    }

    /// Plans all targets of an entity.
    pub fn plan(&self, entity: &FilteredEntityRef, context: &PlanContext) -> Result<TargetPlans, SynthesisError> {
        let generator = || context.generator().to_string();
        let plans = self.0.iter().filter_map(|(_, plan)| plan(entity, context)).collect::<Result<Vec<_>, _>>()?;
        let Some(images) = plans.first().map(|plan| plan.images) else {
            return Err(SynthesisError::NoTarget { generator: generator() });
        };
        if plans.iter().any(|plan| plan.images != images) {
            let batches = plans.iter().map(|plan| plan.images).collect();
            return Err(SynthesisError::Targets { generator: generator(), batches });
        }
        Ok(TargetPlans { textures: plans.into_iter().flat_map(|plan| plan.textures).collect(), images })
    }
}
