//! Output that nobody reads (`veritrail review | head -1`), or that cannot be written.

use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, pump_knowledge_base,
};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Output, Stdio};

/// Commands that print, with more than a pipe holds at once left out: the first line is
/// refused already.
const COMMANDS: &[&[&str]] = &[
    &["--help"],
    &["status"],
    &["status", "--format", "json"],
    &["review"],
    &["search", "shaft seal"],
    &["ask", "What is the order number of the shaft seal?"],
    &["ask", "What is the order number of the shaft seal?", "--format", "json"],
    &["sparql", "SELECT * { ?s ?p ?o }"],
    &["sparql", "CONSTRUCT WHERE { ?s ?p ?o }"],
    &["validate"],
    &["entity", "show", "Pump X-10"],
    &["models", "list"],
    &["delete", "--check", "docs/none.md"],
];

/// Runs a command whose output nobody reads.
fn unread(kb: &Path, arguments: &[&str]) -> Output {
    let mut command = program(kb);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap()
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly_as_with_a_reader() {
    let (root, knowledge_base) = pump_knowledge_base();
    drop(knowledge_base);
    for arguments in COMMANDS {
        let (code, said, wrong) = outcome(&program(root.path()).args(*arguments).output().unwrap());
        assert!(said.len() + wrong.len() > 10, "{arguments:?} prints nothing");
        let (unread_code, _, unread_wrong) = outcome(&unread(root.path(), arguments));
        assert_eq!((unread_code, unread_wrong), (code, wrong), "{arguments:?}");
    }
}

#[test]
fn the_first_line_is_read_and_the_rest_is_not() {
    let (root, knowledge_base) = pump_knowledge_base();
    drop(knowledge_base);
    let query = "SELECT ?s ?p ?o ?t ?q ?u { ?s ?p ?o . ?t ?q ?u }";
    let mut command = program(root.path());
    command.args(["sparql", query]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let (code, _, wrong) = outcome(&child.wait_with_output().unwrap());
    assert_eq!((code, wrong.as_str()), (0, ""));
    assert_eq!(&first, b"s,p,o,t,q,");
}

#[test]
fn an_ingest_that_nobody_watches_is_finished() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let mut command = program(root.path());
    command.arg("ingest").arg(source.path()).arg("--verbose");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    let taken_in = open(root.path()).current().unwrap().unwrap();
    let expected = tempfile::tempdir().unwrap();
    init_with_text_alone(expected.path());
    assert_eq!(taken_in.name(), ingest(&open(expected.path()), source.path()));
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let (root, knowledge_base) = pump_knowledge_base();
    drop(knowledge_base);
    for arguments in [&["status"][..], &["sparql", "SELECT * { ?s ?p ?o }"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = program(root.path()).args(arguments).stdout(full).output().unwrap();
        let (code, _, wrong) = outcome(&ran);
        assert_eq!(code, 1, "{wrong}");
        assert!(wrong.contains("cannot be written") && wrong.contains("No space left"), "{wrong}");
    }
}
