//! An exemplar as a stream of bytes, and what synthesis needs, computed from it.

use crate::coder::{Coder, Decoder, Encoder, Ended};
use crate::edges::Edges;
use crate::lossless;
use crate::maps::{MAX_CHANNELS, Maps, SIDES};
use crate::plane::{Contexts, signed};
use crate::projection::{DIMENSIONS, MAX_SHIFT, MAX_WEIGHT, Projection, RADIUS, SIDE, rimmed, words};
use crate::pyramid::pyramid;
use crate::similar::{Search, similar_places};
use crate::transform::{BLOCK, Latents, Transform};

/// The first byte of a stream.
const VERSION: u8 = 1;
/// Most bytes of decoded texels.
pub const MAX_TEXEL_BYTES: usize = 1 << 26;
/// Most places along a side of a level with a table of similar places: the search compares all pairs.
pub const MAX_TABLE_SIDE: usize = 128;
const SIDE_BITS: u32 = 14;
const LEVEL_BITS: u32 = 4;

/// An exemplar as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    maps: Maps,
    edges: Edges,
    levels: Vec<StoredLevel>,
    texels: Texels,
}

/// What a level needs besides its texels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredLevel {
    /// How appearance is computed, if it is.
    pub projection: Option<Projection>,
    /// Whether passes match this level, and so read its appearance.
    pub matched: bool,
    /// The lattice of the table of similar places, rows and columns, if there is a table.
    pub table: Option<(u32, u32)>,
}

/// A level that is ready for synthesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedLevel {
    /// Rows and columns of places.
    pub size: (usize, usize),
    /// Appearance vectors in words of four bytes with a rim of one place around them, `[height + 2, width + 2, 2]`.
    pub appearance: Option<Vec<i32>>,
    /// Packed similar places, `[height, width, 8]`.
    pub similar: Option<Vec<i32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Texels {
    Exact,
    Transformed(Box<(Transform, Latents)>),
}

/// Why bytes are no exemplar, or an exemplar cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A version that this one does not read.
    #[error("version {0} is not supported, only {VERSION}; a newer version of bevy_imagine may read it")]
    Version(u8),
    /// The stream ends early.
    #[error("the stream is damaged: it ends before all of it is read")]
    Ended,
    /// The stream is longer than what it holds.
    #[error("the stream is damaged: {0} bytes are left at its end")]
    Trailing(usize),
    /// Sides or channels out of range.
    #[error(
        "{height} x {width} texels of {channels} channels: sides are 4 to 8192, channels 1 to 16, together at most 64 MiB"
    )]
    Size {
        /// Rows of texels.
        height: usize,
        /// Columns of texels.
        width: usize,
        /// Channels.
        channels: usize,
    },
    /// Sides that do not go with the number of levels.
    #[error("{height} x {width} texels have no {levels} levels: each halves the sides, down to at least 4")]
    Levels {
        /// Rows of texels.
        height: usize,
        /// Columns of texels.
        width: usize,
        /// Levels.
        levels: usize,
    },
    /// A projection that is not exact.
    #[error("level {level}: weights add up to {found}, the limit of exact sums is {MAX_WEIGHT}")]
    Weights {
        /// The level, counted from the coarsest.
        level: usize,
        /// The largest sum of absolute weights.
        found: i32,
    },
    /// A level that is matched, but has no projection.
    #[error("level {level} is matched, but its projection is missing")]
    Projection {
        /// The level, counted from the coarsest.
        level: usize,
    },
    /// A table without appearance, on a level that is too large, or with a lattice that does not divide its sides.
    #[error(
        "level {level}: a table of similar places needs appearance, at most {MAX_TABLE_SIDE} places a side, and a lattice that divides the sides"
    )]
    Table {
        /// The level, counted from the coarsest.
        level: usize,
    },
    /// A transform that does not belong to the maps.
    #[error("the transform does not have a block of {0} channels, or latents for each block and vector")]
    Transform(usize),
}

impl From<Ended> for CodecError {
    fn from(_: Ended) -> Self {
        CodecError::Ended
    }
}

impl Stored {
    /// An exemplar whose texels are stored to the bit, with its levels from coarse to fine.
    pub fn new(maps: Maps, edges: Edges, levels: Vec<StoredLevel>) -> Result<Self, CodecError> {
        let stored = Self { maps, edges, levels, texels: Texels::Exact };
        stored.check()?;
        Ok(stored)
    }

