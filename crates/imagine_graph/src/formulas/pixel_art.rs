//! Enlarges pixel art without blur: every output pixel is a copy of an input pixel.
//!
//! By 2, of the pixel E with the neighbours B above, D left, F right and H below, after EPX (Johnston, 1992) and Scale2x (Mazzoleni,
//! 2001); `E1` is the pixel at the upper right:
//!
//! ```text
//! A B C      if B != H and D != F:   E0 = D if D = B, else E    E1 = F if B = F, else E
//! D E F                              E2 = D if D = H, else E    E3 = F if H = F, else E
//! G H I      else:                   all four are E
//! ```
//! By 3 with the corners too, after Scale3x: an edge of the block takes a neighbour's colour only if the slope continues, so lines of one
//! pixel stay whole. By 4 it is the rule for 2 twice. Colours are compared as bytes, and all transparent pixels are equal.

use super::card::card;
use super::formula::Formula;
use crate::generator::{Generator, SizeRule};
use crate::graph::{ColorSpace, InputKind, OutputKind};
use crate::ops::{And, Concat, DepthToSpace, DepthToSpaceMode, Less, Not, Or, Pad, PadMode, Slice, Where};
use crate::tensor::{Dim, Extent};

/// The factors by which pixel art can be enlarged.
pub const PIXEL_ART_FACTORS: [usize; 3] = [2, 3, 4];

/// Pixel art, twice as large: inputs `image` (sRGB) and `image_alpha`, outputs `base_color` and `alpha`.
pub fn pixel_art_x2() -> Generator {
    pixel_art(2)
}

/// Pixel art, three times as large.
pub fn pixel_art_x3() -> Generator {
    pixel_art(3)
}

/// Pixel art, four times as large.
pub fn pixel_art_x4() -> Generator {
    pixel_art(4)
}

fn pixel_art(factor: usize) -> Generator {
    let mut f = Formula::new();
    let shape = |channels| Dim::nchw_divided(channels, factor);
    let color = f.graph.input("image", InputKind::Image(ColorSpace::Srgb), shape(3));
    let alpha = f.graph.input("image_alpha", InputKind::Image(ColorSpace::Linear), shape(1));
    f.part("scale");
    let both = f.concat(&[&color, &alpha]);
    let larger = f.enlarged_pixel_art(&both, &color, Some(&alpha), factor, PadMode::Edge);
    let (color, alpha) = (f.channels(&larger, 0..3), f.channels(&larger, 3..4));
    f.output(&color, OutputKind::BaseColor);
    f.output(&alpha, OutputKind::Alpha);
    let side = Extent::splat(factor);
    let size = SizeRule { multiple: side, min: side, tiles: false };
    let card = card(&format!("Pixel art x{factor}"), &format!("pixel_art_x{factor}"));
    Generator { output: f.graph, recurrence: None, size, card }
}

/// The place of a neighbour, down and to the right.
type Place = [i64; 2];

const A: Place = [-1, -1];
const B: Place = [-1, 0];
const C: Place = [-1, 1];
const D: Place = [0, -1];
const E: Place = [0, 0];
const F: Place = [0, 1];
const G: Place = [1, -1];
const H: Place = [1, 0];
const I: Place = [1, 1];

/// When a pixel of a block is the copy of a neighbour; of E where there is none.
type Choice = Option<(Place, String)>;

impl Formula {
    /// `values`, `[N, C, H, W]`, enlarged by 2, 3 or 4 as pixel art. Which pixel is copied follows from `colors`, `[N, K, H, W]`, and their
    /// coverage `alpha`, `[N, 1, H, W]`, all from 0 to 1. Pixels beyond the border are those of `border`.
    pub fn enlarged_pixel_art(
        &mut self,
        values: &str,
        colors: &str,
        alpha: Option<&str>,
        factor: usize,
        border: PadMode,
    ) -> String {
        let colors = self.compared(colors, alpha);
        match factor {
            3 => {
                let choices = scale3x(&mut Neighbours::new(self, &colors, border));
                self.blocks(values, 3, choices, border)
            }
            4 => {
                let choices = scale2x(&mut Neighbours::new(self, &colors, border));
                let larger = self.blocks(values, 2, choices.clone(), border);
                let colors = self.blocks(&colors, 2, choices, border);
                let choices = scale2x(&mut Neighbours::new(self, &colors, border));
                self.blocks(&larger, 2, choices, border)
            }
            _ => {
                let choices = scale2x(&mut Neighbours::new(self, &colors, border));
                self.blocks(values, 2, choices, border)
            }
        }
    }

    /// Colour and coverage as whole numbers, 0 to 255; all 0 where there is no coverage.
    fn compared(&mut self, colors: &str, alpha: Option<&str>) -> String {
        let colors = self.whole(colors);
        let Some(alpha) = alpha else { return colors };
        let alpha = self.whole(alpha);
        let is_seen = self.clip(&alpha, 0.0, 1.0);
        let colors = self.mul(&colors, &is_seen);
        self.concat(&[&colors, &alpha])
    }

