//! Shapes: the program's own, those of users, and what is done about findings.

use crate::fixtures::{
    example, ingest, open, outcome, program, pump_documents, pump_knowledge_base, write,
};
use oxigraph::model::{Literal, NamedNode, Triple};
use std::path::Path;
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::graph::Store;
use veritrail::model::Query;
use veritrail::shapes::{DataGraph, Severity, Shapes, ShapesFile, Subclasses, parse_turtle};
use veritrail::vocab;

const OWN: &str = include_str!("../../ontology/shapes.ttl");
const PREFIXES: &str = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <https://e.test/> .
    @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix schema: <https://schema.org/> .
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
";

/// `component focus value` of every finding, ordered.
fn found(shapes: &str, data: &str) -> Vec<String> {
    let shapes = Shapes::parse(&[ShapesFile::new("s.ttl", format!("{PREFIXES}{shapes}"))]).unwrap();
    let triples = parse_turtle("d.ttl", &format!("{PREFIXES}{data}")).unwrap();
    let classes = Subclasses::new(triples.iter());
    let findings = shapes.check(&DataGraph::new(&triples, &[], &classes));
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let component = finding.component.trim_end_matches("ConstraintComponent");
            let focus = finding.focus.to_string().replace("<https://e.test/", "").replace('>', "");
            let value = finding.value.as_ref().map(ToString::to_string).unwrap_or_default();
            let value = value.replace("<https://e.test/", "").replace('>', "");
            format!("{component} {focus} {value}").trim().to_owned()
        })
        .collect();
    lines.sort();
    lines
}

/// A shape of the values of `e:p` of every `e:C`.
fn check_values(constraint: &str, data: &str, expected: &[&str]) {
    let shape = format!("e:S sh:targetClass e:C ; sh:property [ sh:path e:p ; {constraint} ] .");
    assert_eq!(found(&shape, data), expected, "{constraint}");
}

#[test]
fn every_constraint_of_the_core_finds_what_it_should_and_nothing_else() {
    check_values("sh:minCount 1", "e:a a e:C ; e:p 1 . e:b a e:C .", &["MinCount b"]);
    check_values("sh:maxCount 1", "e:a a e:C ; e:p 1 . e:b a e:C ; e:p 1, 2 .", &["MaxCount b"]);
    let classes = "e:K rdfs:subClassOf e:L . e:k a e:K . e:a a e:C ; e:p e:k, e:x .";
    check_values("sh:class e:L", classes, &["Class a x"]);
    let datatypes = "e:a a e:C ; e:p 1, \"x\"^^xsd:integer .";
    check_values(
        "sh:datatype xsd:integer",
        datatypes,
        &["Datatype a \"x\"^^<http://www.w3.org/2001/XMLSchema#integer"],
    );
    check_values("sh:nodeKind sh:IRI", "e:a a e:C ; e:p e:x, \"x\" .", &["NodeKind a \"x\""]);
    check_values("sh:minLength 2", "e:a a e:C ; e:p \"é\", \"ab\" .", &["MinLength a \"é\""]);
    check_values("sh:maxLength 1", "e:a a e:C ; e:p \"é\", \"ab\" .", &["MaxLength a \"ab\""]);
    check_values("sh:pattern \"^a\"", "e:a a e:C ; e:p \"ab\", \"Ab\" .", &["Pattern a \"Ab\""]);
    let flags = "sh:pattern \"^a\" ; sh:flags \"i\"";
    check_values(flags, "e:a a e:C ; e:p \"ab\", \"Ab\" .", &[]);
    let languages = "e:a a e:C ; e:p \"x\"@en-GB, \"y\"@de, \"z\"@eng .";
    let expected = &["LanguageIn a \"y\"@de", "LanguageIn a \"z\"@eng"];
    check_values("sh:languageIn ( \"en\" )", languages, expected);
    let twice = "e:a a e:C ; e:p \"x\"@en, \"y\"@en, \"z\"@de .";
    check_values("sh:uniqueLang true", twice, &["UniqueLang a"]);
    let pair = "e:a a e:C ; e:p \"x\", \"y\" ; e:q \"x\", \"z\" .";
    check_values("sh:equals e:q", pair, &["Equals a \"y\"", "Equals a \"z\""]);
    check_values("sh:disjoint e:q", pair, &["Disjoint a \"x\""]);
    let numbers = "e:a a e:C ; e:p \"a\", \"c\" ; e:q \"c\" .";
    check_values("sh:lessThan e:q", numbers, &["LessThan a \"c\""]);
    check_values("sh:lessThanOrEquals e:q", numbers, &[]);
    check_values("sh:hasValue e:x", "e:a a e:C ; e:p e:x, e:y . e:b a e:C .", &["HasValue b"]);
    check_values("sh:in ( e:x e:z )", "e:a a e:C ; e:p e:x, e:y .", &["In a y"]);
    for (constraint, wrong) in [
        ("sh:minInclusive 2", "1"),
        ("sh:minExclusive 1", "1"),
        ("sh:maxInclusive 2", "3"),
        ("sh:maxExclusive 3", "3"),
    ] {
        let data = format!("e:a a e:C ; e:p 2, {wrong} .");
        let name = constraint.split(' ').next().unwrap().trim_start_matches("sh:m");
        let value = format!("M{name} a \"{wrong}\"^^<http://www.w3.org/2001/XMLSchema#integer");
        check_values(constraint, &data, &[&value]);
    }
}

