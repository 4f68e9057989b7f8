//! Which entities are one thing, at publish: pairs are found, compared and put into
//! bands; what people decided counts above all.
//!
//! Things that a document is about and resources of imported RDF are compared, and
//! whatever else has the label of a resource. When entities, decisions and weights are
//! those of the last publish, the stored claims stand and nothing is computed.

use super::build::{now, software};
use super::corpus_file::CorpusFile;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::matching::{Comparison, Pair};
use super::text_spaces::TextSpace;
use crate::graph::{DocumentSummary, MergeDecision, MergesWrite};
use crate::model::{
    ClaimStatus, Digest, DocumentId, Entity, EntityClass, EntityId, Fragment, FragmentId, Merge,
    MergeId,
};
use crate::resolve::{
    Band, BlockingOptions, Blocks, MatchModel, PairFeatures, Record, compact_code, identifier_kind,
    stated_identifiers,
};
use crate::vocab::rdf;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Raised whenever the same entities would give other claims.
const SAME_VERSION: &str = "veritrail-same 2";
/// An identifier that more records have tells nothing apart.
const MAX_RECORDS_PER_IDENTIFIER: usize = 3;
/// Characters of a document's first fragment that describe what it is about.
const DESCRIPTION_CHARS: usize = 300;

/// What is compared.
struct Described {
    /// Ordered by IRI.
    records: Vec<Record>,
    /// The first fragments of the documents that alone describe something, by its IRI.
    /// Their vectors are there already and mean what is known of it.
    begins: BTreeMap<String, FragmentId>,
}

impl KnowledgeBase {
    /// Makes the claims about which entities are one thing, and the groups out of them.
    /// `None` when the groups change no answer. `text` has the vectors of the texts.
    pub(super) fn resolve_same(
        &self,
        documents: &[DocumentSummary],
        corpus: &CorpusFile,
        text: &TextSpace,
    ) -> Result<Option<Digest>, EngineError> {
        let Described { records, begins } = self.compared_things(documents, corpus)?;
        let model = self.match_model()?;
        let proposed = self.graph.close_matches()?;
        let decisions = self.last_merge_decisions()?;
        let decided: Vec<String> = decisions
            .values()
            .map(|d| format!("{}|{}|{}", d.left, d.right, d.status.as_str()))
            .collect();
        let parts = [
            SAME_VERSION.to_owned(),
            model.version(),
            self.models.text.space().id().0.to_string(),
            digest_of_each(&records),
            digest_of_each(&begins.iter().collect::<Vec<_>>()),
            digest_of_each(&proposed),
            decided.join("\n"),
        ];
        let made_of = Digest::of_parts(parts.iter().map(String::as_bytes));
        if self.graph.merges_made_of()? != Some(made_of) {
            // The vectors of another model say nothing beside this one's.
            let is_same_space = text.id() == self.models.text.space().id();
            let known = |record: &Record| {
                let begin = begins.get(&record.id).filter(|_| is_same_space)?;
                text.vectors.vectors().get(begin.as_str()).map(<[f32]>::to_vec)
            };
            let merges = self.merges_of(&records, &known, &model, &proposed, &decisions)?;
            self.graph.set_merges(&MergesWrite {
                merges: &merges,
                made_of,
                made_at: &now(),
                software: &software(),
            })?;
        }
        let groups = self.groups()?;
        let mut parts: Vec<String> =
            groups.representative.iter().map(|(id, of)| format!("{id}|{of}")).collect();
        let rejected = decisions.values().filter(|d| d.status == ClaimStatus::Rejected);
        parts.extend(
            rejected
                .filter(|d| {
                    let tied = |a, b| proposed.iter().any(|(x, y)| x == a && y == b);
                    tied(&d.left, &d.right) || tied(&d.right, &d.left)
                })
                .map(|d| format!("apart {}|{}", d.left, d.right)),
        );
        Ok((!parts.is_empty()).then(|| Digest::of_parts(parts.iter().map(String::as_bytes))))
    }

    /// The last decision about each pair.
    pub(super) fn last_merge_decisions(
        &self,
    ) -> Result<BTreeMap<MergeId, MergeDecision>, EngineError> {
        let decisions = self.graph.merge_decisions()?.into_iter();
        Ok(decisions.map(|decision| (decision.merge(), decision)).collect())
    }

