//! The editor's resource: settings of the panel, histories and failures of requests, and the systems that keep them.

use std::collections::HashMap;
use std::path::PathBuf;

use bevy::ecs::entity::EntityHashSet;
use bevy::prelude::*;
use bevy_egui::EguiContext;
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, ImagineStats};

use crate::history::History;
use crate::variations::Variation;

/// Settings and state of the panel.
#[derive(Resource, Clone, Debug)]
pub struct ImagineEditor {
    /// Whether the panel is visible. Default on.
    pub visible: bool,
    /// Entity of the selected request. Default `None`: the first request.
    pub selected: Option<Entity>,
    /// Whether variations keep the seed. Default off.
    pub lock_seed: bool,
    /// Folder of exported files. Default `imagine`.
    pub export_folder: PathBuf,
    /// Requests with changes that the history does not have yet.
    pub(crate) changed: EntityHashSet,
    pub(crate) histories: HashMap<Entity, History>,
    /// Error messages of failed requests.
    pub(crate) failures: HashMap<Entity, String>,
    /// Message about the last action.
    pub(crate) notice: String,
}

impl Default for ImagineEditor {
    fn default() -> Self {
        Self {
            visible: true,
            selected: None,
            lock_seed: false,
            export_folder: "imagine".into(),
            changed: EntityHashSet::default(),
            histories: HashMap::new(),
            failures: HashMap::new(),
            notice: String::new(),
        }
    }
}

/// Resources that the panel reads.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct PanelResources<'w> {
    pub generators: Res<'w, Assets<Generator>>,
    pub stats: Res<'w, ImagineStats>,
    pub memory: Res<'w, ImagineMemory>,
}

/// Keeps the error message of a failed request.
pub(crate) fn note_failure(failed: On<SynthesisFailed>, mut editor: ResMut<ImagineEditor>) {
    editor.failures.insert(failed.entity, failed.error.to_string());
}

/// Records changes of all sources after the pointer is released, so that a drag is one change.
pub(crate) fn record_changes(
    mut editor: ResMut<ImagineEditor>,
    changed: Query<Entity, (Changed<Synthesis>, Without<Variation>)>,
    requests: Query<&Synthesis>,
    mut removed: RemovedComponents<Synthesis>,
    mut contexts: Query<&mut EguiContext>,
) {
    let editor = editor.bypass_change_detection();
    editor.changed.extend(&changed);
    for entity in removed.read() {
        editor.histories.remove(&entity);
        editor.failures.remove(&entity);
    }
    if editor.changed.is_empty() || contexts.iter_mut().any(|mut context| context.get_mut().egui_is_using_pointer()) {
        return;
    }
    for entity in editor.changed.drain() {
        if let Ok(request) = requests.get(entity) {
            editor.histories.entry(entity).or_default().record(request);
        }
    }
}
