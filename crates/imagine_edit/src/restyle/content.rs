//! What a picture wants of each cell: tones matched to the style's, directions, and how much they count.

use imagine_graph::{
    Abs, Cast, Conv, DType, Dim, Floor, Less, LessOrEqual, Max, PadMode, ReduceSum, Reshape, Resize, Slice, Tensor,
};

use super::nodes::Nodes;
use super::style::{DIRECTED, DIRECTIONS, DIRECTIONS_FROM, LUMINANCES, NOISE, QUANTILES, Style};

/// Most pixels along a side of the sample whose distribution is matched.
const SAMPLE: usize = 64;
/// Contrast to the surroundings is raised by five eighths.
const CONTRAST: f32 = 0.625;
/// Steps of smoothing of the surroundings: a deviation of 4.6 pixels.
const SURROUNDINGS: usize = 3;
/// Steps of the strength of gradients.
const STRENGTHS: usize = 64;
/// Directions count for this much where the picture has no edges.
const LEAST_STRENGTH: f64 = 0.15;

/// The levels of a picture, the finest first.
pub(super) struct Content {
    pub levels: Vec<ContentLevel>,
}

/// Values of a level, as integers held in floats.
pub(super) struct ContentLevel {
    /// `[1, tones, h, w]`.
    pub tones: String,
    /// The two numbers of the direction and the strength in steps, `[1, 3, h, w]`.
    direction: String,
    size: [usize; 2],
}

/// The tones with the first one's contrast to its surroundings raised.
pub(super) fn contrasted(nodes: &mut Nodes, tones: &str, count: usize, pad_mode: PadMode) -> String {
    let first = nodes.channel(tones, 0);
    let around = nodes.smoothed_far(&first, 1, SURROUNDINGS, pad_mode);
    let detail = nodes.difference(&first, &around);
    let more = nodes.share(&detail, CONTRAST);
    let raised = nodes.sum(&first, &more);
    let raised = nodes.clipped(&raised, [0.0, 255.0]);
    match count {
        1 => raised,
        _ => {
            let rest = nodes.cut(tones, 1, [1, count]);
            nodes.concat(&[&raised, &rest], 1)
        }
    }
}

/// Tones `[1, count, H, W]` with the distribution of each that the style has (matching of histograms), from a sample of the pixels.
pub(super) fn matched(nodes: &mut Nodes, tones: &str, style: &Style, size: [usize; 2]) -> String {
    let count = style.quantiles.len();
    let step = size[0].max(size[1]).div_ceil(SAMPLE);
    let sample = Slice {
        starts: vec![(step / 2) as i64; 2],
        ends: size.map(|side| side as i64).to_vec(),
        axes: vec![2, 3],
        steps: vec![step as i64; 2],
    };
    let sample = nodes.node(sample, &[tones]);
    let pixels: usize = size.iter().map(|side| (side - step / 2).div_ceil(step)).product();
    let shape = [1, count, 1, pixels].map(Dim::Fixed).to_vec();
    let sample = nodes.node(Reshape { shape, infer: None }, &[&sample]);
    let bytes =
        nodes.weight("bytes", Tensor::f32([1, 1, 256, 1], (0..256).map(|byte| byte as f32).collect::<Vec<_>>()));
    // The middle of a byte's pixels in the order of all: twice its rank.
    let below = nodes.node(Less {}, &[&sample, &bytes]);
    let up_to = nodes.node(LessOrEqual {}, &[&sample, &bytes]);
    let mut ranks = Vec::new();
    for counted in [below, up_to] {
        let ones = nodes.node(Cast::to(DType::F32), &[&counted]);
        ranks.push(nodes.node(ReduceSum { axes: vec![3], ..ReduceSum::default() }, &[&ones]));
    }
    let rank = nodes.sum(&ranks[0], &ranks[1]);
    let scaled = nodes.times(&rank, (QUANTILES / 2) as f32);
    let pixels = nodes.weight("pixels", Tensor::f32([1, 1, 1, 1], vec![pixels as f32]));
    let rank = nodes.quotient(&scaled, &pixels);
    let mut channels = Vec::new();
    for (channel, quantiles) in style.quantiles.iter().enumerate() {
        let quantiles =
            nodes.weight(&format!("quantiles_{channel}"), Tensor::f32([quantiles.len()], quantiles.clone()));
        let rank = nodes.channel(&rank, channel);
        let curve = nodes.looked_up(&quantiles, &rank);
        let shape = vec![Dim::Fixed(256)];
        let curve = nodes.node(Reshape { shape, infer: None }, &[&curve]);
        let tone = nodes.channel(tones, channel);
        channels.push(nodes.looked_up(&curve, &tone));
    }
    let channels: Vec<&str> = channels.iter().map(String::as_str).collect();
    nodes.concat(&channels, 1)
}

