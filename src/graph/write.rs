//! Writing documents: one transaction each.

use super::error::GraphError;
use super::extractions::kept_extractions;
use super::picture_text::describe_lines;
use super::pictures::{describe_picture, describe_regions};
use super::store::{Store, drop_graph, insert};
use super::triples::Triples;
use crate::model::{
    Digest, Document, DocumentId, EntityId, Fragment, FragmentId, FragmentKind, FragmentLink,
    PlacedLine, Region, SpaceId, VersionId,
};
use crate::vocab::{self, dcterms, prov, rdfs, schema, vt};
use oxigraph::model::{NamedNodeRef, Triple};
use oxigraph::store::Transaction;
use std::collections::BTreeSet;

/// Everything that one document version asserts.
#[derive(Debug)]
pub struct DocumentWrite<'a> {
    /// The document version.
    pub document: &'a Document,
    /// Its fragments, in order.
    pub fragments: &'a [Fragment],
    /// Lines read in a picture; they belong to the first fragment.
    pub lines: &'a [PlacedLine],
    /// Parts of the picture of the first fragment that have vectors of their own.
    pub regions: &'a [Region],
    /// Links from fragments to other documents.
    pub links: &'a [FragmentLink],
    /// Triples of an RDF document.
    pub triples: &'a [Triple],
    /// The space in which each listed fragment has a vector.
    pub embedded: &'a [(FragmentId, SpaceId)],
    /// The entity that the document is about.
    pub about: Option<&'a EntityId>,
    /// Digest of the settings that shaped the fragments.
    pub recipe: &'a Digest,
    /// When and by what it was taken in.
    pub activity: &'a IngestActivity,
}

/// The taking in of a document.
#[derive(Clone, Debug)]
pub struct IngestActivity {
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub ended_at: String,
    /// Name and version of the program.
    pub software: String,
    /// The folder or file from which it was taken.
    pub taken_from: String,
}

impl Store {
    /// Commits a document version in one transaction: every older version of
    /// the document leaves, this one enters. What was extracted from this same version
    /// stays where the text of the fragment is the same. After it returns, the document is
    /// part of the knowledge base; before, it is not.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing has changed.
    pub fn commit_document(&self, write: &DocumentWrite<'_>) -> Result<(), GraphError> {
        let triples = version_triples(write);
        let version = write.document.version.as_str();
        self.write(|transaction| {
            let kept = kept_extractions(transaction, &write.document.version, write.fragments)?;
            drop_versions(transaction, &write.document.id)?;
            insert(transaction, NamedNodeRef::new_unchecked(version), &triples);
            insert(transaction, NamedNodeRef::new_unchecked(version), &kept);
            if !write.triples.is_empty() {
                let imported = imported_graph(&write.document.version);
                let graph = NamedNodeRef::new_unchecked(&imported);
                insert(transaction, graph, write.triples);
            }
            Ok(())
        })?;
        self.wrote(triples.len() + write.triples.len())
    }
}

/// Name of the graph that holds the triples of an RDF document.
pub fn imported_graph(version: &VersionId) -> String {
    format!("{}{}", vocab::GRAPH_IMPORTED_PREFIX, version.hash())
}

/// The versions of a document.
pub(super) fn versions_of(
    transaction: &Transaction<'_>,
    document: &DocumentId,
) -> Result<BTreeSet<VersionId>, GraphError> {
    let quads = transaction.quads_for_pattern(
        None,
        Some(NamedNodeRef::new_unchecked(dcterms::IS_VERSION_OF)),
        Some(NamedNodeRef::new_unchecked(document.as_str()).into()),
        None,
    );
    Ok(quads
        .map(|quad| quad.map(|quad| VersionId::from_iri(super::read::iri(&quad.subject.into()))))
        .collect::<Result<_, _>>()?)
}

fn drop_versions(
    transaction: &mut Transaction<'_>,
    document: &DocumentId,
) -> Result<(), GraphError> {
    for version in versions_of(transaction, document)? {
        drop_graph(transaction, version.as_str())?;
        drop_graph(transaction, &imported_graph(&version))?;
    }
    Ok(())
}

