//! Runs [`imagine_graph`] networks on the CPU, on threads, the same bytes for any number of them.
//!
//! A [`Network`] is a graph with its weights in the executor's form; [`generate`] runs a whole generator, and [`generate_in_tiles`] a large
//! picture in parts. [`Options`] say on which threads.
//!
//! Beside them are the kernels of synthesis by example: coordinate fields and their refinement.
//!
//! A **coordinate field** ([`Field`]) holds, for every output cell, the place in an exemplar whose texel it shows. It is
//! refined from coarse to fine, one level of the exemplar's pyramid after the other:
//!
//! 1. [`start`]: blocks of cells show coherent pieces from hashed places, on the coarsest level.
//! 2. [`double`]: every cell becomes 2 x 2 cells, `S'(2p + d) = 2 S(p) + d`.
//! 3. [`move_blocks`]: some blocks move to a distant place similar to the one at their centre.
//! 4. [`match_pass`]: every cell takes the best candidate of its neighbours, all cells at once.
//! 5. [`gather`]: the channels of the texels that the cells of the finest field show, as numbers.
//!
//! A [`Guide`] says which places are wanted where, and steers all but doubling. [`Candidates`] are places that a pass tries beside those of the
//! neighbours.
//!
//! All arithmetic on fields is on integers, and gathering is one multiplication: the results are the same bytes on every machine and with any number of threads.
//! rayon divides the rows among threads.
//!
//! **Nearest-neighbour fields** are coordinate fields that are made by comparing features: [`search`] looks everywhere, [`propagate`] at what
//! neighbours show, [`vote`] makes an image of overlapping patches, [`distance`] says how well they fit, and [`histogram`] how often a place is shown.
//! [`pack_features`] and [`project`] make the features. `imagine_graph`'s operators `Nnf*` and `Histogram` define every bit.
//!
//! Sources: Wei and Levoy 2002 (order-independent synthesis), Ashikhmin 2001 and Tong et al. 2002 (coherence,
//! k-coherence), Lefebvre and Hoppe 2006 (appearance vectors), Wexler et al. 2007 (completion by voting).

mod buffers;
mod candidates;
mod context;
mod element;
mod elementwise;
mod field;
mod finish;
mod fusion;
mod gather;
mod generate;
mod guide;
mod level;
mod matching;
mod network;
mod nnf;
mod ops;
mod options;
mod product;
mod refine;
mod simd;
mod strided;
mod tile;
mod value;
mod weights;
mod wide;

pub use candidates::Candidates;
pub use field::Field;
pub use gather::gather;
pub use generate::{PreparedGenerator, generate, generate_in_tiles};
pub use guide::Guide;
pub use imagine_codec::{DIMENSIONS, Edges, pack, unpack};
pub use imagine_graph::RunError;
pub use level::{Level, LevelError, LevelShape};
pub use matching::{REACH, match_pass};
pub use network::Network;
pub use nnf::{
    NOT_SHOWN, Pair, Projection, Propagation, Search, Vote, distance, histogram, pack_features, project, propagate,
    search, vote,
};
pub use ops::run_operator;
pub use options::Options;
pub use refine::{Draw, Moves, double, move_blocks, start};
pub use simd::instruction_set;
pub use value::Value;
