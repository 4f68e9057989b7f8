//! Literals: whether they are well-formed, and which one is less.

use crate::vocab::xsd;
use oxigraph::model::LiteralRef;
use oxsdatatypes::{
    Boolean, Date, DateTime, DayTimeDuration, Decimal, Double, Duration, Float, Integer, Time,
    YearMonthDuration,
};
use std::cmp::Ordering;

/// Datatypes below `xsd:integer`, with their least and greatest value.
const WHOLE: [(&str, Option<i128>, Option<i128>); 13] = [
    ("integer", None, None),
    ("long", Some(i64::MIN as i128), Some(i64::MAX as i128)),
    ("int", Some(i32::MIN as i128), Some(i32::MAX as i128)),
    ("short", Some(i16::MIN as i128), Some(i16::MAX as i128)),
    ("byte", Some(i8::MIN as i128), Some(i8::MAX as i128)),
    ("unsignedLong", Some(0), Some(u64::MAX as i128)),
    ("unsignedInt", Some(0), Some(u32::MAX as i128)),
    ("unsignedShort", Some(0), Some(u16::MAX as i128)),
    ("unsignedByte", Some(0), Some(u8::MAX as i128)),
    ("nonNegativeInteger", Some(0), None),
    ("positiveInteger", Some(1), None),
    ("nonPositiveInteger", None, Some(0)),
    ("negativeInteger", None, Some(-1)),
];

fn local(datatype: &str) -> Option<&str> {
    datatype.strip_prefix(xsd::NAMESPACE)
}

/// Whether the text of a literal is allowed by its datatype. Datatypes other than those
/// of XML Schema allow every text.
pub(super) fn is_well_formed(literal: LiteralRef<'_>) -> bool {
    let (text, datatype) = (literal.value(), literal.datatype().as_str());
    let Some(name) = local(datatype) else { return true };
    if let Some((_, least, most)) = WHOLE.iter().find(|(whole, ..)| *whole == name) {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        // Beyond 38 digits only the sign can decide.
        let value = text.parse::<i128>().unwrap_or(if text.starts_with('-') {
            i128::MIN
        } else {
            i128::MAX
        });
        return least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most);
    }
    match name {
        "decimal" => is_decimal(text),
        "double" => text.parse::<Double>().is_ok(),
        "float" => text.parse::<Float>().is_ok(),
        "boolean" => text.parse::<Boolean>().is_ok(),
        "dateTime" => text.parse::<DateTime>().is_ok(),
        "dateTimeStamp" => {
            text.parse::<DateTime>().is_ok_and(|time| time.timezone_offset().is_some())
        }
        "date" => text.parse::<Date>().is_ok(),
        "time" => text.parse::<Time>().is_ok(),
        "duration" => text.parse::<Duration>().is_ok(),
        "dayTimeDuration" => text.parse::<DayTimeDuration>().is_ok(),
        "yearMonthDuration" => text.parse::<YearMonthDuration>().is_ok(),
        "gYear" => text.parse::<oxsdatatypes::GYear>().is_ok(),
        "gYearMonth" => text.parse::<oxsdatatypes::GYearMonth>().is_ok(),
        "gMonth" => text.parse::<oxsdatatypes::GMonth>().is_ok(),
        "gMonthDay" => text.parse::<oxsdatatypes::GMonthDay>().is_ok(),
        "gDay" => text.parse::<oxsdatatypes::GDay>().is_ok(),
        _ => true,
    }
}

/// The lexical space of `xsd:decimal`, which has no bound on digits.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    whole.len() + part.len() > 0
        && whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit())
}

