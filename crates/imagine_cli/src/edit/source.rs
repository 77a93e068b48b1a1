//! Pictures and materials as they are found and read.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use imagine_exemplar::folder::{MapFile, MapFiles, NormalConvention, find_maps, is_hidden};
use imagine_exemplar::picture::{self, EXTENSIONS, FORMATS, Metadata, Picture};
use imagine_graph::{ColorSpace, OutputKind, Tensor, file};
use imagine_png::Carried;

use crate::file_format::Depth;
use crate::files::read_file;
use crate::output::note;

/// What will be read: found, but not opened yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Name of the result, without extension.
    pub name: String,
    /// Folder of the result, below that of the command: that of the argument, if it is a folder of pictures.
    pub folder: Option<String>,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Picture(PathBuf),
    Material(PathBuf, MapFiles),
}

/// A picture or a material.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the file without extension, or of the folder.
    pub name: String,
    /// The maps, base colour first; of one size.
    pub maps: Vec<SourceMap>,
    /// Width and height in pixels.
    pub size: [usize; 2],
    /// Whether the picture is grey.
    pub is_grey: bool,
    /// Colour profile and EXIF data of the picture.
    pub carried: Carried,
}

impl Source {
    /// The brightness of the base colour as an alpha or a mask.
    pub fn brightness(&self) -> Option<SourceMap> {
        let color = self.maps.iter().find(|map| map.kind == OutputKind::BaseColor)?;
        let (values, &[1, 3, height, width]) = (color.values.as_f32()?, color.values.shape.as_slice()) else {
            return None;
        };
        let area = height * width;
        let brightness = |at: usize| 0.2126 * values[at] + 0.7152 * values[area + at] + 0.0722 * values[2 * area + at];
        let values = Tensor::f32([1, 1, height, width], (0..area).map(brightness).collect::<Vec<_>>());
        Some(SourceMap { kind: OutputKind::Alpha, values, ..color.clone() })
    }

    /// The middle of the source, `[width, height]` pixels of it, at most its own.
    pub fn cropped(&self, [width, height]: [usize; 2]) -> Self {
        let corner = [(self.size[1] - height) / 2, (self.size[0] - width) / 2];
        let maps =
            self.maps.iter().map(|map| SourceMap { values: part(&map.values, corner, [height, width]), ..map.clone() });
        Self { maps: maps.collect(), size: [width, height], ..self.clone() }
    }

    /// The source with its last columns and rows repeated until its sides are multiples of `multiple`, `[width, height]`.
    pub fn padded(&self, multiple: [usize; 2]) -> Self {
        let size = [0, 1].map(|axis| self.size[axis].next_multiple_of(multiple[axis].max(1)));
        if size == self.size {
            return self.clone();
        }
        let maps = self.maps.iter().map(|map| SourceMap { values: repeated(&map.values, size), ..map.clone() });
        Self { maps: maps.collect(), size, ..self.clone() }
    }

    /// The source with means of `factor` x `factor` pixels in place of each; as it is if `factor` is below 2.
    pub fn reduced(&self, factor: usize) -> Self {
        let size = self.size.map(|side| side / factor.max(1));
        if factor < 2 || size.contains(&0) {
            return self.clone();
        }
        let maps = self.maps.iter().map(|map| SourceMap { values: mean_of(&map.values, factor), ..map.clone() });
        Self { maps: maps.collect(), size, ..self.clone() }
    }
}

/// The part of an image that begins at `[row, column]`.
pub fn part(image: &Tensor, [top, left]: [usize; 2], [height, width]: [usize; 2]) -> Tensor {
    let (values, &[1, channels, rows, columns]) = (image.as_f32().unwrap_or_default(), image.shape.as_slice()) else {
        return image.clone();
    };
    let starts =
        (0..channels).flat_map(|channel| (0..height).map(move |y| (channel * rows + top + y) * columns + left));
    let cut: Vec<f32> = starts.flat_map(|start| values[start..start + width].iter().copied()).collect();
    Tensor::f32([1, channels, height, width], cut)
}

