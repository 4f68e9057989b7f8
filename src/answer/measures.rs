//! Numbers with their units, in a form in which spellings of the same value meet.

use super::words::lower;
use regex::Regex;
use std::sync::LazyLock;

/// A number as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    /// As written, for messages.
    pub(super) shown: String,
    /// Normal form: no thousands separators, point before decimals, no idle zeros.
    pub(super) value: String,
    /// Normal form of the unit that follows, when one is known.
    pub(super) unit: Option<&'static str>,
    /// First byte.
    pub(super) start: usize,
    /// Byte after the number and its unit.
    pub(super) end: usize,
}

/// Unit names; the first of a line is the normal form. Single letters and SI
/// symbols are compared as written, words without case.
const UNITS: &[&[&str]] = &[
    &["ms", "millisecond", "milliseconds", "msec"],
    &["s", "sec", "secs", "second", "seconds"],
    &["min", "mins", "minute", "minutes"],
    &["h", "hr", "hrs", "hour", "hours"],
    &["d", "day", "days"],
    &["wk", "week", "weeks"],
    &["mo", "month", "months"],
    &["yr", "yrs", "year", "years"],
    &[
        "µm",
        "μm",
        "um",
        "micrometre",
        "micrometres",
        "micrometer",
        "micrometers",
        "micron",
        "microns",
    ],
    &["mm", "millimetre", "millimetres", "millimeter", "millimeters"],
    &["cm", "centimetre", "centimetres", "centimeter", "centimeters"],
    &["m", "metre", "metres", "meter", "meters"],
    &["km", "kilometre", "kilometres", "kilometer", "kilometers"],
    &["inch", "inches", "in.", "\"", "″"],
    &["ft", "foot", "feet"],
    &["mile", "miles", "mi"],
    &["mg", "milligram", "milligrams"],
    &["g", "gram", "grams", "gramme", "grammes"],
    &["kg", "kilogram", "kilograms", "kilo", "kilos"],
    &["t", "tonne", "tonnes", "ton", "tons"],
    &["lb", "lbs", "pound", "pounds"],
    &["oz", "ounce", "ounces"],
    &["mV", "millivolt", "millivolts"],
    &["V", "volt", "volts", "VDC", "VAC"],
    &["kV", "kilovolt", "kilovolts"],
    &["mA", "milliamp", "milliamps", "milliampere", "milliamperes"],
    &["A", "amp", "amps", "ampere", "amperes"],
    &["mAh"],
    &["Ah"],
    &["mW", "milliwatt", "milliwatts"],
    &["W", "watt", "watts"],
    &["kW", "kilowatt", "kilowatts"],
    &["MW", "megawatt", "megawatts"],
    &["kWh"],
    &["Hz", "hertz"],
    &["kHz", "kilohertz"],
    &["MHz", "megahertz"],
    &["GHz", "gigahertz"],
    &[
        "°C",
        "℃",
        "degC",
        "degrees celsius",
        "degree celsius",
        "celsius",
        "deg C",
        "° C",
        "degrees C",
    ],
    &["°F", "℉", "degF", "degrees fahrenheit", "degree fahrenheit", "fahrenheit", "degrees F"],
    &["K", "kelvin"],
    &["°", "degree", "degrees", "deg"],
    &["%", "percent", "per cent", "pct"],
    &["bar", "bars"],
    &["psi"],
    &["Pa", "pascal", "pascals"],
    &["kPa", "kilopascal", "kilopascals"],
    &["MPa", "megapascal", "megapascals"],
    &["N·m", "Nm", "N⋅m", "N m", "newton metres", "newton metre", "newton-metres", "newton meters"],
    &["N", "newton", "newtons"],
    &["l", "L", "litre", "litres", "liter", "liters"],
    &["ml", "mL", "millilitre", "millilitres", "milliliter", "milliliters"],
    &["B", "byte", "bytes"],
    &["kB", "KB", "kilobyte", "kilobytes"],
    &["MB", "megabyte", "megabytes"],
    &["GB", "gigabyte", "gigabytes"],
    &["TB", "terabyte", "terabytes"],
    &["KiB"],
    &["MiB"],
    &["GiB"],
    &["kbit/s", "kbps"],
    &["Mbit/s", "Mbps"],
    &["Gbit/s", "Gbps"],
    &["rpm", "revolutions per minute"],
    &["dB", "decibel", "decibels"],
    &["px", "pixel", "pixels"],
    &["Ω", "Ω", "ohm", "ohms"],
    &["kΩ", "kΩ", "kohm", "kiloohm"],
    &["€", "EUR", "euro", "euros"],
    &["$", "USD", "dollar", "dollars"],
    &["£", "GBP"],
    &["million"],
    &["billion"],
    &["thousand"],
];

