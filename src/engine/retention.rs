//! How long records keep their words, by the settings.

use super::build::now;
use super::error::EngineError;
use super::records::Records;
use crate::audit::{ErasedBy, Seal, is_erased};
use crate::model::AnswerId;
use crate::vocab::{self, prov, rdfs, vt};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// Who erases what the settings say.
pub const RETENTION: &str = "retention";
/// Records of one transaction: answers wait for it, so that it is short.
const AT_ONCE: usize = 8;

/// Which records lost their words, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Of before this time, RFC 3339.
    pub before: String,
    /// Number of records.
    pub n_answers: usize,
    /// Number of texts that went; 0 when nothing was to be changed.
    pub n_texts: usize,
    /// Names of the answers, the oldest first.
    pub answers: Vec<String>,
}

impl Records {
    /// The time before which records lose their words by the settings; `None` when they
    /// keep them.
    pub fn texts_kept_since(&self, now: OffsetDateTime) -> Option<String> {
        let days = self.config.audit.retention.keep_texts_days;
        let days = i64::try_from(days).ok().filter(|days| *days > 0)?;
        now.checked_sub(Duration::days(days))?.format(&Rfc3339).ok()
    }

    /// Erases question, answer and evidence from every record of before a time that has
    /// them still, with what was made of it; `dry_run` says only which. Each act is sealed
    /// with `retention` as who did it. What is old already goes in small steps, between
    /// which answers are recorded.
    ///
    /// # Errors
    /// When the knowledge base cannot be read or written; what was erased stays erased.
    pub fn retain(&self, before: &str, dry_run: bool) -> Result<Retained, EngineError> {
        let names = self.config.audit.retention.erase_names;
        let aged = self.with_words_before(before, names)?;
        let mut n_texts = 0;
        if !dry_run && !aged.is_empty() {
            let reason = format!("retention: asked before {before}");
            self.graph.forget_at_next_opening()?;
            for some in aged.chunks(AT_ONCE) {
                let at = now();
                let by = ErasedBy { principal: RETENTION, reason: Some(&reason), at: &at };
                n_texts += self.erase_words(some, names, by)?;
            }
            self.graph.flush()?;
            self.graph.compact()?;
        }
        Ok(Retained {
            before: before.to_owned(),
            n_answers: aged.len(),
            n_texts,
            answers: aged.iter().map(|answer| answer.name().to_owned()).collect(),
        })
    }

    /// Answers that were asked before a time and have their words still, in the order of
    /// their seals.
    fn with_words_before(&self, before: &str, names: bool) -> Result<Vec<AnswerId>, EngineError> {
        let mut found = Vec::new();
        for sequence in 1..=self.last_sealed()? {
            let seal = Seal::iri(sequence);
            let Some(of) = self.graph.value_in(vocab::GRAPH_AUDIT, &seal, vt::SEALS)? else {
                continue;
            };
            let Some(answer) = of.strip_prefix(vocab::ANSWER_PREFIX).and_then(AnswerId::from_name)
            else {
                continue;
            };
            let value = |part: &str, property: &str| {
                self.graph.value_in(&of, &format!("{of}/{part}"), property)
            };
            let is_old =
                value("answering", prov::STARTED_AT_TIME)?.is_some_and(|at| at.as_str() < before);
            let has_words = |words: Option<String>| words.is_some_and(|words| !is_erased(&words));
            if is_old
                && (has_words(value("question", prov::VALUE)?)
                    || names && has_words(value("principal", rdfs::LABEL)?))
            {
                found.push(answer);
            }
        }
        Ok(found)
    }
}
