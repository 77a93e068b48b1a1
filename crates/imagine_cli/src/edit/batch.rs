//! Edits one or many sources.

use std::process::ExitCode;

use anyhow::{Context, bail};
use imagine_edit::input_name;
use imagine_graph::{Request, Size, Tensor};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::arguments::EditArguments;
use super::machine::Machine;
use super::place::{Place, places};
use super::result::Writing;
use super::source::{Found, Source, find, part};
use super::task::{Edit, Results};
use crate::output::{note, print};
use crate::recipe::Recipe;
use crate::room::{check_memory, check_room};

impl EditArguments {
    /// Edits all sources: `edit` says what is to be done with each. A fault of one source among several does not stop the others.
    pub fn run(&self, edit: impl Fn(&Source) -> anyhow::Result<Edit>) -> anyhow::Result<ExitCode> {
        self.run_for(Results::Alike, edit)
    }

    /// Edits all sources, each into `results`.
    pub fn run_for(
        &self,
        results: Results,
        edit: impl Fn(&Source) -> anyhow::Result<Edit>,
    ) -> anyhow::Result<ExitCode> {
        let found = find(&self.inputs, self.each || results == Results::Materials)?;
        let places = places(self, &found, results)?;
        let machine = Machine::open(self.backend, self.memory)?;
        let bar = progress_bar(found.len(), self.json);
        let (mut written, mut faults) = (Vec::new(), Vec::new());
        for (one, place) in found.iter().zip(&places) {
            bar.set_message(one.path().display().to_string());
            match self.one(one, place, &machine, &bar, &edit) {
                Ok(files) => written.extend(files),
                Err(error) if found.len() == 1 => return Err(error),
                Err(error) => {
                    bar.suspend(|| note(format_args!("{error:#}")));
                    faults.push(one.path().display().to_string());
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let report = json!({ "files": written, "failed": faults });
        print(self.json, &report, &written.join("\n"))?;
        match faults.len() {
            0 => Ok(ExitCode::SUCCESS),
            count => bail!("{count} of {} failed; the reasons stand above", found.len()),
        }
    }

    fn one(
        &self,
        found: &Found,
        place: &Place,
        machine: &Machine,
        bar: &ProgressBar,
        edit: &impl Fn(&Source) -> anyhow::Result<Edit>,
    ) -> anyhow::Result<Vec<String>> {
        let shown = || found.path().display().to_string();
        let mut source = found.read(self.maps.convention())?;
        let edit = edit(&source).with_context(shown)?;
        check_estimates(&source, edit.size, place)?;
        let mut request = Request { inputs: edit.inputs.clone(), ..Request::new(edit.size, edit.seed) };
        let known = edit.loaded.generator.inputs();
        for map in &mut source.maps {
            let name = input_name("image", map.kind);
            if known.iter().any(|input| input.name == name) {
                request.inputs.entry(name).or_insert(std::mem::replace(&mut map.values, Tensor::scalar(0.0)));
            }
        }
        let tiles = |done: usize, all: usize| bar.set_message(tile_message(&shown(), done, all));
        let mut made = machine.generate(&edit.loaded.generator, &request, tiles).with_context(shown)?;
        if let Some([width, height]) = edit.crop {
            made.outputs.iter_mut().for_each(|(_, image)| *image = part(image, [0, 0], [height, width]));
        }
        // Large pictures are gigabytes.
        request.inputs.clear();
        let recipe = self.recipe(&source, &edit, &request);
        let writing = Writing { depth: self.depth, compressions: self.compress.clone() };
        writing.write(place, &source, &edit, made, &recipe).with_context(shown)
    }

    fn recipe(&self, source: &Source, edit: &Edit, request: &Request) -> Recipe {
        let images = source.maps.iter().map(|map| (map.kind.name().to_string(), map.hash.clone())).collect();
        Recipe {
            controls: edit.options.clone(),
            images,
            edit: Some(edit.name.into()),
            mark: Some(edit.mark),
            ..Recipe::new(&edit.loaded, request, 0, self.backend)
        }
    }
}

/// Fails if memory or disk cannot hold the result.
fn check_estimates(source: &Source, size: Size, place: &Place) -> anyhow::Result<()> {
    let channels: usize = source.maps.iter().filter_map(|map| map.values.shape.get(1)).sum();
    let texels = (size.height as u64).saturating_mul(size.width as u64);
    let samples = texels.saturating_mul(channels as u64);
    check_room(place.path(), samples / 64).context("--out")?;
    check_memory(samples.saturating_mul(4))
}

fn tile_message(shown: &str, done: usize, all: usize) -> String {
    if all > 1 { format!("{shown}, tile {done} of {all}") } else { shown.into() }
}

/// A bar of sources, which is shown on a terminal only.
fn progress_bar(count: usize, is_hidden: bool) -> ProgressBar {
    let bar = if is_hidden { ProgressBar::hidden() } else { ProgressBar::new(count as u64) };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
