//! Limits against data that is small in the file and large in memory.

use std::collections::HashMap;

/// Deepest nesting of JSON.
const MAX_DEPTH: usize = 127;
/// Longest value of an XML entity: they stand for beginnings of IRIs.
const MAX_ENTITY_BYTES: usize = 4096;
/// Most bytes that the entities of one file may stand for.
const MAX_EXPANDED_BYTES: usize = 64 << 20;

/// Refuses a file without a character.
pub(super) fn refuse_empty(bytes: &[u8]) -> Result<(), String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("expected data, found an empty file".to_owned());
    }
    Ok(())
}

/// Refuses JSON whose arrays and objects are nested too deeply for its readers.
pub(super) fn check_depth(bytes: &[u8]) -> Result<(), String> {
    let (mut depth, mut line) = (0usize, 1);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            b'\n' => line += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!(
                "expected at most {MAX_DEPTH} levels of arrays and objects, found more at line {line}"
            ));
        }
    }
    Ok(())
}

/// Refuses XML whose entities stand for more than a file should hold. Parsers of
/// XML replace entities by their values, within one another, so a few lines can
/// stand for gigabytes.
pub(super) fn check_entities(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lengths: HashMap<&str, usize> = HashMap::new();
    let mut rest = &*text;
    while let Some((_, declaration)) = rest.split_once("<!ENTITY") {
        rest = declaration;
        let mut words = declaration.trim_start().splitn(2, char::is_whitespace);
        let name = words.next().unwrap_or_default();
        let Some(value) = words.next().and_then(|value| quoted(value.trim_start())) else {
            continue;
        };
        let length = value.len() + references(value, &lengths);
        if length > MAX_ENTITY_BYTES {
            return Err(format!(
                "expected entities of at most {MAX_ENTITY_BYTES} bytes, found `&{name};` of {length}"
            ));
        }
        lengths.insert(name, length);
    }
    let expanded = references(&text, &lengths);
    if expanded > MAX_EXPANDED_BYTES {
        return Err(format!(
            "expected entities that stand for at most {MAX_EXPANDED_BYTES} bytes, found {expanded}"
        ));
    }
    Ok(())
}

fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next()
}

/// The bytes for which the references of a text stand.
fn references(text: &str, lengths: &HashMap<&str, usize>) -> usize {
    if lengths.is_empty() {
        return 0;
    }
    let names = text.split('&').skip(1).filter_map(|part| part.split(';').next());
    names.filter_map(|name| lengths.get(name)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_that_multiply_are_refused() {
        let mut xml = "<!DOCTYPE r [<!ENTITY a0 \"ha\">".to_owned();
        for n in 1..10 {
            xml += &format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
        }
        let error = check_entities(xml.as_bytes()).unwrap_err();
        assert!(error.contains("at most 4096 bytes, found `&a3;`"), "{error}");
        let many = format!(
            "<!DOCTYPE r [<!ENTITY a \"{}\">]><r>{}</r>",
            "x".repeat(4000),
            "&a;".repeat(20_000)
        );
        assert!(check_entities(many.as_bytes()).unwrap_err().contains("67108864 bytes"));
        let usual = "<!DOCTYPE r [<!ENTITY owl 'http://www.w3.org/2002/07/owl#'>]><r a='&owl;x'/>";
        assert_eq!(check_entities(usual.as_bytes()), Ok(()));
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        assert_eq!(check_depth(format!("[\"{}\"]", "[\\\"".repeat(200)).as_bytes()), Ok(()));
        assert!(check_depth("\n[".repeat(200).as_bytes()).unwrap_err().contains("line 129"));
    }
}
