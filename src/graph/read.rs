//! Reading documents and fragments back.

use super::error::GraphError;
use super::pictures::PictureColumns;
use super::store::Store;
use crate::model::{
    AccessLabel, Digest, DocumentId, Fragment, FragmentId, FragmentKind, FragmentLink, MediaType,
    PictureFacts, SpaceId, Span, VersionId,
};
use crate::vocab::{self, dcterms, prov, rdf, schema, vt};
use oxigraph::model::{NamedNodeRef, Term};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// What is known about a document without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// Identity.
    pub id: DocumentId,
    /// The one version in the knowledge base.
    pub version: VersionId,
    /// Digest of the original bytes.
    pub digest: Digest,
    /// Digest of the extracted text.
    pub text_digest: Digest,
    /// Digest of the ingest settings.
    pub recipe: Digest,
    /// Digest of the mentions, once they were extracted.
    pub mentions_digest: Option<Digest>,
    /// Digest of the relations, once they were extracted.
    pub relations_digest: Option<Digest>,
    /// BCP 47 language tag, when known.
    pub language: Option<String>,
    /// Source path or given id.
    pub source: String,
    /// Title.
    pub title: String,
    /// Other names of what it is about, ordered.
    pub aliases: Vec<String>,
    /// Whether it is an entry of a glossary.
    pub is_term: bool,
    /// Kind of content.
    pub media_type: MediaType,
    /// Who may see it.
    pub access_label: AccessLabel,
    /// Facts about the pixels of a picture.
    pub picture: Option<PictureFacts>,
}

/// Values of one property by subject.
pub(super) type Column = HashMap<String, String>;

impl Store {
    /// Every document, ordered by id.
    ///
    /// # Errors
    /// When the store cannot be read or a document is incomplete.
    pub fn documents(&self) -> Result<Vec<DocumentSummary>, GraphError> {
        let titles = self.column(dcterms::TITLE)?;
        let sources = self.column(vt::SOURCE)?;
        let digests = self.column(vt::SHA256)?;
        let text_digests = self.column(vt::TEXT_SHA256)?;
        let recipes = self.column(vt::RECIPE)?;
        let mentions = self.column(vt::MENTIONS_SHA256)?;
        let relations = self.column(vt::RELATIONS_SHA256)?;
        let languages = self.column(dcterms::LANGUAGE)?;
        let formats = self.column(dcterms::FORMAT)?;
        let labels = self.column(vt::ACCESS_LABEL)?;
        let pictures = PictureColumns::read(self)?;
        let mut aliases: HashMap<String, Vec<String>> = HashMap::new();
        for (document, alias) in self.pairs(dcterms::ALTERNATIVE)? {
            aliases.entry(document).or_default().push(alias);
        }
        let terms = self.instances(vt::GLOSSARY_ENTRY)?;
        let mut documents = Vec::new();
        for (version, id) in self.column(dcterms::IS_VERSION_OF)? {
            let digest = |column: &Column, property| -> Result<Digest, GraphError> {
                parsed(column, "document version", &version, property)
            };
            let media_type = formats.get(&version).and_then(|name| MediaType::from_name(name));
            documents.push(DocumentSummary {
                digest: digest(&digests, "vt:sha256")?,
                text_digest: digest(&text_digests, "vt:textSha256")?,
                recipe: digest(&recipes, "vt:recipe")?,
                mentions_digest: mentions.get(&version).and_then(|text| text.parse().ok()),
                relations_digest: relations.get(&version).and_then(|text| text.parse().ok()),
                language: languages.get(&version).cloned(),
                aliases: sorted(aliases.get(&id)),
                is_term: terms.contains(&id),
                source: sources.get(&id).cloned().unwrap_or_default(),
                title: titles.get(&id).cloned().unwrap_or_default(),
                media_type: media_type
                    .ok_or_else(|| damaged("document version", &version, "dcterms:format"))?,
                access_label: AccessLabel(labels.get(&version).cloned().unwrap_or_default()),
                picture: pictures.facts(&version),
                version: VersionId::from_iri(version),
                id: DocumentId::from_iri(id),
            });
        }
        documents.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(documents)
    }

