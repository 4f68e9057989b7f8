//! The ontology and the constants name the same terms.

use oxigraph::io::{RdfFormat, RdfParser};
use std::collections::BTreeSet;
use veritrail::vocab::{sh, vt};

#[test]
fn every_constant_is_defined_and_every_definition_has_a_constant() {
    let turtle = include_str!("../ontology/veritrail.ttl");
    let mut defined = BTreeSet::new();
    let mut described = BTreeSet::new();
    for quad in RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle.as_bytes()) {
        let quad = quad.expect("the ontology is valid Turtle");
        let subject = quad.subject.to_string();
        let subject = subject.trim_matches(['<', '>']).to_owned();
        if subject.starts_with(vt::NAMESPACE) {
            defined.insert(subject.clone());
            if quad.predicate.as_str().ends_with("rdf-schema#comment") {
                described.insert(subject);
            }
        }
    }
    let constants: BTreeSet<String> = vt::ALL.iter().map(|term| (*term).to_owned()).collect();
    assert_eq!(defined, constants);
    assert_eq!(described, constants);
}

#[test]
fn shapes_use_defined_terms_and_are_described() {
    let turtle = include_str!("../ontology/shapes.ttl");
    let (mut used, mut named, mut described) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for quad in RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle.as_bytes()) {
        let quad = quad.expect("the shapes are valid Turtle");
        let (subject, object) = (quad.subject.to_string(), quad.object.to_string());
        if quad.predicate.as_str().ends_with("rdf-schema#comment") {
            described.insert(subject.clone());
        }
        if object.contains(sh::NODE_SHAPE) || object.contains(sh::PROPERTY_SHAPE) {
            named.insert(subject);
        }
        used.extend([quad.predicate.as_str().to_owned(), object.replace(['<', '>'], "")]);
    }
    for iri in used.iter().filter(|iri| iri.starts_with(vt::NAMESPACE)) {
        assert!(vt::ALL.contains(&iri.as_str()), "{iri} is not defined");
    }
    for iri in used.iter().filter(|iri| iri.starts_with(sh::NAMESPACE)) {
        assert!(sh::ALL.contains(&iri.as_str()), "{iri} is not a term of SHACL's core");
    }
    assert!(!named.is_empty() && named.is_subset(&described), "{named:?} {described:?}");
}
