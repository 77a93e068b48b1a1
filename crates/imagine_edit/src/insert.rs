//! Insertion: an object with alpha, or a patch of another picture or material, at a place, and fitted to it.
//!
//! | input | |
//! |---|---|
//! | `image`, `image_normal` and so on | the picture's maps |
//! | `object`, `object_alpha`, `object_normal` and so on | the object's maps at their own size |
//! | `x`, `y` | where its centre lies, 0 to 1 from the left and from the top |
//! | `scale` | its width in widths of the picture |
//! | `rotation` | degrees, anticlockwise |
//! | `blend` | how far its colours follow the surroundings at its edge, 0 to 1 |
//! | `light` | how far its brightness and tint follow those of the surroundings, 0 to 1 |
//! | `relief` | how much of the surroundings' normals, height and occlusion shows through, 0 to 1; of materials only |
//!
//! **Light.** In linear light, means over the object and over a band of about an eighth of the picture around it: the object's colours are
//! multiplied by `(luminance there / its luminance)^light`, between 1/4 and 4, and by the 0.3rd part of the tint of the surroundings, also to the power
//! of `light`.
//!
//! **Blend.** The correction u is the difference between picture and object on the object's edge, and fades inside it: `-div grad u + screening u = 0`
//! (Perez et al., "Poisson Image Editing", 2003, for the correction in place of the picture; screened as in Bhat et al., "Fourier Analysis of the 2D
//! Screened Poisson Equation", 2008). The object's colours get `blend * u`.
//!
//! **Seam.** With [`Insert::seam`], a band along the edge of the object is replaced afterwards by what continues both sides of it
//! ([`crate::repair`]), so that grass grows over gravel in place of ending at a line.
//!
//! **Normals** are added as slopes (whiteout): the picture's, times `relief`, under the object's. Then the object's alpha mixes all maps.

use imagine_graph::generators::Formula;
use imagine_graph::{
    AffineGrid, AveragePool, Card, Dim, Extent, Generator, Greater, GridSample, GridSamplePadding, MaxPool, OutputKind,
    ReduceMean, Reshape, Resize, Size, Tensor,
};

use crate::error::{EditError, MAX_SIDE};
use crate::maps::{channels, check_maps, check_size, input, only, output, unit_length};
use crate::nodes::{Plane, to_float};
use crate::poisson::Poisson;
use crate::repair::Picture;

/// Smallest side of a picture.
const MIN_SIDE: usize = 16;
/// Widest half of the band that is repaired.
const MAX_SEAM: usize = 64;
/// The band around the object is found on a picture with this many rows or columns.
const BAND_CELLS: usize = 32;
/// Half the width of the band, in cells of that picture.
const BAND: usize = 2;
/// Weights of linear red, green and blue in luminance.
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];
/// How much of the surroundings' tint counts.
const TINT: f32 = 0.3;

/// An insertion into pictures of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// Size of the picture, 16 to 4096 pixels a side.
    pub size: Extent,
    /// Maps of the picture.
    pub maps: Vec<OutputKind>,
    /// Size of the object's pictures, 1 to 4096 pixels a side. Best about as many as it covers: enlarged it is soft, reduced it shows
    /// too few of its pixels.
    pub object: Extent,
    /// Maps of the object: some of the picture's. Its alpha is always read, and is not named here.
    pub object_maps: Vec<OutputKind>,
    /// The correction at the edge of the object reaches about `1 / sqrt(screening)` pixels into it. 0.01 for objects that keep their colour, 0.0005 for
    /// patches of a texture that take that of the surroundings. 0 to 1.
    pub screening: f32,
    /// Half the width of the band along the object's edge that is repaired, in pixels: 0 to 64. 0, the default, leaves the edge as it is; 6 to 16 for
    /// patches of a texture. With it, the picture has the size of a [`crate::Repair`].
    pub seam: usize,
    /// Whether the picture continues at the opposite edge.
    pub tiles: bool,
}

impl Insert {
    /// An object with colours and alpha into a picture.
    pub fn new(size: Extent, object: Extent) -> Self {
        let maps = vec![OutputKind::BaseColor];
        Self { size, maps: maps.clone(), object, object_maps: maps, screening: 0.01, seam: 0, tiles: false }
    }

