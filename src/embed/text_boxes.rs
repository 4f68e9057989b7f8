//! Rectangles around what a text detector marked.
//!
//! The map of a DB detector (Liao et al.: "Real-time Scene Text Detection with
//! Differentiable Binarization", 2020) holds for each pixel how probable text is
//! there, in shapes that are smaller than the text. Marked pixels that touch are one
//! text; around it lies its smallest rectangle, which is grown back.

/// Pixels that are at least as probable are marked.
const MARKED: f32 = 0.3;
/// Rectangles whose mean probability is lower are dropped.
const MIN_SCORE: f32 = 0.5;
/// How far a rectangle grows: `area * GROWTH / perimeter` on every side.
const GROWTH: f32 = 1.6;
/// Rectangles with a shorter side, in pixels of the map, are specks.
const MIN_SIDE: f32 = 3.0;
/// The largest marks are looked at, no more.
const MAX_BOXES: usize = 400;

/// How probable text is at each pixel, row by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextMap<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: &'a [f32],
}

/// A rectangle, turned as the text is: `along` and `across` are unit vectors, the
/// first one from the text's beginning to its end, the second one downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TextBox {
    pub(super) centre: (f32, f32),
    pub(super) along: (f32, f32),
    pub(super) half_length: f32,
    pub(super) half_height: f32,
}

impl TextBox {
    fn across(&self) -> (f32, f32) {
        (-self.along.1, self.along.0)
    }

    /// Upper left, upper right, lower right, lower left.
    pub(super) fn corners(&self) -> [(f32, f32); 4] {
        let across = self.across();
        let corner = |a: f32, b: f32| {
            let (a, b) = (a * self.half_length, b * self.half_height);
            let x = self.centre.0 + a * self.along.0 + b * across.0;
            (x, self.centre.1 + a * self.along.1 + b * across.1)
        };
        [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)]
    }

    fn grown(mut self) -> Self {
        let (length, height) = (2.0 * self.half_length, 2.0 * self.half_height);
        let growth = length * height * GROWTH / (2.0 * (length + height)).max(f32::EPSILON);
        self.half_length += growth;
        self.half_height += growth;
        self
    }

    /// Mean probability inside.
    fn score(&self, map: &TextMap<'_>) -> f32 {
        let corners = self.corners();
        let xs = corners.map(|corner| corner.0);
        let ys = corners.map(|corner| corner.1);
        let (left, right) = range(xs, map.width);
        let (top, bottom) = range(ys, map.height);
        let across = self.across();
        let (mut sum, mut n) = (0.0, 0usize);
        for y in top..bottom {
            for x in left..right {
                let (dx, dy) = (x as f32 - self.centre.0, y as f32 - self.centre.1);
                let a = dx * self.along.0 + dy * self.along.1;
                let b = dx * across.0 + dy * across.1;
                // Half a pixel more: a rectangle goes through the middle of pixels.
                if a.abs() <= self.half_length + 0.5 && b.abs() <= self.half_height + 0.5 {
                    sum += map.values.get(y * map.width + x).copied().unwrap_or_default();
                    n += 1;
                }
            }
        }
        sum / n.max(1) as f32
    }
}

fn range(values: [f32; 4], end: usize) -> (usize, usize) {
    let least = values.into_iter().fold(f32::INFINITY, f32::min);
    let most = values.into_iter().fold(f32::NEG_INFINITY, f32::max);
    (least.floor().max(0.0) as usize, (most.ceil().max(0.0) as usize + 1).min(end))
}

/// The rectangles of texts in a map, in no order.
pub(super) fn text_boxes(map: &TextMap<'_>) -> Vec<TextBox> {
    let mut marks = marks(map);
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.len()));
    marks
        .iter()
        .take(MAX_BOXES)
        .filter_map(|mark| smallest_box(&hull(mark)))
        .filter(|found| 2.0 * found.half_length.min(found.half_height) >= MIN_SIDE)
        .filter(|found| found.score(map) >= MIN_SCORE)
        .map(TextBox::grown)
        .collect()
}

/// Marked pixels that touch, as points. Each marked pixel marks its right, lower
/// and lower right neighbour too, which closes thin gaps.
fn marks(map: &TextMap<'_>) -> Vec<Vec<(i32, i32)>> {
    let (width, height) = (map.width as i32, map.height as i32);
    let index = |x: i32, y: i32| {
        let inside = x >= 0 && y >= 0 && x < width && y < height;
        inside.then_some((y * width + x) as usize)
    };
    let is_marked =
        |x, y| index(x, y).and_then(|i| map.values.get(i)).is_some_and(|value| *value > MARKED);
    let mut open: Vec<bool> = Vec::with_capacity(map.values.len());
    for y in 0..height {
        for x in 0..width {
            let near = [(x, y), (x - 1, y), (x, y - 1), (x - 1, y - 1)];
            open.push(near.into_iter().any(|(x, y)| is_marked(x, y)));
        }
    }
    let mut take = |x: i32, y: i32| {
        let slot = index(x, y).and_then(|i| open.get_mut(i));
        slot.is_some_and(|slot| std::mem::replace(slot, false))
    };
    let mut marks = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if !take(x, y) {
                continue;
            }
            let mut mark = vec![(x, y)];
            let mut next = 0;
            while let Some((x, y)) = mark.get(next).copied() {
                next += 1;
                for (x, y) in (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y))) {
                    if take(x, y) {
                        mark.push((x, y));
                    }
                }
            }
            marks.push(mark);
        }
    }
    marks
}

