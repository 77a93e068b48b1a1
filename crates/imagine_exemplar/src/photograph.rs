//! One photograph of a surface as an exemplar: it is made to tile, and a network makes the maps of a material of it.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage};
use imagine_codec::Maps;
use imagine_cpu::{Options, RunError};
use imagine_edit::material::{MapMaker, RELIEF};
use imagine_edit::{EditError, Tile, input_name};
use imagine_graph::{Axis, Extent, Generated, OutputKind, Request, Size, Tensor, ValidGenerator};

use crate::error::ExemplarError;
use crate::exemplar::Exemplar;
use crate::pictures::{ExemplarOptions, tiles, unscaled};
use crate::resample::resampled;

/// Smallest side of a photograph in pixels.
const LEAST: u32 = 64;
/// Sides of what the network gets at once on the CPU.
const CPU_TILE: usize = 512;

/// A photograph of a surface, taken from the front.
#[derive(Clone, Debug)]
pub struct Photograph {
    /// The picture, in sRGB.
    pub picture: DynamicImage,
    /// What makes the maps.
    pub maker: MapMaker,
    /// How deep the relief is: 0 is level, 1 as the network finds it, at most 4.
    pub relief: f32,
}

/// A step of [`Photograph::exemplar`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotographStep {
    /// The edges are changed so that they continue at the opposite edge.
    Tile,
    /// Maps are made.
    Maps,
}

/// Why a photograph did not become an exemplar.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotographError {
    /// It is too small.
    #[error("a photograph of {} x {} pixels: expected at least {LEAST} a side", found[0], found[1])]
    TooSmall {
        /// Width and height, scaled to the side of the options.
        found: [u32; 2],
    },
    /// It cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// An edit failed on the CPU.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The maps make no exemplar.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
}

impl Photograph {
    /// A photograph, with the network that `imagine_edit` holds.
    pub fn new(picture: DynamicImage) -> Self {
        Self { picture, maker: MapMaker::built_in(), relief: 1.0 }
    }

    /// The exemplar, computed on the CPU. The photograph is scaled to the side of the options; if they do not say whether it tiles, its edges tell,
    /// and one that does not tile is made to. `Some(false)` leaves its edges alone. Up to 15 rows and columns are cut off.
    pub fn exemplar(&self, options: &ExemplarOptions) -> Result<Exemplar, PhotographError> {
        let run = |_, generator: &ValidGenerator, request: &Request| -> Result<Generated, PhotographError> {
            Ok(imagine_cpu::generate_in_tiles(generator, request, CPU_TILE, &Options::default(), |_, _| ())?)
        };
        Ok(self.maps(options, run)?.exemplar(options)?)
    }

    /// The maps of the exemplar; `run` fulfils requests.
    pub fn maps<E: From<PhotographError>>(
        &self,
        options: &ExemplarOptions,
        mut run: impl FnMut(PhotographStep, &ValidGenerator, &Request) -> Result<Generated, E>,
    ) -> Result<PhotographMaps, E> {
        let (picture, tiles) = self.prepared(options)?;
        let mut color = values(&picture);
        let size = Size::new(picture.height() as usize, picture.width() as usize);
        let is_changed = !tiles && options.tiles.is_none();
        if is_changed {
            let tile = Tile::new(Extent { height: size.height, width: size.width });
            let loaded = imagine_edit::Edit::from(tile).loaded().map_err(PhotographError::from)?;
            let mut made = run(PhotographStep::Tile, &loaded.generator, &request(size, color))?;
            color = made.outputs.swap_remove(0).1;
        }
        let loaded = self.maker.of_photograph(tiles || is_changed).map_err(PhotographError::from)?;
        let mut request = request(size, color);
        request.inputs.insert(RELIEF.into(), Tensor::f32([1; 4], [self.relief]));
        let made = run(PhotographStep::Maps, &loaded.generator, &request)?;
        let pictures = made.outputs.iter().map(|(output, values)| (output.kind, stored(output.kind, values)));
        Ok(PhotographMaps { pictures: pictures.collect(), tiles: tiles || is_changed })
    }

    /// The picture in a size that edits take, and whether it tiles.
    fn prepared(&self, options: &ExemplarOptions) -> Result<(RgbImage, bool), PhotographError> {
        let picture = DynamicImage::from(self.picture.to_rgb8());
        let given = [picture.width(), picture.height()];
        let scale = f64::from(options.side) / f64::from(given[0].max(given[1]).max(1));
        let scaled = given.map(|side| (f64::from(side) * scale.min(1.0)).round() as u32);
        if scaled[0].min(scaled[1]) < LEAST {
            return Err(PhotographError::TooSmall { found: scaled });
        }
        let rule = self.maker.size_rule();
        let multiple = [Axis::Width, Axis::Height].map(|axis| rule.multiple[axis].max(1) as u32);
        let pixels = unscaled(OutputKind::BaseColor, &picture)?;
        let tiles = options.tiles.unwrap_or_else(|| tiles(&pixels));
        if tiles {
            // All of it, a little stretched, so that it goes on tiling.
            let size = [0, 1].map(|axis| (scaled[axis] + multiple[axis] / 2) / multiple[axis] * multiple[axis]);
            return Ok((wrapped(&picture, &pixels, size)?, true));
        }
        let picture = match scaled == given {
            true => picture,
            false => picture.resize_exact(scaled[0], scaled[1], FilterType::Lanczos3),
        };
        let [width, height] = [0, 1].map(|axis| scaled[axis] / multiple[axis] * multiple[axis]);
        let cut = picture.crop_imm((scaled[0] - width) / 2, (scaled[1] - height) / 2, width, height);
        Ok((cut.to_rgb8(), false))
    }
}