    /// The generator; its inputs are in the [module's table](self).
    ///
    /// # Errors
    /// Sizes out of range, maps that are none or not the picture's.
    pub fn generator(&self) -> Result<Generator, EditError> {
        check_size(self.size, MIN_SIDE, MAX_SIDE)?;
        check_size(self.object, 1, MAX_SIDE)?;
        check_maps(&self.maps)?;
        check_maps(&self.object_maps)?;
        if let Some(kind) = self.object_maps.iter().find(|kind| !self.maps.contains(kind)) {
            return Err(EditError::ObjectMap(*kind));
        }
        if self.object_maps.contains(&OutputKind::Alpha) {
            return Err(EditError::Maps(self.object_maps.clone()));
        }
        if self.seam > MAX_SEAM {
            return Err(EditError::Seam { found: self.seam, least: 0, most: MAX_SEAM });
        }
        let mut f = Formula::new();
        let controls = Controls::new(&mut f, self.maps.len() > 1);
        let grid = self.grid(&mut f, &controls);
        f.part("object");
        let alpha = self.sampled(&mut f, OutputKind::Alpha, &grid, GridSamplePadding::Zeros);
        let mut values = Vec::new();
        for kind in &self.maps {
            f.part(kind.name());
            let below = input(&mut f, "image", *kind, [Dim::HEIGHT, Dim::WIDTH]);
            let object =
                self.object_maps.contains(kind).then(|| self.sampled(&mut f, *kind, &grid, GridSamplePadding::Border));
            let above = self.fitted(&mut f, *kind, &below, object, &alpha, &controls);
            let mixed = above.map(|above| f.mix(&below, &above, &alpha));
            values.push(match (mixed, kind) {
                (Some(mixed), OutputKind::Normal) => unit_length(&mut f, &mixed),
                (Some(mixed), _) => f.clip(&mixed, 0.0, 1.0),
                (None, _) => below,
            });
        }
        if self.seam > 0 {
            f.part("seam");
            let picture = Picture { size: self.size, maps: &self.maps, tiles: self.tiles };
            let band = self.band(&mut f, picture.plane(), &alpha);
            values = picture.continued(&mut f, &values, &band)?;
        }
        for (kind, value) in self.maps.iter().zip(values) {
            output(&mut f, &value, *kind);
        }
        let card = Card { title: "Insertion".into(), recipe: "imagine_edit::Insert".into(), ..Card::default() };
        let size = Size { batch: 1, height: self.size.height, width: self.size.width };
        Ok(Generator { output: f.graph, recurrence: None, size: only(size, self.tiles), card })
    }

    /// 1 in the band along the object's edge.
    fn band(&self, f: &mut Formula, plane: Plane, alpha: &str) -> String {
        let half = f.weight(Tensor::scalar(0.5));
        let inside = f.node(Greater {}, &[alpha, &half]);
        let inside = to_float(f, &inside);
        let outer = plane.spread(f, &inside, self.seam);
        let inner = plane.shrunk(f, &inside, self.seam);
        f.sub(&outer, &inner)
    }

    /// Where each pixel lies on the object, -1 to 1.
    fn grid(&self, f: &mut Formula, controls: &Controls) -> String {
        f.part("place");
        let [width, height] = [self.size.width, self.size.height].map(|side| side as f32);
        let object = self.object.height as f32 / self.object.width as f32;
        let angle = f.mul(&controls.rotation, std::f32::consts::PI / 180.0);
        let quarter = f.add(&angle, std::f32::consts::FRAC_PI_2);
        let [sine, cosine] = [f.sin(&angle), f.sin(&quarter)];
        let [x, y] = [&controls.x, &controls.y].map(|at| f.scaled(at, 2.0, -1.0));
        // Rows of the matrix, in half widths of the picture; the object's half height is `object` of its half width.
        let row = |f: &mut Formula, across: &str, down: &str, shrink: f32| {
            let across = f.div(across, &controls.scale);
            let across = f.mul(&across, 1.0 / shrink);
            let down = f.div(down, &controls.scale);
            let down = f.mul(&down, height / width / shrink);
            let [left, above] = [f.mul(&across, &x), f.mul(&down, &y)];
            let offset = f.add(&left, &above);
            let offset = f.mul(&offset, -1.0);
            [across, down, offset]
        };
        let minus = f.mul(&sine, -1.0);
        let first = row(f, &cosine, &minus, 1.0);
        let second = row(f, &sine, &cosine, object);
        let entries: Vec<&str> = first.iter().chain(&second).map(String::as_str).collect();
        let theta = f.concat(&entries);
        let theta = f.node(Reshape { shape: [1, 2, 3].map(Dim::Fixed).to_vec(), infer: None }, &[&theta]);
        f.node(AffineGrid { size: fixed(1, self.size), align_corners: false }, &[&theta])
    }

