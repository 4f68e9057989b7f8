//! How alike two texts, values or codes are, as a number in `0..=1`.

use super::profile::{TextProfile, Word};
use std::collections::BTreeSet;
use strsim::jaro_winkler;

/// Words this alike (Jaro-Winkler) count as misspellings of each other.
const SAME_WORD_FROM: f64 = 0.92;
/// Longer values are compared by their words alone: the measure is one for names, and
/// most letters of one long text stand somewhere near in another one.
const MAX_SPELLED_BYTES: usize = 80;
/// Shorter words are compared letter for letter.
const MIN_FUZZY_CHARS: usize = 4;
/// Characters that two codes must share at their begin to agree in part.
const MIN_SHARED_CODE_CHARS: usize = 5;

/// 1 when it holds, else 0.
pub(super) fn one(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// A share; 0 of nothing.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// How many are in both sets, and how many in either.
pub(super) fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>) -> (usize, usize) {
    let n_both = a.intersection(b).count();
    (n_both, a.len() + b.len() - n_both)
}

/// Jaccard index as if each set had one more that the other lacks.
pub(super) fn smoothed_jaccard(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let (n_both, n_either) = overlap(a, b);
    ratio(n_both, n_either + 2)
}

/// `min / max` of two amounts; 0 when only one of them is below zero.
pub(super) fn nearness(x: f64, y: f64) -> f64 {
    let (low, high) = (x.abs().min(y.abs()), x.abs().max(y.abs()));
    if x.signum() != y.signum() && high > 0.0 {
        return 0.0;
    }
    if high == 0.0 { 1.0 } else { low / high }
}

/// Likeness of two values: of their words, of their spelling, or of their digits when
/// that is what they are made of (telephone numbers, dates).
pub(super) fn likeness_of(a: &TextProfile, b: &TextProfile) -> f64 {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let (left, right) = (digits(&a.text), digits(&b.text));
    let mostly_digits = |text: &str, digits: &str| {
        digits.len() >= MIN_SHARED_CODE_CHARS
            && 2 * digits.len() > text.chars().filter(|c| c.is_alphanumeric()).count()
    };
    if mostly_digits(&a.text, &left) && mostly_digits(&b.text, &right) {
        return one(left == right);
    }
    let words = soft_cosine(a, b);
    if a.text.len().max(b.text.len()) > MAX_SPELLED_BYTES {
        return words;
    }
    let spelling = jaro_winkler(&a.text, &b.text);
    // Below 0.7 Jaro-Winkler tells unlike texts from unlike texts.
    words.max((spelling - 0.7).max(0.0) / 0.3).min(1.0)
}

/// TF-IDF cosine of the words of two texts.
pub(super) fn cosine(a: &TextProfile, b: &TextProfile) -> f64 {
    let shared = a.words.iter().filter_map(|word| Some(word.weight * b.word(&word.text)?.weight));
    shared.sum::<f64>().min(1.0)
}

/// The word of `text` nearest to `word`, and how near it is.
fn nearest<'t>(word: &str, text: &'t TextProfile) -> Option<(&'t str, f64, f64)> {
    if let Some(same) = text.word(word) {
        return Some((&same.text, 1.0, same.weight));
    }
    if word.chars().count() < MIN_FUZZY_CHARS || word.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let first = word.chars().next();
    text.words
        .iter()
        .filter(|other| other.text.chars().next() == first)
        .map(|other| (other.text.as_ref(), jaro_winkler(word, &other.text), other.weight))
        .filter(|(_, likeness, _)| *likeness >= SAME_WORD_FROM)
        .max_by(|x, y| x.1.total_cmp(&y.1).then_with(|| y.0.cmp(x.0)))
}

/// Symmetric soft cosine: the mean of both directions.
pub(super) fn soft_cosine(a: &TextProfile, b: &TextProfile) -> f64 {
    let directed = |from: &TextProfile, to: &TextProfile| {
        let parts = from.words.iter().filter_map(|word| {
            let (_, likeness, other) = nearest(&word.text, to)?;
            Some(word.weight * other * likeness)
        });
        parts.sum::<f64>()
    };
    ((directed(a, b) + directed(b, a)) / 2.0).clamp(0.0, 1.0)
}

/// Share of the rarity of the smaller text's words that the larger one holds.
pub(super) fn contained(a: &TextProfile, b: &TextProfile) -> f64 {
    let sum = |text: &TextProfile| text.words.iter().map(|word| word.rarity).sum::<f64>();
    let total = sum(a).min(sum(b));
    if total <= 0.0 {
        return 0.0;
    }
    let directed = |from: &TextProfile, to: &TextProfile| {
        let held = from.words.iter().filter_map(|word| {
            nearest(&word.text, to).map(|(_, likeness, _)| word.rarity * likeness)
        });
        held.sum::<f64>()
    };
    (directed(a, b).min(directed(b, a)) / total).min(1.0)
}

/// Mean over the words of the shorter text of the best Jaro-Winkler similarity in the
/// other (Monge and Elkan 1996).
pub(super) fn monge_elkan(a: &TextProfile, b: &TextProfile) -> f64 {
    let (short, long) =
        if (a.words.len(), &a.text) <= (b.words.len(), &b.text) { (a, b) } else { (b, a) };
    if short.words.is_empty() {
        return 0.0;
    }
    let best = |word: &Word| {
        let others = long.words.iter().map(|other| jaro_winkler(&word.text, &other.text));
        others.fold(0.0, f64::max)
    };
    short.words.iter().map(best).sum::<f64>() / short.words.len() as f64
}

/// Whether `long` has all words of `short` and more.
pub(super) fn extends(long: &TextProfile, short: &TextProfile) -> bool {
    long.words.len() > short.words.len()
        && short.words.iter().all(|word| long.word(&word.text).is_some())
}

/// Whether `short` is the initials of `long`.
pub(super) fn is_acronym(short: &str, long: &str) -> bool {
    let initials: String = long.split(' ').filter_map(|word| word.chars().next()).collect();
    initials.chars().count() >= 2 && short == initials
}

/// Share of the longer code that two codes have in common at their begin; 0 when that
/// is too short to mean anything.
pub(super) fn begins_alike(a: &str, b: &str) -> f64 {
    let n_shared = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let n = a.chars().count().max(b.chars().count());
    if n_shared < MIN_SHARED_CODE_CHARS { 0.0 } else { ratio(n_shared, n) }
}
