//! Fits an exemplar and its recipe to each other: resamples so that periods are powers of two in texels.

use imagine_codec::{Maps, MapsError};

use crate::lattice::{Courses, Regularity, courses, phase, regularity};
use crate::recipe::Recipe;
use crate::resample::{cropped, resampled, rolled};

/// Shortest and longest period in texels after resampling.
const PERIODS: std::ops::RangeInclusive<usize> = 4..=128;
/// Largest side after resampling, relative to the side before.
const LARGEST: f64 = 1.5;
/// What resampling, and joining several periods to one, costs beside a change of proportions.
const RESAMPLED: f64 = 0.3;
const JOINED: f64 = 0.12;

/// Resamples maps that tile so that their periods are powers of two, and returns them with a recipe. Irregular exemplars get
/// sides that can be halved down to four to seven places. An exemplar that repeats its texels exactly is cropped to one copy. A period
/// begins where periods look most alike: at a joint.
pub fn fit(maps: &Maps) -> Result<(Maps, Recipe), MapsError> {
    let (down, right) = regularity(maps);
    let cut = |regularity: Regularity, side: usize| match regularity {
        Regularity::Copies(count) if side.is_multiple_of(count) && side / count >= 64 => side / count,
        _ => side,
    };
    let (height, width) = (cut(down, maps.height()), cut(right, maps.width()));
    if (height, width) != (maps.height(), maps.width()) {
        return fit(&cropped(maps, height, width)?);
    }
    let (laid_down, laid_right) = match (down, right) {
        (Regularity::Irregular, Regularity::Irregular) => laid(maps),
        regular => regular,
    };
    let (rows, columns) = axes(laid_down, laid_right, height, width);
    let wanted = match (rows.period, columns.period) {
        (None, None) => halvings(height.min(width)),
        (Some(period), None) | (None, Some(period)) => period.ilog2() as usize,
        // A cell of the coarsest level is a whole number of periods along both axes, if the sides allow it.
        (Some(a), Some(b)) => {
            let fits = |side: usize| side.is_multiple_of(a.max(b)) && side >= 4 * a.max(b);
            (if fits(rows.side) && fits(columns.side) { a.max(b) } else { a.min(b) }).ilog2() as usize
        }
    };
    let halvings = wanted.min(halvings(rows.side)).min(halvings(columns.side));
    let side = |axis: &Axis| axis.period.map_or_else(|| whole(axis.side, 1 << halvings), |_| axis.side);
    let (height, width) = (side(&rows), side(&columns));
    let fitted =
        if (height, width) == (maps.height(), maps.width()) { maps.clone() } else { resampled(maps, height, width)? };
    let cut = |down: bool, axis: &Axis, other: &Axis| axis.period.map_or(0, |p| phase(&fitted, down, p, other.period));
    let fitted = match (cut(true, &rows, &columns), cut(false, &columns, &rows)) {
        (0, 0) => fitted,
        (down, right) => rolled(&fitted, down, right),
    };
    let lattice = |axis: &Axis, fixed: bool, side: usize| if fixed { side } else { axis.period.unwrap_or(1) } as u32;
    // Stripes along one axis may slide along it; across it they stay where they are, unless they repeat there.
    let (fixed_rows, fixed_columns) = (
        right == Regularity::Striped && rows.period.is_none(),
        down == Regularity::Striped && columns.period.is_none(),
    );
    let lattice = (lattice(&rows, fixed_rows, height), lattice(&columns, fixed_columns, width));
    let free = Recipe::free(height, width);
    let recipe = match (rows.period, columns.period) {
        (None, None) if lattice == (1, 1) => Recipe { halvings, ..free },
        // Whole cells of the lattice are exchanged; nothing is left to match.
        (Some(_), Some(_)) => Recipe { halvings, block: 1, moves: vec![0], passes: vec![0], lattice, ..free },
        _ => Recipe { halvings, moves: vec![0, 200, 128, 128, 50], lattice, ..free },
    };
    Ok((fitted, recipe))
}

