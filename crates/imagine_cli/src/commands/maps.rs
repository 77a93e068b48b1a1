//! `imagine maps`: makes the maps of a material from photographs of surfaces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_edit::input_name;
use imagine_edit::material::MapMaker;
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
    /// The network: a generator file of `imagine train maps`, or an ONNX file with roles.
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// Continue at the opposite border, for photographs that tile; `imagine tile` makes them so.
    #[arg(long)]
    wrap: bool,
}

impl MakeMaps {
    /// Makes maps of everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let maker = map_maker(&self.network)?;
        self.edit.run_for(Results::Materials, |source| {
            if source.maps.iter().any(|map| map.kind == OutputKind::Alpha) {
                note(format_args!("note: {}: alpha is left out", source.name));
            }
            maps_of(source, &maker, self.wrap)
        })
    }
}

/// The network in a file.
pub fn map_maker(file: &Path) -> anyhow::Result<MapMaker> {
    Ok(MapMaker::from_generator(&Arc::new(load(file, &RoleArguments::default())?))?)
}

/// The maps of the base colour of a source.
pub fn maps_of(source: &Source, maker: &MapMaker, wraps: bool) -> anyhow::Result<Edit> {
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
    let inputs: BTreeMap<String, Tensor> = BTreeMap::from([(input_name("image", OutputKind::BaseColor), color.values)]);
    Ok(Edit {
        name: "maps",
        loaded,
        size: Size::new(height, width),
        crop: (source.size != own).then_some(own),
        inputs,
        seed: 0,
        options: wraps.then(|| ("wrap".to_string(), "true".to_string())).into_iter().collect(),
        mark: EditMark::Composite,
    })
}
