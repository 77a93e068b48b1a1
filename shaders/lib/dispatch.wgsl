// First field of every kernel's params; the session fills it in when it encodes a pass (Rust: imagine_wgpu::DispatchParams).
#define_import_path imagine::dispatch

struct DispatchParams {
    // First workgroup of this dispatch: [x, y, z, 0].
    base: vec4<u32>,
    // For kernels that draw random numbers: [key, origin y, origin x, wrap].
    random: vec4<u32>,
}
