//! Wrong inputs get an error that says what was expected, what was found, which
//! input it was and what to do.

use crate::fixtures::{
    embedder, ingest, open, outcome, program, pump_documents, pump_knowledge_base, write,
};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use veritrail::embed::cache_dir_from_env;
use veritrail::engine::{EngineError, KnowledgeBase};

/// Fails unless the program ended with `code` and its error output has all words.
fn check(command: &mut Command, code: i32, words: &[&str]) {
    let output = command.output().unwrap();
    let (found, stdout, stderr) = outcome(&output);
    assert_eq!(found, code, "{stdout}\n{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is missing in:\n{stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn a_missing_source_says_so() {
    let root = tempfile::tempdir().unwrap();
    let mut command = program(root.path());
    command.args(["ingest", "/no/such/folder"]);
    check(&mut command, 1, &["/no/such/folder does not exist", "hint:"]);
}

#[test]
fn a_missing_knowledge_base_says_how_to_make_one() {
    let root = tempfile::tempdir().unwrap();
    check(program(root.path()).arg("status"), 1, &["not a knowledge base", "veritrail init"]);
}

#[test]
fn a_folder_without_permission_is_reported_and_the_rest_is_taken_in() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let closed = source.path().join("secret");
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    let plain = program(root.path());
    // The administrator may read everything, unless this right is given up.
    let mut command = if fs::read_dir(&closed).is_ok() {
        let mut command = Command::new("setpriv");
        command.arg("--bounding-set=-dac_override,-dac_read_search").arg(plain.get_program());
        command.args(plain.get_args());
        command
    } else {
        plain
    };
    command.arg("ingest").arg(source.path());
    check(&mut command, 3, &["not taken in", "secret", "Permission denied"]);
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(open(root.path()).status().unwrap().n_documents, 2);
}

#[test]
fn a_damaged_picture_is_reported_and_the_rest_is_taken_in() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    write(source.path(), "broken.png", b"\x89PNG\r\n\x1a\nnothing");
    let mut command = program(root.path());
    command.arg("ingest").arg(source.path());
    check(&mut command, 3, &["broken.png is a damaged or unsupported picture"]);
    assert_eq!(open(root.path()).status().unwrap().n_documents, 3);
}

/// A valid PNG of `side` x `side` black pixels, a bit for each: a deflate block of
/// fixed codes that repeats one byte, 258 bytes in 13 bits.
fn black_png(side: u32) -> Vec<u8> {
    let n_bytes = side as usize * (1 + side.div_ceil(8) as usize);
    let mut bits: Vec<bool> = Vec::new();
    // Codes go in from their highest bit, numbers from their lowest.
    let mut code = |value: u32, n: u32| bits.extend((0..n).rev().map(|i| value >> i & 1 == 1));
    code(0b110, 3);
    code(0b0011_0000, 8);
    for _ in 0..(n_bytes - 1) / 258 {
        code(0b1100_0101, 8);
        code(0, 5);
    }
    for _ in 0..(n_bytes - 1) % 258 {
        code(0b0011_0000, 8);
    }
    code(0, 7);
    let packed = bits
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0u8, |all, (i, bit)| all | u8::from(*bit) << i));
    let mut stream = vec![0x78, 0x01];
    stream.extend(packed);
    let adler = (n_bytes as u32 % 65_521) << 16 | 1;
    stream.extend(adler.to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes()[..], &[1, 0, 0, 0, 0]].concat();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", stream), (b"IEND", Vec::new())] {
        png.extend((data.len() as u32).to_be_bytes());
        let checked = [&kind[..], &data].concat();
        png.extend(&checked);
        png.extend(crc32fast::hash(&checked).to_be_bytes());
    }
    png
}

