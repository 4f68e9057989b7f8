//! Answers that a language model writes and the evidence must carry.

use super::abstain::abstained;
use super::asked::Asked;
use super::citation_marks::{Unmarked, take_marks};
use super::config::Policy;
use super::extractive::extract;
use super::markdown::plain;
use super::prompt::{INSUFFICIENT, PROMPT_TEMPLATE, digest, prompt};
use super::sentences::output_ranges;
use super::support::{Claim, check};
use super::words::{lower, words};
use crate::llm::{ChatPrompt, Delta, GenerateError, Generator, Sampling};
use crate::model::{Answer, AnswerMode, LlmRecord, Sentence, Stage, Stopwatch, Support};
use futures::StreamExt;
use regex::Regex;
use std::sync::LazyLock;

/// How a language model is asked to write.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// How it chooses words and when it stops.
    pub sampling: Sampling,
    /// Wishes about language, length and tone; never evidence.
    pub style: Option<&'a str>,
}

/// Lets the model answer and checks each sentence as soon as it is complete.
/// `on_sentence` hears the sentences that are kept, in order, and nothing that
/// is not part of the answer: words that no evidence carries are never shown.
///
/// When the model fails, before or in the middle, the answer is extractive and
/// says why; what `on_sentence` heard until then was checked like the rest.
/// Checking runs on the calling task; where that must not compute, take a [`Draft`].
/// `stopwatch` hears how long the model was waited for and how long checking took.
pub async fn generated(
    asked: &Asked<'_>,
    generator: &dyn Generator,
    writing: Writing<'_>,
    on_sentence: &mut (dyn FnMut(&Sentence) + Send),
    stopwatch: &mut Stopwatch,
) -> Answer {
    if asked.evidence.is_empty() {
        return abstained(asked.evidence, "", Vec::new(), None);
    }
    let (mut draft, prompt) = Draft::begin(asked, generator, writing);
    let mut deltas = generator.generate(prompt);
    while let Some(delta) = deltas.next().await {
        stopwatch.lap(Stage::Llm);
        match delta {
            Ok(delta) => {
                draft.push(&delta);
                draft.check(asked).iter().for_each(&mut *on_sentence);
                stopwatch.lap(Stage::Verify);
            }
            Err(failure) => {
                let answer = draft.fail(asked, &failure);
                stopwatch.lap(Stage::Quote);
                return answer;
            }
        }
    }
    stopwatch.lap(Stage::Llm);
    let (last, answer) = draft.finish(asked);
    last.iter().for_each(on_sentence);
    stopwatch.lap(Stage::Verify);
    answer
}

/// An answer that a language model is writing: its output so far, and the sentences in
/// it, each checked once. Every step takes what is asked anew, so that a draft can wait
/// in one place and be checked in another.
pub struct Draft {
    record: LlmRecord,
    sentences: Vec<Sentence>,
    /// Sentences before this one were decided about: shown, or left out.
    n_decided: usize,
}

impl Draft {
    /// Nothing yet, and the prompt that asks for the answer.
    pub fn begin(
        asked: &Asked<'_>,
        generator: &dyn Generator,
        writing: Writing<'_>,
    ) -> (Self, ChatPrompt) {
        let prompt = prompt(asked, writing);
        let record = LlmRecord {
            model: generator.model().to_owned(),
            base_url: generator.base_url().to_owned(),
            prompt_template: PROMPT_TEMPLATE.to_owned(),
            prompt_digest: digest(&prompt),
            temperature: prompt.temperature,
            output: String::new(),
            n_prompt_tokens: None,
            n_output_tokens: None,
            failure: None,
        };
        (Self::of(record), prompt)
    }

    fn of(record: LlmRecord) -> Self {
        Self { record, sentences: Vec::new(), n_decided: 0 }
    }

