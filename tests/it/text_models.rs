//! Another text model: its space is built beside, and questions meet its vectors alone.

use crate::fixtures::{embedder, ingest, init_with_text_alone, runtime, write};
use crate::server::{Running, get, http, serve_on};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use veritrail::embed::{Embedder, Registry, TextModel, cache_dir_from_env};
use veritrail::engine::{
    DeleteOptions, EngineError, KnowledgeBase, Models, PromotedBy, SetupChange,
};
use veritrail::model::Query;
use veritrail::retrieve::RetrievalMode;

/// Texts and questions about them in other words.
const PAIRS: &[(&str, &str)] = &[
    ("The physician was paid a large sum.", "How much money did the doctor get?"),
    ("Felines sleep most of the day.", "What do cats do?"),
    ("The automobile would not start in the cold.", "Why did the car fail in winter?"),
    ("Infants cry when they want milk.", "What makes a baby hungry and loud?"),
    ("The vessel sank near the coast.", "Where did the ship go down?"),
    ("Scholars read old manuscripts.", "What do professors study?"),
    ("The attorney spoke before the judge.", "Who was the lawyer talking to?"),
    ("The blaze destroyed the barn.", "What burned in the fire?"),
    ("Rainfall flooded the valley.", "Where was the water after the storm?"),
    ("The monarch gave up the throne.", "Why did the king resign?"),
    ("A thief took the jewels.", "What was stolen by the burglar?"),
    ("The chef prepared a soup.", "What did the cook make for dinner?"),
];

/// A cache whose models all are the one that is installed, under other names: `short`
/// reads only the first words, and the words of `shuffled` were exchanged for others.
fn cache() -> TempDir {
    let cache = tempfile::tempdir().unwrap();
    let installed = cache_dir_from_env().join("models/all-minilm-l6-v2");
    for name in ["short", "shuffled"] {
        let folder = cache.path().join("models").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for file in ["config.json", "model.safetensors", "model.onnx", "tokenizer.json"] {
            std::os::unix::fs::symlink(installed.join(file), folder.join(file)).unwrap();
        }
    }
    let file = cache.path().join("models/shuffled/tokenizer.json");
    let mut tokenizer: Value =
        serde_json::from_slice(&std::fs::read(installed.join("tokenizer.json")).unwrap()).unwrap();
    let words = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let n = words.len() as u64;
    // Each whole word or piece gets the vector of another one.
    for id in words.values_mut() {
        let number = id.as_u64().unwrap();
        if number >= 2_000 {
            *id = json!(2_000 + (number - 2_000 + 7_919) % (n - 2_000));
        }
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, serde_json::to_vec(&tokenizer).unwrap()).unwrap();
    cache
}

fn registry() -> Registry {
    let installed = Registry::builtin().unwrap();
    let known = installed.find("all-minilm-l6-v2").unwrap().clone();
    let mut text = String::new();
    for (name, max_tokens) in [("short", 24), ("shuffled", 256)] {
        write!(
            text,
            "[[model]]\nname = \"{name}\"\ntask = \"text\"\nlicence = \"Apache-2.0\"\n\
             summary = \"a test\"\ndimension = 384\nmax_tokens = {max_tokens}\npooling = \"mean\"\n"
        )
        .unwrap();
        for file in &known.files {
            write!(text, "[[model.file]]\nname = \"{}\"\n", file.name).unwrap();
            if let Some(sha256) =
                file.sha256.filter(|_| name == "short" || file.name != "tokenizer.json")
            {
                writeln!(text, "sha256 = \"{sha256}\"").unwrap();
            }
        }
    }
    installed.with_extension(&text, "test").unwrap()
}

/// The model of the settings, and others by name.
fn models(cache: &Path) -> Models {
    let mut models = Models::from(embedder());
    let (registry, runtime, cache) = (registry(), runtime(), cache.to_owned());
    // The first pull records digests that the registry does not name.
    let file = cache.join("models/shuffled/tokenizer.json");
    let digest = veritrail::model::Digest::of(&std::fs::read(file).unwrap());
    let recorded = json!({ "tokenizer.json": digest.to_string() });
    write(&cache, "models/shuffled/recorded-digests.json", recorded.to_string());
    models.opener = Some(Arc::new(move |name: &str| {
        let entry = registry.find(name)?;
        Ok(Arc::new(TextModel::open(&runtime, entry, &cache, 2)?) as Arc<dyn Embedder>)
    }));
    models
}

