//! How alike two records are, each way of looking as one number.

use super::likeness::{
    begins_alike, contained, cosine, extends, is_acronym, likeness_of, monge_elkan, nearness, one,
    overlap, ratio, smoothed_jaccard, soft_cosine,
};
use super::profile::Profile;
use std::collections::{BTreeMap, BTreeSet};
use strsim::jaro_winkler;

/// Values this alike are the same.
const SAME_VALUE_FROM: f64 = 0.95;
/// Labels that share less of the shorter one than this name two things as far as one
/// can tell.
const NAMES_ALIKE_FROM: f64 = 0.5;
/// A code this rare is one that tells things apart.
const TELLING_RARITY: f64 = 0.5;

macro_rules! features {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// How alike two records are. Every number is in `0..=1`.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct PairFeatures {
            $($(#[$doc])* pub $field: f64,)*
        }

        impl PairFeatures {
            /// Names of all features, in the order of [`PairFeatures::values`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// All features.
            pub fn values(&self) -> Vec<f64> {
                vec![$(self.$field),*]
            }
        }
    };
}

features! {
    /// Best Jaro-Winkler similarity of two labels (Winkler 1990).
    label_spelling,
    /// Best soft TF-IDF cosine of two labels (Cohen, Ravikumar, Fienberg 2003):
    /// misspelt words count by their likeness.
    label_words,
    /// Share of the rarity of the shorter label's words that the longer label holds.
    label_contained,
    /// Best Monge-Elkan similarity of two labels: the mean over the words of the
    /// shorter one of the best Jaro-Winkler similarity in the other.
    label_each_word,
    /// 1 when one label is the initials of another.
    acronym,
    /// 1 when the most alike labels differ only by words that one has more: a part, a
    /// variant or a document of the thing rather than the thing ("X manual", "X kit").
    label_extends,
    /// 1 when no label of the one is in any way one of the other's.
    label_unlike,
    /// TF-IDF cosine of all words about the two.
    all_words,
    /// Share of the rarity of the words about the one of which less is known that the
    /// other holds.
    all_contained,
    /// Rarest code in both, exactly equal, by its rarity.
    code_agrees,
    /// Likeness of the most alike codes that differ at their end.
    code_begins_alike,
    /// Both labels hold telling codes and none is the other's.
    code_differs,
    /// Only one label holds a telling code, and the other record knows nothing of it.
    code_missing,
    /// Share of plain numbers in the labels that agree; 0 when there are none.
    numbers_agree,
    /// Each label holds a plain number that the other lacks: versions, years, sizes.
    numbers_differ,
    /// 1 when an identifier is equal.
    identifier_agrees,
    /// 1 when both have an identifier of the same kind and none is equal.
    identifier_differs,
    /// Likeness of the most alike attribute that both have.
    attribute_best,
    /// Mean likeness of the attributes that both have.
    attribute_mean,
    /// Likeness of the least alike attribute that both have.
    attribute_worst,
    /// Share of the attributes of either that both have and that agree nearly letter
    /// for letter in a rare value; 0 unless at least two do.
    attributes_agree,
    /// Nearness of numeric attributes: `min / max`.
    amount,
    /// Both have a numeric attribute and the amounts are far apart.
    amount_differs,
    /// Cosine of the vectors of the labels, not below 0.
    label_meaning,
    /// Cosine of the vectors of all that is known, not below 0.
    meaning,
    /// Jaccard index of the neighbours, as if each had one more that the other lacks:
    /// a single shared one says little.
    neighbours,
    /// 1 when the classes are known and disjoint.
    class_differs,
    /// `code_agrees * label_contained`.
    code_and_label,
    /// `identifier_differs` or `code_differs`, times `label_words`: alike but told apart.
    alike_but_told_apart,
    /// Likeness of the labels where neither holds a code: the product of the mean
    /// label likeness and the absence of codes.
    label_without_codes,
    /// `attribute_best * label_words`.
    attribute_and_label,
}

/// Cosines of a pair, from whoever has vectors; 0 where there are none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cosines {
    /// Of the labels.
    pub labels: f64,
    /// Of all that is known.
    pub whole: f64,
}

impl PairFeatures {
    /// Compares two records. It does not matter which one is named first.
    pub fn of(a: &Profile, b: &Profile, cosines: Cosines) -> Self {
        let mut features = Self::default();
        features.labels(a, b);
        features.codes(a, b);
        features.attributes(a, b);
        features.all_words = cosine(&a.whole, &b.whole);
        features.all_contained = contained(&a.whole, &b.whole);
        features.label_meaning = cosines.labels.clamp(0.0, 1.0);
        features.meaning = cosines.whole.clamp(0.0, 1.0);
        features.neighbours = smoothed_jaccard(&a.neighbours, &b.neighbours);
        let known = !a.classes.is_empty() && !b.classes.is_empty();
        features.class_differs = one(known && a.classes.is_disjoint(&b.classes));
        features.code_and_label = features.code_agrees * features.label_contained;
        let told_apart = features.identifier_differs.max(features.code_differs);
        features.alike_but_told_apart = told_apart * features.label_words;
        let likeness = (features.label_words + features.label_contained) / 2.0;
        let no_codes = a.label_codes.is_empty() && b.label_codes.is_empty();
        features.label_without_codes = if no_codes { likeness } else { 0.0 };
        features.attribute_and_label = features.attribute_best * features.label_words;
        features
    }

