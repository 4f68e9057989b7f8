//! The policy over HTTP: refusals, disclaimers, and answers that wait, of which no word
//! reaches whoever asked on any way before a person has approved them.

use crate::access::{client, key};
use crate::browser::Browser;
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents, write};
use crate::mcp::by_client;
use crate::scripted_server::{ScriptedServer, chat as script, serve as scripted};
use crate::server::{Running, get, http, serve_on};
use reqwest::Method;
use serde_json::{Value, json};

const ASKED: &str = "What is the order number of the shaft seal?";
const SAID: &str = "The shaft seal has the order number SP-3117. [1]";
const SECRET: &str = "3117";
const HELD: &str = "[[rule]]\nname = 'checked'\ntopics = ['order number']\napproval = true\n\
                    disclaimer = 'Check the drawing.'\n";

struct Served {
    server: Running,
    /// An agent, an engineer and an auditor.
    anna: String,
    eva: String,
    otto: String,
    _llm: ScriptedServer,
}

impl Served {
    async fn new(policy: &str) -> Self {
        let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
        let llm = scripted(script(&["The shaft seal has the order ", "number SP-3117 [1]."])).await;
        init_with_text_alone(root.path());
        let settings = std::fs::read_to_string(root.path().join("veritrail.toml")).unwrap();
        let more = format!(
            "[serve]\nauthentication = 'required'\nrequests_per_minute = 1000000\n[llm]\nbase_url = '{}'\nmodel = 'tiny'\n",
            llm.base_url
        );
        write(root.path(), "veritrail.toml", settings + &more);
        write(root.path(), "policy.toml", policy);
        let of = |name: &str, role: &str, labels: &str| {
            key(root.path(), &["--name", name, "--role", role, labels]).1
        };
        let anna = of("anna", "agent", "--label=support");
        let (eva, otto) =
            (of("eva", "engineer", "--all-labels"), of("otto", "auditor", "--all-labels"));
        let knowledge_base = open(root.path());
        ingest(&knowledge_base, source.path());
        Self { server: serve_on(root, knowledge_base).await, anna, eva, otto, _llm: llm }
    }

    async fn send(
        &self,
        key: &str,
        method: Method,
        path: &str,
        accept: &str,
        body: Option<(&str, String)>,
    ) -> (u16, String) {
        let mut request = client().request(method, format!("{}{path}", self.server.base));
        request = request.bearer_auth(key).header("accept", accept);
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind.to_owned()).body(body);
        }
        let response = request.send().await.unwrap();
        let headers = format!("{:?}", response.headers());
        (response.status().as_u16(), format!("{headers}\n{}", response.text().await.unwrap()))
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> (u16, Value) {
        let body = Some(("application/json", body.to_string()));
        let (status, said) = self.send(key, Method::POST, path, "application/json", body).await;
        (status, json_of(&said))
    }

    async fn get(&self, key: &str, path: &str) -> (u16, Value) {
        let (status, said) = self.send(key, Method::GET, path, "application/json", None).await;
        (status, json_of(&said))
    }

    async fn ask(&self, key: &str, model: &str) -> (u16, Value) {
        self.post(key, "/v1/chat/completions", question(model, false)).await
    }

    async fn sparql(&self, key: &str, query: &str) -> String {
        let body = Some(("application/sparql-query", query.to_owned()));
        let (status, said) = self.send(key, Method::POST, "/query", "text/csv", body).await;
        assert_eq!(status, 200, "{said}");
        said
    }
}

fn json_of(said: &str) -> Value {
    serde_json::from_str(said.split_once('\n').unwrap().1).unwrap()
}

fn question(model: &str, stream: bool) -> Value {
    json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": ASKED }] })
}