/// An image whose last column and row are repeated.
fn repeated(image: &Tensor, [width, height]: [usize; 2]) -> Tensor {
    let (values, &[1, channels, rows, columns]) = (image.as_f32().unwrap_or_default(), image.shape.as_slice()) else {
        return image.clone();
    };
    let mut larger = Vec::with_capacity(channels * height * width);
    for channel in 0..channels {
        for y in 0..height {
            let row = &values[(channel * rows + y.min(rows - 1)) * columns..][..columns];
            larger.extend_from_slice(row);
            larger.extend(std::iter::repeat_n(row[columns - 1], width - columns));
        }
    }
    Tensor::f32([1, channels, height, width], larger)
}

/// Means of `factor` x `factor` pixels of an image; incomplete ones at the end are left out.
fn mean_of(image: &Tensor, factor: usize) -> Tensor {
    let (values, &[1, channels, height, width]) = (image.as_f32().unwrap_or_default(), image.shape.as_slice()) else {
        return image.clone();
    };
    let (rows, columns) = (height / factor, width / factor);
    let mean = |at: usize| {
        let (channel, y, x) = (at / (rows * columns), at / columns % rows, at % columns);
        let row = |dy: usize| (channel * height + y * factor + dy) * width + x * factor;
        let sum: f32 = (0..factor).map(|dy| values[row(dy)..row(dy) + factor].iter().sum::<f32>()).sum();
        sum / (factor * factor) as f32
    };
    Tensor::f32([1, channels, rows, columns], (0..channels * rows * columns).map(mean).collect::<Vec<_>>())
}

/// A map of a source.
#[derive(Clone, Debug)]
pub struct SourceMap {
    /// What it is.
    pub kind: OutputKind,
    /// `[1, channels, height, width]`, 0 to 1 as in a file: colours in sRGB, normals with +Y up.
    pub values: Tensor,
    /// Bits of a channel in its file.
    pub depth: Depth,
    /// SHA-256 of its file, in hexadecimal.
    pub hash: String,
}

/// Everything that the arguments name, in order. A folder is a material if it has a base colour and another map, and `each` is not set.
pub fn find(inputs: &[PathBuf], each: bool) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for input in inputs {
        let shown = input.display();
        if !input.is_dir() {
            ensure!(input.exists(), "{shown}: no such file or folder");
            found.push(Found { name: stem(input), folder: None, what: What::Picture(input.clone()) });
            continue;
        }
        let material = if each { None } else { find_maps(input).ok().filter(|files| files.maps.len() > 1) };
        if let Some(files) = material {
            found.push(Found { name: name(input), folder: None, what: What::Material(input.clone(), files) });
            continue;
        }
        let pictures = pictures_in(input).with_context(|| shown.to_string())?;
        ensure!(!pictures.is_empty(), "{shown}: no pictures ({FORMATS}) are in this folder");
        let folder = (inputs.len() > 1).then(|| name(input));
        let picture = |path: PathBuf| Found { name: stem(&path), folder: folder.clone(), what: What::Picture(path) };
        found.extend(pictures.into_iter().map(picture));
    }
    Ok(found)
}

fn pictures_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && !is_hidden(&path) && EXTENSIONS.contains(&&*extension) {
            pictures.push(path);
        }
    }
    pictures.sort();
    Ok(pictures)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The last part of a folder's path, also of `.`.
fn name(folder: &Path) -> String {
    let whole = folder.canonicalize();
    let last = whole.as_deref().unwrap_or(folder).file_name();
    last.map_or_else(|| "material".into(), |last| last.to_string_lossy().into_owned())
}

impl Found {
    /// File or folder.
    pub fn path(&self) -> &Path {
        match &self.what {
            What::Picture(path) | What::Material(path, _) => path,
        }
    }

    /// Whether the result is a folder of maps.
    pub fn is_material(&self) -> bool {
        matches!(self.what, What::Material(..))
    }

