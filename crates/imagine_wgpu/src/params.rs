//! Params uniforms: declared once in Rust, with a description that a test compares with the shader.

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
    /// Layout that the shader's struct must have, and the path of the shader.
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
            dispatch: $crate::kernel::DispatchParams,
            $($field: $type,)*
        }

        impl $crate::params::KernelParams for $name {
            const LAYOUT: $crate::params::ParamsLayout = $crate::params::ParamsLayout {
                shader: $shader,
                size: size_of::<$name>(),
                members: &[
                    ("dispatch", 0, size_of::<$crate::kernel::DispatchParams>()),
                    $((stringify!($field), std::mem::offset_of!($name, $field), size_of::<$type>()),)*
                ],
            };
        }
    };
}

pub(crate) use params;
