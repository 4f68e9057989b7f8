//! The questions of a data set asked and their answers scored.

use super::answering::rarity;
use super::ask::AskOptions;
use super::embedded_once::EmbeddedOnce;
use super::error::EngineError;
use super::evaluate::{Evaluation, latency};
use crate::answer::{Asked, Rarity, answerability};
use crate::eval::{
    AnswerReport, AnsweredQuestion, EvalQuery, PutBefore, ScoredAnswer, measure_answers,
};
use crate::model::{AnswerMode, AnswerRecord, Query};
use crate::retrieve::RetrievalMode;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Hits that an answer is made of.
const HITS_PER_ANSWER: usize = 20;

impl Evaluation<'_> {
    /// Asks the questions that have gold answers, and those without an answer in
    /// the documents, and scores what is answered; with each answer and what it was
    /// made of.
    ///
    /// # Errors
    /// When answering fails.
    pub fn answers(
        &self,
        mode: RetrievalMode,
    ) -> Result<(AnswerReport, Vec<ScoredAnswer>), EngineError> {
        let session = self.knowledge_base.session()?;
        let options = AskOptions { mode, ..AskOptions::for_principal("evaluation") };
        let answerable = self.dataset.queries.iter().filter(|query| !query.answers.is_empty());
        let mut answers = Vec::new();
        let mut latencies = Vec::new();
        for query in answerable.chain(&self.dataset.unanswerable) {
            let asked = Instant::now();
            let question = Query::text(&query.text, HITS_PER_ANSWER);
            let record = session.ask(&question, &options, &mut |_| {})?;
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
            let rarity = rarity(session.snapshot(), &query.text)?;
            answers.push(self.scored(query, &record, &rarity));
        }
        let judged: Vec<&AnsweredQuestion> = answers.iter().map(|scored| &scored.answer).collect();
        let report = AnswerReport {
            dataset: self.dataset.name.clone(),
            task: "answer".to_owned(),
            mode: mode.as_str().to_owned(),
            n_queries: answers.len(),
            n_docs: self.n_docs,
            measures: measure_answers(&judged),
            latency_ms: latency(latencies),
            generation: self.generation.clone(),
        };
        Ok((report, answers))
    }

    fn scored(&self, query: &EvalQuery, record: &AnswerRecord, rarity: &Rarity) -> ScoredAnswer {
        let cited = record.answer.cited_numbers();
        let cited = record.evidence.iter().filter(|item| cited.contains(&item.number));
        let sentences: Vec<&str> =
            record.answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let answer = AnsweredQuestion {
            text: sentences.join(" "),
            short_answer: record.answer.short_answer.clone(),
            abstained: matches!(record.answer.mode, AnswerMode::Abstained { .. }),
            cited: cited.map(|item| item.source.clone()).collect(),
            gold: query.answers.clone(),
            relevant: self.relevant(query),
        };
        let evidence = record.evidence.iter().map(|item| PutBefore {
            number: item.number,
            document: item.source.clone(),
            title: item.title.clone(),
            text: item.fragment.text.clone(),
            score: item.score,
            by_graph: item.path.is_some(),
        });
        let known = EmbeddedOnce::new(Arc::clone(&self.knowledge_base.home.questions));
        let embed = |texts: &[&str]| Ok(known.embed(texts)?);
        let signs = answerability(&Asked {
            question: &query.text,
            evidence: &record.evidence,
            embed: Some(&embed),
            rarity: Some(rarity),
            options: &self.knowledge_base.common.answer,
        });
        let named = |(name, value): (&str, f64)| (name.to_owned(), value);
        ScoredAnswer {
            group: query.text.clone(),
            label: !query.answers.is_empty(),
            features: signs.unwrap_or_default().into_iter().map(named).collect(),
            id: query.id.clone(),
            question: query.text.clone(),
            evidence: evidence.collect(),
            answer,
        }
    }

    fn relevant(&self, query: &EvalQuery) -> BTreeSet<String> {
        let judged = self.dataset.qrels.get(&query.id).into_iter().flatten();
        judged.filter(|(_, grade)| **grade > 0).map(|(document, _)| document.clone()).collect()
    }
}
