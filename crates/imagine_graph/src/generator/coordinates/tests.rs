//! Known positions and directions, unit length, shared edges of faces, and exact rolling of a periodic plane.

use super::*;

const STILL: Domain = Domain { origin: Texel::ZERO, wrap: true };

fn plane_at(height: usize, width: usize, domain: Domain) -> Vec<f32> {
    let made = Coordinates::Plane.fill(&[1, 2, height, width], &Dim::nchw(2), domain, None).unwrap()();
    made.as_f32().unwrap().to_vec()
}

/// Directions `[image][y * width + x]`.
fn sphere(batch: usize, height: usize, width: usize) -> Vec<Vec<[f32; 3]>> {
    let shape = [batch, 3, height, width];
    let made = Coordinates::Sphere.fill(&shape, &Dim::nchw(3), STILL, None).unwrap()();
    let (values, pixels) = (made.as_f32().unwrap(), height * width);
    let direction =
        |image: usize, pixel: usize| [0, 1, 2].map(|channel| values[(image * 3 + channel) * pixels + pixel]);
    (0..batch).map(|image| (0..pixels).map(|pixel| direction(image, pixel)).collect()).collect()
}

/// Layer, row and column that a GPU reads for a direction, from the table of the Vulkan specification ("Cube Map Face
/// Selection and Transformations"), after Bevy has negated z.
fn sampled([x, y, z]: [f32; 3], side: usize) -> (usize, usize, usize) {
    let (rx, ry, rz) = (x, y, -z);
    let (ax, ay, az) = (rx.abs(), ry.abs(), rz.abs());
    let (face, s, t, major) = if ax > ay && ax > az {
        if rx > 0.0 { (0, -rz, -ry, ax) } else { (1, rz, -ry, ax) }
    } else if ay > az {
        if ry > 0.0 { (2, rx, rz, ay) } else { (3, rx, -rz, ay) }
    } else if rz > 0.0 {
        (4, rx, -ry, az)
    } else {
        (5, -rx, -ry, az)
    };
    let texel = |v: f32| ((v / major + 1.0) / 2.0 * side as f32) as usize;
    (face, texel(t), texel(s))
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_plane_has_texel_centres_from_0_to_1() {
    assert_eq!(plane_at(2, 4, STILL)[..8], [0.125, 0.375, 0.625, 0.875, 0.125, 0.375, 0.625, 0.875]);
    assert_eq!(plane_at(2, 4, STILL)[8..], [0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75]);
    let open = Domain { origin: Texel { y: -3, x: 1_000 }, wrap: false };
    assert_eq!(plane_at(2, 4, open)[..2], [250.125, 250.375]);
    assert_eq!(plane_at(2, 4, open)[8], -1.25);
}

#[test]
fn a_periodic_plane_rolls_to_the_bit() {
    let (height, width) = (7, 5);
    let still = plane_at(height, width, STILL);
    let rolled = plane_at(height, width, Domain { origin: Texel { y: 3, x: -1 }, wrap: true });
    for (index, value) in rolled.iter().enumerate() {
        let (channel, y, x) = (index / (height * width), index / width % height, index % width);
        let source = (channel * height + (y + 3) % height) * width + (x + width - 1) % width;
        assert_eq!(value.to_bits(), still[source].to_bits());
    }
}

#[test]
fn a_cubemap_is_what_bevy_samples() {
    for side in [1, 2, 5, 8] {
        for (face, texels) in sphere(6, side, side).iter().enumerate() {
            for (pixel, direction) in texels.iter().enumerate() {
                assert_eq!(sampled(*direction, side), (face, pixel / side, pixel % side), "{direction:?}");
                assert!((dot(*direction, *direction) - 1.0).abs() < 3e-7);
            }
        }
    }
    let middles = sphere(6, 1, 1).concat();
    let expected = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, -1], [0, 0, 1]];
    assert_eq!(middles, expected.map(|d| d.map(|v| v as f32)));
}

