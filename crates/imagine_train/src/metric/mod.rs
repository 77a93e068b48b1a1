//! Measures of generated images: how near their distribution is to that of real ones, how diverse they are, whether they are
//! copies. Features are responses of fixed random filters, since no pretrained network is used: figures compare generators of
//! one kind of picture only.

mod copy_test;
mod filter_bank;
mod frechet;
mod macs;
mod nearest;
mod neighbours;
mod responses;
mod sliced;
mod symmetric;
mod table;
mod vendi;

pub use copy_test::CopyTest;
pub(crate) use copy_test::{copy_test, copy_test_of_rows};
pub use filter_bank::FilterBank;
pub use frechet::frechet;
pub(crate) use macs::macs_per_pixel;
pub use nearest::{Nearest, nearest_rows};
pub use neighbours::{Neighbourhood, neighbourhood};
pub use responses::patch_distance;
pub use sliced::sliced_distance;
pub use table::{Figure, Table};
pub use vendi::vendi;
