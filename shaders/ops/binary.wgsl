// Elementwise operators of two tensors with broadcasting. A def OP_* chooses the formula. A_I32 and A_BOOL, likewise for B and
// C, choose element types; without them they are floats.
#import imagine::head::Head
#import imagine::index::{invocation, walk_offsets}
#import imagine::power::{power, integer_power}

struct Params {
    head: Head,
    // Axes of C, outermost first: [length, stride in A, stride in B, 0].
    axes: array<vec4<i32>, 8>,
    // How many axes, from the last, are in use.
    rank: u32,
    // Number of elements of C.
    count: u32,
    unused: vec2<u32>,
}

#ifdef A_I32
alias A = i32;
#else ifdef A_BOOL
alias A = u32;
#else
alias A = f32;
#endif

#ifdef B_I32
alias B = i32;
#else ifdef B_BOOL
alias B = u32;
#else
alias B = f32;
#endif

#ifdef C_I32
alias C = i32;
#else ifdef C_BOOL
alias C = u32;
#else
alias C = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<A>; // broadcasts to C; truth values are 0 or 1
@group(0) @binding(2) var<storage, read_write> b: array<B>; // broadcasts to C
@group(0) @binding(3) var<storage, read_write> c: array<C>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.head.base, local);
    if i >= params.count { return; }
    let at = walk_offsets(i, params.rank, params.axes);
    let left = a[at.x];
    let right = b[at.y];
#ifdef OP_ADD
    c[i] = left + right;
#else ifdef OP_SUB
    c[i] = left - right;
#else ifdef OP_MUL
    c[i] = left * right;
#else ifdef OP_DIV
    c[i] = left / right;
#else ifdef OP_MIN
    c[i] = min(left, right);
#else ifdef OP_MAX
    c[i] = max(left, right);
#else ifdef OP_FMOD
    c[i] = left % right;
#else ifdef OP_MOD
    let rest = left % right;
    c[i] = select(rest, rest + right, rest != 0 && (rest < 0) != (right < 0));
#else ifdef OP_POW
#ifdef A_I32
#ifdef B_I32
    c[i] = integer_power(left, right);
#else
    c[i] = i32(power(f32(left), right));
#endif
#else
    c[i] = power(left, f32(right));
#endif
#else ifdef OP_PRELU
    c[i] = select(right * left, left, left > 0.0);
#else ifdef OP_GREATER
    c[i] = u32(left > right);
#else ifdef OP_GREATER_OR_EQUAL
    c[i] = u32(left >= right);
#else ifdef OP_LESS
    c[i] = u32(left < right);
#else ifdef OP_LESS_OR_EQUAL
    c[i] = u32(left <= right);
#else ifdef OP_EQUAL
    c[i] = u32(left == right);
#else ifdef OP_AND
    c[i] = left & right;
#else ifdef OP_OR
    c[i] = left | right;
#else ifdef OP_XOR
    c[i] = left ^ right;
#endif
}
