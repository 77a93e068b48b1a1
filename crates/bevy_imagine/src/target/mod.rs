//! What results are written into. So far: the maps of a `StandardMaterial`.

mod material;
mod placeholder;

pub use material::{MapKind, MaterialMaps};
pub(crate) use material::{MapPlan, MapSource, mip_levels, plan_maps, texture_bytes};
pub(crate) use placeholder::Placeholder;
