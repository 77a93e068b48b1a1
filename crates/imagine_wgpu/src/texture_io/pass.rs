//! One pass as plain data.

use crate::kernel::{BindingLayout, PipelineKey, ShaderDef, WORKGROUP};
use crate::params::{KernelParams, ParamsLayout};

/// A pass between tensors and textures.
#[derive(Clone, Debug, PartialEq)]
pub struct TexturePass {
    /// The pipeline it needs.
    pub pipeline: PipelineKey,
    /// The params uniform, binding 0.
    pub params: Vec<u8>,
    /// Layout of `params`, which a test compares with the shader.
    pub params_layout: ParamsLayout,
    /// Number of workgroups along x, y and z.
    pub workgroups: [u32; 3],
}

/// A pass over `width` x `height` invocations in each of `layers` layers; the shader is that of its params.
pub(super) fn pass<P: KernelParams>(
    flags: &[(&'static str, bool)],
    params: &P,
    [width, height]: [u32; 2],
    layers: u32,
) -> TexturePass {
    let mut defs: Vec<_> = flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name, ShaderDef::Bool(true))).collect();
    defs.sort();
    let pipeline = PipelineKey { shader: P::LAYOUT.shader, defs, layout: BindingLayout::Reflected };
    TexturePass {
        pipeline,
        params: bytemuck::bytes_of(params).to_vec(),
        params_layout: P::LAYOUT,
        workgroups: [width.div_ceil(WORKGROUP), height, layers],
    }
}
