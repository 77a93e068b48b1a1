//! `imagine evaluate` on a generator by example: what it consists of, and the figures that its recipe was chosen by.

use anyhow::Context;
use imagine_exemplar::describe;
use imagine_graph::file::LoadedGenerator;
use serde_json::json;

use super::Evaluate;
use crate::commands::print;

impl Evaluate {
    /// Prints the parts and figures of a generator by example.
    pub fn exemplar(&self, loaded: &LoadedGenerator) -> anyhow::Result<()> {
        let generator = &loaded.generator.generator;
        let parts = describe(generator).with_context(|| format!("{}: not a generator by example", loaded.name))?;
        let kinds: Vec<&str> = parts.kinds.iter().map(|kind| kind.name()).collect();
        let parameters = generator.output.parameters();
        let mut lines = vec![
            format!("{}: by example, {}", loaded.name, generator.card.title),
            format!("exemplar {}x{}: {}", parts.width, parts.height, kinds.join(", ")),
            format!("{} levels, {} matching passes", parts.levels, parts.passes),
            format!("{parameters} parameters, {} bytes", parts.bytes),
        ];
        lines.extend(generator.card.metrics.iter().map(|(name, value)| format!("{name} {value}")));
        let report = json!({
            "family": "exemplar", "title": generator.card.title, "width": parts.width, "height": parts.height,
            "outputs": kinds, "levels": parts.levels, "passes": parts.passes, "parameters": parameters, "bytes": parts.bytes,
            "figures": generator.card.metrics,
        });
        print(self.json, &report, &lines.join("\n"))
    }
}
