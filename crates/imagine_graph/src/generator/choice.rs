//! Values of a choice: one option or a weighted mixture, uniform or as a map.
//!
//! A network that reads a choice as weights along an axis accepts mixtures as well: half of one option and half of another, or
//! a map that blends from one to the other.

use crate::tensor::Tensor;

/// The weights of `options` for an input of `shape`; an error says what was expected.
///
/// `given` is the index of an option, a weight per option, or a weight per option and position: a tensor of `shape`, whose
/// first dimension may also be 1. Weights are divided by their sum at each position.
pub(crate) fn fill(
    shape: &[usize],
    options: &[String],
    default: usize,
    given: Option<&Tensor>,
) -> Result<Tensor, String> {
    let count = options.len();
    let expected = || format!("the index of one of {options:?}, a weight per option, or weights of shape {shape:?}");
    let Some(tensor) = given else { return Ok(repeat(shape, &one_hot(count, default))) };
    let values = tensor.as_f32().ok_or_else(expected)?;
    if values.len() == 1 {
        let chosen = values[0];
        let known = (0.0..count as f32).contains(&chosen);
        return if known { Ok(repeat(shape, &one_hot(count, chosen as usize))) } else { Err(expected()) };
    }
    if values.len() == count {
        return normalised(values, count, 1).map(|weights| repeat(shape, &weights));
    }
    let one = shape.len() > 1 && tensor.shape.first() == Some(&1) && tensor.shape[1..] == shape[1..];
    if tensor.shape != shape && !one {
        return Err(expected());
    }
    let weights = normalised(values, count, inner(shape))?;
    let times = shape.iter().product::<usize>() / weights.len().max(1);
    Ok(Tensor::f32(shape, weights.repeat(times)))
}

/// Weights of `options` that sum to 1, from the index of an option, a weight per option, or the default. An error says what was
/// expected.
pub fn choice_weights(options: &[String], default: usize, given: Option<&Tensor>) -> Result<Vec<f32>, String> {
    let filled = fill(&[options.len()], options, default, given)?;
    Ok(filled.as_f32().unwrap_or_default().to_vec())
}

/// Weights by name, as in `moss` or `moss=1,rock=0.5`; `None` for an unknown option or a bad number.
pub(crate) fn parse(text: &str, options: &[String]) -> Option<Tensor> {
    let index = |name: &str| options.iter().position(|option| option.eq_ignore_ascii_case(name.trim()));
    if let Some(index) = index(text) {
        return Some(Tensor::scalar(index as f32));
    }
    let mut weights = vec![0.0; options.len()];
    for part in text.split(',') {
        let (name, weight) = part.split_once('=')?;
        weights[index(name)?] += weight.trim().parse::<f32>().ok().filter(|weight| weight.is_finite())?;
    }
    Some(Tensor::f32([weights.len()], weights))
}

/// A tensor of `shape` that repeats `values` along its second dimension, or along its only one.
pub(crate) fn repeat(shape: &[usize], values: &[f32]) -> Tensor {
    let inner = inner(shape);
    let count: usize = shape.iter().product();
    let elements = (0..count).map(|i| values[i / inner % values.len()]);
    Tensor::f32(shape, elements.collect::<Vec<_>>())
}

/// Elements per option and image.
fn inner(shape: &[usize]) -> usize {
    shape.iter().skip(2).product()
}

fn one_hot(count: usize, chosen: usize) -> Vec<f32> {
    (0..count).map(|index| f32::from(u8::from(index == chosen))).collect()
}

/// Weights of `count` options at `inner` positions, divided by their sum at each position.
fn normalised(weights: &[f32], count: usize, inner: usize) -> Result<Vec<f32>, String> {
    let mut scaled = weights.to_vec();
    for image in scaled.chunks_exact_mut((count * inner).max(1)) {
        for position in 0..inner {
            let at = |option: usize| option * inner + position;
            let sum: f32 = (0..count).map(|option| image[at(option)]).sum();
            let sound = (0..count).all(|option| image[at(option)] >= 0.0) && sum > 0.0 && sum.is_finite();
            if !sound {
                return Err("weights of at least 0, with a positive sum at every position".into());
            }
            (0..count).for_each(|option| image[at(option)] /= sum);
        }
    }
    Ok(scaled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Vec<String> {
        ["Moss", "Bark", "Stone"].map(String::from).to_vec()
    }

    fn filled(given: Tensor) -> Result<Vec<f32>, String> {
        fill(&[2, 3, 1, 2], &options(), 0, Some(&given)).map(|tensor| tensor.as_f32().unwrap().to_vec())
    }

    #[test]
    fn an_index_weights_and_maps_are_accepted() {
        let bark = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0].repeat(2);
        assert_eq!(filled(Tensor::scalar(1.0)), Ok(bark));
        let half = [0.5, 0.5, 0.0, 0.0, 0.5, 0.5].repeat(2);
        assert_eq!(filled(Tensor::f32([3], [2.0, 0.0, 2.0])), Ok(half));
        let map = [1.0, 1.0, 0.0, 3.0, 0.0, 0.0];
        let passed = [1.0, 0.25, 0.0, 0.75, 0.0, 0.0].repeat(2);
        assert_eq!(filled(Tensor::f32([1, 3, 1, 2], map)), Ok(passed.clone()));
        assert_eq!(filled(Tensor::f32([2, 3, 1, 2], map.repeat(2))), Ok(passed));
    }

    #[test]
    fn invalid_weights_are_rejected() {
        for wrong in [3.0, -1.0, f32::NAN] {
            assert!(filled(Tensor::scalar(wrong)).unwrap_err().contains("Moss"), "{wrong}");
        }
        for wrong in [[0.0, 0.0, 0.0], [1.0, -0.5, 0.0], [f32::INFINITY, 0.0, 0.0], [f32::NAN, 1.0, 0.0]] {
            assert!(filled(Tensor::f32([3], wrong)).unwrap_err().contains("at least 0"), "{wrong:?}");
        }
        let hole = Tensor::f32([1, 3, 1, 2], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(filled(hole).unwrap_err().contains("at every position"));
        let wide = Tensor::f32([1, 3, 1, 4], [1.0; 12]);
        assert!(filled(wide).unwrap_err().contains("[2, 3, 1, 2]"));
    }

    #[test]
    fn text_names_one_option_or_weights() {
        let parsed = |text| parse(text, &options()).map(|tensor| tensor.as_f32().unwrap().to_vec());
        assert_eq!(parsed("bark"), Some(vec![1.0]));
        assert_eq!(parsed("moss=1, stone=0.5"), Some(vec![1.0, 0.0, 0.5]));
        for wrong in ["", "oak", "moss=", "moss=1,oak=1", "moss=inf", "moss,bark"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
