//! Vector search inside a query: `SERVICE vt:search`.
//!
//! ```sparql
//! SELECT ?title ?text ?score {
//!   SERVICE vt:search {
//!     ?hit vt:query "a worn shaft seal" ;   # or vt:image <urn:veritrail:document:pictures/p.png>
//!          vt:k 5 ; vt:score ?score .
//!   }
//!   ?hit vt:text ?text ; dcterms:isPartOf/dcterms:isVersionOf/dcterms:title ?title .
//! } ORDER BY DESC(?score)
//! ```
//!
//! | property | value | |
//! |---|---|---|
//! | `vt:query` | text | what is looked for: this |
//! | `vt:image` | IRI | or this: a picture document, a fragment that shows a picture, or a `data:` IRI |
//! | `vt:k` | number | how many hits, 1 to 1,000; required |
//! | `vt:space` | IRI of a space, or the name of its model | text: that of the chunks when not given; picture: the first one of pictures |
//! | `vt:score` | variable | the cosine |
//! | `vt:rank` | variable | position, from 1 |
//! | `vt:probability` | variable | how probable it is that both belong together; unbound where the space is not calibrated |
//!
//! Who searches is the caller's affair: this module knows neither vectors nor
//! models. The hits enter the query as `VALUES` before it is evaluated, so that
//! joins start from them; a service handler of the store would be asked once and
//! joined with whatever the rest of the query finds.

use super::error::QueryError;
use crate::model::FragmentId;
use crate::vocab::{vt, xsd};
use oxigraph::model::{Literal, NamedNode, Variable};
use serde::{Deserialize, Serialize};
use spargebra::algebra::GraphPattern;
use spargebra::term::{GroundTerm, NamedNodePattern, TermPattern, TriplePattern};

/// Most hits of one search.
const MAX_HITS: usize = 1_000;

/// What a query looks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SearchInput {
    /// Words.
    Text(String),
    /// The IRI of a picture document or of a fragment that shows one, or a `data:`
    /// IRI with the picture itself.
    Picture(String),
}

/// A search that a query asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// What is looked for.
    pub input: SearchInput,
    /// IRI of the space or name of its model.
    pub space: Option<String>,
    /// Number of hits, 1 or more.
    pub k: usize,
}

/// A fragment that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchMatch {
    /// The fragment.
    pub fragment: FragmentId,
    /// Cosine.
    pub score: f32,
    /// Calibrated probability, where the space has a calibration.
    pub probability: Option<f32>,
}

/// A search that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum VectorSearchError {
    /// The user's mistake.
    #[error("{0}")]
    Refused(String),
    /// Ours.
    #[error("the search of the query failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Searches for a query, best hit first. Access labels are its affair.
pub type VectorSearch<'a> =
    dyn Fn(&SearchRequest) -> Result<Vec<SearchMatch>, VectorSearchError> + 'a;

/// The same pattern with the hits in place of each `SERVICE vt:search`. Other
/// services stay, unless they are silent; the caller refuses them.
pub(super) fn with_hits(
    pattern: GraphPattern,
    search: &VectorSearch<'_>,
) -> Result<GraphPattern, QueryError> {
    use GraphPattern as P;
    let boxed = |inner: Box<P>| with_hits(*inner, search).map(Box::new);
    Ok(match pattern {
        P::Service { name: NamedNodePattern::NamedNode(name), inner, silent }
            if name.as_str() == vt::SEARCH =>
        {
            match Clause::read(&inner).and_then(|clause| clause.values(search)) {
                // By the standard a silent service that fails gives one empty row.
                Err(_) if silent => P::Values { variables: Vec::new(), bindings: vec![Vec::new()] },
                found => found?,
            }
        }
        // No other service is reached, which a silent clause takes for no answer.
        P::Service { silent: true, .. } => {
            P::Values { variables: Vec::new(), bindings: vec![Vec::new()] }
        }
        P::Join { left, right } => P::Join { left: boxed(left)?, right: boxed(right)? },
        P::Lateral { left, right } => P::Lateral { left: boxed(left)?, right: boxed(right)? },
        P::LeftJoin { left, right, expression } => {
            P::LeftJoin { left: boxed(left)?, right: boxed(right)?, expression }
        }
        P::Filter { expr, inner } => P::Filter { expr, inner: boxed(inner)? },
        P::Union { left, right } => P::Union { left: boxed(left)?, right: boxed(right)? },
        P::Graph { name, inner } => P::Graph { name, inner: boxed(inner)? },
        P::Extend { inner, variable, expression } => {
            P::Extend { inner: boxed(inner)?, variable, expression }
        }
        P::Minus { left, right } => P::Minus { left: boxed(left)?, right: boxed(right)? },
        P::OrderBy { inner, expression } => P::OrderBy { inner: boxed(inner)?, expression },
        P::Project { inner, variables } => P::Project { inner: boxed(inner)?, variables },
        P::Distinct { inner } => P::Distinct { inner: boxed(inner)? },
        P::Reduced { inner } => P::Reduced { inner: boxed(inner)? },
        P::Slice { inner, start, length } => P::Slice { inner: boxed(inner)?, start, length },
        P::Group { inner, variables, aggregates } => {
            P::Group { inner: boxed(inner)?, variables, aggregates }
        }
        other @ (P::Bgp { .. } | P::Path { .. } | P::Values { .. } | P::Service { .. }) => other,
    })
}