    /// Whether more than names speaks for the two being one: an equal identifier, or
    /// at least two attributes that agree, or near vectors with shared neighbours.
    pub fn has_evidence_beyond_label(&self) -> bool {
        self.identifier_agrees > 0.0
            || (self.meaning >= 0.7 && self.neighbours >= 0.3)
            || (self.attributes_agree >= 0.5 && self.attribute_worst >= 0.5)
    }

    /// Whether something speaks against it so clearly that only a person may merge:
    /// another identifier, class or number, or a name that is another one or says more.
    pub fn is_contradicted(&self) -> bool {
        let other_name = self.label_contained < NAMES_ALIKE_FROM && self.acronym == 0.0;
        let told_apart = self.identifier_differs.max(self.class_differs);
        let differs = [told_apart, self.numbers_differ, self.label_extends];
        other_name || differs.iter().any(|differs| *differs > 0.0)
    }

    fn labels(&mut self, a: &Profile, b: &Profile) {
        for left in &a.labels {
            for right in &b.labels {
                let spelling = jaro_winkler(&left.text, &right.text);
                self.label_spelling = self.label_spelling.max(spelling);
                let words = soft_cosine(left, right);
                if words > self.label_words {
                    self.label_words = words;
                    self.label_extends = one(extends(left, right) || extends(right, left));
                }
                self.label_contained = self.label_contained.max(contained(left, right));
                self.label_each_word = self.label_each_word.max(monge_elkan(left, right));
                let short_form =
                    is_acronym(&left.text, &right.text) || is_acronym(&right.text, &left.text);
                self.acronym = self.acronym.max(one(short_form));
            }
        }
        self.label_unlike = one(self.label_words < 0.1 && self.acronym == 0.0);
        let (n_both, n_either) = overlap(&a.label_numbers, &b.label_numbers);
        self.numbers_agree = ratio(n_both, n_either);
        self.numbers_differ = one(n_both < a.label_numbers.len().min(b.label_numbers.len()));
    }

    fn codes(&mut self, a: &Profile, b: &Profile) {
        for (code, rarity) in &a.codes {
            if b.codes.contains_key(code) {
                self.code_agrees = self.code_agrees.max(*rarity);
            }
        }
        for (left, rarity) in &a.label_codes {
            for (right, other) in b.label_codes.iter().filter(|(right, _)| *right != left) {
                let alike = begins_alike(left, right) * rarity.min(*other);
                self.code_begins_alike = self.code_begins_alike.max(alike);
            }
        }
        let telling = |codes: &BTreeMap<String, f64>| codes.values().any(|r| *r >= TELLING_RARITY);
        let (left, right) = (telling(&a.label_codes), telling(&b.label_codes));
        let apart = self.code_agrees < TELLING_RARITY;
        self.code_differs = one(left && right && apart);
        self.code_missing = one(left != right && apart);
        let values = |profile: &Profile| -> BTreeSet<String> {
            profile.identifiers.values().flatten().cloned().collect()
        };
        self.identifier_agrees = one(!values(a).is_disjoint(&values(b)));
        let differs = a.identifiers.iter().any(|(kind, left)| {
            b.identifiers.get(kind).is_some_and(|right| left.is_disjoint(right))
        });
        self.identifier_differs = one(differs && self.identifier_agrees == 0.0);
    }

