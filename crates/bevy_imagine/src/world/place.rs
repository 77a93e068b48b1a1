//! The patches of a world around its anchors: a quadtree with smaller leaves nearby.

use bevy::math::DVec2;
use bevy::prelude::*;

/// Place of a patch of [`WorldPatches`](crate::WorldPatches), on the entity that shows it.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[reflect(Component, Default, Clone, PartialEq, Hash)]
pub struct PatchPlace {
    /// Level of detail; 0 is the finest, and each level doubles the side.
    pub level: u32,
    /// Column along x, in patches of this level.
    pub column: i32,
    /// Row along z, in patches of this level.
    pub row: i32,
}

impl PatchPlace {
    /// The corner with the smallest x and z, in sides of a patch of level 0.
    pub fn corner(&self) -> DVec2 {
        DVec2::new(f64::from(self.column), f64::from(self.row)) * self.side()
    }

    /// The length of its sides, in sides of a patch of level 0.
    pub fn side(&self) -> f64 {
        f64::from(1u32 << self.level.min(30))
    }

    /// Distance of `place`, in sides of a patch of level 0, from the nearest point of the patch.
    pub fn distance(&self, place: DVec2) -> f64 {
        let nearest = place.clamp(self.corner(), self.corner() + self.side());
        nearest.distance(place)
    }

    /// Whether two patches share more than a border.
    pub fn overlaps(&self, other: &PatchPlace) -> bool {
        let level = self.level.max(other.level);
        let at = |place: &PatchPlace| {
            let shift = (level - place.level).min(31);
            (place.column >> shift, place.row >> shift)
        };
        at(self) == at(other)
    }

    fn quarters(&self) -> [PatchPlace; 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| PatchPlace {
            level: self.level - 1,
            column: 2 * self.column + x,
            row: 2 * self.row + y,
        })
    }
}

/// Level-of-detail rings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rings {
    /// Number of levels, at least 1.
    pub levels: u32,
    /// Patches of the coarsest level on each side of the one with the anchor.
    pub radius: u32,
    /// A patch is split if an anchor is nearer than this many of its sides.
    pub detail: f64,
}

impl Rings {
    /// Patches that cover the plane around `anchors` without overlap, the nearest first. Places are in sides of level 0.
    pub fn places(&self, anchors: &[DVec2]) -> Vec<PatchPlace> {
        let level = self.levels.clamp(1, 16) - 1;
        let radius = self.radius.min(16) as i32;
        let side = f64::from(1u32 << level);
        let mut tops: Vec<PatchPlace> = Vec::new();
        for anchor in anchors.iter().filter(|anchor| anchor.is_finite()) {
            let center = (*anchor / side).floor();
            // Beyond this, coordinates overflow at the finest level.
            let end = (i32::MAX >> (level + 1)) - radius - 1;
            let [column, row] = center.to_array().map(|at| (at as i32).clamp(-end, end));
            for y in -radius..=radius {
                for x in -radius..=radius {
                    let place = PatchPlace { level, column: column + x, row: row + y };
                    if !tops.contains(&place) {
                        tops.push(place);
                    }
                }
            }
        }
        let mut leaves = Vec::new();
        while let Some(place) = tops.pop() {
            let distance = nearest(&place, anchors);
            if place.level > 0 && distance < self.detail * place.side() {
                tops.extend(place.quarters());
            } else {
                leaves.push((distance, place));
            }
        }
        leaves.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        leaves.into_iter().map(|(_, place)| place).collect()
    }
}

fn nearest(place: &PatchPlace, anchors: &[DVec2]) -> f64 {
    anchors.iter().map(|anchor| place.distance(*anchor)).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGS: Rings = Rings { levels: 4, radius: 1, detail: 1.0 };

    #[test]
    fn leaves_cover_the_plane_once() {
        for anchor in [DVec2::new(0.3, -7.9), DVec2::new(-1_048_576.5, 1_048_575.2)] {
            let places = RINGS.places(&[anchor]);
            for (index, place) in places.iter().enumerate() {
                assert!(places[index + 1..].iter().all(|other| !place.overlaps(other)), "{place:?}");
            }
            let area: f64 = places.iter().map(|place| place.side() * place.side()).sum();
            assert_eq!(area, (3.0 * 8.0) * (3.0 * 8.0));
            assert_eq!((places[0].level, places[0].distance(anchor)), (0, 0.0));
            let sides: Vec<f64> = places.iter().map(PatchPlace::side).collect();
            assert!(sides.contains(&8.0) && sides.contains(&4.0) && sides.contains(&2.0));
        }
    }

    #[test]
    fn two_anchors_share_patches() {
        let [a, b] = [DVec2::ZERO, DVec2::new(9.0, 0.0)];
        let both = RINGS.places(&[a, b]);
        for (index, place) in both.iter().enumerate() {
            assert!(both[index + 1..].iter().all(|other| !place.overlaps(other)), "{place:?}");
        }
        assert!(both.len() < RINGS.places(&[a]).len() + RINGS.places(&[b]).len());
        assert!(RINGS.places(&[DVec2::NAN]).is_empty());
        let rings = Rings { levels: u32::MAX, radius: u32::MAX, detail: 4.0 };
        assert!(!rings.places(&[DVec2::splat(-1e300)]).is_empty());
    }

    #[test]
    fn patches_overlap_their_quarters_only() {
        let place = PatchPlace { level: 2, column: -1, row: 3 };
        for quarter in place.quarters() {
            assert!(quarter.overlaps(&place) && place.overlaps(&quarter));
            assert!(place.corner().cmple(quarter.corner()).all());
        }
        assert!(!place.overlaps(&PatchPlace { level: 0, column: 0, row: 12 }));
        assert!(place.overlaps(&PatchPlace { level: 0, column: -1, row: 15 }));
    }
}
