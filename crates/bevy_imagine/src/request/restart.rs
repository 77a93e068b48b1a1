//! What restarts a request: changed, removed and reloaded parts, or an event of the game.

use bevy::prelude::*;

use super::component::{Synthesis, SynthesisRefresh};
use super::state::{RequestState, Requests, Restart};
use crate::asset::Generator;
use crate::error::FailureCause;

/// Restarts the requests whose component `T` is new or changed.
///
/// Ticks are read as slices of each table, so that a thousand requests at rest cost microseconds per frame.
pub(crate) fn restart_changed<T: Component>(
    components: Query<(Entity, Ref<T>), With<RequestState>>,
    mut requests: Requests,
) {
    let Ok(tables) = components.contiguous_iter() else {
        // Components in sparse sets have no slices.
        let changed = components.iter().filter(|(_, component)| component.is_changed());
        changed.for_each(|(entity, _)| requests.restart(entity, Restart::Changed));
        return;
    };
    for (entities, column) in tables {
        let (last_run, this_run) = (column.last_run_tick(), column.this_run_tick());
        for (entity, tick) in entities.iter().zip(column.changed_ticks_slice()) {
            if tick.is_newer_than(last_run, this_run) {
                requests.restart(*entity, Restart::Changed);
            }
        }
    }
}

/// Restarts requests whose generator or image was loaded again.
pub(crate) fn restart_reloaded(
    mut generators: MessageReader<AssetEvent<Generator>>,
    mut images: MessageReader<AssetEvent<Image>>,
    synthesis: Query<(Entity, &Synthesis)>,
    mut requests: Requests,
) {
    // A generator that loads for the first time matters to requests that failed without it; others wait for it or have seen it.
    let changed = |event: &AssetEvent<Generator>| match event {
        AssetEvent::Modified { id } => Some((*id, false)),
        AssetEvent::Added { id } => Some((*id, true)),
        _ => None,
    };
    let generators: Vec<_> = generators.read().filter_map(changed).collect();
    let changed = |event: &AssetEvent<Image>| match event {
        AssetEvent::Modified { id } => Some(*id),
        _ => None,
    };
    let images: Vec<_> = images.read().filter_map(changed).collect();
    if generators.is_empty() && images.is_empty() {
        return;
    }
    for (entity, request) in &synthesis {
        let lacked_it = requests.get(entity) == Some(RequestState::Failed { cause: FailureCause::Generator });
        let uses = |(id, is_first): &(_, bool)| *id == request.generator.id() && (!is_first || lacked_it);
        if generators.iter().any(uses) || request.images.values().any(|source| images.contains(&source.image.id())) {
            requests.restart(entity, Restart::Outdated);
        }
    }
}

/// Restarts a request because the game asked for it.
pub(crate) fn refresh_request(refresh: On<SynthesisRefresh>, mut requests: Requests) {
    requests.restart(refresh.entity, Restart::Outdated);
}

/// Restarts a request that loses component `T`: without `Living` a result rests, without `WorldPatch` it tiles.
pub(crate) fn restart_after<T: Component>(removed: On<Remove, T>, mut requests: Requests) {
    requests.restart(removed.entity, Restart::Changed);
}
