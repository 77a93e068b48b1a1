//! Measures maps on held-back sets, lit from everywhere and from one side, beside heuristics and constants.

use burn::tensor::backend::Backend;
use imagine_burn::{Network, Value};
use imagine_exemplar::height_from_normals;
use imagine_graph::rng::RandomState;
use imagine_graph::{InputKind, OutputKind, Size, Tensor, ValidGenerator, ValidGraph};
use serde::{Deserialize, Serialize};

use super::data::{Material, MaterialSet};
use super::fields::Fields;
use super::heuristic::{self, STRENGTHS};
use super::light::{Light, Photograph};
use super::networks::MULTIPLE;
use crate::core::rng;
use crate::data::{TrainingPicture, resample::byte, sheet};
use crate::error::TrainError;

/// Largest side of what is measured of a set, in pixels.
const SIDE: usize = 256;
/// Mean slope in degrees above which a set counts as one with relief.
const RELIEF: f64 = 6.0;
/// Strengths of the network's slopes that are tried.
const SCALES: [f32; 10] = [0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0];
/// Rows of a contact sheet.
const ROWS: usize = 10;

/// The middle of a set in one light.
#[derive(Clone, Debug)]
pub(super) struct MeasuredMaterial {
    name: String,
    fields: Fields,
    side: usize,
    photograph: Photograph,
}

/// Maps of a photograph as values: base colour in sRGB, slopes, and values from 0 to 1.
struct Made {
    color: [Vec<f32>; 3],
    slopes: [Vec<f32>; 2],
    height: Vec<f32>,
    roughness: Vec<f32>,
    occlusion: Vec<f32>,
}

/// Errors of maps, means over the sets that have the map, in both lights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapsFigures {
    /// Mean angle between normals in degrees.
    pub normal: f64,
    /// That of its slopes at the strength that is best over all sets measured.
    pub normal_scaled: f64,
    /// That of the Sobel filter on brightness, at the strength that is best over all sets measured.
    pub normal_sobel: f64,
    /// That of a level surface.
    pub normal_level: f64,
    /// Correlation of slopes.
    pub slopes: f64,
    /// That of the Sobel filter on brightness.
    pub slopes_sobel: f64,
    /// Root mean square error of the height after the best shift and scale, in deviations of the height: 1 says nothing about it.
    pub height: f64,
    /// That of the surface whose slopes are nearest to the normals.
    pub height_integrated: f64,
    /// That of brightness as a height.
    pub height_brightness: f64,
    /// Mean absolute error of the roughness.
    pub roughness: f64,
    /// That of the mean of all sets learned from.
    pub roughness_constant: f64,
    /// Mean absolute error of the occlusion.
    pub occlusion: f64,
    /// That of the mean of all sets learned from.
    pub occlusion_constant: f64,
    /// Mean absolute error of the base colour, in sRGB values of 0 to 1.
    pub color: f64,
    /// That of the photograph itself.
    pub color_photograph: f64,
}

/// The figures of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapsEvaluation {
    /// Numbers that were learned.
    pub parameters: usize,
    /// Multiplications and additions, counted as one, for each pixel.
    pub macs_per_pixel: f64,
    /// Means over the sets and lights.
    pub mean: MapsFigures,
    /// Means over the sets in the light from everywhere.
    pub overcast: MapsFigures,
    /// Means over the sets in the light from one side.
    pub side_lit: MapsFigures,
    /// Means over the sets with a mean slope of at least 6 degrees.
    pub relief: MapsFigures,
    /// Means over the others.
    pub flat: MapsFigures,
    /// The strength of the slopes that is best over all sets.
    pub strength: f32,
    /// Names, and the figures of each set in both lights.
    pub sets: Vec<(String, MapsFigures)>,
}

/// Means over the sets that are learned from, to compare with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants {
    roughness: f32,
    occlusion: f32,
}

impl Constants {
    pub fn of(set: &MaterialSet) -> Self {
        let mean = |field: fn(&Fields) -> Option<&Vec<f32>>| {
            let known = || set.trained.iter().filter_map(|material| field(&material.fields));
            let mean = |values: &Vec<f32>| values.iter().sum::<f32>() / values.len().max(1) as f32;
            known().map(mean).sum::<f32>() / known().count().max(1) as f32
        };
        Self { roughness: mean(|f| f.roughness.as_ref()), occlusion: mean(|f| f.occlusion.as_ref()) }
    }
}

