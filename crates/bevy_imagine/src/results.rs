//! Results under way and made: who shows them, and which request a new one may share.

use std::collections::HashMap;
use std::sync::Arc;

use bevy::prelude::*;

use crate::job::JobId;
use crate::target::{TexturePlan, Textures};

/// What a result is made from. Equal keys give equal textures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultKey {
    pub generator: String,
    pub request: imagine_graph::Request,
    pub images: Vec<(String, AssetId<Image>)>,
    pub plans: Vec<TexturePlan>,
    /// Levels above those of the textures.
    pub skipped_levels: u32,
    /// The game's own image, which nobody else writes.
    pub own_image: Option<(AssetId<Image>, u32)>,
    /// Whose result lives on, and how many steps a second.
    pub living: Option<(Entity, f32)>,
}

/// All results. Each is known by the job that makes it.
#[derive(Resource, Debug, Default)]
pub(crate) struct Results {
    entries: HashMap<JobId, SharedResult>,
    /// Results that may be shared, by the request's seed.
    by_seed: HashMap<u64, Vec<JobId>>,
}

/// One result.
#[derive(Debug)]
pub(crate) struct SharedResult {
    key: ResultKey,
    pub textures: Arc<Textures>,
    pub users: Vec<Entity>,
    /// Whether the textures hold it.
    pub is_whole: bool,
}

impl Results {
    /// A result made from the same, which `entity` then uses too.
    pub fn join(&mut self, key: &ResultKey, entity: Entity) -> Option<JobId> {
        let candidates = self.by_seed.get(&key.request.seed)?;
        let id = *candidates.iter().find(|id| self.entries[*id].key == *key)?;
        self.entries.get_mut(&id)?.users.push(entity);
        Some(id)
    }

    /// Adds a result that `entity` asked for first.
    pub fn insert(&mut self, id: JobId, key: ResultKey, textures: Arc<Textures>, entity: Entity) {
        self.by_seed.entry(key.request.seed).or_default().push(id);
        self.entries.insert(id, SharedResult { key, textures, users: vec![entity], is_whole: false });
    }

    pub fn get(&self, id: JobId) -> Option<&SharedResult> {
        self.entries.get(&id)
    }

    pub fn get_mut(&mut self, id: JobId) -> Option<&mut SharedResult> {
        self.entries.get_mut(&id)
    }

    /// The textures of a result that only `entity` uses, to be written again. Nobody else joins it from now on.
    pub fn take_over(&mut self, id: JobId, entity: Entity) -> Option<Arc<Textures>> {
        let result = self.entries.get(&id)?;
        // A living result is written until the new one is on show.
        if result.users != [entity] || result.key.living.is_some() {
            return None;
        }
        let textures = result.textures.clone();
        self.unlist(id);
        Some(textures)
    }

    /// `entity` no longer uses the result. True if nobody does while its job still works.
    pub fn leave(&mut self, id: JobId, entity: Entity) -> bool {
        let Some(result) = self.entries.get_mut(&id) else { return false };
        result.users.retain(|user| *user != entity);
        if !result.users.is_empty() {
            return false;
        }
        self.unlist(id);
        self.entries.remove(&id).is_some_and(|result| !result.is_whole || result.key.living.is_some())
    }

    /// Forgets a result that cannot be made. Gives who waited for it.
    pub fn remove(&mut self, id: JobId) -> Vec<Entity> {
        self.unlist(id);
        self.entries.remove(&id).map(|result| result.users).unwrap_or_default()
    }

    /// Results that are not whole yet or live on, with their users.
    pub fn under_way(&self) -> impl Iterator<Item = (JobId, &[Entity])> {
        let open = self.entries.iter().filter(|(_, result)| !result.is_whole || result.key.living.is_some());
        open.map(|(id, result)| (*id, result.users.as_slice()))
    }

    /// Nobody else joins the result from now on.
    pub fn unlist(&mut self, id: JobId) {
        let Some(result) = self.entries.get(&id) else { return };
        let seed = result.key.request.seed;
        if let Some(ids) = self.by_seed.get_mut(&seed) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_seed.remove(&seed);
            }
        }
    }
}