fn switch_to(name: &str) -> SetupChange {
    SetupChange { text_model: Some(name.to_owned()), ..SetupChange::default() }
}

fn by(reason: &str) -> PromotedBy {
    PromotedBy { principal: "olga".into(), reason: Some(reason.into()) }
}

fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, (text, _)) in PAIRS.iter().enumerate() {
        write(folder.path(), &format!("{n:02}.txt"), format!("{text}\n"));
    }
    folder
}

/// A knowledge base of the texts, its documents, and the models beside.
fn texts() -> (TempDir, TempDir, TempDir, KnowledgeBase) {
    let (root, source, cache) = (tempfile::tempdir().unwrap(), documents(), cache());
    init_with_text_alone(root.path());
    let knowledge_base = KnowledgeBase::open(root.path(), models(cache.path())).unwrap();
    ingest(&knowledge_base, source.path());
    (root, source, cache, knowledge_base)
}

/// Where the document that answers stands, found by vectors alone, on the average.
fn mean_place(knowledge_base: &KnowledgeBase) -> f64 {
    let session = knowledge_base.session().unwrap();
    let place = |(n, (_, question)): (usize, &(&str, &str))| {
        let found = session.search(&Query::text(*question, 20), RetrievalMode::Dense).unwrap();
        let name = format!("{n:02}.txt");
        found.hits.iter().position(|hit| hit.document.source() == name).unwrap_or(20) as f64
    };
    PAIRS.iter().enumerate().map(place).sum::<f64>() / PAIRS.len() as f64
}

#[test]
fn a_bad_text_model_is_held_back_by_the_gate_and_a_good_one_is_not() {
    let (root, source, cache, knowledge_base) = texts();
    let golden: Vec<String> = PAIRS
        .iter()
        .enumerate()
        .map(|(n, (_, question))| {
            json!({ "id": n.to_string(), "text": question, "relevant": [format!("{n:02}.txt")] })
                .to_string()
        })
        .collect();
    knowledge_base.keep_golden_set("words", golden.join("\n").as_bytes(), "olga").unwrap();
    let bad = knowledge_base.build_aside(&switch_to("shuffled"), &mut |_| {}).unwrap().generation;
    let refused = knowledge_base.promote_through_gate(&bad, &by("new")).err().unwrap();
    assert!(matches!(refused, EngineError::Gate { .. }), "{refused}");
    assert!(refused.to_string().contains("nDCG@10 falls from"), "{refused}");
    let good = knowledge_base.build_aside(&switch_to("short"), &mut |_| {}).unwrap().generation;
    knowledge_base.promote_through_gate(&good, &by("new")).unwrap();
    let good_place = mean_place(&knowledge_base);
    assert!(good_place < 1.5, "{good_place}");
    // What is taken in now is embedded in its space, and the next generation has it, too.
    write(source.path(), "new.txt", "The valve leaks.\n");
    let next = ingest(&knowledge_base, source.path());
    let spaces = |name: &str| {
        let generation = knowledge_base.find_generation(name).unwrap();
        let diff = knowledge_base.compare_generations(&bad, &generation).unwrap();
        (diff.spaces_added.concat(), diff.spaces_removed.concat())
    };
    assert!(spaces(&next).0.starts_with("short@"), "{:?}", spaces(&next));
    assert!(spaces(&next).1.starts_with("shuffled@"));
    // It stays so after a restart, whatever model the settings name.
    drop(knowledge_base);
    let knowledge_base = KnowledgeBase::open(root.path(), models(cache.path())).unwrap();
    assert_eq!(mean_place(&knowledge_base), good_place);
    assert!(knowledge_base.check().unwrap().findings.is_empty());
    // A deletion leaves nothing in any space, and spaces that nobody needs go.
    let folders = || std::fs::read_dir(root.path().join("vectors")).unwrap().count();
    assert_eq!(folders(), 3);
    let new = knowledge_base.find_document("new.txt").unwrap();
    let options = DeleteOptions { principal: "me".into(), reason: None, erase_quotes: false };
    knowledge_base.delete(&[new], &options, &mut |_| {}).unwrap();
    let residue = knowledge_base.residue("new.txt").unwrap();
    assert_eq!((residue.n_vectors, residue.n_unnamed), (0, 0));
    assert_eq!(folders(), 2, "that of the bad model is gone");
    assert_eq!(mean_place(&knowledge_base), good_place);
}

