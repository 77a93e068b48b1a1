//! Places of the exhibits, the camera and the labels, for any number of exhibits and any aspect ratio of the
//! picture. Pure: no entities, no GPU.

use bevy::math::{Rect, Vec2, Vec3};

/// Vertical field of view, and the angle below the horizon at which the camera looks, in radians.
pub const FIELD_OF_VIEW: f32 = 0.42;
const PITCH: f32 = 0.36;
/// Distance between the centres of neighbours in a row. An exhibit has radius 1.
const SPACING: f32 = 2.5;
/// Height and depth of a step. Each row stands on a step of its own.
const RISE: f32 = 1.95;
const DEPTH: f32 = 2.9;
/// Distance from the centre of an exhibit to the front edge of its step.
const EDGE: f32 = 1.3;
/// From the centre of an exhibit to the centre of its label: in front of its foot.
const LABEL: Vec3 = Vec3::new(0.0, -1.0, 1.15);
/// Largest width and height of a label in world units.
const LABEL_SIZE: Vec2 = Vec2::new(0.96 * SPACING, 0.36);
/// Largest font size in pixels.
const FONT_SIZE: f32 = 26.0;
/// Width of a character and height of a line of Bevy's default font, which is monospaced, as shares of the font size.
const CHARACTER: Vec2 = Vec2::new(0.6, 1.2);
/// Space between the text of a label and its border, as a share of the font size.
pub const PADDING: Vec2 = Vec2::new(0.4, 0.1);
/// Free space around everything, in world units.
const MARGIN: f32 = 0.3;
/// How far the ground reaches.
const FAR: f32 = 200.0;

/// Rows of exhibits on steps, the back row on the highest step, and the camera that sees all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Centre of every exhibit: from left to right, the back row first, as one reads.
    pub places: Vec<Vec3>,
    /// Place of the camera.
    pub eye: Vec3,
    rows: usize,
}

impl Layout {
    /// The layout with the largest exhibits for a picture of this `aspect`, width by height.
    pub fn new(count: usize, aspect: f32) -> Self {
        let layouts = (1..=count.max(1)).map(|rows| Self::of_rows(count, rows, aspect));
        layouts.min_by(|a, b| a.farthest().total_cmp(&b.farthest())).expect("there is at least one row")
    }

    fn of_rows(count: usize, rows: usize, aspect: f32) -> Self {
        let row = |row: usize| {
            let (begin, end) = (row * count / rows, (row + 1) * count / rows);
            let middle = (end - begin) as f32 / 2.0 - 0.5;
            let level = (rows - 1 - row) as f32;
            (begin..end).map(move |index| {
                Vec3::new(((index - begin) as f32 - middle) * SPACING, 1.0 + level * RISE, -level * DEPTH)
            })
        };
        let places: Vec<Vec3> = (0..rows).flat_map(row).collect();
        let eye = eye(&places, aspect);
        Self { places, eye, rows }
    }

    /// The direction in which the camera looks.
    pub fn forward() -> Vec3 {
        Vec3::new(0.0, -PITCH.sin(), -PITCH.cos())
    }

    /// The direction that is up in the picture.
    fn up() -> Vec3 {
        Vec3::new(0.0, PITCH.cos(), -PITCH.sin())
    }

    /// Where the label of an exhibit at `place` is centred, in the world.
    pub fn label_place(place: Vec3) -> Vec3 {
        place + LABEL
    }

    /// Depth of the farthest exhibit from the camera.
    pub fn farthest(&self) -> f32 {
        let depths = self.places.iter().map(|place| (place - self.eye).dot(Self::forward()));
        depths.fold(0.0, f32::max)
    }

    /// Font size in whole pixels at which a label of `longest` characters fits between its neighbours.
    pub fn font_size(&self, picture: Vec2, longest: usize) -> f32 {
        let pixels = LABEL_SIZE * picture.y / (2.0 * self.farthest() * (FIELD_OF_VIEW / 2.0).tan());
        let fitting = pixels / label_size(longest, 1.0);
        fitting.min_element().min(FONT_SIZE).floor().max(1.0)
    }

    /// Where `point` of the world is in the picture, in pixels from the upper left corner.
    pub fn project(&self, point: Vec3, picture: Vec2) -> Vec2 {
        let seen = view(point - self.eye);
        let half = (FIELD_OF_VIEW / 2.0).tan() * seen.z;
        picture / 2.0 + Vec2::new(seen.x, -seen.y) / half * picture.y / 2.0
    }

