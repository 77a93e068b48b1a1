//! Converts picture files to values of image and mask inputs: size, channels, colour space.
//!
//! Files hold sRGB colours, or linear light as floats; for masks, plain values from 0 (outside) to 1. A one-channel input gets the
//! luminance, a three-channel input drops alpha. Scaling happens on the stored values.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use imagine_exemplar::picture::{self, Picture};
use imagine_graph::{Dim, GraphInput, InputKind, Ratio, Request, Size, Symbol, Tensor, ValidGenerator, file};

use crate::arguments::{MAX_SIDE, default_size};
use crate::files::read_file;
use crate::output::note;

/// Decoded pictures above this are worth a note.
const LARGE_MIB: u64 = 256;

/// A picture for one input.
#[derive(Clone, Debug)]
pub struct InputPicture {
    input: GraphInput,
    /// File name, for messages.
    file: String,
    /// SHA-256 of the file, in hexadecimal.
    hash: String,
    picture: Picture,
}

/// Reads the pictures `given` as `FILE` or `NAME=FILE`; the result is in the order of the generator's inputs.
pub fn read_pictures(generator: &ValidGenerator, given: &[String]) -> anyhow::Result<Vec<InputPicture>> {
    let inputs: Vec<&GraphInput> = generator.inputs().into_iter().filter(|input| takes_picture(input)).collect();
    let mut files: Vec<Option<&str>> = vec![None; inputs.len()];
    for given in given {
        let (index, file) = find(&inputs, given)?;
        ensure!(files[index].is_none(), "--image: input {:?} is given twice", inputs[index].name);
        files[index] = Some(file);
    }
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    for file in files.iter().flatten().filter(|file| !Path::new(file).exists()) {
        if let Some((name, _)) = file.split_once('=') {
            bail!("--image {file}: no picture input is called {name:?}; those of the network are {names:?}");
        }
    }
    let pairs = inputs.iter().zip(files).filter_map(|(input, file)| Some((*input, file?)));
    pairs.map(|(input, file)| read(input, file).with_context(|| format!("--image {file}"))).collect()
}

fn takes_picture(input: &GraphInput) -> bool {
    matches!(input.kind, InputKind::Image(_) | InputKind::Mask)
}

/// Index of the input that `given` belongs to, and the file name.
fn find<'a>(inputs: &[&GraphInput], given: &'a str) -> anyhow::Result<(usize, &'a str)> {
    if let Some((name, file)) = given.split_once('=')
        && let Some(index) = inputs.iter().position(|input| input.name == name)
    {
        return Ok((index, file));
    }
    let images = || inputs.iter().enumerate().filter(|(_, input)| matches!(input.kind, InputKind::Image(_)));
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let mut free =
        if images().next().is_some() { images().collect::<Vec<_>>() } else { inputs.iter().enumerate().collect() };
    match (free.pop(), free.is_empty()) {
        (Some((index, _)), true) => Ok((index, given)),
        (None, _) => bail!("--image {given}: the network takes no picture"),
        _ => bail!(
            "--image {given}: the network takes several pictures; give each as NAME=FILE, with a name of {names:?}"
        ),
    }
}

fn read(input: &GraphInput, file: &str) -> anyhow::Result<InputPicture> {
    let bytes = read_file(Path::new(file))?;
    let opened = picture::open(&bytes)?;
    let [width, height] = opened.size();
    if opened.decoded_mib() > LARGE_MIB {
        let mib = opened.decoded_mib();
        note(format_args!("note: {file} has {width}x{height} pixels: decoding takes {mib} MiB and some time"));
    }
    Ok(InputPicture { input: input.clone(), file: file.into(), hash: file::hash(&bytes), picture: opened.decode()? })
}

