//! A real language model (SmolLM2-135M) behind llama.cpp's server, installed by
//! `make test`. It is too small to be right, so the tests ask what must hold
//! whatever it writes: nothing unsupported is shown, every citation quotes its
//! evidence, and a server that dies is replaced by quotes.

use crate::fixtures::{ingest, open, pump_documents};
use crate::server::{Running, get, http, serve_on};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use veritrail::embed::cache_dir_from_env;
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::extract::Rejection;
use veritrail::model::{AnswerMode, AnswerRecord, Query, Sentence, Support};

/// llama.cpp's server; killed when dropped.
struct Llama {
    child: Mutex<Child>,
    port: u16,
}

impl Llama {
    fn start() -> Self {
        let folder = cache_dir_from_env().join("language-model");
        let entries = std::fs::read_dir(&folder).expect("run `.ci/language-model` first");
        let entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        let found = |wanted: &dyn Fn(&Path) -> bool| {
            let found = entries.iter().find(|path| wanted(path));
            found.expect("run `.ci/language-model` first").clone()
        };
        let server = found(&|path| path.is_dir() && path.join("xllamacpp").exists());
        let model = found(&|path| path.extension().is_some_and(|ending| ending == "gguf"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/llama_server.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args([&server, &model])
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.any(|line| line.unwrap().starts_with("listening"));
        assert!(listening, "llama.cpp's server ended before it listened");
        Self { child: Mutex::new(child), port }
    }

    fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The pump documents in a knowledge base that asks the model at `port`.
fn knowledge_base(port: u16) -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    let settings = format!(
        "[llm]\nbase_url = \"http://127.0.0.1:{port}/v1\"\nmax_tokens = 100\n\
         [llm.timeouts]\nfirst_token_ms = 240000\nbetween_tokens_ms = 60000\n"
    );
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

/// Asks, and checks what must hold for every answer.
fn ask(knowledge_base: &KnowledgeBase, question: &str) -> (AnswerRecord, Vec<Sentence>) {
    let mut shown = Vec::new();
    let mut show = |sentence: &Sentence| shown.push(sentence.clone());
    let session = knowledge_base.session().unwrap();
    let options = AskOptions::for_principal("tester");
    let record = session.ask(&Query::text(question, 10), &options, &mut show).unwrap();
    let answer = &record.answer;
    let output = &answer.llm.as_ref().expect("the model was asked").output;
    println!(
        "{question}\n  mode: {:?}\n  output: {output}\n  answer: {}",
        answer.mode,
        answer.text()
    );
    assert!(!output.is_empty(), "the model wrote nothing");
    for sentence in answer.sentences.iter().chain(&shown) {
        assert_eq!(sentence.support, Support::Supported);
        assert!(!sentence.citations.is_empty());
        for citation in &sentence.citations {
            let evidence = &record.evidence[citation.number - 1];
            assert_eq!(citation.span.of(&evidence.fragment.text), Some(citation.quote.as_str()));
        }
    }
    assert!(!knowledge_base.answer_record(&record.id).unwrap().is_empty());
    (record, shown)
}

#[test]
fn a_real_model_answers_and_only_what_the_evidence_carries_is_shown() {
    let llama = Llama::start();
    let (_root, knowledge_base) = knowledge_base(llama.port);
    let mut n_generated = 0;
    for question in [
        "What is the order number of the shaft seal?",
        "When does the Pump X-10 show error E-17?",
        "What does the shaft seal SP-3117 cost the factory?",
    ] {
        let (record, shown) = ask(&knowledge_base, question);
        match &record.answer.mode {
            AnswerMode::Generated => {
                n_generated += 1;
                assert_eq!(shown, record.answer.sentences);
            }
            AnswerMode::Abstained { .. }
            | AnswerMode::Refused { .. }
            | AnswerMode::Waiting { .. } => assert_eq!(shown, []),
            AnswerMode::Extractive { degraded_because } => {
                panic!("the protocol failed: {degraded_because:?}")
            }
        }
    }
    assert!(n_generated > 0, "no answer of the model was carried by the evidence");
}

/// One turn, streamed over HTTP: the text, and the last piece with a choice.
async fn streamed_turn(server: &Running, said: &[&str]) -> (String, Value) {
    let message = |(i, text): (usize, &&str)| json!({ "role": if i % 2 == 0 { "user" } else { "assistant" }, "content": text });
    let messages: Vec<Value> = said.iter().enumerate().map(message).collect();
    let body = json!({ "model": "veritrail", "stream": true, "messages": messages });
    let url = format!("{}/v1/chat/completions", server.base);
    let response = http().post(url).json(&body).send().await.unwrap();
    let id = response.headers()["x-veritrail-answer-id"].to_str().unwrap().to_owned();
    let events = response.text().await.unwrap();
    let mut data: Vec<&str> =
        events.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data.pop(), Some("[DONE]"), "{events}");
    let pieces: Vec<Value> =
        data.iter().map(|piece| serde_json::from_str(piece).unwrap()).collect();
    let text = pieces.iter().filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str());
    let last = pieces.last().unwrap().clone();
    assert_eq!(last["answer_id"], id, "{events}");
    (text.collect(), last)
}

#[tokio::test]
async fn a_real_model_is_asked_again_over_http_and_every_turn_is_recorded() {
    let llama = Llama::start();
    let (root, knowledge_base) = knowledge_base(llama.port);
    let server = serve_on(root, knowledge_base).await;
    let first = "When does the Pump X-10 show error E-17?";
    let (answer, last) = streamed_turn(&server, &[first]).await;
    println!("{first}\n  {answer}\n  {}", last["mode"]);
    assert_eq!(last["resolved_question"], Value::Null);
    let (second, last) = streamed_turn(&server, &[first, &answer, "Why does it show that?"]).await;
    println!("{}\n  {second}\n  {}", last["resolved_question"], last["mode"]);
    assert!(last["resolved_question"].as_str().unwrap().contains("X-10"), "{last}");
    assert!(last["degraded_because"].is_null(), "the protocol failed: {last}");
    for cited in last["citations"].as_array().unwrap() {
        assert!(!cited["quote"].as_str().unwrap().is_empty());
    }
    let url = format!("{}/api/answers/{}", server.base, last["answer_id"].as_str().unwrap());
    let (status, _, record) = get(url, "application/json").await;
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!((status, &record["resolved_question"]), (200, &last["resolved_question"]));
    assert!(!record["llm"]["output"].as_str().unwrap().is_empty(), "{record}");
}

/// Passes bytes on to the server and kills it after some of its answer.
async fn pass_on_and_kill(listener: tokio::net::TcpListener, llama: Arc<Llama>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let llama = Arc::clone(&llama);
        tokio::spawn(async move {
            let address = ("127.0.0.1", llama.port);
            let Ok(mut server) = tokio::net::TcpStream::connect(address).await else { return };
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let ask = tokio::io::copy(&mut from_client, &mut to_server);
            let answer = async {
                let (mut buffer, mut n_bytes) = (vec![0; 4096], 0);
                while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                    to_client.write_all(&buffer[..n]).await.unwrap();
                    n_bytes += n;
                    if n_bytes > 3_000 {
                        llama.kill();
                    }
                }
            };
            // When the server is dead, the connection of the client ends too.
            tokio::select! { _ = ask => {}, () = answer => {} }
        });
    }
}

