//! `imagine evaluate` of a network that makes maps.

use anyhow::ensure;
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{LoadedGenerator, make_folder, replace};
use imagine_train::core::write_png;
use imagine_train::maps::{MapsEvaluation, MapsFigures, MaterialSet, contact_sheet, evaluate, makes_maps};
use serde_json::json;

use super::history::History;
use super::{Evaluate, plots};
use crate::commands::{note, print};

/// Smallest side of a set that is measured.
const LEAST_SIDE: usize = 64;

impl Evaluate {
    /// Makes maps of the held-back sets, lit, and prints how close they come to the sets' own.
    pub(super) fn maps<A: AutodiffBackend>(&self, loaded: &LoadedGenerator, device: &A::Device) -> anyhow::Result<()> {
        ensure!(!self.data.is_empty(), "--data is missing: a folder of PBR sets");
        ensure!(makes_maps(&loaded.generator), "{}: makes no normals and height of one picture", loaded.name);
        let curves = self.history.iter().map(History::read_angles).collect::<anyhow::Result<Vec<_>>>()?;
        let set = MaterialSet::read(&self.data, LEAST_SIDE, self.held_out.as_deref())?;
        set.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        let found = evaluate::<A::InnerBackend>(&loaded.generator, &set, device)?;
        let report = json!({ "file": loaded.name, "figures": found });
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            replace(folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            if !curves.is_empty() {
                let axes = ["thousand updates", "mean angle of normals in degrees"];
                plots::curves(&folder.join("training.svg"), axes, &curves)?;
            }
        }
        if let Some(path) = &self.sheet {
            write_png(path, &contact_sheet::<A::InnerBackend>(&loaded.generator.output, &set, device)?)?;
        }
        print(self.json, &report, &text(&found))?;
        Ok(())
    }
}

fn text(found: &MapsEvaluation) -> String {
    let MapsEvaluation { parameters, macs_per_pixel, .. } = found;
    let mut lines = vec![format!(
        "{} sets, {parameters} parameters, {macs_per_pixel:.0} multiply-adds for a pixel",
        found.sets.len()
    )];
    let rows: [(&str, fn(&MapsFigures) -> f64); 11] = [
        ("normals, mean angle in degrees", |f| f.normal),
        ("  Sobel filter on brightness", |f| f.normal_sobel),
        ("  a level surface", |f| f.normal_level),
        ("height, error after the best fit", |f| f.height),
        ("  brightness", |f| f.height_brightness),
        ("roughness, mean error", |f| f.roughness),
        ("  the mean of all sets", |f| f.roughness_constant),
        ("occlusion, mean error", |f| f.occlusion),
        ("  the mean of all sets", |f| f.occlusion_constant),
        ("base colour, mean error", |f| f.color),
        ("  the photograph itself", |f| f.color_photograph),
    ];
    lines.push(format!("{:<36}{:>10}{:>10}{:>10}", "", "overcast", "side-lit", "mean"));
    for (name, figure) in rows {
        let [overcast, side_lit, mean] = [&found.overcast, &found.side_lit, &found.mean].map(figure);
        lines.push(format!("{name:<36}{overcast:>10.4}{side_lit:>10.4}{mean:>10.4}"));
    }
    lines.push(format!("{:<36}{:>10}{:>10}{:>10}{:>10}", "means of each set", "normals", "Sobel", "height", "rough"));
    for (name, figures) in &found.sets {
        let MapsFigures { normal, normal_sobel, height, roughness, .. } = figures;
        lines.push(format!("{name:<36}{normal:>10.2}{normal_sobel:>10.2}{height:>10.3}{roughness:>10.3}"));
    }
    lines.join("\n")
}
