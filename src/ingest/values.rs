//! What kind of value a text is: number, date, yes or no.

use crate::vocab::xsd;
use oxigraph::model::{Literal, NamedNode};
use time::macros::format_description;
use time::{Date, Time};

/// Longest integer that is taken for a number; longer ones are codes.
const MAX_INTEGER_DIGITS: usize = 18;

/// The kind of a value. A number with zeros before it (`007`) is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Text,
    Integer,
    Decimal,
    Double,
    Boolean,
    Date,
    DateTime,
}

impl ValueKind {
    /// The kind of one value.
    pub(super) fn of(value: &str) -> Self {
        let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
        let has_zeros = unsigned.starts_with('0') && unsigned.as_bytes().get(1) != Some(&b'.');
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if is_digits(unsigned) && (unsigned == "0" || !has_zeros) {
            let fits = unsigned.len() <= MAX_INTEGER_DIGITS;
            return if fits { Self::Integer } else { Self::Text };
        }
        if unsigned.starts_with(|c: char| c.is_ascii_digit()) && !has_zeros {
            if unsigned.split_once('.').is_some_and(|(a, b)| is_digits(a) && is_digits(b)) {
                return Self::Decimal;
            }
            let is_scientific = unsigned.bytes().any(|b| matches!(b, b'e' | b'E'));
            if is_scientific && value.parse::<f64>().is_ok_and(f64::is_finite) {
                return Self::Double;
            }
        }
        if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
            return Self::Boolean;
        }
        if is_date(value) {
            return Self::Date;
        }
        if is_date_time(value) { Self::DateTime } else { Self::Text }
    }

    /// The kind that all values have; [`ValueKind::Text`] when they differ in more
    /// than the precision of numbers, or when there are none.
    pub(super) fn of_all<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        use ValueKind::{Decimal, Double, Integer, Text};
        let join = |a: Self, b: Self| match (a, b) {
            (a, b) if a == b => a,
            (Integer, Decimal) | (Decimal, Integer) => Decimal,
            (Integer | Decimal, Double) | (Double, Integer | Decimal) => Double,
            _ => Text,
        };
        let mut all = None;
        for value in values {
            let kind = Self::of(value);
            let joined = all.map_or(kind, |before| join(before, kind));
            if joined == Text {
                return Text;
            }
            all = Some(joined);
        }
        all.unwrap_or(Text)
    }

    /// The datatype; none for text.
    pub(super) fn datatype(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Integer => Some(xsd::INTEGER),
            Self::Decimal => Some(xsd::DECIMAL),
            Self::Double => Some(xsd::DOUBLE),
            Self::Boolean => Some(xsd::BOOLEAN),
            Self::Date => Some(xsd::DATE),
            Self::DateTime => Some(xsd::DATE_TIME),
        }
    }

    /// A literal of this kind.
    pub(super) fn literal(self, value: &str) -> Literal {
        let value = if self == Self::Boolean { value.to_lowercase() } else { value.to_owned() };
        typed(value, self.datatype())
    }
}

/// A literal with a datatype, or a text.
pub(super) fn typed(value: String, datatype: Option<&str>) -> Literal {
    match datatype {
        Some(datatype) => Literal::new_typed_literal(value, NamedNode::new_unchecked(datatype)),
        None => Literal::new_simple_literal(value),
    }
}

/// Whether a text is a day in the form of ISO 8601, as `2024-02-29`.
pub(super) fn is_date(value: &str) -> bool {
    value.len() == 10 && Date::parse(value, format_description!("[year]-[month]-[day]")).is_ok()
}

/// Whether a text is a time of day, as `09:30:00`, with or without parts of a second
/// and a time zone.
pub(super) fn is_time(value: &str) -> bool {
    let time = value.strip_suffix('Z').unwrap_or_else(|| {
        let zone = value.len().checked_sub(6).and_then(|start| value.split_at_checked(start));
        match zone {
            Some((time, zone))
                if zone.starts_with(['+', '-'])
                    && zone.bytes().enumerate().skip(1).all(|(i, byte)| {
                        if i == 3 { byte == b':' } else { byte.is_ascii_digit() }
                    }) =>
            {
                time
            }
            _ => value,
        }
    });
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    whole.len() == 8
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && Time::parse(whole, format_description!("[hour]:[minute]:[second]")).is_ok()
}

/// Whether a text is a day and a time of day, joined by `T`.
pub(super) fn is_date_time(value: &str) -> bool {
    value.split_once('T').is_some_and(|(date, time)| is_date(date) && is_time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_from_the_text() {
        let check = |value, expected| assert_eq!(ValueKind::of(value), expected, "{value}");
        check("12", ValueKind::Integer);
        check("-0", ValueKind::Integer);
        check("007", ValueKind::Text);
        check("1234567890123456789", ValueKind::Text);
        check("0.5", ValueKind::Decimal);
        check("1.2.3", ValueKind::Text);
        check("6.02e23", ValueKind::Double);
        check("1e999", ValueKind::Text);
        check("TRUE", ValueKind::Boolean);
        check("2024-02-29", ValueKind::Date);
        check("2023-02-29", ValueKind::Text);
        check("2024-02-29T09:30:00.5+02:00", ValueKind::DateTime);
        check("2024-02-29T25:00:00Z", ValueKind::Text);
        check("a€b", ValueKind::Text);
    }

    #[test]
    fn a_column_has_the_kind_of_all_its_values() {
        let check = |values: &[&str], expected| {
            assert_eq!(ValueKind::of_all(values.iter().copied()), expected, "{values:?}");
        };
        check(&["1", "2.5"], ValueKind::Decimal);
        check(&["1", "A3"], ValueKind::Text);
        check(&["1", "2e3", "1.5"], ValueKind::Double);
        check(&[], ValueKind::Text);
    }
}
