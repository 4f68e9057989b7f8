//! Documents of every kind become text whose spans hold.

use crate::document_files::{docx, pdf_with, picture, stream, text_page};
use crate::fixtures::{ingest, open, outcome, program, write};
use image::ImageFormat;
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::ingest::{IngestConfig, SourceItem, document, fragments, load, scan};
use veritrail::model::{FragmentKind, Loaded, MediaType};

const STYLES: &str = "<w:styles xmlns:w=\"w\"><w:docDefaults><w:lang w:val=\"en-GB\"/></w:docDefaults>\
    <w:style w:styleId=\"T\"><w:name w:val=\"Title\"/></w:style>\
    <w:style w:styleId=\"H1\"><w:name w:val=\"heading 1\"/></w:style>\
    <w:style w:styleId=\"C\"><w:name w:val=\"caption\"/></w:style></w:styles>";
const RELATIONS: &str = "<Relationships><Relationship Id=\"r1\" Target=\"media/image1.png\"/>\
    <Relationship Id=\"r2\" Target=\"manual.pdf\" TargetMode=\"External\"/></Relationships>";

fn paragraph(style: &str, content: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{content}</w:p>")
}

fn run(words: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{words}</w:t></w:r>")
}

/// A data sheet with a heading, a list, a table, a link and a picture.
fn data_sheet() -> Vec<u8> {
    let cell = |words: &str| format!("<w:tc><w:p>{}</w:p></w:tc>", run(words));
    let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell(a), cell(b));
    let entry = |words: &str| format!("<w:p><w:pPr><w:numPr/></w:pPr>{}</w:p>", run(words));
    let body = [
        paragraph("T", &run("Data sheet")),
        paragraph("H1", &run("Materials &amp; sizes")),
        format!("<w:p>{}<w:r><w:tab/></w:r>{}</w:p>", run("The casing"), run("is bronze.")),
        entry("Flange DN 50"),
        format!("<w:tbl>{}{}</w:tbl>", row("Part", "Größe"), row("Shaft", "12 mm")),
        format!("<w:p>{}<w:hyperlink r:id=\"r2\">{}</w:hyperlink>{}</w:p>", run("See "), run("the manual"), run(".")),
        "<w:p><w:r><w:drawing><wp:docPr descr=\"Cut through the casing\"/><a:blip r:embed=\"r1\"/></w:drawing></w:r></w:p>".to_owned(),
        paragraph("C", &run("Figure 1: the casing")),
        format!("<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>{}</w:p>", run("End.")),
    ];
    let parts: [(&str, &[u8]); 3] = [
        ("word/styles.xml", STYLES.as_bytes()),
        ("word/_rels/document.xml.rels", RELATIONS.as_bytes()),
        ("word/media/image1.png", &picture(ImageFormat::Png)),
    ];
    docx(&body.concat(), &parts)
}

/// Two pages of text, the second with a photo.
fn manual() -> Vec<u8> {
    let photo = stream(
        "/Type /XObject /Subtype /Image /Width 80 /Height 80 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
        &picture(ImageFormat::Jpeg),
    );
    let mut second = b"q 80 0 0 80 50 300 cm /P Do Q\nBT /F 12 Tf 50 700 Td (The drain valve) Tj 0 -14 Td (has the order number DV-4711.) Tj ET".to_vec();
    second = stream("", &second);
    pdf_with(
        &[text_page(&["Pump X-20 is made for cold water.", "It must not run dry."]), second],
        "/XObject << /P 4 0 R >>",
        &[photo],
    )
}

const MAIL: &str = "From: Ann <ann@works.test>\r\nTo: Bo <bo@works.test>\r\nDate: Mon, 2 Nov 2026 09:00:00 +0000\r\nSubject: Torque of the lid\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe lid bolts take 45 Nm.\r\n";

const GUIDE: &str = "Guide\n=====\n\nFilter\n------\n\nRinse the filter weekly. See `the notes <notes.md>`_.\n\n.. figure:: p/filter.png\n   :alt: Filter basket\n\n   The basket.\n";

fn mixed_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let page = "<!doctype html><html lang=en><body><h1>Hose</h1><p>The hose is 3 m long.</p></body></html>";
    for (name, bytes) in [
        ("manual.pdf", manual()),
        ("named-wrongly.txt", manual()),
        ("sheet.docx", data_sheet()),
        ("mail.eml", MAIL.as_bytes().to_vec()),
        ("guide.rst", GUIDE.as_bytes().to_vec()),
        ("notes.md", b"---\ntitle: Notes\nlang: en\n---\n\nKeep the filter dry.\n".to_vec()),
        ("hose.html", page.as_bytes().to_vec()),
        ("p/filter.png", picture(ImageFormat::Png)),
    ] {
        write(folder.path(), name, bytes);
    }
    folder
}

fn loaded(source: &str, bytes: Vec<u8>) -> (MediaType, Loaded) {
    load(&SourceItem { source: source.to_owned(), bytes, ..SourceItem::default() }).unwrap()
}

