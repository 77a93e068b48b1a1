//! Unique names.

use std::collections::{HashMap, HashSet};

/// Longest name in a graph, with room for a number.
const MAX_NAME: usize = 180;

/// Names of one kind that are taken.
#[derive(Default)]
pub(crate) struct UniqueNames {
    taken: HashSet<String>,
    reserved: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl UniqueNames {
    /// Keeps `name` for whoever claims it.
    pub fn reserve(&mut self, name: &str) {
        self.taken.insert(name.into());
        self.reserved.insert(name.into());
    }

    /// Whether `name` was reserved and not claimed yet; it is claimed from now on.
    pub fn claim(&mut self, name: &str) -> bool {
        self.reserved.remove(name)
    }

    /// A name that was not taken: `wanted` in a graph's spelling, with a number if need be.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let mut stem: String = wanted.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        while stem.len() > MAX_NAME {
            stem.pop();
        }
        let mut name = if stem.is_empty() { "_".to_string() } else { stem.clone() };
        let number = self.numbers.entry(stem.clone()).or_default();
        while !self.taken.insert(name.clone()) {
            *number += 1;
            name = format!("{stem}_{number}");
        }
        name
    }
}
