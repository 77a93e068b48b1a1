// ScatterElements and ScatterND as a gather: every output element checks all updates that can address it and applies those
// that do, in order. REDUCTION_ADD, _MUL, _MIN or _MAX combines them, with FLOAT or INTEGER; without one the last update
// replaces the element, and elements are copied as words. Indices out of range are clamped.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation

struct Params {
    dispatch: DispatchParams,
    // Axes of the data, outermost first: [length, stride in the indices, in the updates, number of elements that can be updated].
    axes: array<vec4<i32>, 8>,
    // Axes that indices address: [length, stride in the data, 0, 0].
    picks: array<vec4<i32>, 8>,
    // Number of `axes` in use, counted from the last.
    rank: u32,
    // Number of elements of the data.
    count: u32,
    // Number of `picks` in use, counted from the first.
    picked: u32,
    // Number of updates that an element checks.
    candidates: u32,
    // Stride between them in the indices and in the updates.
    step: vec2<i32>,
    unused: vec2<u32>,
}

#ifdef FLOAT
alias Element = f32;
#else ifdef INTEGER
alias Element = i32;
#else
alias Element = u32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> data: array<Element>; // [count]
@group(0) @binding(2) var<storage, read_write> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> updates: array<Element>;
@group(0) @binding(4) var<storage, read_write> output: array<Element>; // [count]

// Whether the indices from `at` on address element `i`.
fn names(at: i32, i: u32) -> bool {
    for (var k = 0u; k < params.picked; k++) {
        let axis = params.picks[k];
        let index = indices[at + i32(k)];
        let place = clamp(select(index, index + axis.x, index < 0), 0, axis.x - 1);
        if u32(place) != i / u32(axis.y) % u32(axis.x) { return false; }
    }
    return true;
}

fn updated(element: Element, update: Element) -> Element {
#ifdef REDUCTION_ADD
    return element + update;
#else ifdef REDUCTION_MUL
    return element * update;
#else ifdef REDUCTION_MIN
    return min(element, update);
#else ifdef REDUCTION_MAX
    return max(element, update);
#else
    return update;
#endif
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    // Start of the candidates in the indices and in the updates.
    var at = vec2(0);
    var inside = true;
    var rest = i;
    for (var k = 0u; k < params.rank; k++) {
        let axis = params.axes[7u - k];
        let coordinate = i32(rest % u32(axis.x));
        at += coordinate * axis.yz;
        inside = inside && coordinate < axis.w;
        rest /= u32(axis.x);
    }
    var element = data[i];
    let candidates = select(0u, params.candidates, inside);
    for (var k = 0u; k < candidates; k++) {
        if names(at.x, i) {
            element = updated(element, updates[at.y]);
        }
        at += params.step;
    }
    output[i] = element;
}
