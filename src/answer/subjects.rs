//! Which evidence a question is about, and which one stands behind it.

use super::words::{content_stems, lower, words};
use crate::model::Evidence;
use std::collections::BTreeSet;

/// Least likeness (Jaccard, by words) of a name in a question and a title.
const LIKE_A_TITLE: f32 = 0.5;
/// How far, in bytes, a name counts from the word of its role.
const FAR: usize = 400;

/// How many times farther a name before the word of its role is than one behind it.
const BEFORE: usize = 3;

/// What somebody did for a work, by the words of questions, and the words by which texts
/// say who did it.
const ROLES: &[(&[&str], &[&str])] = &[
    (&["director", "directors"], &["directed", "director"]),
    (&["performer", "performers", "singer", "singers"], &["by", "sung", "singer", "recorded"]),
    (&["composer", "composers"], &["music", "composed", "composer", "score"]),
    (&["author", "authors"], &["by", "written", "wrote", "novel"]),
    (&["writer", "writers", "screenwriter", "screenwriters"], &["written", "wrote", "by"]),
    (&["producer", "producers"], &["produced", "producer"]),
    (&["creator", "creators"], &["created", "creator"]),
    (&["founder", "founders"], &["founded", "founder"]),
    (&["editor", "editors"], &["edited", "editor"]),
];

/// A role that a question names, as the words by which texts say who had it.
pub(super) fn role(forms: &[String]) -> Option<&'static [&'static str]> {
    let named =
        |(names, _): &&(&[&str], &[&str])| forms.iter().any(|f| names.contains(&f.as_str()));
    ROLES.iter().find(named).map(|(_, cues)| *cues)
}

/// The lower-case words of a text, without articles, which titles and questions set
/// differently.
fn form(text: &str) -> Vec<String> {
    let all = words(text).into_iter().map(|word| lower(word.text));
    all.filter(|word| !matches!(word.as_str(), "a" | "an" | "the")).collect()
}

/// A title without what stands in brackets behind it.
fn bare(title: &str) -> &str {
    title.split_once(" (").map_or(title, |(name, _)| name)
}

/// The evidence whose title is most like a name.
pub(super) fn titled(name: &str, evidence: &[Evidence]) -> Option<usize> {
    let set = |text: &str| form(text).into_iter().collect::<BTreeSet<_>>();
    let wanted = set(name);
    let likeness = |title: &BTreeSet<String>| {
        let shared = wanted.intersection(title).count() as f32;
        shared / wanted.union(title).count().max(1) as f32
    };
    let scored = evidence
        .iter()
        .enumerate()
        .map(|(i, item)| (likeness(&set(&item.title)).max(likeness(&set(bare(&item.title)))), i));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    (best.0 >= LIKE_A_TITLE).then_some(best.1)
}

/// Evidence of the documents that a question names by title, in its order, one for each.
pub(super) fn named(question: &str, evidence: &[Evidence]) -> Vec<usize> {
    let question = format!(" {} ", form(question).join(" "));
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (i, item) in evidence.iter().enumerate() {
        let place = [item.title.as_str(), bare(&item.title)].into_iter().find_map(|title| {
            let title = format!(" {} ", form(title).join(" "));
            let at = (title.len() > 3).then(|| question.find(&title)).flatten()?;
            Some((at, at + title.len()))
        });
        if let Some((start, end)) = place {
            let inside = |(s, e, _): &(usize, usize, usize)| start + 1 < *e && *s + 1 < end;
            match found.iter().position(inside) {
                Some(other) if found.get(other).is_some_and(|(s, e, _)| e - s < end - start) => {
                    found.retain(|known| !inside(known));
                    found.push((start, end, i));
                }
                Some(_) => {}
                None => found.push((start, end, i)),
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(.., i)| i).collect()
}

/// The evidence about who had a role in what the `work`-th evidence is about: its title
/// is a name in that text, the nearest one to a word of the role. With the byte at which
/// the name stands.
pub(super) fn behind(work: usize, cues: &[&str], evidence: &[Evidence]) -> Option<(usize, usize)> {
    let source = evidence.get(work)?;
    let text = source.fragment.text.as_str();
    let all = words(text);
    let marks: Vec<usize> = all
        .iter()
        .filter(|word| cues.contains(&lower(word.text).as_str()))
        .map(|word| word.start)
        .collect();
    let candidates = evidence.iter().enumerate().filter(|(i, item)| {
        *i != work && item.title != source.title && bare(&item.title).len() > 2
    });
    candidates
        .filter_map(|(i, item)| {
            let at = text.find(bare(&item.title))?;
            // "Directed by Ada Lind" and "the singer Ada Lind": the name mostly follows.
            let away = |mark: &usize| match at.checked_sub(*mark) {
                Some(behind) => behind,
                None => BEFORE * (*mark - at),
            };
            let distance = marks.iter().map(away).min().unwrap_or(FAR);
            Some((distance.min(FAR), i, at))
        })
        .min()
        .map(|(_, i, at)| (i, at))
}

/// Stems of a question that are not of the names in it.
pub(super) fn asked_of(
    question: &str,
    subjects: &[usize],
    evidence: &[Evidence],
) -> BTreeSet<String> {
    let titles = subjects.iter().filter_map(|i| evidence.get(*i)).map(|item| &item.title);
    let known: BTreeSet<String> = titles.flat_map(|title| content_stems(title)).collect();
    content_stems(question).difference(&known).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::asked::samples::chunk;

    #[test]
    fn titles_in_a_question_are_found_in_its_order_and_the_longest_counts() {
        let evidence = [
            chunk(1, "Harbour", "x"),
            chunk(2, "Blue Harbour (film)", "x"),
            chunk(3, "Ada Lind", "x"),
        ];
        assert_eq!(named("Did Ada Lind direct the film Blue Harbour?", &evidence), [2, 1]);
        assert_eq!(titled("the Blue Harbour (1931 film)", &evidence), Some(1));
        assert_eq!(titled("Red Desert", &evidence), None);
    }

    #[test]
    fn the_name_nearest_to_the_role_stands_behind_a_work() {
        let evidence = [
            chunk(1, "Blue Harbour", "Blue Harbour is a film with Max Roe, directed by Ada Lind."),
            chunk(2, "Max Roe", "An actor."),
            chunk(3, "Ada Lind", "A director."),
        ];
        let cues = role(&["director".to_owned()]).unwrap();
        assert_eq!(behind(0, cues, &evidence).map(|(i, _)| i), Some(2));
    }
}
