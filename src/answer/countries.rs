//! Countries and the adjectives of their people, as encyclopaedias write them.

use super::words::{Word, words};
use std::ops::Range;

/// The forms of one country in each line; the first is its name.
const COUNTRIES: &[&[&str]] = &[
    &["United States", "American", "U.S.", "USA", "America"],
    &["United Kingdom", "British", "UK", "Britain"],
    &["England", "English"],
    &["Scotland", "Scottish"],
    &["Wales", "Welsh"],
    &["Ireland", "Irish"],
    &["France", "French"],
    &["Germany", "German", "West Germany"],
    &["Italy", "Italian"],
    &["Spain", "Spanish"],
    &["Portugal", "Portuguese"],
    &["Netherlands", "Dutch"],
    &["Belgium", "Belgian"],
    &["Switzerland", "Swiss"],
    &["Austria", "Austrian"],
    &["Sweden", "Swedish"],
    &["Norway", "Norwegian"],
    &["Denmark", "Danish"],
    &["Finland", "Finnish"],
    &["Iceland", "Icelandic"],
    &["Poland", "Polish"],
    &["Czech Republic", "Czech"],
    &["Slovakia", "Slovak"],
    &["Hungary", "Hungarian"],
    &["Romania", "Romanian"],
    &["Bulgaria", "Bulgarian"],
    &["Greece", "Greek"],
    &["Turkey", "Turkish"],
    &["Russia", "Russian", "Soviet"],
    &["Ukraine", "Ukrainian"],
    &["Belarus", "Belarusian"],
    &["Lithuania", "Lithuanian"],
    &["Latvia", "Latvian"],
    &["Estonia", "Estonian"],
    &["Serbia", "Serbian"],
    &["Croatia", "Croatian"],
    &["Slovenia", "Slovenian"],
    &["Bosnia", "Bosnian"],
    &["Albania", "Albanian"],
    &["Macedonia", "Macedonian"],
    &["Israel", "Israeli"],
    &["Egypt", "Egyptian"],
    &["Iran", "Iranian", "Persian"],
    &["Iraq", "Iraqi"],
    &["Lebanon", "Lebanese"],
    &["Syria", "Syrian"],
    &["Saudi Arabia", "Saudi"],
    &["India", "Indian"],
    &["Pakistan", "Pakistani"],
    &["Bangladesh", "Bangladeshi"],
    &["Sri Lanka", "Sri Lankan"],
    &["Nepal", "Nepalese"],
    &["China", "Chinese"],
    &["Taiwan", "Taiwanese"],
    &["Hong Kong"],
    &["Japan", "Japanese"],
    &["South Korea", "South Korean", "Korean"],
    &["Thailand", "Thai"],
    &["Vietnam", "Vietnamese"],
    &["Malaysia", "Malaysian"],
    &["Indonesia", "Indonesian"],
    &["Philippines", "Filipino", "Philippine"],
    &["Singapore", "Singaporean"],
    &["Australia", "Australian"],
    &["New Zealand"],
    &["Canada", "Canadian"],
    &["Mexico", "Mexican"],
    &["Brazil", "Brazilian"],
    &["Argentina", "Argentine", "Argentinian"],
    &["Chile", "Chilean"],
    &["Colombia", "Colombian"],
    &["Peru", "Peruvian"],
    &["Venezuela", "Venezuelan"],
    &["Cuba", "Cuban"],
    &["Jamaica", "Jamaican"],
    &["South Africa", "South African"],
    &["Nigeria", "Nigerian"],
    &["Kenya", "Kenyan"],
    &["Ghana", "Ghanaian"],
    &["Ethiopia", "Ethiopian"],
    &["Morocco", "Moroccan"],
    &["Algeria", "Algerian"],
    &["Tunisia", "Tunisian"],
    &["Georgia", "Georgian"],
    &["Armenia", "Armenian"],
    &["Azerbaijan", "Azerbaijani"],
    &["Kazakhstan", "Kazakh"],
    &["Luxembourg"],
    &["Malta", "Maltese"],
    &["Cyprus", "Cypriot"],
];

/// A country that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Country {
    /// Its name.
    pub(super) name: &'static str,
    /// Where the text names it, in bytes.
    pub(super) range: Range<usize>,
}

/// The first country that a text names, by name or adjective; the longest form where
/// several begin at one place.
pub(super) fn first_country(text: &str) -> Option<Country> {
    let found = words(text);
    found.iter().find_map(|word| {
        let rest = text.get(word.start..)?;
        let forms = COUNTRIES.iter().flat_map(|forms| forms.iter().map(move |form| (forms, *form)));
        let (forms, form) = forms
            .filter(|(_, form)| {
                rest.starts_with(form) && ends_word(&found, word.start + form.len())
            })
            .max_by_key(|(_, form)| form.len())?;
        let range = word.start..word.start + form.len();
        Some(Country { name: forms.first().copied()?, range })
    })
}

/// Whether no word goes on at `end`.
fn ends_word(found: &[Word<'_>], end: usize) -> bool {
    !found.iter().any(|word| word.start < end && end < word.start + word.text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_adjectives_meet_and_other_words_are_none() {
        for (text, expected) in [
            ("He is an American singer.", Some(("United States", "American"))),
            ("It lies in the United States.", Some(("United States", "United States"))),
            ("A South Korean band.", Some(("South Korea", "South Korean"))),
            ("Indiana and Germanic tribes.", None),
        ] {
            let found = first_country(text);
            let found = found.map(|country| (country.name, &text[country.range]));
            assert_eq!(found, expected, "{text}");
        }
    }
}
