//! Tones: the bytes that guide a restyle. They are computed of an exemplar here, and of a picture by nodes with the same weights.

use imagine_codec::Maps;
use imagine_graph::OutputKind;

use super::nodes::Nodes;
use super::plane::Plane;
use crate::error::EditError;

/// What guides a restyle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tones {
    /// Luminance and the two differences of colour, of the base colour.
    Colors,
    /// The height.
    Height,
}

/// Luminance, blue and red differences (ITU-R BT.601) of sRGB bytes in 256ths, and what is added before the division.
const OPPONENTS: [([f32; 3], f32); 3] =
    [([77.0, 150.0, 29.0], 128.0), ([-43.0, -85.0, 128.0], 32_896.0), ([128.0, -107.0, -21.0], 32_896.0)];

impl Tones {
    pub fn count(self) -> usize {
        match self {
            Tones::Colors => 3,
            Tones::Height => 1,
        }
    }

    /// The map that the tones are computed from.
    pub fn map(self) -> OutputKind {
        match self {
            Tones::Colors => OutputKind::BaseColor,
            Tones::Height => OutputKind::Height,
        }
    }
}

/// The tones of an exemplar's texels, the first of which gives directions.
pub(super) fn of_exemplar(texels: &Maps, maps: &[(OutputKind, usize)], tones: Tones) -> Result<Vec<Plane>, EditError> {
    let kind = tones.map();
    let first = maps.iter().find(|(found, _)| *found == kind).ok_or(EditError::StyleMap(kind))?.1;
    let byte = |place: usize, channel: usize| i32::from(texels.texels()[place * texels.channels() + first + channel]);
    let plane = |value: &dyn Fn(usize) -> i32| Plane::from_fn(texels.height(), texels.width(), value);
    Ok(match tones {
        Tones::Height => vec![plane(&|place| byte(place, 0))],
        Tones::Colors => OPPONENTS
            .iter()
            .map(|(weights, summand)| {
                plane(&|place| {
                    let sum: i32 = (0..3).map(|channel| weights[channel] as i32 * byte(place, channel)).sum();
                    ((sum + *summand as i32) >> 8).clamp(0, 255)
                })
            })
            .collect(),
    })
}

/// The bytes of an image from 0 to 1.
pub(super) fn bytes(nodes: &mut Nodes, image: &str) -> String {
    let clipped = nodes.clipped(image, [0.0, 1.0]);
    let scaled = nodes.times(&clipped, 255.0);
    nodes.rounded(&scaled)
}

/// The tones of bytes: three channels for colours.
pub(super) fn of_bytes(nodes: &mut Nodes, bytes: &str, tones: Tones) -> String {
    match tones {
        Tones::Height => bytes.into(),
        Tones::Colors => {
            let sums = nodes.mixed("opponents", bytes, &OPPONENTS);
            let values = nodes.share(&sums, 1.0 / 256.0);
            nodes.clipped(&values, [0.0, 255.0])
        }
    }
}

/// The luminance of bytes of colours.
pub(super) fn luminance(nodes: &mut Nodes, bytes: &str) -> String {
    let sum = nodes.mixed("luminance", bytes, &OPPONENTS[..1]);
    nodes.share(&sum, 1.0 / 256.0)
}
