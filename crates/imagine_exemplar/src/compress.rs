//! Compresses the texels of an exemplar to a number of bits a texel, all maps together: principal components of blocks of
//! 4 x 4 texels with all their channels, quantised with one step, in the stream of `imagine_codec`.

use imagine_codec::{BLOCK, CodecError, Latents, MAX_LATENT, MAX_LATENTS, Maps, PRECISIONS, Stored, Transform, Vector};
use imagine_graph::{Generator, Op, OutputKind};
use nalgebra::{DMatrix, SymmetricEigen};

/// Bits a texel that may be asked for.
pub const BITS: std::ops::RangeInclusive<f64> = 0.5..=16.0;
/// Latents are rounded towards 0 by this much.
const DEAD_ZONE: f64 = 0.08;
/// A component is kept if more than this share of its latents is not 0: rare colours need few of them.
const LEAST_SHARE: f64 = 0.01;
/// Tries of the step.
const TRIES: usize = 10;
/// A stream may be this much smaller than asked for.
const CLOSE: f64 = 0.985;
/// Error that the rounding of a basis vector may add, in that of the latents.
const ROUNDING: f64 = 0.02;

/// What compression made of an exemplar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compression {
    /// Bytes of the exemplar in a file.
    pub bytes: usize,
    /// Bits a texel, all maps together.
    pub bits: f64,
    /// Peak signal to noise ratio over all maps in decibels, colour and normals counting 1, other maps 0.4.
    pub psnr: f64,
    /// Basis vectors.
    pub vectors: usize,
}

/// Why a generator is not compressed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressError {
    /// No exemplar in it.
    #[error("is not a generator by example: there are no texels to compress")]
    NoExemplar,
    /// Bits out of range.
    #[error("{0} bits a texel: 0.5 to 16")]
    Bits(f64),
    /// The exemplar is too small: basis and projections take more.
    #[error(
        "{height} x {width} texels cannot be stored in {bits} bits a texel: what does not depend on the texels takes more"
    )]
    Small {
        /// Rows of texels.
        height: usize,
        /// Columns of texels.
        width: usize,
        /// Bits a texel that were asked for.
        bits: f64,
    },
    /// A stream that cannot be made.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// The weight of a map's error: colour and normals count in full, other maps for 0.4.
pub fn weight(kind: OutputKind) -> f64 {
    match kind {
        OutputKind::BaseColor | OutputKind::Normal => 1.0,
        _ => 0.4,
    }
}

/// Compresses the exemplar of a generator by example to about `bits` bits a texel, 0.5 to 16; the generator then shows the texels that these give.
/// The card gets bits and PSNR as metrics. An exemplar that is compressed already loses a little more.
pub fn compress(generator: &mut Generator, bits: f64) -> Result<Compression, CompressError> {
    if !BITS.contains(&bits) {
        return Err(CompressError::Bits(bits));
    }
    let exemplar = generator.output.weights.exemplar().ok_or(CompressError::NoExemplar)?.clone();
    let channels = Channels::of(generator, exemplar.maps().channels());
    let (compressed, figures) = compressed(&exemplar, &channels, bits)?;
    let prepared = compressed.prepare();
    generator.card.set_metric("texel_bits", figures.bits);
    generator.card.set_metric("texel_psnr", figures.psnr);
    generator.output.weights.set_exemplar(compressed, prepared);
    Ok(figures)
}

/// What the channels of the maps are.
struct Channels {
    /// Weight of the squared error of each.
    weights: Vec<f64>,
    /// The first channel of a normal map.
    normal: Option<usize>,
}

