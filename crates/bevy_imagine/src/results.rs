//! Results under way and made: who shows them, and which request a new one may share.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bevy::prelude::*;

use crate::job::{Job, JobId};
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
    /// Results that are not whole yet or live on.
    under_way: BTreeSet<JobId>,
}

/// One result.
#[derive(Debug)]
pub(crate) struct SharedResult {
    key: ResultKey,
    /// What makes it, to be sent again if the device is lost.
    job: Job,
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

    /// Adds the result of `job`, which `entity` asked for first.
    pub fn insert(&mut self, job: Job, key: ResultKey, textures: Arc<Textures>, entity: Entity) {
        let id = job.id;
        self.by_seed.entry(key.request.seed).or_default().push(id);
        self.under_way.insert(id);
        self.entries.insert(id, SharedResult { key, job, textures, users: vec![entity], is_whole: false });
    }

    /// The textures of a result are whole. Gives who waited for it.
    pub fn finish(&mut self, id: JobId) -> &[Entity] {
        let Some(result) = self.entries.get_mut(&id) else { return &[] };
        result.is_whole = true;
        if result.key.living.is_none() {
            self.under_way.remove(&id);
        }
        &result.users
    }

    /// What the textures held is gone. Gives the jobs that make all of it again, oldest first.
    pub fn lose_all(&mut self) -> Vec<Job> {
        self.under_way = self.entries.keys().copied().collect();
        self.entries.values_mut().for_each(|result| result.is_whole = false);
        self.under_way.iter().map(|id| self.entries[id].job.clone()).collect()
    }

    pub fn get(&self, id: JobId) -> Option<&SharedResult> {
        self.entries.get(&id)
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
        self.entries.remove(&id);
        self.under_way.remove(&id)
    }

    /// Forgets a result that cannot be made. Gives who waited for it.
    pub fn remove(&mut self, id: JobId) -> Vec<Entity> {
        self.unlist(id);
        self.under_way.remove(&id);
        self.entries.remove(&id).map(|result| result.users).unwrap_or_default()
    }

    /// Results that are not whole yet or live on, with their users.
    pub fn under_way(&self) -> impl Iterator<Item = (JobId, &[Entity])> {
        self.under_way.iter().map(|id| (*id, self.entries[id].users.as_slice()))
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
