//! A disk that is full or breaks, at any write of an ingest or a deletion, costs a
//! message and nothing else.
//!
//! `failing_disk.c` is compiled here and stands between the program and the file system:
//! the n-th call that needs room fails. Without it, limits on the size of files do the
//! same to real writes.

use crate::delete::knowledge;
use crate::fixtures::{
    copy_folder, embedder, ingest, init_with_text_alone, open, outcome, program, pump_documents,
    write,
};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;
use veritrail::engine::DeleteOptions;
use veritrail::index::{LexicalConfig, LexicalIndex, VectorStore};

const DELETED: &str = "n/3.md";

/// Faults of each test: 12, or what `VERITRAIL_TEST_FAULTS` says.
fn n_faults() -> usize {
    std::env::var("VERITRAIL_TEST_FAULTS").map_or(12, |text| text.parse().expect("a number"))
}

/// A knowledge base, and the documents that come next: new ones and a changed one.
fn scene() -> (TempDir, TempDir) {
    let (source, root) = (pump_documents(), tempfile::tempdir().unwrap());
    for n in 0..6 {
        let text = format!("# Note {n}\n\nThe valve KV-{n} leaks.\n");
        write(source.path(), &format!("n/{n}.md"), text);
    }
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    write(source.path(), "docs/parts.md", "# Parts list\n\nThe shaft seal is now SP-3118.\n");
    for n in 6..10 {
        let text = format!("# Note {n}\n\n## Care\n\nThe valve KV-{n} fits the Pump X-10.\n");
        write(source.path(), &format!("n/{n}.md"), text);
    }
    (root, source)
}

/// All that a knowledge base holds, so that two can be compared.
#[derive(Debug, PartialEq)]
struct Holdings {
    generation: Option<String>,
    n_documents: usize,
    knowledge: BTreeSet<String>,
    /// Those of all fragments, with components in units of a thousandth.
    vectors: BTreeMap<String, Vec<i32>>,
    words: BTreeSet<String>,
    /// Files and folders of the knowledge base itself.
    names: BTreeSet<String>,
}

/// What is in `root`, which must be sound.
fn holdings(root: &Path) -> Holdings {
    let knowledge_base = open(root);
    let status = knowledge_base.status().unwrap();
    assert_eq!(status.findings, Vec::<String>::new());
    let knowledge = knowledge(&knowledge_base);
    drop(knowledge_base);
    let generation = status.generation;
    let words = generation.iter().flat_map(|name| {
        let folder = root.join("generations").join(name).join("lexical");
        LexicalIndex::open(&folder, LexicalConfig::default()).unwrap().fragments().unwrap()
    });
    let words: BTreeSet<String> = words.map(|fragment| fragment.as_str().to_owned()).collect();
    let store = VectorStore::open(&root.join("vectors"), embedder().space()).unwrap();
    // A replaced version leaves its vectors until the next sweep.
    let stored = store.vectors();
    let of_fragment = |fragment: &String| {
        let vector = stored.get(fragment).unwrap();
        let rounded = vector.iter().map(|value| (value * 1e3).round() as i32).collect();
        (fragment.clone(), rounded)
    };
    let vectors = words.iter().map(of_fragment).collect();
    let mut names: BTreeSet<String> = listed(root);
    assert!(listed(&root.join("generations")).iter().all(|name| !name.starts_with('.')));
    names.remove("LOCK");
    Holdings { n_documents: status.n_documents, knowledge, vectors, words, names, generation }
}

fn listed(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

fn copy_of(root: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(root, copy.path());
    copy
}

/// The library made of `failing_disk.c`.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let compile = || {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("failing_disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/failing_disk.c");
        let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        let compiled = compiler.output().expect("a C compiler, which the build needs as well");
        assert!(compiled.status.success(), "{compiled:?}");
        (folder, library)
    };
    &LIBRARY.get_or_init(compile).1
}