    /// Claims about pairs that are worth one.
    fn merges_of(
        &self,
        records: &[Record],
        known: &dyn Fn(&Record) -> Option<Vec<f32>>,
        model: &MatchModel,
        proposed: &[(EntityId, EntityId)],
        decisions: &BTreeMap<MergeId, MergeDecision>,
    ) -> Result<Vec<Merge>, EngineError> {
        let place: HashMap<&str, usize> =
            records.iter().enumerate().map(|(n, record)| (record.id.as_str(), n)).collect();
        let between = |a: &EntityId, b: &EntityId| {
            let (a, b) = (*place.get(a.as_str())?, *place.get(b.as_str())?);
            Some((a.min(b), a.max(b)))
        };
        let named: BTreeSet<Pair> = proposed.iter().filter_map(|(a, b)| between(a, b)).collect();
        let decided = decisions.values().filter_map(|d| between(&d.left, &d.right));
        let in_any_case: BTreeSet<Pair> = named.iter().copied().chain(decided).collect();
        let blocks = Blocks::of(records, BlockingOptions::default());
        let comparison = Comparison::of(records, self.models.text.as_ref());
        let is_alike = |features: &PairFeatures| model.best_case(features) >= model.bands.ask_from;
        let by_words = comparison.alike_by_words(&blocks, &is_alike);
        let pairs: Vec<Pair> = by_words.iter().chain(&in_any_case).copied().collect();
        let labels = comparison.meaning_of_labels(&pairs)?;
        let by_labels = comparison.compare(&by_words, &labels, None);
        let is_alike = |(pair, features): (_, &PairFeatures)| {
            (model.best_case_of_labels(features) >= model.bands.ask_from).then_some(pair)
        };
        let mut wanted = in_any_case;
        wanted.extend(by_words.into_iter().zip(&by_labels).filter_map(is_alike));
        let wanted: Vec<Pair> = wanted.into_iter().collect();
        let whole = comparison.meaning_of_all(&wanted, known, &mut |_, _| {})?;
        let compared = comparison.compare(&wanted, &labels, Some(&whole));
        let mut merges = Vec::new();
        for ((a, b), features) in wanted.iter().zip(&compared) {
            let (Some(left), Some(right)) = (records.get(*a), records.get(*b)) else { continue };
            let probability = model.probability(features);
            let status = match model.bands.band(probability, features) {
                Band::Merge => ClaimStatus::Accepted,
                Band::Ask => ClaimStatus::Proposed,
                Band::KeepApart if named.contains(&(*a, *b)) => ClaimStatus::Proposed,
                Band::KeepApart => continue,
            };
            let (left, right) =
                (EntityId::from_iri(left.id.clone()), EntityId::from_iri(right.id.clone()));
            let mut merge = Merge::new(&left, &right, &model.version(), probability, status);
            merge.evidence = evidence(features);
            merges.push(merge);
        }
        apply_decisions(&mut merges, decisions);
        Ok(merges)
    }

    /// What is known of each thing that is compared.
    fn compared_things(
        &self,
        documents: &[DocumentSummary],
        corpus: &CorpusFile,
    ) -> Result<Described, EngineError> {
        let entities = self.graph.entities()?;
        let named: BTreeSet<EntityId> =
            self.graph.close_matches()?.into_iter().flat_map(|(a, b)| [a, b]).collect();
        let decided: BTreeSet<EntityId> = self
            .graph
            .merge_decisions()?
            .into_iter()
            .flat_map(|decision| [decision.left, decision.right])
            .collect();
        let is_compared = |entity: &&Entity| {
            matches!(entity.class, EntityClass::Topic | EntityClass::Resource)
                || named.contains(&entity.id)
                || decided.contains(&entity.id)
        };
        let mut records: BTreeMap<String, Record> = entities
            .iter()
            .filter(is_compared)
            .map(|entity| {
                let id = entity.id.as_str().to_owned();
                (id.clone(), Record { id, labels: entity.labels.clone(), ..Record::default() })
            })
            .collect();
        self.describe_resources(&mut records)?;
        let begins = self.describe_topics(&mut records, documents, corpus)?;
        drop_common_identifiers(&mut records);
        Ok(Described { records: records.into_values().collect(), begins })
    }

    fn describe_resources(
        &self,
        records: &mut BTreeMap<String, Record>,
    ) -> Result<(), EngineError> {
        for statement in self.graph.resource_statements()? {
            let Some(record) = records.get_mut(statement.resource.as_str()) else { continue };
            let name = statement.property.rsplit(['#', '/', ':']).next().unwrap_or_default();
            if statement.property == rdf::TYPE {
                record.classes.insert(statement.value);
            } else if !statement.is_literal {
                record.neighbours.insert(statement.value);
            } else if let Some(kind) = identifier_kind(name) {
                record.identifiers.entry(kind.to_owned()).or_default().insert(statement.value);
            } else if !statement.is_label() {
                record.attributes.entry(name.to_owned()).or_default().insert(statement.value);
            }
        }
        Ok(())
    }

