//! The sizes of a generator. A request asks for the size of the output, so the network's open dimensions become fractions of that.

use imagine_graph::{Axis, Dim, Extent, Graph, OutputKind, Ratio, Size, SizeRule, Symbol};
use num_integer::Integer;

use super::maps::layout_of;
use crate::error::{Fault, ImportError};
use crate::external::ExternalData;
use crate::import::{Import, import_model};
use crate::inputs::{Options, ValueInfo};
use crate::proto::ModelProto;
use crate::roles::Roles;

/// Maximum step between sizes to try.
const MAX_MULTIPLE: usize = 256;

/// Maximum size that the search for the smallest size tries.
const MAX_SMALLEST: usize = 1024;

/// Side of the example in a message.
const EXAMPLE: usize = 256;

/// Imports the network with its open dimensions as fractions of the output's size.
pub(super) fn import(
    model: &ModelProto,
    external: ExternalData,
    options: &Options,
    roles: &Roles,
) -> Result<Import, ImportError> {
    let import = import_model(model, external, options)?;
    let is_map = |info: &&ValueInfo| {
        info.shape.len() == 4 && roles.outputs.get(&info.name).is_none_or(|role| role.kind != OutputKind::Tensor)
    };
    let Some(map) = import.outputs.iter().find(is_map) else { return Ok(import) };
    let Some(sides) = sides(&import, map)? else { return Ok(import) };
    let mut ratios = [Ratio::ONE; 2];
    let mut odd = false;
    for (axis, ratio) in Axis::ALL.into_iter().zip(&mut ratios) {
        match (axis, import.probes.dim(&sides[axis as usize])) {
            (_, Some(Dim::Fixed(_))) => {}
            (Axis::Height, Some(Dim::Symbol(Symbol::Height(found))))
            | (Axis::Width, Some(Dim::Symbol(Symbol::Width(found)))) => *ratio = found,
            _ => odd = true,
        }
    }
    if odd {
        return Err(Fault::OddSize { output: map.name.clone(), reason: odd_size(&import, &sides) }.into());
    }
    if ratios == [Ratio::ONE; 2] {
        return Ok(import);
    }
    let [height, width] = ratios;
    let mut options = options.clone();
    for info in &import.inputs {
        for (axis, dim) in info.shape.iter().enumerate() {
            let symbol = match dim {
                Dim::Symbol(Symbol::Height(ratio)) => over(*ratio, height).map(Symbol::Height),
                Dim::Symbol(Symbol::Width(ratio)) => over(*ratio, width).map(Symbol::Width),
                _ => continue,
            };
            options.dims.extend(symbol.map(|symbol| (format!("{}/{axis}", info.name), Dim::Symbol(symbol))));
        }
    }
    // Probe sizes must be divisible by the fractions' denominators.
    let enlarged = height.numerator.saturating_mul(width.numerator / height.numerator.gcd(&width.numerator).max(1));
    options.size_multiple = Some(import.probes.multiple().saturating_mul(enlarged));
    import_model(model, external, &options)
}

/// Heights and widths of an output at every probe size.
fn sides(import: &Import, map: &ValueInfo) -> Result<Option<[Vec<usize>; 2]>, ImportError> {
    let Some(index) = import.graph.outputs.iter().position(|output| output.name == map.name) else { return Ok(None) };
    let valid = import.graph.validate()?;
    let [_, height, width] = layout_of(map).axes();
    let mut sides = [Vec::new(), Vec::new()];
    for &size in &import.probes.0 {
        let bound = valid.bind(size)?;
        let shape = &bound.value_type(valid.outputs()[index]).shape;
        sides[0].push(shape[height]);
        sides[1].push(shape[width]);
    }
    Ok(Some(sides))
}

/// `a / b`.
fn over(a: Ratio, b: Ratio) -> Option<Ratio> {
    let (numerator, denominator) = (a.numerator.checked_mul(b.denominator)?, a.denominator.checked_mul(b.numerator)?);
    Some(Ratio::new(numerator, denominator).reduced())
}

