//! The rows of a file of separated values.

use super::warnings::Warnings;
use csv::{ReaderBuilder, StringRecord, Trim};

/// Separators that are tried, the preferred ones first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// As many bytes are looked at to find the separator.
const SAMPLE_BYTES: usize = 64 << 10;
/// As many rows of them.
const SAMPLE_ROWS: usize = 20;

/// How the values are separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Separator; found in the content when there is none.
    pub(super) delimiter: Option<u8>,
    pub(super) quote: Option<u8>,
    /// Whether a quote within quotes is written twice; otherwise `\` stands before it.
    pub(super) double_quote: bool,
    /// Whether the first row names the columns.
    pub(super) has_header: bool,
    /// Lines before the header.
    pub(super) n_skipped_lines: usize,
    /// Lines that begin with it are left out.
    pub(super) comment: Option<u8>,
    /// Whether space around values is dropped.
    pub(super) trims: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: Some(b'"'),
            double_quote: true,
            has_header: true,
            n_skipped_lines: 0,
            comment: None,
            trims: true,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line of the file on which it begins, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// A table in memory.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Names of the columns; empty where the file has no header.
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// Reads a table. A row with more or fewer values than the header, or than the first
/// row where there is none, is a warning: what is missing is empty.
///
/// # Errors
/// With the reason, when a quote is not closed or the text is not UTF-8.
pub(super) fn read(
    bytes: &[u8],
    dialect: &Dialect,
    warnings: &mut Warnings,
) -> Result<Rows, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let bytes = skip_lines(bytes, dialect.n_skipped_lines);
    let delimiter = dialect.delimiter.unwrap_or_else(|| guess_delimiter(bytes, dialect));
    if let Some(line) = open_quote(bytes, delimiter, dialect) {
        return Err(format!(
            "the quote that opens on line {} is not closed",
            line + dialect.n_skipped_lines as u64
        ));
    }
    let mut table = Rows::default();
    let mut is_first = true;
    for record in reader(bytes, delimiter, dialect).into_records() {
        let record: StringRecord = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let line = line + dialect.n_skipped_lines as u64;
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if std::mem::take(&mut is_first) && dialect.has_header {
            table.header = cells;
            continue;
        }
        let first = table.rows.first().map_or(cells.len(), |row: &Row| row.cells.len());
        let expected = if dialect.has_header { table.header.len() } else { first };
        if cells.len() != expected {
            warnings.add(format!(
                "row {} (line {line}): expected {expected} values, found {}",
                table.rows.len() + 1,
                cells.len()
            ));
        }
        table.rows.push(Row { line, cells });
    }
    Ok(table)
}

fn reader<'b>(bytes: &'b [u8], delimiter: u8, dialect: &Dialect) -> csv::Reader<&'b [u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(dialect.quote.is_some())
        .quote(dialect.quote.unwrap_or(b'"'))
        .double_quote(dialect.double_quote)
        .escape((!dialect.double_quote).then_some(b'\\'))
        .comment(dialect.comment)
        .trim(if dialect.trims { Trim::All } else { Trim::None })
        .from_reader(bytes)
}

fn skip_lines(bytes: &[u8], n_lines: usize) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..n_lines {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    rest
}

/// The separator that gives the first rows equally many values, and most of them.
fn guess_delimiter(bytes: &[u8], dialect: &Dialect) -> u8 {
    let sample = bytes.get(..SAMPLE_BYTES).unwrap_or(bytes);
    let score = |delimiter: u8| {
        let records = reader(sample, delimiter, dialect).into_byte_records();
        let widths: Vec<usize> =
            records.take(SAMPLE_ROWS).map_while(Result::ok).map(|record| record.len()).collect();
        let first = widths.first().copied().unwrap_or(0);
        let n_same = widths.iter().filter(|width| **width == first).count();
        // Rows that agree weigh more than how many values they have.
        if first > 1 { (n_same * 1000 / widths.len().max(1), first) } else { (0, 0) }
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter));
    best.unwrap_or(b',')
}

/// The line on which a quote opens that is never closed, from 1.
fn open_quote(bytes: &[u8], delimiter: u8, dialect: &Dialect) -> Option<u64> {
    let quote = dialect.quote?;
    let (mut line, mut opened) = (1, None);
    let mut at_start = true;
    let mut in_comment = false;
    let mut at_line_start = true;
    let mut all = bytes.iter().copied().peekable();
    while let Some(byte) = all.next() {
        if byte == b'\n' {
            line += 1;
        }
        if opened.is_some() {
            if byte == quote {
                if dialect.double_quote && all.peek() == Some(&quote) {
                    all.next();
                } else {
                    opened = None;
                }
            } else if byte == b'\\' && !dialect.double_quote {
                all.next();
            }
            at_start = false;
            continue;
        }
        if at_line_start && dialect.comment == Some(byte) {
            in_comment = true;
        }
        at_line_start = byte == b'\n';
        if in_comment {
            in_comment = byte != b'\n';
            at_start = !in_comment;
        } else if byte == quote && at_start {
            opened = Some(line);
        } else {
            at_start = byte == delimiter || matches!(byte, b'\n' | b'\r');
        }
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Rows, Vec<String>) {
        let mut warnings = Warnings::default();
        let rows = read(text.as_bytes(), &Dialect::default(), &mut warnings).unwrap();
        (rows, warnings.into_vec())
    }

    #[test]
    fn the_separator_is_found_in_the_content() {
        let check = |text, expected: &[&str]| assert_eq!(rows(text).0.header, expected, "{text}");
        check("a,b\n1,2\n", &["a", "b"]);
        check("a;b\n1,5;2\n", &["a", "b"]);
        check("a\tb\n1\t2\n", &["a", "b"]);
        check("a|b|c\n1|2|3\n", &["a", "b", "c"]);
        check("name\nx, y\n", &["name"]);
        check("\u{feff}a,\"b\n;\"\n1,2\n", &["a", "b\n;"]);
    }

    #[test]
    fn ragged_rows_are_told_with_row_and_line() {
        let (rows, warnings) = rows("a,b\n\"x\ny\",2\n3\n4,5,6\n");
        assert_eq!(rows.rows.len(), 3);
        assert_eq!(
            warnings,
            [
                "row 2 (line 4): expected 2 values, found 1",
                "row 3 (line 5): expected 2 values, found 3"
            ]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_is_refused_with_its_line() {
        let text = "a,b\n1,\"x\n2,y\n3,z\n";
        let error = read(text.as_bytes(), &Dialect::default(), &mut Warnings::default());
        assert_eq!(error.unwrap_err(), "the quote that opens on line 2 is not closed");
        assert_eq!(rows("a,b\n1,5\" pipe\n2,\"say \"\"x\"\"\"\n").0.rows.len(), 2);
    }
}
