//! Taking words out of a record so that its seal stays true.

use super::commitment::{self, Salts, erasable, is_erased, place, subject_of};
use crate::graph::Triples;
use crate::model::{AnswerId, Digest, VersionId};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{Literal, Term, Triple};
use std::collections::{BTreeMap, BTreeSet};

/// Which words go.
#[derive(Clone, Copy, Debug)]
pub enum Words<'a> {
    /// Question, answer and evidence; with the names of who asked if so wished.
    All {
        /// Whether names go too.
        names: bool,
    },
    /// What stands in these versions of documents, and the answer that was made of it.
    OfVersions(&'a [VersionId]),
}

/// What changes in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Erased {
    /// Triples with words.
    pub removed: Vec<Triple>,
    /// The same triples with commitments.
    pub inserted: Vec<Triple>,
    /// Salts of the words that are left.
    pub salts: Salts,
}

/// Takes words out of a record; `None` when there are none of them.
pub fn erase(
    answer: &AnswerId,
    triples: &[Triple],
    salts: &Salts,
    words: Words<'_>,
) -> Option<Erased> {
    let subjects = match words {
        Words::All { .. } => None,
        Words::OfVersions(versions) => Some(made_of(answer, triples, versions)?),
    };
    let principal = format!("{answer}/principal");
    let software = format!("{answer}/software");
    let goes = |triple: &Triple| {
        let subject = subject_of(triple);
        match (&subjects, words) {
            (Some(subjects), _) => {
                subjects.contains(subject) && triple.predicate.as_str() != rdfs::LABEL
            }
            (None, Words::All { names }) if subject == principal => names,
            (None, _) => subject != software || triple.predicate.as_str() != rdfs::LABEL,
        }
    };
    let (mut removed, mut inserted) = (Vec::new(), Vec::new());
    let mut kept = BTreeMap::new();
    for triple in triples {
        let Some(text) = erasable(triple) else { continue };
        let (subject, property) = (subject_of(triple), triple.predicate.as_str());
        let salt = salts.of(subject, property);
        if !goes(triple) {
            kept.extend(salt.map(|salt| (place(subject, property), salt)));
        } else if salt.is_some() || !is_erased(text) && text != commitment::ERASED {
            let object = salt.map_or_else(
                || Literal::new_simple_literal(commitment::ERASED),
                |salt| commitment::commitment(&salt, text),
            );
            removed.push(triple.clone());
            inserted.push(Triple { object: object.into(), ..triple.clone() });
        }
    }
    (!removed.is_empty()).then_some(Erased { removed, inserted, salts: Salts::Single(kept) })
}

/// Nodes whose words come from these versions: evidence, citations, sentences, and the
/// answer itself; `None` when it rests on none of them.
fn made_of(
    answer: &AnswerId,
    triples: &[Triple],
    versions: &[VersionId],
) -> Option<BTreeSet<String>> {
    let object = |triple: &Triple| match &triple.object {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::BlankNode(_) | Term::Literal(_) => String::new(),
    };
    let with = |property: &str, of: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
        let named = triples.iter().filter(|triple| triple.predicate.as_str() == property);
        named.filter(|t| of(&object(t))).map(|t| subject_of(t).to_owned()).collect()
    };
    let is_version = |iri: &str| versions.iter().any(|version| version.as_str() == iri);
    let evidence = with(prov::WAS_DERIVED_FROM, &is_version);
    if evidence.is_empty() {
        return None;
    }
    let citations = with(vt::CITED_EVIDENCE, &|iri| evidence.contains(iri));
    let mut nodes = with(vt::CITES, &|iri| citations.contains(iri));
    nodes.extend(evidence);
    nodes.extend(citations);
    nodes.insert(answer.as_str().to_owned());
    nodes.insert(format!("{answer}/software"));
    Some(nodes)
}

/// Who erased, why and when.
#[derive(Clone, Copy, Debug)]
pub struct ErasedBy<'a> {
    /// Who.
    pub principal: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// When, RFC 3339.
    pub at: &'a str,
}