    /// The steps in profile, from the front to the back: pairs of z and y.
    pub fn profile(&self) -> Vec<Vec2> {
        let edge = |level: usize| EDGE - level as f32 * DEPTH;
        let step = |level: usize| [level - 1, level].map(|below| Vec2::new(edge(level), below as f32 * RISE));
        let mut points = vec![Vec2::new(FAR, 0.0)];
        points.extend((1..self.rows).flat_map(step));
        points.push(Vec2::new(-FAR, (self.rows - 1) as f32 * RISE));
        points
    }
}

/// Width and height in pixels of a label with this many characters.
pub fn label_size(characters: usize, font_size: f32) -> Vec2 {
    (CHARACTER * Vec2::new(characters as f32, 1.0) + 2.0 * PADDING) * font_size
}

/// Which labels are shown: those in front of the camera and inside the picture that neither an exhibit nor a nearer label hides.
/// `labels` holds the place in the world and, if it is in front of the camera, the rectangle in the picture.
pub fn visible(labels: &[(Vec3, Option<Rect>)], exhibits: &[Vec3], eye: Vec3, picture: Vec2) -> Vec<bool> {
    let picture = Rect::from_corners(Vec2::ZERO, picture);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|a, b| labels[*a].0.distance_squared(eye).total_cmp(&labels[*b].0.distance_squared(eye)));
    let mut shown = vec![false; labels.len()];
    for index in order {
        let (place, Some(rect)) = labels[index] else { continue };
        let is_free = |other: usize| !shown[other] || labels[other].1.is_none_or(|other| !overlap(rect, other));
        shown[index] = picture.contains(rect.min)
            && picture.contains(rect.max)
            && !exhibits.iter().any(|exhibit| hides(*exhibit, eye, place))
            && (0..labels.len()).all(is_free);
    }
    shown
}

/// Whether two rectangles share more than a border.
pub fn overlap(a: Rect, b: Rect) -> bool {
    !a.intersect(b).is_empty()
}

/// Whether the exhibit at `centre` stands between `eye` and `place`.
fn hides(centre: Vec3, eye: Vec3, place: Vec3) -> bool {
    let ray = place - eye;
    let nearest = ((centre - eye).dot(ray) / ray.length_squared()).clamp(0.0, 1.0);
    (eye + nearest * ray).distance_squared(centre) < 1.0
}

/// `offset` from the camera: to the right, up, and in depth.
fn view(offset: Vec3) -> Vec3 {
    Vec3::new(offset.x, offset.dot(Layout::up()), offset.dot(Layout::forward()))
}

