//! Settings of extraction.

use crate::model::AccessLabel;
use regex::Regex;
use serde::{Deserialize, Serialize};

/// Settings of extraction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractConfig {
    /// Extraction with a language model.
    pub llm: LlmExtractConfig,
}

/// Which documents a language model reads, in which terms it may speak of them, and
/// what that may cost. Nothing is asked unless `sources` names documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmExtractConfig {
    /// Source paths of the documents whose text is sent: beginnings of paths, or
    /// patterns in which `*` stands for any text without `/` and `**` for any text.
    pub sources: Vec<String>,
    /// Access labels of the documents that may be sent. Others are held back, also
    /// where `sources` names them.
    pub labels: Vec<AccessLabel>,
    /// IRIs of the classes that a subject or object may have; those that imported RDF
    /// describes with label and comment when empty, or else a small list.
    pub classes: Vec<String>,
    /// IRIs of the properties in which statements are made; by default as `classes`.
    pub predicates: Vec<String>,
    /// Name of the model; that of `llm.model` by default.
    pub model: Option<String>,
    /// Tokens of prompts and outputs that one run may cost.
    pub max_tokens_per_run: u64,
    /// Tokens that one version of a document may cost, in all runs together.
    pub max_tokens_per_document: u64,
    /// Longest output for one fragment, in tokens.
    pub max_output_tokens: u32,
    /// Fragments that are asked about side by side.
    pub n_parallel: usize,
}

impl Default for LlmExtractConfig {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            labels: vec![AccessLabel::default()],
            classes: Vec::new(),
            predicates: Vec::new(),
            model: None,
            max_tokens_per_run: 1_000_000,
            max_tokens_per_document: 200_000,
            max_output_tokens: 1_024,
            n_parallel: 2,
        }
    }
}

impl LlmExtractConfig {
    /// Whether `sources` names the document with this source path.
    pub fn names(&self, source: &str) -> bool {
        self.sources.iter().any(|pattern| matches(pattern, source))
    }

    /// Whether documents with this label may be sent.
    pub fn may_send(&self, label: &AccessLabel) -> bool {
        self.labels.contains(label)
    }
}

/// Whether a source path begins with a prefix, or is wholly of a pattern with `*`.
fn matches(pattern: &str, source: &str) -> bool {
    if !pattern.contains('*') {
        return !pattern.is_empty() && source.starts_with(pattern);
    }
    // Parts between double stars; within them, stars keep to one folder.
    let parts: Vec<String> = pattern
        .split("**")
        .map(|part| part.split('*').map(regex::escape).collect::<Vec<_>>().join("[^/]*"))
        .collect();
    Regex::new(&format!("^(?s:{})$", parts.join(".*"))).is_ok_and(|regex| regex.is_match(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_by_prefix_or_pattern() {
        let check = |pattern: &str, source: &str, expected: bool| {
            assert_eq!(matches(pattern, source), expected, "{pattern} {source}");
        };
        check("manuals/", "manuals/a/b.md", true);
        check("manuals/", "other/manuals/a.md", false);
        check("manuals/**", "manuals/a/b.md", true);
        check("manuals/*", "manuals/a/b.md", false);
        check("manuals/*.md", "manuals/a.md", true);
        check("**/*.md", "x/y/a.md", true);
        check("**/*.md", "x/y/aXmd", false);
        check("", "a.md", false);
    }

    #[test]
    fn nothing_is_sent_unless_it_is_named_and_its_label_allows_it() {
        let mut config = LlmExtractConfig::default();
        assert!(!config.names("a.md"));
        config.sources = vec!["**".into()];
        assert!(config.names("a.md"));
        assert!(config.may_send(&AccessLabel::default()));
        assert!(!config.may_send(&AccessLabel("secret".into())));
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(toml::from_str::<ExtractConfig>("[llm]\nsource = [\"a\"]").is_err());
    }
}
