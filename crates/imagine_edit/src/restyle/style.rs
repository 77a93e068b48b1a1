//! What restyling needs of a style: for each level of its exemplar the guide bytes of all places, tables of places by guide, and the scale of costs.

use imagine_codec::{Edges, Maps, pack};
use imagine_graph::{Generator, Op, OutputKind, TEXELS, Tensor, TensorData, Weights, appearance_name, rng};

use super::plane::Plane;
use super::tones::{Tones, of_exemplar};
use crate::error::EditError;

/// Steps of the luminance, and of the direction, by which tables list places.
pub(super) const LUMINANCES: usize = 32;
pub(super) const DIRECTIONS: usize = 9;
/// Places of each entry of a table.
pub(super) const ENTRIES: usize = 64;
/// An entry with fewer different places borrows those of the next ones.
const LEAST_PLACES: usize = 16;
/// Added to squared gradients, so that noise has no direction.
pub(super) const NOISE: i32 = 16;
/// A direction is strong enough to count from this distance on, of at most 127.
pub(super) const DIRECTED: i32 = 28;
/// Share of the places of an exemplar whose gradients are no stronger than those that count in full.
const STRONG: f64 = 0.9;
/// Bytes that guides differ by at least, squared, so that an even exemplar does not make them weigh without end.
const LEAST_SPREAD: f64 = 50.0;
/// Halvings at and below which directions are those of this level: strokes are longer than its cells.
pub(super) const DIRECTIONS_FROM: usize = 2;

/// A style, from the texels on `skipped` halvings.
pub(super) struct Style<'a> {
    pub weights: &'a Weights,
    pub texels: Tensor,
    /// Levels by halvings of the result, the finest first.
    pub levels: Vec<StyleLevel>,
    /// Quantiles of each tone over the texels.
    pub quantiles: Vec<Vec<f32>>,
    /// The kinds of maps with their first channels.
    pub maps: Vec<(OutputKind, usize)>,
    pub tiles: bool,
}

/// A level of a style.
pub(super) struct StyleLevel {
    pub height: usize,
    pub width: usize,
    /// Name of the appearance in the style's weights.
    pub appearance: String,
    /// Tones, then the two numbers of the direction after the first tone; the same order as the targets.
    guides: Vec<Plane>,
    /// What a place of a random appearance costs.
    pub unit: f64,
    /// Strength of gradients that count in full.
    pub strong: i32,
}

/// Steps of the quantiles.
pub(super) const QUANTILES: usize = 1024;

impl<'a> Style<'a> {
    /// The style of a generator by example, from at most `halvings` on. `tones` says what guides.
    pub fn new(generator: &'a Generator, tones: Tones, skipped: usize, halvings: usize) -> Result<Self, EditError> {
        let weights = &generator.output.weights;
        let exemplar = weights.exemplar().ok_or(EditError::NotByExample)?;
        let maps = maps(generator, exemplar.maps().channels());
        let edges = exemplar.edges();
        let full = exemplar.maps();
        let too_few = EditError::Levels { width: full.width() >> skipped, height: full.height() >> skipped };
        let texel_words = match skipped {
            0 => weights.get(TEXELS).cloned(),
            _ => generator.coarser(skipped).and_then(|mut coarser| coarser.output.weights.remove(TEXELS)),
        };
        let texel_words = texel_words.ok_or_else(|| too_few.clone())?;
        let texels = decoded(&texel_words, full.channels()).ok_or_else(|| too_few.clone())?;
        let mut planes = of_exemplar(&texels, &maps, tones)?;
        let quantiles = planes.iter().map(|plane| plane.quantiles(QUANTILES)).collect();
        let mut tensor = planes[0].tensor(edges);
        let mut levels: Vec<StyleLevel> = Vec::new();
        for halving in 0..=halvings {
            let name = appearance_name(1 << (halving + skipped));
            let Some(appearance) = weights.get(&name) else { break };
            let size = [planes[0].height, planes[0].width];
            if appearance.shape.get(..2) != Some(&size.map(|side| side + 2)) || size.iter().any(|side| *side < 4) {
                break;
            }
            levels.push(StyleLevel::new(&planes, &tensor, (name, appearance), halving, edges));
            if size.iter().any(|side| side % 2 != 0) {
                break;
            }
            planes = planes.iter().map(|plane| plane.halved(edges)).collect();
            tensor = tensor.map(|plane| plane.halved(edges));
        }
        if levels.len() <= DIRECTIONS_FROM {
            return Err(too_few);
        }
        // Directions of the finest levels are those of a coarser one.
        for finer in (0..DIRECTIONS_FROM).rev() {
            let coarse: Vec<Plane> = levels[finer + 1].directions().iter().map(Plane::doubled).collect();
            let first = levels[finer].guides.len() - 2;
            levels[finer].guides.splice(first.., coarse);
            levels[finer].strong = levels[finer + 1].strong;
        }
        Ok(Self { weights, texels: texel_words, levels, quantiles, maps, tiles: edges == Edges::Wrap })
    }
}

