//! The table of cases on which the thresholds were chosen.

use super::*;
use crate::answer::Config;
use crate::answer::asked::samples::chunk;

const ROUTER: &str = "The X200 router resets when the recessed button is held for 10 seconds. \
    All settings return to factory defaults. The router does not support WPA3. \
    It weighs 1,250 g and draws at most 12 W at 24 V.";
const PUMP: &str = "# Pump P-7\n\n| Part | Torque |\n|---|---|\n| Cover bolts M8 | 25 Nm |\n\
    | Drain plug | 40 Nm |\n\nDo not run the pump without oil. Check the oil level before each start. \
    Replace the seal every 2,000 hours or 12 months.\n\nOperating temperature: -20 to 60 °C\n";
const PEOPLE: &str = "Marie Curie discovered polonium in 1898 together with Pierre Curie. \
    She was born in Warsaw. Paris is the capital of France.";

/// Whether `sentence`, citing `cited`, must be supported.
fn cases() -> Vec<(&'static str, &'static [usize], bool)> {
    vec![
        // Said in the same or nearly the same words.
        ("The X200 router resets when the recessed button is held for 10 seconds.", &[1], true),
        ("Hold the recessed button for 10 seconds to reset the X200 router.", &[1], true),
        ("To reset the router, hold its recessed button for ten seconds.", &[1], true),
        ("The settings then return to factory defaults.", &[1], true),
        ("The X-200 weighs 1250 g.", &[1], true),
        ("The router does not support WPA3.", &[1], true),
        ("WPA3 is not supported by the router.", &[1], true),
        ("It draws no more than 12 watts at 24 V.", &[1], true),
        ("The cover bolts need a torque of 25 Nm.", &[2], true),
        ("Tighten the drain plug to a torque of 40 N·m.", &[2], true),
        ("The pump must not run without oil.", &[2], true),
        ("Check the oil level before every start.", &[2], true),
        ("Replace the seal after 2000 hours or 12 months.", &[2], true),
        ("The operating temperature is -20 to 60 °C.", &[2], true),
        ("Polonium was discovered by Marie Curie in 1898.", &[3], true),
        ("Marie Curie was born in Warsaw.", &[3], true),
        ("The capital of France is Paris.", &[3], true),
        // Two citations, both needed, or one of them idle.
        ("The X200 router weighs 1,250 g, and the drain plug needs 40 Nm.", &[1, 2], true),
        ("Check the oil level before each start.", &[2, 3], true),
        // Wrong number.
        ("Hold the recessed button for 30 seconds to reset the X200 router.", &[1], false),
        ("The X200 weighs 1,350 g.", &[1], false),
        ("Polonium was discovered by Marie Curie in 1889.", &[3], false),
        ("Replace the seal every 20,000 hours or 12 months.", &[2], false),
        ("The operating temperature is 20 to 60 °C.", &[2], false),
        ("The cover bolts M10 need a torque of 25 Nm.", &[2], false),
        ("Hold the recessed button for twenty seconds to reset the router.", &[1], false),
        // Wrong unit.
        ("Hold the recessed button for 10 minutes to reset the X200 router.", &[1], false),
        ("The X200 weighs 1,250 kg.", &[1], false),
        ("The router draws at most 12 mW at 24 V.", &[1], false),
        ("The operating temperature is -20 to 60 °F.", &[2], false),
        // Wrong name or part number.
        ("The X300 router resets when the recessed button is held for 10 seconds.", &[1], false),
        ("Polonium was discovered by Albert Einstein in 1898.", &[3], false),
        ("London is the capital of France.", &[3], false),
        ("Marie Curie was born in Berlin.", &[3], false),
        ("The router does not support WPA2.", &[1], false),
        // Negation or opposite.
        ("The router supports WPA3.", &[1], false),
        ("Run the pump without oil.", &[2], false),
        ("The settings do not return to factory defaults.", &[1], false),
        ("Check the oil level after each start.", &[2], false),
        ("The router never resets when the recessed button is held for 10 seconds.", &[1], false),
        // Citations that are missing, do not exist or are of something else.
        ("The router supports WPA3.", &[], false),
        ("The router does not support WPA3.", &[7], false),
        ("The router does not support WPA3.", &[1, 9], false),
        ("Marie Curie was born in Warsaw.", &[1], false),
        ("The cover bolts need a torque of 25 Nm.", &[1], false),
        // Not in the evidence at all.
        ("Open the web interface and choose a stronger password.", &[1], false),
        ("The router is available in black and white housings.", &[1], false),
        ("Yes.", &[1], false),
        ("She received two Nobel prizes.", &[3], false),
        ("The pump should be painted yearly by a certified engineer.", &[2], false),
    ]
}