#[test]
fn a_model_that_is_not_there_is_refused_by_name_and_its_generation_waits() {
    let (root, _source, _cache, knowledge_base) = texts();
    let error = knowledge_base.build_aside(&switch_to("nonesuch"), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("nonesuch"), "{error}");
    let aside = knowledge_base.build_aside(&switch_to("short"), &mut |_| {}).unwrap().generation;
    drop(knowledge_base);
    let knowledge_base = KnowledgeBase::open(root.path(), embedder()).unwrap();
    let refused = knowledge_base.promote(&aside, &by("x")).err().unwrap();
    assert!(matches!(refused, EngineError::OtherSpaces { .. }), "{refused}");
    assert!(knowledge_base.session().is_ok(), "the one before goes on");
}

async fn post(server: &Running, path: &str, body: &Value) -> (u16, Value) {
    let request = http().post(format!("{}{path}", server.base)).json(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn read(url: String) -> Value {
    serde_json::from_str(&get(url, "application/json").await.2).unwrap()
}

/// The spaces of generations by name, as the graph says.
async fn spaces_of_generations(server: &Running) -> BTreeMap<String, BTreeSet<String>> {
    let query = "SELECT ?g ?s { GRAPH <urn:veritrail:graph:governance> { ?g vt:searches ?s } }";
    let request = http()
        .post(format!("{}/query", server.base))
        .header("content-type", "application/sparql-query")
        .body(query);
    let found: Value = request.send().await.unwrap().json().await.unwrap();
    let mut spaces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in found["results"]["bindings"].as_array().unwrap() {
        let text = |name: &str| row[name]["value"].as_str().unwrap().to_owned();
        spaces.entry(text("g")).or_default().insert(text("s"));
    }
    spaces
}

#[tokio::test]
async fn a_served_knowledge_base_changes_its_text_model_and_back_without_a_failure() {
    let (root, _source, _cache, knowledge_base) = texts();
    let first = knowledge_base.current().unwrap().unwrap().name().to_owned();
    let server = serve_on(root, knowledge_base).await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let asking = async {
        let mut answers = Vec::new();
        let mut n = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let question = format!("{} {n}", PAIRS[n % PAIRS.len()].1);
            let body = json!({ "model": "veritrail",
                "messages": [{ "role": "user", "content": question }] });
            let (status, body) = post(&server, "/v1/chat/completions", &body).await;
            assert_eq!(status, 200, "{body}");
            answers.push(body["answer_id"].as_str().unwrap().to_owned());
            n += 1;
        }
        answers
    };
    let changing = async {
        let change = json!({ "text_model": "short" });
        let (status, job) = post(&server, "/api/generations/build", &change).await;
        assert_eq!(status, 202, "{job}");
        let url = format!("{}/api/jobs/{}", server.base, job["job"].as_str().unwrap());
        let built = loop {
            let job = read(url.clone()).await;
            match job["status"].as_str().unwrap() {
                "done" => break job["result"]["generation"].as_str().unwrap().to_owned(),
                "failed" => panic!("{job}"),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let (status, there) =
            post(&server, "/api/generations/promote", &json!({ "generation": built })).await;
        assert_eq!((status, &there["to"]), (200, &json!(built)), "{there}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        let (status, back) = post(&server, "/api/generations/rollback", &json!({})).await;
        let took = begun.elapsed();
        assert_eq!((status, &back["to"]), (200, &json!(first)), "{back}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        built
    };
    let (answers, built) = futures::join!(asking, changing);
    let spaces = spaces_of_generations(&server).await;
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for id in answers {
        let record = read(format!("{}/api/answers/{id}", server.base)).await;
        let generation = record["generation"].as_str().unwrap().to_owned();
        let searched: BTreeSet<String> = record["spaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|space| space.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(searched, spaces[&generation], "{record}");
        asked.insert(generation.rsplit(':').next().unwrap().to_owned());
    }
    assert_eq!(asked, BTreeSet::from([first, built]), "both have answered");
}