impl Style<'_> {
    /// The first channel of a map.
    pub fn first(&self, map: OutputKind) -> Result<usize, EditError> {
        let found = self.maps.iter().find(|(kind, _)| *kind == map);
        found.map(|(_, first)| *first).ok_or(EditError::StyleMap(map))
    }
}

/// The maps of texels in words.
fn decoded(texels: &Tensor, channels: usize) -> Option<Maps> {
    let (TensorData::I32(words), &[height, width, _]) = (&texels.data, &texels.shape[..]) else { return None };
    Maps::from_words(height, width, channels, words).ok()
}

/// Kinds of the maps that a generator by example gathers of an exemplar with so many channels, with the first channel of each.
fn maps(generator: &Generator, channels: usize) -> Vec<(OutputKind, usize)> {
    let graph = &generator.output;
    let gathered = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::ExemplarGather(gather) => {
            let output = graph.outputs.iter().find(|output| node.outputs.contains(&output.name))?;
            let end = gather.first.checked_add(gather.channels)?;
            let is_whole = output.kind.channels() == Some(gather.channels) && end <= channels;
            is_whole.then_some((output.kind, gather.first))
        }
        _ => None,
    });
    gathered.collect()
}

impl StyleLevel {
    fn new(
        planes: &[Plane],
        tensor: &[Plane; 3],
        (name, appearance): (String, &Tensor),
        halving: usize,
        edges: Edges,
    ) -> Self {
        let (height, width) = (planes[0].height, planes[0].width);
        let smoothed = match halving == DIRECTIONS_FROM {
            true => tensor.each_ref().map(|plane| plane.smoothed(edges)),
            false => tensor.clone(),
        };
        let direction = |k: usize| {
            let byte = |place: usize| 128 + smoothed[k].values[place] * 127 / (smoothed[2].values[place] + NOISE);
            Plane::from_fn(height, width, |place| byte(place).clamp(0, 255))
        };
        let guides = planes.iter().cloned().chain([direction(0), direction(1)]).collect();
        let strong = smoothed[2].quantile(STRONG).max(NOISE);
        Self { height, width, appearance: name, guides, unit: unit(appearance), strong }
    }

    fn directions(&self) -> &[Plane] {
        &self.guides[self.guides.len() - 2..]
    }

    /// The guide of each place, `[height, width, words]`.
    pub fn guide(&self) -> Tensor {
        let words = self.guides.len().div_ceil(4);
        let mut bytes = vec![[0; 4]; self.height * self.width * words];
        for (k, plane) in self.guides.iter().enumerate() {
            for (place, value) in plane.values.iter().enumerate() {
                bytes[place * words + k / 4][k % 4] = (*value).clamp(0, 255) as u8;
            }
        }
        let words_of = bytes.into_iter().map(i32::from_le_bytes).collect();
        Tensor::new(vec![self.height, self.width, words], TensorData::I32(words_of))
    }

