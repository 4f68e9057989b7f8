//! Markdown as people read it. Quotes stay exact; this is for what is shown.

use regex::Regex;
use std::sync::LazyLock;

static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])").expect("constant pattern")
});
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])").expect("constant pattern")
});
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<?\b(?:https?|ftp)://[^\s>)]+>?").expect("constant pattern"));
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<!--.*?-->|</?[a-zA-Z][^<>]*>").expect("constant pattern"));
static STRONG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\*\*([^*]+)\*\*|__([^_]+)__|~~([^~]+)~~").expect("constant pattern")
});
static EMPHASIS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(^|[\s(\[“])(?:\*([^*\s](?:[^*]*[^*\s])?)\*|_([^_\s](?:[^_]*[^_\s])?)_)")
        .expect("constant pattern")
});
static ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\\([\\`*_{}\[\]()#+.!|>~-])").expect("constant pattern"));
static FOOTNOTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[\^[^\]]+\]").expect("constant pattern"));

/// Text without emphasis, link targets, pictures, tags and backticks; blanks
/// and line ends become single blanks.
pub(super) fn plain(markdown: &str) -> String {
    let text = IMAGE.replace_all(markdown, "$1");
    let text = LINK.replace_all(&text, "$1");
    let text = TAG.replace_all(&text, "");
    let text = FOOTNOTE.replace_all(&text, "");
    let text = STRONG.replace_all(&text, "$1$2$3");
    let text = EMPHASIS.replace_all(&text, "$1$2$3");
    let text = ESCAPE.replace_all(&text, "$1");
    let text = text.replace('`', "").replace("&nbsp;", " ").replace("&lt;", "<");
    let text = text.replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let text = text.trim_start_matches(|c: char| c == '#' || c.is_whitespace());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line is nothing but links, pictures, addresses or tags.
pub(super) fn says_nothing(line: &str) -> bool {
    let text = IMAGE.replace_all(line, "");
    let text = LINK.replace_all(&text, "");
    let text = ADDRESS.replace_all(&text, "");
    let text = TAG.replace_all(&text, "");
    !text.chars().any(char::is_alphanumeric)
}

/// Cells of a table row, plain.
pub(super) fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.replace("\\|", "\u{1}").split('|').map(|c| plain(&c.replace('\u{1}', "|"))).collect()
}

/// Whether a table row is the line between heading and body.
pub(super) fn is_separator_row(row: &str) -> bool {
    row.contains('-') && row.chars().all(|c| "|-: \t".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        for (markdown, expected) in [
            ("**Hold** the *reset* [button](b.md).", "Hold the reset button."),
            ("Use `max_depth` and __init__ x_y_z", "Use max_depth and init x_y_z"),
            ("![A photo](p.png) of 3 * 4 * 5", "A photo of 3 * 4 * 5"),
            ("a\\_b <b>bold</b> &amp; c[^1]", "a_b bold & c"),
            ("## Reset\n it", "Reset it"),
        ] {
            assert_eq!(plain(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn lines_of_links_and_pictures_say_nothing() {
        assert!(says_nothing("- [Back](a.md) | [Next](b.md)"));
        assert!(says_nothing("![photo](a.png)"));
        assert!(says_nothing("<https://a.b/c>"));
        assert!(!says_nothing("See [Back](a.md)"));
    }

    #[test]
    fn cells_of_a_row_are_plain() {
        assert_eq!(cells("| **Mass** | 3 kg \\| 6 lb |"), ["Mass", "3 kg | 6 lb"]);
        assert!(is_separator_row("|---|:--:|"));
    }
}
