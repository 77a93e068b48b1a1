//! Ranks of unfinished jobs, from the priority and place of the requests that use them.

use bevy::camera::visibility::ViewVisibility;
use bevy::prelude::*;

use super::component::Synthesis;
use super::results::Results;
use crate::job::{Rank, RenderCommands};

/// Gives every unfinished job the best rank of its requests.
pub(crate) fn rank_jobs(
    results: Res<Results>,
    requests: Query<(&Synthesis, Option<&ViewVisibility>, Option<&GlobalTransform>)>,
    cameras: Query<(&Camera, &GlobalTransform)>,
    time: Res<Time>,
    mut commands: ResMut<RenderCommands>,
) {
    let _span = debug_span!("imagine_rank").entered();
    commands.ranks.clear();
    commands.elapsed += time.delta_secs();
    if results.active().next().is_none() {
        return;
    }
    let eyes: Vec<Vec3> = cameras.iter().filter(|(c, _)| c.is_active).map(|(_, at)| at.translation()).collect();
    for (id, users) in results.active() {
        let ranks = users.iter().filter_map(|user| requests.get(*user).ok()).map(|(request, visibility, at)| {
            let distance = at.map_or(0.0, |at| {
                let nearest = eyes.iter().map(|eye| eye.distance(at.translation())).reduce(f32::min);
                nearest.unwrap_or(0.0)
            });
            // An entity without visibility, such as an image, counts as on screen.
            let on_screen = visibility.is_none_or(|visibility| visibility.get());
            Rank { priority: request.priority, on_screen, distance }
        });
        if let Some(best) = ranks.max_by(Rank::compare) {
            commands.ranks.push((id, best));
        }
    }
}
