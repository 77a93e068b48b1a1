//! `imagine restore`: takes noise out of pictures and materials, smooths bands, softens JPEG blocks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use imagine_edit::input_name;
use imagine_edit::restore::{Restorer, STRENGTH};
use imagine_graph::{Axis, Size, Tensor};

use super::edited::kinds;
use crate::edit::{Edit, EditArguments, Source};
use crate::network_file::{RoleArguments, load};
use crate::recipe::EditMark;

/// Arguments of `imagine restore`.
#[derive(Args, Clone, Debug)]
pub struct RestorePictures {
    #[command(flatten)]
    edit: EditArguments,
    /// How much is done, 0 to 1: 0 changes nothing, 1 does all that the network finds. Below 1, some grain stays.
    #[arg(long, default_value_t = 1.0, value_parser = parse_strength)]
    strength: f32,
    /// A network in place of the built-in one: a generator file of `imagine train restore`, or an ONNX file with roles.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Continue at the opposite border, for textures that tile.
    #[arg(long)]
    wrap: bool,
}

impl RestorePictures {
    /// Restores everything.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let restorer = match &self.network {
            Some(file) => Restorer::from_generator(&Arc::new(load(file, &RoleArguments::default())?))?,
            None => Restorer::built_in(),
        };
        ensure!(
            restorer.has_strength() || self.strength == 1.0,
            "--strength: the network has no such control; leave it out"
        );
        self.edit.run(|source| self.edit_of(source, &restorer))
    }

    fn edit_of(&self, source: &Source, restorer: &Restorer) -> anyhow::Result<Edit> {
        let rule = restorer.size_rule();
        let multiple = [rule.multiple[Axis::Width], rule.multiple[Axis::Height]].map(|multiple| multiple.max(1));
        let (loaded, own) = (restorer.of_maps(&kinds(source), self.wrap)?, source.size);
        let source = source.padded(multiple);
        ensure!(
            source.size == own || !self.wrap,
            "{}x{} pixels: with --wrap, sides must be multiples of {}x{}",
            own[0],
            own[1],
            multiple[0],
            multiple[1]
        );
        let mut inputs: BTreeMap<String, Tensor> = BTreeMap::new();
        let is_padded = source.size != own;
        if is_padded {
            let padded = source.maps.iter().map(|map| (input_name("image", map.kind), map.values.clone()));
            inputs.extend(padded);
        }
        if restorer.has_strength() {
            inputs.insert(STRENGTH.into(), Tensor::f32([1; 4], [self.strength]));
        }
        let mut options = BTreeMap::from([(STRENGTH.to_string(), self.strength.to_string())]);
        options.extend(self.wrap.then(|| ("wrap".to_string(), "true".to_string())));
        let [width, height] = source.size;
        Ok(Edit {
            name: "restore",
            loaded,
            size: Size::new(height, width),
            crop: is_padded.then_some(own),
            inputs,
            seed: 0,
            options,
            mark: EditMark::Enhanced,
        })
    }
}

/// 0 to 1.
fn parse_strength(text: &str) -> Result<f32, String> {
    let strength = text.parse().ok().filter(|strength| (0.0..=1.0).contains(strength));
    strength.ok_or_else(|| "a number from 0 to 1".into())
}
