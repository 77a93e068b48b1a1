//! A device without a window, for the command line and for tests: runs whole requests and reads the results back.
//!
//! `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` choose the adapter as they do in Bevy; `IMAGINE_ADAPTER=software` or `=hardware`
//! restricts the choice to software or hardware adapters.

mod adapter;
mod error;
mod gpu;
mod read;
mod survey;
mod testing;

pub use adapter::{has_default_adapter, quiet_without_display};
pub use error::GpuError;
pub use gpu::Gpu;
pub use survey::{AdapterSurvey, survey};
