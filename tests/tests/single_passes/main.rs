//! Single shaders dispatched on a device: what the suites over whole graphs do not reach.

mod gpu;
mod present;
mod random;
