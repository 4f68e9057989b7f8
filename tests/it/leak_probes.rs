//! What is asked on each route by `leaks`. A new route needs a line in [`PROBES`].

use crate::leaks::{UNKNOWN_WORD, World, chat};
use reqwest::Method;
use serde_json::{Value, json};
use veritrail::model::Permission;

/// One request.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<(&'static str, String)>,
    /// What the request names: it is taken out of the answer before it is compared.
    pub(crate) name: String,
    /// Label of what it names.
    pub(crate) label: &'static str,
    /// Labels of the agent whose answer it names.
    pub(crate) owner: Option<Option<&'static [&'static str]>>,
    /// The same about what does not exist: answered alike when it is hidden.
    pub(crate) twin: Option<Box<Ask>>,
    /// Whether it is refused for other reasons than the role.
    pub(crate) may_be_refused: bool,
}

impl Ask {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            accept: "*/*",
            body: None,
            name: String::new(),
            label: "public",
            owner: None,
            twin: None,
            may_be_refused: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path).with("application/json", body.to_string())
    }

    fn with(self, kind: &'static str, body: impl Into<String>) -> Self {
        Self { body: Some((kind, body.into())), ..self }
    }

    fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    fn refusable(self) -> Self {
        Self { may_be_refused: true, ..self }
    }

    /// All that the request says.
    pub(crate) fn said(&self) -> String {
        let body = self.body.as_ref().map_or("", |(_, body)| body.as_str());
        format!("{} {body}", percent_decoded(&self.path))
    }
}

