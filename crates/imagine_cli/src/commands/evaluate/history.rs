//! Curves of trainings, from the history files that they write: one JSON object per line.

use std::path::PathBuf;

use anyhow::Context;
use imagine_train::core::HistoryEntry;

/// A history file, with a name for its curve.
#[derive(Clone, Debug)]
pub struct History {
    name: String,
    path: PathBuf,
}

/// A name, and points of thousands of images and distance.
pub type Curve = (String, Vec<(f64, f64)>);

impl History {
    /// Parses `NAME=FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("expected NAME=FILE")?;
        Ok(Self { name: name.into(), path: path.into() })
    }

    /// Reads the curve. If a resumed training repeated updates, the later lines count.
    pub fn read(&self) -> anyhow::Result<Curve> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?;
        let mut points = std::collections::BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let entry: HistoryEntry = serde_json::from_str(line)
                .with_context(|| format!("{path}, line {}: expected an entry of a training's history", number + 1))?;
            points.insert(entry.update, (entry.images as f64 / 1000.0, entry.distance));
        }
        Ok((self.name.clone(), points.into_values().collect()))
    }
}
