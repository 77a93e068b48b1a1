//! What a person asks of a generator, checked against what the generator can do and filled up with its defaults.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::graph::GraphOutput;
use crate::tensor::rng::Domain;
use crate::tensor::{Extent, Size, Tensor, Texel};

/// Most steps of a recurrent network in one request.
pub const MAX_STEPS: u32 = 1_000_000;
/// Stream of the first latent input; those after it count on. Nodes of a graph use streams below 1000.
pub const LATENT_STREAM: u32 = 2_000;

/// What a person asks of a generator. Every executor makes the same of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Size of the image.
    pub size: Size,
    /// Chooses one of many results.
    pub seed: u64,
    /// Steps of a recurrent network; the file's own number if `None`.
    pub steps: Option<u32>,
    /// Where the image lies in the plane of random numbers. One that does not wrap asks for a patch of an endless world:
    /// see [`ValidGenerator::patch`].
    pub domain: Domain,
    /// Texels after which plane coordinates repeat in a patch of a world; [`crate::DEFAULT_PERIOD`] if `None`.
    pub period: Option<Extent>,
    /// Inputs that vary over a world, in a patch of it.
    pub fields: Option<Fields>,
    /// Inputs by name; those left out take their default. A range is one number, a choice the option's index, a colour
    /// three numbers, a prompt its tokens; anything else has the shape that the graph declares.
    pub inputs: BTreeMap<String, Tensor>,
    /// State that a recurrent network starts from instead of the one that its `init` graph makes.
    pub state: Option<Tensor>,
}

impl Request {
    /// A tiling image of `size` from `seed`, everything else at its default.
    pub fn new(size: Size, seed: u64) -> Self {
        let domain = Domain { origin: Texel::ZERO, wrap: true };
        Self { size, seed, steps: None, domain, period: None, fields: None, inputs: BTreeMap::new(), state: None }
    }
}

/// A request that the generator can fulfil: every input has its value.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedRequest {
    /// The request as it was.
    pub request: Request,
    /// Number of steps; 0 if the generator is not recurrent.
    pub steps: u32,
    /// Value of every input but the state, by name.
    pub inputs: BTreeMap<String, Tensor>,
}

/// What a generator made.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The outputs with what they mean, in the file's order.
    pub outputs: Vec<(GraphOutput, Tensor)>,
    /// The last state of a recurrent network.
    pub state: Option<Tensor>,
}
