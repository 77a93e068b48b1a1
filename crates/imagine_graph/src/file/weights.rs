//! Weights as tensors of a file: exact `f32`, or compressed to `f16` or `u8`.
//!
//! A `u8` tensor `q` represents `offset + scale * q`, product and sum each rounded to `f32`; `scale` and `offset` are one number
//! per tensor, or one per index of its first dimension.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use half::f16;
use imagine_codec::Stored;
use num_integer::Integer;

use super::container::{Container, ElementType, Entry};
use super::error::Fault;
use super::parts::parts_mut;
use crate::generator::Generator;
use crate::graph::{Weights, derived};
use crate::tensor::{Tensor, TensorData};

/// How a file stores weights. Biases and other tensors below rank 2 stay `f32`, and so do tensors that the smaller type cannot
/// represent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WeightFormat {
    /// 32-bit floats: exact.
    #[default]
    F32,
    /// 16-bit floats: 11 bits of precision.
    F16,
    /// 8-bit integers with a scale and an offset per index of the first dimension (output channels of `Conv`).
    U8,
}

/// The tensor that holds an exemplar, from which weights of the output graph are computed.
const EXEMPLAR: &str = "exemplar";

/// Minimum length of a row that is worth a scale and an offset.
const MIN_ROW: usize = 16;

/// Sets the weights of `generator` from the tensors of a file.
pub(super) fn decode(container: &Container, generator: &mut Generator) -> Result<(), Fault> {
    let graphs = if generator.recurrence.is_some() { "output, init and step" } else { "output" };
    let exemplar = container.tensors.get(EXEMPLAR).map(|entry| exemplar(container, entry)).transpose()?;
    let companions: BTreeSet<String> = container
        .tensors
        .iter()
        .filter(|(name, entry)| entry.element_type == ElementType::U8 && *name != EXEMPLAR)
        .flat_map(|(name, _)| ["scale", "offset"].map(|part| format!("{name}.{part}")))
        .collect();
    let mut parts: BTreeMap<_, _> = parts_mut(generator).into_iter().collect();
    for (name, entry) in container.tensors.iter().filter(|(name, _)| !companions.contains(*name) && *name != EXEMPLAR) {
        let target = name.split_once('.').and_then(|(part, weight)| Some((parts.get_mut(part)?, weight)));
        let (graph, weight) = target.ok_or_else(|| Fault::TensorName { tensor: name.clone(), graphs })?;
        let data = data(container, name, entry)?;
        graph.weights.insert(weight.into(), Tensor::new(entry.shape.clone(), data));
    }
    if let Some(exemplar) = exemplar {
        let prepared = exemplar.prepare();
        generator.output.weights.set_exemplar(exemplar, prepared);
    }
    Ok(())
}

/// The exemplar of a file.
fn exemplar(container: &Container, entry: &Entry) -> Result<Stored, Fault> {
    if entry.element_type != ElementType::U8 || entry.shape.len() != 1 {
        return Err(Fault::ExemplarType { found: format!("{} {:?}", entry.element_type.name(), entry.shape) });
    }
    let exemplar = Stored::decode(&entry.bytes)?;
    let stored = derived(&exemplar).into_iter().map(|name| format!("output.{name}"));
    match stored.into_iter().find(|name| container.tensors.contains_key(name)) {
        Some(tensor) => Err(Fault::Derived { tensor }),
        None => Ok(exemplar),
    }
}

