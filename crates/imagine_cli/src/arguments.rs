//! Arguments that several commands share: sizes, named values, executors, generator files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use imagine_exemplar::folder::NormalConvention;
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{DType, InputKind, Request, Size, Tensor, TensorData, ValidGenerator, parse_input, rng};

use crate::network_file::{RoleArguments, load};

/// Largest height and width in pixels.
pub const MAX_SIDE: usize = 16_384;
/// Default size, before it is rounded to one that the generator supports.
pub const DEFAULT_SIZE: Size = Size { batch: 1, height: 256, width: 256 };
/// Number of faces of a cubemap.
const FACES: usize = 6;

/// Where a generator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Executor {
    /// wgpu compute passes.
    Gpu,
    /// The CPU.
    Cpu,
}

/// Storage of values between GPU passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 16-bit floats where kernels support them; automata stay at 32 bits.
    F16,
}

impl From<Precision> for imagine_wgpu::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::F16 => Self::F16,
        }
    }
}

/// Which way green points in a normal map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Normals {
    /// Green points up: OpenGL, Blender, Unity, Godot.
    Gl,
    /// Green points down: DirectX, Unreal.
    Dx,
}

impl From<Normals> for NormalConvention {
    fn from(normals: Normals) -> Self {
        match normals {
            Normals::Gl => Self::OpenGl,
            Normals::Dx => Self::DirectX,
        }
    }
}

/// How pictures of maps are read.
#[derive(Args, Clone, Debug)]
pub struct MapArguments {
    /// Which way green points in normal maps whose names do not say it; by default their slopes tell.
    #[arg(long, value_enum, value_name = "gl|dx")]
    normal: Option<Normals>,
}

impl MapArguments {
    /// The convention that was given.
    pub fn convention(&self) -> Option<NormalConvention> {
        self.normal.map(NormalConvention::from)
    }

    /// The convention that was given for `data`, which must be a folder then.
    pub fn normal(&self, data: &Path) -> anyhow::Result<Option<NormalConvention>> {
        let is_useless = self.normal.is_some() && !data.is_dir();
        ensure!(!is_useless, "--normal is for a folder of maps; {} is a file", data.display());
        Ok(self.convention())
    }
}

/// Name of an argument's value, as typed and as written in reports.
pub fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().into()).unwrap_or_default()
}

/// A generator and one request to it.
#[derive(Args, Clone, Debug)]
pub struct RequestArguments {
    /// Generator file, ONNX file (roles in FILE.onnx.ron or as arguments), or the name of a built-in generator (see `imagine
    /// generators`).
    pub file: PathBuf,
    #[command(flatten)]
    pub roles: RoleArguments,
    /// Width x height in pixels, for example 256x128. Default: the size nearest to 256x256.
    #[arg(long, value_parser = parse_size, value_name = "WxH")]
    pub size: Option<Size>,
    /// Generate the six square faces of a cubemap.
    #[arg(long)]
    pub cube: bool,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Value of an input; may be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=VALUE")]
    pub set: Vec<(String, String)>,
}

impl RequestArguments {
    /// Reads the file and makes the request. Images and tensors, which these arguments cannot give, are noise, or 0 if they are
    /// whole numbers.
    pub fn load_with_noise(&self, steps: Option<u32>) -> anyhow::Result<(LoadedGenerator, Request)> {
        let loaded = load(&self.file, &self.roles)?;
        let size = self.size.unwrap_or_else(|| default_size(&loaded.generator));
        let mut request = Request { steps, ..Request::new(with_faces(size, self.cube), self.seed) };
        set_inputs(&mut request, &loaded.generator, self.set.iter().cloned())?;
        for (stream, input) in (0..).zip(loaded.generator.inputs()) {
            let needed = matches!(input.kind, InputKind::Image(_) | InputKind::Tensor);
            if needed && !request.inputs.contains_key(&input.name) {
                let key = rng::key(self.seed, stream, 0);
                let draw = |x, y, plane| rng::uniform(rng::cell(x, y, plane, key));
                let shape: Option<Vec<usize>> = input.shape.iter().map(|dim| dim.bind(size)).collect();
                let shape = shape.with_context(|| {
                    format!("input {:?} does not exist at this size; choose another --size", input.name)
                })?;
                let count = shape.iter().product();
                let data = match input.dtype {
                    DType::F32 => TensorData::F32(rng::fill(&shape, &input.shape, request.domain, draw)),
                    DType::I32 => TensorData::I32(vec![0; count]),
                    DType::Bool => TensorData::Bool(vec![false; count]),
                };
                request.inputs.insert(input.name.clone(), Tensor::new(shape, data));
            }
        }
        // Executors check the request too, but only after opening a device.
        loaded.generator.resolve(&request).with_context(|| loaded.name.clone())?;
        Ok((loaded, request))
    }
}

/// The size nearest to [`DEFAULT_SIZE`] that the generator supports.
pub fn default_size(generator: &ValidGenerator) -> Size {
    generator.with_fixed_sides(generator.generator.size.nearest(DEFAULT_SIZE))
}

/// `size` as a batch of a cubemap's six faces if `cube`.
pub fn with_faces(size: Size, cube: bool) -> Size {
    if cube { size.with_batch(FACES) } else { size }
}

/// Sets inputs of a request from texts.
pub fn set_inputs(
    request: &mut Request,
    generator: &ValidGenerator,
    values: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    let declared = generator.inputs();
    for (name, text) in values {
        let known: Vec<&str> = declared.iter().map(|input| input.name.as_str()).collect();
        let input = declared.iter().find(|input| input.name == name);
        let input = input.with_context(|| match known.is_empty() {
            true => format!("no input is called {name:?}; this generator has none"),
            false => format!("no input is called {name:?}; inputs are {known:?}"),
        })?;
        request.inputs.insert(name, parse_input(input, &text)?);
    }
    Ok(())
}

/// Values of inputs as typed; the last value of a name wins.
pub fn controls(set: &[(String, String)]) -> BTreeMap<String, String> {
    set.iter().cloned().collect()
}

/// `WxH` in pixels.
pub fn parse_size(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
    let sides = text.split_once(['x', 'X']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let (width, height) = sides.ok_or(format!("expected WIDTHxHEIGHT, each 1 to {MAX_SIDE}"))?;
    Ok(Size::new(height, width))
}

/// `X,Y`, the position of a patch in the world's grid.
pub fn parse_patch(text: &str) -> Result<[i64; 2], String> {
    let number = |text: &str| text.trim().parse().ok();
    let numbers = text.split_once(',').and_then(|(x, y)| Some([number(x)?, number(y)?]));
    numbers.ok_or_else(|| "expected X,Y, two whole numbers".into())
}

/// `NAME=VALUE`.
pub fn parse_set(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_width_by_height() {
        assert_eq!(parse_size("97x61"), Ok(Size::new(61, 97)));
        for wrong in ["", "97", "0x4", "4x-1", "4x4x4", "99999x4", "18446744073709551617x1"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
