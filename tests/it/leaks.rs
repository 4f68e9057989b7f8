//! Nothing that a caller may not see reaches the caller, on any route.
//!
//! One knowledge base holds documents under three labels, each with words that stand
//! nowhere else: in texts, titles, headings, file names, captions, identifiers and
//! imported RDF. Callers of every role and several sets of labels send every request of
//! `leak_probes::PROBES` to the server. No word of a hidden label may come back, in a
//! body, a header or an event; and what is hidden is answered like what does not exist.
//!
//! The routes are those of `/openapi.json`: one without a probe fails the suite.

use crate::access::{client, key};
use crate::fixtures::{example, ingest, init_with_text_alone, open, write};
use crate::leak_probes::{ASSETS, Ask, PROBES, Probe};
use crate::server::{Running, get, serve_on};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;
use veritrail::model::{Permission, Role};

/// Words that stand in documents of one label alone.
const SECRET_WORDS: [&str; 8] = [
    "quorvex",
    "zandolith",
    "qx-7741",
    "vimbrast",
    "plorvane",
    "trolvamir",
    "skelfurn",
    "drumlath",
];
const SUPPORT_WORDS: [&str; 6] =
    ["brellnok", "ossifane", "bk-5523", "hindlow", "kestradur", "wendrick"];
/// Name of a hidden picture that a public page shows: it stands in the page's bytes and
/// triples, and nothing that is found may name it.
const SHOWN_WORD: &str = "\"secret/grimbold";
const FINDING: [&str; 3] = ["POST /api/search", "POST /v1/chat/completions", "POST /mcp"];
/// Stands nowhere.
pub(crate) const UNKNOWN_WORD: &str = "flimzot";
const SETS: [Option<&[&str]>; 4] = [Some(&[]), Some(&["support"]), Some(&["secret"]), None];

/// Somebody who asks.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) role: Role,
    /// Labels beside `public`; `None` for all.
    pub(crate) labels: Option<&'static [&'static str]>,
    key: String,
}

impl Who {
    fn sees(&self, label: &str) -> bool {
        self.labels.is_none_or(|labels| label == "public" || labels.contains(&label))
    }

    /// Words that must not come back.
    fn hidden(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        if !self.sees("secret") {
            words.extend(SECRET_WORDS);
        }
        if !self.sees("support") {
            words.extend(SUPPORT_WORDS);
        }
        words
    }
}

/// A server on the knowledge base, and what probes name.
pub(crate) struct World {
    server: Running,
    callers: Vec<Who>,
    http: Client,
    /// Names of answers that agents got: one who sees everything, one of support.
    pub(crate) secret_answer: String,
    pub(crate) support_answer: String,
    /// A picture that only a hidden document is, as a data: address.
    pub(crate) unseen_picture: String,
    /// A public picture that a hidden page shows, as a data: address.
    pub(crate) shown_picture: String,
}

fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str, text: &str| write(folder.path(), name, text);
    text(
        "docs/pump.md",
        "# Pump X-10\n\nThe Pump X-10 shows error E-17 when the shaft seal is worn.\n\
         The controller KR-200 blinks.\n\nSee the [parts list](parts.md).\n",
    );
    text("docs/parts.md", "# Parts list\n\nThe shaft seal has the order number SP-3117.\n");
    text(
        "docs/panel.md",
        "# Panel\n\n![The front panel](../secret/grimbold.png)\n\nKR-200 is on it.\n",
    );
    text(
        "docs/facts.ttl",
        "<urn:x:pump> <http://www.w3.org/2000/01/rdf-schema#label> \"Pump X-10\" .\n",
    );
    text(
        "support/hindlow.md",
        "# Ossifane procedure\n\n## Wendrick steps\n\nThe brellnok of KR-200 is reset by BK-5523. \
         Error E-17 of the Pump X-10 leads to SP-3117.\n",
    );
    text(
        "support/second.md",
        "# Calls\n\nBK-5523 and the brellnok again: the Ossifane procedure.\n",
    );
    text(
        "support/facts.ttl",
        "<urn:x:valve> <http://www.w3.org/2000/01/rdf-schema#label> \"Kestradur\" .\n",
    );
    text(
        "secret/plorvane.md",
        "# Zandolith\n\n## Drumlath chamber\n\nThe quorvex of the Pump X-10 is QX-7741. Error E-17 \
         hides behind SP-3117 and KR-200.\n",
    );
    text(
        "secret/second.md",
        "# Costs\n\nThe quorvex QX-7741 of the Zandolith costs 98127 euro. See [more](plorvane.md) \
         and the [pump](../docs/pump.md). The Drumlath chamber holds SP-3117.\n",
    );
    text("secret/gallery.md", "# Gallery\n\n![The vimbrast of the Pump X-10](../docs/front.png)\n");
    text(
        "secret/facts.ttl",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\
         <urn:x:pump> rdfs:label \"Trolvamir\" ; <urn:x:skelfurn> <urn:x:valve> .\n\
         <urn:x:valve> rdfs:label \"Trolvamir valve\" .\n",
    );
    for (name, picture) in [
        ("secret/grimbold.png", "leds-fell-400x-ring-open"),
        ("docs/front.png", "leds-fell-400-low-supply"),
    ] {
        write(folder.path(), name, picture_bytes(picture));
    }
    folder
}