    /// What one squared step of guide `k` costs if a random place costs `times` a random appearance.
    pub fn weight(&self, k: usize, times: f64) -> f64 {
        times * self.unit / self.guides[k].spread().max(LEAST_SPREAD)
    }

    /// Places by luminance and direction, `[LUMINANCES * DIRECTIONS * ENTRIES]`, packed.
    pub fn table(&self, tiles: bool) -> Tensor {
        let edges = if tiles { Edges::Wrap } else { Edges::Bounded };
        let (rows, columns) = (edges.margin(self.height as u32) as usize, edges.margin(self.width as u32) as usize);
        let mut by_code = vec![Vec::new(); LUMINANCES * DIRECTIONS];
        for row in rows..self.height - rows {
            for column in columns..self.width - columns {
                let place = row * self.width + column;
                let [a, b] = [0, 1].map(|k| self.directions()[k].values[place]);
                by_code[code(self.guides[0].values[place], a, b)].push(pack(row as u32, column as u32) as i32);
            }
        }
        let key = rng::key(0, 0, self.width as u32);
        for (code, places) in by_code.iter_mut().enumerate() {
            // A hashed order, so that an entry shows all parts of the exemplar.
            places.sort_by_cached_key(|place| rng::cell(*place as u32, code as u32, 0, key));
        }
        let entries = (0..by_code.len()).flat_map(|code| entry(&by_code, code)).collect();
        Tensor::new(vec![by_code.len() * ENTRIES], TensorData::I32(entries))
    }
}

/// The row of a table for a luminance and the two numbers of a direction, all of them bytes.
pub(super) fn code(luminance: i32, a: i32, b: i32) -> usize {
    let (a, b) = (a - 128, b - 128);
    let octant = 4 * i32::from(a.abs() < b.abs()) + 2 * i32::from(b < 0) + i32::from(a < 0);
    let direction = if a.abs().max(b.abs()) < DIRECTED { DIRECTIONS as i32 - 1 } else { octant };
    luminance.clamp(0, 255) as usize * LUMINANCES / 256 * DIRECTIONS + direction as usize
}

/// The places of an entry; if they are few, those of entries alike.
fn entry(by_code: &[Vec<i32>], code: usize) -> Vec<i32> {
    let distance = |other: &usize| {
        let apart = (code / DIRECTIONS).abs_diff(other / DIRECTIONS);
        3 * apart + usize::from(code % DIRECTIONS != other % DIRECTIONS)
    };
    let mut order: Vec<usize> = (0..by_code.len()).filter(|other| !by_code[*other].is_empty()).collect();
    order.sort_by_key(distance);
    let mut places = Vec::new();
    for other in order {
        if places.len() >= LEAST_PLACES {
            break;
        }
        places.extend_from_slice(&by_code[other]);
    }
    places.iter().copied().cycle().take(ENTRIES).collect()
}

/// The cost in a matching pass of a random place: twice the variance of appearance, in the units of the operator.
fn unit(appearance: &Tensor) -> f64 {
    let TensorData::I32(words) = &appearance.data else { return 1.0 };
    let count = (words.len() / 2) as f64;
    let mut sums = [[0.0f64; 2]; 8];
    for (index, word) in words.iter().enumerate() {
        for (k, byte) in word.to_le_bytes().into_iter().enumerate() {
            let value = f64::from(byte as i8);
            let sum = &mut sums[index % 2 * 4 + k];
            *sum = [sum[0] + value, sum[1] + value * value];
        }
    }
    let variance: f64 = sums.iter().map(|[sum, squares]| squares / count - (sum / count).powi(2)).sum();
    // 20 times the squares of threefold differences at four diagonals.
    (20.0 * 4.0 * 9.0 * 2.0 * variance).max(1.0)
}
