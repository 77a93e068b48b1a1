//! `imagine evaluate` of an upscaler.

use anyhow::{Context, ensure};
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{LoadedGenerator, make_folder, replace};
use imagine_train::core::write_png;
use imagine_train::data::PictureSet;
use imagine_train::upscale::{UpscaleEvaluation, contact_sheet, evaluate, factor_of};
use serde_json::json;

use super::history::History;
use super::{Evaluate, plots};
use crate::commands::{note, print};

/// Smallest side of a picture that is measured.
const LEAST_SIDE: usize = 32;

impl Evaluate {
    /// Enlarges the held-back pictures and prints how close they come to the originals.
    pub(super) fn upscaler<A: AutodiffBackend>(
        &self,
        loaded: &LoadedGenerator,
        device: &A::Device,
    ) -> anyhow::Result<()> {
        ensure!(!self.data.is_empty(), "--data is missing: a folder of pictures");
        let factor = factor_of(&loaded.generator)
            .with_context(|| format!("{}: enlarges no picture of three channels by a whole factor", loaded.name))?;
        let curves = self.history.iter().map(History::read_psnr).collect::<anyhow::Result<Vec<_>>>()?;
        let set = PictureSet::read(&self.data, LEAST_SIDE, self.held_out.as_deref())?;
        set.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        let found = evaluate::<A::InnerBackend>(&loaded.generator, &set.held_back, factor, device)?;
        let report = json!({ "file": loaded.name, "figures": found });
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            replace(folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            if !curves.is_empty() {
                plots::curves(&folder.join("training.svg"), ["thousand updates", "PSNR-Y in dB"], &curves)?;
            }
        }
        if let Some(path) = &self.sheet {
            let sheet = contact_sheet::<A::InnerBackend>(&loaded.generator.output, &set.held_back, factor, device)?;
            write_png(path, &sheet)?;
        }
        print(self.json, &report, &text(&found))?;
        Ok(())
    }
}

fn text(found: &UpscaleEvaluation) -> String {
    let UpscaleEvaluation { factor, parameters, macs_per_pixel, .. } = found;
    let mut lines = vec![
        format!("x{factor}, {parameters} parameters, {macs_per_pixel:.0} multiply-adds for a pixel of the result"),
        format!("{:<48}{:>10}{:>10}{:>10}", "PSNR-Y in dB", "network", "bicubic", "lanczos"),
    ];
    let mean = (format!("mean of {}", found.pictures.len()), found.mean);
    for (name, figures) in found.pictures.iter().chain([&mean]) {
        lines.push(format!("{name:<48}{:>10.3}{:>10.3}{:>10.3}", figures.network, figures.bicubic, figures.lanczos));
    }
    lines.join("\n")
}
