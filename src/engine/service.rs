//! Which spaces are in service: the list in the settings file.

use super::blobs::write_atomically;
use super::error::{EngineError, io_error};
use crate::config::Config;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Settings {
    models: Option<Models>,
}

#[derive(Deserialize)]
struct Models {
    pictures: Option<toml::Spanned<Vec<String>>>,
}

/// Names a space in `models.pictures` of the knowledge base in `root`: in the place of
/// the one it was learned in, or after the others with `beside`. What else stands in
/// the settings stays as it is. Its pictures get their vectors when they are taken in
/// the next time. Returns the list.
///
/// # Errors
/// When the settings cannot be read, changed or written.
pub fn put_into_service(
    root: &Path,
    base: &str,
    name: &str,
    beside: bool,
) -> Result<Vec<String>, EngineError> {
    let path = root.join("veritrail.toml");
    let mut names = Config::load(&path)?.models.pictures;
    if !names.iter().any(|known| known == name) {
        match names.iter_mut().find(|known| *known == base).filter(|_| !beside) {
            Some(known) => name.clone_into(known),
            None => names.push(name.to_owned()),
        }
    }
    let text = std::fs::read_to_string(&path).map_err(io_error("read", &path))?;
    let changed = with_pictures(&text, &names)
        .map_err(|reason| EngineError::Settings { path: path.clone(), reason })?;
    write_atomically(&path, changed.as_bytes())?;
    Ok(names)
}

/// The settings with this list, everything else untouched.
fn with_pictures(text: &str, names: &[String]) -> Result<String, String> {
    let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let list = format!("[{}]", quoted.join(", "));
    let changed = match settings.models.map(|models| models.pictures) {
        Some(Some(known)) => {
            let mut text = text.to_owned();
            text.replace_range(known.span(), &list);
            text
        }
        Some(None) => text
            .replacen("[models]\n", &format!("[models]\npictures = {list}\n"), 1)
            .replacen("[models]\r\n", &format!("[models]\r\npictures = {list}\r\n"), 1),
        None => format!("{}\n[models]\npictures = {list}\n", text.trim_end()),
    };
    let read: Settings = toml::from_str(&changed).map_err(|error| error.to_string())?;
    let found = read.models.and_then(|models| models.pictures).map(toml::Spanned::into_inner);
    if found.as_deref() != Some(names) {
        return Err("name the pictures under [models] by hand: pictures = ".to_owned() + &list);
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let names = ["a".to_owned(), "b+c".to_owned()];
        assert_eq!(with_pictures(text, &names).unwrap(), expected);
    }

    #[test]
    fn the_list_is_changed_and_nothing_else() {
        check("# mine\n", "# mine\n[models]\npictures = [\"a\", \"b+c\"]\n");
        check(
            "[models] # which\npictures = [\"a\"] # one\n[dense]\n",
            "[models] # which\npictures = [\"a\", \"b+c\"] # one\n[dense]\n",
        );
        check(
            "[models]\nn_threads = 1\n",
            "[models]\npictures = [\"a\", \"b+c\"]\nn_threads = 1\n",
        );
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        let error = with_pictures("models.n_threads = 1\n", &["a".to_owned()]).unwrap_err();
        assert!(error.contains("by hand"), "{error}");
    }

    #[test]
    fn a_space_takes_the_place_of_the_one_it_was_learned_in() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("veritrail.toml"), "").unwrap();
        let put = |name: &str, beside| {
            put_into_service(root.path(), "veritrail-lite", name, beside).unwrap()
        };
        assert_eq!(put("veritrail-lite+a", false), ["veritrail-lite+a"]);
        assert_eq!(put("veritrail-lite+b", true), ["veritrail-lite+a", "veritrail-lite+b"]);
        assert_eq!(put("veritrail-lite+b", true), ["veritrail-lite+a", "veritrail-lite+b"]);
    }
}
