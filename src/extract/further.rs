//! Names that only the graph knows: phrases, addresses and commands.
//!
//! They stand where no other name stands, and no walk of retrieval passes them: what
//! they tie together is seldom about the same thing.

use super::gazetteer::Gazetteer;
use super::places::PlacedText;
use crate::model::{EntityClass, EntityId, Fragment, Mention, normalise_label};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:https?|ftp)://[^\s<>\x22'`|\[\](){}]*[^\s<>\x22'`|\[\](){}.,;:!?*_]|\b[\p{L}\d][\p{L}\d._%+-]*@(?:[\p{L}\d-]+\.)+\p{L}{2,}\b",
    )
    .expect("constant pattern")
});
/// Code in a line that has arguments, and lines that a shell prompt opens.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`([a-z][a-z0-9_.-]*(?: [^`\n]+)+)`|(?m:^\s*\$ ([a-z][^\n]*?)\s*$)")
        .expect("constant pattern")
});

/// Mentions of phrases, addresses and commands, where none of `known` stands.
pub fn further_mentions(
    fragment: &Fragment,
    phrases: &Gazetteer,
    known: &[(Mention, EntityClass)],
) -> Vec<(Mention, EntityClass)> {
    if fragment.picture().is_some() {
        return Vec::new();
    }
    let text = fragment.text.as_str();
    let known: Vec<Mention> = known.iter().map(|(mention, _)| mention.clone()).collect();
    let placed = PlacedText::new(fragment, &known);
    let mut taken: Vec<Range<usize>> = placed.places.iter().map(|p| p.range.clone()).collect();
    let mut found: Vec<(Mention, EntityClass)> = Vec::new();
    let mut add =
        |range: Range<usize>, class, rule: &str, confidence, entity: Option<&EntityId>| {
            let overlaps =
                |other: &Range<usize>| other.start < range.end && range.start < other.end;
            let surface = placed.slice(range.clone());
            let label = normalise_label(surface);
            if taken.iter().any(overlaps) || label.is_empty() {
                return;
            }
            let mention = Mention {
                fragment: fragment.id.clone(),
                span: placed.span(&range),
                surface: surface.to_owned(),
                entity: entity.cloned().unwrap_or_else(|| EntityId::from_label(&label)),
                confidence,
                rule: rule.to_owned(),
            };
            found.push((mention, class));
            taken.push(range);
        };
    for address in ADDRESS.find_iter(text) {
        add(address.range(), EntityClass::Address, "address", 0.95, None);
    }
    for command in COMMAND.captures_iter(text) {
        if let Some(words) = command.get(1).or(command.get(2)) {
            add(words.range(), EntityClass::Command, "command", 0.8, None);
        }
    }
    for phrase in phrases.find(text) {
        for (entity, class) in phrase.entities {
            add(phrase.range.clone(), *class, "phrase", 0.5, Some(entity));
        }
    }
    found.sort_by_key(|(mention, _)| mention.span);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Entity, FragmentId, FragmentKind, Span, VersionId};

    fn check(text: &str, expected: &[(&str, &str)]) {
        let version = VersionId::from_iri("urn:veritrail:version:0");
        let fragment = Fragment {
            id: FragmentId::new(&version, 0),
            document: DocumentId::from_source("a.md"),
            version,
            ordinal: 0,
            heading_path: Vec::new(),
            span: Span::new(0, text.chars().count()),
            page: None,
            text: text.to_owned(),
            kind: FragmentKind::Chunk,
        };
        let phrase = Entity {
            id: EntityId::from_label("shaft seal"),
            labels: vec!["shaft seal".to_owned()],
            class: EntityClass::Phrase,
        };
        let phrases = Gazetteer::build(&[phrase]).unwrap();
        let known = Mention {
            fragment: fragment.id.clone(),
            span: Span::new(0, 3),
            surface: text.chars().take(3).collect(),
            entity: EntityId::from_label("known"),
            confidence: 1.0,
            rule: "gazetteer".to_owned(),
        };
        let found = further_mentions(&fragment, &phrases, &[(known, EntityClass::Topic)]);
        for (mention, _) in &found {
            assert_eq!(mention.span.of(text), Some(mention.surface.as_str()));
        }
        let found: Vec<(&str, &str)> =
            found.iter().map(|(m, _)| (m.surface.as_str(), m.rule.as_str())).collect();
        assert_eq!(found, expected, "in `{text}`");
    }

    #[test]
    fn addresses_commands_and_phrases_are_found_where_nothing_is_known() {
        check(
            "Größe: see (https://a.example/b?c=1), or <https://x.example/>.",
            &[("https://a.example/b?c=1", "address"), ("https://x.example/", "address")],
        );
        check("Write to jörg.a@mail.example.org.", &[("jörg.a@mail.example.org", "address")]);
        check("Run `kubectl apply -f x` or `ls`.", &[("kubectl apply -f x", "command")]);
        check("Do\n$ make test \nend", &[("make test", "command")]);
        check("Two shaft seals", &[("shaft seals", "phrase")]);
        check("shaft seal", &[]);
    }
}