    /// Things that documents are about: what the documents state as theirs, how they
    /// begin, and what else they name. Gives the first fragments; see
    /// [`Described::begins`].
    fn describe_topics(
        &self,
        records: &mut BTreeMap<String, Record>,
        documents: &[DocumentSummary],
        corpus: &CorpusFile,
    ) -> Result<BTreeMap<String, FragmentId>, EngineError> {
        let mut begins: BTreeMap<String, Option<FragmentId>> = BTreeMap::new();
        let mut topics: HashMap<DocumentId, Vec<EntityId>> = HashMap::new();
        for (document, topic) in self.graph.topics()? {
            topics.entry(document).or_default().push(topic);
        }
        for text in corpus.texts()? {
            let text = text?;
            let Some(document) = documents.get(text.place) else { continue };
            let topics = topics.remove(&document.id).unwrap_or_default();
            let is_described = |topic: &EntityId| records.contains_key(topic.as_str());
            if !topics.iter().any(is_described) {
                continue;
            }
            let named = self.graph.mentioned_entities_of(&document.version)?;
            let is_text = |fragment: &&Fragment| fragment.picture().is_none();
            let fragments: Vec<&Fragment> = text.fragments.iter().filter(is_text).collect();
            let ids: HashSet<&FragmentId> = fragments.iter().map(|f| &f.id).collect();
            for topic in topics {
                let Some(record) = records.get_mut(topic.as_str()) else { continue };
                let texts = fragments.iter().map(|f| f.text.as_str());
                for (kind, values) in stated_identifiers(texts) {
                    record.identifiers.entry(kind).or_default().extend(values);
                }
                if let Some(first) = fragments.first() {
                    let begin: String = first.text.chars().take(DESCRIPTION_CHARS).collect();
                    record.attributes.entry("description".to_owned()).or_default().insert(begin);
                    // Of several documents none stands for all, nor where more is known.
                    let n_known: usize = record.attributes.values().map(BTreeSet::len).sum();
                    let only = (n_known == 1).then(|| first.id.clone());
                    begins.entry(record.id.clone()).and_modify(|b| *b = None).or_insert(only);
                }
                let others = named.iter().filter(|(f, entity)| ids.contains(f) && *entity != topic);
                record.neighbours.extend(others.map(|(_, entity)| entity.as_str().to_owned()));
            }
        }
        Ok(begins.into_iter().filter_map(|(topic, begin)| Some((topic, begin?))).collect())
    }
}

/// One digest of many things, whose texts are made one by one.
fn digest_of_each<T: std::fmt::Debug>(things: &[T]) -> String {
    let digests: Vec<Digest> =
        things.iter().map(|thing| Digest::of(format!("{thing:?}").as_bytes())).collect();
    Digest::of_parts(digests.iter().map(|digest| digest.as_bytes().as_slice())).to_string()
}

/// Decisions count above what was computed, and pairs that only a person named are
/// claims too.
fn apply_decisions(merges: &mut Vec<Merge>, decisions: &BTreeMap<MergeId, MergeDecision>) {
    let known: HashMap<MergeId, usize> =
        merges.iter().enumerate().map(|(n, merge)| (merge.id.clone(), n)).collect();
    for (id, decision) in decisions {
        let certain = if decision.status == ClaimStatus::Accepted { 1.0 } else { 0.0 };
        match known.get(id).and_then(|n| merges.get_mut(*n)) {
            Some(merge) => {
                merge.status = decision.status;
                // What a person accepted is joined before anything else.
                merge.probability = if certain > 0.0 { certain } else { merge.probability };
            }
            None => merges.push(Merge::new(
                &decision.left,
                &decision.right,
                Merge::BY_PERSON,
                certain,
                decision.status,
            )),
        }
    }
}

fn evidence(features: &PairFeatures) -> Vec<(String, f64)> {
    let named = PairFeatures::NAMES.iter().zip(features.values());
    let mut evidence: Vec<(String, f64)> = named
        .filter(|(_, value)| *value != 0.0)
        // Four digits are what a person reads.
        .map(|(name, value)| ((*name).to_owned(), (value * 1e4).round() / 1e4))
        .collect();
    evidence.sort_by(|a, b| a.0.cmp(&b.0));
    evidence
}

fn drop_common_identifiers(records: &mut BTreeMap<String, Record>) {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for record in records.values() {
        let codes: BTreeSet<String> =
            record.identifiers.values().flatten().map(|code| compact_code(code)).collect();
        for code in codes {
            *owners.entry(code).or_default() += 1;
        }
    }
    let tells = |code: &String| {
        owners.get(&compact_code(code)).is_some_and(|n| *n <= MAX_RECORDS_PER_IDENTIFIER)
    };
    for record in records.values_mut() {
        record.identifiers.values_mut().for_each(|values| values.retain(|code| tells(code)));
        record.identifiers.retain(|_, values| !values.is_empty());
    }
}
