//! A hash that near-duplicates share: the perceptual hash by cosine transform
//! (Zauner: "Implementation and Benchmarking of Perceptual Image Hash Functions",
//! 2010), over the 64 lowest frequencies.

use super::small::SIDE;
use crate::model::PictureHash;
use std::f32::consts::PI;

/// Side of the grid that is transformed.
const GRID: usize = 32;
/// Frequencies are taken in the order of their sum; the 64 lowest end here.
const N_FREQUENCIES: usize = 11;
/// Mean size of the frequencies below which a surface is even: half a level of 255.
const EVEN: f32 = 0.5;

/// The hash of a picture in cells. A bit says whether a frequency of the brightness
/// is above the median of all; the mean brightness does not count. None when there
/// is nothing to see but an even surface.
pub(super) fn hash(cells: &[[f32; 3]]) -> Option<PictureHash> {
    let brightness = grid(cells)?;
    let waves: Vec<Vec<f32>> = (0..N_FREQUENCIES)
        .map(|u| {
            let wave = |x: usize| (PI * u as f32 * (x as f32 + 0.5) / GRID as f32).cos();
            (0..GRID).map(wave).collect()
        })
        .collect();
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    // Rows first: for each frequency a column of the rows' strengths.
    let by_row: Vec<Vec<f32>> = waves
        .iter()
        .map(|wave| brightness.chunks_exact(GRID).map(|row| product(row, wave)).collect())
        .collect();
    let mut order: Vec<(usize, usize)> = (0..N_FREQUENCIES)
        .flat_map(|u| (0..N_FREQUENCIES).map(move |v| (u, v)))
        .filter(|(u, v)| u + v > 0 && u + v < N_FREQUENCIES)
        .collect();
    order.sort_by_key(|(u, v)| (u + v, *u));
    let strengths: Vec<f32> = order
        .into_iter()
        .take(64)
        .filter_map(|(u, v)| Some(product(by_row.get(u)?, waves.get(v)?) * 2.0 / GRID as f32))
        .collect();
    let mean = strengths.iter().map(|s| s.abs()).sum::<f32>() / strengths.len().max(1) as f32;
    if mean < EVEN {
        return None;
    }
    let mut sorted = strengths.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted.get(31).zip(sorted.get(32)).map(|(a, b)| (a + b) / 2.0)?;
    let bits = strengths.iter().fold(0, |bits, s| bits << 1 | u64::from(*s > median));
    Some(PictureHash(bits))
}

/// Brightness (Rec. 601) of four cells each.
fn grid(cells: &[[f32; 3]]) -> Option<Vec<f32>> {
    let brightness = |[red, green, blue]: [f32; 3]| 0.299 * red + 0.587 * green + 0.114 * blue;
    let mut grid = Vec::with_capacity(GRID * GRID);
    for rows in cells.chunks_exact(2 * SIDE) {
        let (upper, lower) = rows.split_at(SIDE);
        for (upper, lower) in upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0) {
            grid.push(upper.iter().chain(lower).map(|cell| brightness(*cell)).sum::<f32>() / 4.0);
        }
    }
    (grid.len() == GRID * GRID).then_some(grid)
}

#[cfg(test)]
mod tests {
    use super::super::decode::RgbPixels;
    use super::super::small::cells;
    use super::*;

    fn hash_of(width: u32, height: u32, value: impl Fn(f32, f32) -> f32) -> Option<PictureHash> {
        let at = |x: u32, y: u32| value(x as f32 / width as f32, y as f32 / height as f32) as u8;
        let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x, y); 3]));
        let bytes = bytes.map(|(x, y)| at(x, y)).collect();
        hash(&cells(&RgbPixels { width, height, bytes }))
    }

    #[test]
    fn scale_and_brightness_change_little_and_other_pictures_much() {
        let waves = |x: f32, y: f32| 128.0 + 60.0 * (x * 9.0).sin() + 50.0 * (y * x * 13.0).cos();
        let other = |x: f32, y: f32| 128.0 + 60.0 * (y * 11.0).sin() + 50.0 * (x * 17.0).cos();
        let hash = hash_of(640, 480, waves).unwrap();
        let near = |found: Option<PictureHash>| found.unwrap().distance(hash);
        assert!(near(hash_of(200, 150, waves)) <= 3);
        assert!(near(hash_of(640, 480, |x, y| waves(x, y) * 0.8 + 20.0)) <= 3);
        assert!(near(hash_of(640, 480, other)) > 15);
    }

    #[test]
    fn an_even_surface_has_no_hash() {
        assert_eq!(hash_of(300, 200, |_, _| 255.0), None);
        assert_eq!(hash(&[]), None);
        assert!(hash_of(300, 200, |x, _| 200.0 * x).is_some());
    }
}
