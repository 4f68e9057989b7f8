//! `kill -9` at any instant loses nothing that was acknowledged.

use crate::fixtures::{example, ingest, init_with_text_alone, open, program};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{QueryOptions, ResultFormat};

/// Kills: 50, or what `VERITRAIL_TEST_KILLS` says.
fn n_kills_wanted() -> u64 {
    std::env::var("VERITRAIL_TEST_KILLS").map_or(50, |text| text.parse().expect("a number"))
}

/// The corpus: the bundled example, or what `VERITRAIL_TEST_CORPUS` names.
fn corpus() -> PathBuf {
    std::env::var_os("VERITRAIL_TEST_CORPUS").map_or_else(example, PathBuf::from)
}

/// The latest moment of a kill: enough for some commits of the example, or what
/// `VERITRAIL_TEST_KILL_WITHIN_MS` says for a larger corpus.
fn kill_within_ms() -> u64 {
    let wanted = std::env::var("VERITRAIL_TEST_KILL_WITHIN_MS");
    wanted.map_or(3_000, |text| text.parse().expect("a number of milliseconds"))
}

fn sources(knowledge_base: &KnowledgeBase) -> BTreeSet<String> {
    let query = "SELECT ?source { ?document vt:source ?source }";
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    text.lines().skip(1).map(|line| line.trim_matches('"').to_owned()).collect()
}

/// Ingests until the end or until it is killed after `delay`. Acknowledged
/// documents go into `acknowledged`; whether it was killed.
fn ingest_and_kill(kb: &Path, delay: Duration, acknowledged: &mut BTreeSet<String>) -> bool {
    let mut command = program(kb);
    command.arg("ingest").arg(corpus()).arg("--verbose");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (ended, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let lines = scope.spawn(move || {
            let lines: Vec<String> = output.lines().map_while(Result::ok).collect();
            drop(ended);
            lines
        });
        let killed = wait.recv_timeout(delay) == Err(mpsc::RecvTimeoutError::Timeout);
        if killed {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let taken_in = |line: &String| line.strip_prefix("taken in ").map(str::to_owned);
        acknowledged.extend(lines.join().unwrap().iter().filter_map(taken_in));
        assert!(killed || status.success(), "the undisturbed end failed: {status}");
        killed
    })
}

#[test]
fn kills_lose_nothing_and_leave_nothing() {
    let undisturbed = tempfile::tempdir().unwrap();
    init_with_text_alone(undisturbed.path());
    let expected = ingest(&open(undisturbed.path()), &corpus());
    let mut root = tempfile::tempdir().unwrap();
    init_with_text_alone(root.path());
    let mut acknowledged = BTreeSet::new();
    let (mut n_kills, mut n_runs) = (0, 0u64);
    let mut slowest = Duration::ZERO;
    while n_kills < n_kills_wanted() {
        // Moments from the start of the program to seconds of work, spread evenly.
        n_runs += 1;
        let within = kill_within_ms();
        let delay = Duration::from_millis(100 + n_runs * within * 618 / 1_000 % (within - 100));
        let killed = ingest_and_kill(root.path(), delay, &mut acknowledged);
        let begin = Instant::now();
        let knowledge_base = open(root.path());
        slowest = slowest.max(begin.elapsed());
        let status = knowledge_base.status().unwrap();
        assert_eq!(status.findings, Vec::<String>::new());
        assert_eq!(status.n_unnamed, 0, "after kill {n_kills}");
        let kept = sources(&knowledge_base);
        let lost: Vec<&String> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "lost {lost:?}");
        if killed {
            n_kills += 1;
        } else {
            assert_eq!(status.generation, Some(expected.clone()));
            drop(knowledge_base);
            root = tempfile::tempdir().unwrap();
            init_with_text_alone(root.path());
            acknowledged.clear();
        }
    }
    println!("{n_kills} kills; the slowest start took {:.2} s", slowest.as_secs_f64());
    assert_eq!(ingest(&open(root.path()), &corpus()), expected);
}
