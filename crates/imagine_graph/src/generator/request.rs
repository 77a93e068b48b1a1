//! A request to a generator, and its result.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::graph::GraphOutput;
use crate::tensor::rng::Domain;
use crate::tensor::{Extent, Size, Tensor, Texel};

/// Maximum number of steps of a recurrent network in one request.
pub const MAX_STEPS: u32 = 1_000_000;
/// Stream of random numbers of the first latent input; the following inputs use the next streams. Nodes of a graph use streams
/// below 1000.
pub const LATENT_STREAM: u32 = 2_000;

/// A request to a generator. Every executor gives the same result.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Size of the image.
    pub size: Size,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Steps of a recurrent network; the file's default if `None`.
    pub steps: Option<u32>,
    /// The part of the plane that the image covers. A domain that does not wrap requests a patch of an endless world: see
    /// [`crate::ValidGenerator::patch`].
    pub domain: Domain,
    /// Texels after which plane coordinates repeat in a patch of a world; [`crate::DEFAULT_PERIOD`] if `None`.
    pub period: Option<Extent>,
    /// Inputs that vary over the world, for a patch.
    pub fields: Option<Fields>,
    /// Inputs by name; omitted inputs take their default. A range is one number, a choice the index of the option, a colour
    /// three numbers, a prompt its tokens; any other input has the shape that the graph declares.
    pub inputs: BTreeMap<String, Tensor>,
    /// Initial state of a recurrent network, in place of the `init` graph's.
    pub state: Option<Tensor>,
}

impl Request {
    /// A tiling image of `size` from `seed`, with defaults for everything else.
    pub fn new(size: Size, seed: u64) -> Self {
        let domain = Domain { origin: Texel::ZERO, wrap: true };
        Self { size, seed, steps: None, domain, period: None, fields: None, inputs: BTreeMap::new(), state: None }
    }
}

/// A checked request: every input has a value.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedRequest {
    /// The original request.
    pub request: Request,
    /// Number of steps; 0 if the generator is not recurrent.
    pub steps: u32,
    /// Values of all inputs except the state, by name.
    pub inputs: BTreeMap<String, Tensor>,
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The outputs and their declarations, in the file's order.
    pub outputs: Vec<(GraphOutput, Tensor)>,
    /// The final state of a recurrent network.
    pub state: Option<Tensor>,
}
