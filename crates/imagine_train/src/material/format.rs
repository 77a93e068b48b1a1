//! Materials as the networks see them (channels, maps, cells), the sizes of the networks, contact sheets.

use imagine_graph::{Dim, OutputKind};

/// Side of a cell in texels: the generator's stride.
pub const CELL: usize = 16;
/// Elements of the waves' grid along a side of a cell, of 4 texels each.
pub const FINE: usize = 4;
/// Channels of a material in training: colour 3, normal x and y, height, roughness, occlusion, metallic.
pub const CHANNELS: usize = 9;
/// Maps of a material, each present or missing as a whole; colour is always present.
pub const MAPS: [OutputKind; 6] = [
    OutputKind::BaseColor,
    OutputKind::Normal,
    OutputKind::Height,
    OutputKind::Roughness,
    OutputKind::Occlusion,
    OutputKind::Metallic,
];
/// Channels of each map of [`MAPS`].
pub const MAP_CHANNELS: [usize; 6] = [3, 2, 1, 1, 1, 1];
/// Height difference between 0 and 1 in texels, at scale 1.
pub const RELIEF: f32 = 64.0;
/// Smallest scale: features half as large as in the training pictures.
pub const LEAST_SCALE: f32 = 0.5;
/// Waves of an exemplar, as multiples of its two basis vectors.
pub const HARMONICS: [[f32; 2]; 6] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0], [2.0, 0.0], [0.0, 2.0]];
/// Numbers of a texel's phase: sine and cosine along the first basis vector, then along the second.
pub const PLACES: usize = 4;
/// Doublings between cells and texels.
pub(super) const DOUBLINGS: usize = 4;
/// Side of a picture on a contact sheet, in texels.
pub(super) const SHEET_SIDE: usize = 128;
/// Results per kind on a contact sheet.
pub(super) const SHEET_SEEDS: usize = 2;
/// Kinds per row of a contact sheet.
const COLUMNS: usize = 2;
/// Pictures per kind.
const PICTURES: usize = SHEET_SEEDS + 4;
/// Pixels between pictures.
const GAP: usize = 2;

/// A material to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaterialExemplar {
    /// Index of its kind.
    pub kind: usize,
    /// Which of `MAPS` it has; the others are neutral.
    pub maps: [bool; 6],
}

/// Sizes of generator and critic.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialNetworks {
    /// Names of the kinds.
    pub kinds: Vec<String>,
    /// The materials to train on, at least one of each kind.
    pub exemplars: Vec<MaterialExemplar>,
    /// Channels of the local latent.
    pub local: usize,
    /// Width of the style vector.
    pub style: usize,
    /// Channels of the generator at half the texels; cells have 4 times as many. A multiple of 4.
    pub width: usize,
    /// Channels of the critic at half the texels; its deepest layer has 4 times as many.
    pub critic_width: usize,
}

impl Default for MaterialNetworks {
    fn default() -> Self {
        Self {
            kinds: vec!["material".into()],
            exemplars: vec![MaterialExemplar { kind: 0, maps: [true; 6] }],
            local: 16,
            style: 16,
            width: 32,
            critic_width: 32,
        }
    }
}

impl MaterialNetworks {
    /// Shapes of the training generator's last inputs, one channel of noise per doubling, for `count` images of `[height, width]`
    /// texels.
    pub fn noise_shapes(count: usize, [height, width]: [usize; 2]) -> [[usize; 4]; DOUBLINGS] {
        [8, 4, 2, 1].map(|divisor| [count, 1, height / divisor, width / divisor])
    }

    /// The exemplars of a kind.
    pub fn of_kind(&self, kind: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.exemplars.len()).filter(move |exemplar| self.exemplars[*exemplar].kind == kind)
    }
}

/// `[batch, channels, 1, 1]`.
pub(super) fn planes(channels: usize) -> Vec<Dim> {
    vec![Dim::BATCH, channels.into(), 1.into(), 1.into()]
}

/// `[batch, channels, height / 16, width / 16]`.
pub(super) fn cells(channels: usize) -> Vec<Dim> {
    fraction(channels, CELL)
}

/// `[batch, channels, height / divisor, width / divisor]`.
pub(super) fn fraction(channels: usize, divisor: usize) -> Vec<Dim> {
    Dim::nchw_divided(channels, divisor)
}

/// A contact sheet of [`SHEET_SEEDS`] results `[CHANNELS, SHEET_SIDE, SHEET_SIDE]` per kind: two colours, then normal,
/// height, roughness and occlusion of the first result.
pub(super) fn sheet(values: &[f32]) -> image::RgbImage {
    let area = SHEET_SIDE * SHEET_SIDE;
    let kinds: Vec<&[f32]> = values.chunks_exact(SHEET_SEEDS * CHANNELS * area).collect();
    let pitch = SHEET_SIDE + GAP;
    let (width, height) = (COLUMNS * (PICTURES * pitch + 2 * GAP), kinds.len().div_ceil(COLUMNS) * pitch);
    let mut sheet = image::RgbImage::from_pixel(width as u32, height as u32, image::Rgb([24; 3]));
    for (index, kind) in kinds.iter().enumerate() {
        let left = index % COLUMNS * (PICTURES * pitch + 2 * GAP);
        let top = index / COLUMNS * pitch;
        for picture in 0..PICTURES {
            for at in 0..area {
                let rgb = pixel(kind, picture, at).map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
                let (x, y) = (left + picture * pitch + at % SHEET_SIDE, top + at / SHEET_SIDE);
                sheet.put_pixel(x as u32, y as u32, image::Rgb(rgb));
            }
        }
    }
    sheet
}

fn pixel(kind: &[f32], picture: usize, at: usize) -> [f32; 3] {
    let area = SHEET_SIDE * SHEET_SIDE;
    let channel = |result: usize, channel: usize| kind[(result * CHANNELS + channel) * area + at];
    match picture {
        seed if seed < SHEET_SEEDS => [0, 1, 2].map(|index| channel(seed, index)),
        2 => {
            let (x, y) = (channel(0, 3), channel(0, 4));
            [x, y, (1.0 - x * x - y * y).max(0.0).sqrt()].map(|n| n * 0.5 + 0.5)
        }
        3 => [channel(0, 5); 3],
        4 => [channel(0, 6); 3],
        _ => [channel(0, 7); 3],
    }
}
