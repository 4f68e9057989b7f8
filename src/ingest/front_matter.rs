//! What stands in Markdown beside Markdown: front matter and HTML.

use super::loader::clean_heading;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The head of a Markdown document, in YAML between `---` or TOML between `+++`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FrontMatter {
    /// Title.
    pub(super) title: Option<String>,
    /// BCP 47 language tag.
    pub(super) language: Option<String>,
    /// Bytes of the head with its marks; 0 where there is none.
    pub(super) end: usize,
}

impl FrontMatter {
    /// The front matter of a text. Only single lines of its first level are read.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = text.split_inclusive('\n');
        let first = lines.next().unwrap_or_default();
        let (closing, separator): (&[&str], char) = match first.trim_end() {
            "---" => (&["---", "..."], ':'),
            "+++" => (&["+++"], '='),
            _ => return Self::default(),
        };
        let mut found = Self { end: first.len(), ..Self::default() };
        for line in lines {
            found.end += line.len();
            if closing.contains(&line.trim_end()) {
                return found;
            }
            let Some((key, value)) = line.split_once(separator) else { continue };
            let value = clean_heading(plain(value.trim()));
            let value = Some(value).filter(|value| !value.is_empty());
            match key.trim_end() {
                "title" => found.title = value,
                "lang" | "language" => found.language = value.filter(|tag| is_language(tag)),
                _ => {}
            }
        }
        // Without its end it is no front matter.
        Self::default()
    }
}

/// A value without quotes; block marks of YAML are none.
fn plain(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.split(quote).next()) {
            return inner;
        }
    }
    let value = value.split(" #").next().unwrap_or_default().trim_end();
    if matches!(value, "|" | ">" | "|-" | ">-" | "null" | "~") { "" } else { value }
}

fn is_language(tag: &str) -> bool {
    let first = tag.split(['-', '_']).next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[expect(clippy::expect_used, reason = "the patterns are constants; the tests compile them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

static IMAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<img\s[^>]*>"));
static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?is)\b(src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"#));

/// The pictures that a piece of HTML shows: bytes, alternative text, address.
pub(super) fn html_images(html: &str) -> Vec<(Range<usize>, String, String)> {
    let images = IMAGE.find_iter(html).filter_map(|image| {
        let (mut alt, mut target) = (String::new(), String::new());
        for found in ATTRIBUTE.captures_iter(image.as_str()) {
            let value = (2..=4).find_map(|n| found.get(n)).map_or("", |value| value.as_str());
            match found.get(1).map(|name| name.as_str().to_lowercase()).as_deref() {
                Some("src") => target = value.to_owned(),
                _ => alt = clean_heading(value),
            }
        }
        (!target.is_empty()).then(|| (image.range(), alt, target))
    });
    images.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_of_yaml_and_toml_is_read() {
        let check = |text: &str, title: Option<&str>, language: Option<&str>, rest: &str| {
            let found = FrontMatter::of(text);
            assert_eq!(found.title.as_deref(), title, "{text}");
            assert_eq!(found.language.as_deref(), language, "{text}");
            assert_eq!(&text[found.end..], rest);
        };
        check("---\ntitle: \"A: b\"\nlang: en-GB\n---\nx", Some("A: b"), Some("en-GB"), "x");
        check("---\ntitle: A # note\nauthor:\n  title: no\n...\nx", Some("A"), None, "x");
        check("+++\ntitle = 'A'\n+++", Some("A"), None, "");
        check("---\ntitle: >\n  A\n---\nx", None, None, "x");
        check("---\nno end", None, None, "---\nno end");
        check("# A\n", None, None, "# A\n");
    }
}
