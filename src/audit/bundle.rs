//! An answer record as triples.

use crate::graph::Triples;
use crate::model::{
    Answer, AnswerMode, AnswerRecord, Evidence, PolicyApplied, PolicyEffect, Route, RouteScore,
    Sentence, Stage, Support,
};
use crate::vocab::{self, dcterms, prov, rdfs, vt};
use oxigraph::model::Triple;

/// The SPARQL query that follows an answer down to bytes and models. `$answer`
/// stands for the answer's IRI; see [`provenance_query`].
pub const PROVENANCE_QUERY: &str = include_str!("provenance.rq");

/// [`PROVENANCE_QUERY`] for one answer.
pub fn provenance_query(answer: &crate::model::AnswerId) -> String {
    PROVENANCE_QUERY.replace("$answer", &format!("<{answer}>"))
}

/// The triples of the bundle. Every node that belongs to this answer alone has
/// an IRI that begins with the answer's.
pub fn bundle(record: &AnswerRecord) -> Vec<Triple> {
    let mut triples = Triples::new();
    let answer = record.id.as_str();
    let activity = format!("{answer}/answering");
    describe_answer(&mut triples, record, &activity);
    describe_question(&mut triples, record, &activity);
    describe_answerer(&mut triples, record);
    if let Some(policy) = &record.policy {
        describe_policy(&mut triples, answer, &activity, policy);
    }
    for evidence in &record.evidence {
        describe_evidence(&mut triples, answer, &activity, evidence);
    }
    for (document, digest) in &record.documents {
        triples.link(&activity, prov::USED, &format!("{}{digest}", vocab::BYTES_PREFIX));
        triples.link(answer, dcterms::REFERENCES, document.as_str());
    }
    describe_sentences(&mut triples, answer, &record.answer);
    for timing in &record.timings {
        if let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.as_str() == timing.stage) {
            triples.number(&activity, stage_property(stage), timing.duration_ms);
        }
    }
    triples.into_vec()
}

fn describe_answer(triples: &mut Triples, record: &AnswerRecord, activity: &str) {
    let answer = record.id.as_str();
    triples.class(answer, vt::ANSWER);
    triples.class(answer, prov::BUNDLE);
    triples.link(answer, prov::WAS_GENERATED_BY, activity);
    triples.text(answer, prov::VALUE, &record.answer.text());
    triples.text(answer, vt::MODE, record.answer.mode.as_str());
    triples.link(answer, vt::ANSWERED_BY, record.generation.as_str());
    if let Some(served) = &record.canary {
        let canary = format!("{}{}", vocab::CANARY_PREFIX, served.canary);
        triples.link(answer, vt::IN_CANARY, &canary);
        triples.text(answer, vt::CANARY_ARM, served.arm.as_str());
    }
    match &record.answer.mode {
        AnswerMode::Abstained { reason }
        | AnswerMode::Refused { reason }
        | AnswerMode::Waiting { reason }
        | AnswerMode::Extractive { degraded_because: Some(reason) } => {
            triples.text(answer, vt::REASON, reason);
        }
        AnswerMode::Generated | AnswerMode::Extractive { degraded_because: None } => {}
    }
    triples.class(activity, vt::ANSWERING);
    triples.class(activity, prov::ACTIVITY);
    triples.time(activity, prov::STARTED_AT_TIME, &record.started_at);
    triples.time(activity, prov::ENDED_AT_TIME, &record.ended_at);
    triples.link(activity, prov::USED, record.generation.as_str());
    for route in &record.picture_routes {
        triples.text(activity, vt::PICTURE_ROUTE, route);
    }
    for entity in &record.entities {
        triples.link(activity, prov::USED, entity.as_str());
    }
    if !record.retrieval_mode.is_empty() {
        triples.text(activity, vt::RETRIEVAL_MODE, &record.retrieval_mode);
        triples.count(activity, vt::N_HITS_WANTED, record.n_hits_wanted);
    }
    if let Some(parameters) = &record.parameters {
        let settings = format!("{}{parameters}", vocab::PARAMETERS_PREFIX);
        triples.link(activity, prov::USED, &settings);
    }
    for space in &record.spaces {
        triples.link(activity, prov::USED, &format!("{}{}", vocab::SPACE_PREFIX, space.id().0));
    }
}

