//! Precision, recall (Kynkäänniemi et al., NeurIPS 2019), density and coverage (Naeem et al., ICML 2020): whether generated
//! rows lie in the balls around real rows that reach to their k-th neighbours, and vice versa.

use super::Table;
use super::table::squared_distance;

/// k of precision and recall.
const NEIGHBOUR: usize = 3;
/// k of density and coverage.
const DENSE_NEIGHBOUR: usize = 5;

/// How two tables overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Neighbourhood {
    /// Share of generated rows inside any real ball.
    pub precision: f64,
    /// Share of real rows inside any generated ball.
    pub recall: f64,
    /// Mean number of real balls around a generated row, divided by k.
    pub density: f64,
    /// Share of real balls that contain a generated row.
    pub coverage: f64,
}

/// Compares generated with real rows of one width.
pub fn neighbourhood(generated: &Table, real: &Table) -> Neighbourhood {
    let [real_radii, generated_radii] = [real, generated].map(|table| radii(table, NEIGHBOUR));
    let dense_radii = radii(real, DENSE_NEIGHBOUR);
    let (mut inside, mut balls) = (vec![false; generated.len()], 0u32);
    let (mut covered, mut recalled) = (vec![false; real.len()], vec![false; real.len()]);
    for (at, (row, reach)) in generated.rows().zip(&generated_radii).enumerate() {
        for (index, other) in real.rows().enumerate() {
            let distance = squared_distance(row, other);
            inside[at] |= distance <= real_radii[index];
            recalled[index] |= distance <= *reach;
            if distance <= dense_radii[index] {
                balls += 1;
                covered[index] = true;
            }
        }
    }
    let share = |flags: &[bool]| flags.iter().filter(|flag| **flag).count() as f64 / flags.len().max(1) as f64;
    Neighbourhood {
        precision: share(&inside),
        recall: share(&recalled),
        density: f64::from(balls) / (DENSE_NEIGHBOUR * generated.len().max(1)) as f64,
        coverage: share(&covered),
    }
}

/// Squared distance of each row to its `k`-th neighbour.
fn radii(table: &Table, k: usize) -> Vec<f32> {
    let radius = |(index, row): (usize, &[f32])| {
        let others = table.rows().enumerate().filter(|(other, _)| *other != index);
        let mut distances: Vec<f32> = others.map(|(_, other)| squared_distance(row, other)).collect();
        distances.sort_by(f32::total_cmp);
        distances.get(k - 1).or(distances.last()).copied().unwrap_or(0.0)
    };
    table.rows().enumerate().map(radius).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(count: usize, from: f32) -> Table {
        Table { width: 2, values: (0..count).flat_map(|i| [from + (i % 10) as f32, (i / 10) as f32]).collect() }
    }

    #[test]
    fn equals_cover_each_other_strangers_do_not_and_a_part_has_no_recall() {
        let real = grid(100, 0.0);
        let same = neighbourhood(&real, &real);
        assert_eq!((same.precision, same.recall, same.coverage), (1.0, 1.0, 1.0));
        assert_eq!(neighbourhood(&grid(100, 500.0), &real), Neighbourhood::default());
        let corner = neighbourhood(&grid(10, 0.0), &real);
        assert_eq!(corner.precision, 1.0);
        assert!(corner.coverage < 0.5, "{corner:?}");
    }
}
