//! What a camera or program wrote into the file.

use crate::model::{ExifFacts, Location};
use exif::{Exif, In, Reader, Tag, Value};

/// Longest text that is taken, in characters; longer ones are cut.
const MAX_CHARS: usize = 200;

/// Reads an EXIF block. What is damaged or absent is left out; the place only when
/// it is asked for, since it is personal.
pub(super) fn exif_facts(block: &[u8], with_location: bool) -> ExifFacts {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read =
        reader.read_raw(block.to_vec()).or_else(|error| error.distill_partial_result(|_| {}));
    let Ok(exif) = read else { return ExifFacts::default() };
    ExifFacts {
        make: text(&exif, Tag::Make),
        model: text(&exif, Tag::Model),
        lens: text(&exif, Tag::LensModel),
        software: text(&exif, Tag::Software),
        taken_at: time(&exif),
        exposure_s: number(&exif, Tag::ExposureTime),
        f_number: number(&exif, Tag::FNumber),
        iso: value(&exif, Tag::PhotographicSensitivity)
            .and_then(|value| value.get_uint(0))
            .filter(|iso| *iso > 0),
        focal_length_mm: number(&exif, Tag::FocalLength),
        location: if with_location { location(&exif) } else { None },
    }
}

fn value(exif: &Exif, tag: Tag) -> Option<&Value> {
    Some(&exif.get_field(tag, In::PRIMARY)?.value)
}

/// Text up to its first zero, without control characters.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = value(exif, tag)? else { return None };
    let bytes = parts.first()?;
    let bytes = bytes.split(|byte| *byte == 0).next()?;
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_CHARS)
        .collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A quotient above zero.
fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    let Value::Rational(parts) = value(exif, tag)? else { return None };
    Some(parts.first()?.to_f64()).filter(|number| number.is_finite() && *number > 0.0)
}

/// `2026:05:01 10:00:00` with the offset `+02:00`, as RFC 3339 writes them.
fn time(exif: &Exif) -> Option<String> {
    let raw = text(exif, Tag::DateTimeOriginal).or_else(|| text(exif, Tag::DateTime))?;
    let time = exif::DateTime::from_ascii(raw.as_bytes()).ok()?;
    let plausible = (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second < 60;
    let offset = text(exif, Tag::OffsetTimeOriginal).filter(|offset| {
        let offset = offset.as_bytes();
        matches!(offset, [b'+' | b'-', h, h2, b':', m, m2]
            if [h, h2, m, m2].iter().all(|digit| digit.is_ascii_digit()))
    });
    plausible.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            time.year,
            time.month,
            time.day,
            time.hour,
            time.minute,
            time.second,
            offset.unwrap_or_default()
        )
    })
}

fn location(exif: &Exif) -> Option<Location> {
    let degrees = |tag, reference, negative: &str| {
        let Value::Rational(parts) = value(exif, tag)? else { return None };
        let [degrees, minutes, seconds] = parts.get(..3)? else { return None };
        let degrees = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
        let below = text(exif, reference).is_some_and(|text| text == negative);
        Some(if below { -degrees } else { degrees })
    };
    let latitude = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")?;
    let longitude = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?;
    let below_sea =
        matches!(value(exif, Tag::GPSAltitudeRef), Some(Value::Byte(b)) if b.first() == Some(&1));
    let altitude_m = number(exif, Tag::GPSAltitude).map(|m| if below_sea { -m } else { m });
    (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some(Location {
        latitude,
        longitude,
        altitude_m,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use exif::experimental::Writer;
    use exif::{Field, Rational};
    use std::io::Cursor;

    fn block() -> Vec<u8> {
        let words = |tag, text: &str| Field {
            tag,
            ifd_num: In::PRIMARY,
            value: Value::Ascii(vec![text.as_bytes().to_vec()]),
        };
        let numbers = |tag, parts: &[(u32, u32)]| Field {
            tag,
            ifd_num: In::PRIMARY,
            value: Value::Rational(
                parts.iter().map(|(num, denom)| Rational { num: *num, denom: *denom }).collect(),
            ),
        };
        let fields = [
            words(Tag::Make, "Maker\u{7}"),
            words(Tag::Model, "  X-10 "),
            words(Tag::Software, ""),
            words(Tag::DateTimeOriginal, "2026:05:01 10:20:30"),
            words(Tag::OffsetTimeOriginal, "+02:00"),
            numbers(Tag::ExposureTime, &[(1, 125)]),
            numbers(Tag::FNumber, &[(28, 10)]),
            numbers(Tag::FocalLength, &[(0, 0)]),
            numbers(Tag::GPSLatitude, &[(48, 1), (30, 1), (0, 1)]),
            words(Tag::GPSLatitudeRef, "S"),
            numbers(Tag::GPSLongitude, &[(9, 1), (0, 1), (36, 1)]),
            words(Tag::GPSLongitudeRef, "E"),
        ];
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut bytes = Cursor::new(Vec::new());
        writer.write(&mut bytes, false).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_the_camera_says_is_read_and_the_place_only_when_asked_for() {
        let facts = exif_facts(&block(), false);
        assert_eq!(facts.make.as_deref(), Some("Maker"));
        assert_eq!(facts.model.as_deref(), Some("X-10"));
        assert_eq!(facts.software, None);
        assert_eq!(facts.taken_at.as_deref(), Some("2026-05-01T10:20:30+02:00"));
        assert_eq!((facts.exposure_s, facts.f_number), (Some(0.008), Some(2.8)));
        assert_eq!((facts.focal_length_mm, facts.location), (None, None));
        let place = exif_facts(&block(), true).location.unwrap();
        assert_eq!((place.latitude, place.longitude), (-48.5, 9.01));
    }

    #[test]
    fn a_damaged_block_gives_what_can_be_read_of_it() {
        let block = block();
        for end in 0..block.len() {
            exif_facts(&block[..end], true);
        }
        assert_eq!(exif_facts(b"no exif", true), ExifFacts::default());
    }
}
