//! Weights of `Resize`: one function that the burn mapping multiplies with and the WGSL kernel is tested against.
