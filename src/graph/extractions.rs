//! What a language model said that fragments state, in the graph of their version.

use super::error::GraphError;
use super::read::{Column, iri};
use super::store::{Store, insert};
use super::triples::Triples;
use crate::model::{
    Extraction, Fragment, FragmentId, Span, StatedObject, Statement, VersionId, Words,
};
use crate::vocab::{self, prov, vt};
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef, Quad, Term, Triple};
use oxigraph::store::Transaction;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is said of tokens that the server counted, and of those it did not.
const COUNTED: &str = "counted";
const ESTIMATED: &str = "estimated";

impl Store {
    /// Keeps what a fragment of `version` states, in the place of what was kept of it
    /// before; durable when it returns. Nothing is kept, and the outcome is `false`,
    /// when the version is no longer there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_extraction(
        &self,
        version: &VersionId,
        extraction: &Extraction,
    ) -> Result<bool, GraphError> {
        let triples = triples(extraction);
        let graph = NamedNodeRef::new_unchecked(version.as_str());
        self.write(|transaction| {
            if !transaction.contains_named_graph(graph)? {
                return Ok(false);
            }
            for quad in quads_about(transaction, version, &extraction.fragment)? {
                transaction.remove(quad.as_ref());
            }
            insert(transaction, graph, &triples);
            Ok(true)
        })
    }

    /// All that language models said that fragments state, ordered by fragment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn extractions(&self) -> Result<Vec<Extraction>, GraphError> {
        self.extractions_in(None)
    }

    /// What language models said that the fragments of one document version state,
    /// ordered by fragment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn extractions_of(&self, version: &VersionId) -> Result<Vec<Extraction>, GraphError> {
        self.extractions_in(Some(version))
    }

    fn extractions_in(&self, graph: Option<&VersionId>) -> Result<Vec<Extraction>, GraphError> {
        let mut read: BTreeMap<String, FragmentId> = BTreeMap::new();
        for (activity, used) in self.pairs_in(prov::USED, graph)? {
            if activity.starts_with(vocab::EXTRACTION_PREFIX) {
                read.insert(activity, FragmentId::from_iri(used));
            }
        }
        if read.is_empty() {
            return Ok(Vec::new());
        }
        let columns = Columns::read(self, graph)?;
        let mut statements: HashMap<String, Vec<(usize, Statement)>> = HashMap::new();
        for (id, activity) in self.pairs_in(prov::WAS_GENERATED_BY, graph)? {
            if id.starts_with(vocab::STATEMENT_PREFIX) {
                let position = id.rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                let statement = columns.statement(&id)?;
                statements.entry(activity).or_default().push((position, statement));
            }
        }
        let mut rejected: HashMap<String, Vec<(String, usize)>> = HashMap::new();
        for (activity, text) in self.pairs_in(vt::REJECTED, graph)? {
            if let Some((count, reason)) = text.split_once(' ') {
                let count = count.parse().unwrap_or(0);
                rejected.entry(activity).or_default().push((reason.to_owned(), count));
            }
        }
        let mut extractions = Vec::new();
        for (activity, fragment) in read {
            let mut own = statements.remove(&activity).unwrap_or_default();
            own.sort_by_key(|(position, _)| *position);
            let mut rejected = rejected.remove(&activity).unwrap_or_default();
            rejected.sort();
            let own = own.into_iter().map(|(_, statement)| statement).collect();
            extractions.push(columns.extraction(&activity, fragment, own, rejected)?);
        }
        extractions.sort_by(|a, b| a.fragment.cmp(&b.fragment));
        Ok(extractions)
    }
}

/// What was extracted from the same version of a document, for fragments whose text is
/// the same now: a change of settings that leaves the text alone costs no tokens.
pub(super) fn kept_extractions(
    transaction: &Transaction<'_>,
    version: &VersionId,
    fragments: &[Fragment],
) -> Result<Vec<Triple>, GraphError> {
    let graph = GraphName::from(NamedNode::new_unchecked(version.as_str()));
    let text = NamedNodeRef::new_unchecked(vt::TEXT);
    let mut kept = Vec::new();
    for fragment in fragments {
        let node = NamedNodeRef::new_unchecked(fragment.id.as_str());
        let mut before = transaction.quads_for_pattern(
            Some(node.into()),
            Some(text),
            None,
            Some(graph.as_ref()),
        );
        let before = before.next().transpose()?.map(|quad| iri(&quad.object));
        if before.as_deref() == Some(fragment.text.as_str()) {
            let quads = quads_about(transaction, version, &fragment.id)?;
            kept.extend(quads.into_iter().map(Triple::from));
        }
    }
    Ok(kept)
}

