//! Any bytes are a document or an error: the targets of `fuzz/` over mutations of their
//! seeds. What a longer search finds becomes a seed.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Mutations of each target: 1,000, or what `VERITRAIL_TEST_MUTATIONS` says.
fn n_mutations() -> usize {
    let wanted = std::env::var("VERITRAIL_TEST_MUTATIONS");
    wanted.map_or(1_000, |text| text.parse().expect("a number"))
}

/// Pieces of syntax that parsers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\"",
    b"\"\"\"",
    b"<",
    b">",
    b"</",
    b"&#x0;",
    b"{",
    b"[",
    b"]]>",
    b"---\n",
    b"+++\n",
    b"<>",
    b"_:b",
    b"@base <a> .\n",
    b"%",
    b"\\u0000",
    b"99999999999999999999",
    b"-1",
    b"\xf0\x9f\x98\x80",
    b"e\xcc\x81",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// Name and bytes of every seed of a target.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder("seeds").join(target);
    let listed = fs::read_dir(&folder).expect("a folder of seeds for every target");
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Numbers that are the same on every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let n = self.below(32).min(length - begin);
        begin..begin + n
    }
}

/// Up to eight changes to a seed.
fn mutated(seeds: &[(String, Vec<u8>)], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seeds[numbers.below(seeds.len())].1.clone();
    for _ in 0..1 + numbers.below(8) {
        let range = numbers.range(bytes.len());
        match numbers.below(8) {
            0 if !range.is_empty() => bytes[range.start] ^= 1 << numbers.below(8),
            1 if !range.is_empty() => bytes[range.start] = numbers.below(256) as u8,
            2 => drop(bytes.drain(range)),
            3 => {
                let copy = bytes[range.clone()].repeat(1 + numbers.below(8));
                bytes.splice(range.end..range.end, copy);
            }
            4 => bytes.truncate(range.end.max(1)),
            5 => {
                let other = &seeds[numbers.below(seeds.len())].1;
                let from = numbers.below(other.len() + 1);
                let to = (from + numbers.below(200)).min(other.len());
                bytes.splice(range, other[from..to].iter().copied());
            }
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                let repeated = piece.repeat(1 + numbers.below(3));
                bytes.splice(range.start..range.start, repeated);
            }
        }
    }
    bytes
}

/// Seeds named `refused-...` are errors, all others are documents.
fn run_seeds(target: &str) {
    let seeds = seeds(target);
    assert!(seeds.iter().any(|(name, _)| !name.starts_with("refused-")), "{target} has no seed");
    for (name, bytes) in seeds {
        let n_taken = targets::run(target, &bytes);
        assert_eq!(n_taken == 0, name.starts_with("refused-"), "{target}/{name}: {n_taken}");
    }
}

fn run_mutations(target: &str) {
    let seeds = seeds(target);
    let mut numbers = Numbers(0x5eed_0000 + target.bytes().map(u64::from).sum::<u64>());
    let aside = tempfile::tempdir().unwrap();
    let file = aside.path().join(target);
    for n in 0..n_mutations() {
        let bytes = mutated(&seeds, &mut numbers);
        let ran = std::panic::catch_unwind(|| targets::run(target, &bytes));
        if let Err(panic) = ran {
            fs::write(&file, &bytes).unwrap();
            println!("mutation {n} of {target} is kept in {}", aside.keep().display());
            std::panic::resume_unwind(panic);
        }
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            mod $name {
                #[test]
                fn seeds_are_what_they_are() {
                    super::run_seeds(stringify!($name));
                }

                #[test]
                fn mutations_are_documents_or_errors() {
                    super::run_mutations(stringify!($name));
                }
            }
        )*

        #[test]
        fn every_target_runs_here_and_in_cargo_fuzz() {
            let here: BTreeSet<&str> = [$(stringify!($name)),*].into();
            assert_eq!(targets::names().collect::<BTreeSet<_>>(), here);
            let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
            let bins: BTreeSet<&str> = manifest
                .lines()
                .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"))
                .map(|rest| rest.trim_end_matches(".rs\""))
                .collect();
            assert_eq!(bins, here);
            for name in here {
                let text = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs")));
                assert!(text.unwrap().contains(&format!("targets::run(\"{name}\", bytes)")));
            }
        }
    };
}

targets! {
    csv csvw docx email html json jsonl jsonld markdown nquads ntriples pdf picture plain
    rdfxml rst shapes trig tsv turtle zip
}

#[test]
fn every_loader_has_a_target() {
    let loaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ingest");
    let with_loader = fs::read_dir(loaders).unwrap().map(|entry| entry.unwrap().path());
    let with_loader = with_loader.filter(|path| {
        path.is_file() && fs::read_to_string(path).unwrap().contains("impl Loader for")
    });
    let other_names = [("rdf", "turtle"), ("table", "csv")];
    for path in with_loader {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let target = other_names.iter().find(|(file, _)| *file == name);
        let target = target.map_or(name.as_str(), |(_, target)| target);
        assert!(targets::names().any(|known| known == target), "{} has no target", path.display());
    }
}