impl MeasuredMaterial {
    fn new(material: &Material, light: &Light, index: usize) -> Self {
        let side = material.size.iter().copied().min().unwrap_or(0).min(SIDE) / MULTIPLE * MULTIPLE;
        let corner = material.size.map(|length| (length - side) / 2);
        let fields = material.crop(corner, side, 1);
        let photograph = light.photograph(&fields, side, &mut rng::numbered(0, index as u64));
        Self { name: material.name.clone(), fields, side, photograph }
    }

    fn made<B: Backend>(&self, network: &Network<B>, device: &B::Device) -> Result<Made, TrainError> {
        let (side, area) = (self.side, self.side * self.side);
        let input = Tensor::f32([1, 3, side, side], self.photograph.lit.concat());
        let outputs =
            network.run(vec![Value::from_data(&input, device)], Size::new(side, side), RandomState::default())?;
        let mut planes = std::collections::BTreeMap::new();
        for (output, value) in network.graph().graph().outputs.iter().zip(outputs) {
            let data = value.into_data();
            let values = data.as_f32().unwrap_or_default();
            planes.insert(output.kind, values.chunks(area).map(<[f32]>::to_vec).collect::<Vec<_>>());
        }
        let mut take = |kind: OutputKind, count: usize| {
            let found = planes.remove(&kind).unwrap_or_default();
            if found.len() == count { found } else { vec![vec![0.0; area]; count] }
        };
        let normal = take(OutputKind::Normal, 3);
        let slope = |channel: usize, sign: f32| {
            normal[channel].iter().zip(&normal[2]).map(|(along, up)| sign * along / up.max(0.05)).collect()
        };
        let slopes = [slope(0, -1.0), slope(1, 1.0)];
        let mut single = |kind| take(kind, 1).remove(0);
        let (height, roughness, occlusion) =
            (single(OutputKind::Height), single(OutputKind::Roughness), single(OutputKind::Occlusion));
        let color = take(OutputKind::BaseColor, 3).try_into().unwrap_or_default();
        Ok(Made { color, slopes, height, roughness, occlusion })
    }

    /// The figures; those at the best strengths are left 0.
    fn figures(&self, made: &Made, constants: Constants) -> MapsFigures {
        let Fields { height, roughness, occlusion, .. } = &self.fields;
        let level = [vec![0.0; self.side * self.side], vec![0.0; self.side * self.side]];
        let constant = |value: f32| vec![value; self.side * self.side];
        let none = f64::NAN;
        let brightness = heuristic::height(&self.photograph.lit, self.side);
        let error =
            |known: &Option<Vec<f32>>, made: &[f32]| known.as_ref().map_or(none, |known| mean_error(known, made));
        let fit = |made: &[f32]| height.as_ref().map_or(none, |known| fitted_error(known, made));
        MapsFigures {
            normal: heuristic::mean_angle(&made.slopes, &self.fields),
            normal_scaled: 0.0,
            normal_sobel: 0.0,
            normal_level: heuristic::mean_angle(&level, &self.fields),
            slopes: correlation(&made.slopes, &self.fields.slopes),
            slopes_sobel: correlation(&heuristic::slopes(&brightness, self.side, 1.0), &self.fields.slopes),
            height: fit(&made.height),
            height_integrated: fit(&integrated(&made.slopes, self.side)),
            height_brightness: fit(&brightness),
            roughness: error(roughness, &made.roughness),
            roughness_constant: error(roughness, &constant(constants.roughness)),
            occlusion: error(occlusion, &made.occlusion),
            occlusion_constant: error(occlusion, &constant(constants.occlusion)),
            color: mean_error(&self.photograph.delit.concat(), &made.color.concat()),
            color_photograph: mean_error(&self.photograph.delit.concat(), &self.photograph.lit.concat()),
        }
    }
}

impl MapsFigures {
    fn values(&mut self) -> [&mut f64; 15] {
        [
            &mut self.normal,
            &mut self.normal_scaled,
            &mut self.normal_sobel,
            &mut self.normal_level,
            &mut self.slopes,
            &mut self.slopes_sobel,
            &mut self.height,
            &mut self.height_integrated,
            &mut self.height_brightness,
            &mut self.roughness,
            &mut self.roughness_constant,
            &mut self.occlusion,
            &mut self.occlusion_constant,
            &mut self.color,
            &mut self.color_photograph,
        ]
    }

