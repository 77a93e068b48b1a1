//! Compiling before anything is asked for, so that the first request of a level is as quick as the second.

use bevy::asset::LoadState;
use bevy::prelude::*;

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{Letter, Outbox, Report, Reports};

/// Trigger it to have everything compiled that a generator needs, on background threads, as while a level loads.
#[derive(Event, Clone, Debug)]
pub struct WarmUp {
    /// The generator; it may still be loading.
    pub generator: Handle<Generator>,
}

/// Triggered when a [`WarmUp`] is done.
#[derive(Event, Clone, Debug)]
pub struct WarmUpFinished {
    /// The generator.
    pub generator: AssetId<Generator>,
    /// Why it cannot run here, if it cannot.
    pub result: Result<(), SynthesisError>,
}

/// Generators that have to be loaded before they can be compiled.
#[derive(Resource, Debug, Default)]
pub(crate) struct WarmUps(Vec<Handle<Generator>>);

pub(crate) fn note_warm_up(event: On<WarmUp>, mut waiting: ResMut<WarmUps>) {
    waiting.0.push(event.generator.clone());
}

/// Sends generators that are loaded to the render world.
pub(crate) fn send_warm_ups(
    mut waiting: ResMut<WarmUps>,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    mut outbox: ResMut<Outbox>,
    reports: Res<Reports>,
) {
    if waiting.0.is_empty() {
        return;
    }
    waiting.0.retain(|handle| match (generators.get(handle), assets.load_state(handle)) {
        (Some(generator), _) => {
            outbox.letters.push(Letter::WarmUp(handle.id(), generator.clone()));
            false
        }
        (None, LoadState::Failed(error)) => {
            reports.push(Report::WarmUp(handle.id(), Err(SynthesisError::Load(error))));
            false
        }
        _ => true,
    });
}
