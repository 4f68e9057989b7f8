//! Lines of text in pictures, each with its place.

use super::error::GraphError;
use super::read::iri;
use super::store::Store;
use super::triples::Triples;
use crate::model::{FragmentId, PlacedLine, Region, Span, TextLine};
use crate::vocab::{self, dcterms, oa, rdf, vt};
use oxigraph::model::NamedNodeRef;
use std::collections::HashMap;

/// Describes the lines that were read in the picture `fragment`.
pub(super) fn describe_lines(triples: &mut Triples, fragment: &FragmentId, lines: &[PlacedLine]) {
    for (n, PlacedLine { span, line }) in lines.iter().enumerate() {
        let id = format!("{}/line/{n}", fragment.as_str());
        let selector = format!("{id}/selector");
        triples.link(fragment.as_str(), vt::HAS_TEXT_LINE, &id);
        triples.class(&id, vt::TEXT_LINE);
        triples.count(&id, vt::ORDINAL, n);
        triples.text(&id, vt::TEXT, &line.text);
        triples.single(&id, vt::CONFIDENCE, line.confidence);
        triples.count(&id, vt::START, span.start());
        triples.count(&id, vt::END, span.end());
        triples.link(&id, oa::HAS_SELECTOR, &selector);
        triples.class(&selector, oa::FRAGMENT_SELECTOR);
        triples.link(&selector, dcterms::CONFORMS_TO, vocab::MEDIA_FRAGMENTS);
        triples.text(&selector, rdf::VALUE, &line.region.to_string());
    }
}

impl Store {
    /// The lines that were read in a picture, in reading order; none when it has no
    /// text or none was looked for.
    ///
    /// # Errors
    /// When the store cannot be read or a line is incomplete.
    pub fn text_lines(&self, fragment: &FragmentId) -> Result<Vec<PlacedLine>, GraphError> {
        let subject = NamedNodeRef::new_unchecked(fragment.as_str());
        let predicate = NamedNodeRef::new_unchecked(vt::HAS_TEXT_LINE);
        let mut lines = Vec::new();
        for quad in self.inner.quads_for_pattern(Some(subject.into()), Some(predicate), None, None)
        {
            lines.push(self.text_line(&iri(&quad?.object))?);
        }
        lines.sort_by_key(|(ordinal, _)| *ordinal);
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }

    fn text_line(&self, id: &str) -> Result<(usize, PlacedLine), GraphError> {
        let values = self.values(id)?;
        let selector = values.get(oa::HAS_SELECTOR).cloned().unwrap_or_default();
        let region: Region = parsed(&self.values(&selector)?, &selector, rdf::VALUE)?;
        let text = values.get(vt::TEXT).cloned().unwrap_or_default();
        let confidence = parsed(&values, id, vt::CONFIDENCE)?;
        let span = Span::new(parsed(&values, id, vt::START)?, parsed(&values, id, vt::END)?);
        let line = PlacedLine { span, line: TextLine { text, confidence, region } };
        Ok((parsed(&values, id, vt::ORDINAL)?, line))
    }

    /// Every property of a resource that has each at most once.
    fn values(&self, subject: &str) -> Result<HashMap<String, String>, GraphError> {
        let subject = NamedNodeRef::new_unchecked(subject);
        self.inner
            .quads_for_pattern(Some(subject.into()), None, None, None)
            .map(|quad| {
                let quad = quad?;
                Ok((quad.predicate.into_string(), iri(&quad.object)))
            })
            .collect()
    }
}

fn parsed<T: std::str::FromStr>(
    values: &HashMap<String, String>,
    iri: &str,
    property: &'static str,
) -> Result<T, GraphError> {
    values.get(property).and_then(|text| text.parse().ok()).ok_or_else(|| GraphError::Damaged {
        what: "line of a picture",
        iri: iri.to_owned(),
        property,
    })
}
