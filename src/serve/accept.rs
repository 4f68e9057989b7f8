//! Formats that an `Accept` header allows.

use super::error::ApiError;
use crate::graph::ResultFormat;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};

/// The formats that a request wants, the most wanted first.
///
/// # Errors
/// When it wants none that there is.
pub(super) fn formats(headers: &HeaderMap) -> Result<Vec<ResultFormat>, ApiError> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let formats = wished_formats(accept);
    if formats.is_empty() {
        let known: Vec<&str> = ResultFormat::ALL.iter().map(|format| format.media_type()).collect();
        let message = format!("expected Accept to name one of: {}", known.join(", "));
        return Err(ApiError::refused(StatusCode::NOT_ACCEPTABLE, "not_acceptable", &message));
    }
    Ok(formats)
}

/// Formats that an `Accept` header (RFC 9110, section 12.5.1) allows, the most
/// wanted first; equal ones in the order of the header.
pub(super) fn wished_formats(accept: &str) -> Vec<ResultFormat> {
    let mut wishes: Vec<(f32, &str)> = accept
        .split(',')
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let media_type = parts.next().filter(|media_type| !media_type.is_empty())?;
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            Some((quality.map_or(1.0, |q| q.parse().unwrap_or(0.0)), media_type))
        })
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut formats = Vec::new();
    for (_, wish) in wishes {
        let fits = |format: &ResultFormat| match wish {
            "*/*" => true,
            "application/json" => *format == ResultFormat::Json,
            "application/xml" | "text/xml" => {
                matches!(format, ResultFormat::Xml | ResultFormat::RdfXml)
            }
            "text/plain" => *format == ResultFormat::NTriples,
            wish => match wish.strip_suffix("/*") {
                Some(kind) => format.media_type().split('/').next() == Some(kind),
                None => format.media_type() == wish,
            },
        };
        formats.extend(ResultFormat::ALL.into_iter().filter(fits));
    }
    let mut seen = Vec::new();
    formats.retain(|format| {
        let new = !seen.contains(format);
        seen.push(*format);
        new
    });
    formats
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResultFormat::{Csv, Json, RdfXml, Tsv, Turtle, Xml};

    #[test]
    fn the_accept_header_orders_the_formats() {
        assert_eq!(wished_formats("text/turtle"), [Turtle]);
        assert_eq!(wished_formats("text/csv;q=0.5, application/json"), [Json, Csv]);
        assert_eq!(wished_formats("application/xml"), [Xml, RdfXml]);
        assert_eq!(wished_formats("*/*"), ResultFormat::ALL);
        assert_eq!(wished_formats("text/*"), [Csv, Tsv, Turtle]);
        assert_eq!(wished_formats("image/png, text/csv;q=0"), []);
    }
}