fn data(container: &Container, name: &str, entry: &Entry) -> Result<TensorData, Fault> {
    let data = match entry.element_type {
        ElementType::F32 => TensorData::F32(floats(&entry.bytes)),
        ElementType::I32 => {
            TensorData::I32(entry.bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
        }
        ElementType::F16 => {
            let wide = |bytes: &[u8; 2]| f16::from_le_bytes(*bytes).to_f32();
            TensorData::F32(entry.bytes.as_chunks().0.iter().map(wide).collect())
        }
        ElementType::U8 => TensorData::F32(dequantized(container, name, entry)?),
        ElementType::Bool => {
            if let Some(index) = entry.bytes.iter().position(|&byte| byte > 1) {
                return Err(Fault::TruthValue { tensor: name.into(), index, value: entry.bytes[index] });
            }
            TensorData::Bool(entry.bytes.iter().map(|&byte| byte == 1).collect())
        }
    };
    Ok(data)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn dequantized(container: &Container, name: &str, entry: &Entry) -> Result<Vec<f32>, Fault> {
    let rows = entry.shape.first().copied().unwrap_or(1);
    let companion = |part: &str| -> Result<Vec<f32>, Fault> {
        let companion = format!("{name}.{part}");
        let found = container.tensors.get(&companion);
        let fits = |found: &&Entry| {
            found.element_type == ElementType::F32 && (found.shape.is_empty() || found.shape == [rows])
        };
        match found.filter(fits) {
            Some(found) => Ok(floats(&found.bytes)),
            None => Err(Fault::Companion {
                tensor: name.into(),
                companion,
                expected: format!("[] or [{rows}]"),
                found: found.map_or("none".into(), |f| format!("{} {:?}", f.element_type.name(), f.shape)),
            }),
        }
    };
    let (scale, offset) = (companion("scale")?, companion("offset")?);
    let row_length = entry.bytes.len() / rows;
    let row_of = |values: &[f32], row: usize| if values.len() == 1 { values[0] } else { values[row] };
    let value = |(index, &q): (usize, &u8)| {
        let row = index / row_length;
        row_of(&offset, row) + row_of(&scale, row) * f32::from(q)
    };
    Ok(entry.bytes.iter().enumerate().map(value).collect())
}

/// Appends the weights of graph `part` as tensors of a file.
pub(super) fn encode(part: &str, weights: &Weights, format: WeightFormat, tensors: &mut Vec<(String, Entry<'static>)>) {
    // The only graph with an exemplar is the output's.
    let exemplar = weights.exemplar().filter(|_| part == "output");
    if let Some(exemplar) = exemplar {
        let bytes = exemplar.encode();
        let entry = Entry { element_type: ElementType::U8, shape: vec![bytes.len()], bytes: Cow::Owned(bytes) };
        tensors.push((EXEMPLAR.into(), entry));
    }
    let derived = exemplar.map(derived).unwrap_or_default();
    for (name, weight) in weights.iter().filter(|(name, _)| !derived.contains(*name)) {
        let name = format!("{part}.{name}");
        let shape = weight.shape.clone();
        let mut push = |name: String, element_type, shape, bytes: Vec<u8>| {
            tensors.push((name, Entry { element_type, shape, bytes: Cow::Owned(bytes) }));
        };
        let values = match &weight.data {
            TensorData::F32(values) => values,
            TensorData::I32(values) => {
                push(name, ElementType::I32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect());
                continue;
            }
            TensorData::Bool(values) => {
                push(name, ElementType::Bool, shape, values.iter().map(|&v| u8::from(v)).collect());
                continue;
            }
        };
        let halves = || (format == WeightFormat::F16 && shape.len() >= 2).then(|| halves(values)).flatten();
        // Other weights may have the names of a quantized tensor's scale or offset.
        let free = |companion| !weights.contains_key(&format!("{}.{companion}", &name[part.len() + 1..]));
        let rows = || {
            let wanted = format == WeightFormat::U8 && shape.len() >= 2 && values.len() >= MIN_ROW * shape[0];
            (wanted && free("scale") && free("offset")).then(|| quantized(values, shape[0])).flatten()
        };
        if let Some(bytes) = halves() {
            push(name, ElementType::F16, shape, bytes);
        } else if let Some(Quantized { bytes, scale, offset }) = rows() {
            let rows = vec![shape[0]];
            push(format!("{name}.scale"), ElementType::F32, rows.clone(), float_bytes(&scale));
            push(format!("{name}.offset"), ElementType::F32, rows, float_bytes(&offset));
            push(name, ElementType::U8, shape, bytes);
        } else {
            push(name, ElementType::F32, shape, float_bytes(values));
        }
    }
}

fn float_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// `None` if a value is too large for `f16`.
fn halves(values: &[f32]) -> Option<Vec<u8>> {
    let halves: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
    halves.iter().all(|v| v.is_finite()).then(|| halves.iter().flat_map(|v| v.to_le_bytes()).collect())
}

struct Quantized {
    bytes: Vec<u8>,
    scale: Vec<f32>,
    offset: Vec<f32>,
}

/// `None` if the values of a row are too close together for their magnitude.
fn quantized(values: &[f32], rows: usize) -> Option<Quantized> {
    let mut result = Quantized { bytes: Vec::with_capacity(values.len()), scale: Vec::new(), offset: Vec::new() };
    for row in values.chunks_exact(values.len() / rows) {
        // A row read from a file is quantized already and must not change.
        let (offset, scale, bytes) = exact_steps(row).or_else(|| exact_steps(&rounded(row)?))?;
        result.offset.push(offset);
        result.scale.push(scale);
        result.bytes.extend(bytes);
    }
    Some(result)
}

/// The row rounded to at most 256 multiples of a scale of eight significant bits, so that products with up to 16 more
/// bits are exact.
fn rounded(row: &[f32]) -> Option<Vec<f32>> {
    let (low, high) = row.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    // Rounding both ends costs one of the 255 intervals.
    let scale = round_up_to_eight_bits((high - low) / 254.0)?;
    let steps = row.iter().map(|v| v / scale);
    let most = f32::from(u16::MAX);
    steps.clone().all(|n| n.abs() < most).then(|| steps.map(|n| n.round_ties_even() * scale).collect())
}

/// `None` if the result would not be a normal number.
fn round_up_to_eight_bits(value: f32) -> Option<f32> {
    const LOW_BITS: u32 = 16;
    let bits = value.to_bits().next_multiple_of(1 << LOW_BITS);
    Some(f32::from_bits(bits)).filter(|rounded| value.is_normal() && rounded.is_finite())
}

/// Offset, scale and steps that represent `row` exactly: the smallest value, and the greatest common divisor of all differences.
/// `None` if a step would exceed 255.
fn exact_steps(row: &[f32]) -> Option<(f32, f32, Vec<u8>)> {
    let unit = row.iter().filter(|v| **v != 0.0).map(|v| lowest_bit(*v)).min().unwrap_or(0);
    let multiples: Vec<i64> = row.iter().map(|&v| multiple(v, unit)).collect::<Option<_>>()?;
    let low = *multiples.iter().min()?;
    let divisor = multiples.iter().fold(0i64, |divisor, m| divisor.gcd(&(m - low))).max(1);
    let steps = multiples.iter().map(|m| u8::try_from((m - low) / divisor).ok()).collect::<Option<Vec<u8>>>()?;
    // Adding zero turns -0 into 0.
    let offset = row.iter().fold(f32::MAX, |low, &v| low.min(v)) + 0.0;
    let scale = if steps.iter().all(|&q| q == 0) { 0.0 } else { (divisor as f64 * (unit as f64).exp2()) as f32 };
    let exact = row.iter().zip(&steps).all(|(&v, &q)| offset + scale * f32::from(q) == v);
    exact.then_some((offset, scale, steps))
}

/// Exponent of the lowest bit set in a finite number other than 0.
fn lowest_bit(value: f32) -> i32 {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, bits & 0x7f_ffff);
    let (exponent, mantissa) = if exponent == 0 { (1, fraction) } else { (exponent, fraction | 0x80_0000) };
    exponent - 150 + mantissa.trailing_zeros() as i32
}

/// `value / 2^unit`, if that is small enough.
fn multiple(value: f32, unit: i32) -> Option<i64> {
    let multiple = f64::from(value) * (-f64::from(unit)).exp2();
    (multiple.abs() < (1u64 << 40) as f64).then_some(multiple as i64)
}
