// One step of a neural cellular automaton on a torus in one kernel: perception by the identity and three 3x3 filters per
// channel, two dense layers, bounded relaxation where the random mask fires. With p[4 c + f] = filter f of channel c:
//   next = x + gate * (bound * tanh(W2 relu(W1 p + b1)) - x),  gate = the channel's rate where random > threshold, else zero
// Only the state goes through memory. Every cell accumulates in the same order, wherever it is.
//
// BLOCKS is the number of channels / 4. With CELLS_4 an invocation computes four cells of a row, so that each loaded weight
// serves four: for processors without a scalar unit. Private arrays would be indexed dynamically and leave the registers, so
// four channels are a Block, and #if counts the blocks.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::rng::{lattice_coordinate, uniform_number}
#import imagine::activation::hyperbolic_tangent

struct Params {
    dispatch: DispatchParams,
    // For each of the nine taps, row by row: [filter 1, filter 2, filter 3, 0]. Filter 0 is the identity.
    filters: array<vec4<f32>, 9>,
    // How far each channel of a firing cell moves towards its target, 0 to 1.
    rates: array<vec4<f32>, 8>,
    // Shape of the state, [N, C, H, W].
    shape: vec4<u32>,
    // Number of hidden units / 4.
    hidden_blocks: u32,
    // Number of invocations with work.
    count: u32,
    bound: f32,
    threshold: f32,
    zero: f32,
    unused: u32,
    // Height and width at which coordinates wrap: those of the whole image, even if the state is a window of it.
    period: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: array<f32>; // [N, C, H, W]
// For every four hidden units: bias [4]; W1 [4 C][4 hidden]; W2 [C / 4][4 hidden][4 channels].
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> next: array<f32>; // [N, C, H, W]

#ifdef CELLS_4
alias Cells = vec4<f32>;
alias Columns = vec4<u32>;
alias Fires = vec4<bool>;
const CELLS = 4u;
#else
alias Cells = f32;
alias Columns = u32;
alias Fires = bool;
const CELLS = 1u;
#endif

// Four numbers per cell: the perceptions of a channel, four hidden units, or four channels.
struct Four { a: Cells, b: Cells, c: Cells, d: Cells }
// The perceptions of four channels.
struct Block { a: Four, b: Four, c: Four, d: Four }
// Where the cells are: the column to their left, their columns, the column to their right; offsets of the rows above, here
// and below.
struct Place { west: u32, columns: Columns, east: u32, rows: vec3<u32> }
// Three columns of one row.
struct Row { west: Cells, here: Cells, east: Cells }

fn row_at(start: u32, place: Place) -> Row {
#ifdef CELLS_4
    let at = vec4(start) + place.columns;
    let here = vec4(state[at.x], state[at.y], state[at.z], state[at.w]);
    return Row(vec4(state[start + place.west], here.xyz), here, vec4(here.yzw, state[start + place.east]));
#else
    return Row(state[start + place.west], state[start + place.columns], state[start + place.east]);
#endif
}

// The identity and the three filters of the channel whose plane begins at `plane`.
fn perceive(plane: u32, place: Place) -> Four {
    let n = row_at(plane + place.rows.x, place);
    let h = row_at(plane + place.rows.y, place);
    let s = row_at(plane + place.rows.z, place);
    var p = Four(h.here, Cells(0.0), Cells(0.0), Cells(0.0));
    p = filter_tap(p, params.filters[0], n.west);
    p = filter_tap(p, params.filters[1], n.here);
    p = filter_tap(p, params.filters[2], n.east);
    p = filter_tap(p, params.filters[3], h.west);
    p = filter_tap(p, params.filters[4], h.here);
    p = filter_tap(p, params.filters[5], h.east);
    p = filter_tap(p, params.filters[6], s.west);
    p = filter_tap(p, params.filters[7], s.here);
    return filter_tap(p, params.filters[8], s.east);
}

fn filter_tap(p: Four, filters: vec4<f32>, x: Cells) -> Four {
    return Four(p.a, p.b + filters.x * x, p.c + filters.y * x, p.d + filters.z * x);
}

fn perceive_block(plane: u32, place: Place) -> Block {
    let area = params.shape.z * params.shape.w;
    return Block(
        perceive(plane, place),
        perceive(plane + area, place),
        perceive(plane + 2u * area, place),
        perceive(plane + 3u * area, place),
    );
}

// Adds four inputs to four sums; the weights at `at` are [4 inputs][4 sums].
fn dense(sums: Four, x: Four, at: u32) -> Four {
    return product(product(product(product(sums, x.a, at), x.b, at + 1u), x.c, at + 2u), x.d, at + 3u);
}

fn product(sums: Four, x: Cells, at: u32) -> Four {
    let w = weights[at];
    return Four(sums.a + w.x * x, sums.b + w.y * x, sums.c + w.z * x, sums.d + w.w * x);
}

fn dense_block(sums: Four, x: Block, at: u32) -> Four {
    return dense(dense(dense(dense(sums, x.a, at), x.b, at + 4u), x.c, at + 8u), x.d, at + 12u);
}

fn relu(x: Four) -> Four {
    let zero = Cells(0.0);
    return Four(max(x.a, zero), max(x.b, zero), max(x.c, zero), max(x.d, zero));
}

// Which cells fire.
fn firing(image: u32, row: u32, place: Place) -> Fires {
#ifdef CELLS_4
    let c = place.columns;
    return vec4(fires(image, row, c.x), fires(image, row, c.y), fires(image, row, c.z), fires(image, row, c.w));
#else
    return fires(image, row, place.columns);
#endif
}

fn fires(image: u32, row: u32, column: u32) -> bool {
    let coordinate = lattice_coordinate(params.dispatch.random, params.period, vec2(row, column));
    return uniform_number(coordinate, image, params.dispatch.random.x) > params.threshold;
}

fn bounded(x: Cells) -> Cells {
#ifdef CELLS_4
    return params.bound * vec4(tangent(x.x), tangent(x.y), tangent(x.z), tangent(x.w));
#else
    return params.bound * tangent(x);
#endif
}

fn tangent(x: f32) -> f32 {
    return hyperbolic_tangent(x);
}

// Updates one channel and stores it; cells beyond the end of the row are left out.
fn store(plane_row: u32, first: u32, x: Cells, target_state: Cells, fires: Fires, rate: f32) {
    let moved = x + (bounded(target_state) - x) * select(Cells(params.zero), Cells(rate), fires);
    let at = plane_row + first;
#ifdef CELLS_4
    next[at] = moved.x;
    if first + 1u < params.shape.w { next[at + 1u] = moved.y; }
    if first + 2u < params.shape.w { next[at + 2u] = moved.z; }
    if first + 3u < params.shape.w { next[at + 3u] = moved.w; }
#else
    next[at] = moved;
#endif
}

fn store_block(start: u32, first: u32, x: Block, sums: Four, fires: Fires, rates: vec4<f32>) {
    let area = params.shape.z * params.shape.w;
    store(start, first, x.a.a, sums.a, fires, rates.x);
    store(start + area, first, x.b.a, sums.b, fires, rates.y);
    store(start + 2u * area, first, x.c.a, sums.c, fires, rates.z);
    store(start + 3u * area, first, x.d.a, sums.d, fires, rates.w);
}

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let height = params.shape.z;
    let width = params.shape.w;
    let area = height * width;
    let row_length = (width + CELLS - 1u) / CELLS;
    let first = i % row_length * CELLS;
    let row = i / row_length % height;
    let image = i / row_length / height;
    let rows = vec3((row + height - 1u) % height, row, (row + 1u) % height) * width;
#ifdef CELLS_4
    let columns = (vec4(first) + vec4(0u, 1u, 2u, 3u)) % width;
    let place = Place((first + width - 1u) % width, columns, (first + 4u) % width, rows);
#else
    let place = Place((first + width - 1u) % width, first, (first + 1u) % width, rows);
#endif
    let start = image * params.shape.y * area;