#[test]
fn shapes_are_joined_nested_and_closed() {
    let data = "e:a a e:C ; e:p e:x, e:y . e:x e:q 1 . e:y e:r 1 .";
    let (q, r) = (
        "[ sh:property [ sh:path e:q ; sh:minCount 1 ] ]",
        "[ sh:property [ sh:path e:r ; sh:minCount 1 ] ]",
    );
    check_values(&format!("sh:node {q}"), data, &["Node a y"]);
    check_values(&format!("sh:not {q}"), data, &["Not a x"]);
    check_values(&format!("sh:or ( {q} {r} )"), data, &[]);
    check_values(&format!("sh:and ( {q} {r} )"), data, &["And a x", "And a y"]);
    check_values(&format!("sh:xone ( {q} {q} )"), data, &["Xone a x", "Xone a y"]);
    let qualified = format!("sh:qualifiedValueShape {q} ; sh:qualifiedMinCount 2");
    check_values(&qualified, data, &["QualifiedMinCount a"]);
    let qualified = format!("sh:qualifiedValueShape {q} ; sh:qualifiedMaxCount 0");
    check_values(&qualified, data, &["QualifiedMaxCount a"]);
    check_values("sh:property [ sh:path e:q ; sh:minCount 1 ]", data, &["MinCount y"]);
    let closed = "e:S sh:targetClass e:C ; sh:closed true ; sh:ignoredProperties ( rdf:type ) ;
        sh:property [ sh:path e:p ] .";
    assert_eq!(found(closed, "e:a a e:C ; e:p e:x ; e:q e:y ."), ["Closed a y"]);
}

