//! Which of two things a question asks for.

use super::days::{Day, days, life};
use super::short_answer::ShortAnswer;
use super::subjects::{behind, role, titled};
use super::words::content_stems;
use crate::model::Evidence;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static OR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r",?\s+or\s+").expect("constant pattern"));
static NAME_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\p{Lu}[\w.'’&()-]*|\d+)(?:\s+(?:(?:of|the|de|and|in|a|for|to|on)\s+)*[\p{Lu}\d(][\w.'’&()-]*)*$")
        .expect("constant pattern")
});
static AFTER_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r",|\s(?:was|is|has|that|who|which|born|first|came|released|died)\b")
        .expect("constant pattern")
});

/// What two dates are compared by.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Birth,
    Death,
    /// Of a work: the first year in its text.
    First,
}

/// The one of two that the question asks for, by the dates or words of their texts.
pub(super) fn choice(
    question: &str,
    forms: &[String],
    evidence: &[Evidence],
) -> Option<ShortAnswer> {
    let names = alternatives(question)?;
    let works = [titled(&names[0], evidence)?, titled(&names[1], evidence)?];
    if works[0] == works[1] {
        return None;
    }
    let has = |list: &[&str]| forms.iter().any(|form| list.contains(&form.as_str()));
    let wants_early = has(&["first", "earlier", "older", "oldest", "before", "earliest", "elder"]);
    let wants_late =
        has(&["later", "latest", "younger", "youngest", "last", "recently", "newer", "after"]);
    let mut ground = Vec::new();
    let mut about = works;
    if let Some(cues) = role(forms) {
        let people = [behind(works[0], cues, evidence), behind(works[1], cues, evidence)];
        if let [Some(one), Some(other)] = people {
            ground.extend([(works[0], one.1), (works[1], other.1)]);
            about = [one.0, other.0];
        }
    }
    let text = |i: usize| evidence.get(i).map_or("", |item| item.fragment.text.as_str());
    let chosen = if wants_early != wants_late {
        let moment = if has(&["died", "die", "death"]) {
            Moment::Death
        } else if has(&["born", "older", "younger", "birth", "oldest", "youngest", "elder"]) {
            Moment::Birth
        } else {
            Moment::First
        };
        let (one, other) = (day(text(about[0]), moment)?, day(text(about[1]), moment)?);
        if one.order == other.order {
            return None;
        }
        ground.extend([(about[0], one.range.start), (about[1], other.range.start)]);
        usize::from((one.order < other.order) != wants_early)
    } else if has(&["longer"]) && has(&["lived", "live", "life"]) {
        let years = |i: usize| {
            let life = life(text(i));
            let (born, died) = (life.born?, life.died?);
            Some((died.order.0.checked_sub(born.order.0)?, born.range.start))
        };
        let (one, other) = (years(about[0])?, years(about[1])?);
        if one.0 == other.0 {
            return None;
        }
        ground.extend([(about[0], one.1), (about[1], other.1)]);
        usize::from(one.0 < other.0)
    } else {
        return None;
    };
    Some(ShortAnswer { text: names.into_iter().nth(chosen)?, ground })
}

fn day(text: &str, moment: Moment) -> Option<Day> {
    match moment {
        Moment::Birth => life(text).born,
        Moment::Death => life(text).died,
        Moment::First => days(text).into_iter().next(),
    }
}

/// The names on both sides of the last "or".
fn alternatives(question: &str) -> Option<[String; 2]> {
    let question = question.trim().trim_end_matches('?').trim_end();
    let or = OR.find_iter(question).last()?;
    let (left, right) = (question.get(..or.start())?, question.get(or.end()..)?);
    let right = right.get(..AFTER_NAME.find(right).map_or(right.len(), |found| found.start()))?;
    let cut = [", ", ": ", " between "]
        .iter()
        .filter_map(|mark| left.rfind(mark).map(|at| at + mark.len()))
        .max();
    let left = match cut {
        Some(at) => left.get(at..)?,
        None => NAME_BEFORE.find(left)?.as_str(),
    };
    let left = without_verb(left.trim());
    let differ: BTreeSet<String> = content_stems(left);
    let right = right.trim();
    (!left.is_empty() && !right.is_empty() && differ != content_stems(right))
        .then(|| [left.to_owned(), right.to_owned()])
}

/// "Was Ada Lind" is Ada Lind: the verb that opens a question is capitalised.
fn without_verb(name: &str) -> &str {
    ["Was ", "Is ", "Were ", "Did ", "Does ", "Are "]
        .iter()
        .find_map(|verb| name.strip_prefix(verb))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_stand_on_both_sides_of_or() {
        for (question, expected) in [
            ("Who was born first, Ada Lind or Max Roe?", Some(["Ada Lind", "Max Roe"])),
            ("Was Ada Lind or Max Roe born first?", Some(["Ada Lind", "Max Roe"])),
            ("Which film came out first, The Sea or Red?", Some(["The Sea", "Red"])),
            ("Who is older, between Ada and Max of York?", None),
            ("Who is older between Ada or Max of York?", Some(["Ada", "Max of York"])),
            ("Where is Oslo?", None),
        ] {
            let expected = expected.map(|pair| pair.map(str::to_owned));
            assert_eq!(alternatives(question), expected, "{question}");
        }
    }
}