    fn attributes(&mut self, a: &Profile, b: &Profile) {
        let (mut likenesses, mut amounts, mut n_agree) = (Vec::new(), Vec::new(), 0);
        for (name, left) in &a.attributes {
            let Some(right) = b.attributes.get(name) else { continue };
            let pairs = left.iter().flat_map(|l| right.iter().map(move |r| (l, r)));
            let (mut likeness, mut amount, mut agrees) = (0f64, None::<f64>, false);
            for (l, r) in pairs {
                let telling = l.words.iter().any(|word| word.rarity >= TELLING_RARITY);
                match (l.number, r.number) {
                    (Some(x), Some(y)) => amount = Some(amount.unwrap_or(0.0).max(nearness(x, y))),
                    _ => likeness = likeness.max(likeness_of(l, r)),
                }
                agrees |= telling && amount.unwrap_or(likeness) >= SAME_VALUE_FROM;
            }
            amounts.extend(amount);
            likenesses.push(amount.unwrap_or(likeness));
            n_agree += usize::from(agrees);
        }
        let n_either =
            a.attributes.keys().chain(b.attributes.keys()).collect::<BTreeSet<_>>().len();
        self.attributes_agree = if n_agree < 2 { 0.0 } else { ratio(n_agree, n_either) };
        if likenesses.is_empty() {
            return;
        }
        self.attribute_best = likenesses.iter().copied().fold(0.0, f64::max);
        self.attribute_worst = likenesses.iter().copied().fold(1.0, f64::min);
        self.attribute_mean = likenesses.iter().sum::<f64>() / likenesses.len() as f64;
        if !amounts.is_empty() {
            self.amount = amounts.iter().sum::<f64>() / amounts.len() as f64;
            self.amount_differs = one(self.amount < 0.6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{Corpus, Record};

    fn compare(a: &Record, b: &Record) -> PairFeatures {
        let others: Vec<Record> = (0..40).map(|n| named(&format!("other thing {n}"))).collect();
        let corpus = Corpus::of(others.iter().chain([a, b]));
        let (left, right) = (Profile::new(a, &corpus), Profile::new(b, &corpus));
        let features = PairFeatures::of(&left, &right, Cosines::default());
        let swapped = PairFeatures::of(&right, &left, Cosines::default());
        for ((x, y), name) in
            features.values().iter().zip(swapped.values()).zip(PairFeatures::NAMES)
        {
            assert!((x - y).abs() < 1e-12, "{name} depends on the order: {x}, {y}");
            assert!((0.0..=1.0).contains(x), "{name} is {x}");
        }
        features
    }

    fn named(label: &str) -> Record {
        Record { labels: vec![label.to_owned()], ..Record::default() }
    }

    fn with(label: &str, attributes: &[(&str, &str)]) -> Record {
        let mut record = named(label);
        for (name, value) in attributes {
            record.attributes.entry((*name).to_owned()).or_default().insert((*value).to_owned());
        }
        record
    }

    #[test]
    fn names_are_compared_by_words_and_spelling() {
        let misspelt = compare(&named("rotary accumulator"), &named("accumulater, rotary"));
        assert!(misspelt.label_words > 0.9, "{misspelt:?}");
        assert_eq!(misspelt.label_extends, 0.0);
        assert_eq!(compare(&named("rotary pump"), &named("rotary pump manual")).label_extends, 1.0);
        assert_eq!(compare(&named("UPS"), &named("Uninterruptible Power Supply")).acronym, 1.0);
        assert_eq!(compare(&named("rotary pump"), &named("glass lens")).label_unlike, 1.0);
    }

    #[test]
    fn codes_and_numbers_agree_or_tell_apart() {
        let same = compare(&named("cover f8n044-slv"), &named("lid F8N044SLV"));
        assert!(same.code_agrees > 0.5 && same.code_differs == 0.0, "{same:?}");
        let other = compare(&named("cover f8n044-slv"), &named("cover f8n045-blk"));
        assert_eq!((other.code_agrees, other.code_differs), (0.0, 1.0));
        let version = compare(&named("release 400 to 5.1"), &named("release 400 to 5.2"));
        assert_eq!(version.numbers_differ, 1.0);
        assert_eq!(compare(&named("release 400"), &named("release")).numbers_differ, 0.0);
    }

    #[test]
    fn identifiers_agree_across_kinds_and_contradict_within_one() {
        let given = |kind: &str, code: &str| {
            let mut record = named("pump");
            record.identifiers.entry(kind.to_owned()).or_default().insert(code.to_owned());
            record
        };
        assert_eq!(compare(&given("sku", "A-100"), &given("mpn", "a100")).identifier_agrees, 1.0);
        let differs = compare(&given("sku", "A-100"), &given("sku", "A-200"));
        assert_eq!(differs.identifier_differs, 1.0);
        assert_eq!(compare(&given("sku", "A-1"), &given("mpn", "B-2")).identifier_differs, 0.0);
    }

    #[test]
    fn one_equal_attribute_is_no_evidence_and_two_rare_ones_are() {
        let one =
            compare(&with("pump", &[("town", "Thorpe")]), &with("pump", &[("town", "Thorpe")]));
        assert!(!one.has_evidence_beyond_label(), "{one:?}");
        let place = [("street", "Quayside 17"), ("phone", "212/555-1234")];
        let again = [("street", "Quayside 17"), ("phone", "212 555 1234")];
        let two = compare(&with("pump", &place), &with("pump", &again));
        assert!(two.has_evidence_beyond_label(), "{two:?}");
        let price = compare(&with("a", &[("price", "$10")]), &with("a", &[("price", "40.0")]));
        assert_eq!((price.amount, price.amount_differs), (0.25, 1.0));
    }
}
