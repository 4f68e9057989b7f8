//! Which colours cover a picture.

use super::small::SIDE;
use crate::model::ColourShare;

/// Groups into which the cells fall before groups of one name are joined.
const N_GROUPS: usize = 8;
const N_ROUNDS: usize = 12;
/// Colours that cover less are left out.
const LEAST_SHARE: f64 = 0.05;

/// Examples of the eleven basic colour names of English (Berlin and Kay: "Basic
/// Color Terms", 1969); a colour has the name of the nearest one.
const NAMED: [(&str, [u8; 3]); 40] = [
    ("black", [0, 0, 0]),
    ("black", [32, 32, 32]),
    ("white", [255, 255, 255]),
    ("white", [238, 238, 235]),
    ("grey", [80, 80, 80]),
    ("grey", [128, 128, 128]),
    ("grey", [175, 175, 175]),
    ("grey", [205, 205, 208]),
    ("red", [255, 0, 0]),
    ("red", [200, 30, 35]),
    ("red", [130, 10, 15]),
    ("red", [225, 70, 60]),
    ("orange", [255, 140, 0]),
    ("orange", [235, 110, 25]),
    ("orange", [250, 170, 80]),
    ("yellow", [255, 255, 0]),
    ("yellow", [245, 205, 30]),
    ("yellow", [245, 235, 130]),
    ("yellow", [190, 170, 20]),
    ("green", [0, 128, 0]),
    ("green", [0, 230, 30]),
    ("green", [60, 160, 80]),
    ("green", [20, 70, 30]),
    ("green", [130, 190, 90]),
    ("green", [95, 110, 50]),
    ("green", [0, 150, 110]),
    ("green", [170, 225, 160]),
    ("blue", [0, 0, 255]),
    ("blue", [30, 80, 180]),
    ("blue", [15, 25, 90]),
    ("blue", [90, 150, 220]),
    ("blue", [160, 205, 240]),
    ("blue", [0, 160, 200]),
    ("purple", [128, 0, 128]),
    ("purple", [100, 60, 165]),
    ("purple", [165, 125, 205]),
    ("pink", [255, 110, 180]),
    ("pink", [250, 185, 200]),
    ("brown", [115, 65, 30]),
    ("brown", [165, 115, 75]),
];

/// Lightness and two opponent axes.
type OkLab = [f32; 3];

/// The colours of a picture in cells: groups by k-means in OKLab, in which equal
/// distances look equal, joined by name, in falling order of what they cover. At
/// least one, unless there is no cell.
pub(super) fn colours(cells: &[[f32; 3]]) -> Vec<ColourShare> {
    let points: Vec<OkLab> = cells.iter().map(|cell| oklab(*cell)).collect();
    let centres = centres(&points);
    let named = NAMED.map(|(name, rgb)| (name, oklab(rgb.map(f32::from))));
    let mut groups: Vec<(&str, [f32; 3], usize)> = Vec::new();
    let name_of = |centre: &OkLab| {
        let distance = |(_, example): &&(&str, OkLab)| squared_distance(centre, example);
        let nearest = named.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.map_or("grey", |(name, _)| *name)
    };
    let names: Vec<&str> = centres.iter().map(name_of).collect();
    for (cell, point) in cells.iter().zip(&points) {
        let Some(name) = nearest(point, &centres).and_then(|n| names.get(n)) else { continue };
        let known = groups.iter().position(|(known, ..)| known == name);
        let at = known.unwrap_or_else(|| {
            groups.push((name, [0.0; 3], 0));
            groups.len() - 1
        });
        if let Some((_, sum, n)) = groups.get_mut(at) {
            *n += 1;
            sum.iter_mut().zip(cell).for_each(|(sum, value)| *sum += value);
        }
    }
    groups.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(b.0)));
    let share = |n: usize| (100.0 * n as f64 / (SIDE * SIDE) as f64).round() / 100.0;
    let shares = groups.into_iter().enumerate().map(|(i, (name, sum, n))| {
        let [red, green, blue] = sum.map(|sum| (sum / n as f32).round() as u8);
        let rgb = format!("#{red:02x}{green:02x}{blue:02x}");
        (i, ColourShare { name: name.to_owned(), rgb, share: share(n) })
    });
    shares.filter(|(i, colour)| *i == 0 || colour.share >= LEAST_SHARE).map(|(_, c)| c).collect()
}

