//! The ontology and the constants name the same terms.

use oxigraph::io::{RdfFormat, RdfParser};
use std::collections::BTreeSet;
use veritrail::vocab::vt;

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
