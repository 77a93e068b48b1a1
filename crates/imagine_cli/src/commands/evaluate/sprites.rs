//! `imagine evaluate` of a generator of sprites.

use anyhow::ensure;
use burn::tensor::backend::AutodiffBackend;
use imagine_graph::file::{LoadedGenerator, make_folder, replace};
use imagine_train::core::write_png;
use imagine_train::sprite::{
    ClassifierOptions, Evaluated, Evaluation, EvaluationOptions, LookFigures, SpriteSet, evaluate, samples, sheet,
};
use serde_json::json;

use super::history::History;
use super::{Evaluate, copies_text, knows, plots};
use crate::commands::print;
use crate::commands::training::{TrainBackend, with_backend};

/// Side of a contact sheet in sprites.
const SHEET: usize = 12;

impl Evaluate {
    /// Runs the generator on the classes of the set and prints the figures.
    pub(super) fn sprites(&self, loaded: &LoadedGenerator) -> anyhow::Result<()> {
        let set = SpriteSet::read(self.data()?, &self.leave_out)?;
        ensure!(
            !set.held_back.is_empty(),
            "{}: too few pictures: none is held back from training; figures need about a hundred",
            self.data()?.display()
        );
        let curves = self.history.iter().map(History::read).collect::<anyhow::Result<Vec<_>>>()?;
        let found = with_backend!(self.backend, self.evaluate_sprites(loaded, &set))?;
        let same = knows(loaded, &set.sha256);
        let figures = &found.evaluation;
        let report = json!({ "file": loaded.name, "trained_on_this_data": same, "figures": figures });
        if let Some(folder) = &self.report {
            make_folder(folder)?;
            replace(folder.join("figures.json"), &serde_json::to_vec_pretty(&report)?)?;
            let classes = &figures.agreement.classes;
            let classes: Vec<_> =
                classes.iter().map(|class| (class.name.as_str(), class.agreement, class.accuracy)).collect();
            plots::classes(&folder.join("classes.svg"), &classes)?;
            self.plot_copies(folder, &figures.copies)?;
            if !curves.is_empty() {
                let axes = ["thousand images", "distance to held-back data"];
                plots::curves(&folder.join("training.svg"), axes, &curves)?;
            }
        }
        if let Some(path) = &self.pairs {
            write_png(path, &sheet(&found.pairs, 8))?;
        }
        print(self.json, &report, &text(figures, same))?;
        Ok(())
    }

    fn evaluate_sprites<A: AutodiffBackend>(
        &self,
        loaded: &LoadedGenerator,
        set: &SpriteSet,
        device: &A::Device,
    ) -> anyhow::Result<Evaluated> {
        if let Some(path) = &self.sheet {
            let (_, sprites) = samples::<A>(&loaded.generator, set, SHEET * SHEET, device)?;
            write_png(path, &sheet(&sprites, SHEET))?;
        }
        let classifier = ClassifierOptions { updates: self.classifier_updates, ..ClassifierOptions::default() };
        let options = EvaluationOptions { copies: self.copies, judged: self.judged, classifier };
        Ok(evaluate::<A>(&loaded.generator, set, &options, device)?)
    }
}

fn text(found: &Evaluation, same: bool) -> String {
    let head = format!("{} sprites, {} parameters", found.sprites, found.parameters);
    let mut lines = vec![format!("{head:<40}{:>10}{:>10}", "generated", "real")];
    let mut line = |name: String, generated: f64, real: f64| {
        lines.push(format!("{name:<40}{generated:>10.3}{real:>10.3}"));
    };
    for space in &found.spaces {
        let name = |figure: &str| format!("{figure}, {}", space.name);
        line(name("frechet distance"), space.frechet.generated, space.frechet.real);
        let (ours, real) = (space.neighbourhood.generated, space.neighbourhood.real);
        line(name("precision"), ours.precision, real.precision);
        line(name("recall"), ours.recall, real.recall);
        line(name("density"), ours.density, real.density);
        line(name("coverage"), ours.coverage, real.coverage);
        line(name("vendi score (real: held back)"), space.vendi, space.vendi_held_back);
    }
    line("patch distance".into(), found.patches.generated, found.patches.real);
    let agreement = &found.agreement;
    line("requested class seen (real: held back)".into(), agreement.agreement, agreement.accuracy);
    for class in &agreement.classes {
        line(format!("  {}", class.name), class.agreement, class.accuracy);
    }
    lines.push(format!("colours as in the prompts in {:.3} of {} pairs", found.colors.obeyed, found.colors.pairs));
    for figure in &found.looks {
        let LookFigures { look, noun, asked, unasked } = figure;
        lines.push(format!(
            "{:<22} has the look in {asked:.2}, without the word in {unasked:.2}",
            format!("{look} {noun}")
        ));
    }
    lines.extend(found.copies.iter().map(copies_text));
    if !same {
        lines.push(super::OTHER_DATA.into());
    }
    lines.join("\n")
}