/// Centres by k-means. It begins with the first point and then the one that is
/// farthest from all before, so that the same picture gives the same colours.
fn centres(points: &[OkLab]) -> Vec<OkLab> {
    let mut centres: Vec<OkLab> = points.first().copied().into_iter().collect();
    let mut to_nearest = vec![f32::INFINITY; points.len()];
    while let Some(last) = centres.last().copied().filter(|_| centres.len() < N_GROUPS) {
        for (distance, point) in to_nearest.iter_mut().zip(points) {
            *distance = distance.min(squared_distance(point, &last));
        }
        let far = to_nearest.iter().zip(points).max_by(|a, b| a.0.total_cmp(b.0));
        // Differences below this are not seen.
        match far.filter(|(distance, _)| **distance > 4e-4) {
            Some((_, point)) => centres.push(*point),
            None => break,
        }
    }
    for _ in 0..N_ROUNDS {
        let mut sums = vec![([0f32; 3], 0usize); centres.len()];
        for point in points {
            if let Some((sum, n)) = nearest(point, &centres).and_then(|at| sums.get_mut(at)) {
                *n += 1;
                sum.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
            }
        }
        for (centre, (sum, n)) in centres.iter_mut().zip(sums) {
            if n > 0 {
                *centre = sum.map(|sum| sum / n as f32);
            }
        }
    }
    centres
}

fn nearest(point: &OkLab, centres: &[OkLab]) -> Option<usize> {
    let distance = |centre: &OkLab| squared_distance(point, centre);
    let centres = centres.iter().enumerate();
    centres.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(at, _)| at)
}

fn squared_distance(a: &OkLab, b: &OkLab) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// sRGB (0 to 255) in OKLab (Ottosson: "A perceptual color space for image
/// processing", 2020).
fn oklab(rgb: [f32; 3]) -> OkLab {
    let [red, green, blue] = rgb.map(|value| {
        let value = value / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let long = (0.412_221_47 * red + 0.536_332_54 * green + 0.051_445_99 * blue).cbrt();
    let middle = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
    let short = (0.088_302_46 * red + 0.281_718_84 * green + 0.629_978_7 * blue).cbrt();
    [
        0.210_454_26 * long + 0.793_617_8 * middle - 0.004_072_047 * short,
        1.977_998_5 * long - 2.428_592_2 * middle + 0.450_593_7 * short,
        0.025_904_037 * long + 0.782_771_77 * middle - 0.808_675_77 * short,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_and_grey_have_no_hue() {
        let [lightness, a, b] = oklab([255.0; 3]);
        assert!((lightness - 1.0).abs() < 1e-3 && a.abs() < 1e-3 && b.abs() < 1e-3);
        // The value of the reference for pure red.
        let expected = [0.62796, 0.22486, 0.12585];
        for (found, expected) in oklab([255.0, 0.0, 0.0]).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }

    #[test]
    fn colours_have_names_and_shares() {
        let n = SIDE * SIDE;
        let cells: Vec<[f32; 3]> = (0..n)
            .map(|i| match i {
                i if i < n / 2 => [250.0, 251.0, 250.0],
                i if i < n * 3 / 4 => [205.0, 28.0, 40.0],
                i if i < n * 97 / 100 => [20.0, 60.0, 170.0],
                _ => [250.0, 210.0, 20.0],
            })
            .collect();
        let found = colours(&cells);
        let names: Vec<&str> = found.iter().map(|colour| colour.name.as_str()).collect();
        assert_eq!(names, ["white", "red", "blue"], "{found:?}");
        assert_eq!((found[0].share, found[1].rgb.as_str()), (0.5, "#cd1c28"));
        assert_eq!(colours(&[[128.0; 3]; SIDE * SIDE])[0].name, "grey");
        assert!(colours(&[]).is_empty());
    }
}