/// Small numbers in words. "One" is left out: it is a pronoun more often.
const NUMBER_WORDS: &[(&str, &str)] = &[
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("ninety", "90"),
    ("hundred", "100"),
];

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[€$£]?[-−+±]?\d+(?:[.,'’\u{a0}\u{2009}\u{202f}]\d+)*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred)\b")
        .expect("the pattern is constant")
});

/// Versions, dates and times of day.
static COMPOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d+(?:\.\d+){2,}|\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{1,2}:\d{2}(?::\d{2})?")
        .expect("the pattern is constant")
});

/// Whether a token is nothing but a version, date or time of day.
pub(super) fn is_compound(token: &str) -> bool {
    COMPOUND.find(token).is_some_and(|found| found.len() == token.len())
}

/// All numbers of a text. Digits inside identifiers (`ZX-9`, `1.2.3`) are left
/// to `facts`, which knows their bounds.
pub(super) fn measures(text: &str) -> Vec<Measure> {
    let compounds: Vec<_> = COMPOUND.find_iter(text).map(|found| found.range()).collect();
    NUMBER
        .find_iter(text)
        .filter(|found| !compounds.iter().any(|c| c.start < found.end() && found.start() < c.end))
        .filter_map(|found| {
            let before = text.get(..found.start())?.chars().next_back();
            let after = text.get(found.end()..)?;
            let raw = found.as_str();
            let inside_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
            if inside_word && !ends_range(text.get(..found.start())?, raw) {
                return None;
            }
            let (prefix_unit, number) = match raw.chars().next() {
                Some('€') => (Some("€"), raw.trim_start_matches('€')),
                Some('$') => (Some("$"), raw.trim_start_matches('$')),
                Some('£') => (Some("£"), raw.trim_start_matches('£')),
                _ => (None, raw),
            };
            let signed = before.is_none_or(|c| c.is_whitespace() || "([|:=".contains(c));
            let value = normal_value(number, signed)?;
            let (unit, length) = match prefix_unit {
                Some(unit) => (Some(unit), 0),
                None => unit_at(after).map_or((None, 0), |(unit, length)| (Some(unit), length)),
            };
            if unit.is_none() && after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                return None;
            }
            Some(Measure {
                shown: text.get(found.start()..found.end() + length)?.trim().to_owned(),
                value,
                unit,
                start: found.start(),
                end: found.end() + length,
            })
        })
        .collect()
}

/// Whether `raw` is the second number of a range such as `10-20`.
fn ends_range(before: &str, raw: &str) -> bool {
    let first = before.rsplit(|c: char| c.is_whitespace() || "([|".contains(c)).next();
    let is_number = |t: &str| t.chars().all(|c| c.is_ascii_digit() || ".,".contains(c));
    raw.starts_with(['-', '−']) && first.is_some_and(is_number)
}

/// `1,000` and `1 000` are `1000`; `3,50` and `3.5` are `3.5`.
fn normal_value(raw: &str, signed: bool) -> Option<String> {
    let lowered = lower(raw);
    if let Some((_, digits)) = NUMBER_WORDS.iter().find(|(word, _)| *word == lowered) {
        return Some((*digits).to_owned());
    }
    let negative = signed && raw.starts_with(['-', '−']);
    let bare = raw.trim_start_matches(['-', '−', '+', '±']);
    let spaced: String = bare.chars().filter(|c| c.is_ascii_digit() || ".,".contains(*c)).collect();
    let groups: Vec<&str> = spaced.split([',', '.']).collect();
    let commas = spaced.matches(',').count();
    let points = spaced.matches('.').count();
    let last_is_three = groups.last().is_some_and(|g| g.len() == 3);
    let plain = match (commas, points) {
        (0, 0 | 1) => spaced,
        // A single comma before exactly three digits separates thousands, unless
        // nothing but a zero stands before it.
        (1, 0) if last_is_three && groups.first() != Some(&"0") => spaced.replace(',', ""),
        (1, 0) => spaced.replace(',', "."),
        (_, 0) => spaced.replace(',', ""),
        (0, _) => return None,
        (_, 1) if spaced.rfind(',') < spaced.rfind('.') => spaced.replace(',', ""),
        (1, _) => spaced.replace('.', "").replace(',', "."),
        _ => return None,
    };
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let whole = whole.trim_start_matches('0');
    let decimals = decimals.trim_end_matches('0');
    let mut value = String::new();
    if negative {
        value.push('-');
    }
    value.push_str(if whole.is_empty() { "0" } else { whole });
    if !decimals.is_empty() {
        value.push('.');
        value.push_str(decimals);
    }
    Some(value)
}

