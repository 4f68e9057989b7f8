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
use crate::llm::{GenerateError, Generator, Sampling};
use crate::model::{Answer, AnswerMode, LlmRecord, Support};
use futures::StreamExt;
use regex::Regex;
use std::sync::LazyLock;

/// What a language model wrote, unchecked.
#[derive(Debug)]
pub struct Draft {
    /// What was asked and what came back, complete or not.
    pub record: LlmRecord,
    /// Why the output is not complete.
    pub failure: Option<GenerateError>,
}

/// Lets the model answer, forwards what it writes and checks it. When the model
/// fails, before or in the middle, the answer is extractive and says why.
///
/// What is forwarded is not checked yet: sentences may be missing from the answer
/// that is returned. The check runs on the calling task; [`draft`] and [`verify`]
/// are the two halves for callers that embed on a thread of its own.
pub async fn generated(
    asked: &Asked<'_>,
    generator: &dyn Generator,
    sampling: Sampling,
    on_delta: &mut (dyn FnMut(&str) + Send),
) -> Answer {
    if asked.evidence.is_empty() {
        return abstained(asked.evidence, "", Vec::new(), None);
    }
    let draft = draft(asked, generator, sampling, on_delta).await;
    verify(asked, draft)
}

/// Asks the model and forwards each piece of its output as it comes.
pub async fn draft(
    asked: &Asked<'_>,
    generator: &dyn Generator,
    sampling: Sampling,
    on_delta: &mut (dyn FnMut(&str) + Send),
) -> Draft {
    let prompt = prompt(asked, sampling);
    let mut record = LlmRecord {
        model: generator.model().to_owned(),
        base_url: generator.base_url().to_owned(),
        prompt_template: PROMPT_TEMPLATE.to_owned(),
        prompt_digest: digest(&prompt),
        temperature: prompt.temperature,
        output: String::new(),
    };
    let mut deltas = generator.generate(prompt);
    while let Some(delta) = deltas.next().await {
        match delta {
            Ok(delta) => {
                on_delta(&delta);
                record.output.push_str(&delta);
            }
            Err(failure) => return Draft { record, failure: Some(failure) },
        }
    }
    Draft { record, failure: None }
}

/// Checks a draft and makes the answer of it.
pub fn verify(asked: &Asked<'_>, draft: Draft) -> Answer {
    let Draft { record, failure } = draft;
    if let Some(failure) = failure {
        tracing::warn!(error = %failure, "the language model failed; answering with quotes");
        let degraded = extract(asked, Some(failure.to_string()));
        return Answer { llm: Some(record), ..degraded };
    }
    let output = without_thoughts(&record.output);
    let claims = claims(&output);
    if says_insufficient(&claims) {
        let why = "the language model found no answer in the evidence";
        return abstained(asked.evidence, why, Vec::new(), Some(record));
    }
    if claims.is_empty() {
        let degraded = extract(asked, Some("the language model wrote nothing".to_owned()));
        return Answer { llm: Some(record), ..degraded };
    }
    let checked = check(&claims, asked);
    let any_supported = checked.iter().any(|s| s.support == Support::Supported);
    let keep_all = asked.options.policy == Policy::Flag && any_supported;
    let (sentences, dropped): (Vec<_>, Vec<_>) =
        checked.into_iter().partition(|s| keep_all || s.support == Support::Supported);
    if sentences.is_empty() {
        let why = "the cited passages carry no sentence that the language model wrote";
        return abstained(asked.evidence, why, dropped, Some(record));
    }
    Answer { sentences, dropped, mode: AnswerMode::Generated, llm: Some(record) }
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
            options: &options,
        };
        let record = LlmRecord {
            model: "m".into(),
            base_url: "http://localhost".into(),
            prompt_template: PROMPT_TEMPLATE.into(),
            prompt_digest: Digest::of(b""),
            temperature: 0.0,
            output: output.into(),
        };
        verify(&asked, Draft { record, failure: None })
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

        async fn ask(script: Vec<Act>) -> (Answer, String) {
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
                options: &options,
            };
            let mut forwarded = String::new();
            let mut forward = |delta: &str| forwarded.push_str(delta);
            let answer = generated(&asked, &generator, config.sampling(), &mut forward).await;
            let record = answer.llm.as_ref().unwrap();
            assert_eq!((&record.output, &record.base_url), (&forwarded, &server.base_url));
            (answer, forwarded)
        }

        #[tokio::test]
        async fn a_cited_answer_is_forwarded_checked_and_kept() {
            let (answer, forwarded) =
                ask(chat(&["Hold the button for 10 sec", "onds to reset the X200 [1]."])).await;
            assert_eq!(answer.mode, AnswerMode::Generated);
            assert_eq!(answer.text(), "Hold the button for 10 seconds to reset the X200. [1]");
            assert!(forwarded.ends_with("[1]."));
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