#[test]
fn faces_share_their_edges() {
    let side = 16;
    let faces = sphere(6, side, side);
    let last = side - 1;
    for (face, texels) in faces.iter().enumerate() {
        let others = || faces.iter().enumerate().filter(|(other, _)| *other != face).flat_map(|(_, texels)| texels);
        for along in 0..side {
            for (y, x) in [(0, along), (last, along), (along, 0), (along, last)] {
                let nearest = others().map(|other| dot(texels[y * side + x], *other)).fold(-1.0, f32::max);
                // Each texel is half a texel from the edge: together less than one texel in the middle of a face.
                assert!(nearest.acos() < 2.0 / side as f32, "face {face}, row {y}, column {x}: {}", nearest.acos());
            }
        }
    }
}

#[test]
fn a_panorama_looks_forward_in_its_centre() {
    let (height, width) = (64, 128);
    let texels = &sphere(1, height, width)[0];
    let at = |y: usize, x: usize| texels[y * width + x];
    let near = |found: [f32; 3], expected: [f32; 3]| assert!(dot(found, expected) > 0.998, "{found:?} {expected:?}");
    near(at(32, 64), [0.0, 0.0, -1.0]);
    near(at(32, 96), [1.0, 0.0, 0.0]);
    near(at(32, 32), [-1.0, 0.0, 0.0]);
    near(at(32, 0), [0.0, 0.0, 1.0]);
    near(at(0, 5), [0.0, 1.0, 0.0]);
    near(at(63, 77), [0.0, -1.0, 0.0]);
    assert!(dot(at(20, 0), at(20, 127)) > 0.998);
    assert!(texels.iter().all(|d| (dot(*d, *d) - 1.0).abs() < 3e-7));
}

#[test]
fn other_shapes_are_not_a_sphere() {
    for shape in [[1, 3, 8, 8], [6, 3, 8, 16], [2, 3, 8, 8], [1, 3, 16, 8]] {
        assert!(Coordinates::Sphere.fill(&shape, &Dim::nchw(3), STILL, None).is_none());
    }
}

fn torus_at(height: usize, width: usize, domain: Domain) -> Vec<f32> {
    let made = Coordinates::Torus.fill(&[1, 4, height, width], &Dim::nchw(4), domain, None).unwrap()();
    made.as_f32().unwrap().to_vec()
}

#[test]
fn a_torus_is_the_image_or_a_period_of_the_world() {
    assert_eq!(torus_at(2, 4, STILL)[..8], [0.0, 0.25, 0.5, 0.75, 0.0, 0.25, 0.5, 0.75]);
    assert_eq!(
        torus_at(2, 4, STILL)[8..],
        [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5].into_iter().chain([4.0; 8]).chain([2.0; 8]).collect::<Vec<f32>>()
    );
    let rolled = torus_at(2, 4, Domain { origin: Texel { y: 1, x: -1 }, wrap: true });
    assert_eq!(rolled[..4], [0.75, 0.0, 0.25, 0.5]);
    assert_eq!(rolled[8..12], [0.5; 4]);
    let far = 1 << 30;
    let open = torus_at(1, 3, Domain { origin: Texel { y: -1, x: far + 1022 }, wrap: false });
    assert_eq!(open[..3], [1022.0 / 1024.0, 1023.0 / 1024.0, 0.0]);
    assert_eq!(open[3..6], [1023.0 / 1024.0; 3]);
    assert_eq!(open[6..], [1024.0; 6]);
}

#[test]
fn patches_of_a_world_have_the_same_coordinates_however_they_are_cut() {
    let origin = Texel { y: -(1 << 20), x: 1 << 20 };
    let whole = torus_at(6, 8, Domain { origin, wrap: false });
    for (top, left) in [(0, 0), (3, 5), (4, 4)] {
        let part = torus_at(2, 3, Domain { origin: Texel { y: origin.y + top, x: origin.x + left }, wrap: false });
        for (index, value) in part.iter().enumerate() {
            let (channel, y, x) = (index / 6, index / 3 % 2 + top as usize, index % 3 + left as usize);
            assert_eq!(*value, whole[(channel * 6 + y) * 8 + x]);
        }
    }
}