    /// The access label of every document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn access_labels(&self) -> Result<HashMap<DocumentId, AccessLabel>, GraphError> {
        let mut labels = self.column(vt::ACCESS_LABEL)?;
        let versions = self.pairs(dcterms::IS_VERSION_OF)?.into_iter();
        let label = |(version, document): (String, String)| {
            let label = labels.remove(&version).unwrap_or_default();
            (DocumentId::from_iri(document), AccessLabel(label))
        };
        Ok(versions.map(label).collect())
    }

    /// Every fragment, ordered by document and position.
    ///
    /// # Errors
    /// When the store cannot be read or a fragment is incomplete.
    pub fn fragments(&self) -> Result<Vec<Fragment>, GraphError> {
        self.fragments_in(None)
    }

    /// The fragments of one document version, ordered by position.
    ///
    /// # Errors
    /// When the store cannot be read or a fragment is incomplete.
    pub fn fragments_of(&self, version: &VersionId) -> Result<Vec<Fragment>, GraphError> {
        self.fragments_in(Some(version))
    }

    fn fragments_in(&self, graph: Option<&VersionId>) -> Result<Vec<Fragment>, GraphError> {
        let column = |property| self.column_in(property, graph);
        let versions = column(dcterms::IS_VERSION_OF)?;
        let ordinals = column(vt::ORDINAL)?;
        let texts = column(vt::TEXT)?;
        let (starts, ends) = (column(vt::START)?, column(vt::END)?);
        let sections = column(vt::SECTION)?;
        let pages = column(vt::PAGE)?;
        let pictures = column(vt::PICTURE_FILE)?;
        let alternatives = column(vt::ALTERNATIVE_TEXT)?;
        let captions = column(schema::CAPTION)?;
        let mut fragments = Vec::new();
        for (id, version) in column(dcterms::IS_PART_OF)? {
            let Some(document) = versions.get(&version) else { continue };
            let kind = match pictures.get(&id) {
                None => FragmentKind::Chunk,
                Some(picture) => FragmentKind::Picture {
                    picture: DocumentId::from_iri(picture.clone()),
                    alt: alternatives.get(&id).cloned().unwrap_or_default(),
                    caption: captions.get(&id).cloned(),
                },
            };
            let heading_path = sections
                .get(&id)
                .map(|section| section.split(" > ").map(str::to_owned).collect())
                .unwrap_or_default();
            fragments.push(Fragment {
                document: DocumentId::from_iri(document.clone()),
                version: VersionId::from_iri(version),
                ordinal: parsed(&ordinals, "fragment", &id, "vt:ordinal")?,
                heading_path,
                span: Span::new(
                    parsed(&starts, "fragment", &id, "vt:start")?,
                    parsed(&ends, "fragment", &id, "vt:end")?,
                ),
                page: pages.get(&id).and_then(|page| page.parse().ok()),
                text: texts.get(&id).cloned().unwrap_or_default(),
                kind,
                id: FragmentId::from_iri(id),
            });
        }
        fragments.sort_by(|a, b| (&a.document, a.ordinal).cmp(&(&b.document, b.ordinal)));
        Ok(fragments)
    }

    /// Links from fragments to documents, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn links(&self) -> Result<Vec<FragmentLink>, GraphError> {
        self.links_in(None)
    }

    /// Links from the fragments of one document version, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn links_of(&self, version: &VersionId) -> Result<Vec<FragmentLink>, GraphError> {
        self.links_in(Some(version))
    }

    fn links_in(&self, graph: Option<&VersionId>) -> Result<Vec<FragmentLink>, GraphError> {
        let targets = self.pairs_in(vt::LINKS_TO, graph)?;
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let column = |property| self.column_in(property, graph);
        let fragments = column(vt::STANDS_IN)?;
        let (starts, ends) = (column(vt::START)?, column(vt::END)?);
        let mut links = Vec::new();
        for (id, target) in targets {
            let fragment = fragments.get(&id).ok_or_else(|| damaged("link", &id, "vt:standsIn"))?;
            let span = Span::new(
                parsed(&starts, "link", &id, "vt:start")?,
                parsed(&ends, "link", &id, "vt:end")?,
            );
            links.push(FragmentLink {
                fragment: FragmentId::from_iri(fragment.clone()),
                span,
                target: DocumentId::from_iri(target),
            });
        }
        links.sort_by(|a, b| {
            (&a.fragment, a.span.start(), a.span.end(), &a.target).cmp(&(
                &b.fragment,
                b.span.start(),
                b.span.end(),
                &b.target,
            ))
        });
        Ok(links)
    }

    /// The topic entity of each document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn topics(&self) -> Result<Vec<(DocumentId, crate::model::EntityId)>, GraphError> {
        let mut topics: Vec<_> = self
            .pairs(schema::ABOUT)?
            .into_iter()
            .filter(|(subject, _)| subject.starts_with(vocab::DOCUMENT_PREFIX))
            .map(|(document, entity)| {
                (DocumentId::from_iri(document), crate::model::EntityId::from_iri(entity))
            })
            .collect();
        topics.sort();
        Ok(topics)
    }

    /// Fragments that the graph says have a vector in `space`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn embedded(&self, space: SpaceId) -> Result<HashSet<FragmentId>, GraphError> {
        let wanted = format!("{}{}", vocab::SPACE_PREFIX, space.0);
        let pairs = self.pairs(vt::EMBEDDED_IN)?.into_iter();
        Ok(pairs
            .filter(|(_, space)| *space == wanted)
            .map(|(fragment, _)| FragmentId::from_iri(fragment))
            .collect())
    }

    /// IRIs of the instances of a class.
    fn instances(&self, class: &str) -> Result<HashSet<String>, GraphError> {
        let quads = self.inner.quads_for_pattern(
            None,
            Some(NamedNodeRef::new_unchecked(rdf::TYPE)),
            Some(NamedNodeRef::new_unchecked(class).into()),
            None,
        );
        quads.map(|quad| Ok(iri(&quad?.subject.into()))).collect()
    }

    /// Documents whose version was taken in from this folder or file, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn documents_taken_from(&self, root: &str) -> Result<Vec<DocumentId>, GraphError> {
        let taken = self.pairs(vt::TAKEN_FROM)?.into_iter();
        let taken: HashSet<String> =
            taken.filter(|(_, from)| from == root).map(|(activity, _)| activity).collect();
        let made_by = self.column(prov::WAS_GENERATED_BY)?;
        let versions = self.column(dcterms::IS_VERSION_OF)?.into_iter();
        let mut documents: Vec<DocumentId> = versions
            .filter(|(version, _)| made_by.get(version).is_some_and(|by| taken.contains(by)))
            .map(|(_, document)| DocumentId::from_iri(document))
            .collect();
        documents.sort();
        Ok(documents)
    }

    /// Fragments that have a vector.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn embedded_fragments(&self) -> Result<HashSet<String>, GraphError> {
        Ok(self.pairs(vt::EMBEDDED_IN)?.into_iter().map(|(fragment, _)| fragment).collect())
    }

    /// Digests of all bytes that a document version names, or an answer unless a
    /// deletion took them away.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn named_bytes(&self) -> Result<HashSet<Digest>, GraphError> {
        let invalidated: HashSet<String> =
            self.pairs(prov::WAS_INVALIDATED_BY)?.into_iter().map(|(bytes, _)| bytes).collect();
        let mut named = HashSet::new();
        for property in [vt::SHA256, vt::TEXT_SHA256] {
            let digests = self.pairs(property)?.into_iter();
            named.extend(digests.filter_map(|(_, digest)| digest.parse::<Digest>().ok()));
        }
        for property in [prov::USED, prov::WAS_DERIVED_FROM] {
            let used = self.pairs(property)?.into_iter();
            let used = used.filter(|(_, used)| !invalidated.contains(used));
            named.extend(used.filter_map(|(_, used)| {
                used.strip_prefix(vocab::BYTES_PREFIX)?.parse::<Digest>().ok()
            }));
        }
        Ok(named)
    }

    /// Subject and object of every triple with this predicate, in all graphs.
    pub(super) fn pairs(&self, predicate: &str) -> Result<Vec<(String, String)>, GraphError> {
        self.pairs_in(predicate, None)
    }

    /// Subject and object of every triple with this predicate, in the graph of one
    /// document version or in all graphs.
    pub(super) fn pairs_in(
        &self,
        predicate: &str,
        graph: Option<&VersionId>,
    ) -> Result<Vec<(String, String)>, GraphError> {
        let predicate = NamedNodeRef::new_unchecked(predicate);
        let graph = graph.map(|version| NamedNodeRef::new_unchecked(version.as_str()).into());
        self.inner
            .quads_for_pattern(None, Some(predicate), None, graph)
            .map(|quad| {
                let quad = quad?;
                Ok((iri(&quad.subject.into()), text(quad.object)))
            })
            .collect()
    }

    pub(super) fn column(&self, predicate: &str) -> Result<Column, GraphError> {
        self.column_in(predicate, None)
    }

    pub(super) fn column_in(
        &self,
        predicate: &str,
        graph: Option<&VersionId>,
    ) -> Result<Column, GraphError> {
        Ok(self.pairs_in(predicate, graph)?.into_iter().collect())
    }
}

fn sorted(aliases: Option<&Vec<String>>) -> Vec<String> {
    let mut aliases = aliases.cloned().unwrap_or_default();
    aliases.sort();
    aliases
}

/// IRI of a named node, text of a literal, name of a blank node.
pub(super) fn iri(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::BlankNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
    }
}

fn text(term: Term) -> String {
    match term {
        Term::NamedNode(node) => node.into_string(),
        Term::BlankNode(node) => node.into_string(),
        Term::Literal(literal) => literal.destruct().0,
    }
}

fn parsed<T: std::str::FromStr>(
    column: &Column,
    what: &'static str,
    iri: &str,
    property: &'static str,
) -> Result<T, GraphError> {
    column.get(iri).and_then(|text| text.parse().ok()).ok_or_else(|| damaged(what, iri, property))
}

fn damaged(what: &'static str, iri: &str, property: &'static str) -> GraphError {
    GraphError::Damaged { what, iri: iri.to_owned(), property }
}
