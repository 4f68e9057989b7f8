//! Links of reStructuredText.

use super::loader::clean_heading;
use super::markdown::Places;
use super::source::resolve;
use crate::model::Link;
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

#[expect(clippy::expect_used, reason = "the patterns are constants; the tests compile them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// Code inside of a line, or broken once.
static LITERAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"``[^\n]+?(?:\n[^\n]+?)?``"));
/// `.. _name: address` and `__ address`.
static TARGET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?m)^[ \t]*(?:\.\. _(?:`([^`\n]+)`|([^:\n]+)):|(__)|\.\. (__):)[ \t]+(\S[^\n]*)$")
});
/// A role, a quoted reference, or a single word with an underscore.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?::([a-z:]+):`([^`]+)`)",
        r"|(?:`([^`<>]+?)(?:\s*<([^`<>]+)>)?`(__?)(?:\b|$|[^_\w]))",
        r"|(?:\b([\p{L}\p{N}]+(?:[-.+][\p{L}\p{N}]+)*)_(?:[^_\w]|$))",
    ))
});

/// Addresses by name, and those without a name in order.
pub(super) struct Targets {
    named: HashMap<String, String>,
    anonymous: Vec<String>,
}

impl Targets {
    /// The targets that a text defines.
    pub(super) fn of(text: &str) -> Self {
        let mut targets = Self { named: HashMap::new(), anonymous: Vec::new() };
        for found in TARGET.captures_iter(text) {
            let address = found.get(5).map_or("", |address| address.as_str().trim()).to_owned();
            match found.get(1).or_else(|| found.get(2)) {
                Some(name) => {
                    targets.named.insert(name_of(name.as_str()), address);
                }
                None => targets.anonymous.push(address),
            }
        }
        targets
    }

    /// The address behind a name; names may stand for other names.
    fn address(&self, name: &str) -> Option<&str> {
        let mut address = self.named.get(&name_of(name))?;
        for _ in 0..self.named.len() {
            let Some(other) = address.strip_suffix('_') else { break };
            address = self.named.get(&name_of(other.trim_matches('`')))?;
        }
        Some(address)
    }
}

/// Names are compared without case and with single blanks.
fn name_of(name: &str) -> String {
    clean_heading(name).to_lowercase()
}

/// Source path of a document named without its ending, as `:doc:` and tables of
/// contents do.
pub(super) fn document(source: &str, path: &str) -> Option<String> {
    let path = path.trim();
    if path.is_empty() || path == "self" {
        return None;
    }
    let target = match path.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => resolve(source, path)?,
    };
    let name = target.rsplit('/').next().unwrap_or(&target);
    let complete = target.contains("://") || name.ends_with(".rst");
    Some(if complete { target } else { format!("{target}.rst") })
}

/// Links of a text from which code was taken out. References to labels inside of
/// the document are none; labels of other documents cannot be known here.
pub(super) fn links(source: &str, text: &str, places: &Places<'_>, targets: &Targets) -> Vec<Link> {
    let readable = LITERAL.replace_all(text, |found: &regex::Captures<'_>| {
        let code = found.get(0).map_or("", |code| code.as_str());
        code.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>()
    });
    let mut anonymous = targets.anonymous.iter();
    let mut links = Vec::new();
    for found in REFERENCE.captures_iter(&readable) {
        let group = |n: usize| found.get(n).map(|group| group.as_str());
        let (anchor, target) = if let (Some(role), Some(content)) = (group(1), group(2)) {
            let titled = content.strip_suffix('>').and_then(|content| content.rsplit_once('<'));
            let (anchor, target) = titled.unwrap_or((content, content));
            let target = match role.rsplit(':').next() {
                Some("doc") => document(source, target),
                Some("download") => resolve(source, target.trim()),
                Some("ref") => targets.address(target).and_then(|to| resolve(source, to)),
                _ => None,
            };
            (anchor, target)
        } else if let (Some(anchor), embedded, Some(mark)) = (group(3), group(4), group(5)) {
            let address = match (embedded, mark) {
                (Some(address), _) => match address.strip_suffix('_') {
                    Some(name) => targets.address(name).or(Some(address)),
                    None => Some(address),
                },
                (None, "__") => anonymous.next().map(String::as_str),
                (None, _) => targets.address(anchor),
            };
            (anchor, address.and_then(|address| resolve(source, &joined(address))))
        } else if let Some(name) = group(6) {
            (name, targets.address(name).and_then(|address| resolve(source, address)))
        } else {
            continue;
        };
        let (Some(whole), Some(target)) = (found.get(0), target) else { continue };
        // The character after the mark belongs to the text.
        let end = whole.as_str().trim_end_matches(|c| c != '`' && c != '_').len();
        let range = whole.start()..whole.start() + end;
        links.push(Link { span: places.span(&range), anchor: clean_heading(anchor), target });
    }
    links
}

/// An address may be broken over lines.
fn joined(address: &str) -> String {
    address.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_link_is_found_and_code_has_none() {
        let text = "See `the guide <guide.html>`_, `pump\nX-10`_, python_ and `here`__;\n\
            :doc:`Install <setup/install>`, :doc:`/top`, :ref:`home`, ``no_`` and ``:doc:`no` ``.\n\
            A snake_case_ word.\n\n\
            .. _pump x-10: ../pump.rst\n.. _Python: https://python.test/\n\
            .. _home: https://home.test/\n__ there.rst\n";
        let places = Places::new(text);
        let links = links("docs/a.rst", text, &places, &Targets::of(text));
        let found: Vec<(&str, &str)> =
            links.iter().map(|l| (l.anchor.as_str(), l.target.as_str())).collect();
        assert_eq!(
            found,
            [
                ("the guide", "docs/guide.html"),
                ("pump X-10", "pump.rst"),
                ("python", "https://python.test/"),
                ("here", "docs/there.rst"),
                ("Install", "docs/setup/install.rst"),
                ("/top", "top.rst"),
                ("home", "https://home.test/"),
            ]
        );
        assert_eq!(links[0].span.of(text), Some("`the guide <guide.html>`_"));
        assert_eq!(links[2].span.of(text), Some("python_"));
    }
}
