//! Operators on the CPU. So far the kernels of synthesis by example: coordinate fields and how they are refined.
//!
//! A **coordinate field** ([`Field`]) holds, for every output cell, the place in an exemplar whose texel it shows. It is
//! refined from coarse to fine, one level of the exemplar's pyramid after the other:
//!
//! 1. [`start`]: blocks of cells show coherent pieces from hashed places, on the coarsest level.
//! 2. [`double`]: every cell becomes 2 x 2 cells, `S'(2p + d) = 2 S(p) + d`.
//! 3. [`move_blocks`]: some blocks go to a place that is like their centre and far away.
//! 4. [`match_pass`]: every cell takes the best of what its neighbours suggest, all cells at once.
//!
//! Everything is integer arithmetic: the results are the same bytes on every machine and with any number of threads.
//! Rows are shared out among rayon's threads.
//!
//! Sources: Wei and Levoy 2002 (order-independent synthesis), Ashikhmin 2001 and Tong et al. 2002 (coherence,
//! k-coherence), Lefebvre and Hoppe 2006 (appearance vectors).

mod field;
mod level;
mod matching;
mod refine;

pub use field::{Field, pack, unpack};
pub use level::{DIMENSIONS, Edges, Level, LevelError};
pub use matching::{REACH, match_pass};
pub use refine::{double, move_blocks, start};