    /// Reads and decodes everything.
    pub fn read(&self, normal: Option<NormalConvention>) -> anyhow::Result<Source> {
        let source = match &self.what {
            What::Picture(path) => read_picture(path),
            What::Material(_, files) => read_material(files, normal),
        };
        let named = source.map(|source| Source { name: self.name.clone(), ..source });
        named.with_context(|| self.path().display().to_string())
    }
}

fn read_picture(path: &Path) -> anyhow::Result<Source> {
    let bytes = read_file(path)?;
    let opened = picture::open(&bytes)?;
    let (size, Metadata { icc, exif }) = (opened.size(), opened.metadata());
    let picture = opened.decode()?;
    if picture.is_linear && picture.pixels.as_bytes().chunks_exact(4).any(is_above_one) {
        note(format_args!("note: {}: light above 1 is clipped", path.display()));
    }
    let (hash, depth) = (file::hash(&bytes), depth(&picture));
    let map = |kind: OutputKind, values: Vec<f32>| {
        let shape = [1, kind.channels().unwrap_or(1), size[1] as usize, size[0] as usize];
        SourceMap { kind, values: Tensor::f32(shape, values), depth, hash: hash.clone() }
    };
    let is_grey = !picture.pixels.color().has_color() && !picture.pixels.color().has_alpha();
    let mut maps = Vec::new();
    if picture.is_transparent() {
        let mut colors = picture.planes(4, Some(ColorSpace::Srgb), size);
        let alpha = colors.split_off(colors.len() / 4 * 3);
        maps.extend([map(OutputKind::BaseColor, colors), map(OutputKind::Alpha, alpha)]);
    } else {
        maps.push(map(OutputKind::BaseColor, picture.planes(3, Some(ColorSpace::Srgb), size)));
    }
    let size = size.map(|side| side as usize);
    // A grey picture with alpha becomes one of colours.
    let fits = is_grey || icc.get(16..20) != Some(b"GRAY");
    let carried = Carried { icc: if fits { icc } else { Vec::new() }, exif };
    Ok(Source { name: stem(path), maps, size, is_grey, carried })
}

fn is_above_one(float: &[u8]) -> bool {
    float.try_into().is_ok_and(|bytes| f32::from_ne_bytes(bytes) > 1.0)
}

fn read_material(files: &MapFiles, normal: Option<NormalConvention>) -> anyhow::Result<Source> {
    let mut maps: Vec<SourceMap> = Vec::new();
    let mut first: Option<(&MapFile, [u32; 2])> = None;
    for found in files.maps.iter().filter(|map| OutputKind::MAPS.contains(&map.kind)) {
        let data = found.open()?;
        let size = data.size();
        if let Some((other, expected)) = first
            && size != expected
        {
            bail!(
                "{} is {}x{} and {} is {}x{}: scale the maps to one size",
                found.path.display(),
                size[0],
                size[1],
                other.path.display(),
                expected[0],
                expected[1]
            );
        }
        first.get_or_insert((found, size));
        let picture = data.picture(normal)?;
        let channels = found.kind.channels().unwrap_or(1);
        let is_color = found.kind.default_color_space() == ColorSpace::Srgb;
        let values = picture.planes(channels, is_color.then_some(ColorSpace::Srgb), size);
        let values = Tensor::f32([1, channels, size[1] as usize, size[0] as usize], values);
        let hash = file::hash(data.bytes());
        maps.push(SourceMap { kind: found.kind, values, depth: depth(&picture), hash });
    }
    note(files.to_string().trim_end());
    let size = first.map(|(_, size)| size.map(|side| side as usize)).context("no map of a material")?;
    Ok(Source { name: String::new(), maps, size, is_grey: false, carried: Carried::default() })
}

/// Bits of a channel.
fn depth(picture: &Picture) -> Depth {
    let color = picture.pixels.color();
    match color.bytes_per_pixel() / color.channel_count() {
        1 => Depth::Eight,
        2 => Depth::Sixteen,
        _ => Depth::Float,
    }
}
