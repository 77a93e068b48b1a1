// Cast. The defs FROM_* and TO_* choose the element types; with BFLOAT16 floats are rounded to that type.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

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
    // The upper half of the bits, rounded to nearest, halves to even. NaN stays.
    let bits = bitcast<u32>(v);
    let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u;
    y[i] = select(bitcast<f32>(rounded), v, (bits & 0x7fffffffu) > 0x7f800000u);
#else ifdef TO_BOOL
    y[i] = u32(v != From(0));
#else ifdef TO_I32
#ifdef FROM_F32
    // WGSL leaves conversions out of range open: this clamps, and NaN becomes 0.
    let inside = i32(clamp(v, -2147483648.0, 2147483520.0));
    y[i] = select(select(inside, 2147483647, v >= 2147483648.0), 0, v != v);
#else
    y[i] = To(v);
#endif
#else
    y[i] = To(v);
#endif
}