#[test]
fn a_word_document_keeps_headings_lists_tables_links_and_pictures() {
    let (kind, sheet) = loaded("d/sheet.docx", data_sheet());
    assert_eq!(kind, MediaType::Docx);
    assert_eq!(sheet.title.as_deref(), Some("Data sheet"));
    assert_eq!(sheet.language.as_deref(), Some("en-GB"));
    assert_eq!(
        sheet.text,
        "Data sheet\nMaterials & sizes\nThe casing is bronze.\n- Flange DN 50\nPart | Größe\nShaft | 12 mm\nSee the manual.\nFigure 1: the casing\nEnd.\n"
    );
    assert_eq!(sheet.sections[1].heading_path, ["Data sheet", "Materials & sizes"]);
    assert_eq!(sheet.links[0].span.of(&sheet.text), Some("the manual"));
    assert_eq!(sheet.links[0].target, "d/manual.pdf");
    let figure = &sheet.figures[0];
    assert_eq!(figure.target, "d/sheet.docx/word/media/image1.png");
    assert_eq!(figure.alt, "Cut through the casing");
    assert_eq!(figure.caption.as_deref(), Some("Figure 1: the casing"));
    assert_eq!(figure.surrounding, "See the manual. End.");
}

#[test]
fn a_pdf_keeps_its_pages_and_shows_its_photos() {
    let (kind, manual) = loaded("d/manual.pdf", manual());
    assert_eq!(kind, MediaType::Pdf);
    assert_eq!(
        manual.text,
        "Pump X-20 is made for cold water.\nIt must not run dry.\nThe drain valve\nhas the order number DV-4711.\n"
    );
    let pages: Vec<&str> = manual.pages.iter().map(|page| page.of(&manual.text).unwrap()).collect();
    assert_eq!(pages[1], "The drain valve\nhas the order number DV-4711.\n");
    assert_eq!((manual.page(0), manual.page(60)), (Some(1), Some(2)));
    assert_eq!(manual.figures[0].target, "d/manual.pdf/picture-4.jpg");
    assert_eq!(manual.language.as_deref(), Some("en"));
}

#[test]
fn the_content_decides_where_it_is_sure() {
    let check = |name: &str, bytes: Vec<u8>, expected: MediaType| {
        assert_eq!(loaded(name, bytes).0, expected, "{name}");
    };
    check("a.txt", manual(), MediaType::Pdf);
    check("a.pdf", data_sheet(), MediaType::Docx);
    check("a.md", MAIL.as_bytes().to_vec(), MediaType::Email);
    check("a.eml", picture(ImageFormat::Png), MediaType::Png);
    check("a.docx", b"<!doctype html><p>x".to_vec(), MediaType::Html);
    check("a.txt", b"To: the reader\n\nText.\n".to_vec(), MediaType::PlainText);
}

#[test]
fn every_fragment_of_a_mixed_folder_is_the_text_under_its_span() {
    let folder = mixed_folder();
    let words = |text: &str| text.split_whitespace().count();
    let (mut sources, mut n_chunks) = (Vec::new(), 0);
    scan(folder.path(), 1 << 20, &mut |item| {
        let item = item.unwrap();
        let (kind, loaded) = load(&item).unwrap();
        let config = IngestConfig::default();
        let document = document(&item, kind, &loaded, &config);
        let mut end = 0;
        for section in &loaded.sections {
            assert!(section.span.start() >= end, "{}", item.source);
            assert!(section.span.of(&loaded.text).is_some(), "{}", item.source);
            end = section.span.end();
        }
        for fragment in fragments(&loaded, &document, &words, &config.chunk) {
            if fragment.kind == FragmentKind::Chunk {
                n_chunks += 1;
                assert_eq!(fragment.span.of(&loaded.text), Some(fragment.text.as_str()));
                assert_eq!(fragment.page.is_some(), kind == MediaType::Pdf, "{}", item.source);
            }
        }
        sources.push(item.source);
    })
    .unwrap();
    assert!(n_chunks >= 8, "{n_chunks}");
    assert_eq!(
        sources,
        [
            "guide.rst",
            "hose.html",
            "mail.eml",
            "manual.pdf",
            "manual.pdf/picture-4.jpg",
            "named-wrongly.txt",
            "named-wrongly.txt/picture-4.jpg",
            "notes.md",
            "p/filter.png",
            "sheet.docx",
            "sheet.docx/word/media/image1.png",
        ]
    );
}

#[test]
fn a_mixed_folder_answers_and_cites_the_page() {
    let (root, folder) = (tempfile::tempdir().unwrap(), mixed_folder());
    std::fs::remove_file(folder.path().join("named-wrongly.txt")).unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, folder.path());
    assert_eq!(knowledge_base.status().unwrap().n_documents, 9);
    drop(knowledge_base);
    let ask = |question: &str| {
        let output = program(root.path()).args(["ask", question]).output().unwrap();
        let (code, stdout, stderr) = outcome(&output);
        assert_eq!(code, 0, "{stdout}\n{stderr}");
        stdout
    };
    let answer = ask("What is the order number of the drain valve?");
    assert!(answer.contains("DV-4711") && answer.contains("(manual.pdf, p. 2)"), "{answer}");
    let answer = ask("How much torque do the lid bolts take?");
    assert!(answer.contains("45 Nm") && answer.contains("mail.eml"), "{answer}");
    let query = "SELECT ?page WHERE { GRAPH ?g { ?f vt:page ?page ; vt:text ?t FILTER CONTAINS(?t, \"DV-4711\") } }";
    let output = program(root.path()).args(["sparql", "--format", "json", query]).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert!(code == 0 && stdout.contains("\"2\""), "{stdout}\n{stderr}");
}
