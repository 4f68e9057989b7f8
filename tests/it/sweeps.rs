//! `veritrail eval` compares ways of ranking and says where evidence was lost.

use crate::fixtures::{outcome, program, write};
use serde_json::Value;
use std::path::Path;

/// A data set of one question about a pump, whose second document no word leads to.
fn data_set(folder: &Path) {
    let documents = [
        ("film", "The Glass Hornet", "The Glass Hornet is a film by Ada Berg."),
        ("berg", "Ada Berg", "Ada Berg was born in Lund in 1931."),
        ("pump", "Pump", "The pump needs oil. It was built for the factory."),
        ("valve", "Valve", "The valve needs water."),
    ];
    let line = |(id, title, text): &(&str, &str, &str)| {
        serde_json::json!({ "id": id, "title": title, "text": text }).to_string() + "\n"
    };
    write(folder, "corpus.jsonl", documents.iter().map(line).collect::<String>());
    let question = "Where was the director of The Glass Hornet born?";
    let queries = serde_json::json!({ "id": "1", "text": question }).to_string();
    write(folder, "queries.jsonl", queries);
    write(
        folder,
        "qrels.tsv",
        "query_id\tdoc_id\trelevance\n1\tfilm\t1\n1\tberg\t1\n1\tabsent\t1\n",
    );
}

#[test]
fn a_sweep_compares_variants_and_remembers_them() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    data_set(data.path());
    let kept = root.path().join("kept");
    let run = |per_query: &str| {
        let mut command = program(root.path());
        command.arg("eval").arg(data.path()).arg("--keep").arg(&kept);
        command.args(["--set", "retrieve.bridge_weight=0,4", "--per-query"]);
        let (code, said, wrong) =
            outcome(&command.arg(root.path().join(per_query)).output().unwrap());
        assert_eq!(code, 0, "{wrong}");
        said
    };
    let said = run("first.jsonl");
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2, "{said}");
    assert_eq!(rows[0]["recall@5_change"], Value::Null);
    assert_eq!(rows[1]["against"], "graph bridge_weight=0");
    assert!(rows[1]["recall@5_change"]["p"].is_number(), "{said}");
    let lines = std::fs::read_to_string(root.path().join("first.jsonl")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let gold = first["gold"].as_array().unwrap();
    let of = |id: &str| gold.iter().find(|gold| gold["document"] == id).unwrap();
    assert_eq!(of("film")["lost"], Value::Null, "{first}");
    assert!(of("film")["rank"].as_u64().is_some_and(|rank| rank <= 2), "{first}");
    assert_eq!(of("absent")["lost"], "not-seeded", "{first}");
    // Times of a second ranking would differ.
    run("second.jsonl");
    assert_eq!(lines, std::fs::read_to_string(root.path().join("second.jsonl")).unwrap());
}

#[test]
fn a_sweep_of_unknown_settings_is_refused() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    data_set(data.path());
    let mut command = program(root.path());
    command.arg("eval").arg(data.path()).args(["--set", "retrieve.dampng=1"]);
    let (code, _, wrong) = outcome(&command.output().unwrap());
    assert!(code != 0 && wrong.contains("dampng"), "{wrong}");
}
