//! Questions with the facts that rules must tell from small texts.

use super::*;
use crate::answer::asked::samples::chunk;

fn evidence() -> Vec<Evidence> {
    vec![
        chunk(
            1,
            "Blue Harbour (film)",
            "Blue Harbour is a 1931 Norwegian film directed by Ada Lind.",
        ),
        chunk(2, "Red Desert", "Red Desert is a 1940 film directed by Max Roe."),
        chunk(
            3,
            "Ada Lind",
            "Ada Lind (2 May 1900, Oslo – 3 June 1980, Rome) was a Norwegian director.",
        ),
        chunk(
            4,
            "Max Roe",
            "Max Roe (born 7 July 1911) is an American director. He was born in New York and lives there.",
        ),
        chunk(5, "Ida Berg", "Ida Berg (1899–1990) was a Swedish painter."),
    ]
}

fn check(question: &str, expected: Option<&str>, ground: &[usize]) {
    let evidence = evidence();
    let found = short_answer(question, &evidence);
    assert_eq!(found.as_ref().map(|found| found.text.as_str()), expected, "{question}");
    let numbers: Vec<usize> = found
        .map(|found| found.ground.iter().map(|(i, _)| evidence[*i].number).collect())
        .unwrap_or_default();
    assert_eq!(numbers, ground, "{question}");
}

#[test]
fn days_and_places_of_lives_are_told_over_one_hop_or_none() {
    check("When was Ada Lind born?", Some("2 May 1900"), &[3]);
    check("When did the director of Blue Harbour die?", Some("3 June 1980"), &[1, 3]);
    check(
        "What is the date of birth of the director of film Red Desert?",
        Some("7 July 1911"),
        &[2, 4],
    );
    check("Where was the director of Red Desert born?", Some("New York"), &[2, 4]);
    check("Where did Ada Lind die?", Some("Rome"), &[3]);
    check("Which country is the director of Red Desert from?", Some("American"), &[2, 4]);
    check("Which country the director of Red Desert is from?", Some("American"), &[2, 4]);
}

#[test]
fn one_of_two_is_chosen_by_dates() {
    check("Which film came out first, Red Desert or Blue Harbour?", Some("Blue Harbour"), &[2, 1]);
    check(
        "Which film has the director who was born later, Blue Harbour or Red Desert?",
        Some("Red Desert"),
        &[1, 2, 3, 4],
    );
    check("Who died first, Ada Lind or Ida Berg?", Some("Ada Lind"), &[3, 5]);
    check("Who lived longer, Ada Lind or Ida Berg?", Some("Ida Berg"), &[3, 5]);
    check("Who is taller, Ada Lind or Ida Berg?", None, &[]);
}

#[test]
fn two_things_are_of_one_country_or_not() {
    check("Are Ada Lind and Ida Berg from the same country?", Some("no"), &[3, 5]);
    check(
        "Do the directors of Blue Harbour and Red Desert have the same nationality?",
        Some("no"),
        &[1, 2, 3, 4],
    );
    check("Did Ada Lind like Ida Berg?", None, &[]);
}

#[test]
fn what_rules_do_not_know_is_left_to_the_sentences() {
    check("When was the father of Ada Lind born?", None, &[]);
    check("How many people live in the city where Ada Lind was born?", None, &[]);
    check("Who is Ada Lind?", None, &[]);
    check("When was Zoe Quill born?", None, &[]);
}
