//! A kernel call as plain data: lowering an operator produces it; the plan places it and the session encodes it.
//!
//! # The contract between `ops/*.rs`, `shaders/ops/*.wgsl` and the engine
//!
//! - Bindings of group 0: binding 0 is the params uniform; then one binding for every entry of [`KernelCall::operands`],
//!   in order; then one for every entry of [`KernelCall::outputs`], in order. At most 8 storage bindings in all.
//! - [`Operand::Value`] and every output is `var<storage, read_write> name: array<f32>` (`array<u32>` for truth values,
//!   `array<i32>`), whether it is an intermediate, an input or a weight: all of them are in slabs that other calls write,
//!   and wgpu tracks usage per buffer, not per range. [`Operand::Packed`] is `var<storage, read>`.
//! - With [`crate::Precision::F16`] the defs `HALF_1`, `HALF_2`, .. say that a binding holds `array<f16>`, `HALF_OUT` that the
//!   output does, and `HALF` tells kernels that copy words that these are floats.
//! - A binding covers exactly the elements of its value. A truth value is one u32, 0 or 1.
//! - Params: a `#[repr(C)]` Pod struct laid out as a WGSL uniform (multiple of 16 bytes; arrays are `[[u32; 4]; n]`) whose
//!   first field is [`crate::DispatchParams`], in WGSL `imagine::dispatch`. The lowering leaves it zeroed; the session fills it.
//! - A kernel computes the index of its workgroup as `workgroup_id + params.dispatch.base.xyz`, so that any call can be cut
//!   into several along any axis of its grid. It opens with a bounds check. The workgroup size is `#{WORKGROUP}` along x
//!   ([`WORKGROUP`]), 1 along y and z; the composer adds that def to every shader.
//! - The grid may have any size: recordings cut it at the device's limit. Workgroups may not communicate, so cutting changes
//!   no bit of the result. Budgets cut along the last axis with more than one workgroup.
//! - Several calls may write one value, one part each (as for `Concat`).

use std::borrow::Cow;
use std::sync::Arc;

use half::f16;
use imagine_graph::{Dim, Extent, ValueId};

use crate::analysis::cost::Cost;
use crate::params::ParamsLayout;

/// Invocations of a workgroup, all along x.
pub const WORKGROUP: u32 = 64;

/// One dispatch of one kernel, before its values have a place in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelCall {
    /// For people and GPU debuggers: the node's name and details of this call.
    pub label: String,
    /// Path of the kernel below `shaders/`, without `.wgsl`, as in `ops/binary`.
    pub shader: &'static str,
    /// Shader defs that choose the variant, sorted by name. Floats go into `params` instead.
    pub defs: Vec<(&'static str, ShaderDef)>,
    /// The params uniform, beginning with a zeroed [`crate::DispatchParams`].
    pub params: Vec<u8>,
    /// Layout of `params`, which a test compares with the shader.
    pub params_layout: ParamsLayout,
    /// The random numbers that the kernel draws, if any.
    pub random: Option<RandomStream>,
    /// Operands, in binding order.
    pub operands: Vec<Operand>,
    /// Outputs, in binding order.
    pub outputs: Vec<ValueId>,
    /// Number of workgroups along x, y and z.
    pub workgroups: [u32; 3],
    /// Its cost.
    pub cost: Cost,
}

/// Value of a shader def.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShaderDef {
    /// Defined or not, for `#ifdef`.
    Bool(bool),
    /// A number, for `#if` and `#{..}`.
    UInt(u32),
    /// The text of a module `imagine::<name of the def>`, which the shader imports.
    Module(Arc<str>),
}

/// The random tensor that a kernel draws; [`crate::RunSeed`] has the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomStream {
    /// The node's stream.
    pub stream: u32,
    /// Symbolic shape of the random tensor, which scales the origin of the domain.
    pub dims: Vec<Dim>,
    /// Size at which coordinates wrap: that of the whole image's random tensor; 1 for missing dimensions.
    pub size: Extent,
    /// First row and column that are drawn.
    pub first: [i32; 2],
}

/// An operand of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A value of the graph, row-major, whatever its source.
    Value(ValueId),
    /// Data in a layout of the kernel's own.
    Packed(PackedWeights),
}

/// Numbers that a lowering prepared on the CPU, such as weights repacked for vector loads.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedWeights {
    /// Name of the weight, and its layout.
    pub label: String,
    /// The numbers.
    pub data: Arc<[f32]>,
    /// Whether they are stored as 16-bit floats.
    pub half: bool,
}

impl PackedWeights {
    /// Numbers that are stored as 32-bit floats.
    pub fn new(label: String, data: impl Into<Arc<[f32]>>) -> Self {
        Self { label, data: data.into(), half: false }
    }

    /// The numbers as they are stored.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if !self.half {
            return Cow::Borrowed(bytemuck::cast_slice(&self.data));
        }
        let halves: Vec<f16> = self.data.iter().map(|&number| f16::from_f32(number)).collect();
        let mut bytes: Vec<u8> = bytemuck::cast_slice(&halves).to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        Cow::Owned(bytes)
    }
}

/// What a compute pipeline is compiled from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PipelineKey {
    /// Path of the shader below `shaders/`, without `.wgsl`.
    pub shader: &'static str,
    /// Shader defs that choose the variant, sorted by name.
    pub defs: Vec<(&'static str, ShaderDef)>,
    /// Layout of bind group 0.
    pub layout: BindingLayout,
}

/// Layout of the only bind group of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BindingLayout {
    /// A kernel: params with a dynamic offset at binding 0, then one storage buffer for each entry.
    Kernel(Vec<StorageAccess>),
    /// As the shader declares it: passes of [`crate::texture_io`].
    Reflected,
}

/// How a kernel may use a storage buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageAccess {
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    ReadWrite,
}

/// Number of workgroups of [`WORKGROUP`] invocations that cover `count` elements.
pub fn workgroups(count: usize) -> u32 {
    u32::try_from(count.div_ceil(WORKGROUP as usize)).unwrap_or(u32::MAX)
}
