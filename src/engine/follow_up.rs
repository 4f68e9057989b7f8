//! Follow-up questions, resolved against the conversation.

use super::ask::{AskOptions, Session};
use crate::answer::{KnownName, accepted_rewriting, resolve, rewrite_prompt};
use crate::llm::{OpenAiGenerator, OutputForm};
use crate::model::{Query, ResolvedBy, ResolvedQuestion};

/// A follow-up question that a language model may put better than rules do.
pub struct Rewriting {
    generator: OpenAiGenerator,
    options: AskOptions,
    question: String,
    /// What rules make of it.
    by_rules: ResolvedQuestion,
}

impl Session<'_> {
    /// The question as it stands alone, by rules; `None` when it does so already.
    pub fn stand_alone(&self, query: &Query, options: &AskOptions) -> Option<ResolvedQuestion> {
        if options.earlier.is_empty() || query.text.trim().is_empty() {
            return None;
        }
        // Names that the principal may not see are no names.
        let view =
            self.snapshot.view(query.within(options.principal.labels()).allowed_labels.as_ref());
        let view = view.ok()?;
        let known = |text: &str| {
            let names = view.names_in(text).into_iter();
            names.map(|n| KnownName { range: n.range, is_proper: n.is_proper }).collect()
        };
        let question = resolve(&options.earlier, &query.text, &known)?;
        Some(ResolvedQuestion { question, by: ResolvedBy::Rules })
    }

    /// What the language model can be asked to make of a follow-up question; `None` when
    /// none may be asked.
    pub fn rewriting(
        &self,
        query: &Query,
        options: &AskOptions,
        by_rules: &ResolvedQuestion,
    ) -> Option<Rewriting> {
        let knowledge_base = self.knowledge_base;
        let wanted = options.use_llm && self.in_force.answer.rewrite_follow_ups;
        let llm = knowledge_base.llm.as_ref().filter(|_| wanted)?;
        Some(Rewriting {
            generator: llm.generator.clone(),
            options: options.clone(),
            question: query.text.clone(),
            by_rules: by_rules.clone(),
        })
    }
}

impl Rewriting {
    /// Asks the language model. What it writes is taken when it keeps to the words of the
    /// conversation; otherwise, and when it fails, the rules have their way.
    pub async fn ask(self) -> ResolvedQuestion {
        let earlier = &self.options.earlier;
        let prompt = rewrite_prompt(earlier, &self.question);
        match self.generator.complete(prompt, OutputForm::InWords).await {
            Ok(written) => {
                let by_rules = &self.by_rules.question;
                accepted_rewriting(earlier, &self.question, by_rules, &written.text)
                    .map(|question| ResolvedQuestion { question, by: ResolvedBy::LanguageModel })
                    .unwrap_or(self.by_rules)
            }
            Err(error) => {
                tracing::warn!(%error, "the language model rewrote no question; rules did");
                self.by_rules
            }
        }
    }
}
