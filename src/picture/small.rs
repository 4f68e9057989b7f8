//! A picture in few cells, for what concerns it as a whole.

use super::decode::RgbPixels;
use crate::model::ColourGrid;

/// Cells on each side.
pub(super) const SIDE: usize = 64;

/// Mean red, green and blue (0 to 255) of [`SIDE`] x [`SIDE`] cells, row by row.
/// Pixels on the border of cells count in each by what lies in it, so that a scaled
/// copy has the same cells. Empty for a picture without pixels.
pub(super) fn cells(picture: &RgbPixels) -> Vec<[f32; 3]> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    if picture.bytes.is_empty() {
        return Vec::new();
    }
    let mut cells = Vec::with_capacity(SIDE * SIDE);
    let mut columns = vec![0f32; 3 * width];
    for row in 0..SIDE {
        // Columns are summed first, so that memory is walked once and in order.
        columns.fill(0.0);
        for (y, weight) in weights(row, height) {
            let pixels = picture.bytes.get(3 * width * y..).unwrap_or_default();
            for (sum, value) in columns.iter_mut().zip(pixels) {
                *sum += weight * f32::from(*value);
            }
        }
        let (columns, _) = columns.as_chunks::<3>();
        for column in 0..SIDE {
            let mut sum = [0f32; 3];
            for (x, weight) in weights(column, width) {
                for (sum, value) in sum.iter_mut().zip(columns.get(x).into_iter().flatten()) {
                    *sum += weight * value;
                }
            }
            cells.push(sum);
        }
    }
    cells
}

/// Means of eight by eight cells each; none without cells.
pub(super) fn grid(cells: &[[f32; 3]]) -> Option<ColourGrid> {
    const EACH: usize = SIDE / 8;
    let mut sums = [0f32; 192];
    for (row, cells) in cells.chunks_exact(SIDE).enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let at = 3 * (row / EACH * 8 + column / EACH);
            let sums = sums.iter_mut().skip(at);
            sums.zip(cell).for_each(|(sum, value)| *sum += value);
        }
    }
    let level = |sum: f32| (sum / (EACH * EACH) as f32).round() as u8;
    (!cells.is_empty()).then(|| ColourGrid(sums.map(level)))
}

/// Pixels of a side of `n` that lie in a cell, each with its share of the cell.
fn weights(cell: usize, n: usize) -> impl Iterator<Item = (usize, f32)> {
    let size = n as f64 / SIDE as f64;
    let (begin, end) = (cell as f64 * size, (cell + 1) as f64 * size);
    (begin as usize..(end.ceil() as usize).min(n)).map(move |i| {
        let inside = end.min((i + 1) as f64) - begin.max(i as f64);
        (i, (inside.max(0.0) / size) as f32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_means_and_cover_every_size() {
        for (width, height) in [(1, 1), (63, 65), (64, 64), (200, 130), (1, 500)] {
            let bytes = (0..height)
                .flat_map(|_| {
                    (0..width).flat_map(|x| [if 2 * x < width { 200 } else { 100 }, 7, 0])
                })
                .collect();
            let cells = cells(&RgbPixels { width, height, bytes });
            assert_eq!(cells.len(), SIDE * SIDE);
            let (first, last) = (cells[0], cells[SIDE * SIDE - 1]);
            let check = |found: f32, expected: f32| {
                assert!((found - expected).abs() < 0.01, "{found} in {width} x {height}");
            };
            check(first[0], 200.0);
            check(first[1], 7.0);
            check(last[0], if width == 1 { 200.0 } else { 100.0 });
            let ColourGrid(grid) = grid(&cells).unwrap();
            assert_eq!(grid[..3], [200, 7, 0]);
        }
    }
}
