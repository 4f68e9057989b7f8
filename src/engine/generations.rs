//! Generations: listed, compared, and made the one that answers.
//!
//! `CURRENT` names the generation that answers. Who changes that, from which to which,
//! when and why is recorded in the governance graph first. Going back to an earlier one
//! holds publishing: what is taken in afterwards builds generations aside, until one is
//! promoted.

use super::blobs::write_atomically;
use super::build::{Progress, now, software};
use super::error::{EngineError, io_error};
use super::frozen::{self, Outline};
use super::knowledge_base::KnowledgeBase;
use super::publish::Published;
use super::sweep::Swept;
use crate::config::PublishRule;
use crate::graph::Triples;
use crate::model::{Digest, GenerationId};
use crate::retrieve::Snapshot;
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{Term, Triple};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Present while publishing is held; says why.
const HOLD: &str = "HOLD";

/// What becomes of a generation that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Publishing {
    /// It answers from now on, if the gate lets it.
    Gated,
    /// It answers from now on, whatever it is: what answered before must not any more.
    AtOnce,
    /// It waits.
    Aside,
}

/// Who makes a generation the one that answers, and why.
#[derive(Clone, Debug)]
pub struct PromotedBy {
    /// Who asked for it.
    pub principal: String,
    /// Why.
    pub reason: Option<String>,
}

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

/// What a change of generations did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Promotion {
    /// What answered before.
    pub from: Option<String>,
    /// What answers now.
    pub to: String,
    /// Whether publishing is held from now on.
    pub held: bool,
}