    let x0 = perceive_block(start + 0u * 4u * area, place);
#if BLOCKS > 1
    let x1 = perceive_block(start + 1u * 4u * area, place);
#endif
#if BLOCKS > 2
    let x2 = perceive_block(start + 2u * 4u * area, place);
#endif
#if BLOCKS > 3
    let x3 = perceive_block(start + 3u * 4u * area, place);
#endif
#if BLOCKS > 4
    let x4 = perceive_block(start + 4u * 4u * area, place);
#endif
#if BLOCKS > 5
    let x5 = perceive_block(start + 5u * 4u * area, place);
#endif
#if BLOCKS > 6
    let x6 = perceive_block(start + 6u * 4u * area, place);
#endif
#if BLOCKS > 7
    let x7 = perceive_block(start + 7u * 4u * area, place);
#endif

    let none = Four(Cells(0.0), Cells(0.0), Cells(0.0), Cells(0.0));
    var y0 = none;
#if BLOCKS > 1
    var y1 = none;
#endif
#if BLOCKS > 2
    var y2 = none;
#endif
#if BLOCKS > 3
    var y3 = none;
#endif
#if BLOCKS > 4
    var y4 = none;
#endif
#if BLOCKS > 5
    var y5 = none;
#endif
#if BLOCKS > 6
    var y6 = none;
#endif
#if BLOCKS > 7
    var y7 = none;
#endif
    // Weight vectors for every four hidden units: bias, W1, W2.
    let stride = 1u + 20u * #{BLOCKS}u;
    for (var block = 0u; block < params.hidden_blocks; block++) {
        let at = block * stride;
        let bias = weights[at];
        var hidden = Four(Cells(bias.x), Cells(bias.y), Cells(bias.z), Cells(bias.w));
        hidden = dense_block(hidden, x0, at + 1u + 0u * 16u);
#if BLOCKS > 1
        hidden = dense_block(hidden, x1, at + 1u + 1u * 16u);
#endif
#if BLOCKS > 2
        hidden = dense_block(hidden, x2, at + 1u + 2u * 16u);
#endif
#if BLOCKS > 3
        hidden = dense_block(hidden, x3, at + 1u + 3u * 16u);
#endif
#if BLOCKS > 4
        hidden = dense_block(hidden, x4, at + 1u + 4u * 16u);
#endif
#if BLOCKS > 5
        hidden = dense_block(hidden, x5, at + 1u + 5u * 16u);
#endif
#if BLOCKS > 6
        hidden = dense_block(hidden, x6, at + 1u + 6u * 16u);
#endif
#if BLOCKS > 7
        hidden = dense_block(hidden, x7, at + 1u + 7u * 16u);
#endif
        hidden = relu(hidden);
        let out_at = at + 1u + 16u * #{BLOCKS}u;
        y0 = dense(y0, hidden, out_at + 0u * 4u);
#if BLOCKS > 1
        y1 = dense(y1, hidden, out_at + 1u * 4u);
#endif
#if BLOCKS > 2
        y2 = dense(y2, hidden, out_at + 2u * 4u);
#endif
#if BLOCKS > 3
        y3 = dense(y3, hidden, out_at + 3u * 4u);
#endif
#if BLOCKS > 4
        y4 = dense(y4, hidden, out_at + 4u * 4u);
#endif
#if BLOCKS > 5
        y5 = dense(y5, hidden, out_at + 5u * 4u);
#endif
#if BLOCKS > 6
        y6 = dense(y6, hidden, out_at + 6u * 4u);
#endif
#if BLOCKS > 7
        y7 = dense(y7, hidden, out_at + 7u * 4u);
#endif
    }

    let fires = firing(image, row, place);
    let row_start = start + rows.y;
    store_block(row_start + 0u * 4u * area, first, x0, y0, fires, params.rates[0]);
#if BLOCKS > 1
    store_block(row_start + 1u * 4u * area, first, x1, y1, fires, params.rates[1]);
#endif
#if BLOCKS > 2
    store_block(row_start + 2u * 4u * area, first, x2, y2, fires, params.rates[2]);
#endif
#if BLOCKS > 3
    store_block(row_start + 3u * 4u * area, first, x3, y3, fires, params.rates[3]);
#endif
#if BLOCKS > 4
    store_block(row_start + 4u * 4u * area, first, x4, y4, fires, params.rates[4]);
#endif
#if BLOCKS > 5
    store_block(row_start + 5u * 4u * area, first, x5, y5, fires, params.rates[5]);
#endif
#if BLOCKS > 6
    store_block(row_start + 6u * 4u * area, first, x6, y6, fires, params.rates[6]);
#endif
#if BLOCKS > 7
    store_block(row_start + 7u * 4u * area, first, x7, y7, fires, params.rates[7]);
#endif
}
