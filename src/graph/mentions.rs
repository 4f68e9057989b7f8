//! Writing and reading mentions.

use super::error::GraphError;
use super::store::{Store, insert};
use super::triples::Triples;
use crate::model::{Digest, EntityId, FragmentId, Mention, Value, ValueMention, VersionId};
use crate::vocab::{self, oa, rdf, schema, vt};
use oxigraph::model::{NamedNodeRef, Quad, Term, Triple};
use oxigraph::store::Transaction;

/// Mentions and values that are written in one transaction, unless one version has more.
/// A transaction holds its triples in memory, about ten kilobytes for each mention.
const MENTIONS_PER_TRANSACTION: usize = 500;

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
        let (mut done, mut rest) = (0, writes);
        while !rest.is_empty() {
            let (batch, others) = rest.split_at(n_versions_at_once(rest));
            rest = others;
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
        self.mentioned_in(None)
    }

    /// Which fragment of one document version names which entity, ordered, each pair
    /// once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn mentioned_entities_of(
        &self,
        version: &VersionId,
    ) -> Result<Vec<(FragmentId, EntityId)>, GraphError> {
        self.mentioned_in(Some(version))
    }

    fn mentioned_in(
        &self,
        graph: Option<&VersionId>,
    ) -> Result<Vec<(FragmentId, EntityId)>, GraphError> {
        let mut pairs: Vec<_> = self
            .pairs_in(schema::MENTIONS, graph)?
            .into_iter()
            .filter(|(subject, _)| subject.starts_with(vocab::FRAGMENT_PREFIX))
            .map(|(fragment, entity)| (FragmentId::from_iri(fragment), EntityId::from_iri(entity)))
            .collect();
        pairs.sort();
        pairs.dedup();
        Ok(pairs)
    }
}

/// How many of the first versions fit one transaction, one at least.
fn n_versions_at_once(writes: &[MentionsWrite<'_>]) -> usize {
    let sizes = writes.iter().scan(0, |sum, write| {
        *sum += write.mentions.len() + write.values.len();
        Some(*sum)
    });
    sizes.take_while(|sum| *sum <= MENTIONS_PER_TRANSACTION).count().max(1).min(writes.len())
}

/// Removes the mentions of a version: everything under the IRI of a mention or a value,
/// and the shortcuts from fragments to entities.
fn clear(transaction: &mut Transaction<'_>, version: &VersionId) -> Result<(), GraphError> {
    if !has_digest(transaction, version, vt::MENTIONS_SHA256)? {
        return Ok(());
    }
    let graph = NamedNodeRef::new_unchecked(version.as_str());
    let mut gone: Vec<Quad> = Vec::new();
    for quad in transaction.quads_for_pattern(None, None, None, Some(graph.into())) {
        let quad = quad?;
        let predicate = quad.predicate.as_str();
        let subject = super::read::iri(&Term::from(quad.subject.clone()));
        let of_mention =
            subject.starts_with(vocab::MENTION_PREFIX) || subject.starts_with(vocab::VALUE_PREFIX);
        if of_mention || predicate == schema::MENTIONS || predicate == vt::MENTIONS_SHA256 {
            gone.push(quad);
        }
    }
    gone.iter().for_each(|quad| transaction.remove(quad.as_ref()));
    Ok(())
}

/// Whether the graph of a version states the digest of what was read in it. The digest
/// is written with what it is of, so without one there is nothing to replace.
pub(super) fn has_digest(
    transaction: &Transaction<'_>,
    version: &VersionId,
    property: &str,
) -> Result<bool, GraphError> {
    let node = NamedNodeRef::new_unchecked(version.as_str());
    let property = NamedNodeRef::new_unchecked(property);
    let mut stated =
        transaction.quads_for_pattern(Some(node.into()), Some(property), None, Some(node.into()));
    Ok(stated.next().transpose()?.is_some())
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
        triples.single(&id, vt::CONFIDENCE, mention.confidence);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    #[test]
    fn a_transaction_holds_whole_versions_and_few_mentions() {
        let version = VersionId::from_iri("urn:veritrail:version:0");
        let mention = Mention {
            fragment: FragmentId::new(&version, 0),
            span: Span::new(0, 1),
            surface: "a".into(),
            entity: EntityId::from_label("a"),
            confidence: 1.0,
            rule: "r".into(),
        };
        let check = |sizes: &[usize], expected: usize| {
            let mentions: Vec<Vec<Mention>> =
                sizes.iter().map(|n| vec![mention.clone(); *n]).collect();
            let write = |mentions| MentionsWrite {
                version: &version,
                mentions,
                values: &[],
                digest: Digest::of(b""),
            };
            let writes: Vec<MentionsWrite<'_>> = mentions.iter().map(|m| write(m)).collect();
            assert_eq!(n_versions_at_once(&writes), expected, "{sizes:?}");
        };
        check(&[300, 200, 1], 2);
        check(&[900, 1], 1);
        check(&[0, 0, 0], 3);
        check(&[], 0);
    }
}
