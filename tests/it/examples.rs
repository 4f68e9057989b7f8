//! The recipes under `examples/` run as their READMEs say.

use crate::fixtures::{example, outcome, write};
use std::path::Path;
use std::process::Command;

fn run(script: &str, arguments: &[&Path]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("sh")
        .arg(root.join("examples").join(script))
        .args(arguments)
        .env("VERITRAIL", env!("CARGO_BIN_EXE_veritrail"))
        .output()
        .unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    stdout
}

#[test]
fn moderation_lists_pictures_above_the_threshold_and_keeps_the_decision() {
    let output = run("moderation/run.sh", &[]);
    let (waiting, known) = output.split_once("== what the graph knows of it").unwrap();
    assert!(waiting.contains("zero-shot") && waiting.contains("1 accepted"), "{output}");
    // The last column names who decided; file names are believed without anyone.
    let by_person = |line: &&str| line.contains(",accepted,") && !line.ends_with(',');
    let decided: Vec<&str> = known.lines().filter(by_person).collect();
    assert_eq!(decided.len(), 1, "{known}");
    assert!(known.contains(",proposed,"), "{known}");
}

#[test]
fn catalogue_matching_measures_and_explains_matches() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["catalogue.ttl", "pictures/front-beck-12.jpg", "pictures/front-beck-30.jpg"] {
        write(folder.path(), name, std::fs::read(example().join(name)).unwrap());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dataset = root.join("examples/catalogue_matching/products");
    let output = run("catalogue_matching/run.sh", &[&dataset, folder.path()]);
    let graph = output.lines().find(|line| line.trim_start().starts_with("graph   any"));
    let recall =
        graph.and_then(|line| line.split("recall@1 ").nth(1)?.get(..5)?.parse::<f64>().ok());
    assert!(recall.unwrap() >= 0.9, "{output}");
    assert!(output.contains("OP-012,Beck 12"), "{output}");
}
