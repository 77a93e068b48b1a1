// Cast. The defs FROM_* and TO_* choose the element types; with BFLOAT16 floats are rounded to that type.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::scalar::{round_bfloat16, to_integer}

struct Params {
    dispatch: DispatchParams,
    // Number of elements.
    count: u32,
    unused_a: u32,
    unused_b: u32,
    unused_c: u32,
}

#ifdef FROM_F32
alias From = f32;
#else ifdef FROM_I32
alias From = i32;
#else
alias From = u32;
#endif

#ifdef TO_F32
alias To = f32;
#else ifdef TO_I32
alias To = i32;
#else
alias To = u32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<From>; // [count]
@group(0) @binding(2) var<storage, read_write> y: array<To>; // [count]; truth values are 0 or 1

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let v = x[i];
#ifdef BFLOAT16
    y[i] = round_bfloat16(v);
#else ifdef TO_BOOL
    y[i] = u32(v != From(0));
#else ifdef TO_I32
#ifdef FROM_F32
    y[i] = to_integer(v);
#else
    y[i] = To(v);
#endif
#else
    y[i] = To(v);
#endif
}
