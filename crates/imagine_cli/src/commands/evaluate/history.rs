//! Curves of trainings, from the history files that they write: one JSON object per line.

use std::path::PathBuf;

use anyhow::Context;
use imagine_train::core::HistoryEntry;
use imagine_train::maps::MapsHistory;
use imagine_train::restore::RestoreHistory;
use imagine_train::upscale::UpscaleHistory;
use serde::de::DeserializeOwned;

/// A history file, with a name for its curve.
#[derive(Clone, Debug)]
pub struct History {
    name: String,
    path: PathBuf,
}

/// A name, and points: how far the training was, and its figure.
pub type Curve = (String, Vec<(f64, f64)>);

impl History {
    /// Parses `NAME=FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("expected NAME=FILE")?;
        Ok(Self { name: name.into(), path: path.into() })
    }

    /// The curve of an adversarial training: thousands of images, distance to the held-back data.
    pub fn read(&self) -> anyhow::Result<Curve> {
        self.points(|entry: HistoryEntry| (entry.update, (entry.images as f64 / 1000.0, entry.distance)))
    }

    /// The curve of an upscaler: thousands of updates, PSNR-Y.
    pub fn read_psnr(&self) -> anyhow::Result<Curve> {
        self.points(|entry: UpscaleHistory| (entry.update, (f64::from(entry.update) / 1000.0, entry.psnr)))
    }

    /// The curve of a restorer: thousands of updates, PSNR.
    pub fn read_restored(&self) -> anyhow::Result<Curve> {
        self.points(|entry: RestoreHistory| (entry.update, (f64::from(entry.update) / 1000.0, entry.psnr)))
    }

    /// The curve of a network that makes maps: thousands of updates, mean angle of normals.
    pub fn read_angles(&self) -> anyhow::Result<Curve> {
        self.points(|entry: MapsHistory| (entry.update, (f64::from(entry.update) / 1000.0, entry.figures.normal)))
    }

    /// The curve of a point for each update. If a resumed training repeated updates, the later lines count.
    fn points<T: DeserializeOwned>(&self, point: impl Fn(T) -> (u32, (f64, f64))) -> anyhow::Result<Curve> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?;
        let mut points = std::collections::BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let entry: T = serde_json::from_str(line)
                .with_context(|| format!("{path}, line {}: expected an entry of a training's history", number + 1))?;
            points.extend([point(entry)]);
        }
        Ok((self.name.clone(), points.into_values().collect()))
    }
}
