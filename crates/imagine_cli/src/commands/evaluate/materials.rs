//! `imagine evaluate` of a generator of materials.

use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{LoadedGenerator, make_folder, replace};
use imagine_train::core::write_png;
use imagine_train::material::{MaterialEvaluation, MaterialEvaluationOptions, contact_sheet, evaluate};
use serde_json::json;

use super::{Evaluate, copies_text, knows, plots};
use crate::commands::{material_data, print};

impl Evaluate {
    /// Runs the generator on the kinds of the set and prints the figures.
    pub(super) fn materials<A: AutodiffBackend>(
        &self,
        loaded: &LoadedGenerator,
        device: &A::Device,
    ) -> anyhow::Result<()> {
        let set = material_data::read(self.data()?, &self.maps)?;
        let options = MaterialEvaluationOptions { crop: self.crop, copies: self.copies };
        let found = evaluate::<A::InnerBackend>(&loaded.generator, &set, &options, device)?;
        let same = knows(loaded, &set.sha256);
        let report = json!({ "file": loaded.name, "trained_on_this_data": same, "figures": found });
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            replace(folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            let kinds: Vec<_> =
                found.kinds.iter().map(|kind| (kind.kind.as_str(), kind.agreement, kind.accuracy)).collect();
            plots::classes(&folder.join("kinds.svg"), &kinds)?;
            self.plot_copies(folder, &found.copies)?;
        }
        if let Some(path) = &self.sheet {
            write_png(path, &contact_sheet::<A::InnerBackend>(&loaded.generator, &set, device)?)?;
        }
        print(self.json, &report, &text(&found, same))?;
        Ok(())
    }
}

fn text(found: &MaterialEvaluation, same: bool) -> String {
    let head = format!("{} crops of {}, {} parameters", found.crops, found.side, found.parameters);
    let mut lines = vec![format!("{head:<40}{:>10}{:>10}{:>10}", "generated", "floor", "shuffled")];
    let mut line = |name: &str, values: [f64; 3]| {
        let values = values.map(|value| format!("{value:>10.3}")).concat();
        lines.push(format!("{name:<40}{values}"));
    };
    line("frechet distance", [found.frechet.generated, found.frechet.floor, found.frechet.shuffled]);
    let near = &found.neighbourhood;
    line("precision", [near.generated.precision, near.floor.precision, near.shuffled.precision]);
    line("recall", [near.generated.recall, near.floor.recall, near.shuffled.recall]);
    line("density", [near.generated.density, near.floor.density, near.shuffled.density]);
    line("coverage", [near.generated.coverage, near.floor.coverage, near.shuffled.coverage]);
    line("vendi score", [found.vendi.generated, found.vendi.floor, found.vendi.shuffled]);
    for kind in &found.kinds {
        let name = format!("  distance, {}", kind.kind);
        line(&name, [kind.distance.generated, kind.distance.floor, kind.distance.shuffled]);
    }
    lines.push(format!(
        "requested kind seen in {:.3} of generated, own kind in {:.3} of held-back crops",
        found.agreement, found.accuracy
    ));
    lines.extend(found.kinds.iter().map(|k| format!("  {:<38}{:>10.3}{:>10.3}", k.kind, k.agreement, k.accuracy)));
    let seam = found.seam.generated;
    lines.push(format!(
        "step across the border relative to inside: {:.2} horizontally, {:.2} vertically",
        seam.columns, seam.rows
    ));
    lines.extend(found.copies.iter().map(copies_text));
    if !same {
        lines.push(super::OTHER_DATA.into());
    }
    lines.join("\n")
}
