//! Loads networks: generator files, files of layers, built-in generators, and ONNX files with roles for their inputs and outputs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_graph::file::{self, LoadedGenerator, WeightFormat};
use imagine_graph::{Dim, LAYERS_EXTENSION, ValidGenerator, generators};
use imagine_onnx::{AssignedRole, InputRole, OutputRole, Roles};

use crate::layers_file::{is_layers, read_layers};
use crate::output::note;

/// Roles given as arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct RoleArguments {
    /// Role of an input of an ONNX file: image[:srgb|:linear], mask, latent[:normal|:uniform], range, choice[:A,B,..], color or
    /// tensor. Append @LOW..HIGH if the network expects another range than 0 to 1, as in image:srgb@0..255; for a range these
    /// are its limits, as in range@0..9. May be repeated.
    #[arg(long, value_parser = parse::<InputRole>, value_name = "NAME=ROLE")]
    input: Vec<(String, InputRole)>,
    /// Role of an output of an ONNX file: base_color, alpha, normal, height, roughness, metallic, occlusion, emissive,
    /// radiance or tensor. Append @LOW..HIGH if the network produces another range than 0 to 1, as in base_color@-1..1.
    /// Some channels of an output are a map of their own as NAME/0..3=base_color or NAME/3=alpha. May be repeated.
    #[arg(long, value_parser = parse::<OutputRole>, value_name = "NAME=ROLE")]
    output: Vec<(String, OutputRole)>,
    /// An open dimension of an ONNX file, by its name or as INPUT/AXIS: a number, batch, height or width, or a fraction such as
    /// height/4. May be repeated.
    #[arg(long, value_parser = parse::<Dim>, value_name = "NAME=DIM")]
    dim: Vec<(String, Dim)>,
    /// Value of an input of an ONNX file that must be known at import, such as a size: one number, or several with commas. May be
    /// repeated.
    #[arg(long, value_parser = parse_value, value_name = "NAME=NUMBERS")]
    value: Vec<(String, Vec<f64>)>,
}

/// `NAME=ROLE`.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(String, T), String> {
    // A name may contain `=`, a role cannot.
    let (name, role) = text.rsplit_once('=').ok_or("expected NAME=ROLE")?;
    Ok((name.into(), role.parse().map_err(|error: T::Err| error.to_string())?))
}

/// `NAME=1,2,3`.
fn parse_value(text: &str) -> Result<(String, Vec<f64>), String> {
    let (name, numbers) = text.rsplit_once('=').ok_or("expected NAME=NUMBERS")?;
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    let numbers: Option<Vec<f64>> = numbers.split(',').map(number).collect();
    Ok((name.into(), numbers.ok_or("expected numbers with commas between them")?))
}

impl RoleArguments {
    /// Whether none is given.
    fn is_empty(&self) -> bool {
        self.input.is_empty() && self.output.is_empty() && self.dim.is_empty() && self.value.is_empty()
    }

    /// These roles as arguments of the program.
    pub fn arguments(&self) -> Vec<String> {
        let list = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let inputs = self.input.iter().map(|(name, role)| format!("--input={name}={role}"));
        let outputs = self.output.iter().map(|(name, role)| format!("--output={name}={role}"));
        let dims = self.dim.iter().map(|(name, dim)| format!("--dim={name}={dim}"));
        let values = self.value.iter().map(|(name, numbers)| format!("--value={name}={}", list(numbers)));
        inputs.chain(outputs).chain(dims).chain(values).collect()
    }

    /// These roles; the file beside the model supplies the rest.
    pub fn with_file(&self, model: &Path) -> anyhow::Result<Roles> {
        let mut roles = Roles::beside(model)?;
        roles.inputs.extend(self.input.iter().cloned());
        roles.outputs.extend(self.output.iter().cloned());
        roles.dims.extend(self.dim.iter().cloned());
        roles.values.extend(self.value.iter().cloned());
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

/// Loads a generator file, a file of layers, a built-in generator or an ONNX file; prints the roles that were guessed.
///
/// An ONNX file has the hash of the generator file that `imagine import` writes for it.
pub fn load(path: &Path, roles: &RoleArguments) -> anyhow::Result<LoadedGenerator> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        ensure!(
            roles.is_empty(),
            "{}: --input, --output, --dim and --value are only for ONNX files; a generator file already has roles",
            path.display()
        );
        return if is_layers(path) { load_layers(path) } else { load_generator(path) };
    }
    let (generator, used) = import(path, &roles.with_file(path)?)?;
    used.iter().filter(|used| used.guessed).for_each(|used| note(role_line(used)));
    let bytes = file::write(&generator.generator, WeightFormat::F32)?;
    Ok(file::from_bytes(&path.to_string_lossy(), &bytes)?)
}

/// Loads a generator file, or the built-in generator of that name if there is no such file.
fn load_generator(file: &Path) -> anyhow::Result<LoadedGenerator> {
    if file.exists() {
        return Ok(file::load(file)?);
    }
    file.to_str().and_then(generators::load).with_context(|| {
        let names = generators::names().collect::<Vec<_>>().join(", ");
        format!("{}: no such file, and no built-in generator of this name; built in are {names}", file.display())
    })
}

/// Loads the layers at `path` with all their generators, as one generator.
pub fn load_layers(path: &Path) -> anyhow::Result<LoadedGenerator> {
    let shown = || path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let layers = read_layers(path).with_context(shown)?;
    let layers = layers.try_map(|name| load_layer(folder, &name).map(Arc::new).with_context(shown))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    layers.merge(&file[..file.len() - LAYERS_EXTENSION.len()]).with_context(shown)
}

/// The generator that a layer names: a file relative to `folder`, or a built-in one.
fn load_layer(folder: &Path, name: &str) -> anyhow::Result<LoadedGenerator> {
    ensure!(!is_layers(Path::new(name)), "{name}: layers in layers are not possible; list them in one file");
    match generators::load(name) {
        Some(built_in) => Ok(built_in),
        None => load(&folder.join(name), &RoleArguments::default()),
    }
}
