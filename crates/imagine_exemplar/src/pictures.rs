//! Pictures of maps, of one size and eight bits a channel, as an exemplar.

use image::DynamicImage;
use image::imageops::FilterType;
use imagine_codec::Maps;
use imagine_graph::OutputKind;

use crate::error::{ExemplarError, LEAST_SIDE, MOST_SIDE};
use crate::folder::NormalConvention;
use crate::resample::resampled;

/// An exemplar tiles if its edges differ at most so many times as much as the most different neighbouring rows: an edge may be a joint.
const SEAM: f64 = 1.25;

/// Options of reading an exemplar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExemplarOptions {
    /// Most texels along the longer side, 32 to 4096; larger pictures are scaled down. Default 1024.
    pub side: u32,
    /// Whether the picture tiles. By default its edges tell.
    pub tiles: Option<bool>,
    /// The convention of a normal map in a file whose name does not say it. By default its slopes tell. Pictures in memory are +Y up,
    /// whatever this says.
    pub normal: Option<NormalConvention>,
    /// Width in metres of what the picture shows, above 0. Default: unknown.
    pub metres: Option<f32>,
}

impl Default for ExemplarOptions {
    fn default() -> Self {
        Self { side: 1024, tiles: None, normal: None, metres: None }
    }
}

/// The maps of `pictures` in one, scaled to the size of the first or to the largest side of the options, and whether they tile.
pub fn interleaved(
    pictures: &[(OutputKind, DynamicImage)],
    options: &ExemplarOptions,
) -> Result<(Maps, bool), ExemplarError> {
    if !(LEAST_SIDE..=MOST_SIDE).contains(&options.side) {
        return Err(ExemplarError::Side(options.side));
    }
    let Some((_, first)) = pictures.first() else { return Err(ExemplarError::Empty) };
    let expected = [first.width(), first.height()];
    let longer = expected[0].max(expected[1]).max(1);
    let scale = f64::from(options.side.min(longer)) / f64::from(longer);
    let [width, height] = expected.map(|side| (f64::from(side) * scale).round() as u32);
    if width.min(height) < LEAST_SIDE {
        return Err(ExemplarError::TooSmall { found: [width, height] });
    }
    let tiles = match options.tiles {
        Some(tiles) => tiles,
        None => tiles(&unscaled(pictures[0].0, first)?),
    };
    let mut planes = Vec::new();
    for (index, (kind, picture)) in pictures.iter().enumerate() {
        if is_no_map(*kind) || pictures[..index].iter().any(|(other, _)| other == kind) {
            return Err(ExemplarError::Kind(*kind));
        }
        let found = [picture.width(), picture.height()];
        if !same_proportions(found, expected) {
            return Err(ExemplarError::Shape { kind: *kind, expected, found });
        }
        planes.push(plane(*kind, picture, width, height, tiles)?);
    }
    let channels = planes.iter().map(Maps::channels).sum();
    let texel = |index: usize| planes.iter().flat_map(move |p| &p.texels()[index * p.channels()..][..p.channels()]);
    let texels: Vec<u8> = (0..(width * height) as usize).flat_map(texel).copied().collect();
    if texels.chunks(channels).all(|texel| texel == &texels[..channels]) {
        return Err(ExemplarError::Constant);
    }
    Ok((Maps::new(height as usize, width as usize, channels, texels)?, tiles))
}

/// Whether pictures of these widths and heights can be maps of one set: they are scaled from one size, each side rounded to whole pixels.
pub fn same_proportions(one: [u32; 2], other: [u32; 2]) -> bool {
    let [[a, b], [c, d]] = [one, other].map(|size| size.map(u64::from));
    (a * d).abs_diff(c * b) < a.max(b).max(c).max(d)
}

fn is_no_map(kind: OutputKind) -> bool {
    matches!(kind, OutputKind::Radiance | OutputKind::State | OutputKind::Tensor)
}

/// One map, scaled to `width` x `height`.
fn plane(
    kind: OutputKind,
    picture: &DynamicImage,
    width: u32,
    height: u32,
    tiles: bool,
) -> Result<Maps, ExemplarError> {
    if (picture.width(), picture.height()) == (width, height) {
        unscaled(kind, picture)
    } else if tiles {
        Ok(resampled(&unscaled(kind, picture)?, height as usize, width as usize)?)
    } else {
        unscaled(kind, &picture.resize_exact(width, height, FilterType::Lanczos3))
    }
}

/// One map as it is, in bytes.
pub fn unscaled(kind: OutputKind, picture: &DynamicImage) -> Result<Maps, ExemplarError> {
    let channels = kind.channels().unwrap_or(1);
    let bytes = if channels == 1 { picture.to_luma8().into_raw() } else { picture.to_rgb8().into_raw() };
    Ok(Maps::new(picture.height() as usize, picture.width() as usize, channels, bytes)?)
}

/// Whether opposite edges differ no more than neighbouring rows and columns do.
pub fn tiles(maps: &Maps) -> bool {
    let row = maps.width() * maps.channels();
    let texels = maps.texels();
    let rows: Vec<u64> = (0..maps.height())
        .map(|y| difference(&texels[y * row..][..row], &texels[(y + 1) % maps.height() * row..][..row]))
        .collect();
    let mut columns = vec![0; maps.width()];
    for line in texels.chunks(row) {
        for (x, sum) in columns.iter_mut().enumerate() {
            let texel = |x: usize| &line[x % maps.width() * maps.channels()..][..maps.channels()];
            *sum += difference(texel(x), texel(x + 1));
        }
    }
    [rows, columns].into_iter().all(|mut differences| {
        let seam = differences.pop().unwrap_or(0);
        let most = differences.into_iter().max().unwrap_or(0);
        seam as f64 <= SEAM * most as f64
    })
}

fn difference(one: &[u8], other: &[u8]) -> u64 {
    one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
}