/// What stands inside one `SERVICE vt:search { ... }`.
#[derive(Default)]
struct Clause {
    hit: Option<Variable>,
    input: Option<SearchInput>,
    space: Option<String>,
    k: Option<usize>,
    score: Option<Variable>,
    rank: Option<Variable>,
    probability: Option<Variable>,
}

fn wrong(problem: impl Into<String>) -> QueryError {
    QueryError::SearchClause(problem.into())
}

impl Clause {
    fn read(inner: &GraphPattern) -> Result<Self, QueryError> {
        let GraphPattern::Bgp { patterns } = inner else {
            return Err(wrong("expected nothing but triples about one variable, such as ?hit"));
        };
        let mut clause = Self::default();
        for pattern in patterns {
            clause.take(pattern)?;
        }
        Ok(clause)
    }

    fn take(&mut self, pattern: &TriplePattern) -> Result<(), QueryError> {
        let TermPattern::Variable(subject) = &pattern.subject else {
            return Err(wrong(format!(
                "expected a variable as subject, found {}",
                pattern.subject
            )));
        };
        if self.hit.get_or_insert_with(|| subject.clone()) != subject {
            return Err(wrong(format!("expected one subject, found another one: {subject}")));
        }
        let NamedNodePattern::NamedNode(property) = &pattern.predicate else {
            return Err(wrong(format!("expected a property, found {}", pattern.predicate)));
        };
        let name = property.as_str().strip_prefix(vt::NAMESPACE).unwrap_or(property.as_str());
        match (property.as_str(), &pattern.object) {
            (vt::QUERY, TermPattern::Literal(text)) => {
                self.set_input(SearchInput::Text(text.value().to_owned()))
            }
            (vt::IMAGE, TermPattern::NamedNode(picture)) => {
                self.set_input(SearchInput::Picture(picture.as_str().to_owned()))
            }
            (vt::SPACE_OF_SEARCH, TermPattern::NamedNode(space)) => {
                self.space = Some(space.as_str().to_owned());
                Ok(())
            }
            (vt::SPACE_OF_SEARCH, TermPattern::Literal(space)) => {
                self.space = Some(space.value().to_owned());
                Ok(())
            }
            (vt::K, TermPattern::Literal(k)) => {
                let number = k.value().parse().ok().filter(|k| (1..=MAX_HITS).contains(k));
                let expected = || wrong(format!("expected vt:k from 1 to {MAX_HITS}, found {k}"));
                self.k = Some(number.ok_or_else(expected)?);
                Ok(())
            }
            (vt::SCORE, TermPattern::Variable(score)) => {
                self.score = Some(score.clone());
                Ok(())
            }
            (vt::RANK, TermPattern::Variable(rank)) => {
                self.rank = Some(rank.clone());
                Ok(())
            }
            (vt::PROBABILITY, TermPattern::Variable(probability)) => {
                self.probability = Some(probability.clone());
                Ok(())
            }
            (vt::QUERY | vt::IMAGE | vt::SPACE_OF_SEARCH | vt::K, TermPattern::Variable(input)) => {
                Err(wrong(format!(
                    "vt:{name} is {input}, which has no value here: the search comes before the \
                     rest of the query, so its inputs are written out"
                )))
            }
            (vt::QUERY | vt::IMAGE | vt::SPACE_OF_SEARCH | vt::K, found) => Err(wrong(format!(
                "vt:{name} cannot be {found}; expected a text for vt:query, an IRI for vt:image, \
                 either for vt:space, a number for vt:k"
            ))),
            (vt::SCORE | vt::RANK | vt::PROBABILITY, found) => {
                Err(wrong(format!("expected a variable for vt:{name}, found {found}")))
            }
            _ => Err(wrong(format!(
                "{property} is not known here; expected vt:query or vt:image, vt:k, vt:space, \
                 vt:score, vt:rank, vt:probability"
            ))),
        }
    }

    fn set_input(&mut self, input: SearchInput) -> Result<(), QueryError> {
        if self.input.replace(input).is_some() {
            return Err(wrong("expected one vt:query or vt:image, found more"));
        }
        Ok(())
    }

