//! `imagine evaluate` of a restorer.

use anyhow::ensure;
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{LoadedGenerator, make_folder, replace};
use imagine_train::core::write_png;
use imagine_train::data::PictureSet;
use imagine_train::restore::{RestoreEvaluation, contact_sheet, evaluate, is_restorer};
use serde_json::json;

use super::history::History;
use super::{Evaluate, plots};
use crate::commands::{note, print};

/// Smallest side of a picture that is measured.
const LEAST_SIDE: usize = 32;
/// Largest side of the middle that is measured.
const MOST_SIDE: usize = 512;

impl Evaluate {
    /// Restores damaged versions of the held-back pictures and prints how close they come to the originals.
    pub(super) fn restorer<A: AutodiffBackend>(
        &self,
        loaded: &LoadedGenerator,
        device: &A::Device,
    ) -> anyhow::Result<()> {
        ensure!(!self.data.is_empty(), "--data is missing: a folder of pictures");
        ensure!(
            is_restorer(&loaded.generator),
            "{}: expected a picture of three channels and the control strength as inputs",
            loaded.name
        );
        let curves = self.history.iter().map(History::read_restored).collect::<anyhow::Result<Vec<_>>>()?;
        let set = PictureSet::read(&self.data, LEAST_SIDE, self.held_out.as_deref())?;
        set.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        let found = evaluate::<A::InnerBackend>(&loaded.generator, &set.held_back, MOST_SIDE, device)?;
        let report = json!({ "file": loaded.name, "figures": found });
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            replace(folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            if !curves.is_empty() {
                plots::curves(&folder.join("training.svg"), ["thousand updates", "PSNR in dB"], &curves)?;
            }
        }
        if let Some(path) = &self.sheet {
            let sheet = contact_sheet::<A::InnerBackend>(&loaded.generator.output, &set.held_back, device)?;
            write_png(path, &sheet)?;
        }
        print(self.json, &report, &text(&found))?;
        Ok(())
    }
}

fn text(found: &RestoreEvaluation) -> String {
    let RestoreEvaluation { parameters, macs_per_pixel, pictures, worst, worst_clean, .. } = found;
    let mut lines = vec![
        format!("{pictures} pictures, {parameters} parameters, {macs_per_pixel:.0} multiply-adds for a pixel"),
        format!("{:<28}{:>10}{:>10}{:>10}", "PSNR in dB", "damaged", "restored", "gain"),
    ];
    for figures in &found.mean.damages {
        let (damaged, restored) = (figures.damaged, figures.restored);
        lines.push(match figures.damage == "clean" {
            true => format!("{:<28}{:>10}{restored:>10.3}", figures.damage, ""),
            false => format!("{:<28}{damaged:>10.3}{restored:>10.3}{:>10.3}", figures.damage, restored - damaged),
        });
    }
    lines.push(match worst {
        Some((loss, damage, picture)) => format!("{loss:.2} dB worse than damaged at worst: {damage}, {picture}"),
        None => "no picture became worse".into(),
    });
    lines.push(format!("clean pictures keep at least {:.2} dB: {}", worst_clean.0, worst_clean.1));
    lines.join("\n")
}
