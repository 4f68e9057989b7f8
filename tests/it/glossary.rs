//! Terms of a glossary are found as people write them.

use crate::fixtures::{ingest, open, outcome, program, write};
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{QueryOptions, ResultFormat};

#[test]
fn a_short_form_names_the_term_that_the_glossary_defines() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(
        source.path(),
        "glossary.jsonl",
        "{\"id\":\"pvc\",\"title\":\"Persistent Volume Claim\",\"aka\":[\"storage request\"],\
         \"definition\":\"Asks for storage.\"}\n{\"id\":\"x\",\"title\":\"No text\"}\n",
    );
    write(source.path(), "a.md", "# Disks\n\nThe PVC waits. A storage request is bound.\n");
    let output = program(root.path()).arg("ingest").arg(source.path()).output().unwrap();
    let (code, _, said) = outcome(&output);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("line 2") && said.contains("`definition`"), "{said}");
    let knowledge_base = open(root.path());
    let query = "SELECT ?exact ?label {
        ?m a vt:Mention ; oa:hasBody ?term ; oa:hasTarget/oa:hasSelector/oa:exact ?exact .
        ?term a vt:Term ; skos:prefLabel ?label } ORDER BY ?exact";
    let options = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Csv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    let found = String::from_utf8(output).unwrap();
    for name in ["PVC", "storage request"] {
        assert!(found.contains(&format!("{name},Persistent Volume Claim")), "{found}");
    }
}

#[test]
fn eval_says_how_many_marked_names_are_found() {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    KnowledgeBase::init(root.path()).unwrap();
    ingest(&open(root.path()), data.path());
    let line = "{\"tokens\":[\"He\",\"saw\",\"Redondo\",\"Beach\",\"and\",\"gardena\"],\
                \"tags\":[\"O\",\"O\",\"B-x\",\"I-x\",\"O\",\"B-x\"]}\n";
    write(data.path(), "dev.jsonl", line);
    let mut command = program(root.path());
    command.arg("eval").arg(data.path()).args(["--task", "mentions", "--format", "text"]);
    let (code, said, wrong) = outcome(&command.output().unwrap());
    assert_eq!(code, 0, "{wrong}");
    assert!(said.contains("2 marked names, recall 0.500") && said.contains("gardena"), "{said}");
}
