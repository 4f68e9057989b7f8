//! Dates and quantities with units, by their form.

use crate::model::{Fragment, Span, Value, ValueMention};
use regex::{Captures, Regex};
use std::sync::LazyLock;
use time::{Date, Month};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that its tests compile")
}

/// `2024-03-11`, `11.03.2024`, `11 March 2024`, `11. März 2024`, `March 11, 2024`.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)\b(?:
            (?P<y1>\d{4})-(?P<m1>\d{2})-(?P<d1>\d{2})
          | (?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})
          | (?P<d3>\d{1,2})(?:st|nd|rd|th|\.|er)?\s+(?:de\s+)?(?P<m3>\p{L}{3,12})\.?,?\s+(?:de\s+)?(?P<y3>\d{4})
          | (?P<m4>\p{L}{3,12})\.?\s+(?P<d4>\d{1,2})(?:st|nd|rd|th)?,\s+(?P<y4>\d{4})
        )\b",
    )
});
static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)(?:^|[\s(\[~≤≥<>=/–-])(?P<all>(?P<number>[-−]?\d+(?:,\d{3})*(?:\.\d+)?)(?:
            [\ \u{a0}\u{202f}]?(?P<long>m?bar|[kmµ]?V|k?VA|[kM]?W|k?Wh|mA|[kMG]?Hz|°C|°F|[cmkµ]m|k?g/m³|mg|kg|m[lL]|N\ ?m|[kM]?Pa|%|ms|µs|min|[KMGT]i?B|k?bit/s|Mbit/s|dB|ppm|rpm|k?Ω|[cmk]?m²|[cm]?m³|k?J|lx|lm|psi|inch|hours?|minutes?|seconds?|days?)
          | [\ \u{a0}\u{202f}](?P<short>[AKNLlmgsh]|t)
        ))(?:$|[\s)\],.;:!?/|*–-])",
    )
});
/// Names of months in English, German, French, Spanish and Italian, by their beginnings.
const MONTHS: &[(&str, Month)] = &[
    ("jan", Month::January),
    ("jän", Month::January),
    ("ene", Month::January),
    ("gen", Month::January),
    ("feb", Month::February),
    ("fév", Month::February),
    ("mar", Month::March),
    ("mär", Month::March),
    ("apr", Month::April),
    ("avr", Month::April),
    ("abr", Month::April),
    ("may", Month::May),
    ("mai", Month::May),
    ("mag", Month::May),
    ("jun", Month::June),
    ("juin", Month::June),
    ("giu", Month::June),
    ("jul", Month::July),
    ("juil", Month::July),
    ("lug", Month::July),
    ("aug", Month::August),
    ("aoû", Month::August),
    ("ago", Month::August),
    ("sep", Month::September),
    ("set", Month::September),
    ("oct", Month::October),
    ("okt", Month::October),
    ("ott", Month::October),
    ("nov", Month::November),
    ("dec", Month::December),
    ("dez", Month::December),
    ("déc", Month::December),
    ("dic", Month::December),
];
/// Longest names of months.
const MAX_MONTH_CHARS: usize = 10;

/// Dates and quantities of a fragment, left to right.
pub fn values(fragment: &Fragment) -> Vec<ValueMention> {
    let text = fragment.text.as_str();
    let mut found: Vec<(usize, usize, Value)> = Vec::new();
    for date in DATE.captures_iter(text) {
        if let (Some(all), Some(value)) = (date.get(0), date_of(&date)) {
            found.push((all.start(), all.end(), Value::Date(value)));
        }
    }
    let n_dates = found.len();
    let mut at = 0;
    // The blank behind a quantity may be the one before the next.
    while let Some(quantity) = text.get(at..).and_then(|rest| QUANTITY.captures(rest)) {
        let Some(all) = quantity.name("all") else { break };
        let (start, end) = (at + all.start(), at + all.end());
        at = end;
        let in_date = found.iter().take(n_dates).any(|(s, e, _)| *s < end && start < *e);
        if let Some(value) = quantity_of(&quantity).filter(|_| !in_date) {
            found.push((start, end, value));
        }
    }
    found.sort_by_key(|(start, end, _)| (*start, *end));
    let (mut byte, mut code_point) = (0, 0);
    let mut code_points = |to: usize| {
        code_point += text.get(byte..to).unwrap_or_default().chars().count();
        byte = to;
        code_point
    };
    let mention = |(start, end, value): (usize, usize, Value)| ValueMention {
        fragment: fragment.id.clone(),
        span: Span::new(code_points(start), code_points(end)),
        surface: text.get(start..end).unwrap_or_default().to_owned(),
        value,
    };
    found.into_iter().map(mention).collect()
}