    fn whole(&mut self, value: &str) -> String {
        let value = self.clip(value, 0.0, 1.0);
        let scaled = self.scaled(&value, 255.0, 0.5);
        self.floor(&scaled)
    }

    /// Every pixel as a block of `side` x `side`, each pixel of which is chosen.
    fn blocks(&mut self, values: &str, side: usize, choices: Vec<Choice>, border: PadMode) -> String {
        let padded = self.padded(values, border);
        let mut pixels = Vec::new();
        for choice in choices {
            pixels.push(match choice {
                Some((place, condition)) => {
                    let copied = self.moved(&padded, place);
                    self.node(Where {}, &[&condition, &copied, values])
                }
                None => values.into(),
            });
        }
        let pixels: Vec<&str> = pixels.iter().map(String::as_str).collect();
        let pixels = self.node(Concat { axis: 1 }, &pixels);
        self.node(DepthToSpace { blocksize: side, mode: DepthToSpaceMode::Dcr }, &[&pixels])
    }

    fn padded(&mut self, value: &str, border: PadMode) -> String {
        self.node(Pad { pads: vec![1; 4], mode: border, axes: vec![2, 3], ..Pad::default() }, &[value])
    }

    /// The neighbours at `place` of all pixels.
    fn moved(&mut self, padded: &str, place: Place) -> String {
        let ends = place.map(|at| if at == 1 { i64::MAX } else { at - 1 });
        let starts = place.map(|at| at + 1);
        self.node(Slice { starts: starts.into(), ends: ends.into(), axes: vec![2, 3], steps: vec![] }, &[padded])
    }
}

/// Which neighbours have equal colours.
struct Neighbours<'a> {
    f: &'a mut Formula,
    padded: String,
    known: Vec<(Place, String)>,
}

impl<'a> Neighbours<'a> {
    fn new(f: &'a mut Formula, colors: &str, border: PadMode) -> Self {
        let padded = f.padded(colors, border);
        Self { known: vec![(E, colors.into())], f, padded }
    }

    fn at(&mut self, place: Place) -> String {
        if let Some((_, value)) = self.known.iter().find(|(known, _)| *known == place) {
            return value.clone();
        }
        let value = self.f.moved(&self.padded, place);
        self.known.push((place, value.clone()));
        value
    }

    fn equal(&mut self, one: Place, other: Place) -> String {
        let (one, other) = (self.at(one), self.at(other));
        let difference = self.f.sub(&one, &other);
        let difference = self.f.abs(&difference);
        let sum = self.f.channel_sum(&difference);
        let half = self.f.vector(&[0.5]);
        self.f.node(Less {}, &[&sum, &half])
    }

    fn not(&mut self, truth: &str) -> String {
        self.f.node(Not {}, &[truth])
    }

    fn and(&mut self, one: &str, other: &str) -> String {
        self.f.node(And {}, &[one, other])
    }

    /// `one and not other`.
    fn without(&mut self, one: &str, other: &str) -> String {
        let other = self.not(other);
        self.and(one, &other)
    }

    /// Whether D = B, B = F, D = H and H = F, each false where B = H or D = F.
    fn corners(&mut self) -> [String; 4] {
        let (upright, flat) = (self.equal(B, H), self.equal(D, F));
        let line = self.f.node(Or {}, &[&upright, &flat]);
        [(D, B), (B, F), (D, H), (H, F)].map(|(one, other)| {
            let equal = self.equal(one, other);
            self.without(&equal, &line)
        })
    }
}

fn scale2x(neighbours: &mut Neighbours) -> Vec<Choice> {
    let [db, bf, dh, hf] = neighbours.corners();
    vec![Some((D, db)), Some((F, bf)), Some((D, dh)), Some((F, hf))]
}

fn scale3x(neighbours: &mut Neighbours) -> Vec<Choice> {
    let corners = neighbours.corners();
    let ends = [A, C, G, I].map(|place| neighbours.equal(E, place));
    // Between two corners of the block, each counts if the pixel differs from the far end of the other.
    let mut edge = |[one, other]: [usize; 2]| {
        let first = neighbours.without(&corners[one], &ends[other]);
        let second = neighbours.without(&corners[other], &ends[one]);
        neighbours.f.node(Or {}, &[&first, &second])
    };
    let [up, left, right, down] = [[0, 1], [0, 2], [1, 3], [2, 3]].map(&mut edge);
    let [db, bf, dh, hf] = corners;
    let middle = None;
    vec![
        Some((D, db)),
        Some((B, up)),
        Some((F, bf)),
        Some((D, left)),
        middle,
        Some((F, right)),
        Some((D, dh)),
        Some((H, down)),
        Some((F, hf)),
    ]
}