fn picture_bytes(name: &str) -> Vec<u8> {
    std::fs::read(example().join(format!("pictures/{name}.png"))).unwrap()
}

fn data_address(bytes: &[u8]) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

impl World {
    async fn new() -> Self {
        let (root, source) = (tempfile::tempdir().unwrap(), documents());
        init_with_text_alone(root.path());
        let settings = "
            [[ingest.labels]]
            prefix = 'support/'
            label = 'support'
            [[ingest.labels]]
            prefix = 'secret/'
            label = 'secret'
            [serve]
            authentication = 'required'
            requests_per_minute = 1000000
            requests_per_minute_without_credential = 1000000
            failed_sign_ins_per_minute = 1000000
            max_concurrent = 64
        ";
        let file = root.path().join("veritrail.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}{settings}")).unwrap();
        let mut callers = Vec::new();
        for role in Role::ALL {
            // Agents have every set of labels, the others the narrowest and all.
            let sets = SETS.into_iter().enumerate();
            for (n, labels) in sets.filter(|(n, _)| role == Role::Agent || [0, 3].contains(n)) {
                let name = format!("{role}-{n}");
                let mut arguments = vec!["--name", &name, "--role", role.as_str()];
                match labels {
                    None => arguments.push("--all-labels"),
                    Some(labels) => {
                        labels.iter().for_each(|label| arguments.extend(["--label", label]));
                    }
                }
                callers.push(Who { role, labels, key: key(root.path(), &arguments).1 });
            }
        }
        // Somebody who sees as little as the first comes last, when a cache could keep what
        // others saw.
        let late = key(root.path(), &["--name", "late", "--role", "agent"]).1;
        callers.push(Who { role: Role::Agent, labels: SETS[0], key: late });
        let knowledge_base = open(root.path());
        ingest(&knowledge_base, source.path());
        let mut world = Self {
            server: serve_on(root, knowledge_base).await,
            callers,
            http: client(),
            secret_answer: String::new(),
            support_answer: String::new(),
            unseen_picture: data_address(&picture_bytes("leds-fell-400x-ring-open")),
            shown_picture: data_address(&picture_bytes("leds-fell-400-low-supply")),
        };
        // Whoever sees most asks first: what a cache keeps must not reach the others.
        let asked = async |labels: Option<&[&str]>, word: &str| {
            let who =
                world.callers.iter().find(|who| who.role == Role::Agent && who.labels == labels);
            let ask = Ask::post("/v1/chat/completions", chat(&format!("What is the {word}?")));
            let answer = world.send(who, &ask).await;
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert!(answer.body.to_lowercase().contains(word), "{}", answer.body);
            body["answer_id"].as_str().unwrap().to_owned()
        };
        let secret = asked(None, "quorvex").await;
        let support = asked(Some(&["support"]), "brellnok").await;
        // Somebody who sees more says of a public answer what only they can know.
        let public = asked(SETS[0], "shaft seal").await;
        let admin =
            world.callers.iter().find(|who| who.role == Role::Admin && who.labels.is_none());
        let comment =
            json!({ "answer_id": public, "verdict": "wrong", "comment": "No: it is the quorvex." });
        assert_eq!(world.send(admin, &Ask::post("/api/feedback", comment)).await.status, 201);
        (world.secret_answer, world.support_answer) = (secret, support);
        world
    }

    async fn send(&self, who: Option<&Who>, ask: &Ask) -> Answer {
        let request =
            self.http.request(ask.method.clone(), format!("{}{}", self.server.base, ask.path));
        let mut request = request.header("accept", ask.accept);
        if let Some(who) = who {
            request = request.bearer_auth(&who.key);
        }
        if let Some((kind, body)) = &ask.body {
            request = request.header("content-type", *kind).body(body.clone());
        }
        Answer::read(request.send().await.unwrap()).await
    }
}

