//! What documents say about entities, at publish.

use crate::extract::{NamedSentence, Reading, named_sentences, relations};
use crate::graph::DocumentSummary;
use crate::model::{
    Digest, EntityClass, EntityId, Fragment, MediaType, Mention, Relation, normalise_label,
};
use crate::resolve::Resolution;

/// Reads the relations of one document out of the mentions that resolution kept.
pub(super) struct Relating<'a> {
    pub(super) document: &'a DocumentSummary,
    /// What the document is about.
    pub(super) topic: Option<&'a EntityId>,
    pub(super) resolution: &'a Resolution,
}

impl Relating<'_> {
    /// What a fragment says, and its sentences that name something. Rows of tables and
    /// objects of JSON, which are RDF already, and pictures say nothing here.
    pub(super) fn read(
        &self,
        fragment: &Fragment,
        mentions: &[Mention],
    ) -> Option<(Vec<Relation>, Vec<NamedSentence>)> {
        if fragment.picture().is_some() || is_data(self.document.media_type) {
            return None;
        }
        // A heading such as "Technical data" is about nothing by itself.
        let is_thing = |entity: &EntityId| {
            self.resolution.class(entity).is_some_and(|class| class != EntityClass::Heading)
        };
        let heading = fragment.heading_path.last();
        let heading = heading.map(|heading| EntityId::from_label(&normalise_label(heading)));
        let found = relations(&Reading {
            fragment,
            mentions,
            about: heading.iter().chain(self.topic).find(|entity| is_thing(entity)),
            is_english: self.document.language.as_deref().is_none_or(is_english),
        });
        Some((found, named_sentences(fragment, mentions)))
    }
}

/// Whether a document has English sentences, as far as anything is known.
pub(super) fn says_english(document: &DocumentSummary) -> bool {
    !is_data(document.media_type) && document.language.as_deref().is_none_or(is_english)
}

/// Whether a document is RDF or a table that is mapped to RDF.
fn is_data(kind: MediaType) -> bool {
    matches!(
        kind,
        MediaType::Csv
            | MediaType::Tsv
            | MediaType::Json
            | MediaType::Turtle
            | MediaType::TriG
            | MediaType::NTriples
            | MediaType::NQuads
            | MediaType::RdfXml
            | MediaType::JsonLd
    )
}

/// Whether a BCP 47 tag means English.
fn is_english(tag: &str) -> bool {
    tag.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case("en"))
}

pub(super) fn digest_of_relations(relations: &[Relation]) -> Digest {
    let parts: Vec<String> = relations.iter().map(|relation| format!("{relation:?}")).collect();
    Digest::of_parts(parts.iter().map(String::as_bytes))
}
