//! Maps to the bit: one plane for each channel, predicted from the channel's neighbours and from what the prediction of the channel
//! before missed.

use crate::coder::{Coder, Ended};
use crate::fit;
use crate::maps::Maps;
use crate::plane::{Coding, Contexts, Plane};

/// Writes maps.
pub(crate) fn encode(coder: &mut impl Coder, maps: &Maps) {
    let mut contexts = Contexts::default();
    let mut planes: Vec<Plane> = Vec::new();
    for channel in 0..maps.channels() {
        let values = maps.texels().iter().skip(channel).step_by(maps.channels()).map(|byte| i16::from(*byte));
        let mut plane = Plane::of(maps.height(), maps.width(), values);
        let mut coding = fit::median(&mut plane, &planes);
        coding.code(coder);
        plane.code(coder, &mut contexts, &coding, &planes).expect("writing does not end");
        planes.push(plane);
    }
}

/// Reads the texels of maps, `[height, width, channels]`.
pub(crate) fn decode(coder: &mut impl Coder, height: usize, width: usize, channels: usize) -> Result<Vec<u8>, Ended> {
    let mut contexts = Contexts::default();
    let mut planes: Vec<Plane> = Vec::new();
    let mut texels = vec![0; height * width * channels];
    for channel in 0..channels {
        let (mut plane, mut coding) = (Plane::new(height, width), Coding::default());
        coding.code(coder);
        plane.code(coder, &mut contexts, &coding, &planes)?;
        let values = plane.rows().flatten().map(|value| (*value).clamp(0, 255) as u8);
        texels.iter_mut().skip(channel).step_by(channels).zip(values).for_each(|(texel, value)| *texel = value);
        planes.push(plane);
    }
    Ok(texels)
}