    /// A map of the object at its place.
    fn sampled(&self, f: &mut Formula, kind: OutputKind, grid: &str, padding_mode: GridSamplePadding) -> String {
        let map = input(f, "object", kind, [self.object.height, self.object.width].map(Dim::Fixed));
        f.node(GridSample { padding_mode, ..GridSample::default() }, &[&map, grid])
    }

    /// What the map shows where the object is; `None` if the object does not change it.
    fn fitted(
        &self,
        f: &mut Formula,
        kind: OutputKind,
        below: &str,
        object: Option<String>,
        alpha: &str,
        controls: &Controls,
    ) -> Option<String> {
        match (kind, object, &controls.relief) {
            (OutputKind::BaseColor | OutputKind::Emissive, Some(object), _) => {
                let lit = if kind == OutputKind::BaseColor {
                    self.lit(f, below, &object, alpha, &controls.light)
                } else {
                    object
                };
                Some(self.blended(f, kind, below, &lit, alpha, &controls.blend))
            }
            (OutputKind::Normal, object, Some(relief)) => {
                Some(slopes(f, below, object.as_deref(), relief, &controls.rotation))
            }
            (OutputKind::Height, Some(object), Some(relief)) => {
                let around = f.add(below, -0.5);
                let through = f.mul(&around, relief);
                let sum = f.add(&object, &through);
                Some(f.clip(&sum, 0.0, 1.0))
            }
            (OutputKind::Occlusion, Some(object), Some(relief)) => {
                let through = f.mix(1.0, below, relief);
                Some(f.mul(&object, &through))
            }
            // Where the object is, the picture is no longer transparent.
            (OutputKind::Alpha, ..) => Some(f.vector(&[1.0])),
            (_, object, _) => object,
        }
    }

    /// The object in the light of its surroundings.
    fn lit(&self, f: &mut Formula, below: &str, object: &str, alpha: &str, light: &str) -> String {
        let around = self.around(f, alpha);
        let [below, bright] = [below, object].map(|picture| f.pow(picture, 2.2));
        let [there, here] =
            [(&below, around.as_str()), (&bright, alpha)].map(|(picture, weight)| mean(f, picture, weight));
        let weights = f.vector(&LUMINANCE);
        let [lum_there, lum_here] = [&there, &here].map(|color| {
            let parts = f.mul(color, &weights);
            let sum = f.channel_sum(&parts);
            f.add(&sum, 1e-3)
        });
        let gain = f.div(&lum_there, &lum_here);
        let gain = f.clip(&gain, 0.25, 4.0);
        let some = f.add(&there, 1e-3);
        let tint = f.div(&some, &lum_there);
        let tint = f.clip(&tint, 0.25, 4.0);
        let tint = f.pow(&tint, TINT);
        let factor = f.mul(&gain, &tint);
        let factor = f.pow(&factor, light);
        let lit = f.mul(&bright, &factor);
        let lit = f.clip(&lit, 0.0, 1.0);
        f.pow(&lit, 1.0 / 2.2)
    }

    /// Weights of the surroundings: a band around the object.
    fn around(&self, f: &mut Formula, alpha: &str) -> String {
        let Extent { height, width } = self.size;
        let cell = height.max(width).div_ceil(BAND_CELLS).min(height.min(width));
        let shrink = AveragePool {
            kernel_shape: vec![cell; 2],
            strides: vec![cell; 2],
            ceil_mode: true,
            ..AveragePool::default()
        };
        let coarse = f.node(shrink, &[alpha]);
        let side = 2 * BAND + 1;
        let grow =
            MaxPool { kernel_shape: vec![side; 2], strides: vec![1; 2], pads: vec![BAND; 4], ..MaxPool::default() };
        let grown = f.node(grow, &[&coarse]);
        let enlarge = Resize { sizes: [height, width].map(Dim::Fixed).to_vec(), axes: vec![2, 3], ..Resize::default() };
        let grown = f.node(enlarge, &[&grown]);
        let outside = f.scaled(alpha, -1.0, 1.0);
        f.mul(&grown, &outside)
    }

