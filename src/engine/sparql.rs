//! SPARQL over a knowledge base, with vector search inside of queries.

use super::ask::Session;
use super::build::now;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::embed::{Embedder, TextRole};
use crate::graph::{
    ChangeAuthor, ChangeReceipt, DefaultGraph, GraphChange, GraphChoice, QueryError, QueryOptions,
    QueryRequest, ResultFormat, SearchInput, SearchMatch, SearchRequest, UpdateRequest,
    VectorSearch, VectorSearchError, Viewer,
};
use crate::model::{AccessLabel, Principal, Space, SpaceId};
use crate::picture::Picture;
use crate::vocab;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io::Write;

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> VectorSearchError {
    VectorSearchError::Failed(Box::new(error))
}

fn author(principal: &Principal) -> ChangeAuthor {
    ChangeAuthor {
        name: principal.name.clone(),
        role: principal.role.as_str().to_owned(),
        began_at: now(),
    }
}

fn refused(problem: impl Into<String>) -> VectorSearchError {
    VectorSearchError::Refused(problem.into())
}

impl KnowledgeBase {
    /// Answers a SPARQL query in this process and says in which format. The current
    /// generation is read only when the query searches by vector.
    ///
    /// # Errors
    /// When the query is wrong or takes too long, or its search fails.
    pub fn sparql(
        &self,
        text: &str,
        options: &QueryOptions,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let search = |request: &SearchRequest| self.search_now(request);
        self.graph.query(text, options, Some(&search), output)
    }

    /// Makes a SPARQL update, which is evaluated in a process of its own, and records it.
    ///
    /// # Errors
    /// When the update is wrong, takes too long, or touches what the program keeps.
    pub fn update(
        &self,
        text: String,
        graphs: GraphChoice,
        principal: &Principal,
    ) -> Result<ChangeReceipt, QueryError> {
        let search = |request: &SearchRequest| self.search_now(request);
        self.updated(text, graphs, principal, &search)
    }

    fn updated(
        &self,
        text: String,
        graphs: GraphChoice,
        principal: &Principal,
        search: &VectorSearch<'_>,
    ) -> Result<ChangeReceipt, QueryError> {
        let config = &self.config.sparql;
        let request = UpdateRequest {
            text,
            timeout_ms: config.timeout_ms,
            graphs: self.chosen(graphs),
            viewer: Viewer::of(principal, config.graphs),
        };
        self.graph.update(&request, &author(principal), Some(search))
    }

    /// What a request names, or else the default of the settings.
    fn chosen(&self, graphs: GraphChoice) -> GraphChoice {
        GraphChoice { union: self.config.sparql.default_graph == DefaultGraph::Union, ..graphs }
    }

    /// Changes a graph of users, the unnamed one when there is no name, and records it.
    ///
    /// # Errors
    /// When the documents are not RDF, the caller may not write the graph, or there is
    /// none that could be deleted.
    pub fn change_graph(
        &self,
        change: &GraphChange<'_>,
        principal: &Principal,
    ) -> Result<ChangeReceipt, QueryError> {
        let viewer = Viewer::of(principal, self.config.sparql.graphs);
        self.graph.change_graph(change, &author(principal), &viewer)
    }

    /// Writes what a caller sees of a graph, read in a process of its own.
    ///
    /// # Errors
    /// When the caller sees no such graph, or it takes too long.
    pub fn read_graph(
        &self,
        name: Option<&str>,
        options: &QueryOptions,
        principal: &Principal,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let viewer = Viewer::of(principal, self.config.sparql.graphs);
        self.graph.read_graph(name, options, &viewer, output)
    }

    fn search_now(&self, request: &SearchRequest) -> Result<Vec<SearchMatch>, VectorSearchError> {
        let session = self.session().map_err(|error| match error {
            EngineError::Empty(_) => refused("nothing was published that could be searched"),
            error => failed(error),
        })?;
        session.vector_search(request, None)
    }
}

