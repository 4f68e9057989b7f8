//! How much of the weight of words stands among other words.

use super::view::View;
use crate::index::{LexicalError, LexicalIndex, WeightedWord};
use crate::model::EntityId;
use std::collections::{HashMap, HashSet};

/// How much of a question stands in the preferred labels of what it names; words that no
/// fragment holds count nothing.
pub(super) fn named_share(
    view: &View<'_>,
    named: &[(EntityId, f32)],
    words: &[WeightedWord],
) -> f32 {
    let labels = named.iter().filter_map(|(entity, _)| view.labels_of(entity).first());
    let labels: Vec<&str> = labels.map(String::as_str).collect();
    let in_labels = view.snapshot().lexical.words(&labels.join("\n"));
    let in_labels: HashSet<&str> = in_labels.iter().map(String::as_str).collect();
    let held = words.iter().filter(|word| word.is_held);
    share(held.map(|word| (word.stem.as_str(), word.weight)), &in_labels)
}

/// How much of each title the question asks for.
pub(super) fn title_shares(
    lexical: &LexicalIndex,
    words: &[WeightedWord],
    titles: &[&str],
) -> Result<Vec<f32>, LexicalError> {
    let asked: HashSet<&str> = words.iter().map(|word| word.stem.as_str()).collect();
    // Titles share words; each is weighed once.
    let weights: HashMap<String, f32> =
        lexical.weighted_words(&titles.join("\n"))?.into_iter().collect();
    let of_title = |title: &&str| {
        let stems = lexical.words(title);
        let weight = |stem: &str| weights.get(stem).copied().unwrap_or(0.0);
        share(stems.iter().map(|stem| (stem.as_str(), weight(stem))), &asked)
    };
    Ok(titles.iter().map(of_title).collect())
}

/// The weight of the words that are among others, as a share of that of all; 0 without
/// words.
fn share<'a>(words: impl Iterator<Item = (&'a str, f32)>, others: &HashSet<&str>) -> f32 {
    let (mut among, mut all) = (0.0, 0.0);
    for (word, weight) in words {
        all += weight;
        if others.contains(word) {
            among += weight;
        }
    }
    if all > 0.0 { among / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_counts_by_how_much_of_it_is_asked_for() {
        let asked = HashSet::from(["glass", "hornet", "director"]);
        let titles = [
            vec![("glass", 3.0), ("hornet", 5.0)],
            vec![("glass", 3.0), ("maker", 6.0)],
            vec![("northern", 4.0)],
            vec![],
        ];
        let shares = titles.map(|title| share(title.into_iter(), &asked));
        assert_eq!(shares, [1.0, 1.0 / 3.0, 0.0, 0.0]);
    }
}