#[test]
fn a_server_killed_in_the_middle_is_replaced_by_quotes_and_the_answer_says_so() {
    let llama = Arc::new(Llama::start());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let (_root, knowledge_base) = knowledge_base(listener.local_addr().unwrap().port());
    runtime.spawn(pass_on_and_kill(listener, Arc::clone(&llama)));
    let (record, _) = ask(&knowledge_base, "What is the order number of the shaft seal?");
    let AnswerMode::Extractive { degraded_because: Some(reason) } = &record.answer.mode else {
        panic!("{:?}", record.answer.mode)
    };
    assert!(reason.contains("in the middle"), "{reason}");
    assert!(record.answer.text().contains("SP-3117"));
    runtime.shutdown_timeout(Duration::from_secs(1));
}

#[test]
fn a_real_model_writes_json_of_the_schema_and_only_what_the_text_says_is_kept() {
    let llama = Llama::start();
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = "The Pump X-10 contains the shaft seal SP-3117.";
    crate::fixtures::write(source.path(), "manuals/a.md", format!("# Pump X-10\n\n{text}\n"));
    KnowledgeBase::init(root.path()).unwrap();
    let settings = format!(
        "[llm]\nbase_url = \"http://127.0.0.1:{}/v1\"\n\
         [llm.timeouts]\nfirst_token_ms = 240000\nbetween_tokens_ms = 60000\n\
         [extract.llm]\nsources = [\"manuals/\"]\nmax_output_tokens = 300\n\
         predicates = [\"http://purl.org/dc/terms/hasPart\"]\n\
         classes = [\"https://schema.org/Product\"]\n",
        llama.port
    );
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = open(root.path());
    knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    let outcome = knowledge_base.extract(&mut |_| {}).unwrap();
    println!("{outcome:?}");
    assert!(outcome.unasked.is_empty(), "{outcome:?}");
    assert!(!outcome.in_words && !outcome.usage.estimated, "{outcome:?}");
    assert_eq!(outcome.n_asked, 1);
    // The grammar keeps to the form and to the lists, whatever the model says in them.
    for reason in [Rejection::Malformed, Rejection::Form, Rejection::Predicate, Rejection::Class] {
        assert!(!outcome.rejected.contains_key(&reason), "{outcome:?}");
    }
    assert!(outcome.usage.n_prompt > 100 && outcome.usage.n_output > 0);
    knowledge_base.publish(&mut |_| {}).unwrap();
    let options = veritrail::graph::QueryOptions {
        timeout_ms: 10_000,
        formats: vec![veritrail::graph::ResultFormat::Csv],
    };
    let mut quotes = Vec::new();
    let query = "SELECT ?quote { ?s a vt:Statement ; vt:quote ?quote }";
    knowledge_base.sparql(query, &options, &mut quotes).unwrap();
    let quotes = String::from_utf8(quotes).unwrap();
    let quotes: Vec<&str> = quotes.lines().skip(1).map(str::trim_end).collect();
    assert_eq!(quotes.len(), outcome.n_accepted);
    assert!(quotes.iter().all(|quote| text.contains(quote.trim_matches('"'))), "{quotes:?}");
}
