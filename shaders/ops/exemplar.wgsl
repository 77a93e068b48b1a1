// ExemplarStart (START), ExemplarDouble (DOUBLE), ExemplarMove (MOVE), ExemplarMatch (MATCH) and ExemplarGather (GATHER): coordinate
// fields of synthesis by example. imagine_graph's reference page of these operators defines every bit. TABLE, GUIDE, WANTED,
// CANDIDATES, VARIATION, GAIN and OUTPUT are binding numbers.
#import imagine::dispatch::DispatchParams
#import imagine::index::invocation
#import imagine::rng::{lattice_coordinate, pcg}

struct Params {
    dispatch: DispatchParams,
    // GUIDE: steps in the targets from one image, guide, row and column to the next; 0 where one stands for all.
    wanted_steps: vec4<u32>,
    // VARIATION: the same, without guides.
    variation_steps: vec4<u32>,
    // GAIN: the same, with channels.
    gain_steps: vec4<u32>,
    // CANDIDATES: the same, with candidates.
    candidate_steps: vec4<u32>,
    // Rows and columns of cells of the output.
    size: vec2<u32>,
    // Rows and columns of places of the exemplar's level.
    level: vec2<u32>,
    // Rows and columns at which the plane of random numbers repeats on a torus.
    period: vec2<u32>,
    // First row and column of the field in the whole image's.
    origin: vec2<u32>,
    // START: offsets are multiples of these.
    lattice: vec2<u32>,
    // Number of cells of the output, in all images.
    count: u32,
    // Side of a block in cells.
    block: u32,
    // MOVE: how many of 256 blocks move.
    probability: u32,
    // Entries of the table for each place.
    similar: u32,
    // GATHER: first channel, number of channels, words of a texel, and whether bytes are signed numbers.
    first: u32,
    channels: u32,
    words: u32,
    is_signed: u32,
    // GUIDE: number of guides, and words of a place.
    guides: u32,
    guide_words: u32,
    // GUIDE: factor of its costs.
    guide_scale: u32,
    // CANDIDATES: how many each cell has, and what they cost more.
    candidates: u32,
    candidate_cost: u32,
    unused: u32,
}

const NONE = 0xffffffffu;

