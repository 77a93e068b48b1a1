//! Warm-up: compiles the shaders of a generator ahead of its first request.

use bevy::asset::LoadState;
use bevy::prelude::*;

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::job::{JobEvent, JobEvents, RenderCommand, RenderCommands};

/// Trigger it to compile the shaders of a generator on background threads, for example while a level loads.
#[derive(Event, Clone, Debug)]
pub struct WarmUp {
    /// The generator, which may still be loading.
    pub generator: Handle<Generator>,
}

/// Triggered when a [`WarmUp`] is complete.
#[derive(Event, Clone, Debug)]
pub struct WarmUpFinished {
    /// The generator.
    pub generator: AssetId<Generator>,
    /// The error if the generator cannot run on this device.
    pub result: Result<(), SynthesisError>,
}

/// Generators to warm up.
#[derive(Resource, Debug, Default)]
pub(crate) struct WarmUps {
    /// Still loading.
    waiting: Vec<Handle<Generator>>,
    /// Sent to the render world.
    sent: Vec<Handle<Generator>>,
}

impl WarmUps {
    /// The shaders of a generator are compiled.
    pub fn finish(&mut self, generator: AssetId<Generator>) {
        if let Some(index) = self.sent.iter().position(|sent| sent.id() == generator) {
            self.sent.swap_remove(index);
        }
    }

    /// The device was lost: everything is sent again.
    pub fn lose(&mut self) {
        self.waiting.append(&mut self.sent);
    }
}

pub(crate) fn note_warm_up(event: On<WarmUp>, mut warm_ups: ResMut<WarmUps>) {
    warm_ups.waiting.push(event.generator.clone());
}

/// Sends loaded generators to the render world.
pub(crate) fn send_warm_ups(
    mut warm_ups: ResMut<WarmUps>,
    generators: Res<Assets<Generator>>,
    assets: Res<AssetServer>,
    mut commands: ResMut<RenderCommands>,
    events: Res<JobEvents>,
) {
    if warm_ups.waiting.is_empty() {
        return;
    }
    let WarmUps { waiting, sent } = &mut *warm_ups;
    waiting.retain(|handle| match (generators.get(handle), assets.load_state(handle)) {
        (Some(generator), _) => {
            commands.list.push(RenderCommand::WarmUp(handle.id(), generator.clone()));
            sent.push(handle.clone());
            false
        }
        (None, LoadState::Failed(error)) => {
            events.push(JobEvent::WarmedUp(handle.id(), Err(SynthesisError::Load(error))));
            false
        }
        _ => true,
    });
}
