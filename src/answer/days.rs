//! Days and years in texts, and when people were born and died.

use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A date as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// Year, month and day; 0 where the text does not say.
    pub(super) order: (u32, u32, u32),
    /// Its bytes.
    pub(super) range: Range<usize>,
}

/// When somebody was born and died, as far as a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) born: Option<Day>,
    pub(super) died: Option<Day>,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How far behind "born" and "died" their date may stand.
const REACH: usize = 80;
/// The dates of a life stand near the beginning of a text about a person.
const HEAD: usize = 400;

static DAY: LazyLock<Regex> = LazyLock::new(|| {
    let months = MONTHS.join("|");
    Regex::new(&format!(
        r"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)? (?P<m1>{months}),? (?P<y1>\d{{3,4}})|(?P<m2>{months}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y2>\d{{4}})|(?P<m3>{months}),? (?P<y3>\d{{4}})|(?P<y4>1\d{{3}}|20\d\d))\b"
    ))
    .expect("constant pattern")
});
static BRACKETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)").expect("constant pattern"));
static BETWEEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\s[–—-]\s|[–—]|\bdied\b|\bd\. ").expect("constant pattern"));
static BORN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bborn\b").expect("constant"));
static DIED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:died|death)\b").expect("constant"));

/// Whether a name begins with a month.
pub(super) fn is_month(name: &str) -> bool {
    MONTHS.contains(&name.split(' ').next().unwrap_or_default())
}

/// All dates of a text; years alone count.
pub(super) fn days(text: &str) -> Vec<Day> {
    DAY.captures_iter(text)
        .filter_map(|found| {
            let number = |names: &[&str]| {
                names.iter().find_map(|name| found.name(name)?.as_str().parse::<u32>().ok())
            };
            let month = ["m1", "m2", "m3"].iter().find_map(|name| found.name(name)).and_then(|m| {
                MONTHS.iter().position(|month| *month == m.as_str()).map(|at| at as u32 + 1)
            });
            Some(Day {
                order: (
                    number(&["y1", "y2", "y3", "y4"])?,
                    month.unwrap_or_default(),
                    number(&["d1", "d2"]).unwrap_or_default(),
                ),
                range: found.get(0)?.range(),
            })
        })
        .collect()
}

/// The brackets behind a name at the beginning of a text, and where they begin.
pub(super) fn brackets(text: &str) -> Option<(usize, &str)> {
    let end = text.char_indices().nth(HEAD).map_or(text.len(), |(at, _)| at);
    let inside = BRACKETS.captures(text.get(..end)?)?.get(1)?;
    Some((inside.start(), inside.as_str()))
}

/// Where what is said of a birth ends and what is said of a death begins.
pub(super) fn between(inside: &str) -> Option<Range<usize>> {
    BETWEEN.find(inside).map(|found| found.range())
}

/// When the person that a text is about was born and died: from the brackets behind
/// the name, "(2 May 1900 – 3 June 1980)", or from what follows "born" and "died".
pub(super) fn life(text: &str) -> Life {
    let mut life = Life::default();
    if let Some((start, inside)) = brackets(text) {
        let place = |day: Day| Day { range: day.range.start + start..day.range.end + start, ..day };
        let all: Vec<Day> = days(inside).into_iter().map(place).collect();
        match between(inside) {
            Some(gap) => {
                let (end, begin) = (gap.start + start, gap.end + start);
                life.born = all.iter().find(|day| day.range.end <= end).cloned();
                life.died = all.iter().find(|day| day.range.start >= begin).cloned();
            }
            None => life.born = all.into_iter().next(),
        }
    }
    let after = |word: &Regex| {
        let from = word.find(text)?.end();
        days(text).into_iter().find(|day| (from..from + REACH).contains(&day.range.start))
    };
    Life { born: life.born.or_else(|| after(&BORN)), died: life.died.or_else(|| after(&DIED)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, born: Option<&str>, died: Option<&str>) {
        let life = life(text);
        let shown = |day: Option<Day>| day.map(|day| text[day.range].to_owned());
        let expected = (born.map(str::to_owned), died.map(str::to_owned));
        assert_eq!((shown(life.born), shown(life.died)), expected, "{text}");
    }

    #[test]
    fn lives_are_read_from_brackets_and_from_words() {
        check(
            "Ada Lind (2 May 1900 – 3 June 1980) was a painter.",
            Some("2 May 1900"),
            Some("3 June 1980"),
        );
        check("Ada Lind (born October 5, 1987) paints.", Some("October 5, 1987"), None);
        check("Ada Lind (died 1980) painted.", None, Some("1980"));
        check("Ada (Oslo, 1900 - Rome, 1980) painted.", Some("1900"), Some("1980"));
        check(
            "Ada was born in Oslo in May 1900. She died on 3 June 1980.",
            Some("May 1900"),
            Some("3 June 1980"),
        );
        check("Ada paints.", None, None);
    }

    #[test]
    fn days_have_an_order() {
        let found = days("3 June 1980, June 2, 1980, June 1980 and 1979");
        let order: Vec<_> = found.into_iter().map(|day| day.order).collect();
        assert_eq!(order, [(1980, 6, 3), (1980, 6, 2), (1980, 6, 0), (1979, 0, 0)]);
    }
}