fn percent_decoded(text: &str) -> String {
    form_urlencoded::parse(format!("x={}", text.replace('&', "%26")).as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The requests to one route.
pub(crate) struct Probe {
    /// `METHOD /path` as in `/openapi.json`.
    pub(crate) route: &'static str,
    /// What a role must allow.
    pub(crate) needs: Option<Permission>,
    /// Whether no credential is needed.
    pub(crate) is_open: bool,
    pub(crate) asks: fn(&World) -> Vec<Ask>,
}

const fn probe(
    route: &'static str,
    needs: Option<Permission>,
    asks: fn(&World) -> Vec<Ask>,
) -> Probe {
    Probe { route, needs, is_open: false, asks }
}

const fn open(route: &'static str, asks: fn(&World) -> Vec<Ask>) -> Probe {
    Probe { route, needs: None, is_open: true, asks }
}

/// Routes that stand in no description of the interface.
pub(crate) const ASSETS: [&str; 7] = [
    "GET /",
    "GET /graph",
    "GET /documents",
    "GET /documents/{id}",
    "GET /sign-in",
    "GET /nothing",
    "POST /mcp",
];

use Permission::{
    Administer, Ask as MayAsk, Operate, Promote, QueryGraph, ReadAllAnswers, ReadDocuments, Review,
    UpdateGraph, WriteDocuments,
};

pub(crate) const PROBES: &[Probe] = &[
    open("GET /healthz", |_| vec![Ask::get("/healthz")]),
    open("GET /readyz", |_| vec![Ask::get("/readyz")]),
    probe("GET /openapi.json", None, |_| vec![Ask::get("/openapi.json")]),
    probe("GET /docs", None, |_| vec![Ask::get("/docs")]),
    probe("GET /metrics", Some(Operate), |_| vec![Ask::get("/metrics")]),
    probe("GET /api/me", None, |_| vec![Ask::get("/api/me")]),
    open("POST /api/session", |_| vec![Ask::post("/api/session", json!({})).refusable()]),
    open("DELETE /api/session", |_| vec![Ask::new(Method::DELETE, "/api/session")]),
    probe("GET /v1/models", None, |_| vec![Ask::get("/v1/models")]),
    probe("GET /v1/models/{id}", None, |_| vec![Ask::get("/v1/models/veritrail")]),
    probe("POST /v1/embeddings", Some(MayAsk), |_| {
        let body = json!({ "model": "all-minilm-l6-v2", "input": "quorvex brellnok" });
        vec![
            Ask::post("/v1/embeddings", body),
            Ask::post("/v1/embeddings", json!({ "model": "x" })),
        ]
    }),
    probe("GET /api/answers/{id}", None, answers),
    probe("GET /query", Some(QueryGraph), |_| sparql_gets("/query")),
    probe("GET /sparql", Some(QueryGraph), |_| sparql_gets("/sparql")),
    probe("POST /query", Some(QueryGraph), |_| sparql_posts("/query")),
    probe("POST /sparql", Some(QueryGraph), |_| sparql_posts("/sparql")),
    probe("POST /update", Some(UpdateGraph), updates),
    probe("GET /store", Some(QueryGraph), |_| stored(&Method::GET)),
    probe("HEAD /store", Some(QueryGraph), |_| stored(&Method::HEAD)),
    probe("PUT /store", Some(UpdateGraph), |_| stored(&Method::PUT)),
    probe("POST /store", Some(UpdateGraph), |_| stored(&Method::POST)),
    probe("DELETE /store", Some(UpdateGraph), |_| stored(&Method::DELETE)),
    probe("GET /api/documents", Some(ReadDocuments), lists),
    probe("GET /api/documents/{id}", Some(ReadDocuments), |_| of_documents(&Method::GET, "")),
    probe("GET /api/documents/{id}/text", Some(ReadDocuments), |_| {
        of_documents(&Method::GET, "/text")
    }),
    probe("GET /api/documents/{id}/original", Some(ReadDocuments), |_| {
        of_documents(&Method::GET, "/original")
    }),
    probe("GET /api/documents/{id}/picture", Some(ReadDocuments), |_| {
        of_documents(&Method::GET, "/picture")
    }),
    // What is seen by the caller is not named: it would be deleted.
    probe("DELETE /api/documents/{id}", Some(WriteDocuments), |_| {
        vec![of_document(&Method::DELETE, UNKNOWN_WORD, "")]
    }),
    probe("POST /api/documents", Some(WriteDocuments), |_| {
        vec![Ask::new(Method::POST, "/api/documents").with("text/plain", "x").refusable()]
    }),
    probe("GET /api/audit/answers", Some(ReadAllAnswers), audited),
    probe("GET /api/audit/answers/{id}", Some(ReadAllAnswers), |world| {
        of_answers(world, |name| Ask::get(format!("/api/audit/answers/{name}")))
    }),
    probe("POST /api/audit/answers/{id}/replay", Some(ReadAllAnswers), |world| {
        of_answers(world, |name| {
            Ask::post(format!("/api/audit/answers/{name}/replay"), json!({})).refusable()
        })
    }),
    // What is seen by the caller is not named: it would be erased.
    probe("POST /api/audit/answers/{id}/erase", Some(Administer), |_| {
        let reason = json!({ "reason": "a test" });
        vec![Ask::post("/api/audit/answers/0123456789abcdef/erase", reason)]
    }),
    probe("GET /api/audit/impact", Some(ReadAllAnswers), |_| {
        let names = ["secret/plorvane.md", "zandolith", "docs/pump.md", UNKNOWN_WORD];
        let of = |name: &str| Ask::get(format!("/api/audit/impact?of={}", encoded(name)));
        names.map(|name| of(name).refusable()).into()
    }),
    probe("POST /api/audit/verify", Some(ReadAllAnswers), |_| {
        vec![Ask::post("/api/audit/verify", json!({})).refusable()]
    }),
    probe("GET /api/audit/export", Some(ReadAllAnswers), |_| {
        vec![Ask::get("/api/audit/export").refusable()]
    }),
    probe("POST /api/audit/checkpoint", Some(ReadAllAnswers), |_| {
        vec![Ask::post("/api/audit/checkpoint", json!({})).refusable()]
    }),
    probe("GET /api/backup", Some(Administer), |_| vec![Ask::get("/api/backup").refusable()]),
    probe("GET /api/jobs", None, |_| vec![Ask::get("/api/jobs")]),
    probe("GET /api/jobs/{id}", None, |_| vec![Ask::get("/api/jobs/0123456789abcdef")]),
    probe("GET /api/jobs/{id}/events", None, |_| {
        vec![Ask::get("/api/jobs/0123456789abcdef/events")]
    }),
    probe("POST /api/feedback", None, feedback),
    probe("GET /api/review", Some(Review), |_| {
        let kinds = ["", "?kind=merge", "?kind=depiction", "?kind=feedback", "?kind=answers"];
        kinds.map(|kind| Ask::get(format!("/api/review{kind}"))).into()
    }),
    probe("POST /api/review/{id}", Some(Review), |_| {
        vec![Ask::post("/api/review/unknown", json!({ "decision": "reject" }))]
    }),
    probe("GET /api/generations", Some(Operate), |_| vec![Ask::get("/api/generations")]),
    probe("GET /api/generations/diff", Some(Operate), |_| {
        vec![Ask::get("/api/generations/diff?from=0").refusable()]
    }),
    probe("POST /api/generations/promote", Some(Promote), |_| {
        let body = json!({ "generation": "0000", "reason": "a probe" });
        vec![Ask::post("/api/generations/promote", body)]
    }),
    probe("POST /api/generations/rollback", Some(Promote), |_| {
        // What all the others look at must stay.
        vec![Ask::post("/api/generations/rollback", json!({ "reason": 1 })).refusable()]
    }),
    probe("GET /api/drift", Some(Operate), |_| vec![Ask::get("/api/drift").refusable()]),
    probe("POST /api/drift", Some(Operate), |_| {
        vec![Ask::post("/api/drift", json!({})).refusable()]
    }),
    probe("POST /api/generations/build", Some(Promote), |_| {
        vec![Ask::post("/api/generations/build", json!({ "afresh": 1 })).refusable()]
    }),
    probe("GET /api/generations/evaluations", Some(Operate), |_| {
        vec![Ask::get("/api/generations/evaluations")]
    }),
    probe("GET /api/generations/canary", Some(Operate), |_| {
        vec![Ask::get("/api/generations/canary")]
    }),
    probe("POST /api/generations/canary", Some(Promote), |_| {
        let body = json!({ "generation": "0000", "share": 0.1 });
        vec![Ask::post("/api/generations/canary", body)]
    }),
    probe("POST /api/generations/canary/stop", Some(Promote), |_| {
        vec![Ask::post("/api/generations/canary/stop", json!({ "reason": "a probe" }))]
    }),
    probe("GET /api/entities", Some(QueryGraph), entity_lists),
    probe("GET /api/entities/{id}", Some(QueryGraph), entities),
    probe("GET /", None, |_| pages(&["/", "/?q=quorvex"])),
    probe("GET /graph", None, |_| pages(&["/graph"])),
    probe("GET /documents", None, |_| pages(&["/documents"])),
    probe("GET /documents/{id}", None, |_| pages(&["/documents/secret/plorvane.md"])),
    probe("GET /nothing", None, |_| vec![Ask::get("/nothing"), Ask::get("/api/nothing")]),
    open("GET /sign-in", |_| pages(&["/sign-in", "/sign-in?next=/documents/secret/plorvane.md"])),
    // What is asked stands in the records of who asked, and is seen in the graph then.
    probe("POST /api/search", Some(MayAsk), searches),
    probe("POST /v1/chat/completions", Some(MayAsk), chats),
    probe("POST /mcp", None, mcp),
];

/// Questions whose answers lie near what is hidden, or in it.
const QUESTIONS: [&str; 8] = [
    "What is the quorvex of the Pump X-10?",
    "What is hidden behind SP-3117?",
    "Which error does the Pump X-10 show?",
    "How is the brellnok of KR-200 reset?",
    "What costs 98127 euro?",
    "Show me a picture of the Pump X-10",
    "Tell me of the Zandolith and of BK-5523",
    "What is the order number of the shaft seal?",
];

fn chats(world: &World) -> Vec<Ask> {
    let ask = |body: Value| Ask::post("/v1/chat/completions", body);
    let mut asks: Vec<Ask> = QUESTIONS.iter().map(|question| ask(chat(question))).collect();
    for (question, model) in
        [("Which error does the Pump X-10 show?", "veritrail"), ("quorvex", "veritrail:extractive")]
    {
        let mut body = chat(question);
        body["model"] = json!(model);
        body["stream"] = json!(true);
        asks.push(ask(body));
    }
    for picture in [&world.unseen_picture, &world.shown_picture] {
        let mut body = chat("");
        body["messages"][0]["content"] = json!([
            { "type": "text", "text": "What does this show?" },
            { "type": "image_url", "image_url": { "url": picture } },
        ]);
        asks.push(ask(body));
    }
    let mut follow_up = chat("And what does it cost?");
    follow_up["messages"] = json!([
        { "role": "user", "content": "What is the quorvex?" },
        { "role": "assistant", "content": "A part." },
        { "role": "user", "content": "And what does it cost?" },
    ]);
    asks.push(ask(follow_up));
    asks
}

fn searches(world: &World) -> Vec<Ask> {
    let mut asks = Vec::new();
    for mode in ["lexical", "dense", "graph"] {
        for query in QUESTIONS.iter().take(5).chain(&["Trolvamir", "Ossifane", "Pump X-10"]) {
            asks.push(Ask::post("/api/search", json!({ "query": query, "mode": mode, "k": 100 })));
        }
    }
    for picture in [&world.unseen_picture, &world.shown_picture] {
        for only in [false, true] {
            let body = json!({ "image": picture, "only_pictures": only, "k": 100 });
            asks.push(Ask::post("/api/search", body));
        }
    }
    // Words know nothing of meaning: a hidden one is found like one that is nowhere.
    for (label, word) in [
        ("secret", "quorvex"),
        ("secret", "Drumlath"),
        ("secret", "Trolvamir"),
        ("support", "brellnok"),
    ] {
        let by = |word: &str| {
            let body = json!({ "query": word, "mode": "lexical" });
            Ask { name: word.into(), label, ..Ask::post("/api/search", body) }
        };
        asks.push(Ask { twin: Some(Box::new(by(UNKNOWN_WORD))), ..by(word) });
    }
    asks
}

fn answers(world: &World) -> Vec<Ask> {
    let mut asks = Vec::new();
    for (name, owner) in
        [(&world.secret_answer, None), (&world.support_answer, Some(&["support"][..]))]
    {
        for accept in ["application/json", "text/turtle", "application/ld+json", "text/html"] {
            let of = |name: &str| Ask {
                name: name.to_owned(),
                owner: Some(owner),
                ..Ask::get(format!("/api/answers/{name}")).accepting(accept)
            };
            asks.push(Ask { twin: Some(Box::new(of("0123456789abcdef"))), ..of(name) });
        }
    }
    asks
}

fn audited(_: &World) -> Vec<Ask> {
    let list = |parameters: &str| Ask::get(format!("/api/audit/answers?{parameters}"));
    let mut asks = vec![list(""), list("limit=1000"), list("flagged=true"), list("since=2020")];
    asks.push(list("entity=Trolvamir").refusable());
    for (label, word) in [("secret", "secret/plorvane.md"), ("support", "support/hindlow.md")] {
        let of = |word: &str| Ask {
            name: word.into(),
            label,
            ..list(&format!("document={}", encoded(word)))
        };
        asks.push(Ask { twin: Some(Box::new(of(UNKNOWN_WORD))), ..of(word) });
    }
    asks
}

/// The same about answers of others, and about one that is not there.
fn of_answers(world: &World, ask: impl Fn(&str) -> Ask) -> Vec<Ask> {
    let owners = [(&world.secret_answer, None), (&world.support_answer, Some(&["support"][..]))];
    let of = |name: &str, owner| Ask { name: name.to_owned(), owner: Some(owner), ..ask(name) };
    let asks = owners.map(|(name, owner)| Ask {
        twin: Some(Box::new(of("0123456789abcdef", owner))),
        ..of(name, owner)
    });
    asks.into()
}

fn feedback(world: &World) -> Vec<Ask> {
    let of = |name: &str, owner| Ask {
        name: name.to_owned(),
        owner: Some(owner),
        ..Ask::post("/api/feedback", json!({ "answer_id": name, "verdict": "bad" }))
    };
    let owners = [(&world.secret_answer, None), (&world.support_answer, Some(&["support"][..]))];
    let asks = owners.map(|(name, owner)| Ask {
        twin: Some(Box::new(of("0123456789abcdef", owner))),
        ..of(name, owner)
    });
    asks.into()
}

/// Queries that read all there is, and some that ask for hidden words.
const QUERIES: [&str; 9] = [
    "SELECT * { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { ?s ?p ?o }",
    "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }",
    "SELECT ?o { GRAPH ?g { ?s <http://www.w3.org/2004/02/skos/core#prefLabel> ?o } }",
    "SELECT (GROUP_CONCAT(STR(?o)) AS ?all) { GRAPH ?g { ?s ?p ?o } }",
    "SELECT ?o { <urn:x:pump> (<urn:x:skelfurn>|<urn:x:y>)* ?o }",
    "SELECT * { SERVICE vt:search { ?hit vt:query \"Pump X-10\" ; vt:k 50 ; vt:score ?score } }",
    "SELECT * { SERVICE vt:search { ?hit vt:query \"a costly part\" ; vt:k 50 } \
     OPTIONAL { GRAPH ?g { ?hit vt:text ?text } } }",
    "SELECT * FROM <urn:veritrail:graph:entities> { ?s ?p ?o }",
];

fn sparql_gets(path: &str) -> Vec<Ask> {
    let get = |query: &str, accept| {
        Ask::get(format!("{path}?query={}", encoded(query))).accepting(accept)
    };
    let mut asks: Vec<Ask> = QUERIES.iter().map(|query| get(query, "application/json")).collect();
    for accept in ["text/csv", "text/tab-separated-values", "application/xml"] {
        asks.push(get(QUERIES[0], accept));
    }
    for accept in ["text/turtle", "application/ld+json", "application/rdf+xml"] {
        asks.push(get("CONSTRUCT { ?s ?p ?o } { GRAPH ?g { ?s ?p ?o } }", accept));
        asks.push(get("DESCRIBE <urn:x:pump> <urn:x:valve>", accept));
    }
    // A hidden word is counted and found like one that is nowhere.
    for (label, word) in [("secret", "quorvex"), ("secret", "Trolvamir"), ("support", "brellnok")] {
        for query in [
            "ASK { GRAPH ?g { ?s ?p ?o } FILTER CONTAINS(STR(?o), \"WORD\") }",
            "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } FILTER REGEX(STR(?o), \"WORD\", \"i\") }",
        ] {
            let of = |word: &str| {
                let query = query.replace("WORD", word);
                Ask { name: word.into(), label, ..get(&query, "application/json") }
            };
            asks.push(Ask { twin: Some(Box::new(of(UNKNOWN_WORD))), ..of(word) });
        }
    }
    asks.push(get("SELEC quorvex", "*/*"));
    asks
}

fn sparql_posts(path: &str) -> Vec<Ask> {
    let mut asks = Vec::new();
    for query in QUERIES {
        asks.push(Ask::new(Method::POST, path).with("application/sparql-query", query));
        let form = format!("query={}", encoded(query));
        asks.push(Ask::new(Method::POST, path).with("application/x-www-form-urlencoded", form));
    }
    asks
}

/// Updates that would copy what is hidden to where it is not.
fn updates(_: &World) -> Vec<Ask> {
    let update = |text: &str| {
        Ask::new(Method::POST, "/update").with("application/sparql-update", text).refusable()
    };
    vec![
        update(
            "INSERT { GRAPH <urn:x:copy> { <urn:x:copy> <http://w3id.org/x> \"copy\" ; vt:accessLabel \"public\" . ?s ?p ?o } } \
             WHERE { GRAPH ?g { ?s ?p ?o } }",
        ),
        update("COPY GRAPH <urn:veritrail:graph:entities> TO GRAPH <urn:x:copied>"),
        update("ADD DEFAULT TO GRAPH <urn:x:copied>"),
    ]
}

fn stored(method: &Method) -> Vec<Ask> {
    let graph = |name: &str| {
        let ask = Ask::new(method.clone(), format!("/store?graph={}", encoded(name)));
        let ask = if *method == Method::GET || *method == Method::HEAD {
            ask
        } else {
            ask.with("text/turtle", "<urn:x:s> <urn:x:p> <urn:x:o> .")
        };
        Ask { name: name.to_owned(), ..ask }.refusable()
    };
    let names = [
        "urn:veritrail:graph:entities",
        "urn:veritrail:graph:governance",
        "urn:veritrail:graph:depictions",
        "urn:veritrail:graph:co-occurrences",
        "urn:x:copy",
        "urn:x:copied",
    ];
    names.iter().map(|name| graph(name)).collect()
}

fn lists(_: &World) -> Vec<Ask> {
    let list = |parameters: &str| Ask::get(format!("/api/documents{parameters}"));
    let mut asks = vec![list(""), list("?limit=500"), list("?query=e"), list("?offset=2")];
    for (label, word) in [("secret", "plorvane"), ("secret", "Zandolith"), ("support", "hindlow")] {
        let of = |word: &str| Ask { name: word.into(), label, ..list(&format!("?query={word}")) };
        asks.push(Ask { twin: Some(Box::new(of(UNKNOWN_WORD))), ..of(word) });
    }
    for label in ["secret", "support"] {
        let of = |name: &str| Ask { name: name.into(), label, ..list(&format!("?label={name}")) };
        asks.push(Ask { twin: Some(Box::new(of(UNKNOWN_WORD))), ..of(label) });
    }
    asks
}

fn of_document(method: &Method, source: &str, what: &str) -> Ask {
    let id = veritrail::model::DocumentId::from_source(source);
    let name = id.as_str().strip_prefix(veritrail::vocab::DOCUMENT_PREFIX).unwrap().to_owned();
    Ask {
        name: name.clone(),
        ..Ask::new(method.clone(), format!("/api/documents/{}{what}", encoded(&name)))
    }
}

fn of_documents(method: &Method, what: &str) -> Vec<Ask> {
    let sources = [
        ("public", "docs/pump.md"),
        ("public", "docs/panel.md"),
        ("public", "docs/front.png"),
        ("support", "support/hindlow.md"),
        ("support", "support/facts.ttl"),
        ("secret", "secret/plorvane.md"),
        ("secret", "secret/grimbold.png"),
        ("secret", "secret/facts.ttl"),
    ];
    let ask = |(label, source): (&'static str, &str)| Ask {
        label,
        twin: Some(Box::new(of_document(method, &source.replace(['o', 'e'], "x"), what))),
        ..of_document(method, source, what)
    };
    sources.into_iter().map(ask).collect()
}

fn entity_lists(_: &World) -> Vec<Ask> {
    let list = |query: &str| Ask::get(format!("/api/entities?query={query}&limit=100"));
    let mut asks = vec![list(""), list("e"), list("pump")];
    for (label, word) in [("secret", "Zandolith"), ("secret", "Trolvamir"), ("support", "Ossifane")]
    {
        let of = |word: &str| Ask { name: word.into(), label, ..list(word) };
        asks.push(Ask { twin: Some(Box::new(of(UNKNOWN_WORD))), ..of(word) });
    }
    asks
}

fn entities(_: &World) -> Vec<Ask> {
    let of = |label, iri: &str| {
        let name = iri.strip_prefix(veritrail::vocab::ENTITY_PREFIX).unwrap_or(iri).to_owned();
        Ask { label, name: name.clone(), ..Ask::get(format!("/api/entities/{}", encoded(&name))) }
    };
    let known = |label: &str| veritrail::model::EntityId::from_label(label).as_str().to_owned();
    let mut asks = vec![of("public", "urn:x:pump"), of("public", &known("pump x-10"))];
    let hidden = [
        ("secret", known("zandolith")),
        ("secret", known("qx-7741")),
        ("support", known("ossifane procedure")),
    ];
    for (label, iri) in hidden {
        let twin = Some(Box::new(of(label, &known(UNKNOWN_WORD))));
        asks.push(Ask { twin, ..of(label, &iri) });
    }
    asks.push(of("public", "urn:x:valve"));
    asks
}

fn pages(paths: &[&str]) -> Vec<Ask> {
    paths.iter().map(|path| Ask::get(*path).accepting("text/html")).collect()
}

/// Tools of the Model Context Protocol, called without a session.
fn mcp(world: &World) -> Vec<Ask> {
    let call = |name: &str, arguments: Value| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": name, "arguments": arguments } });
        Ask::post("/mcp", body).accepting("application/json, text/event-stream")
    };
    let mut asks = vec![
        call("search", json!({ "query": "quorvex of the Pump X-10" })),
        call("ask", json!({ "question": "Which error does the Pump X-10 show?" })),
        call("ask", json!({ "question": "What is hidden behind SP-3117?" })),
        call("sparql", json!({ "query": QUERIES[0] })),
        call("explain_answer", json!({ "answer_id": world.secret_answer })),
        call("explain_answer", json!({ "answer_id": world.support_answer })),
    ];
    for source in ["secret/plorvane.md", "support/hindlow.md", "docs/pump.md"] {
        asks.push(call("get_document", json!({ "id": source })));
    }
    asks
}
