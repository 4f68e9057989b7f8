//! The text of a link names what the linked document is about.

use crate::model::{DocumentId, EntityClass, EntityId, Fragment, FragmentLink, Mention};
use std::collections::HashMap;

/// Mentions by the links of a fragment. Links to documents without a topic, and
/// those where `known` names the same entity at the same place, give none.
pub fn link_mentions(
    fragment: &Fragment,
    links: &[FragmentLink],
    topics: &HashMap<DocumentId, EntityId>,
    known: &[(Mention, EntityClass)],
) -> Vec<(Mention, EntityClass)> {
    let mut found: Vec<(Mention, EntityClass)> = Vec::new();
    for link in links.iter().filter(|link| link.fragment == fragment.id) {
        let (Some(entity), Some(surface)) =
            (topics.get(&link.target), link.span.of(&fragment.text))
        else {
            continue;
        };
        let overlaps = |mention: &Mention| {
            mention.entity == *entity
                && mention.span.start() < link.span.end()
                && link.span.start() < mention.span.end()
        };
        let is_known = known.iter().chain(&found).any(|(mention, _)| overlaps(mention));
        if surface.trim().is_empty() || is_known {
            continue;
        }
        let mention = Mention {
            fragment: fragment.id.clone(),
            span: link.span,
            surface: surface.to_owned(),
            entity: entity.clone(),
            confidence: 1.0,
            rule: "link".to_owned(),
        };
        found.push((mention, EntityClass::Topic));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, FragmentId, FragmentKind, Span, VersionId};

    fn fragment(text: &str) -> Fragment {
        let document = DocumentId::from_source("a.md");
        let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
        Fragment {
            id: FragmentId::new(&version, 0),
            document,
            version,
            ordinal: 0,
            heading_path: Vec::new(),
            span: Span::new(0, text.chars().count()),
            page: None,
            text: text.to_owned(),
            kind: FragmentKind::Chunk,
        }
    }

    #[test]
    fn a_link_names_the_topic_of_its_target_once() {
        let fragment = fragment("See the spare parts, or nothing.");
        let link = |target: &str, start: usize, end: usize| FragmentLink {
            fragment: fragment.id.clone(),
            span: Span::new(start, end),
            target: DocumentId::from_source(target),
        };
        let links = [link("parts.md", 8, 19), link("parts.md", 8, 19), link("unknown.md", 24, 31)];
        let parts = EntityId::from_label("parts list");
        let topics = [(DocumentId::from_source("parts.md"), parts.clone())].into();
        let found = link_mentions(&fragment, &links, &topics, &[]);
        let found: Vec<(&str, &EntityId)> =
            found.iter().map(|(mention, _)| (mention.surface.as_str(), &mention.entity)).collect();
        assert_eq!(found, [("spare parts", &parts)]);
        let known = link_mentions(&fragment, &links, &topics, &[]);
        assert!(link_mentions(&fragment, &links, &topics, &known).is_empty());
    }
}