/// The asking about a fragment and the statements that it gave.
fn quads_about(
    transaction: &Transaction<'_>,
    version: &VersionId,
    fragment: &FragmentId,
) -> Result<Vec<Quad>, GraphError> {
    let graph = GraphName::from(NamedNode::new_unchecked(version.as_str()));
    let activity = NamedNode::new_unchecked(activity_iri(fragment));
    let made = transaction.quads_for_pattern(
        None,
        Some(NamedNodeRef::new_unchecked(prov::WAS_GENERATED_BY)),
        Some(activity.as_ref().into()),
        Some(graph.as_ref()),
    );
    let mut subjects = BTreeSet::from([activity.as_str().to_owned()]);
    for quad in made {
        subjects.insert(iri(&Term::from(quad?.subject)));
    }
    let mut quads = Vec::new();
    for subject in &subjects {
        let subject = NamedNodeRef::new_unchecked(subject);
        let own =
            transaction.quads_for_pattern(Some(subject.into()), None, None, Some(graph.as_ref()));
        quads.extend(own.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(quads)
}

/// What follows the prefix in the IRI of a fragment.
fn name(fragment: &FragmentId) -> &str {
    fragment.as_str().strip_prefix(vocab::FRAGMENT_PREFIX).unwrap_or(fragment.as_str())
}

fn activity_iri(fragment: &FragmentId) -> String {
    format!("{}{}", vocab::EXTRACTION_PREFIX, name(fragment))
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn triples(extraction: &Extraction) -> Vec<Triple> {
    let mut triples = Triples::new();
    let fragment = extraction.fragment.as_str();
    let activity = activity_iri(&extraction.fragment);
    triples.class(&activity, vt::EXTRACTION);
    triples.link(&activity, prov::USED, fragment);
    triples.text(&activity, vt::MODEL, &extraction.model);
    triples.text(&activity, vt::RULE, &extraction.rule);
    triples.text(&activity, vt::RECIPE, &extraction.recipe.to_string());
    triples.text(&activity, vt::PROMPT_SHA256, &extraction.prompt.to_string());
    triples.count(&activity, vt::PROMPT_TOKENS, count(extraction.n_prompt_tokens));
    triples.count(&activity, vt::OUTPUT_TOKENS, count(extraction.n_output_tokens));
    let counted = if extraction.tokens_estimated { ESTIMATED } else { COUNTED };
    triples.text(&activity, vt::TOKEN_COUNT, counted);
    for (reason, n) in &extraction.rejected {
        triples.text(&activity, vt::REJECTED, &format!("{n} {reason}"));
    }
    triples.time(&activity, prov::STARTED_AT_TIME, &extraction.started_at);
    triples.time(&activity, prov::ENDED_AT_TIME, &extraction.ended_at);
    for (n, statement) in extraction.statements.iter().enumerate() {
        let id = format!("{}{}:{n}", vocab::STATEMENT_PREFIX, name(&extraction.fragment));
        triples.class(&id, vt::STATEMENT);
        triples.link(&id, prov::WAS_GENERATED_BY, &activity);
        triples.link(&id, prov::WAS_DERIVED_FROM, fragment);
        triples.link(&id, vt::PREDICATE, &statement.predicate);
        triples.text(&id, vt::QUOTE, &statement.quote.text);
        triples.count(&id, vt::START, statement.quote.span.start());
        triples.count(&id, vt::END, statement.quote.span.end());
        triples.text(&id, vt::SUBJECT_TEXT, &statement.subject.text);
        triples.count(&id, vt::SUBJECT_START, statement.subject.span.start());
        triples.count(&id, vt::SUBJECT_END, statement.subject.span.end());
        if let Some(class) = &statement.subject_class {
            triples.link(&id, vt::SUBJECT_CLASS, class);
        }
        let words = statement.object.words();
        triples.count(&id, vt::OBJECT_START, words.span.start());
        triples.count(&id, vt::OBJECT_END, words.span.end());
        match &statement.object {
            StatedObject::Value(words) => triples.text(&id, vt::OBJECT_VALUE, &words.text),
            StatedObject::Thing { words, class } => {
                triples.text(&id, vt::OBJECT_TEXT, &words.text);
                if let Some(class) = class {
                    triples.link(&id, vt::OBJECT_CLASS, class);
                }
            }
        }
    }
    triples.into_vec()
}

/// What is read of every extraction and statement.
struct Columns(HashMap<&'static str, Column>);

impl Columns {
    fn read(store: &Store, graph: Option<&VersionId>) -> Result<Self, GraphError> {
        let properties = [
            vt::MODEL,
            vt::RULE,
            vt::RECIPE,
            vt::PROMPT_SHA256,
            vt::PROMPT_TOKENS,
            vt::OUTPUT_TOKENS,
            vt::TOKEN_COUNT,
            prov::STARTED_AT_TIME,
            prov::ENDED_AT_TIME,
            vt::PREDICATE,
            vt::QUOTE,
            vt::START,
            vt::END,
            vt::SUBJECT_TEXT,
            vt::SUBJECT_START,
            vt::SUBJECT_END,
            vt::SUBJECT_CLASS,
            vt::OBJECT_TEXT,
            vt::OBJECT_VALUE,
            vt::OBJECT_START,
            vt::OBJECT_END,
            vt::OBJECT_CLASS,
        ];
        let columns = properties.into_iter().map(|p| Ok((p, store.column_in(p, graph)?)));
        Ok(Self(columns.collect::<Result<_, GraphError>>()?))
    }

    fn text(&self, id: &str, property: &'static str) -> Option<String> {
        self.0.get(property)?.get(id).cloned()
    }

    fn must<T: std::str::FromStr>(
        &self,
        what: &'static str,
        id: &str,
        property: &'static str,
    ) -> Result<T, GraphError> {
        let value = self.text(id, property).and_then(|text| text.parse().ok());
        value.ok_or_else(|| GraphError::Damaged { what, iri: id.to_owned(), property })
    }

    fn span(&self, id: &str, start: &'static str, end: &'static str) -> Result<Span, GraphError> {
        Ok(Span::new(self.must("statement", id, start)?, self.must("statement", id, end)?))
    }

    fn statement(&self, id: &str) -> Result<Statement, GraphError> {
        let span = self.span(id, vt::OBJECT_START, vt::OBJECT_END)?;
        let object = match self.text(id, vt::OBJECT_VALUE) {
            Some(text) => StatedObject::Value(Words { span, text }),
            None => StatedObject::Thing {
                words: Words { span, text: self.must("statement", id, vt::OBJECT_TEXT)? },
                class: self.text(id, vt::OBJECT_CLASS),
            },
        };
        Ok(Statement {
            quote: Words {
                span: self.span(id, vt::START, vt::END)?,
                text: self.must("statement", id, vt::QUOTE)?,
            },
            subject: Words {
                span: self.span(id, vt::SUBJECT_START, vt::SUBJECT_END)?,
                text: self.must("statement", id, vt::SUBJECT_TEXT)?,
            },
            subject_class: self.text(id, vt::SUBJECT_CLASS),
            predicate: self.must("statement", id, vt::PREDICATE)?,
            object,
        })
    }

    fn extraction(
        &self,
        id: &str,
        fragment: FragmentId,
        statements: Vec<Statement>,
        rejected: Vec<(String, usize)>,
    ) -> Result<Extraction, GraphError> {
        let what = "extraction";
        let counted: String = self.must(what, id, vt::TOKEN_COUNT)?;
        Ok(Extraction {
            fragment,
            statements,
            rejected,
            model: self.must(what, id, vt::MODEL)?,
            rule: self.must(what, id, vt::RULE)?,
            recipe: self.must(what, id, vt::RECIPE)?,
            prompt: self.must(what, id, vt::PROMPT_SHA256)?,
            n_prompt_tokens: self.must(what, id, vt::PROMPT_TOKENS)?,
            n_output_tokens: self.must(what, id, vt::OUTPUT_TOKENS)?,
            tokens_estimated: counted == ESTIMATED,
            started_at: self.must(what, id, prov::STARTED_AT_TIME)?,
            ended_at: self.must(what, id, prov::ENDED_AT_TIME)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn extraction(fragment: &FragmentId, n: usize) -> Extraction {
        let words = |start: usize, text: &str| Words {
            span: Span::new(start, start + text.chars().count()),
            text: text.to_owned(),
        };
        let statement = Statement {
            quote: words(0, "A holds B, 5 kg"),
            subject: words(0, "A"),
            subject_class: Some("urn:x:Pump".into()),
            predicate: "urn:x:holds".into(),
            object: StatedObject::Thing { words: words(8, "B"), class: None },
        };
        let value = Statement {
            subject_class: None,
            object: StatedObject::Value(words(11, "5 kg")),
            ..statement.clone()
        };
        Extraction {
            fragment: fragment.clone(),
            statements: [statement, value].into_iter().take(n).collect(),
            rejected: vec![("made twice".into(), 2)],
            model: "tiny".into(),
            rule: "llm:tiny@extract-1".into(),
            recipe: Digest::of(b"r"),
            prompt: Digest::of(b"p"),
            n_prompt_tokens: 40,
            n_output_tokens: 7,
            tokens_estimated: true,
            started_at: "2026-01-02T03:04:05Z".into(),
            ended_at: "2026-01-02T03:04:06Z".into(),
        }
    }

    #[test]
    fn an_extraction_replaces_the_one_before_and_leaves_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let version = VersionId::from_iri("urn:veritrail:version:0");
        let fragment = FragmentId::new(&version, 3);
        assert!(!store.set_extraction(&version, &extraction(&fragment, 2)).unwrap());
        assert_eq!(store.n_quads().unwrap(), 0);
        let mut triples = Triples::new();
        triples.text(fragment.as_str(), vt::TEXT, "A holds B, 5 kg");
        store.insert_graph(version.as_str(), triples.into_vec()).unwrap();
        for n in [2, 1, 2] {
            let extraction = extraction(&fragment, n);
            assert!(store.set_extraction(&version, &extraction).unwrap());
            assert_eq!(store.extractions().unwrap(), [extraction]);
        }
        store.replace_graph(version.as_str(), Vec::new()).unwrap();
        assert!(store.extractions().unwrap().is_empty());
    }
}