#[test]
fn targets_and_paths_reach_what_they_name() {
    let data = "e:a a e:D ; e:p e:b . e:b e:p e:c . e:c e:n 1 . e:D rdfs:subClassOf e:C .";
    let lacks = "sh:property [ sh:path e:n ; sh:minCount 1 ] .";
    assert_eq!(found(&format!("e:S sh:targetClass e:C ; {lacks}"), data), ["MinCount a"]);
    assert_eq!(found(&format!("e:S sh:targetNode e:b ; {lacks}"), data), ["MinCount b"]);
    let subjects = found(&format!("e:S sh:targetSubjectsOf e:p ; {lacks}"), data);
    assert_eq!(subjects, ["MinCount a", "MinCount b"]);
    let objects = found(&format!("e:S sh:targetObjectsOf e:p ; {lacks}"), data);
    assert_eq!(objects, ["MinCount b"]);
    assert_eq!(found(&format!("e:C a sh:NodeShape, rdfs:Class ; {lacks}"), data), ["MinCount a"]);
    for (path, reached) in [
        ("( e:p e:p )", "c"),
        ("[ sh:inversePath e:p ]", ""),
        ("[ sh:oneOrMorePath e:p ]", "b c"),
        ("[ sh:zeroOrMorePath e:p ]", "a b c"),
        ("[ sh:zeroOrOnePath e:p ]", "a b"),
        ("[ sh:alternativePath ( e:p ( e:p e:p ) ) ]", "b c"),
        ("( [ sh:zeroOrMorePath e:p ] [ sh:inversePath e:p ] )", "a b"),
    ] {
        let shape = format!("e:S sh:targetNode e:a ; sh:property [ sh:path {path} ; sh:in () ] .");
        let values: Vec<String> =
            found(&shape, data).iter().map(|line| line.replace("In a ", "")).collect();
        assert_eq!(values.join(" "), reached, "{path}");
    }
}

#[test]
fn shapes_that_cannot_be_used_are_refused_with_their_file() {
    let check = |text: &str, expected: &str| {
        let files = [ShapesFile::new("mine.ttl", format!("{PREFIXES}{text}"))];
        let error = Shapes::parse(&files).unwrap_err().to_string();
        assert!(error.starts_with("mine.ttl") && error.contains(expected), "{error}");
    };
    check("e:S sh:targetClass ", "is not valid Turtle");
    check("e:S sh:targetClass \"C\" .", "sh:targetClass: expected an IRI");
    check("e:S sh:targetClass e:C ; sh:minCout 1 .", "sh:minCout is not a term of the core");
    check("e:S sh:targetClass e:C ; sh:sparql [] .", "sh:sparql is not a term of the core");
    check("e:S sh:targetClass e:C ; sh:minCount 1 .", "sh:minCount needs a shape with sh:path");
    check("e:S a sh:PropertyShape .", "expected sh:path");
    let of = |constraint: &str| {
        format!("e:S sh:targetClass e:C ; sh:property [ sh:path e:p ; {constraint} ] .")
    };
    check(&of("sh:minCount 1, 2"), "expected one sh:minCount, found 2");
    check(&of("sh:minCount \"two\""), "expected a whole number from 0");
    check(&of("sh:pattern \"(\""), "is not a regular expression");
    check(&of("sh:in e:x"), "sh:in: expected a list");
    check(&of("sh:severity e:Bad"), "expected sh:Info, sh:Warning or sh:Violation");
    check("e:S sh:targetClass e:C ; sh:property [ sh:path [ e:q e:p ] ] .", "a property path");
    check("e:S sh:targetClass e:C ; sh:node e:S .", "does not contain itself");
}

/// Triples of a graph of a kind, out of a knowledge base with an answer.
struct Written {
    graphs: Vec<Vec<Triple>>,
    subclasses: Subclasses,
    shapes: Shapes,
}

impl Written {
    /// Closes the knowledge base and reads every graph.
    fn read(root: &Path, knowledge_base: KnowledgeBase) -> Self {
        drop(knowledge_base);
        let store = Store::open(&root.join("graph")).unwrap();
        let names = store.graph_names().unwrap();
        let graphs = names.iter().filter(|name| *name != vocab::GRAPH_ONTOLOGY);
        Self {
            graphs: graphs.map(|name| store.graph(name).unwrap()).collect(),
            subclasses: Subclasses::new(store.subclasses().unwrap().iter()),
            shapes: Shapes::parse(&[ShapesFile::new("own", OWN)]).unwrap(),
        }
    }

    fn messages(&self, triples: &[Triple]) -> Vec<String> {
        let data = DataGraph::new(triples, &[], &self.subclasses);
        let mut messages: Vec<String> =
            self.shapes.check(&data).iter().map(|finding| finding.message()).collect();
        messages.sort();
        messages.dedup();
        messages
    }

