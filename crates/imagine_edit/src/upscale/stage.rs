//! The stage that enlarges the maps of a picture or material in a graph.

use std::collections::BTreeMap;

use imagine_graph::generators::Formula;
use imagine_graph::{
    Conv, Greater, MaxPool, OutputKind, Pad, PadMode, ReduceMean, ReduceSumSquare, Resize, Tensor, Where,
};

use super::{Kind, UpscaleError, Upscaler};
use crate::network::{Network, WrapError};

/// Values of a graph by the map that they are: colours in sRGB, normals -1 to 1, everything else 0 to 1.
pub(crate) type Maps = BTreeMap<OutputKind, String>;

/// Weights of the filter that spreads colours to transparent pixels, along each axis.
const SPREAD: [f32; 7] = [1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0];
/// How often it spreads them, by 3 pixels each: the network hardly sees farther.
const SPREADS: usize = 2;
/// Coverage above which a pixel's own colour counts.
const SEEN: f32 = 0.5 / 255.0;

impl Upscaler {
    /// Adds nodes that enlarge `maps`; on a torus if `wraps`.
    pub(super) fn enlarged(&self, f: &mut Formula, maps: &Maps, wraps: bool) -> Result<Maps, UpscaleError> {
        match &self.kind {
            Kind::PixelArt => Ok(pixel_art(f, maps, self.factor, wraps)),
            Kind::Network(network) if wraps => {
                let generator = network.loaded.name.clone();
                let wrapped = network.wrapped().map_err(|error| match error {
                    WrapError::Graph(errors) => UpscaleError::Graph { generator, errors },
                    WrapError::Windows(reason) => UpscaleError::CannotWrap { generator, reason: Box::new(reason) },
                })?;
                Ok(by_network(f, maps, &wrapped, PadMode::Wrap))
            }
            Kind::Network(network) => Ok(by_network(f, maps, network, PadMode::Edge)),
        }
    }
}

/// What the network makes of maps. Alpha stays as it is unless the maps grow.
pub(crate) fn by_network(f: &mut Formula, maps: &Maps, network: &Network, border: PadMode) -> Maps {
    let alpha = maps.get(&OutputKind::Alpha);
    let larger = maps.iter().map(|(kind, value)| {
        let part = format!("larger.{}", kind.name());
        f.part(&part);
        let value = match kind {
            OutputKind::BaseColor | OutputKind::Emissive => {
                let spread = alpha.map(|alpha| spread(f, value, alpha, border));
                network.add(f, &part, spread.as_ref().unwrap_or(value))
            }
            OutputKind::Normal => {
                let stored = f.scaled(value, 0.5, 0.5);
                let larger = network.add(f, &part, &stored);
                let signed = f.scaled(&larger, 2.0, -1.0);
                normalized(f, &signed)
            }
            OutputKind::Alpha if network.factor == 1 => value.clone(),
            _ => {
                let grey = f.concat(&[value.as_str(); 3]);
                let larger = network.add(f, &part, &grey);
                let larger = f.node(ReduceMean { axes: vec![1], ..ReduceMean::default() }, &[&larger]);
                if *kind == OutputKind::Alpha { bounded(f, &larger, value, network.factor, border) } else { larger }
            }
        };
        (*kind, value)
    });
    larger.collect()
}

/// `color` where there is coverage; elsewhere the colours of what lies near, weighted by coverage.
fn spread(f: &mut Formula, color: &str, alpha: &str, border: PadMode) -> String {
    let sum: f32 = SPREAD.iter().sum();
    let kernel: Vec<f32> = SPREAD.iter().flat_map(|y| SPREAD.map(|x| x * y / (sum * sum))).collect();
    let side = SPREAD.len();
    let kernel = f.weight(Tensor::f32([4, 1, side, side], kernel.repeat(4)));
    let limit = f.vector(&[SEEN]);
    let (mut color, mut weight) = (color.to_string(), alpha.to_string());
    for round in 1..=SPREADS {
        let weighted = f.mul(&color, &weight);
        let both = f.concat(&[&weighted, &weight]);
        let near = f.node(Conv { group: 4, ..Conv::same(side, border) }, &[&both, &kernel]);
        let (colors, weights) = (f.channels(&near, 0..3), f.channels(&near, 3..4));
        let weights = f.max(&weights, 1e-6);
        let mean = f.div(&colors, &weights);
        let is_seen = f.node(Greater {}, &[&weight, &limit]);
        color = f.node(Where {}, &[&is_seen, &color, &mean]);
        if round < SPREADS {
            // What was reached counts fully in the next round.
            let reached = f.scaled(&weights, 1e5, -0.2);
            let reached = f.clip(&reached, 0.0, 1.0);
            weight = f.max(&weight, &reached);
        }
    }
    color
}

/// `larger`, within the range of the pixel under it and its neighbours: no halo around what is cut out.
fn bounded(f: &mut Formula, larger: &str, alpha: &str, factor: usize, border: PadMode) -> String {
    let most = neighbours(f, alpha, factor, border);
    let rest = f.sub(1.0, alpha);
    let least = neighbours(f, &rest, factor, border);
    let least = f.sub(1.0, &least);
    let larger = f.min(larger, &most);
    f.max(&larger, &least)
}

/// The largest of each pixel and its eight neighbours, as large as the result.
fn neighbours(f: &mut Formula, value: &str, factor: usize, border: PadMode) -> String {
    let padded = f.node(Pad { pads: vec![1; 4], mode: border, axes: vec![2, 3], ..Pad::default() }, &[value]);
    let pool = MaxPool { kernel_shape: vec![3; 2], strides: vec![1; 2], ..MaxPool::default() };
    let largest = f.node(pool, &[&padded]);
    f.node(Resize { scales: vec![factor as f32; 2], axes: vec![2, 3], ..Resize::default() }, &[&largest])
}

/// Vectors of length 1.
fn normalized(f: &mut Formula, vectors: &str) -> String {
    let length = f.node(ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, &[vectors]);
    let length = f.max(&length, 1e-6);
    let length = f.sqrt(&length);
    f.div(vectors, &length)
}

fn pixel_art(f: &mut Formula, maps: &Maps, factor: usize, wraps: bool) -> Maps {
    f.part("larger");
    let all: Vec<&str> = maps.values().map(String::as_str).collect();
    let all = if let [one] = all[..] { one.to_string() } else { f.concat(&all) };
    let (colors, alpha) = match maps.get(&OutputKind::BaseColor) {
        Some(colors) => (colors.as_str(), maps.get(&OutputKind::Alpha)),
        None => (all.as_str(), None),
    };
    let border = if wraps { PadMode::Wrap } else { PadMode::Edge };
    let larger = f.enlarged_pixel_art(&all, colors, alpha.map(String::as_str), factor, border);
    let mut first = 0;
    let parts = maps.keys().map(|kind| {
        let end = first + kind.channels().unwrap_or(1) as i64;
        let part = f.channels(&larger, first..end);
        first = end;
        (*kind, part)
    });
    parts.collect()
}
