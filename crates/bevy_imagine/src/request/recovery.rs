//! Recovery from a lost device: every result is made again behind the same handles.
//!
//! Bevy recreates the resources of the render world and empty textures (`init_gpu_resource`, `RenderAsset`) if the game has a
//! `RenderErrorHandler` that answers `RenderErrorPolicy::Recover`. The jobs on the old device are gone with its queue.

use bevy::prelude::*;

use super::state::Requests;
use super::warm_up::WarmUps;
use crate::job::RenderCommand;

/// Submits every job again, including finished ones.
pub(crate) fn resubmit_lost(mut requests: Requests, mut warm_ups: ResMut<WarmUps>) {
    requests.lose_device();
    warm_ups.lose();
    // They are about jobs of the old device.
    requests.commands.list.clear();
    let jobs = requests.results.lose_all();
    if !jobs.is_empty() {
        info!("the device was lost: {} results are made again", jobs.len());
    }
    requests.commands.list.extend(jobs.into_iter().map(RenderCommand::Submit));
}
