//! Which pictures may be decoded at the same time.

use super::decode::Picture;
use rayon::prelude::*;
use std::ops::Range;

/// Pixels that are in memory at the same time: 96 MiB without transparency, and
/// up to four times as much while deep or progressive pictures are decoded.
pub const PIXELS_AT_ONCE: u64 = 32 << 20;

/// Cuts a list of encoded pictures into stretches whose pixels fit into
/// `budget_px` together, by what their headers promise. A picture that is larger
/// alone is a stretch of its own; one whose header cannot be read costs nothing.
pub fn groups(pictures: &[&[u8]], budget_px: u64) -> Vec<Range<usize>> {
    let sizes: Vec<u64> =
        pictures.par_iter().map(|bytes| Picture::promised_px(bytes).unwrap_or_default()).collect();
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut n_px = 0;
    for (i, size) in sizes.into_iter().enumerate() {
        match groups.last_mut() {
            Some(group) if n_px + size <= budget_px => {
                group.end = i + 1;
                n_px += size;
            }
            _ => {
                groups.push(i..i + 1);
                n_px = size;
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbImage};
    use std::io::Cursor;

    #[test]
    fn a_group_holds_what_fits_and_nothing_is_left_out() {
        let encoded = |width, height| {
            let mut bytes = Cursor::new(Vec::new());
            RgbImage::new(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
            bytes.into_inner()
        };
        let (small, large) = (encoded(10, 10), encoded(50, 50));
        let check = |pictures: &[&[u8]], expected: &[Range<usize>]| {
            assert_eq!(groups(pictures, 250), expected);
        };
        check(&[], &[]);
        check(&[&small, &small, &small], &[0..2, 2..3]);
        check(&[&small, &large, &small, b"no picture"], &[0..1, 1..2, 2..4]);
    }
}
