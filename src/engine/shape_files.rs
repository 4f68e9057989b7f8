//! Which shapes are in force: the program's own, and those of the knowledge base.

use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::shapes::{Shapes, ShapesFile};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the program's own shapes in messages.
const OWN: &str = "ontology/shapes.ttl";
/// Where shapes are looked for when the settings name none.
const FOLDER: &str = "shapes";

/// The program's own shapes.
///
/// # Errors
/// When they cannot be used, which the tests rule out.
pub(super) fn own_shapes() -> Result<Shapes, EngineError> {
    let text = include_str!("../../ontology/shapes.ttl");
    Ok(Shapes::parse(&[ShapesFile::new(OWN, text)])?)
}

impl KnowledgeBase {
    /// The shapes of the knowledge base, and those of further files.
    ///
    /// # Errors
    /// When a file is missing, is not Turtle, or holds a shape that cannot be used; the
    /// message names the file.
    pub(super) fn users_shapes(&self, further: &[PathBuf]) -> Result<Shapes, EngineError> {
        let mut paths = Vec::new();
        let named = &self.config.graph.shapes;
        if named.is_empty() {
            let folder = self.root.join(FOLDER);
            if folder.is_dir() {
                paths.extend(matching(&folder, "*.ttl")?);
            }
        }
        for pattern in named {
            let found = self.named_by(pattern)?;
            if found.is_empty() {
                return Err(EngineError::NoShapes {
                    pattern: pattern.clone(),
                    root: self.root.clone(),
                });
            }
            paths.extend(found);
        }
        paths.extend(further.iter().cloned());
        let mut files = Vec::new();
        for path in &paths {
            let bytes = fs::read(path).map_err(io_error("read the shapes", path))?;
            let text = String::from_utf8_lossy(&bytes);
            files.push(ShapesFile::new(path.display().to_string(), text));
        }
        Ok(Shapes::parse(&files)?)
    }

    /// The files that one entry of `graph.shapes` names.
    fn named_by(&self, pattern: &str) -> Result<Vec<PathBuf>, EngineError> {
        let path = self.root.join(pattern);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        match (path.parent(), name) {
            (Some(folder), Some(name)) if folder.is_dir() => matching(folder, &name),
            _ => Ok(Vec::new()),
        }
    }
}

/// Files of a folder whose name fits a pattern, ordered.
fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, EngineError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let entry = entry.map_err(io_error("list", folder))?;
        if fits(&entry.file_name().to_string_lossy(), pattern) && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn fits(name: &str, pattern: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(mut left) = name.strip_prefix(begin) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern, expected) in [
            ("a.ttl", "*.ttl", true),
            ("a.ttl", "a.ttl", true),
            ("b.ttl", "a.ttl", false),
            ("a-b-c.ttl", "a*b*.ttl", true),
            ("a.txt", "*.ttl", false),
            ("ab", "ab*b", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
        }
    }
}
