//! What documents state, by a language model, for the documents that the settings name.
//!
//! Each fragment is asked about once for each model and set of terms, and what is kept
//! is durable before the next answer is looked at: a crash loses the requests under way
//! and nothing else. Names become entities when a generation is published.

use super::build::Progress;
use super::error::EngineError;
use super::extract_calls::{Asking, Read};
use super::extract_outcome::{ExtractOutcome, Unasked};
use super::knowledge_base::KnowledgeBase;
use super::token_budget::Budget;
use crate::extract::{AllowedTerms, Instructions};
use crate::graph::DocumentSummary;
use crate::model::{Fragment, FragmentId, VersionId};
use oxigraph::model::NamedNode;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

/// Fragments of fewer words state nothing in two names and a predicate.
const MIN_WORDS: usize = 3;

impl KnowledgeBase {
    /// Asks the language model what the documents state that `extract.llm.sources`
    /// names, where it was not asked before. Nothing is asked when it names none.
    ///
    /// # Errors
    /// When the knowledge base cannot be read or written or describes too many terms, or
    /// the settings name a term that is no IRI.
    /// A server that fails is no error: the documents it left are in the outcome.
    pub fn extract(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<ExtractOutcome, EngineError> {
        let config = &self.config.extract.llm;
        let _writer = self.sole_writer();
        let mut outcome = ExtractOutcome::default();
        if config.sources.is_empty() {
            return Ok(outcome);
        }
        let begin = Instant::now();
        let named: Vec<DocumentSummary> = self.graph.documents()?;
        let named = named
            .into_iter()
            .filter(|document| !document.media_type.is_picture() && config.names(&document.source));
        let (sent, held): (Vec<_>, Vec<_>) =
            named.partition(|document| config.may_send(&document.access_label));
        outcome.n_held_back = held.len();
        let source_of: BTreeMap<VersionId, String> =
            sent.into_iter().map(|document| (document.version, document.source)).collect();
        let Some(language_model) = &self.llm else {
            let reason = "no language model is set; set llm.base_url or OPENAI_BASE_URL";
            outcome.unasked = source_of
                .into_values()
                .map(|source| Unasked { source, reason: reason.to_owned() })
                .collect();
            return Ok(outcome);
        };
        let named = config.predicates.iter().chain(&config.classes);
        if let Some(iri) = named.into_iter().find(|iri| NamedNode::new(iri.as_str()).is_err()) {
            return Err(EngineError::TermIri(iri.clone()));
        }
        let model = config.model.as_deref().unwrap_or(&self.config.llm.model);
        let described = self.graph.ontology_terms()?;
        let terms = AllowedTerms::choose(&described, &config.predicates, &config.classes)?;
        let instructions = Instructions::new(&terms, model, config);
        let recipe = instructions.recipe();
        let fragments: Vec<Fragment> = self.graph.fragments()?;
        let version_of: HashMap<&FragmentId, &VersionId> =
            fragments.iter().map(|fragment| (&fragment.id, &fragment.version)).collect();
        let (mut known, mut spent): (HashSet<FragmentId>, HashMap<VersionId, u64>) =
            Default::default();
        for extraction in self.graph.extractions()? {
            if extraction.recipe != recipe {
                continue;
            }
            if let Some(version) = version_of.get(&extraction.fragment) {
                *spent.entry((*version).clone()).or_default() +=
                    extraction.n_prompt_tokens + extraction.n_output_tokens;
            }
            known.insert(extraction.fragment);
        }
        let (before, open): (Vec<&Fragment>, Vec<&Fragment>) = fragments
            .iter()
            .filter(|fragment| source_of.contains_key(&fragment.version))
            .filter(|fragment| fragment.picture().is_none())
            .filter(|fragment| fragment.text.split_whitespace().nth(MIN_WORDS - 1).is_some())
            .partition(|fragment| known.contains(&fragment.id));
        outcome.n_known = before.len();
        if open.is_empty() {
            return Ok(outcome);
        }
        let generator = language_model.generator.clone().with_model(model);
        let asking = Asking {
            generator: &generator,
            terms: &terms,
            instructions: &instructions,
            n_parallel: config.n_parallel,
        };
        let mut budget =
            Budget::new(config.max_tokens_per_run, config.max_tokens_per_document, spent);
        let n_total = open.len();
        progress(Progress::Extracting { n_fragments: 0, n_total, n_tokens: 0 });
        let mut keep = |read: Read| -> Result<(), EngineError> {
            self.graph.set_extraction(&read.version, &read.extraction)?;
            outcome.n_asked += 1;
            outcome.n_accepted += read.extraction.statements.len();
            for (reason, n) in read.rejected {
                *outcome.rejected.entry(reason).or_default() += n;
            }
            outcome.usage.n_prompt += read.usage.n_prompt;
            outcome.usage.n_output += read.usage.n_output;
            outcome.usage.estimated |= read.usage.estimated;
            let n_tokens = outcome.usage.total();
            progress(Progress::Extracting { n_fragments: outcome.n_asked, n_total, n_tokens });
            Ok(())
        };
        let asked = language_model.wait_for(asking.ask(&open, &mut budget, &mut keep))?;
        outcome.in_words = asked.in_words;
        let left = asked.left.into_iter().filter_map(|(version, reason)| {
            Some(Unasked { source: source_of.get(&version)?.clone(), reason })
        });
        outcome.unasked = left.collect();
        outcome.unasked.sort_by(|a, b| a.source.cmp(&b.source));
        self.graph.flush()?;
        outcome.seconds = begin.elapsed().as_secs_f64();
        Ok(outcome)
    }
}