#[test]
fn a_small_file_that_unpacks_to_a_gigabyte_is_refused_and_the_rest_is_taken_in() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let picture = veritrail::picture::Picture::decode(&black_png(100)).unwrap();
    assert_eq!((picture.width(), picture.on_white().bytes), (100, vec![0; 30_000]));
    let bomb = black_png(30_000);
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    write(source.path(), "bomb.png", bomb);
    write(source.path(), "small.png", black_png(100));
    let mut command = program(root.path());
    command.arg("ingest").arg(source.path());
    let words =
        ["bomb.png", "30000 x 30000 pixels", "at most 20000 pixels a side", "scale it down"];
    check(&mut command, 3, &words);
    assert_eq!(open(root.path()).status().unwrap().n_documents, 4);
}

#[test]
fn two_gigabytes_of_text_are_refused_unread() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let large = File::create(source.path().join("large.txt")).unwrap();
    large.set_len(2 << 30).unwrap();
    let mut command = program(root.path());
    command.arg("ingest").arg(source.path());
    check(
        &mut command,
        3,
        &["large.txt is too large", "at most 268435456", "found 2147483648", "max_file_bytes"],
    );
    assert_eq!(open(root.path()).status().unwrap().n_documents, 3);
}

/// Copies a folder; large files are linked, so they must not be written to.
fn link_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            link_folder(&path, &target);
        } else {
            std::os::unix::fs::symlink(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_model_file_altered_by_one_byte_is_refused() {
    let (root, _knowledge_base) = pump_knowledge_base();
    drop(_knowledge_base);
    let cache = tempfile::tempdir().unwrap();
    link_folder(&cache_dir_from_env().join("models"), &cache.path().join("models"));
    let model = cache.path().join("models/all-minilm-l6-v2/model.onnx");
    let mut bytes = fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&model).unwrap();
    fs::write(&model, bytes).unwrap();
    let mut command = program(root.path());
    command.arg("--cache").arg(cache.path()).arg("status");
    check(&mut command, 1, &["model.onnx", "expected", "found", "models pull"]);
}

#[test]
fn a_knowledge_base_of_a_newer_format_is_refused() {
    let (root, knowledge_base) = pump_knowledge_base();
    drop(knowledge_base);
    fs::write(root.path().join("FORMAT"), "veritrail-kb 9").unwrap();
    let words = ["veritrail-kb 9", "reads `veritrail-kb 1`", "hint:"];
    check(program(root.path()).arg("status"), 1, &words);
}

#[test]
fn a_second_program_on_the_same_knowledge_base_is_refused() {
    let (root, _first) = pump_knowledge_base();
    let second = KnowledgeBase::open(root.path(), embedder());
    assert!(matches!(second, Err(EngineError::Locked(_))));
    check(program(root.path()).arg("status"), 1, &["in use by another process", "hint:"]);
}

/// Files end at 128 KiB, whatever is written to them: a disk that is full.
#[test]
fn a_full_disk_is_an_error_that_loses_nothing() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    let before = ingest(&open(root.path()), source.path());
    for n in 0..120 {
        let text = format!("# Part {n}\n\nPart {n} weighs {n} grams. {}", "More text. ".repeat(60));
        write(source.path(), &format!("more/{n}.md"), text);
    }
    let plain = program(root.path());
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""]);
    limited.arg(plain.get_program()).args(plain.get_args()).arg("ingest").arg(source.path());
    let (code, stdout, stderr) = outcome(&limited.output().unwrap());
    assert_eq!(code, 1, "{stdout}\n{stderr}");
    assert!(stderr.contains("error: ") && stderr.contains("File too large"), "{stderr}");
    assert!(stderr.contains("hint: make room"), "{stderr}");
    let knowledge_base = open(root.path());
    let status = knowledge_base.status().unwrap();
    assert_eq!((status.findings, status.n_unnamed), (Vec::new(), 0));
    assert_eq!(status.generation.as_deref(), Some(before.as_str()));
    ingest(&knowledge_base, source.path());
    assert_eq!(knowledge_base.status().unwrap().n_documents, 123);
}