    /// Breaks the first node of a class in the first graph that has one: `change` gets
    /// its triples with a property, and what it leaves of them counts.
    fn broken(
        &self,
        class: &str,
        property: &str,
        change: &dyn Fn(&mut Vec<Triple>),
    ) -> Vec<String> {
        let is_one = |triple: &&Triple| {
            triple.predicate.as_str() == vocab::rdf::TYPE
                && triple.object == NamedNode::new_unchecked(class).into()
        };
        for graph in &self.graphs {
            let node = graph.iter().filter(is_one).map(|triple| &triple.subject).find(|node| {
                graph.iter().any(|t| t.subject == **node && t.predicate.as_str() == property)
            });
            if let Some(node) = node {
                let (mut of, mut rest): (Vec<Triple>, Vec<Triple>) =
                    graph.iter().cloned().partition(|triple| {
                        triple.subject == *node && triple.predicate.as_str() == property
                    });
                change(&mut of);
                rest.extend(of);
                return self.messages(&rest);
            }
        }
        vec![format!("nothing of the class {class} with {property} was written")]
    }
}

#[test]
fn what_is_written_meets_the_shapes_and_each_broken_thing_is_named() {
    use vocab::{dcterms, oa, prov, schema, skos, vt};
    let (root, knowledge_base) = pump_knowledge_base();
    let session = knowledge_base.session().unwrap();
    let query = Query::text("What is the order number of the shaft seal?", 10);
    let options = AskOptions::for_principal("tester");
    session.ask(&query, &options, &mut |_| {}).unwrap();
    drop(session);
    let written = Written::read(root.path(), knowledge_base);
    for graph in &written.graphs {
        assert_eq!(written.messages(graph), [] as [&str; 0]);
    }
    let remove = |of: &mut Vec<Triple>| of.clear();
    let set = |value: Literal| {
        move |of: &mut Vec<Triple>| of.iter_mut().for_each(|t| t.object = value.clone().into())
    };
    let number = |value: f64| set(Literal::from(value));
    let text = |value: &str| set(Literal::new_simple_literal(value));
    let check = |class: &str, property: &str, change: &dyn Fn(&mut Vec<Triple>), expected: &str| {
        assert_eq!(written.broken(class, property, change), [expected], "{class} {property}");
    };
    check(vt::DOCUMENT, dcterms::TITLE, &remove, "a document has exactly one title");
    check(
        vt::DOCUMENT,
        vt::SOURCE,
        &text(""),
        "a document has exactly one source, a text that is not empty",
    );
    check(
        vt::DOCUMENT_VERSION,
        vt::SHA256,
        &text("0123"),
        "a version has exactly one SHA-256 of its bytes, 64 hexadecimal digits",
    );
    check(
        vt::DOCUMENT_VERSION,
        vt::ACCESS_LABEL,
        &remove,
        "a version has exactly one access label",
    );
    check(
        vt::INGEST,
        prov::STARTED_AT_TIME,
        &set(Literal::new_typed_literal(
            "2999-01-01T00:00:00Z",
            NamedNode::new_unchecked(vocab::xsd::DATE_TIME),
        )),
        "an ingest began at exactly one time, not after its end",
    );
    check(
        vt::CHUNK,
        vt::START,
        &set(Literal::from(99_999_999i64)),
        "a fragment begins at exactly one place, not behind its end",
    );
    check(vt::CHUNK, vt::TEXT, &remove, "a fragment has exactly one text");
    check(
        vt::CHUNK,
        schema::MENTIONS,
        &text("pump"),
        "a fragment mentions entities, which are IRIs",
    );
    check(vt::LINK, vt::LINKS_TO, &remove, "a link leads to exactly one document");
    check(vt::MENTION, oa::HAS_BODY, &remove, "a mention names exactly one entity");
    check(
        vt::MENTION,
        vt::CONFIDENCE,
        &number(1.5),
        "a mention has exactly one confidence from 0 to 1",
    );
    check(vt::MENTION, oa::HAS_TARGET, &remove, "a mention has exactly one target");
    check(oa::TEXT_QUOTE_SELECTOR, oa::EXACT, &remove, "a selector quotes exactly one text");
    check(
        vt::TOPIC,
        skos::PREF_LABEL,
        &remove,
        "an entity has exactly one preferred label, which is not empty",
    );
    check(
        vt::GENERATION,
        vt::N_DOCUMENTS,
        &text("three"),
        "a generation has exactly one number of documents",
    );
    check(vt::SPACE, vt::MODEL, &remove, "a space has exactly one model");
    check(
        vt::ANSWER,
        vt::MODE,
        &text("guessed"),
        "an answer is generated, extractive, abstained or refused",
    );
    check(vt::ANSWER, vt::MODE, &text("abstained"), "an answer that abstains says why");
    check(vt::EVIDENCE, vt::FRAGMENT_OF_EVIDENCE, &remove, "evidence shows exactly one fragment");
    check(vt::SENTENCE, vt::CITES, &remove, "a sentence that is supported cites something");
    check(
        vt::CITATION,
        vt::CITED_EVIDENCE,
        &remove,
        "a citation quotes exactly one evidence of the same answer",
    );
}

