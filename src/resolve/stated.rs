//! Identifiers that a text or a property states of the thing that it is about.

use super::record::compact_code;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What people call an identifier, and the kind under which two sources are compared.
/// Different kinds may agree (a maker's part number is a dealer's order number) but
/// never contradict each other.
const KINDS: &[(&str, &[&str])] = &[
    (
        "sku",
        &[
            "sku",
            "order number",
            "order no",
            "article number",
            "article no",
            "item number",
            "item no",
            "stock number",
            "catalogue number",
            "catalog number",
            "bestellnummer",
            "artikelnummer",
        ],
    ),
    (
        "mpn",
        &[
            "mpn",
            "part number",
            "part no",
            "manufacturer part number",
            "teilenummer",
            "material number",
        ],
    ),
    ("gtin", &["gtin", "gtin8", "gtin12", "gtin13", "gtin14", "ean", "upc", "isbn", "issn"]),
    ("serial", &["serial number", "serial no", "seriennummer"]),
    ("model", &["model number", "model no", "model", "type designation", "modellnummer"]),
    ("id", &["identifier", "product id", "notation", "doi"]),
];

/// A name of an identifier, what ties it to its value, and the value: letters, digits
/// and what joins them, with a digit somewhere.
static STATED: LazyLock<Regex> = LazyLock::new(|| {
    let names: Vec<String> = KINDS
        .iter()
        .flat_map(|(_, names)| names.iter())
        .map(|name| regex::escape(name).replace(r"\ ", " ").replace(' ', r"[\s-]+"))
        .collect();
    let pattern = format!(
        r"(?i)\b({})\b\.?\**\s*(?:is\b|:|=|\||#)?\s*\**\s*([A-Z0-9]+(?:[-./][A-Z0-9]+)*)",
        names.join("|")
    );
    Regex::new(&pattern).expect("the pattern is made of constants that its tests compile")
});

/// The kind of identifier of this name, whatever the case and the joints of its words.
pub fn identifier_kind(name: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(name);
    let kind = KINDS.iter().find(|(_, names)| names.iter().any(|known| plain(known) == wanted));
    kind.map(|(kind, _)| *kind)
}

/// Identifiers that a text states once for each kind, by kind. A text that gives two
/// values of one kind is a list of other things and says nothing of that kind.
pub fn stated_identifiers<'t>(
    texts: impl IntoIterator<Item = &'t str>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for text in texts {
        for stated in STATED.captures_iter(text) {
            let (Some(name), Some(value)) = (stated.get(1), stated.get(2)) else { continue };
            let Some(kind) = identifier_kind(name.as_str()) else { continue };
            let value = value.as_str();
            if value.chars().any(|c| c.is_ascii_digit()) && compact_code(value).len() >= 3 {
                let values = found.entry(kind.to_owned()).or_default();
                values.insert(compact_code(value), value.to_owned());
            }
        }
    }
    let single = found.into_iter().filter(|(_, values)| values.len() == 1);
    single.map(|(kind, values)| (kind, values.into_values().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = stated_identifiers([text]);
        let found: Vec<(&str, &str)> = found
            .iter()
            .flat_map(|(kind, values)| values.iter().map(|v| (kind.as_str(), v.as_str())))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn identifiers_are_read_as_people_state_them() {
        check("Part number: PN-55-1234.", &[("mpn", "PN-55-1234")]);
        check("| Order number | OP-012 |", &[("sku", "OP-012")]);
        check("**Part no.:** SP 3117", &[]);
        check("The pump has the part number SP-3117 and weighs 4 kg.", &[("mpn", "SP-3117")]);
        check("Artikelnummer 4711-A", &[("sku", "4711-A")]);
        check(
            "EAN = 4006381333931, serial number AB12",
            &[("gtin", "4006381333931"), ("serial", "AB12")],
        );
        check("the model is new", &[]);
    }

    #[test]
    fn a_list_of_other_things_says_nothing() {
        check("Part number: A-100. Part number: A-200. Model: X-19", &[("model", "X-19")]);
        check("Part number A-100, again part number a100", &[("mpn", "a100")]);
    }

    #[test]
    fn names_of_properties_have_kinds() {
        assert_eq!(identifier_kind("serialNumber"), Some("serial"));
        assert_eq!(identifier_kind("gtin13"), Some("gtin"));
        assert_eq!(identifier_kind("colour"), None);
    }
}