    /// Means; what is no number does not count.
    fn mean<'a>(figures: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut mean, mut counts) = (Self::default(), [0.0f64; 15]);
        for figures in figures {
            let mut figures = *figures;
            for ((sum, count), value) in mean.values().into_iter().zip(&mut counts).zip(figures.values()) {
                if !value.is_nan() {
                    *sum += *value;
                    *count += 1.0;
                }
            }
        }
        mean.values().into_iter().zip(counts).for_each(|(sum, count)| *sum /= count.max(1.0));
        mean
    }

    /// One number, larger if better.
    pub(super) fn score(&self) -> f64 {
        -(self.normal / 15.0 + self.height / 0.8 + self.roughness / 0.15 + self.occlusion / 0.1 + self.color / 0.05)
    }
}

/// Every set in both lights, side by side.
pub(super) fn measured(materials: &[Material]) -> Vec<[MeasuredMaterial; 2]> {
    let of = |(index, material): (usize, &Material)| {
        [Light::OVERCAST, Light::SIDE].map(|light| MeasuredMaterial::new(material, &light, index))
    };
    materials.iter().enumerate().map(of).collect()
}

/// The angles of the Sobel filter for each set and light, at the strength that is best over all of them.
pub(super) fn sobel(materials: &[[MeasuredMaterial; 2]]) -> Vec<[f64; 2]> {
    let angle = |one: &MeasuredMaterial, strength: f32| {
        let height = heuristic::height(&one.photograph.lit, one.side);
        heuristic::mean_angle(&heuristic::slopes(&height, one.side, strength), &one.fields)
    };
    let at = |strength: f32| -> Vec<[f64; 2]> {
        materials.iter().map(|pair| pair.each_ref().map(|one| angle(one, strength))).collect()
    };
    // Without a slope it is no filter.
    let all = STRENGTHS.iter().filter(|strength| **strength > 0.0).map(|strength| at(*strength));
    let sum = |angles: &Vec<[f64; 2]>| angles.iter().flatten().sum::<f64>();
    all.min_by(|one, other| sum(one).total_cmp(&sum(other))).unwrap_or_default()
}

/// The figures of a network for each set and light, and the best strength of its slopes.
pub(super) fn measure<B: Backend>(
    network: &Network<B>,
    materials: &[[MeasuredMaterial; 2]],
    sobel: &[[f64; 2]],
    constants: Constants,
    device: &B::Device,
) -> Result<(Vec<[MapsFigures; 2]>, f32), TrainError> {
    let (mut all, mut scaled) = (Vec::new(), Vec::new());
    for (pair, sobel) in materials.iter().zip(sobel) {
        let mut figures = [MapsFigures::default(); 2];
        let mut angles = [[0.0; SCALES.len()]; 2];
        for (light, one) in pair.iter().enumerate() {
            let made = one.made(network, device)?;
            figures[light] = MapsFigures { normal_sobel: sobel[light], ..one.figures(&made, constants) };
            angles[light] = SCALES.map(|scale| {
                let slopes = made.slopes.each_ref().map(|field| field.iter().map(|slope| scale * slope).collect());
                heuristic::mean_angle(&slopes, &one.fields)
            });
        }
        all.push(figures);
        scaled.push(angles);
    }
    let sum = |scale: usize| scaled.iter().flatten().map(|angles| angles[scale]).sum::<f64>();
    let best = (0..SCALES.len()).min_by(|one, other| sum(*one).total_cmp(&sum(*other))).unwrap_or(0);
    for (figures, angles) in all.iter_mut().flatten().zip(scaled.iter().flatten()) {
        figures.normal_scaled = angles[best];
    }
    Ok((all, SCALES[best]))
}

/// The mean over all sets and lights.
pub(super) fn mean(figures: &[[MapsFigures; 2]]) -> MapsFigures {
    MapsFigures::mean(figures.iter().flatten())
}

/// Measures a generator that makes maps on the held-back sets.
pub fn evaluate<B: Backend>(
    generator: &ValidGenerator,
    set: &MaterialSet,
    device: &B::Device,
) -> Result<MapsEvaluation, TrainError> {
    let materials = measured(&set.held_back);
    let network = Network::<B>::new(&generator.output, device);
    let (figures, strength) = measure(&network, &materials, &sobel(&materials), Constants::of(set), device)?;
    let of_light = |light: usize| MapsFigures::mean(figures.iter().map(|figures| &figures[light]));
    let of_relief = |has_relief: bool| {
        MapsFigures::mean(figures.iter().flatten().filter(|one| (one.normal_level >= RELIEF) == has_relief))
    };
    let names = materials.iter().map(|pair| pair[0].name.clone());
    Ok(MapsEvaluation {
        parameters: generator.output.graph().parameters(),
        macs_per_pixel: crate::metric::macs_per_pixel(&generator.output, 64)?,
        mean: mean(&figures),
        overcast: of_light(0),
        side_lit: of_light(1),
        relief: of_relief(true),
        flat: of_relief(false),
        strength,
        sets: names.zip(figures.iter().map(MapsFigures::mean)).collect(),
    })
}