impl Channels {
    fn of(generator: &Generator, count: usize) -> Self {
        let graph = &generator.output;
        let mut channels = Self { weights: vec![0.0; count], normal: None };
        for node in &graph.nodes {
            let output = graph.outputs.iter().find(|output| node.outputs.contains(&output.name));
            let (Op::ExemplarGather(gather), Some(output)) = (&node.op, output) else { continue };
            let is_normal = output.kind == OutputKind::Normal && gather.channels == 3;
            // The third channel of a normal follows from the others.
            let stored = if is_normal { 2 } else { gather.channels };
            if is_normal && gather.first <= 13 {
                channels.normal = Some(gather.first);
            }
            let weights = channels.weights.iter_mut().skip(gather.first).take(stored);
            weights.for_each(|channel| *channel = weight(output.kind) / stored as f64);
        }
        channels
    }
}

/// A map's blocks, scaled by the roots of the channels' weights.
struct Blocks {
    /// `[blocks, 16 channels]`.
    values: DMatrix<f64>,
    /// Scale of each element of a block.
    scales: Vec<f64>,
    mean: Vec<f64>,
    rows: usize,
    columns: usize,
}

impl Blocks {
    fn of(maps: &Maps, channels: &Channels) -> Self {
        let (rows, columns, count) = (maps.height() / BLOCK, maps.width() / BLOCK, maps.channels());
        let scales: Vec<f64> =
            (0..BLOCK * BLOCK).flat_map(|_| channels.weights.iter().map(|weight| weight.sqrt())).collect();
        let texel = |block: usize, element: usize| {
            let (place, channel) = (element / count, element % count);
            let row = block / columns * BLOCK + place / BLOCK;
            let column = block % columns * BLOCK + place % BLOCK;
            f64::from(maps.texels()[(row * maps.width() + column) * count + channel])
        };
        let raw = DMatrix::from_fn(rows * columns, scales.len(), texel);
        let mean: Vec<f64> = raw.row_mean().iter().copied().collect();
        let values = DMatrix::from_fn(raw.nrows(), raw.ncols(), |block, k| (raw[(block, k)] - mean[k]) * scales[k]);
        Self { values, scales, mean, rows, columns }
    }

    /// Principal components as columns, the largest first, without those of channels that have no weight.
    fn components(&self) -> DMatrix<f64> {
        let eigen = SymmetricEigen::new(self.values.transpose() * &self.values);
        let mut order: Vec<usize> = (0..self.scales.len()).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        order.truncate(self.scales.iter().filter(|scale| **scale > 0.0).count().min(MAX_LATENTS));
        DMatrix::from_fn(self.scales.len(), order.len(), |row, k| eigen.eigenvectors[(row, order[k])])
    }
}

fn compressed(exemplar: &Stored, channels: &Channels, bits: f64) -> Result<(Stored, Compression), CompressError> {
    let maps = exemplar.maps();
    let (height, width) = (maps.height(), maps.width());
    let texels = (height * width) as f64;
    let blocks = Blocks::of(maps, channels);
    let coefficients = &blocks.values * blocks.components();
    let at = |step: f64| -> Result<(Stored, usize), CompressError> {
        let latents = quantised(&blocks, &coefficients, step);
        let transform = transform(&blocks, &latents, channels, step);
        let stored = exemplar.clone().transformed(transform, latents)?;
        let bytes = stored.encode().len();
        Ok((stored, bytes))
    };
    // The larger the step, the smaller the stream.
    let (mut low, mut high) = (0.05f64, 256.0f64);
    let mut best: Option<(Stored, usize)> = None;
    for _ in 0..TRIES {
        let step = (low * high).sqrt();
        let (stored, bytes) = at(step)?;
        if bytes as f64 * 8.0 > bits * texels {
            low = step;
            continue;
        }
        high = step;
        let close = bytes as f64 * 8.0 > CLOSE * bits * texels;
        best = Some((stored, bytes));
        if close {
            break;
        }
    }
    let (stored, bytes) = best.ok_or(CompressError::Small { height, width, bits })?;
    let vectors = stored.vectors();
    let psnr = psnr(maps, stored.maps(), &channels.weights);
    Ok((stored, Compression { bytes, bits: bytes as f64 * 8.0 / texels, psnr, vectors }))
}

