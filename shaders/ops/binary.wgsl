// Elementwise operators of two tensors with broadcasting. A def OP_* chooses the formula. A_I32 and A_BOOL, likewise for B and
// C, choose element types; the default is float. HALF_1, HALF_2, HALF_OUT: A, B, C are stored as 16-bit floats.
#import imagine::dispatch::DispatchParams
#import imagine::index::{invocation, walk_offsets}
#import imagine::power::{power, integer_power}
#import imagine::scalar::{integer_modulo, integer_remainder, modulo}

struct Params {
    dispatch: DispatchParams,
    // Axes of C, outermost first: [length, stride in A, stride in B, 0].
    axes: array<vec4<i32>, 8>,
    // Number of axes in use, counted from the last.
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

#ifdef HALF_1
alias StoredA = f16;
#else
alias StoredA = A;
#endif

#ifdef HALF_2
alias StoredB = f16;
#else
alias StoredB = B;
#endif

#ifdef HALF_OUT
alias StoredC = f16;
#else
alias StoredC = C;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<StoredA>; // broadcasts to C; truth values are 0 or 1
@group(0) @binding(2) var<storage, read_write> b: array<StoredB>; // broadcasts to C
@group(0) @binding(3) var<storage, read_write> c: array<StoredC>; // [count]

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let at = walk_offsets(i, params.rank, params.axes);
    let left = A(a[at.x]);
    let right = B(b[at.y]);
#ifdef OP_ADD
    let result = left + right;
#else ifdef OP_SUB
    let result = left - right;
#else ifdef OP_MUL
    let result = left * right;
#else ifdef OP_DIV
    let result = left / right;
#else ifdef OP_MIN
    let result = min(left, right);
#else ifdef OP_MAX
    let result = max(left, right);
#else ifdef OP_FMOD
#ifdef A_I32
    let result = integer_remainder(left, right);
#else
    let result = left % right;
#endif
#else ifdef OP_MOD
#ifdef A_I32
    let result = integer_modulo(left, right);
#else
    let result = modulo(left, right);
#endif
#else ifdef OP_POW
#ifdef A_I32
#ifdef B_I32
    let result = integer_power(left, right);
#else
    let result = i32(power(f32(left), right));
#endif
#else
    let result = power(left, f32(right));
#endif
#else ifdef OP_PRELU
    let result = select(right * left, left, left > 0.0);
#else ifdef OP_GREATER
    let result = u32(left > right);
#else ifdef OP_GREATER_OR_EQUAL
    let result = u32(left >= right);
#else ifdef OP_LESS
    let result = u32(left < right);
#else ifdef OP_LESS_OR_EQUAL
    let result = u32(left <= right);
#else ifdef OP_EQUAL
    let result = u32(left == right);
#else ifdef OP_AND
    let result = left & right;
#else ifdef OP_OR
    let result = left | right;
#else ifdef OP_XOR
    let result = left ^ right;
#endif
    c[i] = StoredC(result);
}