@group(0) @binding(0) var<uniform> params: Params;
#ifndef START
@group(0) @binding(1) var<storage, read_write> field: array<u32>; // [N, 1, H, W], packed places
#endif
#ifdef MATCH
@group(0) @binding(2) var<storage, read_write> appearance: array<u32>; // [level height + 2, level width + 2, 2]
#endif
#ifdef TABLE
@group(0) @binding(#{TABLE}) var<storage, read_write> table: array<u32>; // [level height, level width, similar]
#endif
#ifdef GUIDE
@group(0) @binding(#{GUIDE}) var<storage, read_write> guide: array<u32>; // [level height, level width, guide_words]
@group(0) @binding(#{WANTED}) var<storage, read_write> wanted: array<u32>; // [1 or N, guides, 1 or height, 1 or width]
#endif
#ifdef CANDIDATES
@group(0) @binding(#{CANDIDATES}) var<storage, read_write> proposed: array<u32>; // [1 or N, candidates, 1 or height, 1 or width]
#endif
#ifdef VARIATION
@group(0) @binding(#{VARIATION}) var<storage, read_write> variation: array<i32>; // [1 or N, 1, 1 or height, 1 or width]
#endif
#ifdef GATHER
@group(0) @binding(2) var<storage, read_write> texels: array<u32>; // [level height, level width, words]
#ifdef GAIN
@group(0) @binding(#{GAIN}) var<storage, read_write> gain: array<f32>; // [1 or N, 1 or channels, 1 or height, 1 or width]
#endif
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<f32>; // [N, channels, height, width]
#else
@group(0) @binding(#{OUTPUT}) var<storage, read_write> y: array<u32>; // [N, 1, height, width]
#endif

fn unpack(place: u32) -> vec2<i32> {
    return vec2(i32(place >> 16u), i32(place & 0xffffu));
}

fn pack(place: vec2<i32>) -> u32 {
    return u32(place.x) << 16u | u32(place.y);
}

// A packed place, or the nearest one of the level.
fn clamped(place: u32) -> vec2<i32> {
    return min(unpack(place), vec2<i32>(params.level) - 1);
}

// Places along each edge that are never shown.
fn margin() -> vec2<i32> {
#ifdef TILES
    return vec2(0);
#else
    return min(vec2<i32>(params.level) / 6, vec2(2));
#endif
}

// Integers that are not negative modulo the level, or clamped to the places that may be shown.
fn inside(place: vec2<i32>) -> vec2<i32> {
#ifdef TILES
    return vec2<i32>(vec2<u32>(place) % params.level);
#else
    return clamp(place, margin(), vec2<i32>(params.level) - 1 - margin());
#endif
}

// Rounds towards minus infinity.
fn divide(a: vec2<i32>, b: i32) -> vec2<i32> {
    return (a - select(vec2(0), vec2(b - 1), a < vec2(0))) / b;
}

// Where the centre of a cell's block lies on the plane.
fn block_center(coordinate: vec2<i32>) -> vec2<i32> {
    let block = i32(params.block);
    let center = divide(coordinate, block) * block + block / 2;
    return select(center, min(center, vec2<i32>(params.period) - 1), params.dispatch.random.w == 1u);
}

// The cell of this field at `center` on the plane: on a torus it may be at the other end, else the nearest stands for it.
fn center_cell(cell: vec2<u32>, coordinate: vec2<i32>, center: vec2<i32>) -> vec2<u32> {
    let size = vec2<i32>(params.size);
    let seen = vec2<i32>(cell) + center - coordinate;
    let wrapped = seen - vec2(divide(seen.xx, size.x).x, divide(seen.yy, size.y).x) * size;
    return vec2<u32>(select(clamp(seen, vec2(0), size - 1), wrapped, params.dispatch.random.w == 1u));
}

#ifdef GUIDE
const EXCLUDED = 2000000000;

// What the guides add to the cost of showing `place` in `cell`. Their targets are called `wanted` here: WGSL reserves the other word.
fn guide_cost(image: u32, place: vec2<i32>, cell: vec2<u32>) -> i32 {
    let words = (u32(place.x) * params.level.y + u32(place.y)) * params.guide_words;
    let steps = params.wanted_steps;
    let at = image * steps.x + cell.x * steps.z + cell.y * steps.w;
    var sum = 0;
    for (var k = 0u; k < params.guides; k++) {
        let byte = i32(extractBits(guide[words + k / 4u], 8u * (k % 4u), 8u));
        let interval = vec4<i32>(unpack4xU8(wanted[at + k * steps.y]));
        let distance = max(max(interval.x - byte, byte - interval.y), 0);
        if interval.z == 255 && distance > 0 { return EXCLUDED; }
        sum += interval.z * distance * distance;
    }
    let scale = i32(params.guide_scale);
    return scale * min(sum, 400000000 / scale);
}
#endif

// The four words of the block of a cell: plane 0 of each image for starts, 1 for moves.
fn block_words(coordinate: vec2<i32>, image: u32, plane: u32) -> vec4<u32> {
    let block = vec2<u32>(divide(coordinate, i32(params.block)));
    return pcg(vec4(block.y, block.x, 2u * image + plane, params.dispatch.random.x));
}

#ifdef START
fn below(word: u32, count: i32) -> i32 {
    return i32(((word >> 16u) * u32(count)) >> 16u);
}

fn first_place(word: u32, at: i32, axis: u32) -> i32 {
    let side = i32(params.level[axis]);
#ifdef TILES
    let period = i32(params.lattice[axis]);
    let start = at - divide(vec2(at), side).x * side;
    return start + below(word, side / period) * period;
#else
    let block = i32(params.block);
    let free = max(side - 2 * margin()[axis] - block, 0) + 1;
    let start = at - divide(vec2(at), block).x * block;
    return start + margin()[axis] + below(word, free);
#endif
}
#endif

#ifdef MATCH
// `place` moved by at most one row and column; NONE if it may not be shown.
fn shifted(place: vec2<i32>, by: vec2<i32>) -> u32 {
    let side = vec2<i32>(params.level);
    let to = place + by;
#ifdef TILES
    return pack(select(select(to, to - side, to >= side), to + side, to < vec2(0)));
#else
    let is_shown = all(to >= margin()) && all(to < side - margin());
    return select(NONE, pack(to), is_shown);
#endif
}

// The place that cell k of the 5 x 5 cells around `cell` shows; the field wraps, and may be smaller than that.
fn shown(image: u32, cell: vec2<u32>, k: u32) -> vec2<i32> {
    let at = (cell + params.size * 2u + vec2(k / 5u, k % 5u) - 2u) % params.size;
    return clamped(field[(image * params.size.x + at.x) * params.size.y + at.y]);
}

// The first or second four dimensions of the appearance of `place` moved by `by`, each -1, 0 or 1.
fn look(place: vec2<i32>, by: vec2<i32>, half: u32) -> vec4<i32> {
    let at = vec2<u32>(place + by + 1);
    return unpack4xI8(appearance[(at.x * (params.level.y + 2u) + at.y) * 2u + half]);
}
#endif

@compute @workgroup_size(#{WORKGROUP})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = invocation(workgroup, params.dispatch.base, local);
    if i >= params.count { return; }
    let row = i / params.size.y;
    let cell = vec2(row % params.size.x, i % params.size.y);
    let image = row / params.size.x;

#ifdef START
    let at = vec2<i32>(lattice_coordinate(params.dispatch.random, params.period, cell));
    let words = block_words(at, image, 0u);
    y[i] = pack(inside(vec2(first_place(words.x, at.x, 0u), first_place(words.y, at.y, 1u))));
#endif

#ifdef DOUBLE
    let coarse = (image * (params.size.x / 2u) + cell.x / 2u) * (params.size.y / 2u) + cell.y / 2u;
    y[i] = pack(inside(2 * unpack(field[coarse]) + vec2<i32>(cell % 2u)));
#endif

#ifdef MOVE
    let at = vec2<i32>(lattice_coordinate(params.dispatch.random, params.period, params.origin + cell));
    let words = block_words(at, image, 1u);
    let place = clamped(field[i]);
    let here = center_cell(cell, at, block_center(at));
    let found = clamped(field[(image * params.size.x + here.x) * params.size.y + here.y]);
    let first = (u32(found.x) * params.level.y + u32(found.y)) * params.similar;
    let hashed = words.y >> 29u;
    var probability = params.probability;
#ifdef VARIATION
    let steps = params.variation_steps;
    let varied = variation[image * steps.x + here.x * steps.z + here.y * steps.w];
    probability = (probability * u32(clamp(varied, 0, 256))) >> 8u;
#endif
    var is_moved = words.x >> 24u < probability;
    var to = clamped(table[first + hashed % params.similar]);
#ifdef GUIDE
    var least = guide_cost(image, select(found, to, is_moved), here);
    for (var j = 0u; j < min(8u, params.similar); j++) {
        let entry = clamped(table[first + (hashed + j) % params.similar]);
        let cost = guide_cost(image, entry, here);
        if cost < least {
            least = cost;
            to = entry;
            is_moved = true;
        }
    }
#endif
    if !is_moved {
        y[i] = pack(place);
        return;
    }
    let moved = place + to - found;
#ifdef TILES
    // At least minus one side.
    y[i] = pack(inside(moved + vec2<i32>(params.level)));
#else
    y[i] = pack(inside(moved));
#endif
#endif

#ifdef MATCH
    // The places that the cells within two cells show, row by row. The nine nearest are enough for most cells.
    var near: array<vec2<i32>, 25>;
    var own: array<u32, 9>;
    var agree = true;
    for (var e = 0u; e < 9u; e++) {
        let k = (e / 3u + 1u) * 5u + e % 3u + 1u;
        near[k] = shown(image, cell, k);
        own[e] = shifted(near[k], 1 - vec2(i32(e / 3u), i32(e % 3u)));
        agree = agree && own[e] == own[0];
    }
    let own_place = pack(near[12]);
#ifndef TABLE
#ifndef CANDIDATES
    if agree {
        y[i] = select(own[0], own_place, own[0] == NONE);
        return;
    }
#endif
#endif
    for (var k = 0u; k < 25u; k++) {
        let is_inner = all(vec2(k / 5u, k % 5u) - 1u < vec2(3u));
        if !is_inner { near[k] = shown(image, cell, k); }
    }
    // Three predictions of the appearance of each diagonal neighbour.
    var targets: array<vec4<i32>, 8>;
    for (var d = 0u; d < 4u; d++) {
        let by = vec2(i32(d / 2u), i32(d % 2u)) * 2 - 1;
        let corner = u32((by.x + 2) * 5 + by.y + 2);
        let beside = u32((2 * by.x + 2) * 5 + by.y + 2);
        let above = u32((by.x + 2) * 5 + 2 * by.y + 2);
        for (var half = 0u; half < 2u; half++) {
            targets[d * 2u + half] = look(near[corner], vec2(0), half) + look(near[beside], vec2(-by.x, 0), half)
                + look(near[above], vec2(0, -by.y), half);
        }
    }
    var best = own_place;
    var least = 0x7fffffff;
#ifdef TABLE
    let of_neighbours = 18u;
#else
    let of_neighbours = 9u;
#endif
    var count = of_neighbours;
#ifdef CANDIDATES
    count += params.candidates;
#endif
    for (var k = 0u; k < count; k++) {
        var factor = 20;
        var more = 0;
        var candidate = NONE;
        if k >= of_neighbours {
#ifdef CANDIDATES
            let steps = params.candidate_steps;
            let at = image * steps.x + (k - of_neighbours) * steps.y + cell.x * steps.z + cell.y * steps.w;
            candidate = shifted(clamped(proposed[at]), vec2(0));
            more = i32(params.candidate_cost);
#endif
        } else {
#ifdef TABLE
            let e = k / 2u;
            candidate = own[e];
            if k % 2u == 1u {
                factor = 21;
                let by = vec2(i32(e / 3u), i32(e % 3u)) - 1;
                let from_place = vec2<u32>(near[(e / 3u + 1u) * 5u + e % 3u + 1u]);
                candidate = shifted(clamped(table[(from_place.x * params.level.y + from_place.y) * params.similar]), -by);
            }
#else
            candidate = own[k];
#endif
        }
        if candidate == NONE { continue; }
        let place = unpack(candidate);
        var sum = 0;
        for (var d = 0u; d < 4u; d++) {
            let by = vec2(i32(d / 2u), i32(d % 2u)) * 2 - 1;
            let low = 3 * look(place, by, 0u) - targets[d * 2u];
            let high = 3 * look(place, by, 1u) - targets[d * 2u + 1u];
            sum += dot(low, low) + dot(high, high);
        }
        var cost = factor * sum + more;
        var is_excluded = false;
#ifdef GUIDE
        let added = guide_cost(image, place, cell);
        is_excluded = added == EXCLUDED;
        cost = select(cost + added, EXCLUDED, is_excluded);
#endif
        if cost >= least { continue; }
        var repeated = false;
        for (var k = 0u; k < 25u; k++) {
            repeated = repeated || (k != 12u && all(near[k] == place));
        }
        cost = select(cost, 2 * cost + 2000000, repeated && !is_excluded);
        if cost < least {
            least = cost;
            best = candidate;
        }
    }
    y[i] = best;
#endif

#ifdef GATHER
    let place = vec2<u32>(clamped(field[i]));
    let texel = (place.x * params.level.y + place.y) * params.words;
    let plane = params.size.x * params.size.y;
    for (var k = 0u; k < params.channels; k++) {
        let channel = params.first + k;
        let byte = extractBits(texels[texel + channel / 4u], 8u * (channel % 4u), 8u);
        let numerator = select(i32(byte), 2 * i32(byte) - 255, params.is_signed != 0u);
        var value = f32(numerator) * (1.0 / 255.0);
#ifdef GAIN
        let steps = params.gain_steps;
        value = clamp(value * gain[dot(steps, vec4(image, k, cell))], -1.0, 1.0);
#endif
        y[(image * params.channels + k) * plane + cell.x * params.size.y + cell.y] = value;
    }
#endif
}