/// Order of two literals as `<` of SPARQL has it; none when they cannot be compared.
pub(super) fn compare(a: LiteralRef<'_>, b: LiteralRef<'_>) -> Option<Ordering> {
    if !is_well_formed(a) || !is_well_formed(b) {
        return None;
    }
    let (left, right) = (local(a.datatype().as_str())?, local(b.datatype().as_str())?);
    let (x, y) = (a.value(), b.value());
    if let (Some(exact_left), Some(exact_right)) = (is_exact(left), is_exact(right)) {
        if exact_left
            && exact_right
            && let (Ok(x), Ok(y)) = (decimal(x), decimal(y))
        {
            return Some(x.cmp(&y));
        }
        return number(x)?.partial_cmp(&number(y)?);
    }
    match (left, right) {
        ("string", "string") => Some(x.cmp(y)),
        ("boolean", "boolean") => Some(boolean(x)?.cmp(&boolean(y)?)),
        ("dateTime" | "dateTimeStamp", "dateTime" | "dateTimeStamp") => {
            x.parse::<DateTime>().ok()?.partial_cmp(&y.parse::<DateTime>().ok()?)
        }
        ("date", "date") => x.parse::<Date>().ok()?.partial_cmp(&y.parse::<Date>().ok()?),
        ("time", "time") => x.parse::<Time>().ok()?.partial_cmp(&y.parse::<Time>().ok()?),
        ("duration" | "dayTimeDuration" | "yearMonthDuration", _) => {
            x.parse::<Duration>().ok()?.partial_cmp(&y.parse::<Duration>().ok()?)
        }
        _ => None,
    }
}

/// Whether a numeric datatype is exact; none for datatypes that are not numeric.
fn is_exact(name: &str) -> Option<bool> {
    match name {
        "double" | "float" => Some(false),
        "decimal" => Some(true),
        _ => WHOLE.iter().any(|(whole, ..)| *whole == name).then_some(true),
    }
}

fn decimal(text: &str) -> Result<Decimal, oxsdatatypes::ParseDecimalError> {
    match text.parse::<Integer>() {
        Ok(whole) => Ok(Decimal::from(whole)),
        Err(_) => text.parse(),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse::<Double>().ok().map(f64::from)
}

fn boolean(text: &str) -> Option<bool> {
    text.parse::<Boolean>().ok().map(bool::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxigraph::model::{Literal, NamedNode};

    fn typed(text: &str, datatype: &str) -> Literal {
        let datatype = NamedNode::new_unchecked(format!("{}{datatype}", xsd::NAMESPACE));
        Literal::new_typed_literal(text, datatype)
    }

    #[test]
    fn texts_fit_their_datatypes_or_not() {
        for (text, datatype, fits) in [
            ("12", "integer", true),
            ("1.5", "integer", false),
            ("", "integer", false),
            ("255", "unsignedByte", true),
            ("256", "unsignedByte", false),
            ("-1", "nonNegativeInteger", false),
            ("123456789012345678901234567890123456789012", "integer", true),
            ("-123456789012345678901234567890123456789012", "nonNegativeInteger", false),
            (".5", "decimal", true),
            (".", "decimal", false),
            ("1e3", "decimal", false),
            ("1e3", "double", true),
            ("yes", "boolean", false),
            ("2026-02-30", "date", false),
            ("2026-02-28T10:00:00", "dateTimeStamp", false),
            ("anything", "token", true),
        ] {
            let literal = typed(text, datatype);
            assert_eq!(is_well_formed(literal.as_ref()), fits, "{text} as {datatype}");
        }
    }

    #[test]
    fn literals_are_compared_by_value() {
        let check = |a: (&str, &str), b: (&str, &str), expected| {
            let (left, right) = (typed(a.0, a.1), typed(b.0, b.1));
            assert_eq!(compare(left.as_ref(), right.as_ref()), expected, "{a:?} {b:?}");
        };
        check(("9", "integer"), ("10", "integer"), Some(Ordering::Less));
        check(("9", "integer"), ("9.0", "decimal"), Some(Ordering::Equal));
        check(("0.5", "double"), ("1", "integer"), Some(Ordering::Less));
        check(("9", "string"), ("10", "string"), Some(Ordering::Greater));
        check(("9", "string"), ("10", "integer"), None);
        check(("x", "integer"), ("10", "integer"), None);
        check(
            ("2026-01-01T12:00:00+02:00", "dateTime"),
            ("2026-01-01T11:00:00Z", "dateTime"),
            Some(Ordering::Less),
        );
        check(("2026-01-01T12:00:00", "dateTime"), ("2026-01-01T13:00:00Z", "dateTime"), None);
    }
}