/// The unit right after a number, with the bytes it takes.
fn unit_at(after: &str) -> Option<(&'static str, usize)> {
    let gap = after
        .char_indices()
        .take(1)
        .find(|(_, c)| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '-'))
        .map_or(0, |(_, c)| c.len_utf8());
    let rest = after.get(gap..)?;
    let matching = |name: &&'static str| {
        let head = rest.get(..name.len())?;
        let same = head == *name || (!is_symbol(name) && head.eq_ignore_ascii_case(name));
        let ends = !name.ends_with(|c: char| c.is_alphanumeric())
            || !rest.get(name.len()..)?.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        (same && ends).then_some(name.len())
    };
    UNITS
        .iter()
        .flat_map(|names| names.iter().map(|name| (names.first().copied().unwrap_or(""), name)))
        .filter_map(|(unit, name)| matching(name).map(|length| (unit, gap + length)))
        .max_by_key(|(_, length)| *length)
}

/// Short names and those with inner capitals keep their case: mA is not MA.
fn is_symbol(name: &str) -> bool {
    name.chars().count() <= 3 || name.chars().any(char::is_uppercase)
}

/// Whether a unit is named anywhere in a text, as table headings do: `Mass (kg)`.
pub(super) fn names_unit(text: &str, unit: &str) -> bool {
    let Some(names) = UNITS.iter().find(|names| names.first() == Some(&unit)) else {
        return false;
    };
    let tokens = text.split(|c: char| c.is_whitespace() || "()[]|,;:*_".contains(c));
    tokens.filter(|t| !t.is_empty()).any(|token| {
        names.iter().any(|n| token == *n || (!is_symbol(n) && token.eq_ignore_ascii_case(n)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let found = measures(text);
        let found: Vec<_> = found.iter().map(|m| (m.value.as_str(), m.unit)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn spellings_of_the_same_value_meet() {
        check("1,000 1'000 1000 1\u{202f}000", &[("1000", None); 4]);
        check("3.50 kg, 3,5 kg", &[("3.5", Some("kg")), ("3.5", Some("kg"))]);
        check("1,234.5 and 1.234,5", &[("1234.5", None), ("1234.5", None)]);
        check("ten seconds, 10 s, 10s", &[("10", Some("s")); 3]);
    }

    #[test]
    fn units_keep_their_case_and_their_whole_name() {
        check("5 mA 5 MW 5 mW", &[("5", Some("mA")), ("5", Some("MW")), ("5", Some("mW"))]);
        check("24 Volts, 24-volt", &[("24", Some("V")), ("24", Some("V"))]);
        check("20 °C, 20°C, 20 degrees Celsius", &[("20", Some("°C")); 3]);
        check("12 N·m, 12 Nm", &[("12", Some("N·m")); 2]);
        check("5 minutes left, 5 mice", &[("5", Some("min")), ("5", None)]);
        check("5% or 5 percent", &[("5", Some("%")); 2]);
    }

    #[test]
    fn signs_count_only_where_a_number_begins() {
        check("-40 °C to 85 °C", &[("-40", Some("°C")), ("85", Some("°C"))]);
        check("10-20 bar", &[("10", None), ("20", Some("bar"))]);
    }

    #[test]
    fn digits_inside_identifiers_are_no_numbers() {
        check("X200 and 802.11ac and 1.2.3", &[]);
    }

    #[test]
    fn units_are_found_in_headings() {
        assert!(names_unit("| Mass (kg) |", "kg"));
        assert!(!names_unit("a bag", "g"));
    }
}
