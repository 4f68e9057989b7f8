//! What the tools of the Model Context Protocol do.

use super::answers::read_record;
use super::app::App;
use super::asking::{self, Recorded};
use super::caller::Caller;
use super::documents::find;
use super::error::ApiError;
use super::jobs_work::name;
use super::mcp_types::{
    AskInput, AskOutput, CitationOutput, DocumentInput, DocumentOutput, ExplainInput,
    ExplainOutput, HitOutput, SearchInput, SearchMode, SearchOutput, SparqlInput, SparqlOutput,
};
use super::observe::Observed;
use crate::engine::AskOptions;
use crate::graph::{GraphChoice, QueryOptions, ResultFormat};
use crate::model::{AnswerId, AnswerMode, Hit, Permission, Principal, Query, Stopwatch};
use crate::retrieve::{RetrievalMode, Snapshot};
use axum::http::StatusCode;
use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::JsonObject;
use rmcp::schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::pending;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Instant;

/// Longest question or query in characters.
const MAX_TEXT_CHARS: usize = 20_000;
/// Hits unless asked otherwise, and at most.
const N_HITS: usize = 10;
const MAX_HITS: usize = 50;
/// Hits that evidence is made of.
const N_EVIDENCE_HITS: usize = 20;
/// Characters of a document unless asked otherwise, and at most.
const N_CHARS: usize = 20_000;
const MAX_CHARS: usize = 100_000;
/// Longest evaluation of a query.
const QUERY_TIMEOUT_MS: u64 = 20_000;
/// Largest result of a query: what a language model can read.
const MAX_RESULT_BYTES: usize = 256 << 10;

/// A tool.
pub(super) struct ToolDescription {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) input: fn() -> Arc<JsonObject>,
    pub(super) output: fn() -> Arc<JsonObject>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Search,
    Ask,
    ExplainAnswer,
    Sparql,
    GetDocument,
}

/// Every tool.
pub(super) const TOOLS: [ToolDescription; 5] = [
    ToolDescription {
        name: "search",
        title: "Search passages and pictures",
        description: "Finds passages and pictures of the knowledge base that are about a question, best first, \
with their source, section, page and score, and with the path through the knowledge graph that led to them. Gives \
no answer. Use it to look around, or to collect material; use `ask` when a checked answer is wanted.",
        input: input::<SearchInput>,
        output: schema_for_output::<SearchOutput>,
        kind: Kind::Search,
    },
    ToolDescription {
        name: "ask",
        title: "Ask a question",
        description: "Answers a question from the knowledge base. Every sentence was checked against what it cites, \
and each citation quotes the exact words. When the documents do not carry an answer it says so and what is missing: \
do not fill that in from elsewhere. The answer is recorded under `answer_id`.",
        input: input::<AskInput>,
        output: schema_for_output::<AskOutput>,
        kind: Kind::Ask,
    },
    ToolDescription {
        name: "explain_answer",
        title: "Explain an answer",
        description: "Shows from what an earlier answer was made: the question, the evidence with scores and paths, \
the sentences with their citations and checks, the versions of documents and models, and the times. Takes the \
`answer_id` that `ask` gave.",
        input: input::<ExplainInput>,
        output: schema_for_output::<ExplainOutput>,
        kind: Kind::ExplainAnswer,
    },
    ToolDescription {
        name: "sparql",
        title: "Query the knowledge graph",
        description: "Runs a read-only SPARQL 1.1 query (SELECT, ASK, CONSTRUCT or DESCRIBE) over documents, fragments, \
mentions, entities and relations. The default graph is the union of all that the caller may see; the prefixes vt, \
dcterms, schema, skos, prov, oa, rdf, rdfs and xsd need no declaration. `SERVICE vt:search { ?hit vt:query \"words\" ; vt:k 10 }` \
searches by meaning. Add a LIMIT: results beyond 256 KiB are refused. Example: \
SELECT ?title { ?d a vt:Document ; dcterms:title ?title } LIMIT 20",
        input: input::<SparqlInput>,
        output: schema_for_output::<SparqlOutput>,
        kind: Kind::Sparql,
    },
    ToolDescription {
        name: "get_document",
        title: "Read a document",
        description: "Gives the extracted text of a document, whole or from one character to another, with its title, \
source and type. Takes the `document_id` that `search` and `ask` give, or a source path such as `docs/pump.md`. \
Long texts come in parts: go on with `start` at the `end` of the last part.",
        input: input::<DocumentInput>,
        output: schema_for_output::<DocumentOutput>,
        kind: Kind::GetDocument,
    },
];

