//! Which requests have changed. Ticks are compared, table by table; nothing else of a request at rest is touched, so that a
//! thousand of them cost microseconds a frame.

use bevy::ecs::change_detection::ContiguousRef;
use bevy::prelude::*;

use crate::job::Outbox;
use crate::request::{Living, Synthesis, SynthesisStatus};
use crate::results::Results;
use crate::synthesis::SynthesisJob;
use crate::target::{ImageTarget, MaterialTarget, SkyTarget, SpriteTarget};
use crate::world::WorldPatch;

/// Everything of an entity that says what is made and where it goes.
type Parts = (
    Entity,
    Ref<'static, Synthesis>,
    Option<Ref<'static, MaterialTarget>>,
    Option<Ref<'static, ImageTarget>>,
    Option<Ref<'static, SpriteTarget>>,
    Option<Ref<'static, SkyTarget>>,
    Option<Ref<'static, Living>>,
    Option<Ref<'static, WorldPatch>>,
);

/// Starts new and changed requests from the beginning.
pub(crate) fn restart_changed(
    parts: Query<Parts, With<SynthesisJob>>,
    mut requests: Query<(&mut SynthesisJob, &mut SynthesisStatus)>,
    mut results: ResMut<Results>,
    mut outbox: ResMut<Outbox>,
    mut changed: Local<Vec<Entity>>,
) {
    let tables = parts.contiguous_iter().expect("all parts are kept in tables, which is the default of components");
    for (entities, request, material, image, sprite, sky, living, patch) in tables {
        note_changed(entities, Some(request), &mut changed);
        note_changed(entities, material, &mut changed);
        note_changed(entities, image, &mut changed);
        note_changed(entities, sprite, &mut changed);
        note_changed(entities, sky, &mut changed);
        note_changed(entities, living, &mut changed);
        note_changed(entities, patch, &mut changed);
    }
    for entity in changed.drain(..) {
        let Ok((mut job, mut status)) = requests.get_mut(entity) else { continue };
        job.restart(entity, &mut results, &mut outbox);
        *status = SynthesisStatus::Waiting;
    }
}

/// Adds the entities whose component in `column` has changed.
fn note_changed<T>(entities: &[Entity], column: Option<ContiguousRef<T>>, changed: &mut Vec<Entity>) {
    let Some(column) = column else { return };
    let (last_run, this_run) = (column.last_run_tick(), column.this_run_tick());
    for (index, tick) in column.changed_ticks_slice().iter().enumerate() {
        if tick.is_newer_than(last_run, this_run) {
            changed.push(entities[index]);
        }
    }
}
