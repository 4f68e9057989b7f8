//! What each form of sentence and each structure says, and what it does not.

use super::*;
use crate::model::{DocumentId, FragmentId, FragmentKind, Span, VersionId};
use proptest::prelude::*;

fn fragment(text: &str) -> Fragment {
    let version = VersionId::from_iri("urn:veritrail:version:0");
    Fragment {
        id: FragmentId::new(&version, 0),
        document: DocumentId::from_source("a.md"),
        version,
        ordinal: 0,
        heading_path: Vec::new(),
        span: Span::new(0, text.chars().count()),
        page: None,
        text: text.to_owned(),
        kind: FragmentKind::Chunk,
    }
}

/// Every occurrence of each name as a mention.
fn mentions(fragment: &Fragment, names: &[&str]) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for name in names {
        for (at, _) in fragment.text.match_indices(name) {
            mentions.push(Mention {
                fragment: fragment.id.clone(),
                span: Span::from_bytes(&fragment.text, at, at + name.len()),
                surface: (*name).to_owned(),
                entity: EntityId::from_iri(format!("e:{name}")),
                confidence: 1.0,
                rule: "gazetteer".to_owned(),
            });
        }
    }
    mentions
}

/// `names` are separated by `|`, as are subject, predicate and object of what is expected.
fn check(text: &str, names: &str, expected: &[&str]) {
    let fragment = fragment(text);
    let names: Vec<&str> = names.split('|').filter(|name| !name.is_empty()).collect();
    let mentions = mentions(&fragment, &names);
    let about = EntityId::from_iri("e:topic");
    let reading =
        Reading { fragment: &fragment, mentions: &mentions, about: Some(&about), is_english: true };
    let relations = relations(&reading);
    for relation in &relations {
        assert_eq!(relation.span.of(text), Some(relation.quote.as_str()));
    }
    let mut found: Vec<String> = relations
        .iter()
        .map(|relation| {
            let subject = relation.subject.as_str().trim_start_matches("e:");
            format!("{subject}|{}|{}", relation.predicate.name(), relation.object.as_str())
        })
        .collect();
    found.sort();
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "in `{text}`");
}

#[test]
fn what_something_is() {
    check("The Beck 12 is a misting pump.", "Beck 12", &["Beck 12|is a|misting pump"]);
    check(
        "The Fell 400X is a Fell 400 for sites.",
        "Fell 400X|Fell 400",
        &["Fell 400X|is a|e:Fell 400"],
    );
    check("**[Beck 12](b.md)** is also a pump made by us.", "Beck 12", &["Beck 12|is a|pump"]);
    check(
        "Ann Lee (born 1980) is an American film actress and model.",
        "Ann Lee",
        &["Ann Lee|is a|American film actress"],
    );
    check("A pod is a kind of group of containers.", "pod", &["pod|is a|group"]);
    check("Beck 12, which is a pump, runs.", "Beck 12", &["Beck 12|is a|pump"]);
    check(
        "We bought the Beck 12, a misting pump, in May.",
        "Beck 12",
        &["Beck 12|is a|misting pump"],
    );
    check("Größenwerk Süd is a factory.", "Größenwerk Süd", &["Größenwerk Süd|is a|factory"]);
}

#[test]
fn what_something_is_not_and_what_is_not_said() {
    for text in [
        "The Beck 12 is not a pump.",
        "If the Beck 12 is a pump, it runs.",
        "The Beck 12 is a pump if it runs.",
        "Is the Beck 12 a pump?",
        "Surely the Beck 12 is a pump?",
        "The Beck 12 may be a pump.",
        "The Beck 12 isn't a pump.",
        "The Beck 12 is no longer a pump.",
        "The manual of the Beck 12 is a document.",
        "Bring the oil, a Beck 12, a mallet and a cloth.",
        "Bring the Beck 12, a mallet, and a cloth.",
        "Besides the Beck 12, a vent can be moved.",
        "Besides the Beck 12, a bottle of gas is sent.",
        "The Beck 12 is a good idea.",
        "The Beck 12 is a lot of work.",
    ] {
        check(text, "Beck 12", &[]);
    }
}

#[test]
fn what_replaces_what() {
    check("SP-2 replaces SP-1.", "SP-2|SP-1", &["SP-2|replaces|e:SP-1"]);
    check("SP-1 was superseded by the SP-2 in May.", "SP-2|SP-1", &["SP-2|replaces|e:SP-1"]);
    check("SP-1 has been replaced by SP-2.", "SP-2|SP-1", &["SP-2|replaces|e:SP-1"]);
    check("SP-2 replaces the SP-1 cover.", "SP-2|SP-1", &[]);
    check("SP-2 never replaces SP-1.", "SP-2|SP-1", &[]);
    check("Who replaces SP-1?", "SP-2|SP-1", &[]);
}