#[test]
fn the_example_meets_the_shapes() {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, &example());
    let session = knowledge_base.session().unwrap();
    for question in ["What does error E-17 mean?", "Who won the world cup?"] {
        let options = AskOptions::for_principal("tester");
        session.ask(&Query::text(question, 10), &options, &mut |_| {}).unwrap();
    }
    let validation = knowledge_base.validate(&[]).unwrap();
    assert_eq!(validation.findings, []);
    assert!(validation.conforms && validation.n_graphs > 100, "{validation:?}");
}

const PRODUCTS: &str = "e:a a e:Product ; schema:name \"Pump A\" ; e:sku \"A-1\" ; e:maker e:m .
    e:b a e:Product ; schema:name \"Pump B\" ; e:maker e:m .";
const PRODUCT_SHAPE: &str = "e:ProductShape a sh:NodeShape ; sh:targetClass e:Product ;
    sh:property [ sh:path e:sku ; sh:minCount 1 ; sh:message \"a product has an order number\" ] ,
        [ sh:path e:maker ; sh:class e:Maker ; sh:severity sh:Warning ; sh:message \"a maker is described\" ] .";

/// A knowledge base with a shape, and a folder with two products in `p.ttl`.
fn products(settings: &str) -> (tempfile::TempDir, tempfile::TempDir) {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    KnowledgeBase::init(root.path()).unwrap();
    write(root.path(), "veritrail.toml", settings);
    write(root.path(), "shapes/products.ttl", format!("{PREFIXES}{PRODUCT_SHAPE}"));
    write(source.path(), "m.ttl", format!("{PREFIXES}e:m a e:Maker ; schema:name \"Maker\" ."));
    write(source.path(), "p.ttl", format!("{PREFIXES}{PRODUCTS}"));
    (root, source)
}

#[test]
fn findings_are_reported_and_classes_are_known_from_other_files() {
    let (root, source) = products("");
    let knowledge_base = open(root.path());
    let outcome = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.failed.len()), (2, 0));
    let missing = outcome.findings.iter().filter(|f| f.finding.message().contains("order number"));
    assert_eq!(missing.count(), 1, "{:?}", outcome.findings);
    let validation = knowledge_base.validate(&[]).unwrap();
    let [placed] = validation.findings.as_slice() else { panic!("{validation:?}") };
    assert_eq!(placed.source.as_deref(), Some("p.ttl"));
    assert_eq!(placed.finding.severity, Severity::Violation);
    let line = placed.finding.to_string();
    let expected =
        "<https://e.test/b> (Pump B), <https://e.test/sku>: a product has an order number";
    assert_eq!(line, expected);
}

