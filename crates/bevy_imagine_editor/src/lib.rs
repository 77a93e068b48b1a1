//! An egui panel for the [`Synthesis`](bevy_imagine::Synthesis) requests of a running game: widgets for the generator's inputs,
//! seed, nine variations side by side, undo, model card, GPU times, RON recipes and PNG export.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::prelude::*;
//! use bevy_imagine_editor::ImagineEditorPlugin;
//!
//! App::new().add_plugins((DefaultPlugins, ImaginePlugin::default(), ImagineEditorPlugin::default())).run();
//! ```
//!
//! The panel uses the primary egui context, which may draw into an image. It only changes components; the plugin synthesises
//! again. [`ImagineEditor::visible`] hides and shows it.

mod card;
mod controls;
mod editor;
mod history;
mod panel;
mod theme;
mod variations;
mod view;

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_egui::{EguiPlugin, EguiPrimaryContextPass};

pub use editor::ImagineEditor;
pub use variations::{Variation, Variations};

/// Adds the panel, and [`EguiPlugin`] if needed.
#[derive(Clone, Debug)]
pub struct ImagineEditorPlugin {
    /// Folder of exported PNG files. Default `imagine` in the working directory.
    pub export_folder: PathBuf,
}

impl Default for ImagineEditorPlugin {
    fn default() -> Self {
        Self { export_folder: "imagine".into() }
    }
}

impl Plugin for ImagineEditorPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<EguiPlugin>() {
            app.add_plugins(EguiPlugin::default());
        }
        app.insert_resource(ImagineEditor { export_folder: self.export_folder.clone(), ..default() })
            .add_observer(variations::start_variations)
            .add_observer(editor::note_failure)
            .add_systems(Update, (editor::record_changes, variations::despawn_orphans))
            .add_systems(EguiPrimaryContextPass, panel::show_panel);
    }
}
