//! Exemplars of texture synthesis as files hold them.
//!
//! An exemplar is a set of [`Maps`] that belong together: colour, normals, height and so on, eight bits a channel. [`Stored`] is its form in
//! a file: the texels to the bit, or as integer latents of a [`Transform`] at a number of bits a texel; and what each level of its pyramid needs.
//! [`Stored::prepare`] computes from the texels what synthesis reads: appearance vectors ([`Projection`]) and tables of similar places
//! ([`similar_places`]).
//!
//! ```
//! use imagine_codec::{Edges, Maps, Stored, StoredLevel};
//!
//! let maps = Maps::new(8, 8, 1, (0..64).collect())?;
//! let stored = Stored::new(maps, Edges::Wrap, vec![StoredLevel::default(); 2])?;
//! assert_eq!(Stored::decode(&stored.encode())?, stored);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All arithmetic is on integers, so a stream gives the same bytes on every machine. Streams are untrusted: sizes are checked before
//! memory is allocated, and every fault is a [`CodecError`].

mod coder;
mod edges;
mod fit;
mod lossless;
mod maps;
mod plane;
mod projection;
mod pyramid;
mod similar;
mod stored;
mod transform;

pub use edges::{Edges, pack, unpack};
pub use maps::{MAX_CHANNELS, Maps, MapsError};
pub use plane::LARGEST as MAX_LATENT;
pub use projection::{DIMENSIONS, MAX_SHIFT, MAX_WEIGHT, Projection, RADIUS, SIDE, copy_neighbourhood, rimmed, words};
pub use pyramid::{PyramidLevel, pyramid};
pub use similar::{SIMILAR, Search, nearest_distances, own_distances, similar_places};
pub use stored::{CodecError, MAX_TABLE_SIDE, MAX_TEXEL_BYTES, PreparedLevel, Stored, StoredLevel};
pub use transform::{BLOCK, Latents, MAX_LATENTS, PRECISIONS, Transform, Vector};