impl Session<'_> {
    /// Answers a SPARQL query in this process. `labels` are those that the asking
    /// principal sees: of the graph, and among the hits of searches.
    ///
    /// # Errors
    /// When the query is wrong or takes too long, or its search fails.
    pub fn sparql(
        &self,
        text: &str,
        options: &QueryOptions,
        labels: Option<&BTreeSet<AccessLabel>>,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let search = |request: &SearchRequest| self.vector_search(request, labels);
        let request = QueryRequest {
            text: text.to_owned(),
            options: options.clone(),
            graphs: GraphChoice::union(),
            viewer: Viewer { labels: labels.cloned(), ..Viewer::everything() },
        };
        self.knowledge_base.graph.query_here(&request, Some(&search), output)
    }

    /// Answers a SPARQL query of others in a process of its own.
    ///
    /// # Errors
    /// When the query is wrong, wants too much time or memory, or its search fails.
    pub fn query(
        &self,
        text: String,
        options: QueryOptions,
        graphs: GraphChoice,
        principal: &Principal,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let knowledge_base = self.knowledge_base;
        let request = QueryRequest {
            text,
            options,
            graphs: knowledge_base.chosen(graphs),
            viewer: Viewer::of(principal, knowledge_base.config.sparql.graphs),
        };
        let search = |request: &SearchRequest| self.vector_search(request, principal.labels());
        knowledge_base.graph.query_bounded(request, Some(&search), output)
    }

    /// Makes a SPARQL update of others, evaluated in a process of its own, and records
    /// it.
    ///
    /// # Errors
    /// When the update is wrong, wants too much time or memory, or touches what the
    /// caller may not write.
    pub fn update(
        &self,
        text: String,
        graphs: GraphChoice,
        principal: &Principal,
    ) -> Result<ChangeReceipt, QueryError> {
        let search = |request: &SearchRequest| self.vector_search(request, principal.labels());
        self.knowledge_base.updated(text, graphs, principal, &search)
    }

    fn vector_search(
        &self,
        request: &SearchRequest,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Result<Vec<SearchMatch>, VectorSearchError> {
        let space = self.space(request)?;
        let vector = match &request.input {
            SearchInput::Text(text) => self.text_vector(text, space)?,
            SearchInput::Picture(iri) => match iri.strip_prefix("data:") {
                Some(data) => self.foreign_picture(data, space)?,
                None => self
                    .snapshot
                    .picture_vector(space, iri, labels)
                    .ok_or_else(|| {
                        refused(format!("<{iri}> is no picture with a vector in this space"))
                    })?
                    .to_vec(),
            },
        };
        let found = self.snapshot.nearest(space, &vector, request.k, labels).map_err(failed)?;
        // Calibrations are learned from words and say nothing about two pictures.
        let calibration = match request.input {
            SearchInput::Text(_) => self.snapshot.calibration(space),
            SearchInput::Picture(_) => None,
        };
        let matched = |(fragment, score)| {
            let probability = calibration.map(|known| known.probability(score));
            SearchMatch { fragment, score, probability }
        };
        Ok(found.into_iter().map(matched).collect())
    }

    /// The space that a search names, by IRI or model, or the one that fits its input.
    fn space(&self, request: &SearchRequest) -> Result<SpaceId, VectorSearchError> {
        let models = &self.knowledge_base.models;
        let pictures = models.pictures.iter().map(|model| Embedder::space(model.as_ref()));
        let mut spaces: Vec<&Space> = match &request.input {
            SearchInput::Text(_) => vec![self.text.model.space()],
            SearchInput::Picture(_) => Vec::new(),
        };
        spaces.extend(pictures);
        let Some(wanted) = &request.space else {
            let first = spaces.first().map(|space| space.id());
            return first.ok_or_else(|| refused("no space of pictures is configured"));
        };
        let iri = |space: &Space| format!("{}{}", vocab::SPACE_PREFIX, space.id().0);
        let known = spaces.iter().find(|space| space.model == *wanted || iri(space) == *wanted);
        known.map(|space| space.id()).ok_or_else(|| {
            let known: Vec<String> = spaces
                .iter()
                .map(|space| format!("\"{}\" (<{}>)", space.model, iri(space)))
                .collect();
            refused(format!(
                "no space `{wanted}` in which this can be looked for; expected one of: {}",
                known.join(", ")
            ))
        })
    }

    fn text_vector(&self, text: &str, space: SpaceId) -> Result<Vec<f32>, VectorSearchError> {
        let models = &self.knowledge_base.models;
        let picture = models.pictures.iter().find(|model| model.space().id() == space);
        let embedded = match picture {
            Some(model) => model.embed(&[text], TextRole::Query, &mut |_| {}),
            None => self.text.model.embed(&[text], TextRole::Query, &mut |_| {}),
        };
        Ok(embedded.map_err(failed)?.vectors.into_iter().next().unwrap_or_default())
    }

    /// The vector of a picture that the query itself brings, `data:` left off.
    fn foreign_picture(&self, data: &str, space: SpaceId) -> Result<Vec<f32>, VectorSearchError> {
        let encoded = data.split_once(";base64,").map(|(_, encoded)| encoded);
        let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        let bytes = bytes.ok_or_else(|| {
            refused(
                "the data: IRI of vt:image is no valid base64; expected data:image/png;base64,...",
            )
        })?;
        let pixels = Picture::decode(&bytes)
            .map_err(|error| refused(format!("the picture of vt:image cannot be used: {error}")))?
            .on_white();
        let models = &self.knowledge_base.models;
        let model = models.pictures.iter().find(|model| model.space().id() == space);
        let model = model.ok_or_else(|| refused("no space of pictures is configured"))?;
        let vectors = model.embed_pictures(&[&pixels]).map_err(failed)?;
        Ok(vectors.into_iter().next().unwrap_or_default())
    }
}