#[test]
fn what_needs_what_and_parts() {
    check(
        "The Fell 400X requires a Tarn S8 and firmware 5.1.",
        "Fell 400X|Tarn S8|firmware 5.1",
        &["Fell 400X|requires|e:Tarn S8", "Fell 400X|requires|e:firmware 5.1"],
    );
    check("The Fell 400X requires a Tarn S8 or a Tarn G2.", "Fell 400X|Tarn S8|Tarn G2", &[]);
    check(
        "The seal lip is part of the shaft seal.",
        "seal lip|shaft seal",
        &["seal lip|is part of|e:shaft seal"],
    );
    check(
        "The shaft seal consists of an outer ring, the seal lip and a spring.",
        "shaft seal|outer ring|seal lip|spring",
        &[
            "shaft seal|has part|e:outer ring",
            "shaft seal|has part|e:seal lip",
            "shaft seal|has part|e:spring",
        ],
    );
    check("The seal lip is not part of the shaft seal.", "seal lip|shaft seal", &[]);
}

#[test]
fn other_names() {
    check(
        "The Container Network Interface (CNI) has plugins.",
        "Container Network Interface",
        &["Container Network Interface|alternate name|CNI"],
    );
    check(
        "Fell 400X, also known as the Greybox, is new.",
        "Fell 400X",
        &["Fell 400X|alternate name|Greybox"],
    );
    check("The Fell 400X (NEW) is here.", "Fell 400X", &[]);
}

#[test]
fn keys_and_values_are_about_the_topic() {
    check(
        "- **Supply voltage:** 24 V DC\n- Made by: Ostervik\n",
        "Ostervik",
        &["topic|Supply voltage|24 V DC", "topic|Made by|e:Ostervik"],
    );
    check("Note: hot\n", "", &[]);
}

#[test]
fn cells_are_about_the_head_of_their_row_or_column() {
    check(
        "| Device | Power |\n|---|---|\n| Fell 200 | 8 W |\n| nothing | 9 W |\n",
        "Fell 200",
        &["Fell 200|Power|8 W"],
    );
    check(
        "| Property | Fell 400 | Fell 400X |\n|---|---|---|\n| Inputs | 8 | 16 |\n",
        "Fell 400X|Fell 400",
        &["Fell 400|Inputs|8", "Fell 400X|Inputs|16"],
    );
    check(
        "| | |\n|---|---|\n| Published | 11 March 2024 |\n",
        "",
        &["topic|Published|11 March 2024"],
    );
    check("| Every | Do this |\n|---|---|\n| week | wipe |\n", "", &[]);
    check(
        "| Device | Seal |\n|---|---|\n| [Beck 12](b.md) | **SP-1** |\n| Beck 12 | - |\n",
        "Beck 12|SP-1",
        &["Beck 12|Seal|e:SP-1"],
    );
}

#[test]
fn other_languages_have_structure_only() {
    let fragment = fragment("Beck 12 is a pump.\n\nMasse: 2 kg\nBreite: 3 cm\n");
    let mentions = mentions(&fragment, &["Beck 12"]);
    let about = EntityId::from_iri("e:topic");
    let reading = Reading {
        fragment: &fragment,
        mentions: &mentions,
        about: Some(&about),
        is_english: false,
    };
    let rules: Vec<String> = relations(&reading).into_iter().map(|r| r.rule).collect();
    assert_eq!(rules, ["key-value", "key-value"]);
}

proptest! {
    #[test]
    fn every_quote_stands_under_its_span(
        parts in prop::collection::vec(prop::sample::select(vec![
            "Größe A", "日本 B", "Ω-1", " is a ", " replaces ", " is part of the ", "\n", ". ", ", a ",
            "pump", "| ", " |", "---|", "\n- ", ": ", "é", "**", "](x)", "[", " (ÖB)", " requires ",
            " and ", "?", "```", "\u{301}", " also known as ", "’", "🛠 ",
        ]), 0..40)
    ) {
        let text = parts.concat();
        let fragment = fragment(&text);
        let mentions = mentions(&fragment, &["Größe A", "日本 B", "Ω-1", "pump"]);
        let about = EntityId::from_iri("e:topic");
        let reading = Reading {
            fragment: &fragment, mentions: &mentions, about: Some(&about), is_english: true,
        };
        for relation in relations(&reading) {
            prop_assert_eq!(relation.span.of(&text), Some(relation.quote.as_str()));
            prop_assert!(!relation.quote.is_empty());
            prop_assert!((0.0..=1.0).contains(&relation.confidence));
        }
    }
}
