//! Generations: listed and compared.

use super::build::Progress;
use super::error::{EngineError, io_error};
use super::frozen::{self, Outline};
use super::knowledge_base::KnowledgeBase;
use super::promotions::Publishing;
use super::publish::Published;
use super::setup::{Setup, SetupChange};
use crate::model::{Digest, GenerationId};
use crate::vocab::{self, prov, vt};
use oxigraph::model::{Term, Triple};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A generation that was built.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerationSummary {
    /// Its name.
    pub name: String,
    /// When it was built the last time, RFC 3339.
    pub built_at: Option<String>,
    /// Documents.
    pub n_documents: usize,
    /// Fragments.
    pub n_fragments: usize,
    /// Bytes of its indexes and its reading.
    pub n_bytes: u64,
    /// Whether it answers.
    pub current: bool,
    /// Whether it can be made to answer again.
    pub servable: bool,
    /// Whether it holds what the graph of today holds.
    pub newest: bool,
    /// Whether it answers a share of the questions.
    pub on_trial: bool,
    /// Settings that it has of its own, by their path.
    pub settings: BTreeMap<String, Value>,
}

/// All generations that are kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generations {
    /// Newest first.
    pub generations: Vec<GenerationSummary>,
    /// Why publishing is held, when it is.
    pub held: Option<String>,
}

/// What changed from one generation to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerationDiff {
    /// The first.
    pub from: String,
    /// The second.
    pub to: String,
    /// Sources of documents that only the second has.
    pub added: Vec<String>,
    /// Sources of documents that only the first has.
    pub removed: Vec<String>,
    /// Sources of documents that have another version.
    pub changed: Vec<String>,
    /// Fragments before and after.
    pub n_fragments: (usize, usize),
    /// Entities before and after.
    pub n_entities: (usize, usize),
    /// Pairs of fragment and entity before and after.
    pub n_mentions: (usize, usize),
    /// Spaces that only the first searches.
    pub spaces_removed: Vec<String>,
    /// Spaces that only the second searches.
    pub spaces_added: Vec<String>,
}

