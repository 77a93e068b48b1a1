//! Loads networks: generator files, built-in generators, and ONNX files with roles for their inputs and outputs.

use std::path::Path;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_graph::ValidGenerator;
use imagine_graph::file::{self, LoadedGenerator, WeightFormat};
use imagine_onnx::{AssignedRole, InputRole, OutputRole, Roles};

use crate::arguments::load_generator;
use crate::output::note;

/// Roles given as arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct RoleArguments {
    /// Role of an input of an ONNX file: image[:srgb|:linear], mask, latent[:normal|:uniform] or tensor. Append
    /// @LOW..HIGH if the network expects another range than 0 to 1, as in image:srgb@0..255. May be repeated.
    #[arg(long, value_parser = parse::<InputRole>, value_name = "NAME=ROLE")]
    input: Vec<(String, InputRole)>,
    /// Role of an output of an ONNX file: base_color, alpha, normal, height, roughness, metallic, occlusion, emissive,
    /// radiance or tensor. Append @LOW..HIGH if the network produces another range than 0 to 1, as in base_color@-1..1.
    /// May be repeated.
    #[arg(long, value_parser = parse::<OutputRole>, value_name = "NAME=ROLE")]
    output: Vec<(String, OutputRole)>,
}

/// `NAME=ROLE`.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(String, T), String> {
    // A name may contain `=`, a role cannot.
    let (name, role) = text.rsplit_once('=').ok_or("expected NAME=ROLE")?;
    Ok((name.into(), role.parse().map_err(|error: T::Err| error.to_string())?))
}

impl RoleArguments {
    /// These roles; the file beside the model supplies the rest.
    pub fn with_file(&self, model: &Path) -> anyhow::Result<Roles> {
        let mut roles = Roles::beside(model)?;
        roles.inputs.extend(self.input.iter().cloned());
        roles.outputs.extend(self.output.iter().cloned());
        Ok(roles)
    }
}

/// Imports the ONNX file at `path`; also returns the roles that were used.
pub fn import(path: &Path, roles: &Roles) -> anyhow::Result<(ValidGenerator, Vec<AssignedRole>)> {
    imagine_onnx::generator_from_file(path, roles).with_context(|| path.display().to_string())
}

/// One line about a role.
pub fn role_line(used: &AssignedRole) -> String {
    let side = if used.is_output { "output" } else { "input" };
    let guessed = if used.guessed { " (guessed)" } else { "" };
    format!("{side} {} is {}{guessed}", used.name, used.role)
}

/// Loads a generator file, a built-in generator or an ONNX file; prints the roles that were guessed.
///
/// An ONNX file has the hash of the generator file that `imagine import` writes for it.
pub fn load(path: &Path, roles: &RoleArguments) -> anyhow::Result<LoadedGenerator> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        let none = roles.input.is_empty() && roles.output.is_empty();
        ensure!(
            none,
            "{}: --input and --output are only for ONNX files; a generator file already has roles",
            path.display()
        );
        return load_generator(path);
    }
    let (generator, used) = import(path, &roles.with_file(path)?)?;
    used.iter().filter(|used| used.guessed).for_each(|used| note(role_line(used)));
    let bytes = file::write(&generator.generator, WeightFormat::F32)?;
    Ok(file::from_bytes(&path.to_string_lossy(), &bytes)?)
}
