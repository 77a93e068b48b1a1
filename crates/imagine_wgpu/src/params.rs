//! Params uniforms: declared once in Rust, with a description that a test compares with the shader.

/// First field of every params uniform. The session fills it when it encodes a pass.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct DispatchParams {
    /// First workgroup of this dispatch, `[x, y, z, 0]`.
    pub base: [u32; 4],
    /// For kernels with [`crate::KernelCall::random`]: `[key, origin y, origin x, wrap]`. With wrap = 1 the origin is already
    /// reduced to `0 .. length`, so that `(origin + index) % length` cannot overflow; with 0 the sum wraps as u32.
    pub random: [u32; 4],
}

/// Layout of a kernel's params uniform in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsLayout {
    /// Path of the kernel below `shaders/`, without `.wgsl`.
    pub shader: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Name, offset and size in bytes of every member.
    pub members: &'static [(&'static str, usize, usize)],
}

/// The params uniform of one kernel.
pub(crate) trait KernelParams: bytemuck::Pod {
    /// Path of the shader, and the layout that its struct must have.
    const LAYOUT: ParamsLayout;
}

/// Declares the params uniform of one kernel.
///
/// `params! { struct Params for "ops/unary" { .. } }` makes a Pod struct that implements [`KernelParams`]. Its first field is
/// `dispatch: DispatchParams`; `shaders.rs` of the suites compares its layout with the WGSL struct.
macro_rules! params {
    ($vis:vis struct $name:ident for $shader:literal { $($field:ident: $type:ty,)* }) => {
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
        $vis struct $name {
            dispatch: $crate::params::DispatchParams,
            $($field: $type,)*
        }

        impl $crate::params::KernelParams for $name {
            const LAYOUT: $crate::params::ParamsLayout = $crate::params::ParamsLayout {
                shader: $shader,
                size: size_of::<$name>(),
                members: &[
                    ("dispatch", 0, size_of::<$crate::params::DispatchParams>()),
                    $((stringify!($field), std::mem::offset_of!($name, $field), size_of::<$type>()),)*
                ],
            };
        }
    };
}

pub(crate) use params;
