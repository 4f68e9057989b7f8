//! Drawings whose descriptions are known, made without any file: the least that a
//! space of pictures should go on telling apart.

use crate::picture::RgbPixels;

const SIDE: u32 = 128;
const COLOURS: [(&str, [u8; 3]); 8] = [
    ("red", [214, 32, 32]),
    ("green", [30, 150, 60]),
    ("blue", [34, 78, 200]),
    ("yellow", [240, 205, 30]),
    ("black", [16, 16, 16]),
    ("orange", [245, 135, 20]),
    ("purple", [125, 50, 160]),
    ("pink", [245, 130, 180]),
];

/// Drawings with their descriptions: every shape in every colour on white paper.
pub fn drawings() -> Vec<(RgbPixels, String)> {
    type Inside = fn(f32, f32) -> bool;
    let shapes: [(&str, Inside); 8] = [
        ("circle", |x, y| x * x + y * y < 0.64),
        ("square", |x, y| x.abs() < 0.7 && y.abs() < 0.7),
        ("triangle", |x, y| y > -0.7 && y < 0.7 && x.abs() < (y + 0.7) / 1.8),
        ("ring", |x, y| (0.3..0.64).contains(&(x * x + y * y))),
        ("cross", |x, y| x.abs().min(y.abs()) < 0.2 && x.abs().max(y.abs()) < 0.75),
        ("heart", |x, y| {
            let (x, y) = (1.4 * x, 0.1 - 1.4 * y);
            (x * x + y * y - 1.0).powi(3) < x * x * y.powi(3)
        }),
        ("arrow pointing right", |x, y| {
            (x > -0.8 && x < 0.1 && y.abs() < 0.15) || (x >= 0.1 && y.abs() < 0.8 * (0.8 - x))
        }),
        ("crescent moon", |x, y| x * x + y * y < 0.64 && (x - 0.35).powi(2) + y * y > 0.5),
    ];
    let mut drawn = Vec::new();
    for (shape, inside) in shapes {
        for (colour, rgb) in COLOURS {
            let at = |pixel: u32| (2 * pixel + 1) as f32 / SIDE as f32 - 1.0;
            let pixels = (0..SIDE * SIDE)
                .flat_map(|i| if inside(at(i % SIDE), at(i / SIDE)) { rgb } else { [255; 3] });
            let picture = RgbPixels { width: SIDE, height: SIDE, bytes: pixels.collect() };
            drawn.push((picture, format!("a {colour} {shape}")));
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_differ_and_none_is_empty() {
        let drawings = drawings();
        assert_eq!(drawings.len(), 64);
        for (i, (picture, text)) in drawings.iter().enumerate() {
            let n = picture.bytes.as_chunks::<3>().0.iter().filter(|p| **p != [255; 3]).count();
            assert!((500..12_000).contains(&n), "{text} has {n} coloured pixels");
            assert!(
                drawings.iter().skip(i + 1).all(|other| other.0 != *picture && other.1 != *text)
            );
        }
    }
}
