//! Documents over HTTP: in, out, and whatever happens meanwhile.

use crate::fixtures::{
    example, ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use crate::server::{Running, serve_on};
use futures::StreamExt;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use veritrail::engine::Receipt;

const BOUNDARY: &str = "----boundary-of-the-tests";
/// Content type of such a form.
pub(crate) const FORM: &str = "multipart/form-data; boundary=----boundary-of-the-tests";

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// A form of files and of other fields.
pub(crate) fn form(files: &[(&str, &[u8])], fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    for (name, bytes) in files {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 content-type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(base: &str, body: Vec<u8>) -> (u16, Value) {
    let request = http().post(format!("{base}/api/documents")).header("content-type", FORM);
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn upload(base: &str, files: &[(&str, &[u8])], fields: &[(&str, &str)]) -> String {
    let (status, body) = send(base, form(files, fields)).await;
    assert_eq!(status, 202, "{body}");
    body["job"].as_str().unwrap().to_owned()
}

async fn get(url: &str) -> (u16, Value) {
    let response = http().get(url).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The names and data of the events of a job, to its end.
async fn events(base: &str, job: &str) -> Vec<(String, Value)> {
    let response = http().get(format!("{base}/api/jobs/{job}/events")).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let of = |event: &str, field: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(field));
        line.map(|value| value.trim().to_owned())
    };
    let parsed = text.split("\n\n").filter_map(|event| {
        let data = serde_json::from_str(&of(event, "data:")?).unwrap();
        Some((of(event, "event:")?, data))
    });
    parsed.collect()
}

/// The job when it ended.
async fn ended(base: &str, job: &str) -> Value {
    let events = events(base, job).await;
    let (name, last) = events.last().unwrap();
    assert_eq!(name, "done", "{events:?}");
    last.clone()
}

async fn sources(base: &str, query: &str) -> Vec<String> {
    let (status, body) = get(&format!("{base}/api/documents?{query}")).await;
    assert_eq!(status, 200, "{body}");
    let documents = body["documents"].as_array().unwrap();
    documents.iter().map(|document| document["source"].as_str().unwrap().to_owned()).collect()
}

/// What an answer says, and from where.
async fn ask(base: &str, question: &str) -> (u16, String) {
    let body = json!({
        "model": "veritrail:extractive", "messages": [{ "role": "user", "content": question }],
    });
    let url = format!("{base}/v1/chat/completions");
    let response = http().post(url).json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

async fn serve() -> Running {
    serve_with("").await
}

/// The pump documents, with further settings.
async fn serve_with(settings: &str) -> Running {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let file = root.path().join("veritrail.toml");
    let known = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{known}{settings}")).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    serve_on(root, knowledge_base).await
}

const VALVE: &[u8] = b"# Valve KV-77\n\nThe valve KV-77 opens at 4.5 bar.\n";

#[tokio::test]
async fn an_uploaded_document_is_found_and_handed_out() {
    let server = serve().await;
    let base = &server.base;
    let job = upload(base, &[("valve KV.md", VALVE)], &[("folder", "manuals")]).await;
    let seen = events(base, &job).await;
    assert!(seen.len() > 1 && seen[..seen.len() - 1].iter().all(|(name, _)| name == "progress"));
    let (_, last) = seen.last().unwrap();
    assert_eq!((&last["status"], &last["kind"]), (&json!("done"), &json!("upload")), "{last}");
    assert_eq!((&last["result"]["n_new"], &last["result"]["failed"]), (&json!(1), &json!([])));
    let id = last["result"]["files"][0]["document_id"].as_str().unwrap();
    assert_eq!(id, "manuals/valve%20KV.md");
    let (_, told) = get(&format!("{base}/api/jobs/{job}")).await;
    assert_eq!(told["result"], last["result"]);
    let (_, jobs) = get(&format!("{base}/api/jobs")).await;
    assert_eq!(jobs["jobs"][0]["id"], job.as_str());
    let (status, answer) = ask(base, "At which pressure does the valve KV-77 open?").await;
    assert!(status == 200 && answer.contains("4.5 bar"), "{answer}");
    assert_eq!(sources(base, "query=valve").await, ["manuals/valve KV.md"]);
    assert_eq!(sources(base, "media_type=text/&limit=2&offset=1").await.len(), 2);
    assert_eq!(sources(base, "label=secret").await, Vec::<String>::new());
    let encoded: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let url = format!("{base}/api/documents/{encoded}");
    let (status, one) = get(&url).await;
    assert_eq!((status, &one["title"]), (200, &json!("Valve KV-77")), "{one}");
    assert_eq!(one["size_bytes"], VALVE.len());
    assert!(one["ingested_at"].as_str().unwrap().starts_with("20"), "{one}");
    assert_eq!(one["n_fragments"], one["fragments"].as_array().unwrap().len());
    let text = http().get(format!("{url}/text")).send().await.unwrap();
    assert_eq!(text.headers()["content-type"], "text/plain; charset=utf-8");
    assert!(text.text().await.unwrap().contains("4.5 bar"));
    let original = http().get(format!("{url}/original")).send().await.unwrap();
    let headers = original.headers().clone();
    assert_eq!(original.bytes().await.unwrap(), VALVE);
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"valve KV.md\"")
    );
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let again = http().get(format!("{url}/original")).header("if-none-match", &headers["etag"]);
    assert_eq!(again.send().await.unwrap().status().as_u16(), 304);
    let part = http().get(format!("{url}/original")).header("range", "bytes=2-6");
    let part = part.send().await.unwrap();
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 2-6/{}", VALVE.len()).as_str());
    assert_eq!(part.text().await.unwrap(), "Valve");
}

#[tokio::test]
async fn the_same_name_again_replaces_the_document() {
    let server = serve().await;
    let base = &server.base;
    let job = upload(base, &[("valve.md", VALVE)], &[]).await;
    assert_eq!(ended(base, &job).await["result"]["n_new"], 1);
    let job = upload(base, &[("valve.md", VALVE)], &[]).await;
    assert_eq!(ended(base, &job).await["result"]["n_unchanged"], 1);
    let other = b"# Valve KV-77\n\nThe valve KV-77 opens at 9 bar.\n";
    let job = upload(base, &[("valve.md", other)], &[]).await;
    let end = ended(base, &job).await;
    assert_eq!((&end["result"]["n_changed"], &end["result"]["n_new"]), (&json!(1), &json!(0)));
    assert_eq!(sources(base, "query=valve").await.len(), 1);
    let (_, answer) = ask(base, "At which pressure does the valve KV-77 open?").await;
    assert!(answer.contains("9 bar") && !answer.contains("4.5 bar"), "{answer}");
    let two = b"{\"id\":\"1\",\"text\":\"One note.\"}\n{\"id\":\"2\",\"text\":\"Two notes.\"}\n";
    let job = upload(base, &[("notes.jsonl", two)], &[]).await;
    assert_eq!(ended(base, &job).await["result"]["n_new"], 2);
    let one = b"{\"id\":\"2\",\"text\":\"Two notes.\"}\n";
    let job = upload(base, &[("notes.jsonl", one)], &[]).await;
    let end = ended(base, &job).await;
    assert_eq!(
        (&end["result"]["vanished"], &end["result"]["receipt"]),
        (&json!(["notes.jsonl#1"]), &json!(null))
    );
    let job = upload(base, &[("notes.jsonl", one)], &[("prune", "true")]).await;
    let end = ended(base, &job).await;
    assert_eq!(end["result"]["receipt"]["documents"][0]["source"], "notes.jsonl#1");
    assert_eq!(sources(base, "query=notes").await, ["notes.jsonl#2"]);
    assert!(sources(base, "").await.contains(&"docs/pump.md".to_owned()), "others stay");
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_refused_or_told_file_by_file() {
    let server = serve_with("[ingest]\nmax_file_bytes = 5000\n").await;
    let base = &server.base;
    for (name, folder, expected) in [
        ("../a.md", "", 400),
        ("a.md", "../../etc", 400),
        ("/etc/a.md", "", 400),
        ("a.md", "x/../y", 400),
        (".hidden.md", "", 400),
        ("a\\b.md", "", 400),
        ("", "", 400),
        ("program.exe", "", 400),
    ] {
        let (status, body) = send(base, form(&[(name, VALVE)], &[("folder", folder)])).await;
        assert_eq!(status, expected, "{folder:?} {name:?}: {body}");
        assert!(body["error"]["message"].as_str().unwrap().contains("expected"), "{body}");
    }
    let (status, _) = send(base, form(&[], &[])).await;
    assert_eq!(status, 400);
    let (status, body) = send(base, form(&[("a.md", VALVE), ("a.md", VALVE)], &[])).await;
    assert!(status == 400 && body.to_string().contains("twice"), "{body}");
    let (status, body) = send(base, form(&[("big.md", &[b'x'; 6000])], &[])).await;
    assert_eq!((status, &body["error"]["code"]), (413, &json!("too_large")), "{body}");
    let (status, body) = send(base, b"no form".to_vec()).await;
    assert_eq!(status, 400, "{body}");
    let plain = http().post(format!("{base}/api/documents")).body("x").send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 415);
    let files: [(&str, &[u8]); 3] =
        [("good.md", VALVE), ("bad.png", b"\x89PNG\r\n\x1a\nno picture"), ("x.exe", b"MZ")];
    let end = ended(base, &upload(base, &files, &[("folder", "mixed")]).await).await;
    assert_eq!((&end["status"], &end["result"]["n_new"]), (&json!("done"), &json!(1)), "{end}");
    let failed = end["result"]["failed"].as_array().unwrap();
    let sources: Vec<&str> = failed.iter().map(|one| one["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["x.exe", "mixed/bad.png"], "{end}");
    assert!(!end.to_string().contains("spool"), "no place of the server is told: {end}");
    let only: [(&str, &[u8]); 1] = [("bad.png", b"\x89PNG\r\n\x1a\nno picture")];
    let end = ended(base, &upload(base, &only, &[]).await).await;
    assert_eq!(end["status"], "failed", "{end}");
    for (path, method) in [
        ("/api/documents/nothing.md", "GET"),
        ("/api/documents/nothing.md/text", "GET"),
        ("/api/documents/nothing.md/original", "GET"),
        ("/api/documents/nothing.md/picture", "GET"),
        ("/api/documents/nothing.md", "DELETE"),
        ("/api/jobs/00000000000000000000", "GET"),
        ("/api/jobs/x/events", "GET"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let response = http().request(method, format!("{base}{path}")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_part_of_a_picture_is_shown() {
    let server = serve().await;
    let base = &server.base;
    let bytes = std::fs::read(example().join("pictures/leds-fell-400-low-supply.png")).unwrap();
    let files: [(&str, &[u8]); 2] =
        [("leds.png", &bytes), ("page.html", b"<h1>Page</h1><p>Text.</p>")];
    assert_eq!(ended(base, &upload(base, &files, &[]).await).await["result"]["n_new"], 2);
    let url = format!("{base}/api/documents/leds.png");
    let original = http().get(format!("{url}/original")).send().await.unwrap();
    assert_eq!(original.headers()["content-type"], "image/png");
    assert!(original.headers()["content-disposition"].to_str().unwrap().starts_with("inline"));
    let part =
        http().get(format!("{url}/picture?region=xywh=pixel:1,2,30,20")).send().await.unwrap();
    assert_eq!(part.headers()["content-type"], "image/png");
    let part = image::load_from_memory(&part.bytes().await.unwrap()).unwrap();
    assert_eq!((part.width(), part.height()), (30, 20));
    for (region, expected) in [("xywh=pixel:0,0,99999,5", 400), ("0,0,5,5", 400)] {
        let wrong = http().get(format!("{url}/picture?region={region}")).send().await.unwrap();
        assert_eq!(wrong.status().as_u16(), expected, "{region}");
    }
    let page = http().get(format!("{base}/api/documents/page.html/original")).send().await.unwrap();
    assert!(page.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let none = http().get(format!("{base}/api/documents/page.html/picture")).send().await.unwrap();
    assert_eq!(none.status().as_u16(), 404);
}

#[tokio::test]
async fn questions_are_answered_while_jobs_run() {
    let server = serve().await;
    let base = &server.base;
    let texts: Vec<(String, String)> = (0..60)
        .map(|n| {
            (format!("n{n}.md"), format!("# Note {n}\n\nThe note {n} is about part PX-{n}.\n"))
        })
        .collect();
    let files: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let first = upload(base, &files, &[("folder", "a")]).await;
    let second = upload(base, &[("valve.md", VALVE)], &[]).await;
    let mut n_asked = 0;
    loop {
        let (status, answer) = ask(base, "What is the order number of the shaft seal?").await;
        assert!(status == 200 && answer.contains("SP-3117"), "{status} {answer}");
        n_asked += 1;
        let (_, job) = get(&format!("{base}/api/jobs/{second}")).await;
        if job["status"] == "done" {
            break;
        }
        assert_ne!(job["status"], "failed", "{job}");
    }
    assert!(n_asked > 1);
    assert_eq!(ended(base, &first).await["result"]["n_new"], 60);
    let (_, answer) = ask(base, "At which pressure does the valve KV-77 open?").await;
    assert!(answer.contains("4.5 bar"), "{answer}");
}

/// The program serving, killed when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) base: String,
}

impl Served {
    pub(crate) fn start(kb: &Path) -> Self {
        let mut command = program(kb);
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once(" on http://")?.1.trim().to_owned()));
        // Whoever writes to a closed pipe is ended.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: format!("http://{}", base.expect("the program serves")) }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn prepared() -> TempDir {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    root
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let root = prepared();
    let served = Served::start(root.path());
    let files: Vec<(String, Vec<u8>)> = (0..40)
        .map(|n| (format!("n{n}.md"), format!("# Note {n}\n\nPart PX-{n} is blue.\n").into_bytes()))
        .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let first = upload(&served.base, &files, &[]).await;
    let second = upload(&served.base, &[("valve.md", VALVE)], &[]).await;
    let deleting = http().delete(format!("{}/api/documents/docs%2Fparts.md", served.base));
    let deleting = deleting.send().await.unwrap();
    assert_eq!(deleting.status().as_u16(), 202);
    let third = deleting.json::<Value>().await.unwrap()["job"].as_str().unwrap().to_owned();
    served.kill();
    let served = Served::start(root.path());
    for job in [&first, &second, &third] {
        let end = ended(&served.base, job).await;
        assert_eq!(end["status"], "done", "{end}");
    }
    assert_eq!(sources(&served.base, "query=note").await.len(), 40);
    let (_, answer) = ask(&served.base, "At which pressure does the valve KV-77 open?").await;
    assert!(answer.contains("4.5 bar"), "{answer}");
    let (status, _) = get(&format!("{}/api/documents/docs%2Fparts.md", served.base)).await;
    assert_eq!(status, 404);
    served.kill();
    let knowledge_base = open(root.path());
    assert_eq!(knowledge_base.status().unwrap().findings, Vec::<String>::new());
    let left = std::fs::read_dir(root.path().join("spool")).unwrap();
    let left: Vec<bool> = left.map(|job| job.unwrap().path().join("files").exists()).collect();
    assert_eq!(left, [false, false, false], "jobs that ended keep their outcome, not their files");
}

#[tokio::test]
async fn a_knowledge_base_without_documents_is_served_and_filled() {
    let root = tempfile::tempdir().unwrap();
    init_with_text_alone(root.path());
    let served = Served::start(root.path());
    assert_eq!(sources(&served.base, "").await, Vec::<String>::new());
    let job = upload(&served.base, &[("valve.md", VALVE)], &[]).await;
    assert_eq!(ended(&served.base, &job).await["status"], "done");
    let (_, answer) = ask(&served.base, "At which pressure does the valve KV-77 open?").await;
    assert!(answer.contains("4.5 bar"), "{answer}");
}

#[tokio::test]
async fn a_deletion_has_a_receipt_and_leaves_nothing() {
    let root = prepared();
    let served = Served::start(root.path());
    let base = &served.base;
    let (_, answer) = ask(base, "What is the order number of the shaft seal?").await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let url = format!("{base}/api/documents/docs%2Fparts.md?erase_quotes=true&reason=GDPR+17");
    let response = http().delete(&url).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 202);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    let job = body["job"].as_str().unwrap();
    assert_eq!(location, format!("/api/jobs/{job}"));
    // Before the job has ended, too: the generation that is served still holds it.
    assert_eq!(get(&format!("{base}/api/documents/docs%2Fparts.md")).await.0, 404);
    assert!(!sources(base, "").await.iter().any(|source| source == "docs/parts.md"));
    let (_, meanwhile) = ask(base, "What is the order number of the shaft seal?").await;
    assert!(!meanwhile.contains("docs/parts.md"), "{meanwhile}");
    let end = ended(base, job).await;
    let receipt: Receipt = serde_json::from_value(end["result"]["receipt"].clone()).unwrap();
    assert_eq!(receipt.digest().to_string(), receipt.sha256);
    assert_eq!(receipt.documents[0].source, "docs/parts.md");
    assert_eq!((receipt.reason.as_deref(), receipt.quotes_erased), (Some("GDPR 17"), true));
    assert_eq!(receipt.answers, [answer["answer_id"].as_str().unwrap()]);
    assert_eq!(get(&format!("{base}/api/documents/docs%2Fparts.md")).await.0, 404);
    assert_eq!(http().delete(&url).send().await.unwrap().status().as_u16(), 404);
    let (_, answer) = ask(base, "What is the order number of the shaft seal?").await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(!answer["citations"].to_string().contains("docs/parts.md"), "{answer}");
    served.kill();
    let served = Served::start(root.path());
    let (_, told) = get(&format!("{}/api/jobs/{job}", served.base)).await;
    assert_eq!(told["result"]["receipt"]["sha256"], receipt.sha256.as_str(), "it is kept");
    served.kill();
    let check = program(root.path()).args(["delete", "--check", "docs/parts.md"]).output().unwrap();
    let (code, said, _) = outcome(&check);
    assert!(code == 0 && said.contains("0 traces left"), "{said}");
}

#[tokio::test]
async fn feedback_goes_to_review_and_a_decision_is_kept() {
    let server = serve().await;
    let base = &server.base;
    let (_, answer) = ask(base, "What is the order number of the shaft seal?").await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let id = answer["answer_id"].as_str().unwrap();
    let give = |body: Value| http().post(format!("{base}/api/feedback")).json(&body).send();
    let wrong = json!({ "answer_id": id, "verdict": "wrong", "comment": "It is SP-4000 now." });
    assert_eq!(give(wrong.clone()).await.unwrap().status().as_u16(), 201);
    assert_eq!(give(wrong).await.unwrap().status().as_u16(), 201);
    for (body, expected) in [
        (json!({ "answer_id": "0abc", "verdict": "good" }), 404),
        (json!({ "answer_id": "../x", "verdict": "good" }), 404),
        (json!({ "answer_id": id, "verdict": "fine" }), 422),
        (json!({ "answer_id": id, "verdict": "bad", "comment": "x".repeat(2001) }), 400),
    ] {
        assert_eq!(give(body.clone()).await.unwrap().status().as_u16(), expected, "{body}");
    }
    let (status, list) = get(&format!("{base}/api/review?kind=feedback")).await;
    assert_eq!((status, &list["total"]), (200, &json!(1)), "the last word counts: {list}");
    let item = &list["items"][0];
    assert_eq!(item["about"]["comment"], "It is SP-4000 now.");
    assert!(item["about"]["answer"].as_str().unwrap().contains("SP-3117"), "{item}");
    let url = format!("{base}/api/review/{}", item["id"].as_str().unwrap());
    let decide = json!({ "decision": "accept", "reason": "The list was printed again." });
    let decided = http().post(&url).json(&decide).send().await.unwrap();
    assert_eq!(decided.status().as_u16(), 200);
    assert_eq!(decided.json::<Value>().await.unwrap()["job"], json!(null));
    let (_, list) = get(&format!("{base}/api/review?kind=feedback")).await;
    assert_eq!(list["total"], 0, "{list}");
    let unknown = http().post(format!("{base}/api/review/merge:0abc")).json(&decide);
    assert_eq!(unknown.send().await.unwrap().status().as_u16(), 404);
    assert_eq!(get(&format!("{base}/api/review?kind=nothing")).await.0, 400);
}

#[tokio::test]
async fn a_claim_that_is_decided_is_published() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    write(
        source.path(),
        "world.ttl",
        "@prefix ex: <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\
         ex:thorpe-town a ex:Town ; rdfs:label \"Thorpe\" ; ex:population 812 .\n\
         ex:thorpe-valve a ex:Valve ; rdfs:label \"Thorpe\" ; ex:diameter 20 .\n",
    );
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let base = &server.base;
    let (_, list) = get(&format!("{base}/api/review?kind=merges")).await;
    let Some(item) = list["items"].as_array().unwrap().first() else {
        panic!("the example asks nothing: {list}")
    };
    let url = format!("{base}/api/review/{}", item["id"].as_str().unwrap());
    let decided = http().post(&url).json(&json!({ "decision": "reject", "reason": "two models" }));
    let decided: Value = decided.send().await.unwrap().json().await.unwrap();
    assert_eq!(decided["status"], "rejected", "{decided}");
    let end = ended(base, decided["job"].as_str().unwrap()).await;
    assert_eq!((&end["status"], &end["kind"]), (&json!("done"), &json!("publish")), "{end}");
    let (_, after) = get(&format!("{base}/api/review?kind=merges")).await;
    assert_eq!(after["total"].as_u64().unwrap() + 1, list["total"].as_u64().unwrap());
}

#[tokio::test]
async fn a_stream_of_a_job_that_ended_ends_at_once() {
    let server = serve().await;
    let job = upload(&server.base, &[("valve.md", VALVE)], &[]).await;
    ended(&server.base, &job).await;
    let begin = Instant::now();
    let events = events(&server.base, &job).await;
    assert_eq!(events.len(), 1);
    assert!(begin.elapsed() < Duration::from_secs(5));
}
