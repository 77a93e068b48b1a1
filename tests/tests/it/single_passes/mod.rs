//! Single shaders dispatched on a device: what the suites over whole graphs do not reach.

mod dispatch;
mod functions;
mod random;
mod texture_io;
