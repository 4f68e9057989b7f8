//! Asks a real OpenAI-compatible server, `VERITRAIL_TEST_LLM` (its base URL with
//! `/v1`). Whatever the model writes, no unsupported sentence may be in the answer.

use veritrail::answer::{Asked, Claim, Config, check, generated};
use veritrail::llm::{Config as LlmConfig, OpenAiGenerator, Timeouts};
use veritrail::model::{
    Answer, AnswerMode, Digest, DocumentId, Evidence, Fragment, FragmentId, FragmentKind, Sentence,
    Span, Support, VersionId,
};

fn chunk(number: usize, title: &str, text: &str) -> Evidence {
    let document = DocumentId::from_source(title);
    let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
    let fragment = Fragment {
        id: FragmentId::new(&version, 0),
        document,
        version,
        ordinal: 0,
        heading_path: Vec::new(),
        span: Span::new(0, text.chars().count()),
        text: text.to_owned(),
        kind: FragmentKind::Chunk,
    };
    Evidence {
        number,
        fragment,
        title: title.to_owned(),
        source: title.to_owned(),
        picture_source: None,
        score: 1.0,
        routes: Vec::new(),
        path: None,
    }
}

async fn ask(question: &str, evidence: &[Evidence]) -> Answer {
    let base_url = std::env::var("VERITRAIL_TEST_LLM").expect(
        "set VERITRAIL_TEST_LLM to the base URL of a running server, such as http://127.0.0.1:18080/v1",
    );
    let config = LlmConfig {
        base_url: Some(base_url),
        max_tokens: 120,
        timeouts: Timeouts {
            first_token_ms: 120_000,
            between_tokens_ms: 60_000,
            ..Timeouts::default()
        },
        ..LlmConfig::default()
    };
    let generator = OpenAiGenerator::new(&config).expect("a valid address").expect("a server");
    let options = Config::default();
    let asked = Asked { question, evidence, embed: None, options: &options };
    let mut shown = Vec::new();
    let mut show = |sentence: &Sentence| shown.push(sentence.clone());
    let answer = generated(&asked, &generator, config.sampling(), &mut show).await;
    let record = answer.llm.as_ref().expect("the model was asked");
    println!("mode: {:?}\noutput: {}\nanswer: {}", answer.mode, record.output, answer.text());
    for sentence in &answer.dropped {
        println!("dropped: {} {:?}", sentence.text, sentence.support);
    }
    assert!(!record.output.is_empty());
    assert_eq!(shown, answer.sentences);
    for sentence in &answer.sentences {
        assert_eq!(sentence.support, Support::Supported);
        let cited: Vec<usize> = sentence.citations.iter().map(|c| c.number).collect();
        for citation in &sentence.citations {
            let cited = evidence.iter().find(|e| e.number == citation.number);
            let quoted = cited.and_then(|e| citation.span.of(&e.fragment.text));
            assert_eq!(quoted, Some(citation.quote.as_str()));
        }
        let again = check(&[Claim { text: sentence.text.clone(), cited }], &asked);
        assert!(again.iter().all(|s| s.support == Support::Supported));
    }
    answer
}

#[tokio::test]
async fn a_real_model_is_streamed_and_nothing_unsupported_gets_through() {
    let evidence = [
        chunk(
            1,
            "Router manual",
            "The X200 router resets when the recessed button is held for 10 seconds.",
        ),
        chunk(2, "Pump manual", "The drain plug of pump P-7 is tightened to 40 Nm."),
    ];
    for question in [
        "How do I reset the X200 router?",
        "Which torque does the drain plug of pump P-7 need?",
        "How heavy is the X200 router?",
    ] {
        let answer = ask(question, &evidence).await;
        assert!(
            matches!(answer.mode, AnswerMode::Generated | AnswerMode::Abstained { .. }),
            "the protocol failed: {:?}",
            answer.mode
        );
    }
}