/// Runs the program on a disk whose `n`-th call below `root` fails; 0 for none.
fn on_failing_disk(root: &Path, arguments: &[&str], mode: &str, n: usize) -> Output {
    let mut command = program(root);
    command.args(arguments).env("LD_PRELOAD", library()).env("VERITRAIL_DISK_FOLDER", root);
    command.env("VERITRAIL_DISK_FAILS", n.to_string()).env("VERITRAIL_DISK_MODE", mode);
    command.env("VERITRAIL_DISK_COUNT", root.with_extension("count"));
    command.output().unwrap()
}

/// How many calls an undisturbed run makes that can fail.
fn n_calls(root: &Path, arguments: &[&str]) -> usize {
    let ran = on_failing_disk(root, arguments, "full", 0);
    assert!(ran.status.success(), "{ran:?}");
    let file = root.with_extension("count");
    let n_calls = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    std::fs::remove_file(file).unwrap();
    assert!(n_calls > 50, "{n_calls}: the library is not in front");
    n_calls
}

/// Each fault: its kind, and the number of the call, spread evenly over the run.
fn faults(n_calls: usize) -> Vec<(&'static str, usize)> {
    let modes = ["full", "short", "once", "sync"];
    let at = |n: usize| 1 + (n * 618_034 + 271_828) % 1_000_000 * n_calls / 1_000_000;
    (0..n_faults()).map(|n| (modes[n % modes.len()], at(n))).collect()
}

/// The program either did all of its work, or said what is wrong with which file, and
/// what to do; true when it did its work.
fn ended_well(ran: &Output, root: &Path, reasons: &[&str]) -> bool {
    let (code, _, said) = outcome(ran);
    if code == 0 {
        return true;
    }
    assert_eq!(code, 1, "{} {said}", ran.status);
    assert!(said.contains("error: ") && said.contains(root.to_str().unwrap()), "{said}");
    assert!(reasons.iter().any(|reason| said.contains(reason)), "{said}");
    assert_eq!(said.matches("\nhint: ").count(), 1, "{said}");
    false
}

fn acknowledged(ran: &Output) -> BTreeSet<String> {
    let (_, said, _) = outcome(ran);
    said.lines().filter_map(|line| line.strip_prefix("taken in ").map(str::to_owned)).collect()
}

/// What a disturbed ingest may leave, and that a further one does the rest.
fn check_after_ingest(root: &Path, source: &Path, done: bool, ran: &Output, expected: &Holdings) {
    let knowledge_base = open(root);
    let status = knowledge_base.status().unwrap();
    assert!(done || (status.findings.is_empty() && status.n_unnamed == 0), "{status:?}");
    for source in acknowledged(ran) {
        assert!(knowledge_base.find_document(&source).is_ok(), "{source} was lost");
    }
    let changed = knowledge_base.original("docs/parts.md").unwrap().unwrap();
    let is_new = String::from_utf8(changed).unwrap().contains("SP-3118");
    assert!(is_new || !acknowledged(ran).contains("docs/parts.md"), "a change was lost");
    drop(knowledge_base);
    if !done {
        ingest(&open(root), source);
    }
    assert_eq!(&holdings(root), expected);
}

#[test]
fn an_ingest_that_the_disk_fails_loses_nothing_and_is_finished_by_the_next() {
    let (before, source) = scene();
    let arguments = ["ingest", source.path().to_str().unwrap(), "--verbose"];
    let undisturbed = copy_of(before.path());
    let n_calls = n_calls(undisturbed.path(), &arguments);
    let expected = holdings(undisturbed.path());
    let mut n_failed = 0;
    for (mode, n) in faults(n_calls) {
        let root = copy_of(before.path());
        println!("{mode} from call {n} of {n_calls}");
        let ran = on_failing_disk(root.path(), &arguments, mode, n);
        let reasons: &[&str] =
            if mode == "sync" { &["Input/output error"] } else { &["No space left on device"] };
        let done = ended_well(&ran, root.path(), reasons);
        n_failed += usize::from(!done);
        check_after_ingest(root.path(), source.path(), done, &ran, &expected);
    }
    assert!(n_failed * 2 > n_faults(), "only {n_failed} faults were felt");
}

