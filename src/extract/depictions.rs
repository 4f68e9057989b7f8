//! What the words about a picture say that it shows.

use crate::model::{
    Depiction, DepictionMethod, DepictionStatus, DocumentId, EntityId, Fragment, FragmentId,
    FragmentKind, Mention,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Claims at least this probable count until a person says no. A name that a document
/// and an RDF resource share leaves half of its confidence to each, and is believed.
pub const ACCEPTED_FROM: f32 = 0.4;
/// Claims at least this probable are kept for a person to decide.
pub const PROPOSED_FROM: f32 = 0.1;

/// How far a name is believed by where it stands. Captions and alternative texts are
/// written about the picture, file names often; the text around it and the topic of
/// its page may be about something else, so a person decides.
fn trust(method: DepictionMethod) -> f32 {
    match method {
        DepictionMethod::Caption | DepictionMethod::AlternativeText => 0.9,
        DepictionMethod::FileName => 0.8,
        DepictionMethod::Page => 0.3,
        DepictionMethod::Surroundings => 0.25,
        // Measured, not read.
        DepictionMethod::ZeroShot | DepictionMethod::NearPictures => 0.0,
    }
}

/// Claims out of the words about pictures, the best of each picture, entity and
/// method. The surroundings and the topics of pages are asked only about pictures
/// of which nothing else is known.
pub fn named_depictions(
    fragments: &[Fragment],
    mentions: &[Mention],
    topics: &[(DocumentId, EntityId)],
) -> Vec<Depiction> {
    let shown: HashMap<&FragmentId, &Fragment> =
        fragments.iter().filter(|f| f.picture().is_some()).map(|f| (&f.id, f)).collect();
    let mut claims = Vec::new();
    for mention in mentions.iter().filter(|mention| mention.rule != "proper-name") {
        let Some(fragment) = shown.get(&mention.fragment) else { continue };
        let Some((picture, method)) = place(fragment, mention) else { continue };
        claims.push(claim(picture, &mention.entity, method, mention.confidence, &fragment.id));
    }
    let known: HashSet<DocumentId> = claims
        .iter()
        .filter(|claim| claim.status == DepictionStatus::Accepted)
        .map(|claim| claim.picture.clone())
        .collect();
    let topic_of: HashMap<&DocumentId, &EntityId> = topics.iter().map(|(d, e)| (d, e)).collect();
    for fragment in shown.values() {
        if let Some(picture) = fragment.picture().filter(|picture| **picture != fragment.document)
            && let Some(topic) = topic_of.get(&fragment.document)
        {
            claims.push(claim(picture, topic, DepictionMethod::Page, 1.0, &fragment.id));
        }
    }
    let vague = [DepictionMethod::Page, DepictionMethod::Surroundings];
    claims.retain(|claim| !(vague.contains(&claim.method) && known.contains(&claim.picture)));
    let mut best: BTreeMap<String, Depiction> = BTreeMap::new();
    for claim in claims {
        let better = |known: &Depiction| match known.probability.total_cmp(&claim.probability) {
            std::cmp::Ordering::Equal => known.evidence <= claim.evidence,
            order => order.is_gt(),
        };
        if !best.get(claim.id.as_str()).is_some_and(better) {
            best.insert(claim.id.as_str().to_owned(), claim);
        }
    }
    best.into_values().collect()
}

fn claim(
    picture: &DocumentId,
    entity: &EntityId,
    method: DepictionMethod,
    confidence: f32,
    evidence: &FragmentId,
) -> Depiction {
    let probability = trust(method) * confidence;
    let status = if probability >= ACCEPTED_FROM {
        DepictionStatus::Accepted
    } else {
        DepictionStatus::Proposed
    };
    let mut claim = Depiction::new(picture.clone(), entity.clone(), method, probability, status);
    claim.evidence = Some(evidence.as_str().to_owned());
    claim
}

/// The picture, and in which of its words a mention stands.
fn place<'f>(
    fragment: &'f Fragment,
    mention: &Mention,
) -> Option<(&'f DocumentId, DepictionMethod)> {
    let FragmentKind::Picture { picture, alt, caption } = &fragment.kind else { return None };
    if *picture == fragment.document {
        return Some((picture, DepictionMethod::FileName));
    }
    // The text is alternative text, caption and surroundings, those that are there,
    // each on a line of its own.
    let n_alt = alt.chars().count();
    let n_caption = caption.as_deref().map_or(0, |caption| caption.chars().count());
    let after_alt = n_alt + usize::from(n_alt > 0);
    let method = if mention.span.end() <= n_alt {
        DepictionMethod::AlternativeText
    } else if mention.span.end() <= after_alt + n_caption {
        DepictionMethod::Caption
    } else {
        DepictionMethod::Surroundings
    };
    Some((picture, method))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Span, VersionId};

    fn showing(alt: &str, caption: Option<&str>, around: &str) -> Fragment {
        let document = DocumentId::from_source("a.md");
        let version = VersionId::new(&document, &Digest::of(b"a"));
        let caption = caption.map(str::to_owned);
        let lines = [alt, caption.as_deref().unwrap_or_default(), around];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        Fragment {
            id: FragmentId::new(&version, 1),
            document,
            version,
            ordinal: 1,
            heading_path: Vec::new(),
            span: Span::new(0, 0),
            page: None,
            text: lines.join("\n"),
            kind: FragmentKind::Picture {
                picture: DocumentId::from_source("p.png"),
                alt: alt.to_owned(),
                caption,
            },
        }
    }

    fn named(fragment: &Fragment, name: &str) -> Mention {
        let before = fragment.text.split(name).next().unwrap().chars().count();
        Mention {
            fragment: fragment.id.clone(),
            span: Span::new(before, before + name.chars().count()),
            surface: name.to_owned(),
            entity: EntityId::from_label(name),
            confidence: 1.0,
            rule: "gazetteer".to_owned(),
        }
    }

    fn check(fragment: &Fragment, names: &[&str], expected: &[(&str, &str, &str)]) {
        let mentions: Vec<Mention> = names.iter().map(|name| named(fragment, name)).collect();
        let topic = (fragment.document.clone(), EntityId::from_label("topic"));
        let claims = named_depictions(std::slice::from_ref(fragment), &mentions, &[topic]);
        let mut found: Vec<_> = claims
            .iter()
            .map(|claim| (claim.entity.clone(), claim.method.as_str(), claim.status.as_str()))
            .collect();
        found.sort();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(entity, method, status)| (EntityId::from_label(entity), *method, *status))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn where_a_name_stands_decides_how_far_it_is_believed() {
        let fragment = showing("the pump", Some("a größe valve"), "near the gauge");
        check(
            &fragment,
            &["pump", "valve", "gauge"],
            &[("pump", "alternative-text", "accepted"), ("valve", "caption", "accepted")],
        );
        check(&showing("", Some("a valve"), ""), &["valve"], &[("valve", "caption", "accepted")]);
    }

    #[test]
    fn a_picture_without_words_of_its_own_waits_for_a_person() {
        check(
            &showing("", None, "near the gauge"),
            &["gauge"],
            &[("gauge", "surroundings", "proposed"), ("topic", "page", "proposed")],
        );
    }
}