    /// Adds what the model wrote, or what its server counted.
    pub fn push(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.record.output.push_str(text),
            Delta::Usage(usage) => {
                self.record.n_prompt_tokens = Some(usage.n_prompt);
                self.record.n_output_tokens = Some(usage.n_output);
            }
        }
    }

    /// Sentences that are complete. The last one may go on, or be cited behind its
    /// end.
    fn complete(&self) -> Vec<Claim> {
        let mut claims = claims(&without_thoughts(&self.record.output));
        claims.pop();
        claims
    }

    /// Whether a complete sentence waits to be checked. Cheap, where checking is not.
    pub fn has_unchecked(&self) -> bool {
        self.complete().len() > self.sentences.len()
    }

    /// Checks the complete sentences that are new; those that can be shown now.
    pub fn check(&mut self, asked: &Asked<'_>) -> Vec<Sentence> {
        let complete = self.complete();
        self.check_new(&complete, asked);
        if asked.options.all_or_nothing { Vec::new() } else { self.decided(asked) }
    }

    fn check_new(&mut self, claims: &[Claim], asked: &Asked<'_>) {
        if let Some(new) = claims.get(self.sentences.len()..).filter(|new| !new.is_empty()) {
            self.sentences.extend(check(new, asked));
        }
    }

    /// Sentences that are kept and were not shown yet. Flagged sentences wait until
    /// there is one that they can stand beside.
    fn decided(&mut self, asked: &Asked<'_>) -> Vec<Sentence> {
        if !self.any_supported() {
            return Vec::new();
        }
        let new = self.sentences.iter().skip(self.n_decided);
        let kept = new.filter(|sentence| self.keeps(sentence, asked)).cloned().collect();
        self.n_decided = self.sentences.len();
        kept
    }

    fn any_supported(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.support == Support::Supported)
    }

    fn keeps(&self, sentence: &Sentence, asked: &Asked<'_>) -> bool {
        let flagged = asked.options.policy == Policy::Flag && self.any_supported();
        flagged || sentence.support == Support::Supported
    }

    /// The answer after the model failed: quotes, and why.
    pub fn fail(self, asked: &Asked<'_>, failure: &GenerateError) -> Answer {
        tracing::warn!(error = %failure, "the language model failed; answering with quotes");
        let mut record = self.record;
        record.failure = Some(failure.kind().to_owned());
        let degraded = extract(asked, Some(failure.to_string()));
        Answer { llm: Some(record), ..degraded }
    }

    /// The answer when nobody listens any more: the sentences that were shown. `None`
    /// when there are none.
    pub fn break_off(self) -> Option<Answer> {
        let Self { record, mut sentences, n_decided } = self;
        sentences.truncate(n_decided);
        let (sentences, dropped): (Vec<_>, Vec<_>) =
            sentences.into_iter().partition(|s| s.support == Support::Supported);
        let (mode, llm) = (AnswerMode::Generated, Some(record));
        let answer = Answer { short_answer: None, sentences, dropped, mode, llm };
        (!answer.sentences.is_empty()).then_some(answer)
    }

    /// The answer after the model came to its end, and the sentences of it that were
    /// not shown yet.
    pub fn finish(mut self, asked: &Asked<'_>) -> (Vec<Sentence>, Answer) {
        let claims = claims(&without_thoughts(&self.record.output));
        if says_insufficient(&claims) {
            let why = "the language model found no answer in the evidence";
            return (Vec::new(), abstained(asked.evidence, why, Vec::new(), Some(self.record)));
        }
        if claims.is_empty() {
            let degraded = extract(asked, Some("the language model wrote nothing".to_owned()));
            return (Vec::new(), Answer { llm: Some(self.record), ..degraded });
        }
        self.check_new(&claims, asked);
        let all = self.sentences.iter().all(|sentence| sentence.support == Support::Supported);
        if asked.options.all_or_nothing && !all && self.any_supported() {
            let why =
                "the cited passages do not carry every sentence that the language model wrote";
            return (Vec::new(), abstained(asked.evidence, why, self.sentences, Some(self.record)));
        }
        let last = self.decided(asked);
        let keep_all = asked.options.policy == Policy::Flag && self.any_supported();
        let (sentences, dropped): (Vec<_>, Vec<_>) =
            self.sentences.into_iter().partition(|s| keep_all || s.support == Support::Supported);
        if sentences.is_empty() {
            let why = "the cited passages carry no sentence that the language model wrote";
            return (Vec::new(), abstained(asked.evidence, why, dropped, Some(self.record)));
        }
        let mode = AnswerMode::Generated;
        (last, Answer { short_answer: None, sentences, dropped, mode, llm: Some(self.record) })
    }
}

static THOUGHTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)^\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\z)").expect("constant pattern")
});

/// The output without what reasoning models put before their answer.
fn without_thoughts(output: &str) -> String {
    THOUGHTS.replace(output, "").into_owned()
}

/// Sentences of an output, each with the numbers that stand in or after it.
fn claims(output: &str) -> Vec<Claim> {
    let Unmarked { text, marks } = take_marks(output);
    let ranges = output_ranges(&text);
    let mut claims: Vec<Claim> = ranges
        .iter()
        .map(|range| Claim {
            text: plain(text.get(range.clone()).unwrap_or_default()),
            cited: Vec::new(),
        })
        .collect();
    let same_line = |from: usize, to: usize| text.get(from..to).is_some_and(|t| !t.contains('\n'));
    for (place, number) in marks {
        let before = ranges.iter().rposition(|range| range.start < place);
        let after = ranges.iter().position(|range| range.start >= place);
        let near = |i: &usize| ranges.get(*i).is_some_and(|r| same_line(r.end.min(place), place));
        let next = |i: &usize| ranges.get(*i).is_some_and(|r| same_line(place, r.start));
        let owner = before.filter(near).or(after.filter(next)).or(before);
        if let Some(claim) = owner.and_then(|i| claims.get_mut(i))
            && !claim.cited.contains(&number)
        {
            claim.cited.push(number);
        }
    }
    claims.retain(|claim| claim.text.chars().any(char::is_alphanumeric));
    claims
}

