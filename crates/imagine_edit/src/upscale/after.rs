//! A generator followed by an upscaler.

use std::collections::BTreeSet;
use std::sync::Arc;

use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::generators::{self, Formula, Origin};
use imagine_graph::{Card, ColorSpace, Extent, Generator, Graph, GraphOutput, OutputKind, Recurrence, SizeRule};

use super::stage::Maps;
use super::{UpscaleError, Upscaler};
use crate::color::srgb;
use crate::network::{WRAPPED_SIDE, larger_than};

impl Upscaler {
    /// `loaded` with enlarged outputs, in sizes that are [`Self::factor`] times those of `loaded`. Seeds and controls give what they gave; colours
    /// come out in sRGB. If `loaded` tiles, so does the result.
    ///
    /// Weights are shared, not copied.
    ///
    /// # Errors
    /// Outputs that are no maps of a material; a network that cannot wrap, if `loaded` tiles.
    pub fn after(&self, loaded: &Arc<LoadedGenerator>) -> Result<LoadedGenerator, UpscaleError> {
        let plain = &loaded.generator.generator;
        let factor = self.factor();
        let mut f = Formula::new();
        f.graph = plain.output.clone().with_sides_divided(factor);
        let outputs = std::mem::take(&mut f.graph.outputs);
        let written = apart(&mut f.graph);
        f.part("made");
        let maps = maps(&mut f, &outputs, &written, &loaded.name)?;
        let larger = self.enlarged(&mut f, &maps, plain.size.tiles)?;
        f.part("result");
        for output in &outputs {
            f.output(&larger[&output.kind], output.kind).range = output.range;
        }
        let recurrence = plain.recurrence.as_ref().map(|recurrence| Recurrence {
            init: recurrence.init.clone().with_sides_divided(factor),
            step: recurrence.step.clone().with_sides_divided(factor),
            ..recurrence.clone()
        });
        let larger = |side: Extent| Extent::from_fn(|axis| side[axis].max(1).saturating_mul(factor));
        let size = SizeRule { multiple: larger(plain.size.multiple), min: larger(plain.size.min), ..plain.size };
        let size = if size.tiles { larger_than(size, WRAPPED_SIDE * factor) } else { size };
        let generator = Generator { output: f.graph, recurrence, size, card: self.card_after(&plain.card) };
        self.loaded(generator, &loaded.name, &loaded.hash, vec![loaded.clone()])
    }

    /// `card` of what is enlarged, with what the network was trained on.
    fn card_after(&self, card: &Card) -> Card {
        let own = &self.generator().generator.generator.card;
        let mut training_data = card.training_data.clone();
        training_data.extend(own.training_data.iter().filter(|source| !card.training_data.contains(source)).cloned());
        let license = match (card.license.as_str(), own.license.as_str()) {
            (one, other) if one == other || other.is_empty() => one.to_string(),
            ("", other) => other.to_string(),
            (one, other) => format!("({one}) AND ({other})"),
        };
        Card {
            license,
            training_data,
            recipe: format!("{}; enlarged by {}: {}", card.recipe, self.factor(), own.recipe),
            metrics: Default::default(),
            texels_per_metre: card.texel_density().map(|texels| texels * self.factor() as f32),
            ..card.clone()
        }
    }

    /// A generator that this upscaler is a part of, ready to run. Its hash follows from the upscaler's and from `what`.
    pub(super) fn loaded(
        &self,
        generator: Generator,
        name: &str,
        what: &str,
        mut parts: Vec<Arc<LoadedGenerator>>,
    ) -> Result<LoadedGenerator, UpscaleError> {
        let fail = |errors| UpscaleError::Graph { generator: name.into(), errors };
        let generator = generator.validate().map_err(fail)?;
        let own = self.generator();
        let hash = file::hash(format!("imagine upscale 1\n{} {}\n{what}", own.hash, self.factor()).as_bytes());
        // A formula that only copies pixels says nothing about where they come from.
        if parts.is_empty() || generators::origin(own) != Origin::Formula {
            parts.push(own.clone());
        }
        Ok(LoadedGenerator { generator, hash, name: format!("{name} x{}", self.factor()), parts, layers: None })
    }
}

/// Gives what the nodes are called and write other names, so that those of the outputs become free; returns what they were.
fn apart(graph: &mut Graph) -> BTreeSet<String> {
    let written: BTreeSet<String> = graph.nodes.iter().flat_map(|node| node.outputs.clone()).collect();
    for node in &mut graph.nodes {
        node.name = inner(&node.name);
        let names = node.inputs.iter_mut().chain(&mut node.outputs);
        names.filter(|name| written.contains(*name)).for_each(|name| *name = inner(name));
    }
    written
}

fn inner(name: &str) -> String {
    format!("made.{name}")
}

/// The outputs of a generator as the upscaler takes them.
fn maps(
    f: &mut Formula,
    outputs: &[GraphOutput],
    written: &BTreeSet<String>,
    generator: &str,
) -> Result<Maps, UpscaleError> {
    let mut maps = Maps::new();
    for output in outputs {
        let GraphOutput { name, kind, color_space, .. } = output;
        if !OutputKind::MAPS.contains(kind) {
            return Err(UpscaleError::NoMap { generator: generator.into(), output: name.clone(), kind: *kind });
        }
        let value = if written.contains(name) { inner(name) } else { name.clone() };
        let is_color = kind.default_color_space() == ColorSpace::Srgb;
        let value = if is_color && *color_space == ColorSpace::Linear { srgb(f, &value) } else { value };
        if maps.insert(*kind, value).is_some() {
            return Err(UpscaleError::Twice { generator: generator.into(), kind: *kind });
        }
    }
    Ok(maps)
}
