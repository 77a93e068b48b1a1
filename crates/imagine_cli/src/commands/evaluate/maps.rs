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
    let rows: [(&str, fn(&MapsFigures) -> f64); 15] = [
        ("normals, mean angle in degrees", |f| f.normal),
        ("  slopes at the best strength", |f| f.normal_scaled),
        ("  Sobel filter on brightness", |f| f.normal_sobel),
        ("  a level surface", |f| f.normal_level),
        ("slopes, correlation", |f| f.slopes),
        ("  Sobel filter on brightness", |f| f.slopes_sobel),
        ("height, error after the best fit", |f| f.height),
        ("  of the normals", |f| f.height_integrated),
        ("  brightness", |f| f.height_brightness),
        ("roughness, mean error", |f| f.roughness),
        ("  the mean of all sets", |f| f.roughness_constant),
        ("occlusion, mean error", |f| f.occlusion),
        ("  the mean of all sets", |f| f.occlusion_constant),
        ("base colour, mean error", |f| f.color),
        ("  the photograph itself", |f| f.color_photograph),
    ];
    lines.push(format!("best strength of the slopes: {}", found.strength));
    lines.push(format!("{:<36}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "overcast", "side-lit", "relief", "flat", "mean"));
    for (name, figure) in rows {
        let groups = [&found.overcast, &found.side_lit, &found.relief, &found.flat, &found.mean].map(figure);
        let values: String = groups.iter().map(|value| format!("{value:>10.4}")).collect();
        lines.push(format!("{name:<36}{values}"));
    }
    let titles = ["normals", "Sobel", "level", "slopes", "height", "rough"].map(|title| format!("{title:>10}"));
    lines.push(format!("{:<36}{}", "means of each set", titles.concat()));
    for (name, figures) in &found.sets {
        let MapsFigures { normal, normal_sobel, normal_level, slopes, height, roughness, .. } = figures;
        let values: String = [normal, normal_sobel, normal_level].map(|angle| format!("{angle:>10.2}")).concat();
        lines.push(format!("{name:<36}{values}{slopes:>10.3}{height:>10.3}{roughness:>10.3}"));
    }
    lines.join("\n")
}
