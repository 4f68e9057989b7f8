//! Damaged and hostile documents are errors about themselves alone, in bounded
//! time.

use crate::document_files::{
    container, deflated, deflated_zeros, docx, pdf_of, pdf_with, picture, stream, text_page,
};
use crate::fixtures::{open, outcome, program, write};
use image::ImageFormat;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};
use veritrail::ingest::{SourceItem, load, scan};

/// Far more than any of them takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

fn truncated(mut bytes: Vec<u8>, keep: f64) -> Vec<u8> {
    bytes.truncate((bytes.len() as f64 * keep) as usize);
    bytes
}

/// XML that would grow to a billion words.
fn laughs() -> Vec<u8> {
    let mut entities = "<!ENTITY l0 \"ha\">".to_owned();
    for i in 1..10 {
        entities.push_str(&format!("<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10)));
    }
    let main = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [{entities}]><w:document xmlns:w=\"w\"><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:document>"
    );
    container(&[("word/document.xml", main.as_bytes())])
}

/// A PNG whose header says that it is very large.
fn huge_png() -> Vec<u8> {
    let mut png = picture(ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let checksum = crc32fast::hash(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    png
}

/// Pages that are their own children.
fn cyclic_pdf() -> Vec<u8> {
    let pages = b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>".to_vec();
    pdf_of(&[b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), pages], "")
}

fn locked_pdf() -> Vec<u8> {
    let catalogue = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
    let pages = b"<< /Type /Pages /Count 0 /Kids [] >>".to_vec();
    let lock = format!(
        "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{0}> /U <{0}> >>",
        "41".repeat(32)
    );
    pdf_of(&[catalogue, pages, lock.into_bytes()], "/Encrypt 3 0 R /ID [<41> <41>]")
}

/// A form that draws itself, and arrays in arrays.
fn looping_pdf() -> Vec<u8> {
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 4 0 R >> >>",
        b"/X Do /X Do",
    );
    let nested = format!("/X Do {} {} TJ", "[".repeat(100_000), "]".repeat(100_000));
    pdf_with(&[stream("", nested.as_bytes())], "/XObject << /X 4 0 R >>", &[form])
}

/// A stream in a stream, which together grow a million times.
fn nested_bomb() -> Vec<u8> {
    let inner = deflated_zeros(160 << 20);
    let content = stream("/Filter [/FlateDecode /FlateDecode]", &deflated(&inner));
    pdf_with(&[content], "", &[])
}

const MAIL_HEAD: &str =
    "From: a@b.test\r\nTo: c@d.test\r\nDate: Mon, 2 Nov 2026 09:00:00 +0000\r\nSubject: x\r\n";

/// Name, bytes, and a word of the reason.
fn damaged_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound_pdf = pdf_with(&[text_page(&["Text."])], "", &[]);
    let sound_docx = docx("<w:p><w:r><w:t>Text.</w:t></w:r></w:p>", &[]);
    let deep = |tag: &str| format!("<w:{tag}>").repeat(5_000);
    let lzw = stream("/Filter [/LZWDecode /FlateDecode]", &vec![0; 1 << 19]);
    vec![
        ("truncated.pdf", truncated(sound_pdf, 0.2), "no page"),
        ("truncated.docx", truncated(sound_docx, 0.7), "damaged ZIP container"),
        ("truncated.png", truncated(picture(ImageFormat::Png), 0.5), "damaged or unsupported"),
        ("huge.png", huge_png(), "65536 x 65536 pixels"),
        ("words.pdf", b"Only words.\n".to_vec(), "no `%PDF-`"),
        ("words.eml", b"Only words.\n".to_vec(), "no header lines"),
        ("words.png", b"Only words.\n".to_vec(), "text under the name of a picture"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old".to_vec(), "save it as DOCX"),
        ("other.docx", container(&[("a.txt", b"x")]), "without `word/document.xml`"),
        ("empty.pdf", Vec::new(), "no `%PDF-`"),
        ("empty.docx", Vec::new(), "damaged ZIP container"),
        ("empty.eml", Vec::new(), "no header lines"),
        ("latin1.md", b"Gr\xf6\xdfe\n".to_vec(), "not UTF-8 from byte 2"),
        ("bytes.rst", vec![0xff; 100], "not UTF-8 from byte 0"),
        ("laughs.docx", laughs(), "document type"),
        ("deep.docx", docx(&deep("x"), &[]), "nested at most 512"),
        ("torn.docx", docx("<w:p><w:r></w:p>", &[]), "damaged XML"),
        ("blank.docx", docx("<w:p/>", &[]), "neither text nor pictures"),
        ("bomb.docx", docx(&" ".repeat(129 << 20), &[]), "at most 134217728 bytes"),
        (
            "bomb.pdf",
            pdf_with(&[stream("/Filter /FlateDecode", &deflated_zeros(160 << 20))], "", &[]),
            "at most 134217728 bytes",
        ),
        ("nested-bomb.pdf", nested_bomb(), "at most 134217728 bytes"),
        ("lzw-bomb.pdf", pdf_with(&[lzw], "", &[]), "cannot grow beyond"),
        ("cyclic.pdf", cyclic_pdf(), "no page"),
        ("locked.pdf", locked_pdf(), "locked by a password"),
        ("looping.pdf", looping_pdf(), "1 pages without text"),
        ("scanned.pdf", pdf_with(&[stream("", b"0 0 9 9 re f")], "", &[]), "1 pages without text"),
        ("headers.eml", MAIL_HEAD.as_bytes().to_vec(), "neither a body"),
        (
            "deep.html",
            format!("<!doctype html>{}x", "<div>".repeat(20_000)).into_bytes(),
            "nested at most 512",
        ),
    ]
}

/// An error and what caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[test]
fn every_damage_has_a_reason_that_names_the_file() {
    let mut wrong = Vec::new();
    for (name, bytes, word) in damaged_files() {
        let started = Instant::now();
        let item = SourceItem { source: format!("d/{name}"), bytes, ..SourceItem::default() };
        let found = match load(&item) {
            Ok(_) => "no error".to_owned(),
            Err(error) => with_causes(&error),
        };
        let named = found.contains(&format!("d/{name}")) && found.contains(word);
        if !named || started.elapsed() > LIMIT {
            wrong.push(format!("{name} after {:?}: {found}", started.elapsed()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn deep_nesting_of_markdown_and_text_is_read_in_bounded_time() {
    for (name, text) in [
        ("quotes.md", "> ".repeat(50_000)),
        ("brackets.md", "[".repeat(50_000)),
        ("emphasis.md", "*a _b ".repeat(20_000)),
        ("lists.md", (0..500).map(|i| format!("{}- x\n", " ".repeat(i * 2))).collect()),
        ("titles.rst", "=\n".repeat(50_000)),
        ("links.rst", "`a <b".repeat(50_000)),
    ] {
        let started = Instant::now();
        let item = SourceItem {
            source: name.to_owned(),
            bytes: text.into_bytes(),
            ..SourceItem::default()
        };
        load(&item).unwrap();
        assert!(started.elapsed() < LIMIT, "{name} took {:?}", started.elapsed());
    }
}

#[test]
fn damaged_files_do_not_stop_a_run_nor_does_a_cyclic_link() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(source.path(), "sound.md", "# Sound\n\nThe seal is sound.\n");
    symlink(source.path(), source.path().join("around")).unwrap();
    let files = damaged_files();
    for (name, bytes, _) in &files {
        write(source.path(), name, bytes);
    }
    let mut command = program(root.path());
    let output = command.arg("ingest").arg(source.path()).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!(code, 3, "{stdout}\n{stderr}");
    for (name, _, word) in &files {
        assert!(stderr.contains(name) && stderr.contains(word), "{name}:\n{stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(open(root.path()).status().unwrap().n_documents, 1);
}

#[test]
fn any_cut_of_a_sound_document_loads_or_says_why() {
    let pdf = pdf_with(&[text_page(&["One."]), text_page(&["Two."])], "", &[]);
    let word = docx("<w:p><w:r><w:t>Text.</w:t></w:r></w:p>", &[]);
    let mail = format!("{MAIL_HEAD}Content-Type: text/plain\r\n\r\nText.\r\n").into_bytes();
    for (name, bytes) in [("a.pdf", pdf), ("a.docx", word), ("a.eml", mail)] {
        for end in (0..bytes.len()).step_by(7) {
            let cut = bytes[..end].to_vec();
            let item = SourceItem { source: name.to_owned(), bytes: cut, ..SourceItem::default() };
            if let Err(error) = load(&item) {
                assert!(error.to_string().contains(name), "{name} cut at {end}: {error}");
            }
        }
    }
}

#[test]
fn pictures_inside_of_a_damaged_document_do_not_stop_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.docx", truncated(docx("<w:p/>", &[]), 0.8));
    write(folder.path(), "b.pdf", cyclic_pdf());
    let mut n_items = 0;
    scan(folder.path(), 1 << 20, &mut |item| {
        item.unwrap();
        n_items += 1;
    })
    .unwrap();
    assert_eq!(n_items, 2);
}