fn input<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    // The types are structs of this file, whose schemas are those of objects.
    schema_for_input::<T>().unwrap_or_default()
}

/// Carries out a tool as a principal.
pub(super) async fn call(
    app: Arc<App>,
    principal: Principal,
    observed: Option<Observed>,
    tool: &ToolDescription,
    arguments: JsonObject,
) -> Result<Value, ApiError> {
    let caller = Caller(principal);
    let kind = tool.kind;
    caller.require(match kind {
        Kind::Search | Kind::Ask | Kind::ExplainAnswer => Permission::Ask,
        Kind::Sparql => Permission::QueryGraph,
        Kind::GetDocument => Permission::ReadDocuments,
    })?;
    if let Kind::Ask = kind {
        return value(ask(&app, caller, observed, arguments_of(arguments)?).await?);
    }
    let place = Arc::clone(&app.places).acquire_owned().await;
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        match kind {
            Kind::Search => value(search(&app, &caller, observed, arguments_of(arguments)?)?),
            Kind::ExplainAnswer => value(explain(&app, &caller, arguments_of(arguments)?)?),
            Kind::Sparql => value(sparql(&app, &caller, arguments_of(arguments)?)?),
            Kind::Ask | Kind::GetDocument => {
                value(document(&app, &caller, arguments_of(arguments)?)?)
            }
        }
    });
    done.await?
}

fn arguments_of<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        ApiError::bad_request("arguments", format!("the arguments do not fit: {error}"))
    })
}

fn value(output: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(output).map_err(|error| ApiError::internal(&error))
}

fn bounded(text: String, param: &'static str) -> Result<String, ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::bad_request(param, format!("expected words in `{param}`")));
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        let message = format!("expected at most {MAX_TEXT_CHARS} characters in `{param}`");
        return Err(ApiError::bad_request(param, message));
    }
    Ok(text)
}

fn search(
    app: &App,
    caller: &Caller,
    observed: Option<Observed>,
    input: SearchInput,
) -> Result<SearchOutput, ApiError> {
    let query = Query {
        allowed_labels: caller.0.labels().cloned(),
        only_pictures: input.only_pictures,
        ..Query::text(bounded(input.query, "query")?, input.k.unwrap_or(N_HITS).clamp(1, MAX_HITS))
    };
    let mode = match input.mode.unwrap_or(SearchMode::Graph) {
        SearchMode::Lexical => RetrievalMode::Lexical,
        SearchMode::Dense => RetrievalMode::Dense,
        SearchMode::Hybrid => RetrievalMode::Hybrid,
        SearchMode::Graph => RetrievalMode::Graph,
    };
    let session = app.session();
    let mut stopwatch = Stopwatch::new(Instant::now);
    let found = session.find(&query, mode, &mut stopwatch)?;
    if let Some(observed) = observed {
        observed.stages(&stopwatch);
    }
    let snapshot = session.snapshot();
    let hits = found.hits.iter().filter_map(|hit| hit_output(snapshot, caller, hit)).collect();
    Ok(SearchOutput { generation: snapshot.generation().name().to_owned(), hits })
}

fn hit_output(snapshot: &Snapshot, caller: &Caller, hit: &Hit) -> Option<HitOutput> {
    let document = snapshot.document(&hit.document)?;
    let fragment = snapshot.fragment(&hit.fragment)?;
    let picture = fragment.picture().filter(|id| {
        snapshot.document(id).is_some_and(|picture| caller.0.sees(&picture.access_label))
    });
    let path = hit.path.iter().flat_map(|path| &path.steps);
    Some(HitOutput {
        fragment: hit.fragment.to_string(),
        document_id: name(&hit.document),
        title: document.title.clone(),
        section: fragment.section(),
        source: document.source.clone(),
        text: fragment.text.clone(),
        page: fragment.page,
        start: fragment.span.start(),
        end: fragment.span.end(),
        picture: picture.map(name),
        score: hit.score,
        routes: hit.routes.iter().map(|route| route.route.as_str().to_owned()).collect(),
        path: path.map(|step| step.label().to_owned()).collect(),
    })
}

