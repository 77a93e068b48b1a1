//! Unfinished and finished results: who uses them, and which one a new request may share.

use std::collections::{BTreeSet, HashMap};

use bevy::prelude::*;

use crate::job::{Job, JobId, ResultKey};
use crate::target::SynthesisTextures;

/// All results, by the job that makes each.
#[derive(Resource, Debug, Default)]
pub(crate) struct Results {
    entries: HashMap<JobId, SharedResult>,
    /// Results that may be shared, by the seed of the request.
    by_seed: HashMap<u64, Vec<JobId>>,
    /// Results that are unfinished or live.
    active: BTreeSet<JobId>,
}

/// One result.
#[derive(Debug)]
struct SharedResult {
    /// The job is submitted again if the device is lost.
    job: Job,
    textures: SynthesisTextures,
    users: Vec<Entity>,
    is_finished: bool,
}

impl Results {
    /// Adds `entity` to the users of a result with this key, if there is one. Returns its job, and whether that is finished.
    pub fn join(&mut self, key: &ResultKey, entity: Entity) -> Option<(JobId, bool)> {
        let candidates = self.by_seed.get(&key.request.seed)?;
        let id = *candidates.iter().find(|id| *self.entries[*id].job.key == *key)?;
        let result = self.entries.get_mut(&id)?;
        result.users.push(entity);
        Some((id, result.is_finished))
    }

    /// Adds the result of `job`; `entity` is its first user.
    pub fn insert(&mut self, job: Job, textures: SynthesisTextures, entity: Entity) {
        let id = job.id;
        self.by_seed.entry(job.key.request.seed).or_default().push(id);
        self.active.insert(id);
        self.entries.insert(id, SharedResult { job, textures, users: vec![entity], is_finished: false });
    }

    /// Marks a result as finished. Returns its users.
    pub fn finish(&mut self, id: JobId) -> Vec<Entity> {
        let Some(result) = self.entries.get_mut(&id) else { return Vec::new() };
        result.is_finished = true;
        if result.job.key.live.is_none() {
            self.active.remove(&id);
        }
        result.users.clone()
    }

    /// Marks every result as unfinished. Returns the jobs that make them again, oldest first.
    pub fn lose_all(&mut self) -> Vec<Job> {
        self.active = self.entries.keys().copied().collect();
        self.entries.values_mut().for_each(|result| result.is_finished = false);
        self.active.iter().map(|id| self.entries[id].job.clone()).collect()
    }

    pub fn textures(&self, id: JobId) -> Option<&SynthesisTextures> {
        self.entries.get(&id).map(|result| &result.textures)
    }

    /// The textures of a result that only `entity` uses and that fit `key`, to be written again. No request can join
    /// the result from then on.
    pub fn reuse(&mut self, id: JobId, key: &ResultKey, entity: Entity) -> Option<SynthesisTextures> {
        let result = self.entries.get(&id)?;
        // A live result keeps writing its textures until the new one is shown.
        if result.users != [entity] || result.job.key.live.is_some() || !result.textures.fit(&key.textures) {
            return None;
        }
        let textures = result.textures.clone();
        self.unlist(id);
        Some(textures)
    }

    /// Removes `entity` from the users. Returns whether the last user of an unfinished or live result has left.
    pub fn leave(&mut self, id: JobId, entity: Entity) -> bool {
        let Some(result) = self.entries.get_mut(&id) else { return false };
        result.users.retain(|user| *user != entity);
        if !result.users.is_empty() {
            return false;
        }
        self.unlist(id);
        self.entries.remove(&id);
        self.active.remove(&id)
    }

    /// Removes a result that cannot be made. Returns its users.
    pub fn remove(&mut self, id: JobId) -> Vec<Entity> {
        self.unlist(id);
        self.active.remove(&id);
        self.entries.remove(&id).map(|result| result.users).unwrap_or_default()
    }

    /// Unfinished and live results with their users.
    pub fn active(&self) -> impl Iterator<Item = (JobId, &[Entity])> {
        self.active.iter().map(|id| (*id, self.entries[id].users.as_slice()))
    }

    /// Keeps other requests from joining the result.
    pub fn unlist(&mut self, id: JobId) {
        let Some(seed) = self.entries.get(&id).map(|result| result.job.key.request.seed) else { return };
        if let Some(ids) = self.by_seed.get_mut(&seed) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_seed.remove(&seed);
            }
        }
    }
}