/// The corners of the convex hull (Andrew's monotone chain).
fn hull(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = (i32, i32)>| {
        let mut chain: Vec<(i32, i32)> = Vec::new();
        for point in points {
            while let [.., a, b] = chain.as_slice() {
                let (dx, dy) = (i64::from(b.0 - a.0), i64::from(b.1 - a.1));
                let (ex, ey) = (i64::from(point.0 - a.0), i64::from(point.1 - a.1));
                if dx * ey - dy * ex > 0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut corners = half(&mut sorted.iter().copied());
    corners.extend(half(&mut sorted.iter().rev().copied()));
    corners
}

/// The smallest rectangle around a convex shape: one of its sides lies on a side of
/// the shape. Its `along` is the direction nearest to that of reading.
fn smallest_box(hull: &[(i32, i32)]) -> Option<TextBox> {
    let ends = hull.iter().skip(1).chain(hull.first());
    hull.iter()
        .zip(ends)
        .filter_map(|(from, to)| {
            let (dx, dy) = ((to.0 - from.0) as f32, (to.1 - from.1) as f32);
            let length = dx.hypot(dy);
            (length > 0.0).then(|| box_along(hull, reading_direction(dx / length, dy / length)))
        })
        .min_by(|a, b| {
            let area = |found: &TextBox| found.half_length * found.half_height;
            area(a).total_cmp(&area(b))
        })
}

/// The direction turned by quarters until it points more to the right than elsewhere.
fn reading_direction(x: f32, y: f32) -> (f32, f32) {
    let turned = [(x, y), (-y, x), (-x, -y), (y, -x)];
    turned.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((1.0, 0.0))
}

fn box_along(hull: &[(i32, i32)], along: (f32, f32)) -> TextBox {
    let across = (-along.1, along.0);
    let extent = |axis: (f32, f32)| {
        let places = hull.iter().map(|(x, y)| *x as f32 * axis.0 + *y as f32 * axis.1);
        let ends = (f32::INFINITY, f32::NEG_INFINITY);
        places.fold(ends, |(least, most), place| (least.min(place), most.max(place)))
    };
    let (left, right) = extent(along);
    let (top, bottom) = extent(across);
    let (a, b) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
    TextBox {
        centre: (a * along.0 + b * across.0, a * along.1 + b * across.1),
        along,
        half_length: (right - left) / 2.0,
        half_height: (bottom - top) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_of(width: usize, height: usize, inside: impl Fn(f32, f32) -> bool) -> Vec<f32> {
        let place = |i: usize| ((i % width) as f32, (i / width) as f32);
        (0..width * height)
            .map(|i| if inside(place(i).0, place(i).1) { 0.9 } else { 0.0 })
            .collect()
    }

    #[test]
    fn two_stripes_are_two_boxes() {
        let values = map_of(100, 60, |x, y| {
            (10.0..=50.0).contains(&x) && ((10.0..=17.0).contains(&y) || (40.0..=47.0).contains(&y))
        });
        let mut found = text_boxes(&TextMap { width: 100, height: 60, values: &values });
        found.sort_by(|a, b| a.centre.1.total_cmp(&b.centre.1));
        assert_eq!(found.len(), 2);
        let (above, below) = (found[0], found[1]);
        assert!((above.centre.0 - 30.5).abs() < 0.6 && (above.centre.1 - 14.0).abs() < 0.6);
        assert!((below.centre.1 - 44.0).abs() < 0.6);
        // 41 x 8 marked pixels and one more by the marking: 41 * 8 * 1.6 / 98 = 5.4.
        assert!((above.half_length - 25.9).abs() < 0.5, "{above:?}");
        assert!((above.half_height - 9.4).abs() < 0.5, "{above:?}");
    }

    #[test]
    fn a_slanting_text_has_a_slanting_box() {
        let (sin, cos) = 0.3f32.sin_cos();
        let values = map_of(120, 120, |x, y| {
            let (x, y) = (x - 60.0, y - 60.0);
            (x * cos + y * sin).abs() <= 40.0 && (y * cos - x * sin).abs() <= 5.0
        });
        let found = text_boxes(&TextMap { width: 120, height: 120, values: &values });
        assert_eq!(found.len(), 1);
        assert!((found[0].along.1 - sin).abs() < 0.03, "{found:?}");
        assert!(found[0].half_length > 3.0 * found[0].half_height);
    }

    #[test]
    fn specks_and_faint_marks_are_dropped() {
        let speck = map_of(40, 40, |x, y| x == 5.0 && y == 5.0);
        assert!(text_boxes(&TextMap { width: 40, height: 40, values: &speck }).is_empty());
        let faint: Vec<f32> = speck.iter().map(|_| 0.35).collect();
        assert!(text_boxes(&TextMap { width: 40, height: 40, values: &faint }).is_empty());
    }

    #[test]
    fn an_empty_map_has_no_boxes() {
        assert!(text_boxes(&TextMap { width: 0, height: 0, values: &[] }).is_empty());
    }
}
