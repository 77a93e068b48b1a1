//! `Cast` and `CastLike`, also to types that a graph has no equal of: bfloat16, and integers of 4, 8 and 16 bits.

use imagine_graph::{Add, Cast, DType, Mod, Mul, Sign, Sub};

use super::subgraph::Subgraph;
use crate::array::Array;
use crate::attributes::invalid;
use crate::element;
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::tensor::ElementType;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

pub(super) fn cast(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let element = element::of_outputs(&node);
    let to = match node.op.as_str() {
        "CastLike" => node.input(1)?.types[0].dtype,
        _ => node.attributes.take_dtype("to")?.ok_or_else(|| invalid("to", "is missing"))?,
    };
    // It concerns 8-bit floats only, which are refused.
    node.attributes.take_int("saturate", 1)?;
    node.reject_unknown_attributes()?;
    let from = node.input(0)?.clone();
    if from.element == element && from.types[0].dtype == to {
        return Ok(vec![from]);
    }
    let mut graph = Subgraph { importer, name: &node.name };
    // Other floats become 32-bit floats, which hold their values.
    let bfloat16 = element == Some(ElementType::Bfloat16) && from.types[0].dtype != DType::Bool;
    let from = match (element, from.types[0].dtype) {
        (Some(ElementType::Bfloat16), DType::I32) => graph.op(Cast::to(DType::F32), &[&from])?,
        (Some(narrow @ (ElementType::Int4 | ElementType::Uint4)), dtype) => {
            let whole = if dtype == DType::F32 { graph.rounded(&from)? } else { from };
            graph.wrapped(&whole, narrow)?
        }
        (Some(narrow), DType::I32) if from.element.is_some() => graph.wrapped(&from, narrow)?,
        _ => from,
    };
    if from.types[0].dtype == to && !bfloat16 {
        return Ok(vec![from]);
    }
    importer.emit_op(Cast { to, bfloat16 }.into(), &[Some(from)], &node.outputs, &node.name)
}

impl Subgraph<'_, '_> {
    /// Floats as the nearest integers, halves away from zero: what onnxruntime does on the way to 4 bits, where ONNX says nothing.
    fn rounded(&mut self, floats: &Value) -> Result<Value> {
        let half = self.number(0.5);
        let sign = self.op(Sign {}, &[floats])?;
        let half = self.op(Mul {}, &[&sign, &half])?;
        let beyond = self.op(Add {}, &[floats, &half])?;
        self.op(Cast::to(DType::I32), &[&beyond])
    }

    /// Integers whose higher bits are dropped, as ONNX narrows integers. `narrow` may have all their values already.
    fn wrapped(&mut self, integers: &Value, narrow: ElementType) -> Result<Value> {
        let Some([low, high]) = narrow.range() else { return Ok(integers.clone()) };
        let fits = |[from_low, from_high]: [i64; 2]| low <= from_low && from_high <= high;
        if integers.types[0].dtype == DType::Bool || integers.element.and_then(ElementType::range).is_some_and(fits) {
            return Ok(integers.clone());
        }
        let is_unsigned = low == 0;
        let number = |value: i64| self.importer.constant("", Array::ints(&[], vec![value]));
        let (low, count) = (number(low), number(high - low + 1));
        if is_unsigned {
            return self.op(Mod { fmod: false }, &[integers, &count]);
        }
        let above = self.op(Sub {}, &[integers, &low])?;
        let within = self.op(Mod { fmod: false }, &[&above, &count])?;
        self.op(Add {}, &[&within, &low])
    }
}
