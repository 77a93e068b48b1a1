//! A picture with transparency: the colour and the alpha output of a generator as one picture.

use anyhow::{Context, bail};
use imagine_graph::{Generated, GraphOutput, OutputKind, Tensor};

/// Whether the outputs are a colour and its coverage, which one picture holds.
pub fn is_color_and_alpha(wanted: &[GraphOutput]) -> bool {
    let has = |kind| wanted.iter().any(|output| output.kind == kind);
    wanted.len() == 2 && has(OutputKind::BaseColor) && has(OutputKind::Alpha)
}

/// The colour with the coverage as its fourth channel.
pub fn with_alpha(mut generated: Generated) -> anyhow::Result<Generated> {
    let position = |kind| generated.outputs.iter().position(|(output, _)| output.kind == kind);
    let both = position(OutputKind::BaseColor).zip(position(OutputKind::Alpha));
    let (color, alpha) = both.context("expected a colour and an alpha output")?;
    let [batch, _, height, width] = generated.outputs[color].1.shape[..] else {
        bail!("expected a picture, found {}", generated.outputs[color].1.tensor_type());
    };
    let floats = |index: usize| generated.outputs[index].1.as_f32().context("expected floats");
    let pixels = height * width;
    let images = floats(color)?.chunks(3 * pixels).zip(floats(alpha)?.chunks(pixels));
    let values: Vec<f32> = images.flat_map(|(color, alpha)| [color, alpha].concat()).collect();
    generated.outputs[color].1 = Tensor::f32([batch, 4, height, width], values);
    Ok(generated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coverage_becomes_the_fourth_channel() {
        let output = |kind| GraphOutput::new("y", kind);
        let color = (output(OutputKind::BaseColor), Tensor::f32([1, 3, 1, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]));
        let alpha = (output(OutputKind::Alpha), Tensor::f32([1, 1, 1, 2], [0.7, 0.8]));
        assert!(is_color_and_alpha(&[alpha.0.clone(), color.0.clone()]));
        assert!(!is_color_and_alpha(&[color.0.clone(), output(OutputKind::Height)]));
        let made = with_alpha(Generated { outputs: vec![alpha, color], state: None }).unwrap();
        assert_eq!(made.outputs[1].1, Tensor::f32([1, 4, 1, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]));
    }
}
