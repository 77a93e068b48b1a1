//! The picture as a whole: from its maps to levels and back.

use imagine_graph::generators::Formula;
use imagine_graph::{Card, Dim, Extent, Generator, Not, OutputKind, Pad, PadMode, Size, Slice, Where};

use super::level::{Level, Ready};
use super::refine::{self, Effort, State};
use super::scratches::{self, Parts};
use super::{basis, channels, peel, polish};
use crate::error::EditError;
use crate::maps::{self, check_maps, check_size, input, only, output, unit_length};
use crate::nodes::{Plane, to_bool};

/// Smallest and largest side of a picture: every place is compared with places anywhere.
pub(super) const SIDES: [usize; 2] = [16, 2048];
/// Places of the coarsest level, of which each cell is compared with all.
const COARSEST: usize = 9216;
/// The same for pictures that tile, whose sides cannot be halved any further.
const COARSEST_OF_TORUS: usize = 4 * COARSEST;
/// Iterations on each level, the coarsest first; the last number holds for all further ones.
const ITERATIONS: [usize; 4] = [8, 4, 3, 2];

/// What is replaced.
pub(super) enum Region {
    /// Under a mask, 1 inside, `[1, 1, H, W]`, by what is elsewhere.
    Hole(String),
    /// Holes so, scratches smoothly.
    Parts(Parts),
}

/// The picture to repair.
pub(crate) struct Picture<'a> {
    pub size: Extent,
    pub maps: &'a [OutputKind],
    pub tiles: bool,
}

impl Picture<'_> {
    /// The generator that replaces what `region` adds the nodes of.
    pub(super) fn generator(
        &self,
        title: &str,
        region: impl FnOnce(&mut Formula, Plane) -> Region,
    ) -> Result<Generator, EditError> {
        check_size(self.size, SIDES[0], SIDES[1])?;
        check_maps(self.maps)?;
        let plane = self.plane();
        let mut f = Formula::new();
        f.part("region");
        let region = region(&mut f, plane);
        f.part("maps");
        let mut images: Vec<String> =
            self.maps.iter().map(|kind| input(&mut f, "image", *kind, [Dim::HEIGHT, Dim::WIDTH])).collect();
        let hole = match &region {
            Region::Hole(hole) => hole,
            Region::Parts(parts) => {
                f.part("scratches");
                let is_scratch = to_bool(&mut f, &parts.scratches);
                for (kind, image) in self.maps.iter().zip(&mut images) {
                    let filled = scratches::filled(&mut f, plane, image, maps::channels(*kind), parts);
                    let filled = if *kind == OutputKind::Normal { unit_length(&mut f, &filled) } else { filled };
                    *image = f.node(Where {}, &[&is_scratch, &filled, image]);
                }
                &parts.holes
            }
        };
        let values = self.continued(&mut f, &images, hole)?;
        for (kind, value) in self.maps.iter().zip(values) {
            output(&mut f, &value, *kind);
        }
        let card = Card { title: title.into(), recipe: format!("imagine_edit::{title}"), ..Card::default() };
        let size = Size { batch: 1, height: plane.height, width: plane.width };
        Ok(Generator { output: f.graph, recurrence: None, size: only(size, self.tiles), card })
    }

    pub fn plane(&self) -> Plane {
        Plane { height: self.size.height, width: self.size.width, tiles: self.tiles }
    }

    /// Adds the nodes of the maps, values 0 to 1, with what lies under `hole` (1 inside, `[1, 1, H, W]`) replaced. All other pixels keep their bits.
    pub fn continued(&self, f: &mut Formula, images: &[String], hole: &str) -> Result<Vec<String>, EditError> {
        check_size(self.size, SIDES[0], SIDES[1])?;
        let depth = self.depth()?;
        let plane = self.plane();
        let repaired = self.repaired(f, plane, depth, images, hole);
        f.part("output");
        let is_hole = to_bool(f, hole);
        let values = self.maps.iter().zip(images).zip(&repaired).map(|((kind, image), bytes)| {
            let cut = Slice {
                starts: vec![0; 2],
                ends: [plane.height, plane.width].map(|side| side as i64).to_vec(),
                axes: vec![2, 3],
                steps: vec![],
            };
            let whole = f.node(cut, &[bytes]);
            let value = f.mul(&whole, 1.0 / 255.0);
            let value = if *kind == OutputKind::Normal { unit_length(f, &value) } else { value };
            f.node(Where {}, &[&is_hole, &value, image])
        });
        Ok(values.collect())
    }

    /// How often the picture is halved.
    fn depth(&self) -> Result<u32, EditError> {
        let Extent { height, width } = self.size;
        let area = |depth: u32| height.div_ceil(1 << depth) * width.div_ceil(1 << depth);
        let until = |most: usize| (0..16).find(|depth| area(*depth) <= most).unwrap_or(16);
        let depth = until(COARSEST);
        let possible = (height | width).trailing_zeros();
        if !self.tiles || depth <= possible {
            return Ok(depth);
        }
        let least = until(COARSEST_OF_TORUS);
        if possible >= least { Ok(possible) } else { Err(EditError::Multiple { width, height, multiple: 1 << least }) }
    }

    /// Bytes of all maps, repaired, at a size that can be halved.
    fn repaired(&self, f: &mut Formula, plane: Plane, depth: u32, images: &[String], region: &str) -> Vec<String> {
        let beyond = [plane.height, plane.width].map(|side| side.next_multiple_of(1 << depth) - side);
        let whole = Plane { height: plane.height + beyond[0], width: plane.width + beyond[1], ..plane };
        let hole = extended(f, region, beyond);
        let bytes: Vec<(String, usize)> = self
            .maps
            .iter()
            .zip(images)
            .map(|(kind, image)| {
                let bytes = channels::bytes(f, image);
                (extended(f, &bytes, beyond), maps::channels(*kind))
            })
            .collect();
        f.part("channels");
        let rough = self.maps.iter().position(|kind| *kind == OutputKind::BaseColor).unwrap_or(0);
        let count = bytes.iter().map(|(_, channels)| channels).sum::<usize>() + 2;
        let stacked = channels::stacked(f, whole, &bytes, rough, &hole);
        let known = to_bool(f, &hole);
        let known = f.node(Not {}, &[&known]);
        let numbers = channels::normalized(f, whole, &stacked, count, &known);
        let basis = f.weight(basis::basis(self.maps));
        let finest = Level::new(whole, numbers, count, hole, beyond);
        let (state, ready) = refined(f, finest.clone(), depth, &basis);
        f.part("elected");
        let elected: Vec<String> =
            bytes.iter().map(|(bytes, _)| refine::elected(f, &finest, &ready, &state, bytes)).collect();
        let is_picture = self.maps.iter().all(|kind| matches!(kind, OutputKind::BaseColor | OutputKind::Alpha));
        let polished = self.maps.iter().zip(elected).zip(&bytes).map(|((kind, elected), (bytes, _))| {
            if is_picture && *kind == OutputKind::BaseColor {
                polish::polished(f, &finest, &ready, &state, bytes, &elected)
            } else {
                elected
            }
        });
        polished.collect()
    }
}

