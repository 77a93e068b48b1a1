//! Edits of pictures and materials, as generators: each has a graph with a fixed list of nodes, which every executor runs without reading
//! anything back.
//!
//! - [`Repair`]: what lies under a mask is replaced by what its surroundings lead to expect; [`Tile`]: a photograph becomes a texture that tiles.
//! - [`upscale`]: pictures and materials, two to four times as large.
//! - [`restore`]: noise taken out of pictures and materials, bands smoothed, JPEG blocks softened.
//! - [`material`]: the maps of a material from one photograph of a surface.
//! - [`restyle()`]: a picture painted in the style of a generator by example; [`restyle_material`]: a material that becomes another one and keeps its
//!   shape.
//! - [`Insert`]: an object, a decal or a patch of another material, fitted to its place.
//!
//! All edits name their inputs alike ([`input_name`]): `image` is the base colour, `image_normal` the normals, and so on; outputs have the names of maps. A
//! picture is a material with a base colour alone. Pictures are values from 0 to 1, as a file stores them; a mask is 1 inside.
//!
//! ```
//! use imagine_edit::{Edit, Repair};
//! use imagine_graph::Extent;
//!
//! let repair = Repair { grow: 5, ..Repair::new(Extent { height: 128, width: 192 }) };
//! let repair = Edit::from(repair).loaded().unwrap();
//! let inputs: Vec<_> = repair.generator.inputs().into_iter().map(|input| input.name.as_str()).collect();
//! assert_eq!(inputs, ["mask", "image"]);
//! ```

mod color;
mod edit;
mod error;
pub mod insert;
mod maps;
pub mod material;
mod network;
mod nodes;
mod poisson;
pub mod repair;
pub mod restore;
mod restyle;
pub mod upscale;

pub use edit::{Edit, InStyle};
pub use error::{EditError, MAX_SIDE};
pub use insert::Insert;
pub use maps::input_name;
pub use material::MakeMaps;
pub use repair::{Repair, Tile};
pub use restore::Restore;
pub use restyle::{
    CAVITIES, FLOW, KEEP_COLORS, LIKENESS, RELIEF, Restyle, RestyleMaterial, STRENGTH, restyle, restyle_material,
};