fn sentence(text: &str, cited: &[usize]) -> Sentence {
    let evidence = [
        chunk(1, "Router manual", ROUTER),
        chunk(2, "Pump manual", PUMP),
        chunk(3, "People", PEOPLE),
    ];
    let asked = Asked {
        question: "",
        evidence: &evidence,
        embed: None,
        rarity: None,
        options: &Config::default(),
    };
    let claim = Claim { text: text.to_owned(), cited: cited.to_vec() };
    let sentence = check(&[claim], &asked).remove(0);
    for citation in &sentence.citations {
        let text = &evidence[citation.number - 1].fragment.text;
        assert_eq!(citation.span.of(text), Some(citation.quote.as_str()));
    }
    sentence
}

#[test]
fn the_table_of_cases_is_judged_as_people_would() {
    let wrong: Vec<String> = cases()
        .into_iter()
        .filter_map(|(text, cited, expected)| {
            let support = sentence(text, cited).support;
            ((support == Support::Supported) != expected).then(|| format!("{text} {support:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_enough_of_both_kinds() {
    let n_supported = cases().iter().filter(|(_, _, supported)| *supported).count();
    assert!(n_supported >= 15 && cases().len() - n_supported >= 25);
}

#[test]
fn the_reason_names_what_is_missing() {
    for (text, cited, words) in [
        ("The X200 weighs 1,350 g.", &[1][..], "1,350 g"),
        ("The X200 weighs 1,250 kg.", &[1], "another unit"),
        ("The X300 router resets.", &[1], "X300"),
        ("Marie Curie was born in Berlin.", &[3], "Berlin"),
        ("The router supports WPA3.", &[1], "negated"),
        ("It resets.", &[7], "[7]"),
        ("Pumps swim in the lake.", &[], "cites nothing"),
    ] {
        let Support::Unsupported(reason) = sentence(text, cited).support else {
            panic!("supported: {text}");
        };
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_sentence_without_a_mark_is_credited_to_the_evidence_that_carries_it() {
    let uncited = sentence("Check the oil level before each start.", &[]);
    let cited = sentence("Check the oil level before each start.", &[2]);
    assert_eq!(uncited.support, Support::Supported);
    assert_eq!(uncited.citations, cited.citations);
}

#[test]
fn an_idle_citation_is_left_out() {
    let sentence = sentence("Check the oil level before each start.", &[3, 2]);
    let numbers: Vec<usize> = sentence.citations.iter().map(|c| c.number).collect();
    assert_eq!(numbers, [2]);
    assert_eq!(sentence.citations[0].quote, "Check the oil level before each start.");
}

#[test]
fn a_close_embedding_allows_other_words() {
    let evidence = [chunk(1, "Manual", "The gadget restarts after a power cut.")];
    let embed = |texts: &[&str]| Ok(texts.iter().map(|_| vec![1.0, 0.0]).collect());
    let options = Config::default();
    let mut asked =
        Asked { question: "", evidence: &evidence, embed: None, rarity: None, options: &options };
    let claim =
        [Claim { text: "The gadget boots again once power is back.".into(), cited: vec![1] }];
    assert_ne!(check(&claim, &asked)[0].support, Support::Supported);
    asked.embed = Some(&embed);
    assert_eq!(check(&claim, &asked)[0].support, Support::Supported);
}