    /// The same exemplar with texels that are stored as latents of a transform, and become what these give.
    pub fn transformed(self, transform: Transform, latents: Latents) -> Result<Self, CodecError> {
        let (height, width, channels) = (self.maps.height(), self.maps.width(), self.maps.channels());
        let length = BLOCK * BLOCK * channels;
        let fits = latents.height * BLOCK == height
            && latents.width * BLOCK == width
            && latents.planes.len() == transform.vectors.len()
            && latents.planes.iter().all(|plane| plane.len() == latents.height * latents.width)
            && transform.mean.len() == length
            && transform.vectors.iter().all(|vector| vector.elements.len() == length);
        if !fits {
            return Err(CodecError::Transform(channels));
        }
        let maps = Maps::new(height, width, channels, transform.texels(&latents)).expect("maps of the same size");
        Ok(Self { maps, texels: Texels::Transformed(Box::new((transform, latents))), ..self })
    }

    /// The texels.
    pub fn maps(&self) -> &Maps {
        &self.maps
    }

    /// How the exemplar continues beyond its edges.
    pub fn edges(&self) -> Edges {
        self.edges
    }

    /// What the levels need, coarse to fine.
    pub fn levels(&self) -> &[StoredLevel] {
        &self.levels
    }

    /// Whether the texels are those of the maps that were given, to the bit.
    pub fn is_exact(&self) -> bool {
        self.texels == Texels::Exact
    }

    /// Basis vectors of the texels; 0 if they are stored to the bit.
    pub fn vectors(&self) -> usize {
        match &self.texels {
            Texels::Exact => 0,
            Texels::Transformed(texels) => texels.0.vectors.len(),
        }
    }

    /// The stream of bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut coder = Encoder::new();
        let header = Header {
            sides: [self.maps.height(), self.maps.width()],
            channels: self.maps.channels(),
            levels: self.levels.len(),
            edges: self.edges,
            exact: self.is_exact(),
        };
        header.code(&mut coder);
        match &self.texels {
            Texels::Exact => lossless::encode(&mut coder, &self.maps),
            Texels::Transformed(texels) => {
                let (transform, latents) = texels.as_ref();
                transform.clone().code(&mut coder, header.channels).expect("writing does not end");
                latents.encode(&mut coder);
            }
        }
        for level in &self.levels {
            level.clone().code(&mut coder, header.channels).expect("writing does not end");
        }
        [&[VERSION][..], &coder.finish()].concat()
    }

    /// Reads a stream of bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (&version, body) = bytes.split_first().ok_or(CodecError::Ended)?;
        if version != VERSION {
            return Err(CodecError::Version(version));
        }
        let mut coder = Decoder::new(body);
        let header = Header::default().code(&mut coder);
        header.check()?;
        let ([height, width], channels) = (header.sides, header.channels);
        let (texels, decoded) = match header.exact {
            true => (Texels::Exact, lossless::decode(&mut coder, height, width, channels)?),
            false => {
                let mut transform = Transform::default();
                transform.code(&mut coder, channels)?;
                let count = transform.vectors.len();
                let latents = Latents::decode(&mut coder, height / BLOCK, width / BLOCK, count)?;
                let decoded = transform.texels(&latents);
                (Texels::Transformed(Box::new((transform, latents))), decoded)
            }
        };
        let mut levels = vec![StoredLevel::default(); header.levels];
        levels.iter_mut().try_for_each(|level| level.code(&mut coder, channels))?;
        coder.check()?;
        if coder.left() > 0 {
            return Err(CodecError::Trailing(coder.left()));
        }
        let maps = Maps::new(height, width, channels, decoded).expect("the header was checked");
        let stored = Self { maps, edges: header.edges, levels, texels };
        stored.check()?;
        Ok(stored)
    }

    /// The levels, coarse to fine, ready for synthesis. Takes part of a second of all cores for 1024 x 1024 texels.
    pub fn prepare(&self) -> Vec<PreparedLevel> {
        let values = pyramid(&self.maps, self.edges, self.levels.len() - 1);
        let prepared = self.levels.iter().zip(values.iter().rev()).map(|(level, values)| {
            let (height, width) = (values.height, values.width);
            let padded = values.padded(self.edges, RADIUS);
            let appearance = level.projection.as_ref().map(|projection| projection.appearance(values, &padded));
            let similar = level.table.zip(appearance.as_ref()).map(|((rows, columns), appearance)| {
                let lattice = (rows as usize, columns as usize);
                let search = Search { height, width, edges: self.edges, lattice, appearance };
                similar_places(&search).into_iter().map(|place| place as i32).collect()
            });
            let appearance =
                appearance.filter(|_| level.matched).map(|vectors| words(&rimmed(&vectors, height, width, self.edges)));
            PreparedLevel { size: (height, width), appearance, similar }
        });
        prepared.collect()
    }

    fn check(&self) -> Result<(), CodecError> {
        let (height, width) = (self.maps.height(), self.maps.width());
        let sides = [height, width];
        Header { sides, channels: self.maps.channels(), levels: self.levels.len(), edges: self.edges, exact: true }
            .check()?;
        for (index, level) in self.levels.iter().enumerate() {
            let spacing = 1 << (self.levels.len() - 1 - index);
            level.check(index, [height / spacing, width / spacing], self.maps.channels())?;
        }
        Ok(())
    }
}

