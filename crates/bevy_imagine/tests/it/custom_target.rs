//! A target of the game's own goes through the same life as a built-in one.

use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::SQuery;
use bevy::prelude::*;
use bevy_imagine::SynthesisError;
use bevy_imagine::prelude::*;
use bevy_imagine::target::{OutputKind, PlanContext, Target, TexturePlan};

use crate::harness::{TestApp, with_app};

const ROLE: TextureRole = TextureRole::Custom("node");

/// The result becomes the image of a UI node.
#[derive(Component)]
#[component(storage = "SparseSet")]
#[require(ImageNode)]
pub struct NodeTarget {
    pub mips: bool,
}

impl Target for NodeTarget {
    type Param = SQuery<&'static mut ImageNode>;

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let plan = context.texture(ROLE, context.require(OutputKind::BaseColor, "a node")?);
        Ok(vec![if self.mips { plan } else { plan.without_mips() }])
    }

    fn show(&self, entity: Entity, textures: &SynthesisTextures, nodes: &mut SystemParamItem<Self::Param>) {
        nodes.get_mut(entity).unwrap().image = textures.get(ROLE).unwrap().clone();
    }

    fn fail(&self, entity: Entity, placeholder: &Handle<Image>, nodes: &mut SystemParamItem<Self::Param>) {
        nodes.get_mut(entity).unwrap().image = placeholder.clone();
    }

    fn clear(&self, entity: Entity, images: &[Handle<Image>], nodes: &mut SystemParamItem<Self::Param>) {
        let mut node = nodes.get_mut(entity).unwrap();
        assert!(images.contains(&node.image));
        node.image = Handle::default();
    }
}

fn shown(app: &TestApp, entity: Entity) -> Handle<Image> {
    app.get::<ImageNode>(entity).image.clone()
}

#[test]
fn a_custom_target_shows_fails_and_clears() {
    with_app(|app| {
        let request = Synthesis::new(app.noise()).with_size(UVec2::splat(16));
        let entity = app.finished((request, NodeTarget { mips: false }));
        let levels = app.read(&shown(app, entity));
        assert_eq!((levels.len(), shown(app, entity)), (1, app.texture(entity, ROLE)));
        // A changed target is synthesised again, even if its component is stored in a sparse set.
        app.get_mut::<NodeTarget>(entity).mips = true;
        app.expect_finished();
        assert_eq!(app.read(&shown(app, entity)).len(), 5);
        app.get_mut::<Synthesis>(entity).size = UVec2::ZERO;
        app.settle();
        assert!(app.events()[0].contains("size 0x0"));
        assert!(app.app.world().resource::<Assets<Image>>().get(&shown(app, entity)).unwrap().data.is_some());
        app.app.world_mut().entity_mut(entity).remove::<Synthesis>();
        app.update(1);
        assert_eq!(shown(app, entity), Handle::default());
        app.despawn(entity);
    });
}

#[test]
fn a_custom_target_reports_a_missing_output() {
    with_app(|app| {
        let sky = app.built_in("cloudy_sky");
        app.spawn((Synthesis::new(sky).with_size(UVec2::splat(16)), NodeTarget { mips: false }));
        app.settle();
        let events = app.events();
        assert!(events[0].contains("no output \"base_color\" for a node"), "{events:?}");
    });
}
