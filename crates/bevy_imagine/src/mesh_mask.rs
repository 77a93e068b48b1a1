//! A value of a mesh's surface as an image over its UVs: the mask of a layer from vertex colours, heights or anything else that a vertex
//! has.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology, VertexAttributeValues};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// Texels that values are continued beyond the triangles, so that filtering reads no gap.
const MARGIN: usize = 8;
/// Largest side of an image in texels.
const MAX_SIDE: u32 = 8192;

/// A point of a mesh's surface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeshPoint {
    /// Position in the mesh's space.
    pub position: Vec3,
    /// Normal in the mesh's space; 0 if the mesh has none.
    pub normal: Vec3,
    /// Linear colour; white if the mesh has none.
    pub color: Vec4,
}

/// Why a mesh has no mask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeshMaskError {
    /// Not a list of triangles.
    #[error("the mesh is a {0:?}, expected a list of triangles")]
    Topology(PrimitiveTopology),
    /// No positions or no UVs, or not in main memory.
    #[error("the mesh has no {0} in main memory")]
    Attribute(&'static str),
    /// An image of no texel, or of too many.
    #[error("{}x{} texels: expected 1 to {MAX_SIDE} a side", .0.x, .0.y)]
    Size(UVec2),
}

/// An image of `size` texels that shows `value` (0 to 1) of the surface of `mesh` at its UVs, which repeat beyond 0 to 1. Give it to a
/// request for a [`Mask::Input`](crate::Mask::Input).
///
/// ```
/// use bevy::prelude::*;
/// use bevy_imagine::mesh_mask;
///
/// let rock = Sphere::new(2.0).mesh().uv(32, 18);
/// // Snow on top: 0 at the equator, 1 from a height of 1.5.
/// let snow = mesh_mask(&rock, UVec2::splat(64), |point| point.position.z / 1.5).unwrap();
/// let red = mesh_mask(&rock, UVec2::splat(64), |point| point.color.x).unwrap();
/// assert_eq!(snow.size(), red.size());
/// ```
pub fn mesh_mask(mesh: &Mesh, size: UVec2, value: impl Fn(MeshPoint) -> f32) -> Result<Image, MeshMaskError> {
    if size.min_element() == 0 || size.max_element() > MAX_SIDE {
        return Err(MeshMaskError::Size(size));
    }
    let vertices = vertices(mesh)?;
    let corners: Vec<usize> = match mesh.indices() {
        Some(Indices::U16(indices)) => indices.iter().map(|index| usize::from(*index)).collect(),
        Some(Indices::U32(indices)) => indices.iter().map(|index| *index as usize).collect(),
        None => (0..vertices.len()).collect(),
    };
    let mut texels: Vec<Option<f32>> = vec![None; (size.x * size.y) as usize];
    for corners in corners.chunks_exact(3) {
        let triangle = [0, 1, 2].map(|corner| vertices.get(corners[corner]));
        if let [Some(a), Some(b), Some(c)] = triangle {
            draw(&mut texels, size, [a, b, c], &value);
        }
    }
    (0..MARGIN).for_each(|_| widen(&mut texels, size));
    let bytes = texels.into_iter().map(|value| (255.0 * value.unwrap_or(0.0).clamp(0.0, 1.0)).round() as u8).collect();
    let extent = Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 };
    let format = TextureFormat::R8Unorm;
    Ok(Image::new(extent, TextureDimension::D2, bytes, format, RenderAssetUsages::default()))
}

/// UV and surface of every vertex.
fn vertices(mesh: &Mesh) -> Result<Vec<(Vec2, MeshPoint)>, MeshMaskError> {
    if mesh.primitive_topology() != PrimitiveTopology::TriangleList {
        return Err(MeshMaskError::Topology(mesh.primitive_topology()));
    }
    let positions = mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(VertexAttributeValues::as_float3);
    let positions = positions.ok_or(MeshMaskError::Attribute("positions"))?;
    let Some(VertexAttributeValues::Float32x2(uvs)) = mesh.attribute(Mesh::ATTRIBUTE_UV_0) else {
        return Err(MeshMaskError::Attribute("UVs"));
    };
    let normals = mesh.attribute(Mesh::ATTRIBUTE_NORMAL).and_then(VertexAttributeValues::as_float3);
    let colors = match mesh.attribute(Mesh::ATTRIBUTE_COLOR) {
        Some(VertexAttributeValues::Float32x4(colors)) => Some(colors),
        _ => None,
    };
    let point = |index: usize| MeshPoint {
        position: positions[index].into(),
        normal: normals.and_then(|normals| normals.get(index)).map_or(Vec3::ZERO, |normal| Vec3::from(*normal)),
        color: colors.and_then(|colors| colors.get(index)).map_or(Vec4::ONE, |color| Vec4::from(*color)),
    };
    Ok(uvs.iter().take(positions.len()).enumerate().map(|(index, uv)| (Vec2::from(*uv), point(index))).collect())
}

