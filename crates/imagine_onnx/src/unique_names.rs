//! Unique names of values and nodes.

use std::collections::{HashMap, HashSet};

/// Maximum bytes of a name before a number is added.
const MAX_NAME: usize = 180;

/// Taken and reserved names of one kind.
#[derive(Default)]
pub(crate) struct UniqueNames {
    taken: HashSet<String>,
    reserved: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl UniqueNames {
    /// Reserves `name` until it is claimed.
    pub fn reserve(&mut self, name: &str) {
        self.taken.insert(name.into());
        self.reserved.insert(name.into());
    }

    /// Claims `name`; false if it was not reserved, or already claimed.
    pub fn claim(&mut self, name: &str) -> bool {
        self.reserved.remove(name)
    }

    /// `wanted` made valid, with a number if it is taken.
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
