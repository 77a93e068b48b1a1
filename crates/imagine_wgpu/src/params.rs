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

/// Declares the params uniform of one kernel.
///
/// `params! { struct Params for "ops/unary" { dispatch: DispatchParams, .. } }` makes a Pod struct with the constants `SHADER`, the
/// kernel's path, and `LAYOUT`, which `tests/shaders.rs` compares with the WGSL struct of the same name.
macro_rules! params {
    ($(#[$doc:meta])* $vis:vis struct $name:ident for $shader:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
        $vis struct $name {
            $($(#[$field_doc])* $field: $type,)*
        }

        impl $name {
            /// Path of the kernel that reads these params.
            pub(crate) const SHADER: &'static str = $shader;
            /// Layout that the shader's struct must have.
            pub(crate) const LAYOUT: $crate::params::ParamsLayout = $crate::params::ParamsLayout {
                shader: $shader,
                size: size_of::<$name>(),
                members: &[$((stringify!($field), std::mem::offset_of!($name, $field), size_of::<$type>()),)*],
            };
        }
    };
}

pub(crate) use params;
