//! Requests in the main world, from a component to its targets and back.
//!
//! `restart` notices what changed, `submit` resolves a request to a result key and shares a result or sends a job, `receive`
//! hands the results to the targets. Only `state` changes the state of a request.

mod brush;
mod component;
mod layers;
mod patch;
mod rank;
mod receive;
mod recipe;
mod recovery;
mod register;
mod resolve;
mod restart;
mod results;
mod state;
mod submit;
mod upscale;
mod warm_up;

pub use brush::{Brush, BrushStroke};
pub use component::{Control, EveryFrame, Living, Synthesis, SynthesisFailed, SynthesisFinished, SynthesisRefresh};
pub use layers::MaterialLayers;
pub use patch::WorldPatch;
pub use recipe::{RecipeControl, RecipeError, SynthesisRecipe};
pub use register::RegisterTarget;
pub use state::SynthesisStatus;
pub use submit::SoftwareCompression;
pub use upscale::Upscale;
pub use warm_up::{WarmUp, WarmUpFinished};

pub(crate) use brush::paint_stroke;
pub(crate) use layers::merge_layers;
pub(crate) use patch::MAX_MIP;
pub(crate) use rank::rank_jobs;
pub(crate) use receive::{Outcomes, receive_job_events, release_request};
pub(crate) use recovery::resubmit_lost;
pub(crate) use register::RequestSteps;
pub(crate) use restart::{refresh_request, restart_after, restart_changed, restart_reloaded};
pub(crate) use results::Results;
pub(crate) use state::PendingRequests;
pub(crate) use submit::submit_requests;
pub(crate) use upscale::add_upscalers;
pub(crate) use warm_up::{WarmUps, note_warm_up, send_warm_ups};