/// The act of erasing as triples of the governance graph, and its IRI.
pub fn erasure_act(answer: &AnswerId, n_words: usize, by: ErasedBy<'_>) -> (String, Vec<Triple>) {
    let digest = Digest::of_parts([answer.as_str().as_bytes(), by.at.as_bytes()]);
    let id = format!("{}{}", vocab::ERASURE_PREFIX, digest.short());
    let mut triples = Triples::new();
    triples.class(&id, vt::ERASURE);
    triples.class(&id, prov::ACTIVITY);
    triples.link(&id, vt::ERASED_ANSWER, answer.as_str());
    triples.count(&id, vt::N_ERASED, n_words);
    triples.time(&id, prov::ENDED_AT_TIME, by.at);
    if let Some(reason) = by.reason {
        triples.text(&id, vt::REASON, reason);
    }
    let principal = format!("{id}/principal");
    triples.link(&id, prov::WAS_ASSOCIATED_WITH, &principal);
    triples.class(&principal, prov::AGENT);
    triples.text(&principal, rdfs::LABEL, by.principal);
    (id, triples.into_vec())
}

/// The answer from which an act took words, and number of texts.
pub(super) fn erased_answer(act: &[Triple]) -> (String, usize) {
    let of = |property: &str| {
        let found = act.iter().find(|triple| triple.predicate.as_str() == property);
        found.map_or_else(String::new, |triple| match &triple.object {
            Term::NamedNode(node) => node.as_str().to_owned(),
            Term::Literal(literal) => literal.value().to_owned(),
            Term::BlankNode(_) => String::new(),
        })
    };
    (of(vt::ERASED_ANSWER), of(vt::N_ERASED).parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::content_digest;

    fn record() -> (AnswerId, Vec<Triple>) {
        let answer = AnswerId::new("0a");
        let (id, mut triples) = (answer.as_str().to_owned(), Triples::new());
        triples.text(&id, prov::VALUE, "SP-1 [1]");
        triples.text(&format!("{id}/question"), prov::VALUE, "Which number?");
        triples.text(&format!("{id}/principal"), rdfs::LABEL, "anna");
        triples.text(&format!("{id}/software"), rdfs::LABEL, "veritrail");
        triples.link(&format!("{id}/evidence/1"), prov::WAS_DERIVED_FROM, "urn:v:1");
        triples.text(&format!("{id}/evidence/1"), vt::TEXT, "The number is SP-1.");
        (answer, triples.into_vec())
    }

    fn applied(triples: &[Triple], erased: &Erased) -> Vec<Triple> {
        let kept = triples.iter().filter(|triple| !erased.removed.contains(triple));
        kept.chain(&erased.inserted).cloned().collect()
    }

    #[test]
    fn what_is_left_has_the_digest_that_was_sealed_whatever_goes_first() {
        let (answer, triples) = record();
        let salts = Salts::Key([5; 32]);
        let sealed = content_digest(answer.as_str(), &triples, &salts).unwrap();
        let versions = [VersionId::from_iri("urn:v:1")];
        let quotes = erase(&answer, &triples, &salts, Words::OfVersions(&versions)).unwrap();
        assert_eq!(quotes.removed.len(), 2);
        let after = applied(&triples, &quotes);
        assert_eq!(content_digest(answer.as_str(), &after, &quotes.salts).unwrap(), sealed);
        let text = format!("{after:?}");
        assert!(text.contains("Which number?") && !text.contains("SP-1"), "{text}");
        assert_eq!(erase(&answer, &after, &quotes.salts, Words::OfVersions(&versions)), None);
        let all = erase(&answer, &after, &quotes.salts, Words::All { names: false }).unwrap();
        assert_eq!(all.removed.len(), 1);
        let after = applied(&after, &all);
        assert_eq!(content_digest(answer.as_str(), &after, &all.salts).unwrap(), sealed);
        let names = erase(&answer, &after, &all.salts, Words::All { names: true }).unwrap();
        let after = applied(&after, &names);
        assert_eq!(content_digest(answer.as_str(), &after, &names.salts).unwrap(), sealed);
        let text = format!("{after:?}");
        assert!(!text.contains("anna") && text.contains("veritrail"), "{text}");
    }

    #[test]
    fn a_record_of_other_versions_keeps_its_words() {
        let (answer, triples) = record();
        let versions = [VersionId::from_iri("urn:v:2")];
        let words = Words::OfVersions(&versions);
        assert_eq!(erase(&answer, &triples, &Salts::Key([5; 32]), words), None);
    }
}
