//! Similar places: for each place those far from it whose four diagonal neighbours look most like its own (k-coherence).
//!
//! The search is exact and over all pairs: a table is made for coarse levels only.

use crate::edges::{Edges, pack};
use crate::projection::DIMENSIONS;
use rayon::prelude::*;
use wide::{CmpLt, i16x8, i32x4};

/// Similar places of each place.
pub const SIMILAR: usize = 8;
/// Candidates by appearance, of which those far enough away are taken.
const NEAREST: usize = 40;
const LENGTH: usize = 4 * DIMENSIONS;

/// What a search covers.
pub struct Search<'a> {
    /// Rows of places.
    pub height: usize,
    /// Columns of places.
    pub width: usize,
    /// How the exemplar continues beyond its edges.
    pub edges: Edges,
    /// Offsets between similar places are multiples of this, rows and columns.
    pub lattice: (usize, usize),
    /// The appearance vector of each place, row by row.
    pub appearance: &'a [[i8; DIMENSIONS]],
}

/// For each place [`SIMILAR`] packed places, most similar first; repeated if there are fewer, the place itself, or the
/// nearest one that may be shown, if there is none.
pub fn similar_places(search: &Search) -> Vec<u32> {
    let places = search.height * search.width;
    let neighbourhoods: Vec<Neighbourhood> =
        (0..places).into_par_iter().map(|place| search.neighbourhood(place)).collect();
    // Only places a multiple of the lattice apart are compared.
    let (rows, columns) = search.lattice;
    let class = |place: usize| place / search.width % rows * columns + place % search.width % columns;
    let mut classes = vec![Vec::new(); rows * columns];
    (0..places).filter(|place| search.is_shown(*place)).for_each(|place| classes[class(place)].push(place as u32));
    let classes: Vec<Class> = classes.into_par_iter().map(|members| Class::of(members, &neighbourhoods)).collect();
    let rows = (0..places).into_par_iter().map(|place| {
        let nearest = classes[class(place)].nearest(&neighbourhoods[place], &neighbourhoods);
        search.far(place, &nearest)
    });
    rows.flat_map_iter(|row| row).collect()
}

/// Places that are compared with each other, four to a group: of each group the two most significant dimensions of all four diagonals,
/// so that one subtraction serves four places.
struct Class {
    places: Vec<u32>,
    groups: Vec<[i16x8; 4]>,
}

impl Class {
    fn of(places: Vec<u32>, neighbourhoods: &[Neighbourhood]) -> Self {
        let group = |places: &[u32]| {
            let lanes = [0, 1, 2, 3]
                .map(|k| places.get(k).map_or([0; 8], |place| neighbourhoods[*place as usize][0].to_array()));
            [0, 2, 4, 6].map(|pair| i16x8::from(std::array::from_fn(|lane| lanes[lane / 2][pair + lane % 2])))
        };
        let groups = places.chunks(4).map(group).collect();
        Self { places, groups }
    }

    fn nearest(&self, own: &Neighbourhood, neighbourhoods: &[Neighbourhood]) -> Nearest {
        let values = own[0].to_array();
        let own_pairs = [0, 2, 4, 6].map(|pair| i16x8::from(std::array::from_fn(|lane| values[pair + lane % 2])));
        let mut nearest = Nearest::default();
        let mut limit = i32x4::splat(nearest.limit());
        for (group, places) in self.groups.iter().zip(self.places.chunks(4)) {
            let square = |k: usize| {
                let difference = own_pairs[k] - group[k];
                difference.dot(difference)
            };
            let first = (square(0) + square(1)) + (square(2) + square(3));
            if first.cmp_lt(limit).none() {
                continue;
            }
            for (first, &place) in first.to_array().into_iter().zip(places) {
                if first < nearest.limit() {
                    let distance = first + rest(own, &neighbourhoods[place as usize]);
                    if distance < nearest.limit() {
                        nearest.add(distance, place);
                        limit = i32x4::splat(nearest.limit());
                    }
                }
            }
        }
        nearest
    }
}

/// For each of `cells` of `made` the squared distance to the nearest neighbourhood of `exemplar`.
pub fn nearest_distances(exemplar: &Search, made: &Search, cells: &[usize]) -> Vec<i32> {
    let places: Vec<usize> = (0..exemplar.height * exemplar.width).filter(|place| exemplar.is_shown(*place)).collect();
    let known: Vec<Neighbourhood> = places.par_iter().map(|place| exemplar.neighbourhood(*place)).collect();
    let nearest = |cell: &usize| {
        let made = made.neighbourhood(*cell);
        known.iter().fold(i32::MAX, |nearest, known| nearest.min(distance(&made, known, nearest)))
    };
    cells.par_iter().map(nearest).collect()
}