/// How an output's size follows from the input's, and what to do.
fn odd_size(import: &Import, sides: &[Vec<usize>; 2]) -> String {
    let mut fixed = Vec::new();
    for info in &import.inputs {
        for (axis, dim) in info.shape.iter().enumerate() {
            let example = Size::new(EXAMPLE, EXAMPLE);
            let side = dim.bind(example).filter(|_| matches!(dim, Dim::Symbol(Symbol::Height(_) | Symbol::Width(_))));
            fixed.extend(side.map(|side| format!("--dim {}/{axis}={side}", info.name)));
        }
    }
    let sizes = || import.probes.0.iter();
    let lines = [line(sizes().map(|s| s.height), &sides[0]), line(sizes().map(|s| s.width), &sides[1])];
    let (rule, mended) = match lines {
        [Some((height, rows)), Some((width, columns))] => {
            let size = format!("({}) x ({})", side_rule(width, columns, "width"), side_rule(height, rows, "height"));
            let (cause, mended) = if rows.max(columns) > 0 {
                ("a transposed convolution has too little padding for its kernel", "with more padding there")
            } else {
                ("convolutions without padding cut the border", "with padding")
            };
            let rule = format!(
                "is {size} pixels for an input of width x height, and a generator needs a fixed fraction or multiple: usually \
                 {cause}"
            );
            (rule, mended)
        }
        _ => {
            let probes: Vec<_> = sizes().map(|s| format!("{}x{}", s.width, s.height)).collect();
            let made: Vec<_> = sides[1].iter().zip(&sides[0]).map(|(w, h)| format!("{w}x{h}")).collect();
            let rule = format!(
                "is {} pixels for inputs of {}, and a generator needs a fixed fraction or multiple",
                made.join(", "),
                probes.join(", ")
            );
            (rule, "so that the output's size is one")
        }
    };
    format!(
        "{rule}. Fix the input's size with {} (or `dims` of the roles file), or export the network {mended}",
        fixed.join(" ")
    )
}

/// A side of the output, such as `2 * width + 1`.
fn side_rule(factor: Ratio, sum: i64, side: &str) -> String {
    let times = match (factor.numerator, factor.denominator) {
        (1, 1) => String::new(),
        (n, 1) => format!("{n} * "),
        (n, d) => format!("{n}/{d} * "),
    };
    let sign = if sum < 0 { '-' } else { '+' };
    let rest = if sum == 0 { String::new() } else { format!(" {sign} {}", sum.unsigned_abs()) };
    format!("{times}{side}{rest}")
}

/// The factor and the sum of the line through all points.
fn line(sizes: impl Iterator<Item = usize>, made: &[usize]) -> Option<(Ratio, i64)> {
    let points: Vec<(i64, i64)> = sizes.map(|s| s as i64).zip(made.iter().map(|&m| m as i64)).collect();
    let [(x0, y0), (x1, y1), ..] = points[..] else { return None };
    let (run, rise) = if x1 < x0 { (x0 - x1, y0 - y1) } else { (x1 - x0, y1 - y0) };
    let factor = Ratio::new(usize::try_from(rise).ok()?, usize::try_from(run).ok()?);
    let on_line = |&(x, y): &(i64, i64)| (y - y0).checked_mul(run) == (x - x0).checked_mul(rise);
    let sum = (y0 * run - x0 * rise).checked_div(run)?;
    points.iter().all(on_line).then_some((factor.reduced(), sum))
}

/// The smallest size and the step between sizes at which the graph can be bound. A side that the network fixes has one length.
pub(super) fn rule(graph: &Graph, size: Size) -> Result<SizeRule, ImportError> {
    let valid = graph.validate()?;
    let open = |wanted: fn(&Symbol) -> bool| {
        let mut dims = graph.inputs.iter().flat_map(|input| &input.shape);
        dims.any(|dim| matches!(dim, Dim::Symbol(symbol) if wanted(symbol)))
    };
    let bound = valid.bind(size)?;
    let made = valid.outputs().iter().find_map(|value| match bound.value_type(*value).shape.as_slice() {
        [_, _, height, width] => Some([*height, *width]),
        _ => None,
    });
    let is_open =
        [open(|symbol| matches!(symbol, Symbol::Height(_))), open(|symbol| matches!(symbol, Symbol::Width(_)))];
    // A fixed side is as the network makes it.
    let side = |axis: usize, asked: usize| made.filter(|_| !is_open[axis]).map_or(asked, |made| made[axis]);
    let at = |asked: [usize; 2]| [side(0, asked[0]), side(1, asked[1])];
    let fits = |asked: [usize; 2]| {
        let [height, width] = at(asked);
        let bound = valid.bind(Size::new(height, width));
        bound.is_ok_and(|bound| {
            valid.outputs().iter().all(|value| match bound.value_type(*value).shape.as_slice() {
                [_, _, found @ ..] if found.len() == 2 => *found == [height, width],
                _ => true,
            })
        })
    };
    if let (true, Some([height, width])) = (is_open == [false; 2], made) {
        let only = Extent { height, width };
        return Ok(SizeRule { multiple: only, min: only, tiles: false });
    }
    let beyond = |more: usize| [size.height.saturating_add(more), size.width.saturating_add(more)];
    let all_fit = |step: usize| (0..4).all(|count| fits(beyond(count * step)));
    let step = (1..=MAX_MULTIPLE).find(|step| all_fit(*step)).ok_or(Fault::NoSize { most: MAX_MULTIPLE })?;
    let known_to_fit = size.height.max(size.width).min(MAX_SMALLEST);
    let least = (1..).map(|count| count * step).find(|&side| side >= known_to_fit || fits([side; 2]));
    let [multiple, min] = [step, least.unwrap_or(step)].map(|side| {
        let [height, width] = at([side; 2]);
        Extent { height, width }
    });
    Ok(SizeRule { multiple, min, tiles: false })
}