async fn ask(
    app: &Arc<App>,
    caller: Caller,
    observed: Option<Observed>,
    input: AskInput,
) -> Result<AskOutput, ApiError> {
    let query = Query {
        allowed_labels: caller.0.labels().cloned(),
        ..Query::text(bounded(input.question, "question")?, N_EVIDENCE_HITS)
    };
    let options = AskOptions { use_llm: !input.extractive, ..AskOptions::of(caller.0) };
    let prepared = asking::prepare(app, query, options).await?;
    // Whoever goes takes this future along, and with it the language model's.
    let recorded = asking::answer(app, prepared, &mut |_| {}, pending()).await?;
    let Some(Recorded { record, stopwatch, .. }) = recorded else {
        let message = "the answer was broken off";
        return Err(ApiError::refused(StatusCode::SERVICE_UNAVAILABLE, "broken_off", message));
    };
    if let Some(observed) = observed {
        observed.answered(&record, &stopwatch);
    }
    let mut citations = Vec::new();
    for citation in record.answer.sentences.iter().flat_map(|sentence| &sentence.citations) {
        let evidence = record.evidence.iter().find(|item| item.number == citation.number);
        let Some(evidence) = evidence else { continue };
        let fragment = &evidence.fragment;
        citations.push(CitationOutput {
            number: citation.number,
            document_id: name(&fragment.document),
            title: evidence.title.clone(),
            section: fragment.section(),
            source: evidence.source.clone(),
            page: fragment.page,
            quote: citation.quote.clone(),
            start: fragment.span.start() + citation.span.start(),
            end: fragment.span.start() + citation.span.end(),
        });
    }
    let degraded_because = match &record.answer.mode {
        AnswerMode::Extractive { degraded_because } => degraded_because.clone(),
        _ => None,
    };
    Ok(AskOutput {
        answer_id: record.id.name().to_owned(),
        mode: record.answer.mode.as_str().to_owned(),
        answer: record.answer.text(),
        disclaimers: record.disclaimers().to_vec(),
        degraded_because,
        citations,
    })
}

fn explain(app: &App, caller: &Caller, input: ExplainInput) -> Result<ExplainOutput, ApiError> {
    let unknown =
        || ApiError::not_found("answer_not_found", "answer_id", "there is no such answer");
    let id = AnswerId::from_name(&input.answer_id).ok_or_else(unknown)?;
    let record = read_record(app, &caller.0, &id)?;
    let record = record.ok_or_else(unknown)?;
    Ok(ExplainOutput { answer_id: input.answer_id, record })
}

fn sparql(app: &App, caller: &Caller, input: SparqlInput) -> Result<SparqlOutput, ApiError> {
    let query = bounded(input.query, "query")?;
    let formats = vec![ResultFormat::Json, ResultFormat::Turtle];
    let options = QueryOptions { timeout_ms: QUERY_TIMEOUT_MS, formats };
    let mut output = Limited(Vec::new());
    let graphs = GraphChoice::default();
    let format = app.session().query(query, options, graphs, &caller.0, &mut output)?;
    let result = match format {
        ResultFormat::Json => {
            serde_json::from_slice(&output.0).map_err(|error| ApiError::internal(&error))?
        }
        _ => Value::String(String::from_utf8_lossy(&output.0).into_owned()),
    };
    Ok(SparqlOutput { format: format.media_type().to_owned(), result })
}

fn document(app: &App, caller: &Caller, input: DocumentInput) -> Result<DocumentOutput, ApiError> {
    let snapshot = app.snapshot();
    let document = find(&snapshot, caller, &input.document_id)?;
    let file = app.knowledge_base().open_bytes(&document.text_digest)?;
    let mut file = file.ok_or_else(|| {
        ApiError::not_found("document_not_found", "document_id", "there is no such document")
    })?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| ApiError::internal(&error))?;
    let n_chars = text.chars().count();
    let max_chars = input.max_chars.unwrap_or(N_CHARS).clamp(1, MAX_CHARS);
    let start = input.start.min(n_chars);
    let text: String = text.chars().skip(start).take(max_chars).collect();
    Ok(DocumentOutput {
        document_id: name(&document.id),
        title: document.title.clone(),
        source: document.source.clone(),
        media_type: document.media_type.as_str().to_owned(),
        language: document.language.clone(),
        n_chars,
        start,
        end: start + text.chars().count(),
        text,
    })
}

/// Collects a result up to the limit.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.0.len() + data.len() > MAX_RESULT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.0.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
