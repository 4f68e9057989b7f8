//! The pages, in a browser: what people do, that it can be done by keyboard and read by
//! everybody, and that nothing on the way is an error or breaks the policy.

use crate::access::key;
use crate::browser::Browser;
use crate::drift::drifted;
use crate::fixtures::{example, ingest, init_with_text_alone, open, pump_documents, write};
use crate::server::{Running, serve_on};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PAGES: [&str; 8] = [
    "/",
    "/graph",
    "/graph#view=sparql",
    "/documents",
    "/audit",
    "/operations",
    "/docs",
    "/nothing",
];
const QUESTION: &str = "What is the order number of the shaft seal?";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const CONTROL: &str = "\u{e009}";

fn picture() -> PathBuf {
    example().join("pictures/leds-fell-400-low-supply.png")
}

/// The pump documents and a page with a picture, served.
async fn serve(settings: &str) -> (PathBuf, Running) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    write(source.path(), "pictures/front.png", std::fs::read(picture()).unwrap());
    write(source.path(), "docs/front.md", "# Front 🙂\n\n![PWR is amber](../pictures/front.png)\n");
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    let file = root.path().join("veritrail.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text + settings).unwrap();
    let (path, knowledge_base) = (root.path().to_owned(), open(root.path()));
    (path, serve_on(root, knowledge_base).await)
}

