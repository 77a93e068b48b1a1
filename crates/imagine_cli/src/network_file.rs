//! Networks from files: generator files, and ONNX files with the roles of their inputs and outputs.

use std::path::Path;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_graph::ValidGenerator;
use imagine_graph::file::{self, LoadedGenerator, WeightFormat};
use imagine_onnx::{AssignedRole, InputRole, OutputRole, Roles};

use crate::arguments;

/// Roles that are given as arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct RoleArguments {
    /// Role of an input of an ONNX file: image[:srgb|:linear], mask, latent[:normal|:uniform] or tensor; with @LOW..HIGH
    /// behind it the network wants 0 to 1 scaled to that, as in image:srgb@0..255. May be repeated.
    #[arg(long, value_parser = parse::<InputRole>, value_name = "NAME=ROLE")]
    input: Vec<(String, InputRole)>,
    /// Role of an output of an ONNX file: base_color, alpha, normal, height, roughness, metallic, occlusion, emissive,
    /// radiance or tensor; with @LOW..HIGH behind it the network gives that where 0 to 1 is meant, as in base_color@-1..1.
    /// May be repeated.
    #[arg(long, value_parser = parse::<OutputRole>, value_name = "NAME=ROLE")]
    output: Vec<(String, OutputRole)>,
}

/// `NAME=ROLE`.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(String, T), String> {
    // A role has no `=` in it, and a name may.
    let (name, role) = text.rsplit_once('=').ok_or("NAME=ROLE expected")?;
    Ok((name.into(), role.parse().map_err(|error: T::Err| error.to_string())?))
}

impl RoleArguments {
    /// These roles, and what the file beside the model says about the rest.
    pub fn with_file(&self, model: &Path) -> anyhow::Result<Roles> {
        let mut roles = Roles::beside(model)?;
        roles.inputs.extend(self.input.iter().cloned());
        roles.outputs.extend(self.output.iter().cloned());
        Ok(roles)
    }
}

/// The ONNX file at `path` as a generator, and the roles that were used.
pub fn import(path: &Path, roles: &Roles) -> anyhow::Result<(ValidGenerator, Vec<AssignedRole>)> {
    imagine_onnx::generator_from_file(path, roles).with_context(|| path.display().to_string())
}

/// A role in words, a line.
pub fn text(used: &AssignedRole) -> String {
    let side = if used.is_output { "output" } else { "input" };
    let guessed = if used.guessed { " (guessed)" } else { "" };
    format!("{side} {} is {}{guessed}\n", used.name, used.role)
}

/// The network in a generator file, of a generator built in code, or in an ONNX file, which counts as the generator file that `imagine import` makes of it.
/// Prints roles that were guessed.
pub fn load(path: &Path, roles: &RoleArguments) -> anyhow::Result<LoadedGenerator> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        let none = roles.input.is_empty() && roles.output.is_empty();
        ensure!(none, "{}: --input and --output are for ONNX files; a generator file has its roles", path.display());
        return arguments::load(path);
    }
    let (generator, used) = import(path, &roles.with_file(path)?)?;
    used.iter().filter(|used| used.guessed).for_each(|used| eprint!("{}", text(used)));
    let bytes = file::write(&generator.generator, WeightFormat::F32)?;
    Ok(file::from_bytes(&path.to_string_lossy(), &bytes)?)
}