/// Sets the picture inputs of `request`, scaled to its size; returns the files' hashes by input.
pub fn set_pictures(
    request: &mut Request,
    generator: &ValidGenerator,
    pictures: &[InputPicture],
) -> anyhow::Result<BTreeMap<String, String>> {
    for picture in pictures {
        request.inputs.insert(picture.input.name.clone(), picture.tensor(request.size)?);
    }
    for input in generator.inputs() {
        let given = request.inputs.contains_key(&input.name) || !matches!(input.kind, InputKind::Image(_));
        ensure!(given, "input {:?} is a picture: give it with --image {}=FILE", input.name, input.name);
        let name = &input.name;
        let set = request.inputs.contains_key(name) || input.kind != InputKind::Tensor;
        let shape: Vec<String> = input.shape.iter().map(|dim| dim.to_string()).collect();
        ensure!(
            set,
            "input {name:?} is a tensor [{}] without a meaning: give its numbers with --set {name}=1,2,.., or say what it is, as in \
             --input {name}=latent for random numbers",
            shape.join(", ")
        );
    }
    Ok(pictures.iter().map(|picture| (picture.input.name.clone(), picture.hash.clone())).collect())
}

impl InputPicture {
    /// Output size for this picture. A side that the network fixes is as it makes it.
    pub fn output_size(&self, generator: &ValidGenerator) -> anyhow::Result<Size> {
        let default = default_size(generator);
        let height = self.output_side(2, self.picture.pixels.height())?.unwrap_or(default.height);
        let width = self.output_side(3, self.picture.pixels.width())?.unwrap_or(default.width);
        Ok(generator.with_fixed_sides(Size::new(height, width)))
    }

    /// Length of the output along `axis` if the picture's is `found`; `None` if the input's is fixed.
    fn output_side(&self, axis: usize, found: u32) -> anyhow::Result<Option<usize>> {
        let Some(Dim::Symbol(Symbol::Height(ratio) | Symbol::Width(ratio))) = self.input.shape.get(axis) else {
            return Ok(None);
        };
        let Ratio { numerator: n, denominator: d } = *ratio;
        let made = (found as usize).checked_mul(d).filter(|whole| n > 0 && whole.is_multiple_of(n));
        let fault = || format!("{}: {found} pixels must be a multiple of {n}; --size WxH scales it", self.file);
        made.map(|whole| Some(whole / n)).with_context(fault)
    }

    /// What the output's length along `axis` is a multiple of.
    fn output_step(&self, axis: usize) -> usize {
        match self.input.shape.get(axis) {
            Some(Dim::Symbol(Symbol::Height(ratio) | Symbol::Width(ratio))) => ratio.reduced().denominator,
            _ => 1,
        }
    }

    /// The value of the input in a request of `size`.
    fn tensor(&self, size: Size) -> anyhow::Result<Tensor> {
        let name = &self.input.name;
        let shape: Option<Vec<usize>> = self.input.shape.iter().map(|dim| dim.bind(size)).collect();
        let shape = shape.with_context(|| {
            let Size { width, height, .. } = size;
            let [rows, columns] = [2, 3].map(|axis| self.output_step(axis));
            format!(
                "--size {width}x{height}: with input {name:?} the width must be a multiple of {columns} and the height one of \
                 {rows}; without --size the picture gives the size"
            )
        })?;
        let &[1, channels @ (1 | 3 | 4), height, width] = shape.as_slice() else {
            let found = format!("{shape:?}");
            bail!("input {name:?} is {found}; a picture needs [1, 1 or 3 or 4, height, width]");
        };
        let fits = (1..=MAX_SIDE).contains(&height) && (1..=MAX_SIDE).contains(&width);
        ensure!(fits, "input {name:?} is {width}x{height} at this size; at most {MAX_SIDE} per side are supported");
        if channels == 3 && self.picture.is_transparent() {
            note(format_args!("note: alpha of {} is ignored: input {name:?} has 3 channels", self.file));
        }
        let (found_width, found_height) = (self.picture.pixels.width(), self.picture.pixels.height());
        if [found_height as usize, found_width as usize] != [height, width] {
            note(format_args!("note: {} is scaled from {found_width}x{found_height} to {width}x{height}", self.file));
        }
        let colors = if let InputKind::Image(space) = self.input.kind { Some(space) } else { None };
        let values = self.picture.planes(channels, colors, [width as u32, height as u32]);
        Ok(Tensor::f32([1, channels, height, width], values))
    }
}

#[cfg(test)]
mod tests {
    use imagine_graph::ColorSpace;

    use super::*;