async fn ask(browser: &Browser, question: &str) {
    browser.write("#question", question).await;
    browser.press(&[ENTER]).await;
    browser.wait("document.querySelector('.turn:last-child .actions')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citation_opens_beside_the_answer_with_the_quoted_words_marked() {
    let Some(browser) = Browser::open(1280, 860).await else { return };
    let (_, server) = serve("").await;
    browser.go(&format!("{}/", server.base)).await;
    browser.find("#suggestions button").await;
    ask(&browser, QUESTION).await;
    assert!(browser.text(".answer-text").await.contains("SP-3117"));
    browser.click(".answer-text .chip").await;
    let marked = browser.text("#quoted").await;
    assert!(marked.contains("SP-3117"), "{marked}");
    let passage = browser.text("#panel .passage").await;
    assert!(passage.contains("# Parts list") && passage.contains(&marked), "{passage}");
    let link =
        browser.value("document.querySelector('#panel a.button').getAttribute('href')").await;
    browser.press(&[ESCAPE]).await;
    browser.wait("document.querySelector('#panel').hidden").await;
    assert_eq!(browser.value("document.activeElement.className").await, "chip");
    browser.click(".actions [aria-controls^=trail]").await;
    assert!(browser.value("document.querySelectorAll('.t-node').length").await.as_u64() > Some(2));
    browser.value("document.querySelector('.t-node.fragment').focus()").await;
    browser.press(&[ENTER]).await;
    browser.wait("!document.querySelector('#panel').hidden").await;
    // The conversation outlives leaving the page; the link leads to the same words.
    browser.go(&format!("{}{}", server.base, link.as_str().unwrap())).await;
    assert_eq!(browser.text(".document-text mark").await, marked);
    browser.go(&format!("{}/", server.base)).await;
    assert!(browser.text(".turn .answer-text").await.contains("SP-3117"));
    assert_eq!(browser.log().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abstention_looks_different_and_an_opinion_is_recorded() {
    let Some(browser) = Browser::open(1280, 860).await else { return };
    let (_, server) = serve("").await;
    browser.go(&format!("{}/", server.base)).await;
    ask(&browser, "Which opera did Verdi write for Cairo in 1871?").await;
    assert!(browser.text(".answer.abstained .verdict").await.contains("do not answer"));
    ask(&browser, QUESTION).await;
    browser.click(".turn:last-child [aria-label='This answer helps']").await;
    browser.find(".turn:last-child [aria-label='This answer helps'][aria-pressed=true]").await;
    browser.click(".turn:last-child .actions button:nth-child(3)").await;
    browser.write(".feedback textarea", "The number is SP-3118.").await;
    browser.click(".feedback .primary").await;
    browser.wait("document.body.innerText.includes('A reviewer will see')").await;
    assert_eq!(browser.log().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_asked_about_and_shown_as_the_source() {
    let Some(browser) = Browser::open(1280, 860).await else { return };
    let (_, server) = serve("").await;
    browser.go(&format!("{}/", server.base)).await;
    browser.value("document.querySelector('#file').hidden = false").await;
    browser.write("#file", picture().to_str().unwrap()).await;
    browser.find("#picture img").await;
    ask(&browser, "What does this show?").await;
    browser.find(".asked img").await;
    browser
        .wait(
            "[...document.querySelectorAll('.sources button')].some((b) => b.querySelector('svg'))",
        )
        .await;
    browser
        .value("[...document.querySelectorAll('.sources button')].find((b) => b.querySelector('svg')).click()")
        .await;
    browser.wait("document.querySelector('.shown-picture img')?.naturalWidth > 100").await;
    assert_eq!(browser.log().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_completed_run_shown_and_shared() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (_, server) = serve("").await;
    browser.go(&format!("{}/graph#view=sparql", server.base)).await;
    browser.click("#sparql").await;
    browser.wait("Number(document.querySelector('#sparql').dataset.terms) > 50").await;
    browser.value("document.querySelector('#sparql').value = ''").await;
    browser.write("#sparql", "SELECT ?title WHERE { ?d a vt:Documen").await;
    browser.find("#terms:not([hidden]) [aria-selected=true]").await;
    browser.press(&[ENTER]).await;
    browser.write("#sparql", " ; dcterms:title ?title } ORDER BY ?title").await;
    browser.press(&[ESCAPE]).await;
    browser.press(&[CONTROL, ENTER]).await;
    let table = browser.text(".result table").await;
    assert!(table.contains("Parts list") && table.contains("Pump X-10"), "{table}");
    let written = browser.value("document.querySelector('#sparql').value").await;
    assert!(written.as_str().unwrap().contains("a vt:Document ;"), "{written}");
    let shared = browser.value("location.hash").await;
    assert!(shared.as_str().unwrap().contains("dcterms%3Atitle"), "{shared}");
    browser.go(&format!("{}/", server.base)).await;
    browser.go(&format!("{}/graph{}", server.base, shared.as_str().unwrap())).await;
    browser.find(".result table").await;
    browser.value("document.querySelector('#sparql').value = 'CONSTRUCT { ?s ?p ?o } WHERE { ?s a vt:Document ; ?p ?o } LIMIT 12'").await;
    browser.click("#run").await;
    browser.find(".result .drawing .g-node").await;
    assert_eq!(browser.log().await, [""; 0]);
    browser.value("document.querySelector('#sparql').value = 'SELEC'").await;
    browser.click("#run").await;
    assert!(browser.text(".result .notice.bad").await.contains("not right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_is_found_and_leads_to_where_it_is_named() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (_, server) = serve("").await;
    browser.go(&format!("{}/graph", server.base)).await;
    browser.write("#find", "sp-31").await;
    browser.wait("document.querySelector('#found').innerText.includes('match')").await;
    browser.press(&[ENTER]).await;
    assert_eq!(browser.text(".entity-name").await, "SP-3117");
    assert_eq!(browser.text(".mentions mark").await, "SP-3117");
    browser.click(".mentions a").await;
    assert_eq!(browser.text(".document-text mark").await, "SP-3117");
    assert_eq!(browser.log().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_by_upload_and_go_with_a_receipt() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (_, server) = serve("").await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "valve.md", "# Valve V-7\n\nThe valve V-7 opens at 12 bar.\n");
    browser.go(&format!("{}/documents", server.base)).await;
    browser.find(".document-table").await;
    browser.value("document.querySelector('#files').hidden = false").await;
    browser.write("#files", folder.path().join("valve.md").to_str().unwrap()).await;
    browser.wait("document.querySelector('.document-table').innerText.includes('Valve V-7')").await;
    browser.write("#search", "valve").await;
    browser.wait("document.querySelectorAll('.document-table tbody tr').length === 1").await;
    browser.click(".document-table [aria-label='Delete Valve V-7']").await;
    browser.click("#really-delete").await;
    browser.wait("document.body.innerText.includes('Download the receipt')").await;
    browser.wait("document.querySelector('#list').innerText.includes('Nothing matches')").await;
    assert_eq!(browser.log().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_with_a_key_and_out_again() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let (root, server) = serve("[serve]\nauthentication = \"required\"\n").await;
    let (_, anna) = key(&root, &["--name", "anna", "--role", "agent"]);
    browser.go(&format!("{}/documents", server.base)).await;
    browser.write("#key", "vt_wrong").await;
    browser.press(&[ENTER]).await;
    assert!(browser.text("#problem:not([hidden])").await.contains("not known"));
    browser.log().await;
    browser.value("document.querySelector('#key').value = ''").await;
    browser.write("#key", &anna).await;
    browser.press(&[ENTER]).await;
    browser.wait("location.pathname === '/documents'").await;
    browser.find(".document-table").await;
    assert_eq!(browser.value("document.querySelector('#add').hidden").await, true);
    assert_eq!(browser.value("document.querySelector('[data-place=audit]').hidden").await, true);
    assert_eq!(browser.log().await, [""; 0]);
    browser.click("#account > button").await;
    browser.click("#sign-out").await;
    browser.wait("location.pathname === '/sign-in'").await;
    browser.go(&format!("{}/", server.base)).await;
    browser.wait("location.pathname === '/sign-in'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_show_drift_quality_generations_and_figures() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (root, knowledge_base) = drifted("every_minutes = 0");
    let server = serve_on(root, knowledge_base).await;
    browser.go(&format!("{}/operations", server.base)).await;
    browser.wait("document.querySelector('#measured').innerText.includes('Not measured')").await;
    browser.click("#measure").await;
    browser.wait("document.querySelector('#windows .badge.bad')").await;
    assert!(browser.text("#alerts").await.contains("Meaning of questions"));
    assert_eq!(
        browser.value("document.querySelectorAll('#trend .chart svg path').length").await,
        5
    );
    assert!(browser.text("#slices").await.contains("language"));
    assert!(browser.text("#index").await.contains("different access labels"));
    assert!(browser.text("#generations").await.contains("Answers"));
    assert!(browser.text("#figures").await.contains("embedding"));
    let open = browser.value("document.querySelectorAll('.alert').length").await.as_u64().unwrap();
    browser.click(".alert button").await;
    browser.wait(&format!("document.querySelectorAll('.alert').length === {}", open - 1)).await;
    for (width, scheme) in [(1280, "dark"), (360, "light")] {
        browser.resize(width, 800).await;
        browser.prefer(scheme).await;
        browser.wait("document.readyState === 'complete'").await;
        assert_eq!(browser.value(FAULTS).await, json!([]), "{width}");
    }
    assert_eq!(browser.log().await, [""; 0]);
}

/// Faults that anybody would stumble over who does not see, or does not use a mouse.
pub(crate) const FAULTS: &str = r#"(() => {
  const faults = [];
  const shown = (node) => node.checkVisibility();
  const named = (node) => node.getAttribute("aria-label") || node.getAttribute("aria-labelledby") || node.title
    || node.labels?.length || node.textContent.trim();
  for (const node of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, [role=button], [role=link], [tabindex='0']")) {
    if (shown(node) && !named(node)) faults.push("no name: " + node.outerHTML.slice(0, 120));
  }
  for (const node of document.querySelectorAll("img:not([alt])")) faults.push("no alt: " + node.outerHTML);
  for (const node of document.querySelectorAll("[style]:not(svg *)")) if (!["TEXTAREA", "UL"].includes(node.tagName)) faults.push("style: " + node.outerHTML.slice(0, 120));
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push("twice: " + id);
  for (const node of document.querySelectorAll("[aria-controls], [aria-describedby], [aria-labelledby], label[for]")) {
    for (const name of ["aria-describedby", "aria-labelledby", "for"]) {
      for (const id of (node.getAttribute(name) ?? "").split(" ").filter(Boolean)) if (!document.getElementById(id)) faults.push(name + " names nothing: " + id);
    }
  }
  const headings = [...document.querySelectorAll("h1")].filter(shown).length;
  if (headings !== 1) faults.push(headings + " first headings");
  for (const css of ["header", "main", "html[lang]"]) if (!document.querySelector(css)) faults.push("no " + css);
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window by " + (document.documentElement.scrollWidth - innerWidth));
  for (const node of document.querySelectorAll("button, .places a")) {
    const box = node.getBoundingClientRect();
    if (shown(node) && box.width && (box.height < 22 || box.width < 22) && !node.classList.contains("linklike")) faults.push("small: " + node.outerHTML.slice(0, 120));
  }
  return faults;
})()"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody_on_every_screen() {
    let (_, server) = serve("").await;
    for (width, height) in [(1280, 860), (360, 740)] {
        let Some(browser) = Browser::open(width, height).await else { return };
        for scheme in ["light", "dark"] {
            browser.prefer(scheme).await;
            for page in PAGES {
                browser.go(&format!("{}{page}", server.base)).await;
                browser.find("#account button").await;
                browser.wait("document.readyState === 'complete'").await;
                let place = format!("{page} at {width} in {scheme}");
                assert_eq!(browser.value(FAULTS).await, json!([]), "{place}");
                let theme = browser.value("document.documentElement.dataset.theme").await;
                assert_eq!(theme, scheme, "{place}");
                let log = browser.log().await;
                let expected = log.iter().filter(|line| line.contains("/nothing"));
                assert_eq!(log.len(), expected.count(), "{place}: {log:?}");
            }
        }
        browser.go(&format!("{}/documents", server.base)).await;
        browser.find(".document-table").await;
        browser.press(&[TAB]).await;
        assert_eq!(browser.value("document.activeElement.className").await, "skip");
        browser.press(&[ENTER]).await;
        assert_eq!(browser.value("document.activeElement.id").await, "main");
        browser.click("#theme").await;
        browser.click("#theme").await;
        browser.go(&format!("{}/graph", server.base)).await;
        assert_eq!(browser.value("document.documentElement.dataset.theme").await, "dark");
    }
}

fn tokens(sheet: &str, start: &str) -> BTreeMap<String, [f64; 3]> {
    let block = sheet.split(start).nth(1).unwrap().split('}').next().unwrap();
    let pairs =
        block.lines().filter_map(|line| line.trim().trim_end_matches(';').split_once(": #"));
    let channel = |hex: &str, at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    pairs.map(|(name, hex)| (name[2..].to_owned(), [0, 2, 4].map(|at| channel(hex, at)))).collect()
}

/// Contrast by WCAG 2.2 of two colours in linear light.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let light = |c: [f64; 3]| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] + 0.05;
    let (a, b) = (light(a), light(b));
    if a > b { a / b } else { b / a }
}

#[test]
fn colours_keep_the_contrast_that_reading_needs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/pages/assets/tokens.css");
    let sheet = std::fs::read_to_string(path).unwrap();
    let grounds = ["paper", "surface", "sunken"];
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in grounds {
        for ink in ["ink", "ink-soft", "accent", "bad", "warn", "code-keyword", "code-iri"] {
            pairs.push((ink, ground, 4.5));
        }
        pairs.push(("control", ground, 3.0));
        pairs.push(("focus", ground, 3.0));
    }
    for ink in ["code-variable", "code-string", "code-comment"] {
        pairs.push((ink, "surface", 4.5));
    }
    for kind in ["kind-question", "kind-entity", "kind-passage", "kind-document"] {
        pairs.push((kind, "surface", 3.0));
    }
    for (ink, ground) in [
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("on-mark", "mark"),
        ("accent-strong", "accent-soft"),
        ("warn", "warn-soft"),
        ("bad", "bad-soft"),
    ] {
        pairs.push((ink, ground, 4.5));
    }
    for (theme, start) in [("light", ":root {"), ("dark", "[data-theme=\"dark\"] {")] {
        let colours = tokens(&sheet, start);
        for (ink, ground, least) in &pairs {
            let found = contrast(colours[*ink], colours[*ground]);
            assert!(found >= *least, "{theme}: {ink} on {ground} has {found:.2}, expected {least}");
        }
    }
}