/// The body of a question to the chat.
pub(crate) fn chat(question: &str) -> Value {
    json!({ "model": "veritrail", "messages": [{ "role": "user", "content": question }] })
}

/// What came back.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let mut headers: Vec<String> = response
            .headers()
            .iter()
            .filter(|(name, _)| {
                !["date", "content-length", "x-request-id"].contains(&name.as_str())
            })
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        let bytes = response.bytes().await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { status, headers: headers.join("\n"), body }
    }

    /// Words that are here and not in the request.
    fn leaked(&self, ask: &Ask, hidden: &[&'static str]) -> Vec<&'static str> {
        let all = format!("{}\n{}", self.headers, self.body).to_lowercase();
        let asked = ask.said().to_lowercase();
        let leaked = hidden.iter().filter(|word| all.contains(**word) && !asked.contains(**word));
        leaked.copied().collect()
    }

    /// The same without the words that the request chose and what differs every time.
    fn without(&self, words: &[&str]) -> Self {
        let mut body = self.body.clone();
        for word in words {
            body = body.replace(word, "*");
        }
        if let Ok(mut json) = serde_json::from_str::<Value>(&body) {
            strip(&mut json);
            body = json.to_string();
        }
        Self { status: self.status, headers: self.headers.clone(), body }
    }
}

/// Takes out times, and names of what was just made.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["timings_ms", "answer_id", "created", "id", "time", "seconds"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Routes of the server as `METHOD /path`.
async fn routes(world: &World) -> BTreeSet<String> {
    let admin = world.callers.iter().find(|who| who.role == Role::Admin && who.labels.is_none());
    let document = world.send(admin, &Ask::get("/openapi.json")).await;
    assert_eq!(document.status, 200, "the interface is described");
    let document: Value = serde_json::from_str(&document.body).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .keys()
            .map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    methods.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hidden_reaches_a_caller_on_any_route() {
    let world = World::new().await;
    let routes = routes(&world).await;
    let probed: BTreeSet<String> = PROBES.iter().map(|probe| probe.route.to_owned()).collect();
    let missing: Vec<&String> = routes.difference(&probed).collect();
    assert!(missing.is_empty(), "routes without a probe in leak_probes.rs: {missing:?}");
    let mut faults: Vec<String> = Vec::new();
    let mut n_seen = 0;
    // Graph and records are read by all before anybody asks: the words of questions stand in
    // records.
    let of_graph = |probe: &Probe| {
        use Permission::{QueryGraph, ReadAllAnswers, UpdateGraph};
        matches!(probe.needs, Some(QueryGraph | UpdateGraph | ReadAllAnswers))
    };
    let rounds = [true, false].into_iter();
    for (who, graph) in rounds.flat_map(|graph| world.callers.iter().map(move |who| (who, graph))) {
        let hidden = who.hidden();
        let label = format!("{} with {:?}", who.role, who.labels);
        // Who sees everything may publish everything.
        let publishes = |probe: &Probe| probe.needs == Some(Permission::UpdateGraph);
        for probe in PROBES.iter().filter(|probe| is_served(probe.route, &routes)) {
            if of_graph(probe) != graph || (publishes(probe) && who.labels.is_none()) {
                continue;
            }
            let allowed = probe.needs.is_none_or(|permission| who.role.may(permission));
            // Roles see the same of the graph; it is read in all ways as one of them.
            let is_again = probe.needs == Some(Permission::QueryGraph) && who.role != Role::Agent;
            let n_asked = if is_again { 2 } else { usize::MAX };
            for ask in (probe.asks)(&world).into_iter().take(n_asked) {
                let answer = world.send(Some(who), &ask).await;
                let mut leaked = answer.leaked(&ask, &hidden);
                if FINDING.contains(&probe.route) && !who.sees("secret") {
                    leaked.extend(answer.leaked(&ask, &[SHOWN_WORD]));
                }
                let said = format!("{label}: {} {}", ask.method, ask.said());
                let begin: String = answer.body.chars().take(2_000).collect();
                if !leaked.is_empty() {
                    faults.push(format!("{said}\n  says {leaked:?}: {} {begin}", answer.status));
                }
                if !allowed && answer.status != 403 {
                    faults.push(format!("{said}\n  is not refused: {} {begin}", answer.status));
                }
                if (answer.status == 401 || answer.status >= 500 && !ask.may_be_refused)
                    || (allowed && answer.status == 403 && !ask.may_be_refused)
                {
                    faults.push(format!("{said}\n  fails: {} {begin}", answer.status));
                }
                if hidden.is_empty()
                    && SECRET_WORDS.iter().any(|word| answer.body.to_lowercase().contains(word))
                {
                    n_seen += 1;
                }
                let Some(twin) = ask.twin.as_ref().filter(|_| !ask.seen_by(who) && allowed) else {
                    continue;
                };
                let other = world.send(Some(who), twin).await;
                let names = [ask.name.as_str(), twin.name.as_str()];
                if answer.without(&names) != other.without(&names) {
                    faults.push(format!(
                        "{said}\n  differs from {}: {answer:?}\n  {other:?}",
                        twin.said()
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} leaks:\n{}", faults.len(), faults.join("\n"));
    assert!(n_seen > 20, "whoever sees everything finds the words: {n_seen}");
}

fn is_served(route: &str, routes: &BTreeSet<String>) -> bool {
    routes.contains(route) || ASSETS.contains(&route)
}

#[tokio::test]
async fn nothing_but_what_is_public_is_answered_without_a_credential() {
    let world = World::new().await;
    let routes = routes(&world).await;
    for probe in PROBES.iter().filter(|probe| is_served(probe.route, &routes)) {
        for ask in (probe.asks)(&world) {
            let answer = world.send(None, &ask).await;
            let leaked = answer.leaked(&ask, &[&SECRET_WORDS[..], &SUPPORT_WORDS[..]].concat());
            assert!(leaked.is_empty(), "{}: {leaked:?}", ask.said());
            let expected = match probe.is_open {
                true => answer.status < 500 && answer.status != 403,
                false => {
                    answer.status == 401 || (ask.accept == "text/html" && answer.status == 303)
                }
            };
            assert!(expected, "{} {}: {}", ask.method, ask.said(), answer.status);
        }
    }
    let (status, _, _) = get(format!("{}/api/nothing", world.server.base), "*/*").await;
    assert_eq!(status, 401, "a route that is not there is not told from one that is");
}

#[tokio::test]
async fn a_tie_that_only_a_hidden_document_states_is_not_walked() {
    let world = World::new().await;
    let ask = Ask::post("/api/search", json!({ "query": "Pump X-10", "mode": "graph", "k": 100 }));
    let walked = async |labels: Option<&[&str]>| {
        let who = world.callers.iter().find(|who| who.role == Role::Agent && who.labels == labels);
        let found: Value = serde_json::from_str(&world.send(who, &ask).await.body).unwrap();
        // Whoever sees support sees the pump and the valve, and not that they are tied:
        // nothing else leads to what is said of the valve.
        let of_valve = |hit: &&Value| hit["document_id"] == "support/facts.ttl";
        let reached = |hit: &Value| hit["path"].as_array().is_some_and(|path| !path.is_empty());
        let hits = found["hits"].as_array().unwrap();
        hits.iter().find(of_valve).map(reached)
    };
    assert_eq!(walked(Some(&["support"])).await, Some(false));
    assert_eq!(walked(None).await, Some(true));
}

#[test]
fn every_permission_is_asked_for_somewhere() {
    let asked: BTreeSet<Permission> = PROBES.iter().filter_map(|probe| probe.needs).collect();
    for permission in [Permission::UpdateGraph, Permission::WriteDocuments, Permission::Review] {
        assert!(asked.contains(&permission), "{permission:?}");
    }
}

impl Ask {
    /// Whether somebody may see what the request names.
    fn seen_by(&self, who: &Who) -> bool {
        match self.owner {
            // Records of agents: who asked, and auditors and admins who see as much.
            Some(labels) => {
                let own = who.role == Role::Agent && who.labels == labels;
                let sees = match labels {
                    None => who.labels.is_none(),
                    Some(labels) => labels.iter().all(|label| who.sees(label)),
                };
                own || (sees && who.role.may(Permission::ReadAllAnswers))
            }
            None => who.sees(self.label),
        }
    }
}
