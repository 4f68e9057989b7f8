use super::*;
use crate::model::TermKind;
use proptest::prelude::*;
use serde_json::json;

const TEXT: &str = "Pump X-10 contains the\nshaft seal SP-3117. The seal was checked on 2024-05-01, and weighs 14 kg.";

fn term(iri: &str, kind: TermKind) -> OntologyTerm {
    OntologyTerm {
        iri: iri.into(),
        kind,
        label: iri.into(),
        comment: "About it.".into(),
        domains: Vec::new(),
        ranges: Vec::new(),
        above: Vec::new(),
    }
}

fn terms() -> AllowedTerms {
    let mut part = term("urn:x:part", TermKind::ObjectProperty);
    part.domains = vec!["urn:x:Thing".into()];
    part.ranges = vec!["urn:x:Seal".into()];
    let mut weight = term("urn:x:weight", TermKind::DatatypeProperty);
    weight.ranges = vec![xsd::INTEGER.into()];
    let mut checked = term("urn:x:checked", TermKind::Property);
    checked.ranges = vec![xsd::DATE.into()];
    let mut pump = term("urn:x:Pump", TermKind::Class);
    pump.above = vec!["urn:x:Thing".into()];
    let classes = [pump, term("urn:x:Thing", TermKind::Class), term("urn:x:Seal", TermKind::Class)];
    let all: Vec<_> = [part, weight, checked].into_iter().chain(classes).collect();
    AllowedTerms::choose(&all, &[], &[]).unwrap()
}

/// A good statement with some parts changed.
fn item(changes: Value) -> Value {
    let mut item = json!({
        "quote": "Pump X-10 contains the shaft seal SP-3117",
        "subject": "Pump X-10", "subject_class": "Pump", "predicate": "part",
        "object": "shaft seal SP-3117", "object_class": "Seal",
    });
    for (key, value) in changes.as_object().unwrap() {
        item[key] = value.clone();
    }
    item
}

fn check(items: &[Value]) -> Checked {
    let output = json!({"statements": items}).to_string();
    check_statements(&output, TEXT, &terms()).unwrap()
}

#[test]
fn what_the_text_says_is_kept_with_its_exact_places() {
    let checked = check(&[item(json!({}))]);
    assert!(checked.rejected.is_empty(), "{:?}", checked.rejected);
    let statement = &checked.statements[0];
    assert_eq!(statement.quote.text, "Pump X-10 contains the\nshaft seal SP-3117");
    for words in [&statement.quote, &statement.subject, statement.object.words()] {
        assert_eq!(words.span.of(TEXT), Some(words.text.as_str()));
    }
    assert_eq!(statement.predicate, "urn:x:part");
    assert_eq!(statement.subject_class.as_deref(), Some("urn:x:Pump"));
}

#[test]
fn what_the_text_does_not_say_is_left_out_with_its_reason() {
    let value = |words: &str, predicate: &str| {
        json!({"quote": "The seal was checked on 2024-05-01, and weighs 14 kg", "subject": "seal",
               "predicate": predicate, "object": words, "object_class": "value"})
    };
    let long = "x".repeat(300);
    for (changes, expected) in [
        (json!({"quote": "Pump X-10 contains a gold seal"}), Rejection::Quote),
        (json!({"quote": ""}), Rejection::Quote),
        (json!({"subject": "Pump X-11"}), Rejection::Subject),
        (json!({"subject": ""}), Rejection::Subject),
        (json!({"object": "14 kg"}), Rejection::Object),
        (json!({"object": "seal SP"}), Rejection::Range),
        (json!({"predicate": "owns"}), Rejection::Predicate),
        (json!({"predicate": "urn:x:part"}), Rejection::Predicate),
        (json!({"subject_class": "Dog"}), Rejection::Class),
        (json!({"object_class": "Dog"}), Rejection::Class),
        (json!({"object": "Pump X-10"}), Rejection::Circular),
        (json!({"object": "the"}), Rejection::Pronoun),
        (json!({"subject_class": "Seal"}), Rejection::Domain),
        (json!({"subject_class": "none"}), Rejection::Domain),
        (json!({"object_class": "Pump"}), Rejection::Range),
        (json!({"object_class": "value"}), Rejection::Range),
        (json!({"subject": long}), Rejection::TooLong),
        (json!({"more": 1}), Rejection::Form),
        (json!({"subject": 7}), Rejection::Form),
        (value("2024-05-01", "weight"), Rejection::Range),
        (value("14", "checked"), Rejection::Range),
        (value("4", "weight"), Rejection::Object),
    ] {
        let mut changes = changes;
        if expected == Rejection::Range && changes["object"] == "seal SP" {
            changes["object_class"] = json!("none");
        }
        let checked = check(&[item(changes.clone())]);
        assert_eq!(checked.rejected, BTreeMap::from([(expected, 1)]), "{changes}");
        assert!(checked.statements.is_empty());
    }
    for (words, predicate) in [("14", "weight"), ("2024-05-01", "checked")] {
        let checked = check(&[item(value(words, predicate))]);
        assert!(matches!(&checked.statements[0].object, StatedObject::Value(w) if w.text == words));
    }
}