/// The nearest place from which the camera sees all exhibits and their labels.
fn eye(places: &[Vec3], aspect: f32) -> Vec3 {
    // Spheres that have to be inside the view.
    let corners = [-0.5, 0.5].map(|side| LABEL + Vec3::X * side * LABEL_SIZE.x);
    let around = |place: &Vec3| {
        let labels = corners.map(|corner| (place + corner, LABEL_SIZE.y / 2.0 + MARGIN));
        [(*place, 1.0 + MARGIN), labels[0], labels[1]]
    };
    let spheres: Vec<(Vec3, f32)> = places.iter().flat_map(around).map(|(centre, r)| (view(centre), r)).collect();
    let tangent = (FIELD_OF_VIEW / 2.0).tan();
    let [(x, across), (y, along)] = [(Vec2::X, tangent * aspect), (Vec2::Y, tangent)].map(|(axis, tangent)| {
        let (sine, cosine) = tangent.atan().sin_cos();
        // How far the plane through the camera, on this side of the view, has to move outwards.
        let reach = |side: f32| {
            let reaches =
                spheres.iter().map(|(centre, r)| side * centre.truncate().dot(axis) * cosine - centre.z * sine + r);
            reaches.fold(f32::MIN, f32::max)
        };
        let (more, less) = (reach(1.0), reach(-1.0));
        ((more - less) / (2.0 * cosine), -(more + less) / (2.0 * sine))
    });
    Vec3::X * x + Layout::up() * y + Layout::forward() * across.min(along)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: f32 = 720.0;
    const ASPECTS: [f32; 7] = [0.45, 0.5625, 1.0, 1.333, 1.778, 2.4, 4.0];
    const LONGEST: usize = 14;

    /// Calls `check` with layouts of 1 to 40 exhibits in pictures of every shape.
    fn for_all(check: impl Fn(&Layout, Vec2, &str)) {
        for (count, aspect) in (1..=40).flat_map(|count| ASPECTS.map(|aspect| (count, aspect))) {
            let layout = Layout::new(count, aspect);
            assert_eq!(layout.places.len(), count);
            check(&layout, Vec2::new(aspect * HEIGHT, HEIGHT), &format!("{count} exhibits, aspect {aspect}"));
        }
    }

    fn labels(layout: &Layout, picture: Vec2) -> Vec<Rect> {
        let size = label_size(LONGEST, layout.font_size(picture, LONGEST));
        let centre = |place: &Vec3| layout.project(Layout::label_place(*place), picture);
        layout.places.iter().map(|place| Rect::from_center_size(centre(place), size)).collect()
    }

    /// The box around a ball in the picture: through the tangents to it.
    fn ball(layout: &Layout, place: Vec3, picture: Vec2) -> Rect {
        let seen = view(place - layout.eye);
        let ends = |across: f32| {
            let (middle, half) = (across.atan2(seen.z), (1.0 / across.hypot(seen.z)).asin());
            [middle - half, middle + half].map(|angle| angle.tan() / (FIELD_OF_VIEW / 2.0).tan() * picture.y / 2.0)
        };
        let ([left, right], [low, high]) = (ends(seen.x), ends(seen.y));
        let middle = picture / 2.0;
        Rect::from_corners(middle + Vec2::new(left, -high), middle + Vec2::new(right, -low))
    }

    #[test]
    fn labels_and_balls_lie_inside_the_picture() {
        for_all(|layout, picture, name| {
            let inside = Rect::from_corners(Vec2::ZERO, picture);
            let balls = layout.places.iter().map(|place| ball(layout, *place, picture));
            for rect in labels(layout, picture).into_iter().chain(balls) {
                assert!(inside.contains(rect.min) && inside.contains(rect.max), "{name}: {rect:?}");
            }
        });
    }

    #[test]
    fn labels_overlap_neither_each_other_nor_a_ball() {
        for_all(|layout, picture, name| {
            let labels = labels(layout, picture);
            let balls: Vec<Rect> = layout.places.iter().map(|place| ball(layout, *place, picture)).collect();
            for (index, label) in labels.iter().enumerate() {
                let others = labels[..index].iter().chain(&balls);
                others.for_each(|other| assert!(!overlap(*label, *other), "{name}: {label:?} on {other:?}"));
            }
        });
    }

    #[test]
    fn every_label_is_shown_in_a_picture_of_all() {
        for_all(|layout, picture, name| {
            let places = layout.places.iter().map(|place| Layout::label_place(*place));
            let labels: Vec<_> = places.zip(labels(layout, picture).into_iter().map(Some)).collect();
            let visible = visible(&labels, &layout.places, layout.eye, picture);
            assert!(visible.iter().all(|shown| *shown), "{name}: {visible:?}");
        });
    }

    #[test]
    fn hidden_labels_are_not_shown() {
        let picture = Vec2::new(400.0, 300.0);
        let rect = |x: f32| Some(Rect::from_center_size(Vec2::new(x, 150.0), Vec2::new(100.0, 20.0)));
        let labels = [
            (Vec3::new(0.0, 0.0, -4.0), rect(200.0)),
            // Behind that label, cut at the border, behind the camera, behind a ball.
            (Vec3::new(0.0, 0.0, -8.0), rect(250.0)),
            (Vec3::new(-1.0, 0.0, -4.0), rect(40.0)),
            (Vec3::new(0.0, 0.0, 4.0), None),
            (Vec3::new(9.0, 0.0, -9.0), rect(340.0)),
        ];
        let visible = visible(&labels, &[Vec3::new(5.0, 0.0, -5.0)], Vec3::ZERO, picture);
        assert_eq!(visible, [true, false, false, false, false]);
    }

    #[test]
    fn a_wide_picture_has_fewer_rows() {
        let rows = ASPECTS.map(|aspect| Layout::new(12, aspect).rows);
        assert!(rows.is_sorted_by(|a, b| a >= b) && rows[0] > rows[6], "{rows:?}");
    }
}