struct Header {
    sides: [usize; 2],
    channels: usize,
    levels: usize,
    edges: Edges,
    exact: bool,
}

impl Default for Header {
    fn default() -> Self {
        Self { sides: [0; 2], channels: 1, levels: 1, edges: Edges::Wrap, exact: true }
    }
}

impl Header {
    fn code(&self, coder: &mut impl Coder) -> Self {
        let sides = self.sides.map(|side| coder.raw(side as u32, SIDE_BITS) as usize);
        let channels = 1 + coder.raw(self.channels as u32 - 1, 4) as usize;
        let levels = 1 + coder.raw(self.levels as u32 - 1, LEVEL_BITS) as usize;
        let bounded = coder.raw(u32::from(self.edges == Edges::Bounded), 1) == 1;
        let exact = coder.raw(u32::from(self.exact), 1) == 1;
        Self { sides, channels, levels, edges: if bounded { Edges::Bounded } else { Edges::Wrap }, exact }
    }

    fn check(&self) -> Result<(), CodecError> {
        let ([height, width], channels, levels) = (self.sides, self.channels, self.levels);
        let fits = self.sides.iter().all(|side| SIDES.contains(side)) && (1..=MAX_CHANNELS).contains(&channels);
        if !fits || height * width * channels > MAX_TEXEL_BYTES {
            return Err(CodecError::Size { height, width, channels });
        }
        let multiple = if levels > 1 << LEVEL_BITS || levels == 0 { usize::MAX } else { 1 << (levels - 1) };
        let halves = |side: &usize| side.is_multiple_of(multiple) && side / multiple >= 4;
        // Blocks of a transform are whole because a level of at least four places has them.
        let whole = self.exact || self.sides.iter().all(|side| side.is_multiple_of(BLOCK));
        match self.sides.iter().all(halves) && whole {
            true => Ok(()),
            false => Err(CodecError::Levels { height, width, levels }),
        }
    }
}

impl StoredLevel {
    fn code(&mut self, coder: &mut impl Coder, channels: usize) -> Result<(), Ended> {
        let length = SIDE * SIDE * channels;
        if coder.raw(u32::from(self.projection.is_some()), 1) == 1 {
            let projection = self.projection.get_or_insert_with(|| Projection {
                weights: vec![0; DIMENSIONS * length],
                bias: [0; DIMENSIONS],
                shift: 0,
            });
            projection.shift = coder.raw(projection.shift, 5);
            projection.bias = projection.bias.map(|bias| coder.bits(bias as u32, 32) as i32);
            let mut contexts = Contexts::default();
            for weights in projection.weights.chunks_exact_mut(length) {
                for index in 0..length {
                    let before = |back: usize| index.checked_sub(back).map_or(0, |at| i32::from(weights[at]).abs());
                    let expected = 24 * before(channels) + 24 * before(SIDE * channels) + 8 * before(1);
                    let weight = signed(coder, &mut contexts, expected, weights[index].into());
                    weights[index] = weight.clamp(-MAX_WEIGHT, MAX_WEIGHT) as i16;
                }
                coder.check()?;
            }
        }
        self.matched = coder.raw(u32::from(self.matched), 1) == 1;
        if coder.raw(u32::from(self.table.is_some()), 1) == 1 {
            let (rows, columns) = self.table.unwrap_or_default();
            self.table = Some((coder.raw(rows, SIDE_BITS), coder.raw(columns, SIDE_BITS)));
        }
        Ok(())
    }

    /// Fails if the level does not fit `sides` rows and columns of places.
    fn check(&self, level: usize, sides: [usize; 2], channels: usize) -> Result<(), CodecError> {
        if let Some(projection) = &self.projection {
            let length = SIDE * SIDE * channels;
            let sums = projection.weights.chunks(length).map(|w| w.iter().map(|w| i32::from(*w).abs()).sum::<i32>());
            let found = sums.max().unwrap_or(0);
            if found > MAX_WEIGHT || projection.shift > MAX_SHIFT || projection.weights.len() != DIMENSIONS * length {
                return Err(CodecError::Weights { level, found });
            }
        }
        if self.matched && self.projection.is_none() {
            return Err(CodecError::Projection { level });
        }
        if let Some((rows, columns)) = self.table {
            let divides = |side: usize, period: u32| period > 0 && side.is_multiple_of(period as usize);
            let fits = self.projection.is_some()
                && sides.iter().all(|side| *side <= MAX_TABLE_SIDE)
                && divides(sides[0], rows)
                && divides(sides[1], columns);
            if !fits {
                return Err(CodecError::Table { level });
            }
        }
        Ok(())
    }
}