/// The regularity of an exemplar without periods: courses of about the same height repeat along one axis.
fn laid(maps: &Maps) -> (Regularity, Regularity) {
    match courses(maps) {
        Some(Courses { down: true, count: Some(count), .. }) => (Regularity::Periodic(count), Regularity::Irregular),
        Some(Courses { down: false, count: Some(count), .. }) => (Regularity::Irregular, Regularity::Periodic(count)),
        _ => (Regularity::Irregular, Regularity::Irregular),
    }
}

/// An axis after resampling.
#[derive(Clone, Copy)]
struct Axis {
    side: usize,
    period: Option<usize>,
}

/// Both axes after resampling, with proportions like before: one without a period is resampled as much as the other.
fn axes(down: Regularity, right: Regularity, height: usize, width: usize) -> (Axis, Axis) {
    let free = |side: usize| Axis { side, period: None };
    let scaled = |side: usize, other: Axis, before: usize| free(side * other.side / before);
    let (rows, columns) = (periods(down, height), periods(right, width));
    let resampled = |axis: &Axis, before: usize| (axis.side as f64 / before as f64).ln();
    let cheapest = |axes: Vec<(Axis, f64)>, before: usize| {
        let cost = |(axis, joined): &(Axis, f64)| RESAMPLED * resampled(axis, before).abs() + joined;
        axes.into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).map(|(axis, _)| axis)
    };
    if rows.is_empty() || columns.is_empty() {
        return match (cheapest(rows, height), cheapest(columns, width)) {
            (Some(rows), _) => (rows, scaled(width, rows, height)),
            (None, Some(columns)) => (scaled(height, columns, width), columns),
            (None, None) => (free(height), free(width)),
        };
    }
    let pairs = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
    let cost = |(row, column): &(&(Axis, f64), &(Axis, f64))| {
        let (down, right) = (resampled(&row.0, height), resampled(&column.0, width));
        (down - right).abs() + RESAMPLED * (down.abs() + right.abs()) / 2.0 + row.1 + column.1
    };
    let (row, column) = pairs.min_by(|a, b| cost(a).total_cmp(&cost(b))).expect("both have periods");
    (row.0, column.0)
}

/// Periods that an axis can have after resampling, with the cost of joining several to one.
fn periods(regularity: Regularity, side: usize) -> Vec<(Axis, f64)> {
    let (Regularity::Periodic(count) | Regularity::Copies(count)) = regularity else { return Vec::new() };
    let joined = (1..=count / 2).filter(|joined| count.is_multiple_of(*joined));
    let axes = joined.flat_map(|joined| {
        let count = count / joined;
        let power = (side as f64 / count as f64).log2();
        let axis = move |power: f64| Axis { side: power.exp2() as usize * count, period: Some(power.exp2() as usize) };
        [axis(power.floor()), axis(power.ceil())].map(|axis| (axis, JOINED * (joined as f64).ln()))
    });
    let fits =
        |axis: &Axis| axis.period.is_some_and(|p| PERIODS.contains(&p)) && axis.side as f64 <= LARGEST * side as f64;
    axes.filter(|(axis, _)| fits(axis)).collect()
}

/// The most halvings of a side: they leave four to seven places.
fn halvings(side: usize) -> usize {
    (side / 4).max(1).ilog2() as usize
}

/// The multiple of `multiple` nearest to `side`, at least four of them.
fn whole(side: usize, multiple: usize) -> usize {
    ((side + multiple / 2) / multiple).max(4) * multiple
}

/// Crops maps that do not tile, equally on all sides, to sides that can be halved down to four to seven places, and returns them with a
/// recipe.
pub fn fit_bounded(maps: &Maps) -> Result<(Maps, Recipe), MapsError> {
    let halvings = halvings(maps.height().min(maps.width()));
    let side = |length: usize| length >> halvings << halvings;
    let (height, width) = (side(maps.height()), side(maps.width()));
    let rolled = rolled(maps, (maps.height() - height) / 2, (maps.width() - width) / 2);
    Ok((cropped(&rolled, height, width)?, Recipe { halvings, ..Recipe::free(height, width) }))
}