/// Integer latents of the components that are not nearly always 0.
fn quantised(blocks: &Blocks, coefficients: &DMatrix<f64>, step: f64) -> Latents {
    let most = f64::from(MAX_LATENT);
    let latent = |value: &f64| {
        let magnitude = (value.abs() / step + 0.5 - DEAD_ZONE).floor().min(most);
        (magnitude * value.signum()) as i16
    };
    let planes = coefficients.column_iter().map(|column| column.iter().map(latent).collect::<Vec<i16>>());
    let count = (blocks.rows * blocks.columns) as f64;
    let is_kept = |plane: &Vec<i16>| plane.iter().filter(|latent| **latent != 0).count() as f64 > LEAST_SHARE * count;
    Latents { height: blocks.rows, width: blocks.columns, planes: planes.filter(is_kept).collect() }
}

/// The basis that gives the blocks back from latents with the least squared error.
fn transform(blocks: &Blocks, latents: &Latents, channels: &Channels, step: f64) -> Transform {
    let count = latents.planes.len();
    let matrix = DMatrix::from_fn(latents.height * latents.width, count, |block, k| latents.planes[k][block].into());
    let gram = matrix.transpose() * &matrix;
    let right = matrix.transpose() * &blocks.values;
    let rows = gram.clone().cholesky().map(|gram| gram.solve(&right)).unwrap_or(right * 0.0);
    let element = |k: usize, index: usize| match blocks.scales[index] {
        0.0 => 0.0,
        scale => rows[(k, index)] / scale,
    };
    let blocks_count = matrix.nrows().max(1) as f64;
    // What quantisation costs a block: that of a uniform step in each component.
    let noise = step * step / 12.0 * count as f64;
    let vectors = (0..count).map(|k| {
        let vector: Vec<f64> = (0..blocks.scales.len()).map(|index| element(k, index)).collect();
        let energy = gram[(k, k)] / blocks_count;
        let rounding = |precision: &&i8| {
            let unit = largest(&vector) / f64::from(**precision);
            let weighted: f64 = blocks.scales.iter().map(|scale| (unit * scale).powi(2) / 12.0).sum();
            weighted * energy <= ROUNDING * noise / count as f64
        };
        let precision = PRECISIONS.iter().find(rounding).unwrap_or(&PRECISIONS[PRECISIONS.len() - 1]);
        quantised_vector(&vector, *precision)
    });
    let mean = |mean: &f64| (mean * 128.0).round().clamp(0.0, f64::from(i16::MAX)) as u16;
    Transform {
        mean: blocks.mean.iter().map(mean).collect(),
        vectors: vectors.collect(),
        normal: channels.normal.map(|first| first as u8),
    }
}

fn largest(vector: &[f64]) -> f64 {
    vector.iter().fold(0.0, |largest, value| value.abs().max(largest))
}

fn quantised_vector(vector: &[f64], precision: i8) -> Vector {
    let unit = largest(vector).max(1e-9) / f64::from(precision);
    Vector {
        elements: vector.iter().map(|value| (value / unit).round() as i8).collect(),
        precision: PRECISIONS.iter().position(|known| *known == precision).unwrap_or(0) as u8,
        scale: (unit * 65_536.0).round().clamp(1.0, f64::from((1 << 24) - 1)) as u32,
    }
}

/// Peak signal to noise ratio in decibels, channels weighted.
fn psnr(one: &Maps, other: &Maps, weights: &[f64]) -> f64 {
    let count = one.texels().len() as f64 / weights.len() as f64;
    let errors = one.texels().iter().zip(other.texels()).zip(weights.iter().cycle());
    let sum: f64 = errors.map(|((a, b), weight)| weight * (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    let mean = sum / count / weights.iter().sum::<f64>().max(1e-9);
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}