/// The maps of a photograph.
#[derive(Clone, Debug)]
pub struct PhotographMaps {
    /// The maps, 8 bits a channel.
    pub pictures: Vec<(OutputKind, DynamicImage)>,
    /// Whether they continue at the opposite edge.
    pub tiles: bool,
}

impl PhotographMaps {
    /// The exemplar.
    pub fn exemplar(&self, options: &ExemplarOptions) -> Result<Exemplar, ExemplarError> {
        Exemplar::from_maps(&self.pictures, &ExemplarOptions { tiles: Some(self.tiles), ..*options })
    }
}

/// A request for an edit of a picture.
fn request(size: Size, color: Tensor) -> Request {
    let inputs = [(input_name("image", OutputKind::BaseColor), color)].into();
    Request { inputs, ..Request::new(size, 0) }
}

/// A picture that tiles, scaled to `size`.
fn wrapped(picture: &DynamicImage, pixels: &Maps, [width, height]: [u32; 2]) -> Result<RgbImage, ExemplarError> {
    if [picture.width(), picture.height()] == [width, height] {
        return Ok(picture.to_rgb8());
    }
    let scaled = resampled(pixels, height as usize, width as usize)?;
    let texel = |x: u32, y: u32| {
        let at = (y as usize * width as usize + x as usize) * 3;
        image::Rgb([0, 1, 2].map(|channel| scaled.texels()[at + channel]))
    };
    Ok(RgbImage::from_fn(width, height, texel))
}

/// A picture as values from 0 to 1, `[1, 3, height, width]`.
fn values(picture: &RgbImage) -> Tensor {
    let plane = |channel: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0);
    let values: Vec<f32> = (0..3).flat_map(plane).collect();
    Tensor::f32([1, 3, picture.height() as usize, picture.width() as usize], values)
}

/// A map as a picture of 8 bits a channel, normals as 0 to 1.
fn stored(kind: OutputKind, values: &Tensor) -> DynamicImage {
    let (elements, &[_, channels, height, width]) = (values.as_f32().unwrap_or_default(), values.shape.as_slice())
    else {
        return DynamicImage::default();
    };
    let byte = |channel: usize, x: u32, y: u32| {
        let value = elements[(channel * height + y as usize) * width + x as usize];
        let value = if kind == OutputKind::Normal { 0.5 + 0.5 * value } else { value };
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    let (columns, rows) = (width as u32, height as u32);
    match channels {
        3 => RgbImage::from_fn(columns, rows, |x, y| image::Rgb([0, 1, 2].map(|k| byte(k, x, y)))).into(),
        _ => GrayImage::from_fn(columns, rows, |x, y| image::Luma([byte(0, x, y)])).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bumps that repeat every 32 pixels, on a ground that gets lighter to the right by `fade`.
    fn bumps(width: u32, height: u32, fade: f32) -> DynamicImage {
        let wave = std::f32::consts::TAU / 32.0;
        let pixel = |x: u32, y: u32| {
            let value = 120.0 + 40.0 * (wave * x as f32).sin() * (wave * y as f32).cos() + fade * x as f32;
            image::Rgb([value as u8, (0.8 * value) as u8, (0.6 * value) as u8])
        };
        RgbImage::from_fn(width, height, pixel).into()
    }

    /// The maps, and the steps that were run.
    fn maps(picture: DynamicImage, options: &ExemplarOptions) -> (PhotographMaps, Vec<PhotographStep>) {
        let mut steps = Vec::new();
        let run = |step, generator: &ValidGenerator, request: &Request| {
            steps.push(step);
            Ok::<_, PhotographError>(imagine_cpu::generate(generator, request, &Options::default())?)
        };
        let made = Photograph::new(picture).maps(options, run).unwrap();
        (made, steps)
    }

    #[test]
    fn a_photograph_is_made_to_tile_only_if_needed() {
        use PhotographStep::{Maps, Tile};
        let given = |tiles| ExemplarOptions { tiles, ..ExemplarOptions::default() };
        for (fade, tiles, expected, result) in [
            (0.0, None, vec![Maps], true),
            (0.8, None, vec![Tile, Maps], true),
            (0.8, Some(true), vec![Maps], true),
            (0.0, Some(false), vec![Maps], false),
        ] {
            let (made, steps) = maps(bumps(96, 64, fade), &given(tiles));
            assert_eq!((steps, made.tiles), (expected, result), "{fade} {tiles:?}");
            assert!(made.pictures.iter().all(|(_, picture)| (picture.width(), picture.height()) == (96, 64)));
            let exemplar = made.exemplar(&given(tiles)).unwrap();
            assert!(exemplar.tiles() == result && exemplar.kinds().contains(&OutputKind::Normal));
        }
    }

    #[test]
    fn sides_become_multiples_and_at_most_those_of_the_options() {
        let options = ExemplarOptions { side: 128, ..ExemplarOptions::default() };
        for (picture, tiles, expected) in [
            (bumps(256, 192, 0.0), None, (128, 96)),
            // All of what tiles is kept, of the other what fits.
            (bumps(200, 130, 0.0), Some(true), (128, 80)),
            (bumps(110, 75, 0.0), Some(false), (96, 64)),
        ] {
            let (made, _) = maps(picture, &ExemplarOptions { tiles, ..options });
            let sizes: Vec<_> = made.pictures.iter().map(|(_, map)| (map.width(), map.height())).collect();
            assert_eq!(sizes, vec![expected; 5]);
        }
        let error = Photograph::new(bumps(256, 100, 0.0)).exemplar(&options).unwrap_err();
        assert!(matches!(error, PhotographError::TooSmall { found: [128, 50] }), "{error}");
    }
}