/// For each of `places` the squared distance to the nearest neighbourhood that is far away.
pub fn own_distances(exemplar: &Search, places: &[usize]) -> Vec<i32> {
    let all = 0..exemplar.height * exemplar.width;
    let shown: Vec<usize> = all.filter(|place| exemplar.is_shown(*place)).collect();
    let known: Vec<Neighbourhood> = shown.par_iter().map(|place| exemplar.neighbourhood(*place)).collect();
    let nearest = |place: &usize| {
        let own = exemplar.neighbourhood(*place);
        let far = shown.iter().zip(&known).filter(|(other, _)| exemplar.is_far(*place, **other));
        far.fold(i32::MAX, |nearest, (_, known)| nearest.min(distance(&own, known, nearest)))
    };
    places.par_iter().map(nearest).filter(|distance| *distance < i32::MAX).collect()
}

impl Search<'_> {
    fn neighbourhood(&self, place: usize) -> Neighbourhood {
        let (y, x) = (place / self.width, place % self.width);
        let beyond = |at: usize, by: isize, length: usize| match self.edges {
            Edges::Wrap => (at as isize + by).rem_euclid(length as isize) as usize,
            Edges::Bounded => (at as isize + by).clamp(0, length as isize - 1) as usize,
        };
        let mut all = [0; LENGTH];
        for (diagonal, (down, right)) in [(-1, -1), (-1, 1), (1, -1), (1, 1)].into_iter().enumerate() {
            let vector = self.appearance[beyond(y, down, self.height) * self.width + beyond(x, right, self.width)];
            vector.into_iter().enumerate().for_each(|(k, value)| all[4 * k + diagonal] = value.into());
        }
        std::array::from_fn(|k| i16x8::from(<[i16; 8]>::try_from(&all[8 * k..8 * k + 8]).expect("eight values")))
    }

    fn is_shown(&self, place: usize) -> bool {
        let (y, x) = (place / self.width, place % self.width);
        let inside = |at: usize, length: usize| {
            let margin = self.edges.margin(length as u32) as usize;
            at >= margin && at + margin < length
        };
        inside(y, self.height) && inside(x, self.width)
    }

    /// Whether two places are more than a twentieth of the side apart, and more than one place.
    fn is_far(&self, one: usize, other: usize) -> bool {
        let apart = |a: usize, b: usize, length: usize| match self.edges {
            Edges::Wrap => a.abs_diff(b).min(length - a.abs_diff(b)),
            Edges::Bounded => a.abs_diff(b),
        };
        let rows = apart(one / self.width, other / self.width, self.height);
        let columns = apart(one % self.width, other % self.width, self.width);
        rows.max(columns) * 20 > self.height.max(20)
    }

    /// The nearest places that are far away.
    fn far(&self, place: usize, nearest: &Nearest) -> [u32; SIMILAR] {
        let others = nearest.found.iter().map(|(_, other)| *other as usize);
        let far = others.filter(|other| self.is_far(place, *other));
        let far: Vec<u32> =
            far.take(SIMILAR).map(|other| pack((other / self.width) as u32, (other % self.width) as u32)).collect();
        // The place itself, or the nearest one that may be shown.
        let inside = |at: usize, length: usize| {
            let margin = self.edges.margin(length as u32) as usize;
            at.clamp(margin, (length - 1 - margin).max(margin)) as u32
        };
        let itself = pack(inside(place / self.width, self.height), inside(place % self.width, self.width));
        std::array::from_fn(|k| if far.is_empty() { itself } else { far[k % far.len()] })
    }
}

/// The nearest places so far, nearest first; ties keep the first added.
#[derive(Default)]
struct Nearest {
    found: Vec<(i32, u32)>,
}

impl Nearest {
    /// A place must be nearer than this to be added.
    #[inline]
    fn limit(&self) -> i32 {
        if self.found.len() < NEAREST { i32::MAX } else { self.found[NEAREST - 1].0 }
    }

    fn add(&mut self, distance: i32, place: u32) {
        self.found.truncate(NEAREST - 1);
        let at = self.found.partition_point(|(known, _)| *known <= distance);
        self.found.insert(at, (distance, place));
    }
}

/// Appearance of four diagonal neighbours; the two most significant dimensions of all four come first.
type Neighbourhood = [i16x8; LENGTH / 8];

/// The squared distance; at least `limit`, and not exact, if it is not below `limit`.
#[inline]
fn distance(a: &Neighbourhood, b: &Neighbourhood, limit: i32) -> i32 {
    let difference = a[0] - b[0];
    let first = difference.dot(difference).reduce_add();
    if first >= limit { first } else { first + rest(a, b) }
}

/// The squared distance in all but the two most significant dimensions.
#[inline]
fn rest(a: &Neighbourhood, b: &Neighbourhood) -> i32 {
    let part = |k: usize| {
        let difference = a[k] - b[k];
        difference.dot(difference)
    };
    (part(1) + part(2) + part(3)).reduce_add()
}
