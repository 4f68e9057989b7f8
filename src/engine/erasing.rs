//! Words taken out of records, and out of what was made of them.
//!
//! A record keeps commitments, so that its seal stays true, and the act is sealed like a
//! record. Golden questions that reviewers made of an answer go, and comments about it
//! lose their words: neither is sealed.

use super::build::now;
use super::error::EngineError;
use super::records::Records;
use crate::audit::{
    Chain, ERASED, ErasedBy, Salts, Seal, Words, canonical_digest, erase, erasure_act,
};
use crate::graph::{GraphError, Removal, Rewrite};
use crate::model::{AnswerId, Digest, VersionId};
use crate::vocab::{self, vt};
use oxigraph::model::{GraphName, Literal, Term, Triple};

/// What changes when words are erased, and the acts that say so.
struct ErasurePlan {
    rewrite: Rewrite,
    seals: Vec<Seal>,
}

impl Records {
    /// Takes words out of the record of an answer, and out of golden questions and
    /// comments that it led to; the act is sealed like a record. Number of texts that went
    /// from the record. They leave the files of the graph when it is opened the next time;
    /// see [`Records::close`].
    ///
    /// # Errors
    /// When there is no such answer, or the knowledge base cannot be written.
    pub fn erase_answer(
        &self,
        answer: &AnswerId,
        names: bool,
        principal: &str,
        reason: &str,
    ) -> Result<usize, EngineError> {
        if self.graph.graph(answer.as_str())?.is_empty() {
            return Err(EngineError::NoAnswer(answer.name().to_owned()));
        }
        let at = now();
        let by = ErasedBy { principal, reason: Some(reason), at: &at };
        self.graph.forget_at_next_opening()?;
        let n_erased = self.erase_words(std::slice::from_ref(answer), names, by)?;
        self.graph.flush()?;
        self.graph.compact()?;
        Ok(n_erased)
    }

    /// Takes words out of records and of what was made of them; number of texts that went
    /// from the records. Before it, the graph is to be marked for being written anew.
    pub(super) fn erase_words(
        &self,
        answers: &[AnswerId],
        names: bool,
        by: ErasedBy<'_>,
    ) -> Result<usize, EngineError> {
        // First, so that a crash leaves nothing of a record that says it was erased.
        self.forget_golden_questions(answers, by.principal)?;
        self.with_chain(|chain| {
            let mut plan = self.plan_erasures(chain, answers, Words::All { names }, by)?;
            let of_answer = |quad: &&oxigraph::model::Quad| match &quad.graph_name {
                GraphName::NamedNode(name) => name.as_str().starts_with(vocab::ANSWER_PREFIX),
                GraphName::BlankNode(_) | GraphName::DefaultGraph => false,
            };
            let n_erased = plan.rewrite.removed.iter().filter(of_answer).count();
            self.plan_comments(answers, &mut plan.rewrite)?;
            self.graph.rewrite(None, plan.rewrite)?;
            self.note_acts(&plan.seals);
            chain.add(plan.seals)?;
            Ok(n_erased)
        })
    }

    /// Deletes documents from the graph, and their words from records of answers.
    pub(super) fn delete_with_quotes(
        &self,
        answers: &[AnswerId],
        versions: &[VersionId],
        by: ErasedBy<'_>,
        delete: impl FnOnce(&Rewrite) -> Result<Removal, GraphError>,
    ) -> Result<Removal, EngineError> {
        self.with_chain(|chain| {
            let words = Words::OfVersions(versions);
            let mut plan = self.plan_erasures(chain, answers, words, by)?;
            self.plan_comments(answers, &mut plan.rewrite)?;
            let removal = delete(&plan.rewrite)?;
            self.note_acts(&plan.seals);
            chain.add(plan.seals)?;
            Ok(removal)
        })
    }

    /// What people wrote about answers, and about what others wrote, loses its words.
    fn plan_comments(
        &self,
        answers: &[AnswerId],
        rewrite: &mut Rewrite,
    ) -> Result<(), EngineError> {
        for answer in answers {
            for feedback in self.graph.subjects_in_governance(vt::JUDGES, answer.as_str())? {
                self.plan_comment(&feedback, vt::TEXT, rewrite)?;
                for decision in self.graph.subjects_in_governance(vt::DECIDES, &feedback)? {
                    self.plan_comment(&decision, vt::REASON, rewrite)?;
                }
            }
        }
        Ok(())
    }

    fn plan_comment(
        &self,
        subject: &str,
        property: &str,
        rewrite: &mut Rewrite,
    ) -> Result<(), EngineError> {
        let erased = Term::from(Literal::new_simple_literal(ERASED));
        let mut said = self.graph.about(vocab::GRAPH_GOVERNANCE, subject)?;
        said.retain(|triple| triple.predicate.as_str() == property && triple.object != erased);
        let left = said.iter().map(|old| Triple { object: erased.clone(), ..old.clone() });
        rewrite.insert(vocab::GRAPH_GOVERNANCE, left.collect::<Vec<_>>());
        rewrite.remove(vocab::GRAPH_GOVERNANCE, said);
        Ok(())
    }

    fn plan_erasures(
        &self,
        chain: &Chain,
        answers: &[AnswerId],
        words: Words<'_>,
        by: ErasedBy<'_>,
    ) -> Result<ErasurePlan, EngineError> {
        let mut rewrite = Rewrite::default();
        let mut acts = Vec::new();
        for answer in answers {
            let triples = self.graph.graph(answer.as_str())?;
            let sealed = self.seal_of(answer.as_str())?;
            let salts = sealed.as_ref().map_or_else(Salts::none, |(_, salts)| salts.clone());
            let Some(erased) = erase(answer, &triples, &salts, words) else { continue };
            let (id, act) = erasure_act(answer, erased.removed.len(), by);
            acts.push((id, canonical_digest(vocab::GRAPH_GOVERNANCE, &act)?));
            rewrite.insert(vocab::GRAPH_GOVERNANCE, act);
            rewrite.remove(answer.as_str(), erased.removed);
            rewrite.insert(answer.as_str(), erased.inserted);
            if let Some((seal, _)) = sealed {
                let id = Seal::iri(seal.sequence);
                let known = self.graph.about(vocab::GRAPH_AUDIT, &id)?;
                let salts: Vec<Triple> =
                    known.into_iter().filter(|t| t.predicate.as_str() == vt::SALTS).collect();
                let text = Term::from(Literal::new_simple_literal(erased.salts.to_text()));
                let left = salts.iter().map(|old| Triple { object: text.clone(), ..old.clone() });
                rewrite.insert(vocab::GRAPH_AUDIT, left);
                rewrite.remove(vocab::GRAPH_AUDIT, salts);
            }
        }
        let records: Vec<(&str, Digest)> =
            acts.iter().map(|(id, digest)| (id.as_str(), *digest)).collect();
        let seals = chain.seal(&records, false);
        for seal in &seals {
            rewrite.insert(vocab::GRAPH_AUDIT, seal.to_triples(&Salts::none()));
        }
        Ok(ErasurePlan { rewrite, seals })
    }
}