#[test]
fn a_document_that_violates_is_refused_when_asked_and_mends() {
    let (root, source) =
        products("[ingest]\nvalidate = \"reject\"\n[graph]\nshapes = [\"shapes/*.ttl\"]\n");
    let knowledge_base = open(root.path());
    let outcome = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    let [error] = outcome.failed.as_slice() else { panic!("{outcome:?}") };
    let error = error.to_string();
    assert!(error.starts_with("p.ttl does not meet the shapes, 1 violations"), "{error}");
    assert!(error.contains("(Pump B)") && error.contains("a product has an order number"));
    assert_eq!(outcome.n_committed, 1);
    let mended = PRODUCTS.replace("\"Pump B\"", "\"Pump B\" ; e:sku \"B-1\"");
    write(source.path(), "p.ttl", format!("{PREFIXES}{mended}"));
    let outcome = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.failed.len()), (1, 0));
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
}

#[test]
fn validation_off_says_nothing_and_bad_shapes_stop_with_their_file() {
    let (root, source) = products("[ingest]\nvalidate = \"off\"\n");
    let knowledge_base = open(root.path());
    let outcome = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert!(outcome.findings.is_empty() && outcome.failed.is_empty());
    write(root.path(), "shapes/products.ttl", "not turtle");
    let error = knowledge_base.validate(&[]).unwrap_err().to_string();
    assert!(error.contains("products.ttl is not valid Turtle"), "{error}");
    drop(knowledge_base);
    write(root.path(), "veritrail.toml", "[graph]\nshapes = [\"none/*.ttl\"]\n");
    let error = open(root.path()).validate(&[]).unwrap_err().to_string();
    assert!(error.contains("`none/*.ttl` of graph.shapes names no file"), "{error}");
}

#[test]
fn the_report_is_written_for_people_and_programs() {
    let (root, source) = products("");
    ingest(&open(root.path()), source.path());
    let run = |format: &str| {
        let output = program(root.path()).args(["validate", "--format", format]).output().unwrap();
        let (code, report, errors) = outcome(&output);
        assert_eq!(code, 3, "{report}\n{errors}");
        report
    };
    let text = run("text");
    assert!(text.starts_with("violation p.ttl: <https://e.test/b> (Pump B)"), "{text}");
    assert!(text.contains("does not conform: 1 violations, 0 warnings"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["conforms"], false);
    let finding = &json["findings"][0];
    assert_eq!(finding["focus"], "https://e.test/b");
    assert_eq!(finding["component"], "MinCountConstraintComponent");
    assert_eq!(finding["source"], "p.ttl");
    let triples = parse_turtle("report", &run("turtle")).unwrap();
    let states = |property: &str, value: &str| {
        triples.iter().any(|t| {
            t.predicate.as_str() == format!("{}{property}", vocab::sh::NAMESPACE)
                && t.object.to_string() == value
        })
    };
    assert!(states("focusNode", "<https://e.test/b>"));
    assert!(states("resultPath", "<https://e.test/sku>"));
    assert!(states("resultMessage", "\"a product has an order number\""));
    assert!(states("conforms", "\"false\"^^<http://www.w3.org/2001/XMLSchema#boolean>"));
}

#[test]
fn a_file_of_shapes_on_the_command_line_is_added() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    ingest(&open(root.path()), source.path());
    let shape = "@prefix vt: <https://w3id.org/veritrail/ns#> . e:S sh:targetClass vt:Document ;
        sh:property [ sh:path vt:source ; sh:pattern \"^docs/\" ; sh:message \"only docs\" ] .";
    write(source.path(), "s.ttl", format!("{PREFIXES}{shape}"));
    let mut command = program(root.path());
    let output = command.args(["validate", "--shapes"]).arg(source.path().join("s.ttl")).output();
    let (code, report, _) = outcome(&output.unwrap());
    assert_eq!(code, 3, "{report}");
    assert!(report.contains("secret/cost.md") && report.contains("only docs"), "{report}");
    assert_eq!(report.lines().count(), 2, "{report}");
}
