//! Stages and settings of retrieval.

use super::route::RouteRule;
use serde::{Deserialize, Serialize};

/// Stages of retrieval; each mode adds to the one before, but for `Dense`,
/// which searches vectors alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetrievalMode {
    /// Words only.
    Lexical,
    /// Vectors only.
    Dense,
    /// Words and vectors.
    Hybrid,
    /// Words, vectors and the graph.
    Graph,
}

impl RetrievalMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Lexical, Self::Dense, Self::Hybrid, Self::Graph];

    /// Name on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lexical => "lexical",
            Self::Dense => "dense",
            Self::Hybrid => "hybrid",
            Self::Graph => "graph",
        }
    }
}

/// Settings of retrieval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrieveConfig {
    /// Fragments taken from the walk and from the bridges, and from words or vectors where
    /// they are the only route. Scores of words and vectors are scaled as if each had found
    /// as many.
    pub n_candidates: usize,
    /// Fragments taken from words and from vectors, each, where both are asked. More is
    /// slower and finds hardly more.
    pub n_similar: usize,
    /// Weight of words in the fusion.
    pub lexical_weight: f32,
    /// Weight of vectors in the fusion.
    pub dense_weight: f32,
    /// Weight of each space that pictures share with texts, for a question with a
    /// picture.
    pub visual_weight: f32,
    /// The same for a question in words alone, which captions answer better where
    /// there are any.
    pub visual_words_weight: f32,
    /// How much the words of a question count beside its picture, in the spaces that
    /// both share: cosines are added with this factor.
    pub words_beside_picture: f32,
    /// Weight of the graph, added to the fused score, where the question names
    /// something rare; see `graph_trust_floor`.
    pub graph_weight: f32,
    /// Weight of how far the walk prefers a fragment to the many: the logarithm of its
    /// mass over that of the eleventh, as a share of that of the first.
    pub graph_lift_weight: f32,
    /// Share of the weights of graph and bridges that is left where the question names
    /// nothing rare, in `0..=1`.
    pub graph_trust_floor: f32,
    /// Distinct words up to which a question leans on the graph as its names say; a
    /// longer one leans less, by the square of the ratio.
    pub graph_trust_words: usize,
    /// Fused hits from which the walk starts.
    pub n_seeds: usize,
    /// The starting mass of a seed is its fused score to this power: above 1,
    /// the walk trusts the best hits more.
    pub seed_power: f32,
    /// Starting mass of the entities that the question names, relative to that
    /// of the seed fragments.
    pub entity_share: f32,
    /// Weight of bridges: fragments that share a rare name with a good hit and hold
    /// words of the question that the hit lacks; their strength times this is added to
    /// the fused score. 0 looks for none.
    pub bridge_weight: f32,
    /// Good hits that bridges start from.
    pub n_bridge_hits: usize,
    /// How much the nearness of a bridge's end to the whole question counts beside the
    /// words that it adds.
    pub bridge_similarity: f32,
    /// Share of a question's words, by what they tell, from which on the names in it
    /// decide alone. The less it names, the more the texts of the best hits count by the
    /// three weights below. 0 leaves them out.
    pub text_evidence_share: f32,
    /// Weight of how well a hit says the question in words of like meaning. 0 looks for
    /// none.
    pub soft_match_weight: f32,
    /// Weight of how near a hit is to the best hits. 0 does not compare them.
    pub feedback_weight: f32,
    /// Weight of how much of a hit's title the question asks for. 0 reads no titles.
    pub title_weight: f32,
    /// How much it costs a hit to be like what the question does not want ("... but not
    /// ..."), as a share of the best score. 0 takes the question as it is.
    pub exclusion_weight: f32,
    /// Chance to walk on from a fragment, in `0..1`.
    pub damping: f32,
    /// Exactness of the walk; see `PageRankOptions`.
    pub epsilon: f32,
    /// Factor on the score of pictures when none is asked for, and of text when
    /// one is, in knowledge bases that hold both.
    pub unwanted_kind_weight: f32,
    /// Evidence put before the answerer at most.
    pub n_evidence: usize,
    /// Tokens of evidence at most.
    pub evidence_tokens: usize,
    /// Pictures that are less probable than this, in `0..=1`, are not found by a
    /// question in words, where all spaces that are looked in have a calibration.
    pub min_picture_probability: f32,
    /// Which spaces a picture is looked for in; every one without a rule.
    pub routes: Vec<RouteRule>,
}

impl Default for RetrieveConfig {
    fn default() -> Self {
        Self {
            n_candidates: 400,
            n_similar: 150,
            lexical_weight: 0.5,
            dense_weight: 0.5,
            visual_weight: 0.5,
            visual_words_weight: 0.1,
            words_beside_picture: 0.5,
            graph_weight: 1.5,
            graph_lift_weight: 1.5,
            graph_trust_floor: 0.1,
            graph_trust_words: 20,
            n_seeds: 10,
            seed_power: 4.0,
            entity_share: 0.3,
            bridge_weight: 4.0,
            n_bridge_hits: 5,
            bridge_similarity: 0.3,
            text_evidence_share: 0.5,
            soft_match_weight: 0.6,
            feedback_weight: 0.7,
            title_weight: 0.2,
            exclusion_weight: 0.3,
            damping: 0.6,
            epsilon: 1e-5,
            unwanted_kind_weight: 0.6,
            n_evidence: 10,
            evidence_tokens: 2_000,
            min_picture_probability: 0.0,
            routes: Vec::new(),
        }
    }
}