/// What collecting removed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Collected {
    /// Names of generations that are gone.
    pub generations: Vec<String>,
    /// Vectors and bytes that nothing needed any more.
    pub swept: Swept,
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
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Published, EngineError> {
        let _writer = self.sole_writer();
        self.build_generation(Publishing::Aside, progress)
    }

    /// Lets a generation answer from now on, after reading it as those who ask will.
    /// Publishing is held when it is not the newest, and goes on when it is.
    ///
    /// # Errors
    /// When it cannot be read; then the one before goes on answering.
    pub fn promote(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<(Promotion, Arc<Snapshot>), EngineError> {
        let snapshot = self.snapshot_of(generation)?;
        Ok((self.serve_from_now_on(generation, by)?, snapshot))
    }

    /// As [`KnowledgeBase::promote`], if the golden sets let it.
    ///
    /// # Errors
    /// When the gate refuses it, which the error explains, or as promoting.
    pub fn promote_through_gate(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<(Promotion, Arc<Snapshot>), EngineError> {
        if self.config.generations.gate.enabled {
            let report = self.evaluate_generation(generation)?;
            if !report.verdict.passes {
                return Err(EngineError::Gate {
                    generation: generation.name().to_owned(),
                    reasons: report.verdict.reasons.join("; "),
                });
            }
        }
        self.promote(generation, by)
    }

    /// As [`KnowledgeBase::promote`], for a generation that was read already.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn serve_from_now_on(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<Promotion, EngineError> {
        let _writer = self.sole_writer();
        let from = self.current()?;
        let all = self.generations()?.generations;
        let is_newest = all.first().is_some_and(|newest| newest.name == generation.name());
        if is_newest {
            self.release()?;
        } else {
            let reason = by.reason.as_deref().unwrap_or("an earlier generation was promoted");
            let text = format!("{} ({})", reason, by.principal);
            write_atomically(&self.root.join(HOLD), text.as_bytes())?;
        }
        self.make_current(generation, Some(by))?;
        Ok(Promotion {
            from: from.map(|from| from.name().to_owned()),
            to: generation.name().to_owned(),
            held: !is_newest,
        })
    }

    /// Whether the documents of a generation in memory have the labels of today, and are
    /// all there.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn is_of_today(&self, snapshot: &Snapshot) -> Result<bool, EngineError> {
        let labels = self.graph.access_labels()?;
        Ok(snapshot.documents().all(|document| {
            snapshot.was_gone(&document.id)
                || labels.get(&document.id) == Some(&document.access_label)
        }))
    }

    /// The generation that answered before the current one; none when there was none or
    /// it is not kept.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn answered_before(&self) -> Result<Option<GenerationId>, EngineError> {
        let Some(current) = self.current()? else { return Ok(None) };
        let promotions = self.graph.subjects_in_governance(vt::PROMOTED, current.as_str())?;
        let mut last: Option<(String, String)> = None;
        for promotion in promotions {
            let about = self.graph.about(vocab::GRAPH_GOVERNANCE, &promotion)?;
            let at = first(&about, prov::ENDED_AT_TIME).unwrap_or_default();
            if let Some(before) = first(&about, vt::REPLACED)
                && last.as_ref().is_none_or(|(known, _)| *known < at)
            {
                last = Some((at, before));
            }
        }
        let before = last.map(|(_, before)| GenerationId::from_iri(before));
        Ok(before.filter(|id| self.is_kept(id)))
    }

    /// Removes generations but the newest `keep`, the current one and the one before it,
    /// and then vectors and bytes that nothing needs any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn collect_generations(&self, keep: usize) -> Result<Collected, EngineError> {
        let _writer = self.sole_writer();
        let generations = self.drop_old_generations(keep)?;
        Ok(Collected { generations, swept: self.sweep()? })
    }

    /// Removes generations but the newest `keep`, the current one and the one before it.
    pub(super) fn drop_old_generations(&self, keep: usize) -> Result<Vec<String>, EngineError> {
        let all = self.generations()?.generations;
        let before = self.answered_before()?;
        let mut removed = Vec::new();
        for old in all.iter().skip(keep.max(1)) {
            let is_before = before.as_ref().is_some_and(|before| before.name() == old.name);
            if !old.current && !is_before {
                frozen::remove(&self.generation_folder(&named(&old.name)))?;
                removed.push(old.name.clone());
            }
        }
        Ok(removed)
    }

    /// Whether a generation can be read again.
    pub(super) fn is_kept(&self, generation: &GenerationId) -> bool {
        self.generation_folder(generation).join(frozen::FILE).exists()
    }

    /// What becomes of the next generation.
    pub(super) fn publishing(&self) -> Result<Publishing, EngineError> {
        let by_hand = self.config.generations.publish == PublishRule::ByHand;
        Ok(if by_hand || self.held().is_some() { Publishing::Aside } else { Publishing::Gated })
    }

    /// Lets publishing go on.
    pub(super) fn release(&self) -> Result<(), EngineError> {
        let path = self.root.join(HOLD);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    fn held(&self) -> Option<String> {
        fs::read_to_string(self.root.join(HOLD)).ok()
    }

    /// Records that a generation answers from now on, and lets it; nothing when it does.
    pub(super) fn make_current(
        &self,
        generation: &GenerationId,
        by: Option<&PromotedBy>,
    ) -> Result<(), EngineError> {
        let before = self.current()?;
        if before.as_ref() == Some(generation) {
            return Ok(());
        }
        let at = now();
        let digest = Digest::of_parts([generation.as_str().as_bytes(), at.as_bytes()]);
        let id = format!("{}promotion:{}", vocab::ACTIVITY_PREFIX, digest.short());
        let mut triples = Triples::new();
        triples.class(&id, vt::PROMOTION);
        triples.class(&id, prov::ACTIVITY);
        triples.link(&id, vt::PROMOTED, generation.as_str());
        if let Some(before) = &before {
            triples.link(&id, vt::REPLACED, before.as_str());
        }
        triples.time(&id, prov::ENDED_AT_TIME, &at);
        triples.text(&id, rdfs::LABEL, &software());
        if let Some(by) = by {
            let principal = format!("{id}/principal");
            triples.link(&id, prov::WAS_ASSOCIATED_WITH, &principal);
            triples.class(&principal, prov::AGENT);
            triples.text(&principal, rdfs::LABEL, &by.principal);
            if let Some(reason) = &by.reason {
                triples.text(&id, vt::REASON, reason);
            }
        }
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?;
        self.graph.flush()?;
        write_atomically(&self.root.join("CURRENT"), generation.name().as_bytes())
    }

    /// Names of the folders of generations.
    fn generation_names(&self) -> Result<BTreeSet<String>, EngineError> {
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

fn named(name: &str) -> GenerationId {
    GenerationId::from_iri(format!("{}{name}", vocab::GENERATION_PREFIX))
}

fn all<'t>(about: &'t [Triple], property: &'t str) -> impl Iterator<Item = String> + 't {
    let found = about.iter().filter(move |triple| triple.predicate.as_str() == property);
    found.map(|triple| match &triple.object {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(_) => String::new(),
    })
}

fn first(about: &[Triple], property: &str) -> Option<String> {
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
