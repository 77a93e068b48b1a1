//! `imagine maps`: makes the maps of a material from photographs of surfaces.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_edit::input_name;
use imagine_edit::material::{MOST_RELIEF, MapMaker, RELIEF};
use imagine_graph::{Axis, OutputKind, Size, Tensor};

use super::note;
use crate::edit::{Edit, EditArguments, Results, Source};
use crate::network_file::{RoleArguments, load};
use crate::recipe::EditMark;

/// Arguments of `imagine maps`.
#[derive(Args, Clone, Debug)]
pub struct MakeMaps {
    #[command(flatten)]
    edit: EditArguments,
    #[command(flatten)]
    maker: MakerArguments,
    /// Continue at the opposite border, for photographs that tile; `imagine tile` makes them so.
    #[arg(long)]
    wrap: bool,
}

/// What makes maps, and how deep their relief is.
#[derive(Args, Clone, Debug)]
pub struct MakerArguments {
    /// A network in place of the built-in one: a generator file of `imagine train maps`, or an ONNX file with roles.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// How deep the relief is, 0 to 4: 0 is level, 1 as the network finds it.
    #[arg(long, default_value_t = 1.0, value_parser = parse_relief)]
    pub relief: f32,
}

impl MakerArguments {
    /// The network.
    pub fn maker(&self) -> anyhow::Result<MapMaker> {
        Ok(match &self.network {
            Some(file) => MapMaker::from_generator(&Arc::new(load(file, &RoleArguments::default())?))?,
            None => MapMaker::built_in(),
        })
    }
}

impl MakeMaps {
    /// Makes maps of everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let maker = self.maker.maker()?;
        self.edit.run_for(Results::Materials, |source| {
            if source.maps.iter().any(|map| map.kind == OutputKind::Alpha) {
                note(format_args!("note: {}: alpha is left out", source.name));
            }
            maps_of(source, &maker, self.maker.relief, self.wrap)
        })
    }
}

/// The maps of the base colour of a source.
fn maps_of(source: &Source, maker: &MapMaker, relief: f32, wraps: bool) -> anyhow::Result<Edit> {
    let loaded = maker.of_photograph(wraps)?;
    let rule = loaded.generator.generator.size;
    let multiple = [Axis::Width, Axis::Height].map(|axis| rule.multiple[axis].max(1));
    let (own, source) = (source.size, source.padded(multiple));
    let [width, height] = source.size;
    ensure!(
        source.size == own || !wraps,
        "{}x{} pixels: a photograph that tiles needs sides that are multiples of {}x{}; `imagine tile` cuts them so",
        own[0],
        own[1],
        multiple[0],
        multiple[1]
    );
    let color = source.maps.into_iter().find(|map| map.kind == OutputKind::BaseColor).context("there is no colour")?;
    let inputs: BTreeMap<String, Tensor> = BTreeMap::from([
        (input_name("image", OutputKind::BaseColor), color.values),
        (RELIEF.into(), Tensor::f32([1; 4], [relief])),
    ]);
    let mut options = BTreeMap::from([(RELIEF.to_string(), relief.to_string())]);
    options.extend(wraps.then(|| ("wrap".to_string(), "true".to_string())));
    Ok(Edit {
        name: "maps",
        loaded,
        size: Size::new(height, width),
        crop: (source.size != own).then_some(own),
        inputs,
        seed: 0,
        options,
        mark: EditMark::Composite,
    })
}

/// 0 to [`MOST_RELIEF`].
fn parse_relief(text: &str) -> Result<f32, String> {
    let relief = text.parse().ok().filter(|relief| (0.0..=MOST_RELIEF).contains(relief));
    relief.ok_or_else(|| format!("a number from 0 to {MOST_RELIEF}"))
}
