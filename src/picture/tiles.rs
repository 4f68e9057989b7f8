//! Overlapping parts of a large picture, so that a small thing in it can be found.

use super::decode::RgbPixels;
use crate::model::Region;

/// A side up to this long, twice what models read, is seen as a whole.
const WHOLE_PX: u32 = 512;
/// A side up to this long has two parts, a longer one three.
const HALVES_PX: u32 = 1536;

/// The parts of a picture of this size, row by row: two or three along each side
/// that is long, at most nine, together with overlaps that hold what would be cut
/// otherwise. None for a small picture.
pub fn tiles(width: u32, height: u32) -> Vec<Region> {
    let (columns, rows) = (stretches(width), stretches(height));
    if columns.len() * rows.len() == 1 {
        return Vec::new();
    }
    let row = |(top, height): &(u32, u32)| {
        let (top, height) = (*top, *height);
        columns.iter().filter_map(move |(left, width)| Region::new(*left, top, *width, height))
    };
    rows.iter().flat_map(row).collect()
}

/// Begin and length of the stretches of a side. Two cover 60 % each, three 45 %.
fn stretches(side: u32) -> Vec<(u32, u32)> {
    let percent = |share: u64| (u64::from(side) * share / 100) as u32;
    let (n, length) = match side {
        side if side <= WHOLE_PX => return vec![(0, side)],
        side if side <= HALVES_PX => (2, percent(60)),
        _ => (3, percent(45)),
    };
    let room = u64::from(side - length);
    (0..n).map(|i| ((room * i / (n - 1)) as u32, length)).collect()
}

impl RgbPixels {
    /// The pixels in a region; none when it reaches beyond the picture.
    pub fn part(&self, region: &Region) -> Option<Self> {
        let (width, height) = (region.width(), region.height());
        if region.x() + width > self.width || region.y() + height > self.height {
            return None;
        }
        let (left, n) = (3 * region.x() as usize, 3 * width as usize);
        let rows = self.bytes.chunks_exact(3 * self.width as usize);
        let rows = rows.skip(region.y() as usize).take(height as usize);
        let bytes = rows.filter_map(|row| row.get(left..left + n)).flatten().copied().collect();
        Some(Self { width, height, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_large_picture_and_overlap() {
        assert!(tiles(512, 400).is_empty());
        for (width, height, n) in [(1280, 853, 4), (4000, 3000, 9), (2000, 300, 3), (513, 10, 2)] {
            let tiles = tiles(width, height);
            assert_eq!(tiles.len(), n, "{width} x {height}");
            let inside = |x: u32, y: u32| {
                let holds = |t: &&Region| {
                    (t.x()..t.x() + t.width()).contains(&x)
                        && (t.y()..t.y() + t.height()).contains(&y)
                };
                tiles.iter().filter(holds).count()
            };
            assert!((0..width).step_by(7).all(|x| inside(x, height - 1) >= 1));
            assert!((0..height).step_by(7).all(|y| inside(width - 1, y) >= 1));
            assert!((0..width).any(|x| inside(x, 0) == 2), "stretches overlap");
        }
    }

    #[test]
    fn a_part_holds_the_pixels_of_its_region() {
        let picture =
            RgbPixels { width: 4, height: 3, bytes: (0..12).flat_map(|i| [i, i, i]).collect() };
        let part = picture.part(&Region::new(1, 1, 2, 2).unwrap()).unwrap();
        let first: Vec<u8> = part.bytes.chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!((part.width, part.height, first), (2, 2, vec![5, 6, 9, 10]));
        assert_eq!(picture.part(&Region::new(1, 1, 4, 2).unwrap()), None);
    }
}
