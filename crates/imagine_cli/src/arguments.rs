//! What the commands' arguments share: sizes, named values, executors, generator files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use imagine_graph::file::{self, LoadedGenerator};
use imagine_graph::{DType, InputKind, Request, Size, Tensor, ValidGenerator, generators, parse_input, rng};
use imagine_wgpu::Precision;

/// Largest height and width.
pub const MAX_SIDE: usize = 16_384;

/// Where a generator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Executor {
    /// wgpu passes.
    Gpu,
    /// burn-flex, the reference.
    Cpu,
}

impl Executor {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Executor::Gpu => "gpu",
            Executor::Cpu => "cpu",
        }
    }
}

/// How numbers lie in the GPU's memory between passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bits {
    /// 32-bit floats.
    F32,
    /// 16-bit floats where kernels can; automata stay at 32 bits.
    F16,
}

impl Bits {
    /// What plans take.
    pub fn precision(self) -> Precision {
        match self {
            Bits::F32 => Precision::F32,
            Bits::F16 => Precision::F16,
        }
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Bits::F32 => "f32",
            Bits::F16 => "f16",
        }
    }
}

/// A generator file and the image asked of it.
#[derive(Args, Clone, Debug)]
pub struct Asked {
    /// Generator file, or the name of a generator built in code (see `imagine generators`).
    pub file: PathBuf,
    /// Width x height in pixels, as in 256x128.
    #[arg(long, value_parser = parse_size, default_value = "256x256", value_name = "WxH")]
    pub size: Size,
    /// Makes the six square faces of a cubemap.
    #[arg(long)]
    pub cube: bool,
    /// Chooses one of many results.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Value of an input; may be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=VALUE")]
    pub set: Vec<(String, String)>,
}

impl Asked {
    /// Reads the file and makes the request, with noise for images and tensors, which the command line cannot give.
    pub fn load_with_noise(&self, steps: Option<u32>) -> anyhow::Result<(LoadedGenerator, Request)> {
        let loaded = load(&self.file)?;
        let mut request = self.request(&loaded, steps)?;
        for (stream, input) in (0..).zip(loaded.generator.inputs()) {
            let needed = matches!(input.kind, InputKind::Image(_) | InputKind::Tensor) && input.dtype == DType::F32;
            if needed && !request.inputs.contains_key(&input.name) {
                let key = rng::key(self.seed, stream, 0);
                let draw = |x, y, plane| rng::uniform(rng::cell(x, y, plane, key));
                let shape: Option<Vec<usize>> = input.shape.iter().map(|dim| dim.bind(self.size)).collect();
                let shape = shape.with_context(|| format!("input {:?} has no such size", input.name))?;
                let values = rng::fill(&shape, &input.shape, request.lattice, draw);
                request.inputs.insert(input.name.clone(), Tensor::f32(shape, values));
            }
        }
        self.checked(loaded, request)
    }

    /// The request for a file that was read, not yet checked.
    pub fn request(&self, loaded: &LoadedGenerator, steps: Option<u32>) -> anyhow::Result<Request> {
        let mut request = Request { steps, ..Request::new(with_faces(self.size, self.cube), self.seed) };
        set_inputs(&mut request, &loaded.generator, self.set.iter().cloned())?;
        Ok(request)
    }

    /// Both, if the generator takes the request.
    pub fn checked(&self, loaded: LoadedGenerator, request: Request) -> anyhow::Result<(LoadedGenerator, Request)> {
        // The executors check it too, but only after a device was opened.
        loaded.generator.resolve(&request).with_context(|| loaded.name.clone())?;
        Ok((loaded, request))
    }
}

/// Number of faces of a cubemap.
const FACES: usize = 6;

/// `size` for a cubemap's six faces, or as it is.
pub fn with_faces(size: Size, cube: bool) -> Size {
    if cube { size.with_batch(FACES) } else { size }
}

/// The generator in a file, or, where there is none, the one built in code that is called so.
pub fn load(file: &Path) -> anyhow::Result<LoadedGenerator> {
    let built = || file.to_str().filter(|_| !file.exists()).and_then(generators::load);
    Ok(built().map_or_else(|| file::load(file), Ok)?)
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
        let input = input.with_context(|| format!("no input is called {name:?}; there are {known:?}"))?;
        request.inputs.insert(name, parse_input(input, &text)?);
    }
    Ok(())
}

/// Values of inputs as they were given, the last of each name.
pub fn controls(set: &[(String, String)]) -> BTreeMap<String, String> {
    set.iter().cloned().collect()
}

/// `WxH` in pixels.
pub fn parse_size(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
    let sides = text.split_once(['x', 'X']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let (width, height) = sides.ok_or(format!("WIDTHxHEIGHT expected, each 1 to {MAX_SIDE}"))?;
    Ok(Size::new(height, width))
}

/// `X,Y`, the place of a patch.
pub fn parse_patch(text: &str) -> Result<[i64; 2], String> {
    let place = |text: &str| text.trim().parse().ok();
    let places = text.split_once(',').and_then(|(x, y)| Some([place(x)?, place(y)?]));
    places.ok_or_else(|| "X,Y expected, two whole numbers".into())
}

/// `NAME=VALUE`.
pub fn parse_set(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE expected")?;
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