    fn values(self, search: &VectorSearch<'_>) -> Result<GraphPattern, QueryError> {
        let hit = self.hit.ok_or_else(|| wrong("expected triples, found none"))?;
        let input = self.input.ok_or_else(|| wrong("expected vt:query or vt:image"))?;
        let k = self.k.ok_or_else(|| wrong("expected vt:k, the number of hits"))?;
        let found = search(&SearchRequest { input, space: self.space, k })?;
        let mut variables = vec![hit];
        variables
            .extend([&self.score, &self.rank, &self.probability].into_iter().flatten().cloned());
        let bindings = (1i64..).zip(found).map(|(rank, found)| {
            let number = |value: f32| Some(GroundTerm::Literal(Literal::from(f64::from(value))));
            let mut row = vec![Some(NamedNode::new_unchecked(found.fragment.as_str()).into())];
            row.extend(self.score.is_some().then(|| number(found.score)));
            row.extend(self.rank.is_some().then(|| {
                let integer = NamedNode::new_unchecked(xsd::INTEGER);
                Some(Literal::new_typed_literal(rank.to_string(), integer).into())
            }));
            row.extend(self.probability.is_some().then(|| found.probability.and_then(number)));
            row
        });
        let bindings = bindings.collect();
        Ok(GraphPattern::Values { variables, bindings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{QueryOptions, ResultFormat, Store, Triples};

    fn run(query: &str) -> Result<String, QueryError> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut triples = Triples::new();
        triples.text("urn:t:a", vt::TEXT, "A");
        triples.text("urn:t:b", vt::TEXT, "B");
        store.insert_graph("urn:t:g", triples.into_vec()).unwrap();
        let search = |request: &SearchRequest| {
            if request.space.as_deref() == Some("elsewhere") {
                return Err(VectorSearchError::Refused("no space `elsewhere`".to_owned()));
            }
            let all = ["urn:t:b", "urn:t:a"].iter().zip([0.5, 0.25]);
            let found = all.map(|(iri, score)| SearchMatch {
                fragment: FragmentId::from_iri(*iri),
                score,
                probability: None,
            });
            Ok(found.take(request.k).collect())
        };
        let options = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Csv] };
        let mut output = Vec::new();
        store.query(query, &options, Some(&search), &mut output)?;
        Ok(String::from_utf8(output).unwrap().replace("\r\n", "|"))
    }

    fn clause(inner: &str) -> String {
        format!("SELECT * {{ SERVICE vt:search {{ {inner} }} }}")
    }

    #[test]
    fn hits_join_with_what_is_known_about_them() {
        let query = "SELECT ?t ?s ?r { SERVICE vt:search { ?h vt:query \"x\" ; vt:k 2 ; vt:score ?s ; vt:rank ?r } \
                     OPTIONAL { ?h vt:text ?t } FILTER(?s > 0.3) }";
        assert_eq!(run(query).unwrap(), "t,s,r|B,0.5,1|");
        assert_eq!(run(&clause("?h vt:image <urn:p> ; vt:k 1")).unwrap(), "h|urn:t:b|");
        let unbound = run(&clause("?h vt:query \"x\" ; vt:k 1 ; vt:probability ?p")).unwrap();
        assert_eq!(unbound, "h,p|urn:t:b,|");
    }

    #[test]
    fn mistakes_are_named() {
        let check = |inner: &str, expected: &str| {
            let error = run(&clause(inner)).unwrap_err().to_string();
            assert!(error.contains(expected), "`{inner}`: {error}");
        };
        check("?h vt:query \"x\"", "expected vt:k");
        check("?h vt:k 5", "expected vt:query or vt:image");
        check("?h vt:query \"x\" ; vt:k 0", "from 1 to 1000");
        check("?h vt:query ?text ; vt:k 5", "vt:query is ?text, which has no value here");
        check("?h vt:query <urn:x> ; vt:k 5", "vt:query cannot be");
        check("?h vt:query \"x\" ; vt:image <urn:p> ; vt:k 5", "found more");
        check("?h vt:query \"x\" ; vt:k 5 . ?g vt:k 5", "another one: ?g");
        check("?h vt:query \"x\" ; vt:k 5 ; rdfs:label ?l", "is not known here");
        check("?h vt:query \"x\" ; vt:k 5 ; vt:score 1", "expected a variable for vt:score");
        check("?h vt:query \"x\" ; vt:k 5 ; vt:space \"elsewhere\"", "no space `elsewhere`");
    }

    #[test]
    fn a_silent_service_that_fails_gives_one_empty_row() {
        for service in ["vt:search { ?h vt:k 5 }", "<http://x.test/> { ?a ?b ?c }"] {
            let query = format!("SELECT ?t {{ SERVICE SILENT {service} BIND(1 AS ?t) }}");
            assert_eq!(run(&query).unwrap(), "t|1|");
        }
    }

    #[test]
    fn other_services_are_refused_wherever_they_stand() {
        for query in [
            "SELECT * { SERVICE vt:search { ?h vt:query \"x\" ; vt:k 1 } SERVICE <http://x.test/> { ?a ?b ?c } }",
            "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE vt:search { ?h vt:query \"x\" ; vt:k 1 } } }",
        ] {
            assert!(matches!(run(query), Err(QueryError::Service(_))), "{query}");
        }
    }
}