#[test]
fn a_deletion_that_the_disk_fails_is_all_or_nothing() {
    let (before, _source) = scene();
    let undisturbed = copy_of(before.path());
    let n_calls = n_calls(undisturbed.path(), &["delete", DELETED]);
    let (with, without) = (holdings(before.path()), holdings(undisturbed.path()));
    let (mut n_kept, mut n_finished) = (0, 0);
    for (mode, n) in faults(n_calls) {
        let root = copy_of(before.path());
        println!("{mode} from call {n} of {n_calls}");
        let ran = on_failing_disk(root.path(), &["delete", DELETED], mode, n);
        let reasons: &[&str] =
            if mode == "sync" { &["Input/output error"] } else { &["No space left on device"] };
        let done = ended_well(&ran, root.path(), reasons);
        let mut knowledge_base = open(root.path());
        let found = knowledge_base.find_document(DELETED);
        assert!(!done || found.is_err(), "the program said that it was deleted");
        if let Ok(document) = found {
            n_kept += 1;
            drop(knowledge_base);
            assert_eq!(holdings(root.path()), with);
            knowledge_base = open(root.path());
            let options =
                DeleteOptions { principal: "me".into(), reason: None, erase_quotes: false };
            knowledge_base.delete(&[document], &options, &mut |_| {}).unwrap();
            knowledge_base.close().unwrap();
            knowledge_base = open(root.path());
        } else {
            n_finished += usize::from(!done);
        }
        let residue = knowledge_base.residue(DELETED).unwrap();
        assert!(residue.is_clean(), "{residue:?}");
        drop(knowledge_base);
        assert_eq!(holdings(root.path()), without);
    }
    println!("{n_kept} kept, {n_finished} finished by the next start");
    assert!(n_kept > 0 && n_finished > 0, "{n_kept} {n_finished}");
}

/// Files end at a number of blocks of 512 bytes. Without the trap the system ends the
/// program at that write.
fn with_limited_files(root: &Path, arguments: &[&str], n_blocks: usize, trap: bool) -> Output {
    let plain = program(root);
    let mut limited = Command::new("sh");
    let trap = if trap { "trap '' XFSZ; " } else { "" };
    limited.arg("-c").arg(format!("{trap}ulimit -f {n_blocks}; exec \"$0\" \"$@\""));
    limited.arg(plain.get_program()).args(plain.get_args()).args(arguments);
    limited.output().unwrap()
}

#[test]
fn files_that_may_not_grow_cost_a_message_and_nothing_else() {
    let (before, source) = scene();
    let arguments = ["ingest", source.path().to_str().unwrap(), "--verbose"];
    let undisturbed = copy_of(before.path());
    assert!(program(undisturbed.path()).args(arguments).status().unwrap().success());
    let expected = holdings(undisturbed.path());
    let mut n_felt = 0;
    for n in 0..n_faults() {
        // From a block to half a mebibyte, and each way to end.
        let n_blocks = 1usize << (n / 2 * 10 / n_faults().div_ceil(2));
        let trap = n % 2 == 0;
        let root = copy_of(before.path());
        println!("files of at most {n_blocks} blocks, {trap}");
        let ran = with_limited_files(root.path(), &arguments, n_blocks, trap);
        let killed = ran.status.signal().is_some();
        assert!(!(killed && trap), "{ran:?}");
        let done = !killed && ended_well(&ran, root.path(), &["File too large"]);
        n_felt += usize::from(!done);
        check_after_ingest(root.path(), source.path(), done, &ran, &expected);
    }
    assert!(n_felt > 0, "no limit was felt");
}