    fn picture(kind: InputKind, channels: usize, part: Ratio) -> InputPicture {
        let (height, width) = (Dim::Symbol(Symbol::Height(part)), Dim::Symbol(Symbol::Width(part)));
        let shape = vec![Dim::BATCH, Dim::Fixed(channels), height, width];
        let input = GraphInput { name: "x".into(), kind, dtype: imagine_graph::DType::F32, shape };
        let pixels = image::RgbaImage::from_raw(2, 1, vec![255, 0, 0, 255, 128, 128, 128, 0]).unwrap();
        let picture = Picture { pixels: pixels.into(), is_linear: false };
        InputPicture { input, file: "x.png".into(), hash: String::new(), picture }
    }

    #[test]
    fn pixels_are_converted_to_the_inputs_channels_and_colour_space() {
        let values = |kind, channels| {
            let tensor = picture(kind, channels, Ratio::ONE).tensor(Size::new(1, 2)).unwrap();
            tensor.as_f32().unwrap().iter().map(|value| (value * 255.0).round() as u8).collect::<Vec<_>>()
        };
        let (srgb, linear) = (InputKind::Image(ColorSpace::Srgb), InputKind::Image(ColorSpace::Linear));
        assert_eq!(values(srgb.clone(), 4), [255, 128, 0, 128, 0, 128, 255, 0]);
        assert_eq!(values(linear.clone(), 3), [255, 55, 0, 55, 0, 55]);
        // Red's luminance is 0.2126, stored as 0.498.
        assert_eq!(values(srgb, 1), [127, 128]);
        assert_eq!(values(linear, 1), [54, 55]);
        assert_eq!(values(InputKind::Mask, 1), [54, 128]);
    }

    #[test]
    fn floats_are_linear_light() {
        let float = image::Rgb32FImage::from_raw(2, 1, vec![0.5, 0.0, 2.0, 0.25, 0.25, 0.25]).unwrap();
        let values = |kind| {
            let linear = Picture { pixels: float.clone().into(), is_linear: true };
            let input = InputPicture { picture: linear, ..picture(kind, 3, Ratio::ONE) };
            let tensor = input.tensor(Size::new(1, 2)).unwrap();
            tensor.as_f32().unwrap().iter().map(|value| (value * 255.0).round() as u8).collect::<Vec<_>>()
        };
        assert_eq!(values(InputKind::Image(ColorSpace::Srgb)), [188, 137, 0, 137, 255, 137]);
    }

    #[test]
    fn the_output_size_follows_from_the_picture_and_the_picture_from_the_size() {
        let kind = InputKind::Image(ColorSpace::Srgb);
        let quarter = picture(kind.clone(), 3, Ratio::new(1, 4));
        assert_eq!([2, 3].map(|axis| quarter.output_side(axis, axis as u32).unwrap()), [Some(8), Some(12)]);
        let told = picture(kind.clone(), 3, Ratio::new(2, 1)).output_side(2, 1).unwrap_err().to_string();
        assert!(told.contains("multiple of 2"), "{told}");
        let tensor = picture(kind, 3, Ratio::new(1, 4)).tensor(Size::new(12, 20)).unwrap();
        assert_eq!(tensor.shape, [1, 3, 3, 5]);
        assert!(tensor.as_f32().unwrap().iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn a_picture_is_assigned_by_name_or_to_the_only_input() {
        let input = |name: &str, kind| GraphInput { name: name.into(), ..picture(kind, 1, Ratio::ONE).input };
        let image = input("photo", InputKind::Image(ColorSpace::Srgb));
        let (mask, style) = (input("hole", InputKind::Mask), input("style", InputKind::Image(ColorSpace::Srgb)));
        assert_eq!(find(&[&mask, &image], "a=b.png").unwrap(), (1, "a=b.png"));
        assert_eq!(find(&[&mask, &image], "hole=b.png").unwrap(), (0, "b.png"));
        assert_eq!(find(&[&mask], "b.png").unwrap(), (0, "b.png"));
        assert!(find(&[&style, &image], "b.png").unwrap_err().to_string().contains("\"photo\""));
        assert!(find(&[], "b.png").is_err());
    }
}