fn describe_question(triples: &mut Triples, record: &AnswerRecord, activity: &str) {
    let question = format!("{}/question", record.id);
    triples.link(activity, prov::USED, &question);
    triples.class(&question, vt::QUESTION);
    triples.class(&question, prov::ENTITY);
    triples.text(&question, prov::VALUE, &record.question);
    if let Some(resolved) = &record.resolved {
        triples.text(&question, vt::RESOLVED_QUESTION, &resolved.question);
        triples.text(&question, vt::RESOLVED_BY, resolved.by.as_str());
    }
    if let Some(picture) = &record.question_picture {
        triples.text(&question, vt::PICTURE_SHA256, &picture.to_string());
    }
    let principal = format!("{}/principal", record.id);
    triples.link(activity, prov::WAS_ASSOCIATED_WITH, &principal);
    triples.class(&principal, prov::AGENT);
    let access = &record.access;
    triples.text(&principal, rdfs::LABEL, &access.principal);
    if let Some(end_user) = &record.end_user {
        triples.text(&principal, vt::ASKS_FOR, end_user);
    }
    if let Some(role) = access.role {
        triples.text(&principal, vt::ROLE, role.as_str());
    }
    for label in access.asker_labels.iter().flatten() {
        triples.text(&principal, vt::SEES_LABEL, &label.0);
    }
    for label in access.evidence_labels.iter().flatten() {
        triples.text(record.id.as_str(), vt::ACCESS_LABEL, &label.0);
    }
}

fn describe_answerer(triples: &mut Triples, record: &AnswerRecord) {
    let answer = record.id.as_str();
    let software = format!("{answer}/software");
    triples.link(answer, prov::WAS_ATTRIBUTED_TO, &software);
    triples.class(&software, prov::SOFTWARE_AGENT);
    triples.text(&software, rdfs::LABEL, &record.software);
    if let Some(llm) = &record.answer.llm {
        triples.text(&software, vt::MODEL, &llm.model);
        triples.text(&software, vt::BASE_URL, &llm.base_url);
        triples.text(&software, vt::PROMPT_TEMPLATE, &llm.prompt_template);
        triples.text(&software, vt::PROMPT_SHA256, &llm.prompt_digest.to_string());
        triples.single(&software, vt::TEMPERATURE, llm.temperature);
        triples.text(&software, vt::RAW_OUTPUT, &llm.output);
    }
}

/// The policy in force, and what its rules did.
fn describe_policy(triples: &mut Triples, answer: &str, activity: &str, policy: &PolicyApplied) {
    triples.link(activity, prov::USED, &format!("{}{}", vocab::POLICY_PREFIX, policy.policy));
    for (i, applied) in policy.rules.iter().enumerate() {
        let id = format!("{answer}/rule/{i}");
        triples.link(answer, vt::DECIDED_BY, &id);
        triples.class(&id, vt::APPLIED_RULE);
        triples.text(&id, vt::RULE, &applied.rule);
        triples.text(&id, vt::EFFECT, applied.effect.as_str());
        triples.count(&id, vt::N_AFFECTED, applied.n);
    }
    for words in &policy.disclaimers {
        triples.text(answer, vt::DISCLAIMER, words);
    }
    if let Some(held) = policy.rule_with(PolicyEffect::Held) {
        triples.text(answer, vt::HELD_BY, &held.rule);
    }
    let banned = policy.rules.iter().filter(|applied| applied.effect == PolicyEffect::Banned);
    let n_withheld: usize = banned.map(|applied| applied.n).sum();
    if n_withheld > 0 {
        triples.count(answer, vt::N_WITHHELD, n_withheld);
    }
}

fn evidence_iri(answer: &str, number: usize) -> String {
    format!("{answer}/evidence/{number}")
}

fn describe_evidence(triples: &mut Triples, answer: &str, activity: &str, evidence: &Evidence) {
    let id = evidence_iri(answer, evidence.number);
    triples.link(answer, vt::HAS_EVIDENCE, &id);
    triples.link(activity, prov::USED, &id);
    triples.class(&id, vt::EVIDENCE);
    triples.count(&id, vt::NUMBER, evidence.number);
    triples.link(&id, vt::FRAGMENT_OF_EVIDENCE, evidence.fragment.id.as_str());
    triples.link(&id, prov::WAS_DERIVED_FROM, evidence.fragment.version.as_str());
    triples.text(&id, vt::TEXT, &evidence.fragment.text);
    triples.text(&id, vt::SOURCE, &evidence.source);
    triples.text(&id, dcterms::TITLE, &evidence.title);
    triples.single(&id, vt::SCORE, evidence.score);
    if let Some(picture) = evidence.fragment.picture() {
        triples.link(&id, vt::PICTURE_FILE, picture.as_str());
    }
    if let Some(region) = &evidence.region {
        triples.text(&id, vt::EVIDENCE_REGION, &region.to_string());
    }
    describe_routes(triples, &id, &evidence.routes);
    if let Some(path) = &evidence.path {
        let words: Vec<&str> = path.steps.iter().map(|step| step.label()).collect();
        triples.text(&id, vt::GRAPH_PATH, &words.join(" -> "));
    }
}

