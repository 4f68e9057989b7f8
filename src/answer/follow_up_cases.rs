use super::*;

/// Names as a knowledge base would know them.
fn known(text: &str) -> Vec<KnownName> {
    let labels = [
        ("shaft seal", false),
        ("beck 20", true),
        ("beck 30", true),
        ("pump x-10", true),
        ("price", false),
    ];
    let lowered = text.to_lowercase();
    let mut found: Vec<KnownName> = labels
        .iter()
        .filter_map(|(label, is_proper)| {
            let start = lowered.find(label)?;
            Some(KnownName { range: start..start + label.len(), is_proper: *is_proper })
        })
        .collect();
    found.sort_by_key(|name| name.range.start);
    found
}

fn turn(question: &str, answer: &str) -> Turn {
    Turn { question: question.to_owned(), answer: answer.to_owned() }
}

#[track_caller]
fn check(before: &str, question: &str, expected: Option<&str>) {
    check_with_answer(before, "", question, expected);
}

#[track_caller]
fn check_with_answer(before: &str, answer: &str, question: &str, expected: Option<&str>) {
    let found = resolve(&[turn(before, answer)], question, &known);
    assert_eq!(found.as_deref(), expected, "{before} / {question}");
}

const OIL: &str = "How often is the oil of a Beck 20 changed?";

#[test]
fn another_thing_takes_the_place_of_the_one_asked_about() {
    let other = Some("How often is the oil of a Beck 30 changed?");
    for question in
        ["and the Beck 30?", "What about the Beck 30?", "Beck 30?", "And for the Beck 30?"]
    {
        check(OIL, question, other);
    }
    check(OIL, "and the beck 30?", Some("How often is the oil of a beck 30 changed?"));
    check(
        OIL,
        "And why for the Beck 30?",
        Some("Why for the Beck 30? (about: the oil of a Beck 30 changed)"),
    );
    check(
        "What is the capital of France?",
        "And of Germany?",
        Some("What is the capital of Germany?"),
    );
    check("When does E-17 show?", "and E-18?", Some("When does E-18 show?"));
}

#[test]
fn a_pronoun_takes_the_name_that_was_asked_about() {
    check(OIL, "How heavy is it?", Some("How heavy is Beck 20?"));
    check(OIL, "What are its dimensions?", Some("What are Beck 20's dimensions?"));
    check(
        "What is the order number of the shaft seal of the Pump X-10?",
        "How much does it cost?",
        Some("How much does shaft seal of the Pump X-10 cost?"),
    );
    check(
        "Which colour has the box?",
        "How heavy is it?",
        Some("How heavy is it? (about: colour has the box)"),
    );
    check_with_answer(
        "Who discovered polonium?",
        "Marie Curie discovered it in 1898. [1]",
        "When was she born?",
        Some("When was Marie Curie born?"),
    );
    check(OIL, "How do I clean that pump?", Some("How do I clean that pump? (about: Beck 20)"));
}

#[test]
fn a_question_without_a_subject_gets_one() {
    for question in ["Why?", "How?", "Since when?", "Are you sure?"] {
        let expected = format!("{question} (about: the oil of a Beck 20 changed)");
        check(OIL, question, Some(&expected));
    }
    check(
        "Does the Pump X-10 need oil?",
        "how often?",
        Some("How often? (about: the Pump X-10 need oil)"),
    );
    check(OIL, "and the price?", Some("The price? (about: Beck 20)"));
    check(OIL, "and the weight?", Some("The weight? (about: Beck 20)"));
    check(OIL, "What is the torque?", Some("What is the torque? (about: Beck 20)"));
    check(OIL, "Which torque?", Some("Which torque? (about: Beck 20)"));
}

#[test]
fn a_question_that_stands_alone_is_left_as_it_is() {
    for question in [
        "What is aspirin?",
        "How do I reset the X200 router after a power failure?",
        "What is the order number of the shaft seal?",
        "When the filter is full, how is it cleaned?",
        "How long does it take to charge a battery?",
        "Is there a hotel near the station with a pool?",
        "Thanks a lot!",
        "Does the Pump X-10 show an error when it is hot?",
    ] {
        check(OIL, question, None);
    }
    assert_eq!(resolve(&[], "Why?", &known), None);
    assert_eq!(resolve(&[turn("", "")], "Why?", &known), None);
}

#[test]
fn turns_build_on_each_other() {
    let turns = [turn(OIL, "Every year. [1]"), turn("and the Beck 30?", "Every two years. [1]")];
    let why = resolve(&turns, "Why?", &known);
    assert_eq!(why.as_deref(), Some("Why? (about: the oil of a Beck 30 changed)"));
    let long = vec![turn(OIL, ""); 100];
    assert!(resolve(&long, "Why?", &known).unwrap().contains("Beck 20"));
}

#[test]
fn a_rewriting_adds_no_word_and_loses_none() {
    let turns = [turn(OIL, "Every year. [1]")];
    assert!(keeps_to(&turns, "and the Beck 30?", "How often is the oil of the Beck 30 changed?"));
    assert!(!keeps_to(&turns, "and the Beck 30?", "How often is the oil of the Beck 20 changed?"));
    assert!(!keeps_to(
        &turns,
        "and the Beck 30?",
        "How often is the coolant of the Beck 30 changed?"
    ));
}

proptest::proptest! {
    #[test]
    fn any_text_is_resolved_or_left(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "it", "and", "the", "Beck 30", "?", "why", "é", "", " ", ",", "that", "what about", "İ", "水",
            ]),
            0..12,
        )
    ) {
        let question = pieces.join(" ");
        let turns = [turn(OIL, "Ü. [1]"), turn(&pieces.concat(), &question)];
        let _ = resolve(&turns, &question, &known);
    }
}
