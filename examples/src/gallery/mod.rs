//! The gallery of the demo: every generator of `assets/materials` and `assets/generators` on a stand of its own, with its name.

mod exhibits;
mod labels;
pub mod layout;
mod scene;

use bevy::prelude::*;

pub use exhibits::{Exhibit, exhibits};
pub use labels::ExhibitLabel;
pub use scene::{look_at, turn};

/// Shows exhibits. Without [`ImaginePlugin`](bevy_imagine::prelude::ImaginePlugin) they stay blank.
pub struct GalleryPlugin {
    /// What is shown.
    pub exhibits: Vec<Exhibit>,
}

/// What is shown.
#[derive(Resource)]
struct Exhibits(Vec<Exhibit>);

impl Plugin for GalleryPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Exhibits(self.exhibits.clone()))
            .insert_resource(ClearColor(scene::SKY))
            .add_systems(Startup, (scene::spawn_stage, scene::spawn_exhibits, labels::spawn_labels))
            .add_systems(Update, (scene::arrange, labels::place_labels).chain())
            .add_observer(scene::show);
    }
}