/// Whether a generator makes normals and height of one picture.
pub fn makes_maps(generator: &ValidGenerator) -> bool {
    let graph = generator.output.graph();
    let has = |kind: OutputKind| graph.outputs.iter().any(|output| output.kind == kind);
    let [input] = &graph.inputs[..] else { return false };
    matches!(input.kind, InputKind::Image(_)) && has(OutputKind::Normal) && has(OutputKind::Height)
}

/// Held-back sets lit from one side: photograph, base colour, normals, the set's own normals, height, its own height, roughness, its own.
pub fn contact_sheet<B: Backend>(
    graph: &ValidGraph,
    set: &MaterialSet,
    device: &B::Device,
) -> Result<image::RgbImage, TrainError> {
    let network = Network::<B>::new(graph, device);
    let mut rows = Vec::new();
    for (index, material) in set.held_back.iter().take(ROWS).enumerate() {
        let one = MeasuredMaterial::new(material, &Light::SIDE, index);
        let made = one.made(&network, device)?;
        let picture = |planes: [&[f32]; 3]| TrainingPicture {
            path: Default::default(),
            sha256: String::new(),
            height: one.side,
            width: one.side,
            planes: planes.map(|plane| plane.iter().map(|value| byte(value * 255.0)).collect()),
        };
        let color = |planes: &[Vec<f32>; 3]| picture(planes.each_ref().map(Vec::as_slice));
        let grey = |plane: &[f32]| picture([plane; 3]);
        let black = vec![0.0; one.side * one.side];
        let known = |plane: Option<&Vec<f32>>| grey(plane.unwrap_or(&black));
        rows.push(vec![
            color(&one.photograph.lit),
            color(&made.color),
            color(&stored_normals(&made.slopes)),
            color(&stored_normals(&one.fields.slopes)),
            grey(&made.height),
            known(one.fields.unit_height().as_ref()),
            grey(&made.roughness),
            known(one.fields.roughness.as_ref()),
        ]);
    }
    Ok(sheet(&rows))
}

/// Normals of slopes as a file stores them.
fn stored_normals([right, down]: &[Vec<f32>; 2]) -> [Vec<f32>; 3] {
    let normal = |at: usize| {
        let length = (right[at].powi(2) + down[at].powi(2) + 1.0).sqrt();
        [-right[at] / length, down[at] / length, length.recip()]
    };
    [0, 1, 2].map(|channel| (0..right.len()).map(|at| 0.5 + 0.5 * normal(at)[channel]).collect())
}

fn mean_error(known: &[f32], made: &[f32]) -> f64 {
    known.iter().zip(made).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / known.len().max(1) as f64
}

/// The surface of slopes, in any unit; borders are no borders of a tile.
fn integrated(slopes: &[Vec<f32>; 2], side: usize) -> Vec<f32> {
    let normals = stored_normals(slopes);
    let stored = |at: usize| [0, 1, 2].map(|channel| byte(normals[channel][at] * 255.0));
    let normals: Vec<u8> = (0..side * side).flat_map(stored).collect();
    height_from_normals(&normals, side, side, false).into_iter().map(f32::from).collect()
}

/// Correlation of slopes, which are 0 in the mean.
fn correlation(one: &[Vec<f32>; 2], other: &[Vec<f32>; 2]) -> f64 {
    let product = |one: &[Vec<f32>; 2], other: &[Vec<f32>; 2]| {
        let pairs = one.iter().flatten().zip(other.iter().flatten());
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    product(one, other) / (product(one, one) * product(other, other)).sqrt().max(1e-12)
}

/// What is left of `known` after the best line through `made`, in deviations of `known`.
fn fitted_error(known: &[f32], made: &[f32]) -> f64 {
    let count = known.len().max(1) as f64;
    let mean = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let (center, other) = (mean(known), mean(made));
    let product = |one: &[f32], a: f64, two: &[f32], b: f64| {
        one.iter().zip(two).map(|(x, y)| (f64::from(*x) - a) * (f64::from(*y) - b)).sum::<f64>()
    };
    let own = product(known, center, known, center);
    let both = product(known, center, made, other);
    let given = product(made, other, made, other);
    let explained = if given > 1e-12 && own > 1e-12 { both * both / (given * own) } else { 0.0 };
    // A height that goes down where the surface goes up explains nothing.
    if both > 0.0 { (1.0 - explained).max(0.0).sqrt() } else { 1.0 }
}
