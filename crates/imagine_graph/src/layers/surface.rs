//! The maps of a surface as values of a graph: all but the normal as channels of one value, in linear light, so that layers are
//! blended by few passes.

use super::instance::Instance;
use crate::formulas::Formula;
use crate::graph::{ColorSpace, OutputKind};
use crate::ops::{Greater, Where};

/// What a map is where a generator makes none.
fn default_value(kind: OutputKind) -> f32 {
    match kind {
        OutputKind::Alpha | OutputKind::Occlusion => 1.0,
        OutputKind::BaseColor | OutputKind::Height | OutputKind::Roughness => 0.5,
        _ => 0.0,
    }
}

/// The maps of a surface.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    /// `[N, 3, H, W]`, or a constant.
    pub normal: Option<String>,
    /// All other maps, `[N, C, H, W]`; `None` if there is none.
    pub packed: Option<String>,
}

/// Which channel of [`Surface::packed`] is which map: the maps that any layer makes.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels {
    kinds: Vec<OutputKind>,
    pub has_normal: bool,
}

impl Channels {
    /// The maps `kinds`, in order.
    pub fn new(kinds: impl IntoIterator<Item = OutputKind>) -> Self {
        let mut channels = Self::default();
        for kind in kinds {
            match kind {
                OutputKind::Normal => channels.has_normal = true,
                kind => channels.kinds.push(kind),
            }
        }
        channels
    }

    /// The maps, with their number of channels.
    pub fn kinds(&self) -> impl Iterator<Item = (OutputKind, usize)> {
        self.kinds.iter().map(|kind| (*kind, kind.channels().unwrap_or(1)))
    }

    /// First channel and number of channels of a map.
    pub fn range(&self, kind: OutputKind) -> Option<(usize, usize)> {
        let mut first = 0;
        for (other, count) in self.kinds() {
            if other == kind {
                return Some((first, count));
            }
            first += count;
        }
        None
    }

    /// One number for each channel, as a constant `[1, C, 1, 1]`.
    pub fn vector(&self, f: &mut Formula, value: impl Fn(OutputKind, usize) -> f32) -> String {
        let values: Vec<f32> = self
            .kinds()
            .flat_map(|(kind, count)| (0..count).map(move |c| (kind, c)))
            .map(|(k, c)| value(k, c))
            .collect();
        f.vector(&values)
    }

    /// The channels of a map.
    pub fn of(&self, f: &mut Formula, packed: &str, kind: OutputKind) -> Option<String> {
        let (first, count) = self.range(kind)?;
        Some(match self.kinds.len() {
            1 => packed.into(),
            _ => f.channels(packed, first as i64..(first + count) as i64),
        })
    }
}

impl Surface {
    /// The maps of a generator, with defaults for those that it does not make.
    pub fn of(f: &mut Formula, channels: &Channels, instance: &Instance) -> Self {
        let mut parts: Vec<String> = Vec::new();
        let mut empty = None;
        for (kind, count) in channels.kinds() {
            let part = match instance.maps.get(&kind) {
                Some((value, ColorSpace::Srgb)) => linear(f, value),
                Some((value, ColorSpace::Linear)) => value.clone(),
                None => {
                    let empty = empty.get_or_insert_with(|| empty_map(f, instance)).clone();
                    let values = f.vector(&vec![default_value(kind); count]);
                    f.add(&empty, &values)
                }
            };
            parts.push(part);
        }
        let packed = match parts.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            parts => Some(f.concat(&parts.iter().map(String::as_str).collect::<Vec<_>>())),
        };
        let normal = instance.maps.get(&OutputKind::Normal).map(|(value, _)| value.clone());
        let normal = channels.has_normal.then(|| normal.unwrap_or_else(|| flat(f)));
        Self { normal, packed }
    }

    /// Declares the maps as outputs: base colour and emissive in linear light.
    pub fn outputs(&self, f: &mut Formula, channels: &Channels) {
        for kind in OutputKind::MAPS {
            let value = match kind {
                OutputKind::Normal => self.normal.clone(),
                kind => self.packed.as_ref().and_then(|packed| channels.of(f, packed, kind)),
            };
            if let Some(value) = value {
                f.output(&value, kind).color_space = ColorSpace::Linear;
            }
        }
    }
}

/// A flat surface's normal.
fn flat(f: &mut Formula) -> String {
    f.vector(&[0.0, 0.0, 1.0])
}

/// Zeros, one channel, of the size of the generator's maps.
fn empty_map(f: &mut Formula, instance: &Instance) -> String {
    let any = instance.maps.values().next().map(|(value, _)| value.clone()).unwrap_or_default();
    let first = f.channels(&any, 0..1);
    f.mul(&first, 0.0)
}

/// Linear light of sRGB: IEC 61966-2-1.
fn linear(f: &mut Formula, value: &str) -> String {
    let low = f.mul(value, 1.0 / 12.92);
    let high = f.scaled(value, 1.0 / 1.055, 0.055 / 1.055);
    let high = f.pow(&high, 2.4);
    let limit = f.vector(&[0.040_45]);
    let is_high = f.node(Greater {}, &[value, &limit]);
    f.node(Where {}, &[&is_high, &high, &low])
}