fn version_triples(write: &DocumentWrite<'_>) -> Vec<Triple> {
    let mut triples = Triples::new();
    describe_document(&mut triples, write);
    for fragment in write.fragments {
        describe_fragment(&mut triples, fragment);
    }
    if let Some(picture) = write.fragments.first() {
        describe_lines(&mut triples, &picture.id, write.lines);
        describe_regions(&mut triples, &picture.id, write.regions);
    }
    for (fragment, space) in write.embedded {
        let space = format!("{}{}", vocab::SPACE_PREFIX, space.0);
        triples.link(fragment.as_str(), vt::EMBEDDED_IN, &space);
    }
    for link in write.links {
        let fragment = link.fragment.as_str();
        triples.link(fragment, dcterms::REFERENCES, link.target.as_str());
        let id = format!("{fragment}/link/{}-{}", link.span.start(), link.span.end());
        triples.class(&id, vt::LINK);
        triples.link(&id, vt::STANDS_IN, fragment);
        triples.link(&id, vt::LINKS_TO, link.target.as_str());
        triples.count(&id, vt::START, link.span.start());
        triples.count(&id, vt::END, link.span.end());
    }
    triples.into_vec()
}

fn describe_document(triples: &mut Triples, write: &DocumentWrite<'_>) {
    let document = write.document;
    let (id, version) = (document.id.as_str(), document.version.as_str());
    triples.class(id, vt::DOCUMENT);
    triples.text(id, dcterms::TITLE, &document.title);
    for alias in &document.aliases {
        triples.text(id, dcterms::ALTERNATIVE, alias);
    }
    if document.is_term {
        triples.class(id, vt::GLOSSARY_ENTRY);
    }
    triples.text(id, vt::SOURCE, &document.source);
    if let Some(about) = write.about {
        triples.link(id, schema::ABOUT, about.as_str());
    }
    triples.class(version, vt::DOCUMENT_VERSION);
    triples.link(version, dcterms::IS_VERSION_OF, id);
    triples.text(version, vt::SHA256, &document.digest.to_string());
    triples.text(version, vt::TEXT_SHA256, &document.text_digest.to_string());
    triples.text(version, dcterms::FORMAT, document.media_type.as_str());
    triples.count(
        version,
        vt::SIZE_BYTES,
        usize::try_from(document.size_bytes).unwrap_or(usize::MAX),
    );
    triples.text(version, vt::ACCESS_LABEL, &document.access_label.0);
    triples.text(version, vt::RECIPE, &write.recipe.to_string());
    if let Some(language) = &document.language {
        triples.text(version, dcterms::LANGUAGE, language);
    }
    if let Some(picture) = &document.picture {
        describe_picture(triples, version, picture);
    }
    let bytes = format!("{}{}", vocab::BYTES_PREFIX, document.digest);
    triples.link(version, prov::WAS_DERIVED_FROM, &bytes);
    let activity = format!(
        "{}ingest:{}",
        vocab::ACTIVITY_PREFIX,
        version.strip_prefix(vocab::VERSION_PREFIX).unwrap_or(version)
    );
    triples.link(version, prov::WAS_GENERATED_BY, &activity);
    triples.class(&activity, vt::INGEST);
    triples.link(&activity, prov::USED, &bytes);
    triples.text(&activity, vt::TAKEN_FROM, &write.activity.taken_from);
    triples.time(&activity, prov::STARTED_AT_TIME, &write.activity.started_at);
    triples.time(&activity, prov::ENDED_AT_TIME, &write.activity.ended_at);
    let agent = format!("{}{}", vocab::AGENT_PREFIX, write.activity.software.replace(' ', "-"));
    triples.link(&activity, prov::WAS_ASSOCIATED_WITH, &agent);
    triples.class(&agent, prov::SOFTWARE_AGENT);
    triples.text(&agent, rdfs::LABEL, &write.activity.software);
}

fn describe_fragment(triples: &mut Triples, fragment: &Fragment) {
    let id = fragment.id.as_str();
    triples.link(id, dcterms::IS_PART_OF, fragment.version.as_str());
    triples.count(id, vt::ORDINAL, fragment.ordinal as usize);
    triples.text(id, vt::TEXT, &fragment.text);
    triples.count(id, vt::START, fragment.span.start());
    triples.count(id, vt::END, fragment.span.end());
    if !fragment.heading_path.is_empty() {
        triples.text(id, vt::SECTION, &fragment.section());
    }
    if let Some(page) = fragment.page {
        triples.count(id, vt::PAGE, page as usize);
    }
    match &fragment.kind {
        FragmentKind::Chunk => triples.class(id, vt::CHUNK),
        FragmentKind::Picture { picture, alt, caption } => {
            triples.class(id, vt::PICTURE);
            triples.link(id, vt::PICTURE_FILE, picture.as_str());
            triples.text(id, vt::ALTERNATIVE_TEXT, alt);
            if let Some(caption) = caption {
                triples.text(id, schema::CAPTION, caption);
            }
        }
    }
}
