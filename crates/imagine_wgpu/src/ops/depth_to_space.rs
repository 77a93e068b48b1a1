//! `DepthToSpace` as one kernel call.

use imagine_graph::{DepthToSpace, DepthToSpaceMode};

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    /// Params of `ops/depth_to_space`.
    pub(crate) struct Params for "ops/depth_to_space" {
        head: Head,
        shape: [u32; 4],
        block: u32,
        count: u32,
        unused: [u32; 2],
    }
}

/// The call of `DepthToSpace`.
pub fn lower(op: &DepthToSpace, node: &Lowering) -> KernelCall {
    let shape = node.output_image();
    let count = node.outputs[0].1.elements();
    let params = Params { shape, block: op.blocksize as u32, count: count as u32, ..Params::default() };
    let defs: &[&str] = match op.mode {
        DepthToSpaceMode::Dcr => &[],
        DepthToSpaceMode::Crd => &["MODE_CRD"],
    };
    call(node, Params::SHADER, defs, &params, count, 0)
}