/// The scores of evidence on the routes that found it. A route finds a fragment once, but
/// for pictures that several spaces find: what is beyond the first has a node of its own.
pub(super) fn describe_routes(triples: &mut Triples, evidence: &str, routes: &[RouteScore]) {
    for (i, found) in routes.iter().enumerate() {
        if !routes.iter().take(i).any(|known| known.route == found.route) {
            let (score, rank) = route_properties(found.route);
            triples.single(evidence, score, found.score);
            triples.count(evidence, rank, found.rank);
            continue;
        }
        let id = format!("{evidence}/route/{i}");
        triples.link(evidence, vt::FOUND_BY, &id);
        triples.class(&id, vt::ROUTE_SCORE);
        triples.text(&id, vt::ROUTE, found.route.as_str());
        triples.single(&id, vt::SCORE, found.score);
        triples.count(&id, vt::RANK, found.rank);
    }
}

/// Property of answering for the time of a stage.
pub(super) fn stage_property(stage: Stage) -> &'static str {
    match stage {
        Stage::Plan => vt::PLAN_MS,
        Stage::Embed => vt::EMBED_MS,
        Stage::Dense => vt::DENSE_MS,
        Stage::Lexical => vt::LEXICAL_MS,
        Stage::Expand => vt::EXPAND_MS,
        Stage::Fuse => vt::FUSE_MS,
        Stage::Assemble => vt::ASSEMBLE_MS,
        Stage::Llm => vt::LLM_MS,
        Stage::Quote => vt::QUOTE_MS,
        Stage::Verify => vt::VERIFY_MS,
        Stage::Record => vt::RECORD_MS,
    }
}

/// Properties of evidence for its score and its rank on a route. They stand at the
/// evidence itself: a node for each score makes a record nearly half as large again.
pub(super) fn route_properties(route: Route) -> (&'static str, &'static str) {
    match route {
        Route::Dense => (vt::DENSE_SCORE, vt::DENSE_RANK),
        Route::Lexical => (vt::LEXICAL_SCORE, vt::LEXICAL_RANK),
        Route::Graph => (vt::GRAPH_SCORE, vt::GRAPH_RANK),
        Route::Bridge => (vt::BRIDGE_SCORE, vt::BRIDGE_RANK),
        Route::Picture => (vt::PICTURE_SCORE, vt::PICTURE_RANK),
        Route::NearPicture => (vt::NEAR_PICTURE_SCORE, vt::NEAR_PICTURE_RANK),
        Route::Visual => (vt::VISUAL_SCORE, vt::VISUAL_RANK),
    }
}

fn describe_sentences(triples: &mut Triples, answer: &str, given: &Answer) {
    let kept = given.sentences.iter().map(|sentence| (vt::HAS_SENTENCE, sentence));
    let dropped = given.dropped.iter().map(|sentence| (vt::DROPPED_SENTENCE, sentence));
    for (ordinal, (relation, sentence)) in kept.chain(dropped).enumerate() {
        let id = format!("{answer}/sentence/{ordinal:03}");
        triples.link(answer, relation, &id);
        describe_sentence(triples, answer, &id, ordinal, sentence);
    }
}

fn describe_sentence(
    triples: &mut Triples,
    answer: &str,
    id: &str,
    ordinal: usize,
    sentence: &Sentence,
) {
    triples.class(id, vt::SENTENCE);
    triples.count(id, vt::ORDINAL, ordinal);
    triples.text(id, vt::TEXT, &sentence.text);
    match &sentence.support {
        Support::Supported => triples.text(id, vt::VERDICT, "supported"),
        Support::Unsupported(reason) => {
            triples.text(id, vt::VERDICT, "unsupported");
            triples.text(id, vt::REASON, reason);
        }
        Support::Banned(rule) => {
            triples.text(id, vt::VERDICT, "banned");
            triples.text(id, vt::REASON, &format!("the rule `{rule}` of the policy bans it"));
        }
    }
    for (i, citation) in sentence.citations.iter().enumerate() {
        let cited = format!("{id}/citation/{i}");
        triples.link(id, vt::CITES, &cited);
        triples.class(&cited, vt::CITATION);
        triples.link(&cited, vt::CITED_EVIDENCE, &evidence_iri(answer, citation.number));
        triples.count(&cited, vt::NUMBER, citation.number);
        triples.text(&cited, vt::QUOTE, &citation.quote);
        triples.count(&cited, vt::START, citation.span.start());
        triples.count(&cited, vt::END, citation.span.end());
    }
}