fn content(body: &Value) -> &str {
    body["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn no_word_of_an_answer_that_waits_reaches_whoever_asked() {
    let served = Served::new(HELD).await;
    let anna = served.anna.as_str();
    let mut ids = Vec::new();
    for model in ["veritrail", "veritrail:extractive", "veritrail:strict"] {
        let (status, body) = served.ask(anna, model).await;
        assert_eq!((status, &body["mode"]), (200, &json!("waiting")), "{body}");
        let id = body["answer_id"].as_str().unwrap().to_owned();
        assert!(content(&body).contains("waits for approval") && content(&body).contains(&id));
        assert_eq!((&body["citations"], &body["disclaimers"]), (&json!([]), &json!([])));
        assert!(!body.to_string().contains(SECRET), "{body}");
        let stream = Some(("application/json", question(model, true).to_string()));
        let path = "/v1/chat/completions";
        let (status, said) = served.send(anna, Method::POST, path, "*/*", stream).await;
        assert!(status == 200 && said.contains("waits for approval"), "{said}");
        assert!(!said.contains(SECRET) && said.ends_with("data: [DONE]\n\n"), "{said}");
        ids.push(id);
    }
    let calls = json!([
        ["ask", { "question": ASKED }],
        ["explain_answer", { "answer_id": ids[0] }],
        ["sparql", { "query": format!("SELECT * {{ GRAPH <urn:veritrail:answer:{}> {{ ?s ?p ?o }} }}", ids[0]) }],
    ]);
    for seen in by_client(&served.server.base, anna, &calls).await {
        let (asked, told) = (&seen["calls"][0]["structured"], &seen["calls"][1]["structured"]);
        assert_eq!(asked["mode"], "waiting", "{seen}");
        assert_eq!(told["record"]["status"], "waiting", "{seen}");
        assert_eq!(seen["calls"][2]["structured"]["result"]["results"]["bindings"], json!([]));
        assert!(!seen["calls"].to_string().contains(SECRET), "{seen}");
    }
    for id in &ids {
        let path = format!("/api/answers/{id}");
        for accept in ["application/json", "*/*", "text/turtle", "application/ld+json"] {
            let (status, said) = served.send(anna, Method::GET, &path, accept, None).await;
            assert!(status == 200 && said.contains("\"status\":\"waiting\""), "{said}");
            assert!(!said.contains(SECRET), "{said}");
        }
        let graph = format!("urn:veritrail:answer:{id}");
        let (status, said) =
            served.send(anna, Method::GET, &format!("/store?graph={graph}"), "*/*", None).await;
        assert!(status == 404 && !said.contains(SECRET), "{said}");
        for query in [
            format!("SELECT * {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"),
            "SELECT ?v { ?a a vt:Answer ; prov:value ?v }".to_owned(),
            "SELECT ?v { ?a vt:rawOutput ?v }".to_owned(),
            format!("DESCRIBE <{graph}>"),
        ] {
            let accept = if query.starts_with("DESCRIBE") { "text/turtle" } else { "text/csv" };
            let body = Some(("application/sparql-query", query));
            let (_, said) = served.send(anna, Method::POST, "/query", accept, body).await;
            assert!(!said.contains(SECRET), "{said}");
        }
        let feedback = json!({ "answer_id": id, "verdict": "good" });
        assert_eq!(served.post(anna, "/api/feedback", feedback).await.0, 404);
        assert_eq!(served.get(anna, &format!("/api/audit/answers/{id}")).await.0, 403);
    }
    assert_eq!(served.get(anna, "/api/review?kind=answers").await.0, 403);
    // Whoever audits reads what waits, and that it does.
    let (status, audited) =
        served.get(&served.otto, &format!("/api/audit/answers/{}", ids[0])).await;
    assert!(status == 200 && audited["text"].as_str().unwrap().contains(SECRET), "{audited}");
    assert_eq!(audited["held_by"], "checked");
}

#[tokio::test]
async fn another_person_releases_an_answer_and_can_withdraw_it() {
    let served = Served::new(HELD).await;
    let (_, body) = served.ask(&served.anna, "veritrail").await;
    let id = body["answer_id"].as_str().unwrap();
    let (status, queue) = served.get(&served.eva, "/api/review?kind=answers").await;
    assert_eq!((status, &queue["total"]), (200, &json!(1)), "{queue}");
    let item = &queue["items"][0];
    assert_eq!((&item["id"], &item["kind"]), (&json!(format!("answer:{id}")), &json!("answer")));
    let about = &item["about"];
    assert_eq!((&about["rule"], &about["principal"]), (&json!("checked"), &json!("anna")));
    assert_eq!(about["answer"], SAID, "{about}");
    assert_eq!(about["disclaimers"], json!(["Check the drawing."]));
    let path = format!("/api/review/answer:{id}");
    let accept = json!({ "decision": "accept", "reason": "the list says so" });
    assert_eq!(served.post(&served.anna, &path, accept.clone()).await.0, 403);
    let (status, decided) = served.post(&served.eva, &path, accept).await;
    assert_eq!((status, &decided["status"]), (200, &json!("accepted")), "{decided}");
    assert_eq!(decided["job"], Value::Null);
    let (_, queue) = served.get(&served.eva, "/api/review?kind=answers").await;
    assert_eq!(queue["total"], 0);
    let (_, record) = served.get(&served.anna, &format!("/api/answers/{id}")).await;
    assert_eq!((&record["status"], &record["text"]), (&json!("released"), &json!(SAID)));
    assert_eq!(record["disclaimers"], json!(["Check the drawing."]));
    assert_eq!(record["decided"]["reason"], "the list says so");
    let query = format!("SELECT ?v {{ GRAPH ?g {{ <urn:veritrail:answer:{id}> prov:value ?v }} }}");
    assert!(served.sparql(&served.anna, &query).await.contains(SECRET));
    let feedback = json!({ "answer_id": id, "verdict": "good" });
    assert_eq!(served.post(&served.anna, "/api/feedback", feedback).await.0, 201);
    let reject = json!({ "decision": "reject", "reason": "an old list" });
    assert_eq!(served.post(&served.eva, &path, reject).await.0, 200);
    let (_, record) = served.get(&served.anna, &format!("/api/answers/{id}")).await;
    assert_eq!((&record["status"], &record["text"]), (&json!("rejected"), &Value::Null));
    assert_eq!(record["decided"]["reason"], "an old list");
    assert!(!served.sparql(&served.anna, &query).await.contains(SECRET));
    let (_, story) = served.get(&served.otto, &format!("/api/audit/answers/{id}")).await;
    let approvals = story["approvals"].as_array().unwrap();
    let decided: Vec<_> = approvals.iter().map(|one| (&one["status"], &one["principal"])).collect();
    let (accepted, rejected, eva) = (json!("accepted"), json!("rejected"), json!("eva"));
    assert_eq!(decided, [(&accepted, &eva), (&rejected, &eva)]);
    assert_eq!(story["is_as_sealed"], true);
    // Nobody approves what they asked for, nor reads it in the queue.
    let (_, body) = served.ask(&served.eva, "veritrail").await;
    let own = body["answer_id"].as_str().unwrap();
    let (_, queue) = served.get(&served.eva, "/api/review?kind=answers").await;
    assert_eq!(queue["total"], 0, "{queue}");
    let accept = json!({ "decision": "accept" });
    let path = format!("/api/review/answer:{own}");
    let (status, refused) = served.post(&served.eva, &path, accept.clone()).await;
    assert_eq!((status, &refused["error"]["code"]), (403, &json!("own_answer")), "{refused}");
    let unknown = "/api/review/answer:0123456789abcdef";
    assert_eq!(served.post(&served.eva, unknown, accept).await.0, 404);
}

#[tokio::test]
async fn refusals_disclaimers_and_bans_hold_on_every_interface() {
    let served = Served::new(
        "[[rule]]\nname = 'parts'\ntopics = ['order number']\nexcept_labels = ['support']\n\
         except_roles = ['auditor']\nrefuse = 'Ask the parts desk.'\n\
         [[rule]]\nname = 'drawing'\nroles = ['agent']\ndisclaimer = 'Check the drawing.'\n\
         [[rule]]\nname = 'numbers'\nroles = ['auditor']\nban = ['SP-3117', 'E-17']\n",
    )
    .await;
    // An engineer who sees every label sees `support`, too: the rule is not for her.
    assert_eq!(served.ask(&served.eva, "veritrail").await.0, 200);
    for model in ["veritrail", "veritrail:extractive"] {
        let (status, body) = served.ask(&served.anna, model).await;
        assert_eq!(status, 200);
        assert!(content(&body).contains(SECRET), "{body}");
        assert!(content(&body).ends_with("\n\nCheck the drawing."), "{body}");
        assert_eq!(body["disclaimers"], json!(["Check the drawing."]));
        let stream = Some(("application/json", question(model, true).to_string()));
        let path = "/v1/chat/completions";
        let (_, said) = served.send(&served.anna, Method::POST, path, "*/*", stream.clone()).await;
        assert!(said.contains(r#""content":"\n\nCheck the drawing.""#), "{said}");
        let (status, body) = served.ask(&served.otto, model).await;
        assert_eq!((status, &body["mode"]), (200, &json!("abstained")), "{body}");
        assert!(!body.to_string().contains(SECRET), "{body}");
        let (_, said) = served.send(&served.otto, Method::POST, path, "*/*", stream).await;
        assert!(!said.contains(SECRET) && said.contains("`numbers`"), "{said}");
        let id = body["answer_id"].as_str().unwrap();
        let (_, record) = served.get(&served.otto, &format!("/api/answers/{id}")).await;
        assert!(!record.to_string().contains(SECRET), "{record}");
        assert!(record["n_withheld"].as_u64().unwrap() > 0);
    }
    for seen in
        by_client(&served.server.base, &served.anna, &json!([["ask", { "question": ASKED }]])).await
    {
        let asked = &seen["calls"][0]["structured"];
        assert_eq!(asked["disclaimers"], json!(["Check the drawing."]), "{seen}");
    }
}

#[tokio::test]
async fn a_refused_question_is_answered_with_403_in_the_shape_of_openai() {
    let served = Served::new(
        "[[rule]]\nname = 'parts'\ntopics = ['order number']\nroles = ['agent']\n\
         refuse = 'Ask the parts desk.'\n",
    )
    .await;
    for stream in [false, true] {
        let body = question("veritrail", stream);
        let (status, body) = served.post(&served.anna, "/v1/chat/completions", body).await;
        assert_eq!(status, 403, "{body}");
        let error = json!({
            "message": "Ask the parts desk.", "type": "invalid_request_error",
            "param": null, "code": "refused_by_policy",
        });
        assert_eq!(body["error"], error);
    }
    assert!(served._llm.requests.lock().unwrap().is_empty(), "nothing is sent");
    for seen in
        by_client(&served.server.base, &served.anna, &json!([["ask", { "question": ASKED }]])).await
    {
        assert_eq!(seen["calls"][0]["is_error"], true, "{seen}");
        assert!(seen["calls"][0]["text"].as_str().unwrap().contains("Ask the parts desk."));
    }
    let query = "SELECT ?m { GRAPH ?a { ?a vt:mode ?m ; vt:decidedBy/vt:rule 'parts' } }";
    let found = served.sparql(&served.otto, query).await;
    assert_eq!(found.matches("refused").count(), 4, "each is recorded: {found}");
    assert_eq!(served.ask(&served.eva, "veritrail").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_waits_and_releases_it() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    write(root.path(), "policy.toml", HELD);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let url = format!("{}/v1/chat/completions", server.base);
    let asked = http().post(url).json(&question("veritrail", false)).send().await.unwrap();
    let asked: Value = asked.json().await.unwrap();
    let id = asked["answer_id"].as_str().unwrap();
    assert!(!asked.to_string().contains(SECRET), "{asked}");
    browser.go(&format!("{}/operations", server.base)).await;
    browser.wait("document.querySelector('.approval')").await;
    let shown = browser.text("#approvals").await;
    assert!(shown.contains(SECRET) && shown.contains(ASKED), "{shown}");
    browser.write(&format!("#reason-{id}"), "read it").await;
    browser.click(".approval .act button").await;
    browser.wait("!document.querySelector('.approval')").await;
    let path = format!("{}/api/answers/{id}", server.base);
    let (_, _, record) = get(path, "application/json").await;
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["status"], "released", "{record}");
    assert_eq!(record["decided"]["reason"], "read it");
    assert_eq!(browser.log().await, [""; 0]);
}
