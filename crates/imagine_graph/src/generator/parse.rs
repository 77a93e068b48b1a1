//! Parses input values from text, for command lines and files of controls.

use super::choice;
use super::prompt::tokens;
use super::request_error::RequestError;
use crate::graph::{GraphInput, InputKind};
use crate::tensor::color::srgb_to_linear;
use crate::tensor::{DType, Dim, Size, Tensor, TensorData};

/// Parses a value of `input`: a number, the name of an option or weights (`moss=1,rock=0.5`), a prompt, a colour as
/// `#rrggbb` (sRGB) or `r,g,b` (linear), or all elements of a tensor without height and width (`1,2,3`).
pub fn parse_input(input: &GraphInput, text: &str) -> Result<Tensor, RequestError> {
    let fail = |expected: &str| RequestError::Value {
        name: input.name.clone(),
        expected: expected.into(),
        found: format!("{text:?}"),
    };
    let number = |text: &str| text.trim().parse::<f32>().ok().filter(|v| v.is_finite());
    match &input.kind {
        InputKind::Range { .. } => Ok(Tensor::scalar(number(text).ok_or_else(|| fail("a number"))?)),
        InputKind::Choice { options, .. } => choice::parse(text, options)
            .ok_or_else(|| fail(&format!("one of {options:?}, or weights as in {:?}", example(options)))),
        InputKind::Prompt { buckets, .. } => {
            let count = input.shape.get(1).and_then(|count| count.bind(Size::new(1, 1))).unwrap_or(0);
            Ok(Tensor::new(vec![count], TensorData::I32(tokens(text, count, *buckets))))
        }
        InputKind::Color { .. } => {
            let color = parse_color(text).ok_or_else(|| fail("#rrggbb, or three linear numbers r,g,b"))?;
            Ok(Tensor::f32([3], color))
        }
        InputKind::Tensor if input.shape.iter().all(|dim| matches!(*dim, Dim::Fixed(_) | Dim::BATCH)) => {
            let numbers: Option<Vec<f32>> = text.split(',').map(number).collect();
            let shape: Vec<usize> = input.shape.iter().filter_map(|dim| dim.bind(Size::new(1, 1))).collect();
            let count: usize = shape.iter().product();
            let numbers = numbers.filter(|numbers: &Vec<f32>| numbers.len() == count);
            let numbers = numbers.ok_or_else(|| fail(&format!("{count} numbers with commas between them")))?;
            let data = match input.dtype {
                DType::F32 => TensorData::F32(numbers),
                DType::I32 => TensorData::I32(numbers.iter().map(|&v| v as i32).collect()),
                DType::Bool => TensorData::Bool(numbers.iter().map(|&v| v != 0.0).collect()),
            };
            Ok(Tensor::new(shape, data))
        }
        kind => Err(fail(&format!("a value of kind {}, which text cannot express", kind.name()))),
    }
}

/// An example of weights, with the first and the last option.
fn example(options: &[String]) -> String {
    let name = |option: Option<&String>| option.cloned().unwrap_or_default();
    format!("{}=1,{}=0.5", name(options.first()), name(options.last()))
}

fn parse_color(text: &str) -> Option<[f32; 3]> {
    if let Some(hex) = text.trim().strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        return Some([16, 8, 0].map(|shift| srgb_to_linear((value >> shift & 0xff) as f32 / 255.0)));
    }
    let parts: Option<Vec<f32>> =
        text.split(',').map(|part| part.trim().parse().ok().filter(|v: &f32| v.is_finite())).collect();
    parts?.try_into().ok()
}
