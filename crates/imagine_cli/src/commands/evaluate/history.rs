//! Curves of trainings, as trainers write them: a JSON object a line.

use std::path::PathBuf;

use anyhow::Context;
use imagine_train::trainer::HistoryEntry;

/// A curve to read.
#[derive(Clone, Debug)]
pub struct History {
    name: String,
    path: PathBuf,
}

/// A curve: name, and distance by thousands of images.
pub type Curve = (String, Vec<(f64, f64)>);

impl History {
    /// Of `NAME=FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("NAME=FILE expected")?;
        Ok(Self { name: name.into(), path: path.into() })
    }

    /// Reads the curve. Where a training was resumed and went over the same updates again, the later line counts.
    pub fn read(&self) -> anyhow::Result<Curve> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?;
        let mut points = std::collections::BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let entry: HistoryEntry = serde_json::from_str(line)
                .with_context(|| format!("{path}, line {}: an entry of a training's history expected", number + 1))?;
            points.insert(entry.update, (entry.images as f64 / 1000.0, entry.distance));
        }
        Ok((self.name.clone(), points.into_values().collect()))
    }
}
