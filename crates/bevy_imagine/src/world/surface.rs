//! The mesh of a patch: a grid over a height function, with a skirt that hides the gaps between levels.

use std::fmt;
use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::math::DVec2;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;

/// Next to [`WorldPatches`](crate::WorldPatches): the height of the ground. Without it the ground is flat.
///
/// The function takes a place x, z in world units and returns the height in world units. It has to be pure, and is called on
/// background threads.
#[derive(Component, Clone)]
pub struct WorldHeight(Arc<dyn Fn(DVec2) -> f32 + Send + Sync>);

impl WorldHeight {
    /// A ground with this height function.
    pub fn new(height: impl Fn(DVec2) -> f32 + Send + Sync + 'static) -> Self {
        Self(Arc::new(height))
    }

    /// The height at a place.
    pub fn at(&self, place: DVec2) -> f32 {
        (self.0)(place)
    }

    /// The normal at a place, by central differences over `step` world units.
    pub fn normal(&self, place: DVec2, step: f64) -> Vec3 {
        let across = |offset: DVec2| self.at(place - offset) - self.at(place + offset);
        let (x, z) = (across(DVec2::new(step, 0.0)), across(DVec2::new(0.0, step)));
        Vec3::new(x, 2.0 * step as f32, z).normalize_or(Vec3::Y)
    }
}

impl Default for WorldHeight {
    fn default() -> Self {
        Self::new(|_| 0.0)
    }
}

impl fmt::Debug for WorldHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorldHeight")
    }
}

/// Place and resolution of a patch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// Corner with the smallest x and z, in world units.
    pub corner: DVec2,
    /// Length of its sides in world units.
    pub side: f64,
    /// Cells along a side.
    pub cells: u32,
    /// Fraction of the texture's width that lies beyond each edge of the patch.
    pub margin: f32,
}

impl Ground {
    /// The mesh with tangents; its origin is the corner of the patch at height 0.
    pub fn mesh(&self, height: &WorldHeight) -> Mesh {
        let row = self.cells + 1;
        let mut vertices = Vertices::default();
        for z in 0..row {
            for x in 0..row {
                self.vertex(height, [x, z], 0.0, &mut vertices);
            }
        }
        let mut indices: Vec<u32> = Vec::new();
        for z in 0..self.cells {
            for x in 0..self.cells {
                let [a, b] = [z * row + x, (z + 1) * row + x];
                indices.extend([a, b, a + 1, a + 1, b, b + 1]);
            }
        }
        // Deep enough for the gaps between levels on slopes below 45 degrees.
        let depth = 1.5 * (self.side / f64::from(self.cells)) as f32;
        let rim = self.rim();
        let first = vertices.positions.len() as u32;
        for &at in &rim {
            self.vertex(height, at, depth, &mut vertices);
        }
        for index in 0..rim.len() {
            let next = (index + 1) % rim.len();
            let upper = |index: usize| rim[index][1] * row + rim[index][0];
            let lower = |index: usize| first + index as u32;
            indices.extend([upper(index), upper(next), lower(index), lower(index), upper(next), lower(next)]);
        }
        vertices.mesh(indices)
    }

    /// Grid corners along the border, ordered so that the skirt faces outwards.
    fn rim(&self) -> Vec<[u32; 2]> {
        let n = self.cells;
        let north = (0..n).map(|i| [i, 0]);
        let east = (0..n).map(|i| [n, i]);
        let south = (0..n).map(|i| [n - i, n]);
        let west = (0..n).map(|i| [0, n - i]);
        north.chain(east).chain(south).chain(west).collect()
    }

    fn vertex(&self, height: &WorldHeight, at: [u32; 2], depth: f32, vertices: &mut Vertices) {
        let part = at.map(|index| f64::from(index) / f64::from(self.cells));
        let offset = DVec2::from_array(part) * self.side;
        let place = self.corner + offset;
        let normal = height.normal(place, self.side / f64::from(self.cells));
        let y = height.at(place) - depth;
        vertices.positions.push([offset.x as f32, y, offset.y as f32]);
        vertices.normals.push(normal.to_array());
        vertices.uvs.push(part.map(|part| self.margin + (1.0 - 2.0 * self.margin) * part as f32));
        let tangent = (Vec3::X - normal * normal.x).normalize_or(Vec3::X);
        vertices.tangents.push([tangent.x, tangent.y, tangent.z, 1.0]);
    }
}

#[derive(Default)]
struct Vertices {
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    uvs: Vec<[f32; 2]>,
    tangents: Vec<[f32; 4]>,
}

impl Vertices {
    fn mesh(self, indices: Vec<u32>) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
            .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, self.uvs)
            .with_inserted_attribute(Mesh::ATTRIBUTE_TANGENT, self.tangents)
            .with_inserted_indices(Indices::U32(indices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(mesh: &Mesh) -> Vec<Vec3> {
        let values = mesh.attribute(Mesh::ATTRIBUTE_POSITION).unwrap().as_float3().unwrap();
        values.iter().map(|p| Vec3::from_array(*p)).collect()
    }

    #[test]
    fn neighbours_share_their_border_and_faces_point_up_and_out() {
        let height = WorldHeight::new(|at| (0.3 * at.x).sin() as f32 + 0.2 * at.y as f32);
        let ground = |x: f64| Ground { corner: DVec2::new(x, -4.0), side: 4.0, cells: 8, margin: 0.1 };
        let [left, right] = [ground(0.0).mesh(&height), ground(4.0).mesh(&height)];
        let (a, b) = (positions(&left), positions(&right));
        for z in 0..9 {
            assert_eq!(a[z * 9 + 8].y, b[z * 9].y);
            assert_eq!((a[z * 9 + 8].x, b[z * 9].x), (4.0, 0.0));
        }
        let indices: Vec<usize> = left.indices().unwrap().iter().collect();
        let middle = Vec3::new(2.0, 0.0, 2.0);
        for (index, triangle) in indices.chunks(3).enumerate() {
            let [p, q, r] = [a[triangle[0]], a[triangle[1]], a[triangle[2]]];
            let front = (q - p).cross(r - p);
            let is_ground = index < 8 * 8 * 2;
            let outwards = ((p + q + r) / 3.0 - middle) * Vec3::new(1.0, 0.0, 1.0);
            assert!(if is_ground { front.y > 0.0 } else { front.dot(outwards) > 0.0 }, "{index}: {p} {q} {r}");
        }
    }

    #[test]
    fn tangents_lie_on_the_ground() {
        let height = WorldHeight::new(|at| (at.x * 0.7 - at.y * 0.2) as f32);
        let mesh = Ground { corner: DVec2::ZERO, side: 2.0, cells: 2, margin: 0.0 }.mesh(&height);
        let normals = mesh.attribute(Mesh::ATTRIBUTE_NORMAL).unwrap().as_float3().unwrap();
        let expected = Vec3::new(-0.7, 1.0, 0.2).normalize();
        for normal in normals {
            assert!(Vec3::from_array(*normal).abs_diff_eq(expected, 1e-4), "{normal:?}");
        }
    }
}
