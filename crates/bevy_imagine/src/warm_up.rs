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

/// Generators to compile.
#[derive(Resource, Debug, Default)]
pub(crate) struct WarmUps {
    /// Those that have to be loaded before.
    waiting: Vec<Handle<Generator>>,
    /// Those that were sent to the render world.
    sent: Vec<Handle<Generator>>,
}

impl WarmUps {
    /// A generator is compiled.
    pub fn finish(&mut self, generator: AssetId<Generator>) {
        if let Some(index) = self.sent.iter().position(|sent| sent.id() == generator) {
            self.sent.swap_remove(index);
        }
    }

    /// The device was lost: what was sent has to be sent again.
    pub fn lose(&mut self) {
        self.waiting.append(&mut self.sent);
    }
}

pub(crate) fn note_warm_up(event: On<WarmUp>, mut warm_ups: ResMut<WarmUps>) {
    warm_ups.waiting.push(event.generator.clone());
}

/// Sends generators that are loaded to the render world.
pub(crate) fn send_warm_ups(
    mut warm_ups: ResMut<WarmUps>,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    mut outbox: ResMut<Outbox>,
    reports: Res<Reports>,
) {
    if warm_ups.waiting.is_empty() {
        return;
    }
    let WarmUps { waiting, sent } = &mut *warm_ups;
    waiting.retain(|handle| match (generators.get(handle), assets.load_state(handle)) {
        (Some(generator), _) => {
            outbox.letters.push(Letter::WarmUp(handle.id(), generator.clone()));
            sent.push(handle.clone());
            false
        }
        (None, LoadState::Failed(error)) => {
            reports.push(Report::WarmUp(handle.id(), Err(SynthesisError::Load(error))));
            false
        }
        _ => true,
    });
}