/// The field on the finest level, and what was made ready of that level.
fn refined(f: &mut Formula, finest: Level, depth: u32, basis: &str) -> (State, Ready) {
    let mut levels = vec![finest];
    for index in 0..depth as usize {
        f.part(&format!("pyramid_{}", 2 << index));
        let coarser = levels[index].halved(f);
        levels.push(coarser);
    }
    let mut state: Option<(State, Ready)> = None;
    for (index, level) in levels.iter().rev().enumerate() {
        let spacing = 1 << (levels.len() - 1 - index);
        f.part(&format!("spacing_{spacing}"));
        let ready = level.ready(f, basis);
        let begun = match &state {
            None => peel::peel(f, level, &ready),
            Some((coarser, _)) => refine::finer(f, level, &ready, coarser),
        };
        let effort = Effort {
            iterations: ITERATIONS[index.min(ITERATIONS.len() - 1)],
            exhaustive: index == 0,
            around: index > 0,
        };
        let refined = refine::refine(f, level, &ready, basis, effort, begun);
        state = Some((refined, ready));
    }
    state.expect("there is at least one level")
}

/// The picture with mirrored rows and columns at the bottom and at the right.
fn extended(f: &mut Formula, value: &str, [rows, columns]: [usize; 2]) -> String {
    if rows == 0 && columns == 0 {
        return value.into();
    }
    let pads = vec![0, 0, rows as i64, columns as i64];
    f.node(Pad { pads, mode: PadMode::Reflect, axes: vec![2, 3], ..Pad::default() }, &[value])
}
