//! Writing and reading mentions.

use super::error::GraphError;
use super::store::{Store, insert};
use super::triples::Triples;
use crate::model::{Digest, EntityId, FragmentId, Mention, Value, ValueMention, VersionId};
use crate::vocab::{self, oa, rdf, schema, vt};
use oxigraph::model::{NamedNode, NamedNodeRef, Quad, Term, Triple};
use oxigraph::store::Transaction;

/// Versions whose mentions are written in one transaction.
const VERSIONS_PER_TRANSACTION: usize = 256;

/// The mentions of one document version.
#[derive(Debug)]
pub struct MentionsWrite<'a> {
    /// The version.
    pub version: &'a VersionId,
    /// All its mentions.
    pub mentions: &'a [Mention],
    /// Dates and quantities in it.
    pub values: &'a [ValueMention],
    /// Digest of mentions and values, kept to see whether they are current.
    pub digest: Digest,
}

impl Store {
    /// Replaces the mentions of each listed version, several versions in one
    /// transaction.
    ///
    /// # Errors
    /// When the store cannot be written; versions of earlier transactions keep
    /// their new mentions.
    pub fn set_mentions(
        &self,
        writes: &[MentionsWrite<'_>],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), GraphError> {
        let mut done = 0;
        for batch in writes.chunks(VERSIONS_PER_TRANSACTION) {
            let n_triples = self.write(|transaction| {
                let mut n_triples = 0;
                for write in batch {
                    clear(transaction, write.version)?;
                    let graph = NamedNodeRef::new_unchecked(write.version.as_str());
                    let triples = triples(write);
                    insert(transaction, graph, &triples);
                    n_triples += triples.len();
                }
                Ok(n_triples)
            })?;
            self.wrote(n_triples)?;
            done += batch.len();
            progress(done);
        }
        Ok(())
    }

    /// Which fragment names which entity, ordered, each pair once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn mentioned_entities(&self) -> Result<Vec<(FragmentId, EntityId)>, GraphError> {
        let mut pairs: Vec<_> = self
            .pairs(schema::MENTIONS)?
            .into_iter()
            .filter(|(subject, _)| subject.starts_with(vocab::FRAGMENT_PREFIX))
            .map(|(fragment, entity)| (FragmentId::from_iri(fragment), EntityId::from_iri(entity)))
            .collect();
        pairs.sort();
        pairs.dedup();
        Ok(pairs)
    }
}

/// Removes the mentions of a version: everything under the IRI of a mention or a value,
/// and the shortcuts from fragments to entities.
fn clear(transaction: &mut Transaction<'_>, version: &VersionId) -> Result<(), GraphError> {
    let graph = NamedNode::new_unchecked(version.as_str());
    let quads: Vec<Quad> = transaction
        .quads_for_pattern(None, None, None, Some(graph.as_ref().into()))
        .collect::<Result<_, _>>()?;
    for quad in &quads {
        let predicate = quad.predicate.as_str();
        let subject = super::read::iri(&Term::from(quad.subject.clone()));
        let of_mention =
            subject.starts_with(vocab::MENTION_PREFIX) || subject.starts_with(vocab::VALUE_PREFIX);
        if of_mention || predicate == schema::MENTIONS || predicate == vt::MENTIONS_SHA256 {
            transaction.remove(quad.as_ref());
        }
    }
    Ok(())
}

fn triples(write: &MentionsWrite<'_>) -> Vec<Triple> {
    let mut triples = Triples::new();
    triples.text(write.version.as_str(), vt::MENTIONS_SHA256, &write.digest.to_string());
    for (n, mention) in write.mentions.iter().enumerate() {
        let hash = write
            .version
            .as_str()
            .strip_prefix(vocab::VERSION_PREFIX)
            .unwrap_or(write.version.as_str());
        let id = format!("{}{hash}:{n}", vocab::MENTION_PREFIX);
        let (target, selector) = (format!("{id}/target"), format!("{id}/selector"));
        let fragment = mention.fragment.as_str();
        triples.link(fragment, schema::MENTIONS, mention.entity.as_str());
        triples.class(&id, vt::MENTION);
        triples.link(&id, oa::HAS_BODY, mention.entity.as_str());
        triples.link(&id, oa::HAS_TARGET, &target);
        triples.number(&id, vt::CONFIDENCE, f64::from(mention.confidence));
        triples.text(&id, vt::RULE, &mention.rule);
        triples.link(&target, oa::HAS_SOURCE, fragment);
        triples.link(&target, oa::HAS_SELECTOR, &selector);
        triples.class(&selector, oa::TEXT_POSITION_SELECTOR);
        triples.class(&selector, oa::TEXT_QUOTE_SELECTOR);
        triples.count(&selector, oa::START, mention.span.start());
        triples.count(&selector, oa::END, mention.span.end());
        triples.text(&selector, oa::EXACT, &mention.surface);
    }
    for (n, found) in write.values.iter().enumerate() {
        let id = format!("{}{}:{n}", vocab::VALUE_PREFIX, write.version.hash());
        triples.class(&id, vt::VALUE_MENTION);
        triples.link(&id, vt::STANDS_IN, found.fragment.as_str());
        match &found.value {
            Value::Date(date) => {
                triples.text(&id, vt::RULE, "date");
                triples.date(&id, rdf::VALUE, date);
            }
            Value::Quantity { number, unit } => {
                triples.text(&id, vt::RULE, "quantity");
                triples.number(&id, rdf::VALUE, *number);
                triples.text(&id, vt::UNIT, unit);
            }
        }
        triples.text(&id, vt::QUOTE, &found.surface);
        triples.count(&id, vt::START, found.span.start());
        triples.count(&id, vt::END, found.span.end());
    }
    triples.into_vec()
}
