//! What results are written into: materials, images, sprites, skies. A target is a component beside the request.

mod image;
mod material;
mod placeholder;
mod sky;
mod sprite;
mod stage;
mod textures;

pub use image::ImageTarget;
use imagine_graph::{ColorSpace, GraphOutput, OutputKind};
pub use material::MaterialTarget;
pub(crate) use placeholder::Placeholder;
pub use sky::SkyTarget;
pub use sprite::SpriteTarget;
pub(crate) use stage::Stage;
pub use textures::TextureRole;
pub(crate) use textures::{Destination, TexturePlan, TextureShape, TextureSource, Textures};

use bevy::ecs::query::QueryData;
use bevy::prelude::*;

use crate::asset::Generator;
use crate::error::SynthesisError;

/// Images of a cubemap.
const FACES: u32 = 6;

/// The targets of an entity.
#[derive(QueryData)]
pub(crate) struct Targets {
    pub material: Option<&'static MaterialTarget>,
    pub image: Option<&'static ImageTarget>,
    pub sprite: Option<&'static SpriteTarget>,
    pub sky: Option<&'static SkyTarget>,
}

/// What targets need to know of a request.
pub(crate) struct PlanContext<'a> {
    /// Name of the generator, for messages.
    generator: &'a str,
    outputs: &'a [GraphOutput],
    tiles: bool,
    /// Whether the result is a part of a world, with neighbours beyond its border.
    is_patch: bool,
    /// Of one image.
    size: UVec2,
}

impl TargetsItem<'_, '_> {
    /// The textures that the targets need and how many images they are made of.
    pub fn plan(
        &self,
        generator: &Generator,
        size: UVec2,
        is_patch: bool,
    ) -> Result<(Vec<TexturePlan>, u32), SynthesisError> {
        let network = generator.network();
        let outputs = &network.output.graph().outputs;
        let tiles = network.generator.size.tiles && !is_patch;
        let context = PlanContext { generator: generator.name(), outputs, tiles, is_patch, size };
        let mut plans = Vec::new();
        let mut batches = Vec::new();
        // A sky comes first: its light refers to it by its place.
        if let Some(sky) = self.sky {
            plans.extend(sky.plan(&context)?);
            batches.push(FACES);
        }
        if let Some(material) = self.material {
            let maps = material.plan(&context);
            if maps.iter().all(|plan| plan.role == TextureRole::Depth) {
                return Err(context.missing("a material", ""));
            }
            plans.extend(maps);
            batches.push(1);
        }
        if let Some(image) = self.image {
            plans.push(image.plan(&context)?);
            batches.push(1);
        }
        if let Some(sprite) = self.sprite {
            plans.push(sprite.plan(&context)?);
            batches.push(sprite.variants());
        }
        match batches.as_slice() {
            [] => Err(SynthesisError::NoTarget { generator: generator.name().into() }),
            [first, rest @ ..] if rest.iter().all(|batch| batch == first) => Ok((plans, *first)),
            _ => Err(SynthesisError::Targets { generator: generator.name().into(), batches }),
        }
    }
}

impl PlanContext<'_> {
    fn find(&self, kind: OutputKind) -> Option<usize> {
        self.outputs.iter().position(|output| output.kind == kind)
    }

    /// Whether an output of colour holds linear light.
    fn is_linear(&self, index: usize) -> bool {
        self.outputs[index].color_space == ColorSpace::Linear
    }

    fn missing(&self, target: &'static str, wanted: &str) -> SynthesisError {
        let found = self.outputs.iter().map(|output| format!("{} ({})", output.name, output.kind.name())).collect();
        let generator = self.generator.to_string();
        SynthesisError::MissingOutput { generator, target, wanted: wanted.to_string(), found }
    }
}
