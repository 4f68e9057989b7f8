//! Questions with the sentences that should answer them.

use super::*;
use crate::answer::Config;
use crate::answer::asked::samples::{chunk, picture};
use crate::model::{DocumentId, EntityId, GraphPath, GraphStep};
use proptest::prelude::*;

const ROUTER: &str = "# Router X200\n\n[Back](index.md)\n\n![Front](front.png)\n\n\
    The **X200** router has four [LAN ports](ports.md). Hold the recessed button for 10 seconds to reset it. \
    All settings return to factory defaults.\n\n## Firmware\n\nTo update the firmware:\n\n\
    1. Download the image.\n2. Open the web page.\n3. Press *Update*.\n\nIs it slow? Restart it.\n";
const PUMP: &str = "## Torques\n\n| Part | Torque |\n|---|---|\n| Cover bolts | 25 Nm |\n\
    | Drain plug | 40 Nm |\n\nSeal kit: SK-77\n\nReplace the seal every year.\n";

fn evidence() -> Vec<Evidence> {
    vec![
        chunk(1, "Router manual", ROUTER),
        chunk(2, "Pump manual", PUMP),
        picture(
            3,
            "Router manual",
            "Red reset button behind the cover",
            Some("Figure 2: rear side"),
        ),
    ]
}

fn answer(question: &str) -> Answer {
    let evidence = evidence();
    let answer = extractive(&Asked {
        question,
        evidence: &evidence,
        embed: None,
        rarity: None,
        options: &Config::default(),
    });
    for citation in answer.sentences.iter().flat_map(|s| &s.citations) {
        let text = &evidence[citation.number - 1].fragment.text;
        assert_eq!(citation.span.of(text), Some(citation.quote.as_str()));
    }
    answer
}

fn first(question: &str) -> (String, String) {
    let answer = answer(question);
    let sentence = answer.sentences.first().unwrap_or_else(|| panic!("{question}: {answer:?}"));
    (sentence.text.clone(), sentence.citations[0].quote.clone())
}

#[test]
fn the_best_sentence_answers_and_its_quote_is_exact() {
    let (shown, quote) = first("How many LAN ports does the X200 have?");
    assert_eq!(shown, "The X200 router has four LAN ports.");
    assert_eq!(quote, "The **X200** router has four [LAN ports](ports.md).");
    assert!(first("How do I reset the router?").0.contains("10 seconds"));
    assert!(answer("What becomes of the settings?").text().contains("factory defaults"));
}

#[test]
fn a_table_row_is_quoted_as_it_stands() {
    let (shown, quote) = first("What is the torque of the drain plug?");
    assert_eq!(
        (shown.as_str(), quote.as_str()),
        ("Part: Drain plug; Torque: 40 Nm.", "| Drain plug | 40 Nm |")
    );
}

#[test]
fn the_kind_of_value_asked_for_decides_between_sentences() {
    assert_eq!(first("Which part number does the seal kit have?").0, "Seal kit: SK-77.");
}

#[test]
fn an_announced_list_is_answered_with_its_steps() {
    let texts: Vec<String> =
        answer("How do I update the firmware?").sentences.into_iter().map(|s| s.text).collect();
    assert_eq!(texts, ["To update the firmware:", "Download the image.", "Open the web page."]);
}

#[test]
fn a_question_for_a_picture_is_answered_with_one() {
    let (shown, quote) = first("Which picture shows the reset button?");
    assert_eq!(shown, "The picture images/p.png shows: Red reset button behind the cover.");
    assert_eq!(quote, "Red reset button behind the cover");
}

#[test]
fn unknown_products_names_and_subjects_lead_to_abstention() {
    for (question, words) in [
        ("How many LAN ports does the ZX-9 have?", "ZX-9"),
        ("Who is Albert Einstein?", "Einstein"),
        ("Why does bread dough rise overnight?", "too little"),
    ] {
        let AnswerMode::Abstained { reason } = answer(question).mode else { panic!("{question}") };
        assert!(reason.contains(words) && reason.contains("Router manual"), "{reason}");
    }
}

#[test]
fn no_evidence_abstains() {
    let asked = Asked {
        question: "Why?",
        evidence: &[],
        embed: None,
        rarity: None,
        options: &Config::default(),
    };
    assert!(matches!(extractive(&asked).mode, AnswerMode::Abstained { .. }));
}

#[test]
fn evidence_of_another_hop_adds_its_sentence() {
    let mut evidence = vec![
        chunk(1, "Film", "The film Blue Harbour was directed by Ada Lind."),
        chunk(2, "Ada Lind", "Ada Lind was born in Oslo in 1961."),
    ];
    evidence[1].path = Some(GraphPath {
        steps: vec![GraphStep::Entity {
            id: EntityId::from_label("ada lind"),
            label: "Ada Lind".into(),
        }],
    });
    let asked = Asked {
        question: "Where was the director of Blue Harbour born?",
        evidence: &evidence,
        embed: None,
        rarity: None,
        options: &Config { further_sentence_share: 0.4, ..Config::default() },
    };
    assert_eq!(extractive(&asked).cited_numbers(), [1, 2]);
    assert_eq!(DocumentId::from_source("Film.md"), evidence[0].fragment.document);
}

#[test]
fn embeddings_find_what_words_do_not() {
    let evidence = [chunk(1, "Manual", "The gadget restarts after an outage. Paint it blue.")];
    let embed = |texts: &[&str]| {
        let close = |t: &&str| t.contains("restarts") || t.contains("boot");
        Ok(texts.iter().map(|t| if close(t) { vec![1.0, 0.0] } else { vec![0.0, 1.0] }).collect())
    };
    let options = Config::default();
    let asked = Asked {
        question: "When will my device boot again?",
        evidence: &evidence,
        embed: Some(&embed),
        rarity: None,
        options: &options,
    };
    assert_eq!(extractive(&asked).sentences[0].text, "The gadget restarts after an outage.");
}

proptest! {
    #[test]
    fn every_citation_quotes_existing_text(text in "[ -~éµ\n|#*`-]{0,200}", question in "[a-z ]{0,40}") {
        let evidence = [chunk(1, "T", &text)];
        let options = Config { min_extractive_score: 0.0, min_question_coverage: 0.0, ..Config::default() };
        let asked = Asked { question: &question, evidence: &evidence, embed: None, rarity: None, options: &options };
        for citation in extractive(&asked).sentences.iter().flat_map(|s| &s.citations) {
            prop_assert_eq!(citation.span.of(&text), Some(citation.quote.as_str()));
        }
    }
}
