//! The field of a restyle: from coarse to fine, each cell takes the place of the style that fits its neighbours and what the picture wants.

use imagine_graph::{Dim, ExemplarDouble, ExemplarMatch, Floor, RandomUniform};

use super::content::{Content, ContentLevel, Weights};
use super::nodes::Nodes;
use super::style::{ENTRIES, Style, StyleLevel};

/// How levels are matched, by halvings; the last counts for all coarser ones.
const PLANS: [Plan; 6] = [
    Plan { passes: 2, candidates: 0, guided: 0.03 },
    Plan { passes: 3, candidates: 0, guided: 0.1 },
    Plan { passes: 3, candidates: 4, guided: 0.4 },
    Plan { passes: 3, candidates: 8, guided: 1.5 },
    Plan { passes: 3, candidates: 8, guided: 3.0 },
    Plan { passes: 6, candidates: 16, guided: 6.0 },
];
/// Costs of the guides if all differ as those of two random places, in parts of what their appearance costs: the first tone, each other one,
/// the direction.
const TONE: f64 = 3.0;
const OTHER_TONE: f64 = 0.75;
const DIRECTION: f64 = 2.5;
/// What a place that no neighbour proposes costs more, in the same parts.
const UNCONNECTED: f64 = 0.3;
/// Largest weight of a guide if it counts as it is, so that it may count twice.
const LARGEST_WEIGHT: f64 = 127.0;

#[derive(Clone, Copy, Debug)]
struct Plan {
    passes: usize,
    candidates: usize,
    guided: f64,
}

/// Adds the nodes of a field; returns the field of the finest level. `likeness` and `flow` are controls.
pub(super) fn field(nodes: &mut Nodes, style: &Style, content: &Content, likeness: &str, flow: &str) -> String {
    let mut field: Option<String> = None;
    for (halving, (level, wanted)) in style.levels.iter().zip(&content.levels).enumerate().rev() {
        nodes.part(&format!("field_{}", 1 << halving));
        let plan = PLANS[halving.min(PLANS.len() - 1)];
        let (weights, scale) = weights(level, plan, style.quantiles.len());
        let target = wanted.target(nodes, &weights, likeness, flow);
        let guide = nodes.weight("guide", level.guide());
        let first = field.is_none();
        let mut proposals =
            (plan.candidates > 0 || first).then(|| Proposals::new(nodes, style, level, wanted, halving));
        let mut next = match (field.take(), &mut proposals) {
            (Some(field), _) => {
                let double = ExemplarDouble { height: level.height, width: level.width, tiles: style.tiles };
                nodes.node(double, &[&field])
            }
            (None, Some(proposals)) => proposals.draw(nodes, 1),
            (None, None) => unreachable!("the first level has proposals"),
        };
        nodes.graph.weights.share(level.appearance.clone(), style.weights, &level.appearance);
        let cost = (UNCONNECTED * level.unit) as u32;
        let op = ExemplarMatch { tiles: style.tiles, guide_scale: scale, candidate_cost: cost.min(100_000_000) };
        for _ in 0..plan.passes {
            let mut inputs = vec![next, level.appearance.clone(), String::new(), guide.clone(), target.clone()];
            if let Some(proposals) = proposals.as_mut().filter(|_| plan.candidates > 0) {
                inputs.push(proposals.draw(nodes, plan.candidates));
            }
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            next = nodes.node(op.clone(), &inputs);
        }
        field = Some(next);
    }
    field.unwrap_or_default()
}

/// The weights of a level's guides, and the scale of their costs.
fn weights(level: &StyleLevel, plan: Plan, tones: usize) -> (Weights, u32) {
    let weight = |k: usize, part: f64| level.weight(k, plan.guided * part);
    let mut of_tones: Vec<f64> = (0..tones).map(|k| weight(k, if k == 0 { TONE } else { OTHER_TONE })).collect();
    let mut direction = weight(tones, DIRECTION).min(weight(tones + 1, DIRECTION));
    let largest = of_tones.iter().copied().fold(direction, f64::max);
    let scale = (largest / LARGEST_WEIGHT).ceil().clamp(1.0, 1024.0);
    of_tones.iter_mut().for_each(|weight| *weight = (*weight / scale).min(LARGEST_WEIGHT));
    direction = (direction / scale).min(LARGEST_WEIGHT);
    (Weights { tones: of_tones, direction }, scale as u32)
}

/// Places with the luminance and direction that each cell wants, drawn from a table.
struct Proposals {
    table: String,
    /// First entry of each cell's row.
    rows: String,
    size: [usize; 2],
    stream: u32,
}

impl Proposals {
    fn new(nodes: &mut Nodes, style: &Style, level: &StyleLevel, wanted: &ContentLevel, halving: usize) -> Self {
        let table = nodes.weight("table", level.table(style.tiles));
        let codes = wanted.codes(nodes);
        let rows = nodes.times(&codes, ENTRIES as f32);
        // A level has fewer than 64 draws.
        Self { table, rows, size: wanted.size(), stream: 64 * halving as u32 }
    }

    /// `count` places for each cell, others each time.
    fn draw(&mut self, nodes: &mut Nodes, count: usize) -> String {
        let shape = [1, count, self.size[0], self.size[1]].map(Dim::Fixed).to_vec();
        let random = RandomUniform { low: 0.0, high: ENTRIES as f32, shape, stream: self.stream, part: None };
        self.stream += 1;
        let random = nodes.node(random, &[]);
        let entry = nodes.node(Floor {}, &[&random]);
        let index = nodes.sum(&self.rows, &entry);
        nodes.looked_up(&self.table, &index)
    }
}