    /// The object's colours, near its edge corrected towards those of the surroundings.
    fn blended(
        &self,
        f: &mut Formula,
        kind: OutputKind,
        below: &str,
        object: &str,
        alpha: &str,
        blend: &str,
    ) -> String {
        let steep = f.mul(alpha, 1e6);
        let inside = f.clip(&steep, 0.0, 1.0);
        let outside = f.scaled(&inside, -1.0, 1.0);
        let difference = f.sub(below, object);
        let edge = f.mul(&difference, &outside);
        let poisson = Poisson {
            extent: self.size,
            channels: channels(kind),
            screening: self.screening.clamp(0.0, 1.0),
            tiles: self.tiles,
        };
        let correction = poisson.continued(f, &edge, &inside);
        let part = f.mul(&correction, blend);
        f.add(object, &part)
    }
}

/// What a user moves.
struct Controls {
    x: String,
    y: String,
    scale: String,
    rotation: String,
    blend: String,
    light: String,
    relief: Option<String>,
}

impl Controls {
    fn new(f: &mut Formula, is_material: bool) -> Self {
        Self {
            x: f.range("x", [0.0, 1.0], 0.5),
            y: f.range("y", [0.0, 1.0], 0.5),
            scale: f.range("scale", [0.01, 4.0], 0.25),
            rotation: f.range("rotation", [-180.0, 180.0], 0.0),
            blend: f.range("blend", [0.0, 1.0], 0.5),
            light: f.range("light", [0.0, 1.0], 0.5),
            relief: is_material.then(|| f.range("relief", [0.0, 1.0], 1.0)),
        }
    }
}

fn fixed(channels: usize, size: Extent) -> Vec<Dim> {
    [1, channels, size.height, size.width].map(Dim::Fixed).to_vec()
}

/// The mean of `picture` over `weight`, one number a channel; 0 without any weight.
fn mean(f: &mut Formula, picture: &str, weight: &str) -> String {
    let over =
        |f: &mut Formula, value: &str| f.node(ReduceMean { axes: vec![2, 3], ..ReduceMean::default() }, &[value]);
    let weighted = f.mul(picture, weight);
    let [sum, total] = [over(f, &weighted), over(f, weight)];
    let total = f.max(&total, 1e-9);
    f.div(&sum, &total)
}

/// Slopes of the picture's normals times `relief`, under those of the object, which turn with it; as stored, 0 to 1.
fn slopes(f: &mut Formula, below: &str, object: Option<&str>, relief: &str, rotation: &str) -> String {
    let flat = |f: &mut Formula, normal: &str| {
        let signed = f.scaled(normal, 2.0, -1.0);
        let (xy, z) = (f.channels(&signed, 0..2), f.channels(&signed, 2..3));
        (xy, f.max(&z, 1e-3))
    };
    let (xy, z) = flat(f, below);
    let mut xy = f.mul(&xy, relief);
    let mut z = z;
    if let Some(object) = object {
        let (turned, up) = flat(f, object);
        let turned = rotated(f, &turned, rotation);
        xy = f.add(&xy, &turned);
        z = f.mul(&z, &up);
    }
    let normal = f.concat(&[&xy, &z]);
    let half = f.scaled(&normal, 0.5, 0.5);
    unit_length(f, &half)
}

/// Two channels, right and up, turned anticlockwise.
fn rotated(f: &mut Formula, xy: &str, rotation: &str) -> String {
    let angle = f.mul(rotation, std::f32::consts::PI / 180.0);
    let quarter = f.add(&angle, std::f32::consts::FRAC_PI_2);
    let [sine, cosine] = [f.sin(&angle), f.sin(&quarter)];
    let [x, y] = [0, 1].map(|channel| f.channels(xy, channel..channel + 1));
    let [xc, ys, xs, yc] = [(&x, &cosine), (&y, &sine), (&x, &sine), (&y, &cosine)].map(|(a, b)| f.mul(a, b));
    let (right, up) = (f.sub(&xc, &ys), f.add(&xs, &yc));
    f.concat(&[&right, &up])
}