impl Content {
    /// The levels of matched tones `[1, count, H, W]`, as many as the style has.
    pub fn new(nodes: &mut Nodes, tones: &str, style: &Style, size: [usize; 2], pad_mode: PadMode) -> Self {
        nodes.part("tensor");
        let first = nodes.channel(tones, 0);
        let mut tones = tones.to_string();
        let mut tensor = tensor(nodes, &first, pad_mode);
        let mut levels: Vec<ContentLevel> = Vec::new();
        for (halving, level) in style.levels.iter().enumerate() {
            nodes.part(&format!("wanted_{}", 1 << halving));
            if halving > 0 {
                tones = nodes.halved(&tones, style.quantiles.len(), pad_mode);
                tensor = nodes.halved(&tensor, 3, pad_mode);
            }
            let size = size.map(|side| side >> halving);
            let direction = match halving {
                ..DIRECTIONS_FROM => String::new(),
                DIRECTIONS_FROM => {
                    let smoothed = nodes.smoothed(&tensor, 3, [1, 1], pad_mode);
                    direction(nodes, &smoothed, level.strong)
                }
                _ => direction(nodes, &tensor, level.strong),
            };
            levels.push(ContentLevel { tones: tones.clone(), direction, size });
        }
        for finer in (0..DIRECTIONS_FROM).rev() {
            nodes.part(&format!("wanted_{}.direction", 1 << finer));
            let sizes = levels[finer].size.map(Dim::Fixed).to_vec();
            let resize = Resize { sizes, axes: vec![2, 3], ..Resize::default() };
            levels[finer].direction = nodes.node(resize, &[&levels[finer + 1].direction]);
        }
        Self { levels }
    }
}

/// The products of the gradients of one channel: those of [`super::plane::Plane::tensor`], `[1, 3, H, W]`.
fn tensor(nodes: &mut Nodes, image: &str, pad_mode: PadMode) -> String {
    let sobel = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    let down: Vec<f32> = (0..9).map(|k| sobel[k % 3 * 3 + k / 3]).collect();
    let kernel = nodes.weight("sobel", Tensor::f32([2, 1, 3, 3], [sobel.to_vec(), down].concat()));
    let sums = nodes.node(Conv::same(3, pad_mode), &[image, &kernel]);
    let quarter = nodes.share(&sums, 0.25);
    let gradients = nodes.clipped(&quarter, [-127.0, 127.0]);
    let (x, y) = (nodes.channel(&gradients, 0), nodes.channel(&gradients, 1));
    let (xx, yy, xy) = (nodes.product(&x, &x), nodes.product(&y, &y), nodes.product(&x, &y));
    let (difference, twice, sum) = (nodes.difference(&xx, &yy), nodes.times(&xy, 2.0), nodes.sum(&xx, &yy));
    nodes.concat(&[&difference, &twice, &sum], 1)
}

/// The direction as two bytes, and how strong it is, from 0 to [`STRENGTHS`], of a tensor.
fn direction(nodes: &mut Nodes, tensor: &str, strong: i32) -> String {
    let parts = nodes.cut(tensor, 1, [0, 2]);
    let energy = nodes.channel(tensor, 2);
    let scaled = nodes.times(&parts, 127.0);
    let divisor = nodes.plus(&energy, NOISE as f32);
    let quotient = nodes.quotient(&scaled, &divisor);
    let raised = nodes.plus(&quotient, 128.0);
    let direction = nodes.clipped(&raised, [0.0, 255.0]);
    let scaled = nodes.times(&energy, STRENGTHS as f32);
    let strong = nodes.weight("strong", Tensor::f32([1, 1, 1, 1], vec![strong as f32]));
    let steps = nodes.quotient(&scaled, &strong);
    let strength = nodes.clipped(&steps, [0.0, STRENGTHS as f32]);
    nodes.concat(&[&direction, &strength], 1)
}