fn date_of(found: &Captures<'_>) -> Option<String> {
    let part =
        |names: [&str; 4]| names.iter().find_map(|name| found.name(name)).map(|m| m.as_str());
    let year: i32 = part(["y1", "y2", "y3", "y4"])?.parse().ok()?;
    let day: u8 = part(["d1", "d2", "d3", "d4"])?.parse().ok()?;
    let month = part(["m1", "m2", "m3", "m4"])?;
    let month = match month.parse::<u8>() {
        Ok(number) => Month::try_from(number).ok()?,
        Err(_) => month_named(month)?,
    };
    Date::from_calendar_date(year, month, day).ok()?;
    Some(format!("{year:04}-{:02}-{day:02}", u8::from(month)))
}

fn month_named(name: &str) -> Option<Month> {
    let name = name.to_lowercase();
    if name.chars().count() > MAX_MONTH_CHARS {
        return None;
    }
    let fits = MONTHS.iter().filter(|(beginning, _)| name.starts_with(beginning));
    fits.max_by_key(|(beginning, _)| beginning.len()).map(|(_, month)| *month)
}

fn quantity_of(found: &Captures<'_>) -> Option<Value> {
    let number = found.name("number")?.as_str().replace(',', "").replace('−', "-");
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite())?;
    let unit = found.name("long").or(found.name("short"))?.as_str();
    Some(Value::Quantity { number, unit: unit.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, FragmentId, FragmentKind, VersionId};

    fn check(text: &str, expected: &[(&str, &str)]) {
        let version = VersionId::from_iri("urn:veritrail:version:0");
        let fragment = Fragment {
            id: FragmentId::new(&version, 0),
            document: DocumentId::from_source("a.md"),
            version,
            ordinal: 0,
            heading_path: Vec::new(),
            span: Span::new(0, 0),
            page: None,
            text: text.to_owned(),
            kind: FragmentKind::Chunk,
        };
        let found = values(&fragment);
        for value in &found {
            assert_eq!(value.span.of(text), Some(value.surface.as_str()));
        }
        let found: Vec<(&str, String)> = found
            .iter()
            .map(|found| {
                let value = match &found.value {
                    Value::Date(date) => date.clone(),
                    Value::Quantity { number, unit } => format!("{number} {unit}"),
                };
                (found.surface.as_str(), value)
            })
            .collect();
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(surface, value)| (*surface, (*value).to_owned())).collect();
        assert_eq!(found, expected, "in `{text}`");
    }

    #[test]
    fn dates_are_read_in_the_forms_that_people_write() {
        check("on 2024-03-11.", &[("2024-03-11", "2024-03-11")]);
        check("Published 11 March 2024,", &[("11 March 2024", "2024-03-11")]);
        check(
            "Größe am 11. März 2024 und 1.4.2025",
            &[("11. März 2024", "2024-03-11"), ("1.4.2025", "2025-04-01")],
        );
        check("since March 3rd, 1999", &[("March 3rd, 1999", "1999-03-03")]);
        check("le 14 juillet 1789", &[("14 juillet 1789", "1789-07-14")]);
        check("2024-13-40, 31 February 2024, 20 pumps 2024", &[]);
    }

    #[test]
    fn quantities_have_a_unit() {
        check(
            "at 20 bar and 230 V, 1,500.5 W",
            &[("20 bar", "20 bar"), ("230 V", "230 V"), ("1,500.5 W", "1500.5 W")],
        );
        check(
            "-25 °C | 5µm | 12 N m (3 A)",
            &[("-25 °C", "-25 °C"), ("5µm", "5 µm"), ("12 N m", "12 N m"), ("3 A", "3 A")],
        );
        check("the 1990s, 5 pumps, E-17, 3 of 4", &[]);
    }
}
