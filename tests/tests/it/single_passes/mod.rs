//! Single shaders dispatched on the device, for what suites over whole graphs do not reach.

mod blocks;
mod dispatch;
mod functions;
mod random;
mod texture_io;
