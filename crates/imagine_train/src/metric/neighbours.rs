//! Precision, recall (Kynkäänniemi et al., NeurIPS 2019), density and coverage (Naeem et al., ICML 2020): whether generated
//! rows lie within the balls that reach from real rows to their k-th neighbours, and the other way round.

use super::{Table, squared_distance};

/// Which neighbour the balls of precision and recall reach to.
const NEIGHBOUR: usize = 3;
/// Which neighbour the balls of density and coverage reach to.
const DENSE_NEIGHBOUR: usize = 5;

/// How two tables lie among each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Neighbourhood {
    /// Share of generated rows in some real ball.
    pub precision: f64,
    /// Share of real rows in some generated ball.
    pub recall: f64,
    /// Real balls that a generated row is in, on average, over k.
    pub density: f64,
    /// Share of real balls with a generated row in them.
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

/// Squared distance of every row to its `k`-th neighbour.
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
