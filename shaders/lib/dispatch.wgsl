// First field of every kernel's params: what the player fills in when it encodes the call (Rust: imagine_wgpu::DispatchParams).
#define_import_path imagine::dispatch

struct DispatchParams {
    // First workgroup of this dispatch: [x, y, z, 0].
    base: vec4<u32>,
    // Of kernels that draw random numbers: [key, origin y, origin x, wrap].
    random: vec4<u32>,
}