/// How much the guides of a level weigh, at most 254.
pub(super) struct Weights {
    /// Of each tone.
    pub tones: Vec<f64>,
    /// Of the direction, where it is strong.
    pub direction: f64,
}

impl ContentLevel {
    /// The targets of the guides, `[1, tones + 2, h, w]`. `likeness` multiplies all weights, `flow` those of directions.
    pub fn target(&self, nodes: &mut Nodes, weights: &Weights, likeness: &str, flow: &str) -> String {
        let count = weights.tones.len();
        let weigh = |nodes: &mut Nodes, weight: &str| {
            let likened = nodes.product(weight, likeness);
            let clipped = nodes.clipped(&likened, [0.0, 254.0]);
            let whole = nodes.node(Floor {}, &[&clipped]);
            nodes.times(&whole, 65_536.0)
        };
        let of_tones: Vec<f32> = weights.tones.iter().map(|weight| *weight as f32).collect();
        let of_tones = nodes.weight("weights", Tensor::f32([1, count, 1, 1], of_tones));
        let of_tones = weigh(nodes, &of_tones);
        let low_high = nodes.times(&self.tones, 257.0);
        let tones = nodes.sum(&low_high, &of_tones);
        let curve = (0..=STRENGTHS).map(|step| {
            let strength = (step as f64 / STRENGTHS as f64).sqrt();
            (weights.direction * (LEAST_STRENGTH + (1.0 - LEAST_STRENGTH) * strength)) as f32
        });
        let curve = nodes.weight("strengths", Tensor::f32([STRENGTHS + 1], curve.collect::<Vec<_>>()));
        let strength = nodes.channel(&self.direction, 2);
        let weight = nodes.looked_up(&curve, &strength);
        let flowing = nodes.product(&weight, flow);
        let weight = weigh(nodes, &flowing);
        let direction = nodes.cut(&self.direction, 1, [0, 2]);
        let low_high = nodes.times(&direction, 257.0);
        let directions = nodes.sum(&low_high, &weight);
        let words = nodes.concat(&[&tones, &directions], 1);
        nodes.integers(&words)
    }

    /// The code of each cell: the row of the style's table, `[1, 1, h, w]`.
    pub fn codes(&self, nodes: &mut Nodes) -> String {
        let first = nodes.channel(&self.tones, 0);
        let luminance = nodes.share(&first, LUMINANCES as f32 / 256.0);
        let parts: Vec<String> = (0..2)
            .map(|k| {
                let part = nodes.channel(&self.direction, k);
                nodes.plus(&part, -128.0)
            })
            .collect();
        let lengths: Vec<String> = parts.iter().map(|part| nodes.node(Abs {}, &[part])).collect();
        let is_less = |nodes: &mut Nodes, a: &str, b: &str| {
            let less = nodes.node(Less {}, &[a, b]);
            nodes.floats(&less)
        };
        let zero = nodes.times(&parts[0], 0.0);
        let steep = is_less(nodes, &lengths[0], &lengths[1]);
        let (down, left) = (is_less(nodes, &parts[1], &zero), is_less(nodes, &parts[0], &zero));
        let (steep, down) = (nodes.times(&steep, 4.0), nodes.times(&down, 2.0));
        let octant = nodes.sum(&steep, &down);
        let octant = nodes.sum(&octant, &left);
        let longer = nodes.node(Max {}, &[&lengths[0], &lengths[1]]);
        let least = nodes.plus(&zero, DIRECTED as f32);
        let vague = is_less(nodes, &longer, &least);
        // The octant, or the last number where there is no direction.
        let rest = nodes.times(&octant, -1.0);
        let rest = nodes.plus(&rest, (DIRECTIONS - 1) as f32);
        let rest = nodes.product(&rest, &vague);
        let direction = nodes.sum(&octant, &rest);
        let row = nodes.times(&luminance, DIRECTIONS as f32);
        nodes.sum(&row, &direction)
    }

    /// Rows and columns.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }
}
