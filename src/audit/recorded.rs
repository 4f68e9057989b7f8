//! The record of an answer, read back from its triples.

use super::bundle::{route_properties, stage_property};
use crate::model::{Route, Stage};
use crate::vocab::{self, dcterms, prov, rdfs, vt};
use oxigraph::model::{Term, Triple};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// An answer as it was recorded, without what only the graph knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedAnswer {
    /// IRI of the answer.
    pub answer: String,
    /// The question as asked.
    pub question: String,
    /// The question as it stood alone, when it leaned on earlier ones.
    pub resolved_question: Option<String>,
    /// What made it stand alone.
    pub resolved_by: Option<String>,
    /// SHA-256 of the picture that was asked with.
    pub question_picture_sha256: Option<String>,
    /// Who asked.
    pub principal: String,
    /// For whom, as their client said.
    pub end_user: Option<String>,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub ended_at: String,
    /// IRI of the generation that answered.
    pub generation: String,
    /// Which side of a canary answered: `canary` or `current`.
    pub canary_arm: Option<String>,
    /// `generated`, `extractive` or `abstained`.
    pub mode: String,
    /// Why it abstained, or why quotes replace what a language model should have said.
    pub reason: Option<String>,
    /// What was said.
    pub text: String,
    /// Sentences in order, those included that were left out.
    pub sentences: Vec<RecordedSentence>,
    /// What was put before the answerer.
    pub evidence: Vec<RecordedEvidence>,
    /// IRIs of the documents of the evidence.
    pub documents: Vec<String>,
    /// IRIs of the spaces that were searched.
    pub spaces: Vec<String>,
    /// IRIs of the entities that the evidence names.
    pub entities: Vec<String>,
    /// Stages of retrieval; `None` in records of earlier programs.
    pub retrieval_mode: Option<String>,
    /// Number of hits that were looked for; `None` in records of earlier programs.
    pub n_hits_wanted: Option<usize>,
    /// IRI of the settings; `None` in records of earlier programs.
    pub parameters: Option<String>,
    /// Rules that chose spaces of pictures.
    pub picture_routes: Vec<String>,
    /// IRI of the policy in force; `None` when there was none.
    pub policy: Option<String>,
    /// What rules of the policy did.
    pub rules: Vec<RecordedRule>,
    /// What stands below the answer.
    pub disclaimers: Vec<String>,
    /// The rule by which the answer waits for approval.
    pub held_by: Option<String>,
    /// Number of sentences that rules withheld.
    pub n_withheld: usize,
    /// The language model's part.
    pub llm: Option<RecordedModel>,
    /// Milliseconds by stage.
    pub timings_ms: BTreeMap<String, f64>,
    /// Version of the program.
    pub software: String,
}

/// A rule of the policy that had an effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedRule {
    /// Its name.
    pub rule: String,
    /// What it did.
    pub effect: String,
    /// To how many hits, sentences or answers.
    pub n: usize,
}

/// A sentence of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedSentence {
    /// The sentence without its citation marks.
    pub text: String,
    /// Whether it was part of the answer.
    pub kept: bool,
    /// `supported` or `unsupported`.
    pub verdict: String,
    /// What is missing, when it is not supported.
    pub reason: Option<String>,
    /// What it cites.
    pub citations: Vec<RecordedCitation>,
}

/// A quoted stretch of evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedCitation {
    /// Number of the evidence.
    pub number: usize,
    /// The quoted words.
    pub quote: String,
    /// Code points of the evidence's text.
    pub start: usize,
    /// Code points of the evidence's text.
    pub end: usize,
}

/// A fragment that was put before the answerer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedEvidence {
    /// Citation number, from 1.
    pub number: usize,
    /// IRI of the fragment.
    pub fragment: String,
    /// IRI of the version.
    pub version: String,
    /// Title of the document; empty in records of earlier programs.
    pub title: String,
    /// Path of the file.
    pub source: String,
    /// The exact text.
    pub text: String,
    /// Fused score.
    pub score: f64,
    /// IRI of the picture file, for pictures.
    pub picture: Option<String>,
    /// The part of the picture that is nearest.
    pub region: Option<String>,
    /// Routes that found it.
    pub routes: Vec<RecordedRoute>,
    /// The walk that reached it, in words.
    pub path: Vec<String>,
}

/// A route that found evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedRoute {
    /// Its name.
    pub route: String,
    /// Raw score.
    pub score: f64,
    /// Position, from 1.
    pub rank: usize,
}

/// A language model's part in an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecordedModel {
    /// Its name.
    pub model: String,
    /// Address of the API.
    pub base_url: String,
    /// Version of the prompt template.
    pub prompt_template: String,
    /// SHA-256 of the prompt.
    pub prompt_sha256: String,
    /// Sampling temperature.
    pub temperature: f64,
    /// What it wrote, unchecked.
    pub output: String,
}