impl KnowledgeBase {
    /// The generation that a person names, whole or by its beginning.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn find_generation(&self, name: &str) -> Result<GenerationId, EngineError> {
        let none = || EngineError::NoGeneration(name.to_owned());
        let wanted = name.strip_prefix(vocab::GENERATION_PREFIX).unwrap_or(name);
        let mut found = self.generation_names()?;
        found.retain(|known| !wanted.is_empty() && known.starts_with(wanted));
        match (found.pop_first(), found.is_empty()) {
            (Some(found), true) => Ok(named(&found)),
            _ => Err(none()),
        }
    }

    /// Every generation that is kept.
    ///
    /// # Errors
    /// When the graph or a folder cannot be read.
    pub fn generations(&self) -> Result<Generations, EngineError> {
        let current = self.current()?;
        let on_trial = self.generation_on_trial();
        let mut generations = Vec::new();
        for name in self.generation_names()? {
            let id = named(&name);
            let folder = self.generation_folder(&id);
            let about = self.graph.about(vocab::GRAPH_GOVERNANCE, id.as_str())?;
            let count = |property: &str| {
                first(&about, property).and_then(|count| count.parse().ok()).unwrap_or_default()
            };
            generations.push(GenerationSummary {
                built_at: self.built_at(&name)?,
                n_documents: count(vt::N_DOCUMENTS),
                n_fragments: count(vt::N_FRAGMENTS),
                n_bytes: bytes_below(&folder),
                current: current.as_ref() == Some(&id),
                servable: folder.join(frozen::FILE).exists(),
                newest: false,
                on_trial: on_trial.as_ref() == Some(&id),
                settings: Setup::read(&folder)?.settings,
                name,
            });
        }
        generations.sort_by(|a, b| b.built_at.cmp(&a.built_at).then(a.name.cmp(&b.name)));
        if let Some(newest) = generations.first_mut() {
            newest.newest = true;
        }
        Ok(Generations { generations, held: self.held() })
    }

    /// What changed from one generation to another.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn compare_generations(
        &self,
        from: &GenerationId,
        to: &GenerationId,
    ) -> Result<GenerationDiff, EngineError> {
        let a = Outline::read(&self.generation_folder(from))?;
        let b = Outline::read(&self.generation_folder(to))?;
        let only = |one: &Outline, other: &Outline| -> Vec<String> {
            let sources = one.documents.keys();
            sources.filter(|source| !other.documents.contains_key(*source)).cloned().collect()
        };
        let changed = a.documents.iter().filter(|(source, version)| {
            b.documents.get(*source).is_some_and(|other| other != *version)
        });
        let spaces = |one: &Outline, other: &Outline| -> Result<Vec<String>, EngineError> {
            let only = one.spaces.iter().filter(|space| !other.spaces.contains(space));
            only.map(|space| self.space_name(&space.0)).collect()
        };
        Ok(GenerationDiff {
            from: from.name().to_owned(),
            to: to.name().to_owned(),
            added: only(&b, &a),
            removed: only(&a, &b),
            changed: changed.map(|(source, _)| source.clone()).collect(),
            n_fragments: (a.n_fragments, b.n_fragments),
            n_entities: (a.n_entities, b.n_entities),
            n_mentions: (a.n_mentions, b.n_mentions),
            spaces_removed: spaces(&a, &b)?,
            spaces_added: spaces(&b, &a)?,
        })
    }

    /// Builds a generation out of what the graph holds and leaves it aside.
    ///
    /// # Errors
    /// As [`KnowledgeBase::publish`].
    pub fn build_aside(
        &self,
        change: &SetupChange,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Published, EngineError> {
        if let Some(name) = &change.text_model {
            let text = self.open_text_model(name)?;
            self.fill_ahead(&text, &mut |n_documents, n_total| {
                progress(Progress::Filling { n_documents, n_total });
            })?;
        }
        let _writer = self.sole_writer();
        self.build_generation(Publishing::Aside, change, progress)
    }

    /// Whether a generation can be read again.
    pub(super) fn is_kept(&self, generation: &GenerationId) -> bool {
        self.generation_folder(generation).join(frozen::FILE).exists()
    }

    /// Names of the folders of generations.
    pub(super) fn generation_names(&self) -> Result<BTreeSet<String>, EngineError> {
        let folder = self.root.join("generations");
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            let name = entry.map_err(io_error("list", &folder))?.file_name();
            let name = name.to_string_lossy().into_owned();
            if !name.starts_with('.') {
                names.insert(name);
            }
        }
        Ok(names)
    }

    /// The generation that was built last.
    pub(super) fn newest_generation(&self) -> Result<Option<String>, EngineError> {
        let mut newest: Option<(Option<String>, String)> = None;
        // In the order of their names, the first of which counts at equal times.
        for name in self.generation_names()? {
            let built_at = self.built_at(&name)?;
            if newest.as_ref().is_none_or(|(known, _)| *known < built_at) {
                newest = Some((built_at, name));
            }
        }
        Ok(newest.map(|(_, name)| name))
    }

    /// When a generation was built the last time.
    fn built_at(&self, name: &str) -> Result<Option<String>, EngineError> {
        let activity = format!("{}publish:{name}", vocab::ACTIVITY_PREFIX);
        let about = self.graph.about(vocab::GRAPH_GOVERNANCE, &activity)?;
        Ok(all(&about, prov::ENDED_AT_TIME).max())
    }

    fn space_name(&self, space: &Digest) -> Result<String, EngineError> {
        let iri = format!("{}{space}", vocab::SPACE_PREFIX);
        let about = self.graph.about(vocab::GRAPH_GOVERNANCE, &iri)?;
        let model = first(&about, vt::MODEL).unwrap_or_else(|| "unknown".to_owned());
        Ok(format!("{model}@{}", space.short()))
    }
}

pub(super) fn named(name: &str) -> GenerationId {
    GenerationId::from_iri(format!("{}{name}", vocab::GENERATION_PREFIX))
}

pub(super) fn all<'t>(about: &'t [Triple], property: &'t str) -> impl Iterator<Item = String> + 't {
    let found = about.iter().filter(move |triple| triple.predicate.as_str() == property);
    found.map(|triple| match &triple.object {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(_) => String::new(),
    })
}

pub(super) fn first(about: &[Triple], property: &str) -> Option<String> {
    all(about, property).next()
}

/// Bytes of all files in a folder; what cannot be read counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_below(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    bytes.sum()
}
