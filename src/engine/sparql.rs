//! SPARQL over a knowledge base, with vector search inside of queries.

use super::ask::Session;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::embed::{Embedder, TextRole};
use crate::graph::{
    QueryError, QueryOptions, ResultFormat, SearchInput, SearchMatch, SearchRequest,
    VectorSearchError,
};
use crate::model::{AccessLabel, Space, SpaceId};
use crate::picture::Picture;
use crate::vocab;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::io::Write;

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> VectorSearchError {
    VectorSearchError::Failed(Box::new(error))
}

fn refused(problem: impl Into<String>) -> VectorSearchError {
    VectorSearchError::Refused(problem.into())
}

impl KnowledgeBase {
    /// Answers a SPARQL query and says in which format. The current generation is
    /// read only when the query searches by vector.
    ///
    /// # Errors
    /// When the query is wrong or takes too long, or its search fails.
    pub fn sparql(
        &self,
        text: &str,
        options: &QueryOptions,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let search = |request: &SearchRequest| {
            let session = self.session().map_err(|error| match error {
                EngineError::Empty(_) => refused("nothing was published that could be searched"),
                error => failed(error),
            })?;
            session.vector_search(request, None)
        };
        self.graph.query(text, options, Some(&search), output)
    }
}

impl Session<'_> {
    /// Answers a SPARQL query on the opened generation. `labels` are those that the
    /// asking principal may see; they bind the hits of searches.
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
        self.knowledge_base.graph.query(text, options, Some(&search), output)
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
            SearchInput::Text(_) => vec![models.text.space()],
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
            None => models.text.embed(&[text], TextRole::Query, &mut |_| {}),
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