/// Values of one graph by subject and property.
struct Values<'a>(HashMap<(String, &'a str), Vec<String>>);

impl<'a> Values<'a> {
    fn of(triples: &'a [Triple]) -> Self {
        let mut values: HashMap<(String, &str), Vec<String>> = HashMap::new();
        for triple in triples {
            let subject = triple.subject.to_string();
            let subject = subject.trim_matches(['<', '>']).to_owned();
            let value = match &triple.object {
                Term::NamedNode(node) => node.as_str().to_owned(),
                Term::Literal(literal) => literal.value().to_owned(),
                _ => continue,
            };
            values.entry((subject, triple.predicate.as_str())).or_default().push(value);
        }
        Self(values)
    }

    fn all(&self, subject: &str, property: &'static str) -> &[String] {
        self.0.get(&(subject.to_owned(), property)).map_or(&[], Vec::as_slice)
    }

    fn one(&self, subject: &str, property: &'static str) -> Option<String> {
        self.all(subject, property).first().cloned()
    }

    fn text(&self, subject: &str, property: &'static str) -> String {
        self.one(subject, property).unwrap_or_default()
    }

    fn number<T: std::str::FromStr + Default>(&self, subject: &str, property: &'static str) -> T {
        self.one(subject, property).and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// Reads the record of `answer` from its bundle; `None` when these are not the triples
/// of an answer.
pub fn recorded(answer: &str, triples: &[Triple]) -> Option<RecordedAnswer> {
    let values = Values::of(triples);
    let activity = values.one(answer, prov::WAS_GENERATED_BY)?;
    let used = values.all(&activity, prov::USED);
    let question = format!("{answer}/question");
    let principal = format!("{answer}/principal");
    let software = format!("{answer}/software");
    let mut evidence: Vec<RecordedEvidence> =
        values.all(answer, vt::HAS_EVIDENCE).iter().map(|id| evidence_of(&values, id)).collect();
    evidence.sort_by_key(|item| item.number);
    let llm = values.one(&software, vt::MODEL).map(|model| RecordedModel {
        model,
        base_url: values.text(&software, vt::BASE_URL),
        prompt_template: values.text(&software, vt::PROMPT_TEMPLATE),
        prompt_sha256: values.text(&software, vt::PROMPT_SHA256),
        temperature: values.number(&software, vt::TEMPERATURE),
        output: values.text(&software, vt::RAW_OUTPUT),
    });
    let stated = Stage::ALL.into_iter().filter_map(|stage| {
        let duration = values.one(&activity, stage_property(stage))?.parse().ok()?;
        Some((stage.as_str().to_owned(), duration))
    });
    // Older records have a node for each.
    let nodes = values.all(&activity, vt::HAS_TIMING).iter();
    let nodes = nodes.map(|id| (values.text(id, vt::STAGE), values.number(id, vt::DURATION_MS)));
    let timings = stated.chain(nodes);
    let spaces = used.iter().filter(|iri| iri.starts_with(vocab::SPACE_PREFIX));
    let is_entity = |iri: &&String| {
        iri.starts_with(vocab::ENTITY_PREFIX)
            || iri.starts_with(vocab::RECORD_PREFIX)
            || !iri.starts_with(vocab::RESERVED_PREFIX)
    };
    let mut entities: Vec<String> = used.iter().filter(is_entity).cloned().collect();
    entities.sort();
    let n_hits_wanted = values.one(&activity, vt::N_HITS_WANTED);
    Some(RecordedAnswer {
        entities,
        retrieval_mode: values.one(&activity, vt::RETRIEVAL_MODE),
        n_hits_wanted: n_hits_wanted.and_then(|text| text.parse().ok()),
        parameters: used.iter().find(|iri| iri.starts_with(vocab::PARAMETERS_PREFIX)).cloned(),
        answer: answer.to_owned(),
        question: values.text(&question, prov::VALUE),
        resolved_question: values.one(&question, vt::RESOLVED_QUESTION),
        resolved_by: values.one(&question, vt::RESOLVED_BY),
        question_picture_sha256: values.one(&question, vt::PICTURE_SHA256),
        principal: values.text(&principal, rdfs::LABEL),
        end_user: values.one(&principal, vt::ASKS_FOR),
        started_at: values.text(&activity, prov::STARTED_AT_TIME),
        ended_at: values.text(&activity, prov::ENDED_AT_TIME),
        generation: values.text(answer, vt::ANSWERED_BY),
        canary_arm: values.one(answer, vt::CANARY_ARM),
        mode: values.text(answer, vt::MODE),
        reason: values.one(answer, vt::REASON),
        text: values.text(answer, prov::VALUE),
        sentences: sentences(&values, answer),
        evidence,
        documents: sorted(values.all(answer, dcterms::REFERENCES)),
        spaces: spaces.cloned().collect(),
        picture_routes: sorted(values.all(&activity, vt::PICTURE_ROUTE)),
        policy: used.iter().find(|iri| iri.starts_with(vocab::POLICY_PREFIX)).cloned(),
        rules: sorted(values.all(answer, vt::DECIDED_BY))
            .iter()
            .map(|id| RecordedRule {
                rule: values.text(id, vt::RULE),
                effect: values.text(id, vt::EFFECT),
                n: values.number(id, vt::N_AFFECTED),
            })
            .collect(),
        disclaimers: sorted(values.all(answer, vt::DISCLAIMER)),
        held_by: values.one(answer, vt::HELD_BY),
        n_withheld: values.number(answer, vt::N_WITHHELD),
        llm,
        timings_ms: timings.collect(),
        software: values.text(&software, rdfs::LABEL),
    })
}

fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort();
    values
}

fn sentences(values: &Values<'_>, answer: &str) -> Vec<RecordedSentence> {
    let kept = values.all(answer, vt::HAS_SENTENCE).iter().map(|id| (id, true));
    let dropped = values.all(answer, vt::DROPPED_SENTENCE).iter().map(|id| (id, false));
    let mut all: Vec<(&String, bool)> = kept.chain(dropped).collect();
    // Their IRIs end with their position.
    all.sort();
    let sentence = |(id, kept): (&String, bool)| {
        let mut cited: Vec<&String> = values.all(id, vt::CITES).iter().collect();
        cited.sort();
        let citation = |id: &String| RecordedCitation {
            number: values.number(id, vt::NUMBER),
            quote: values.text(id, vt::QUOTE),
            start: values.number(id, vt::START),
            end: values.number(id, vt::END),
        };
        RecordedSentence {
            text: values.text(id, vt::TEXT),
            kept,
            verdict: values.text(id, vt::VERDICT),
            reason: values.one(id, vt::REASON),
            citations: cited.into_iter().map(citation).collect(),
        }
    };
    all.into_iter().map(sentence).collect()
}

fn evidence_of(values: &Values<'_>, id: &str) -> RecordedEvidence {
    let stated = Route::ALL.into_iter().filter_map(|route| {
        let (score, rank) = route_properties(route);
        values.one(id, rank).map(|_| RecordedRoute {
            route: route.as_str().to_owned(),
            score: values.number(id, score),
            rank: values.number(id, rank),
        })
    });
    // A second score on a route has a node of its own, and in older records each has.
    let node = |id: &String| RecordedRoute {
        route: values.text(id, vt::ROUTE),
        score: values.number(id, vt::SCORE),
        rank: values.number(id, vt::RANK),
    };
    let path = values.one(id, vt::GRAPH_PATH);
    RecordedEvidence {
        number: values.number(id, vt::NUMBER),
        fragment: values.text(id, vt::FRAGMENT_OF_EVIDENCE),
        version: values.text(id, prov::WAS_DERIVED_FROM),
        title: values.text(id, dcterms::TITLE),
        source: values.text(id, vt::SOURCE),
        text: values.text(id, vt::TEXT),
        score: values.number(id, vt::SCORE),
        picture: values.one(id, vt::PICTURE_FILE),
        region: values.one(id, vt::EVIDENCE_REGION),
        routes: stated.chain(sorted(values.all(id, vt::FOUND_BY)).iter().map(node)).collect(),
        path: path.iter().flat_map(|path| path.split(" -> ").map(str::to_owned)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::bundle::describe_routes;
    use super::*;
    use crate::graph::Triples;
    use crate::model::RouteScore;

    #[test]
    fn every_score_on_every_route_is_read_back() {
        let found = |route, rank| RouteScore { route, score: 0.25 * rank as f32, rank };
        let mut routes: Vec<RouteScore> = Route::ALL.map(|route| found(route, 2)).to_vec();
        // Two spaces found the same picture.
        routes.push(found(Route::Visual, 5));
        let mut triples = Triples::new();
        describe_routes(&mut triples, "urn:e", &routes);
        let triples = triples.into_vec();
        assert_eq!(triples.len(), 2 * Route::ALL.len() + 5);
        let read = evidence_of(&Values::of(&triples), "urn:e").routes;
        let read: Vec<_> = read.iter().map(|r| (r.route.as_str(), r.score, r.rank)).collect();
        let told: Vec<_> =
            routes.iter().map(|r| (r.route.as_str(), f64::from(r.score), r.rank)).collect();
        assert_eq!(read, told);
    }
}