/// Draws one triangle: every texel whose centre lies in it.
fn draw(texels: &mut [Option<f32>], size: UVec2, triangle: [&(Vec2, MeshPoint); 3], value: &impl Fn(MeshPoint) -> f32) {
    let [a, b, c] = triangle.map(|(uv, _)| *uv * size.as_vec2());
    let area = (b - a).perp_dot(c - a);
    let (low, high) = (a.min(b).min(c).floor(), a.max(b).max(c).ceil());
    // A triangle may repeat the texture, but not so often that drawing has no end.
    let is_sound = area.is_finite() && area.abs() > 1e-9 && (high - low).max_element() <= 2.0 * MAX_SIDE as f32;
    if !is_sound || low.abs().max_element() > 1e6 {
        return;
    }
    for y in low.y as i32..high.y as i32 {
        for x in low.x as i32..high.x as i32 {
            let at = Vec2::new(x as f32, y as f32) + 0.5;
            let shares = [(c - b).perp_dot(at - b), (a - c).perp_dot(at - c), (b - a).perp_dot(at - a)];
            let shares = shares.map(|share| share / area);
            if shares.iter().any(|share| *share < -1e-4) {
                continue;
            }
            let found = value(mixed(triangle.map(|(_, point)| point), shares));
            let (row, column) = (y.rem_euclid(size.y as i32), x.rem_euclid(size.x as i32));
            texels[(row * size.x as i32 + column) as usize] = Some(if found.is_finite() { found } else { 0.0 });
        }
    }
}

fn mixed(points: [&MeshPoint; 3], shares: [f32; 3]) -> MeshPoint {
    let mut sum = MeshPoint::default();
    for (point, share) in points.into_iter().zip(shares) {
        sum.position += share * point.position;
        sum.normal += share * point.normal;
        sum.color += share * point.color;
    }
    sum
}

/// Gives every empty texel beside others their mean, across the image's edges too.
fn widen(texels: &mut [Option<f32>], size: UVec2) {
    let (width, height) = (size.x as usize, size.y as usize);
    let before = texels.to_vec();
    let near = [(0, 1), (0, width - 1), (1, 0), (height - 1, 0)];
    for (index, texel) in texels.iter_mut().enumerate().filter(|(_, texel)| texel.is_none()) {
        let (row, column) = (index / width, index % width);
        let found = near.iter().filter_map(|(y, x)| before[(row + y) % height * width + (column + x) % width]);
        let (sum, count) = found.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
        *texel = (count > 0).then(|| sum / count as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_runs_over_the_uvs() {
        let plane = Rectangle::new(2.0, 2.0).mesh().build();
        let mask = mesh_mask(&plane, UVec2::new(8, 4), |point| 0.5 + 0.5 * point.position.x).unwrap();
        let bytes = mask.data.unwrap();
        let expected: Vec<u8> = (0..8).map(|x| (255.0 * (x as f32 + 0.5) / 8.0).round() as u8).collect();
        for row in bytes.chunks(8) {
            assert!(row.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 1), "{row:?}, expected {expected:?}");
        }
    }

    #[test]
    fn colours_are_read_and_gaps_are_closed() {
        let triangle = |uvs: Vec<[f32; 2]>| {
            let mesh = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default());
            let positions = vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
            mesh.with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
                .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
                .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, vec![[0.5, 0.0, 0.0, 1.0]; 3])
        };
        let half = triangle(vec![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
        let mask = mesh_mask(&half, UVec2::splat(8), |point| point.color.x).unwrap();
        assert_eq!(mask.data.unwrap(), [128; 64]);
        let hostile = triangle(vec![[f32::NAN, 0.0], [1e30, 0.0], [0.0, 1e30]]);
        let mask = mesh_mask(&hostile, UVec2::splat(8), |point| point.color.x).unwrap();
        assert_eq!(mask.data.unwrap(), [0; 64]);
    }

    #[test]
    fn what_has_no_mask_is_refused() {
        let plain = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default());
        let refused = |mesh: &Mesh, size| mesh_mask(mesh, size, |_| 1.0).unwrap_err();
        assert_eq!(refused(&plain, UVec2::splat(8)), MeshMaskError::Attribute("positions"));
        assert_eq!(refused(&plain, UVec2::new(0, 8)), MeshMaskError::Size(UVec2::new(0, 8)));
        let lines = Mesh::new(PrimitiveTopology::LineList, RenderAssetUsages::default());
        assert_eq!(refused(&lines, UVec2::splat(8)), MeshMaskError::Topology(PrimitiveTopology::LineList));
    }
}
