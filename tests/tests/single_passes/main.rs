//! Single shaders dispatched on a device: what the suites over whole graphs do not reach.

mod functions;
mod gpu;
mod operators;
mod random;
mod texture_io;