/// Whether the model said that the evidence is not enough, and nothing else.
fn says_insufficient(claims: &[Claim]) -> bool {
    let form = |text: &str| words(text).iter().map(|w| lower(w.text)).collect::<Vec<_>>();
    let expected = form(INSUFFICIENT);
    !claims.is_empty() && claims.iter().all(|claim| form(&claim.text) == expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Config;
    use crate::answer::asked::samples::chunk;
    use crate::model::Digest;

    fn check_claims(output: &str, expected: &[(&str, &[usize])]) {
        let found = claims(output);
        let found: Vec<(&str, &[usize])> =
            found.iter().map(|c| (c.text.as_str(), c.cited.as_slice())).collect();
        assert_eq!(found, expected, "{output}");
    }

    #[test]
    fn marks_belong_to_the_sentence_they_stand_in_or_after() {
        check_claims("Hold it [1]. Wait. [2][3]", &[("Hold it.", &[1]), ("Wait.", &[2, 3])]);
        check_claims("Hold it. [1] Wait [2].", &[("Hold it.", &[1]), ("Wait.", &[2])]);
        check_claims("[1] Hold it.\n[2] Wait.", &[("Hold it.", &[1]), ("Wait.", &[2])]);
        check_claims("- Hold **it** [1]\n- Wait [2, 1]", &[("Hold it", &[1]), ("Wait", &[2, 1])]);
        check_claims("Hold it for 3.5 s, e.g. now [1].", &[("Hold it for 3.5 s, e.g. now.", &[1])]);
        check_claims("", &[]);
    }

    fn answer(output: &str, policy: Policy) -> Answer {
        let evidence = [chunk(1, "Manual", "The pump holds 5 litres of oil. It weighs 9 kg.")];
        let options = Config { policy, ..Config::default() };
        let asked = Asked {
            question: "How much oil?",
            evidence: &evidence,
            embed: None,
            rarity: None,
            options: &options,
        };
        Draft::of(record(output)).finish(&asked).1
    }

    fn record(output: &str) -> LlmRecord {
        LlmRecord {
            model: "m".into(),
            base_url: "http://localhost".into(),
            prompt_template: PROMPT_TEMPLATE.into(),
            prompt_digest: Digest::of(b""),
            temperature: 0.0,
            output: output.into(),
            n_prompt_tokens: None,
            n_output_tokens: None,
            failure: None,
        }
    }

    #[test]
    fn unsupported_sentences_are_dropped_or_flagged_by_policy() {
        let output = "The pump holds 5 litres of oil [1]. It weighs 90 kg [1].";
        let dropped = answer(output, Policy::Drop);
        assert_eq!((dropped.sentences.len(), dropped.dropped.len()), (1, 1));
        assert_eq!(dropped.text(), "The pump holds 5 litres of oil. [1]");
        let flagged = answer(output, Policy::Flag);
        assert_eq!((flagged.sentences.len(), flagged.dropped.len()), (2, 0));
        assert!(matches!(flagged.sentences[1].support, Support::Unsupported(_)));
    }

    #[test]
    fn all_or_nothing_withholds_an_answer_with_an_unsupported_sentence() {
        let evidence = [chunk(1, "Manual", "The pump holds 5 litres of oil. It weighs 9 kg.")];
        let options = Config::default().strict();
        let asked = Asked {
            question: "How much oil?",
            evidence: &evidence,
            embed: None,
            rarity: None,
            options: &options,
        };
        let strict = |output: &str| {
            let mut draft = Draft::of(record(""));
            draft.push(&Delta::Text(output.to_owned()));
            assert_eq!(draft.check(&asked), [], "nothing is shown before all is checked");
            draft.finish(&asked)
        };
        let (shown, answer) = strict("The pump holds 5 litres of oil [1]. It weighs 9 kg [1].");
        assert_eq!((shown.len(), answer.mode), (2, AnswerMode::Generated));
        for output in [
            "The pump holds 5 litres of oil [1]. It weighs 90 kg [1].",
            "The pump holds 5 litres of oil. It weighs 9 kg [1].",
        ] {
            let (shown, answer) = strict(output);
            assert_eq!((shown.len(), answer.mode.as_str()), (0, "abstained"), "{output}");
        }
    }

    #[test]
    fn what_was_shown_is_the_answer_when_nobody_listens_any_more() {
        let evidence = [chunk(1, "Manual", "The pump holds 5 litres of oil. It weighs 9 kg.")];
        let options = Config::default();
        let asked = Asked {
            question: "How much oil?",
            evidence: &evidence,
            embed: None,
            rarity: None,
            options: &options,
        };
        assert_eq!(Draft::of(record("The pump")).break_off(), None);
        let mut draft = Draft::of(record("The pump holds 5 litres of oil [1]. It weighs"));
        assert!(draft.has_unchecked());
        assert_eq!(draft.check(&asked).len(), 1);
        assert!(!draft.has_unchecked());
        let answer = draft.break_off().unwrap();
        assert_eq!(answer.text(), "The pump holds 5 litres of oil. [1]");
    }

    #[test]
    fn an_answer_without_a_supported_sentence_abstains() {
        for policy in [Policy::Drop, Policy::Flag] {
            let answer = answer("It weighs 90 kg [1].", policy);
            assert_eq!(answer.mode.as_str(), "abstained");
            assert_eq!((answer.sentences.len(), answer.dropped.len()), (0, 1));
        }
    }

    #[test]
    fn a_model_that_finds_no_answer_makes_it_abstain() {
        for output in [
            INSUFFICIENT,
            "<think>Hm. It is 5 [1].</think>\n The evidence does not answer this question. [1]",
        ] {
            let answer = answer(output, Policy::Drop);
            assert_eq!((answer.mode.as_str(), answer.dropped.len()), ("abstained", 0));
            assert!(answer.llm.is_some());
        }
    }

    #[test]
    fn an_empty_output_is_replaced_by_quotes() {
        let answer = answer(" \n", Policy::Drop);
        assert!(matches!(answer.mode, AnswerMode::Extractive { degraded_because: Some(_) }));
        assert_eq!(answer.cited_numbers(), [1]);
    }

    mod streamed {
        use super::*;
        use crate::llm::scripted_server::{Act, chat, event, serve};
        use crate::llm::{Config as LlmConfig, OpenAiGenerator, Timeouts};

        const MANUAL: &str = "The X200 resets when its button is held for 10 seconds. \
            All settings return to factory defaults.";

        async fn ask(script: Vec<Act>) -> (Answer, Vec<Sentence>) {
            let server = serve(script).await;
            let config = LlmConfig {
                base_url: Some(server.base_url.clone()),
                timeouts: Timeouts {
                    connect_ms: 500,
                    first_token_ms: 1_000,
                    between_tokens_ms: 200,
                },
                ..LlmConfig::default()
            };
            let generator = OpenAiGenerator::new(&config).unwrap().unwrap();
            let evidence = [chunk(1, "Manual", MANUAL)];
            let options = Config::default();
            let asked = Asked {
                question: "How long is the button held to reset the X200?",
                evidence: &evidence,
                embed: None,
                rarity: None,
                options: &options,
            };
            let mut shown = Vec::new();
            let mut show = |sentence: &Sentence| shown.push(sentence.clone());
            let writing = Writing { sampling: config.sampling(), style: None };
            let mut stopwatch = Stopwatch::off();
            let answer = generated(&asked, &generator, writing, &mut show, &mut stopwatch).await;
            assert_eq!(answer.llm.as_ref().unwrap().base_url, server.base_url);
            if answer.mode == AnswerMode::Generated {
                assert_eq!(shown, answer.sentences);
            }
            (answer, shown)
        }

        #[tokio::test]
        async fn a_cited_answer_is_checked_and_kept() {
            let (answer, _) =
                ask(chat(&["Hold the button for 10 sec", "onds to reset the X200 [1]."])).await;
            assert_eq!(answer.mode, AnswerMode::Generated);
            assert_eq!(answer.text(), "Hold the button for 10 seconds to reset the X200. [1]");
        }

        #[tokio::test]
        async fn a_hallucinated_number_is_dropped() {
            let (answer, _) = ask(chat(&[
                "All settings return to factory defaults [1]. ",
                "Hold the button for 30 seconds [1].",
            ]))
            .await;
            assert_eq!((answer.sentences.len(), answer.dropped.len()), (1, 1));
            let Support::Unsupported(reason) = &answer.dropped[0].support else { panic!() };
            assert!(reason.contains("30 seconds"), "{reason}");
        }

        #[tokio::test]
        async fn a_sentence_is_shown_once_it_is_complete_and_only_when_it_is_carried() {
            let (answer, shown) = ask(vec![
                Act::head(),
                event("Hold the button for 30 seconds [1]. Hold the button for 10 sec"),
                event("onds to reset the X200 [1]. All settings"),
            ])
            .await;
            assert!(matches!(answer.mode, AnswerMode::Extractive { .. }), "the stream was cut");
            let shown: Vec<&str> = shown.iter().map(|sentence| sentence.text.as_str()).collect();
            assert_eq!(shown, ["Hold the button for 10 seconds to reset the X200."]);
        }

        async fn degraded(script: Vec<Act>, because: &str) {
            let (answer, _) = ask(script).await;
            let AnswerMode::Extractive { degraded_because: Some(reason) } = &answer.mode else {
                panic!("{answer:?}")
            };
            assert!(reason.contains(because), "{reason}");
            assert!(answer.text().contains("10 seconds"));
        }

        #[tokio::test]
        async fn a_stream_cut_in_the_middle_is_replaced_by_quotes() {
            degraded(vec![Act::head(), event("Hold the")], "in the middle").await;
        }

        #[tokio::test]
        async fn a_refused_key_is_said_and_quotes_answer() {
            let body = r#"{"error":{"message":"no","type":"x","param":null,"code":"401"}}"#;
            degraded(vec![Act::refusal("401 Unauthorized", body)], "API key").await;
        }

        #[tokio::test]
        async fn a_stalled_stream_is_replaced_by_quotes() {
            degraded(vec![Act::head(), event("Hold the"), Act::Hang], "within 200 ms").await;
        }
    }
}