#[test]
fn statements_are_counted_and_kept_once() {
    let checked = check(&vec![item(json!({})); 70]);
    assert_eq!(checked.statements.len(), 1);
    let expected = BTreeMap::from([(Rejection::Repeated, 63), (Rejection::TooMany, 6)]);
    assert_eq!(checked.rejected, expected);
}

#[test]
fn what_is_no_json_of_the_schema_is_malformed() {
    let terms = terms();
    for output in ["", "no", "{", "[]", "{\"statements\":7}", "{\"facts\":[]}", "}{"] {
        assert!(check_statements(output, TEXT, &terms).is_err(), "{output}");
    }
    let fenced = "Here it is:\n```json\n{\"statements\":[]}\n```";
    assert_eq!(check_statements(fenced, TEXT, &terms).unwrap(), Checked::default());
}

#[test]
fn of_an_output_that_was_cut_off_what_is_whole_is_kept() {
    let terms = terms();
    let whole = json!({"statements": [item(json!({})), item(json!({"object": "seal"}))]});
    let whole = whole.to_string();
    for (n_chars, expected) in [(3, 0), (whole.len() / 2 - 20, 0), (whole.len() - 4, 1)] {
        let checked = check_cut_statements(&whole[..n_chars], TEXT, &terms);
        assert_eq!(checked.statements.len(), expected, "{}", &whole[..n_chars]);
        assert_eq!(checked.rejected, BTreeMap::from([(Rejection::CutShort, 1)]));
    }
}

proptest! {
    #[test]
    fn whatever_a_model_writes_only_what_stands_in_the_text_is_kept(
        cuts in proptest::array::uniform6(0..TEXT.len()),
        class in "Pump|Seal|Thing|none|value|Dog",
        predicate in "part|weight|checked|owns",
        noise in "\\PC{0,20}",
    ) {
        let part = |a: usize, b: usize| TEXT.get(cuts[a].min(cuts[b])..cuts[a].max(cuts[b]));
        let changes = json!({
            "quote": part(0, 1), "subject": part(2, 3), "object": part(4, 5),
            "object_class": class, "predicate": predicate,
        });
        let output = json!({"statements": [item(changes), item(json!({}))]}).to_string();
        let checked = check_statements(&output, TEXT, &terms()).unwrap();
        let n_rejected: usize = checked.rejected.values().sum();
        prop_assert_eq!(checked.statements.len() + n_rejected, 2);
        for statement in &checked.statements {
            let quote = &statement.quote;
            for words in [quote, &statement.subject, statement.object.words()] {
                prop_assert_eq!(words.span.of(TEXT), Some(words.text.as_str()));
                prop_assert!(quote.span.start() <= words.span.start());
                prop_assert!(words.span.end() <= quote.span.end());
            }
        }
        // Bytes that are no JSON end in an error or in nothing, never in a panic.
        let _ = check_statements(&noise, &noise, &terms());
        let _ = check_cut_statements(&noise, &noise, &terms());
        let _ = check_statements(&format!("{{\"statements\":[{noise}]}}"), TEXT, &terms());
    }
}
