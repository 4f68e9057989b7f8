//! What the texts of the best hits say, where a question names little.
//!
//! Names lead into the graph, and titles are names. A question that is made of other words
//! has only words and vectors to be found by; for such a question the best hits are read
//! again: how well they say it in other words, how near they are to the best of them, and
//! how much of their titles is asked for.

use super::config::RetrieveConfig;
use super::feedback::nearness_to_best;
use super::soft_match::{AskedWord, soft_matches};
use super::view::View;
use super::word_share::{named_share, title_shares};
use crate::embed::{Embedder, WordPieces};
use crate::index::{LexicalError, WeightedWord};
use crate::model::{EntityId, Fragment, FragmentId};
use std::collections::HashSet;

/// Documents whose best fragments are read.
const N_DOCUMENTS: usize = 50;

/// What is known of the question.
pub(super) struct WordedQuestion<'a> {
    /// What is looked for, in words.
    pub(super) text: &'a str,
    /// The words of it.
    pub(super) words: &'a [WeightedWord],
    /// The entities that it names.
    pub(super) named: &'a [(EntityId, f32)],
    /// The text model.
    pub(super) embedder: &'a dyn Embedder,
}

/// Adds to the score of the best fragment `d` of each of the best documents:
///
/// `max(0, 1 - N / text_evidence_share) * (soft_match_weight * M(d) + feedback_weight * F(d) + title_weight * T(d))`
///
/// `N` is the share of the question's words, by weight, that stand in the preferred labels
/// of what it names; a word that no fragment holds has no weight in it. `M` is how well
/// `d` says the question, see [`soft_matches`]; left out where the text model has no
/// pieces. `F` is how near `d` is to the mean of the vectors of the three best fragments,
/// weighted by their scores, see [`nearness_to_best`]. `T` is the share of the words of
/// the title, by weight, that the question holds. Each of the three goes from 0 to 1 over
/// the fragments that are read.
///
/// # Errors
/// When the word index is damaged.
pub(super) fn add_text_evidence(
    view: &View<'_>,
    question: &WordedQuestion<'_>,
    fused: &mut [(FragmentId, f32)],
    config: &RetrieveConfig,
) -> Result<(), LexicalError> {
    let weights = [config.soft_match_weight, config.feedback_weight, config.title_weight];
    if weights.iter().all(|weight| *weight <= 0.0) || config.text_evidence_share <= 0.0 {
        return Ok(());
    }
    let lexical = &view.snapshot().lexical;
    let words = question.words;
    let room = room(named_share(view, question.named, words), config.text_evidence_share);
    if words.is_empty() || room <= 0.0 {
        return Ok(());
    }
    let read = best_of_documents(view, fused);
    let mut added = vec![0f32; read.len()];
    if config.soft_match_weight > 0.0
        && let Some(pieces) = question.embedder.word_pieces()
    {
        let matches = said(view, &pieces, question.text, words, &read);
        add(&mut added, &matches, config.soft_match_weight);
    }
    if config.feedback_weight > 0.0 {
        let fragments: Vec<&FragmentId> = read.iter().map(|(_, found)| &found.id).collect();
        let near = nearness_to_best(view, fused, &fragments);
        add(&mut added, &near, config.feedback_weight);
    }
    if config.title_weight > 0.0 {
        let titles: Vec<&str> = read.iter().map(|(_, found)| title_of(view, found)).collect();
        add(&mut added, &title_shares(lexical, words, &titles)?, config.title_weight);
    }
    for ((place, _), added) in read.iter().zip(added) {
        if let Some((_, score)) = fused.get_mut(*place) {
            *score += room * added;
        }
    }
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(())
}

/// How much text evidence counts: 1 for a question that names nothing, 0 from `most` on.
fn room(named_share: f32, most: f32) -> f32 {
    if most > 0.0 { (1.0 - named_share / most).max(0.0) } else { 0.0 }
}

/// The best fragment of each of the best documents, with its place among all, of those
/// that are seen.
fn best_of_documents<'v>(
    view: &'v View<'_>,
    fused: &[(FragmentId, f32)],
) -> Vec<(usize, &'v Fragment)> {
    let mut documents = HashSet::new();
    let hits = fused.iter().enumerate();
    let seen = hits.filter_map(|(place, (id, _))| Some((place, view.fragment(id)?)));
    seen.filter(|(_, fragment)| documents.insert(&fragment.document)).take(N_DOCUMENTS).collect()
}

fn title_of<'v>(view: &'v View<'_>, fragment: &Fragment) -> &'v str {
    let document = view.snapshot().documents.get(&fragment.document);
    document.map_or("", |document| document.title.as_str())
}

/// Adds values to a sum after scaling them to `0..=1`; nothing where all are equal.
fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let range = most - least;
    // Sums in another order differ in their last bits.
    if range > 1e-6 {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += weight * (value - least) / range;
        }
    }
}

/// How well fragments say the words of the question.
fn said(
    view: &View<'_>,
    pieces: &WordPieces,
    question: &str,
    words: &[WeightedWord],
    read: &[(usize, &Fragment)],
) -> Vec<f32> {
    let asked = words.iter().map(|word| AskedWord {
        weight: word.weight,
        pieces: pieces.pieces(question.get(word.range.clone()).unwrap_or_default()),
    });
    let of_fragment = |(_, fragment): &(usize, &Fragment)| {
        let headings = fragment.heading_path.iter().map(String::as_str);
        let texts = headings.chain([title_of(view, fragment), &fragment.text]);
        let mut all: Vec<u32> = texts.flat_map(|text| pieces.pieces(text)).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let fragments: Vec<Vec<u32>> = read.iter().map(of_fragment).collect();
    soft_matches(|piece| pieces.vector(piece), asked.collect(), &fragments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{EmbedError, EmbeddedTexts, TextRole, TokenCounter};
    use crate::graph::DocumentSummary;
    use crate::index::{
        DenseConfig, DenseIndex, LexicalConfig, LexicalDocument, LexicalIndex, VectorStore,
    };
    use crate::model::{
        AccessLabel, Digest, DocumentId, Embedding, Entity, EntityClass, FragmentKind,
        GenerationId, MediaType, Space, Span, VersionId,
    };
    use crate::retrieve::{Snapshot, SnapshotParts};
    use std::collections::{BTreeSet, HashMap};
    use std::path::Path;

    struct WithoutPieces(Space);

    impl Embedder for WithoutPieces {
        fn space(&self) -> &Space {
            &self.0
        }

        fn embed(
            &self,
            _: &[&str],
            _: TextRole,
            _: &mut dyn FnMut(usize),
        ) -> Result<EmbeddedTexts, EmbedError> {
            unreachable!("no test embeds")
        }

        fn token_counter(&self) -> TokenCounter {
            unreachable!("no test counts tokens")
        }
    }

    fn space() -> Space {
        Space {
            model: "plane".into(),
            files: Vec::new(),
            preprocessing: String::new(),
            pooling: "mean".into(),
            dimension: 2,
            normalised: true,
        }
    }

    /// A document of one fragment: title, text, vector, label.
    type Leaflet = (&'static str, &'static str, [f32; 2], &'static str);

    const LEAFLETS: [Leaflet; 4] = [
        ("Valves", "How to clean a valve", [1.0, 0.0], "public"),
        ("Shaft seals", "Why a seal leaks", [0.0, 1.0], "public"),
        ("Rotors", "What a rotor costs", [0.8, 0.6], "public"),
        ("Leaking seals", "What a seal is", [0.0, 1.0], "factory"),
    ];

    fn fragment_of(title: &str, text: &str) -> Fragment {
        let document = DocumentId::from_source(title);
        let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
        Fragment {
            id: FragmentId::new(&version, 0),
            document,
            version,
            ordinal: 0,
            heading_path: Vec::new(),
            span: Span::new(0, text.len()),
            page: None,
            text: text.into(),
            kind: FragmentKind::Chunk,
        }
    }

    fn summary_of(fragment: &Fragment, title: &str, label: &str) -> DocumentSummary {
        let digest = Digest::of(title.as_bytes());
        DocumentSummary {
            id: fragment.document.clone(),
            version: fragment.version.clone(),
            digest,
            text_digest: digest,
            recipe: digest,
            mentions_digest: None,
            relations_digest: None,
            language: None,
            source: title.into(),
            title: title.into(),
            aliases: Vec::new(),
            is_term: false,
            media_type: MediaType::PlainText,
            access_label: AccessLabel(label.into()),
            picture: None,
        }
    }

    fn valve() -> EntityId {
        EntityId::from_iri("urn:veritrail:entity:valve")
    }

    fn snapshot(root: &Path) -> Snapshot {
        let fragments = LEAFLETS.map(|(title, text, ..)| fragment_of(title, text));
        let documents = LEAFLETS.iter().zip(&fragments);
        let documents: Vec<DocumentSummary> =
            documents.map(|(leaflet, found)| summary_of(found, leaflet.0, leaflet.3)).collect();
        let words = documents.iter().zip(&fragments).map(|(document, found)| LexicalDocument {
            id: &found.id,
            label: &document.access_label,
            title: &document.title,
            headings: "",
            body: &found.text,
        });
        LexicalIndex::build(&root.join("words"), words).unwrap();
        let store = VectorStore::open(root, &space()).unwrap();
        let vectors = LEAFLETS.iter().zip(&fragments).map(|(leaflet, found)| Embedding {
            target: found.id.clone(),
            space: space().id(),
            vector: leaflet.2.to_vec(),
        });
        store.append(&vectors.collect::<Vec<_>>()).unwrap();
        let vectors = store.vectors().clone();
        Snapshot::new(SnapshotParts {
            generation: GenerationId::new(&Digest::of(b"leaflets")),
            reading: 0,
            documents,
            gone: BTreeSet::new(),
            mentions: vec![(fragments[0].id.clone(), valve())],
            fragments: fragments.to_vec(),
            entities: vec![Entity {
                id: valve(),
                labels: vec!["valve".into()],
                class: EntityClass::Topic,
            }],
            links: Vec::new(),
            topics: Vec::new(),
            representatives: HashMap::new(),
            ties: Vec::new(),
            stated_ties: Vec::new(),
            stated_labels: Vec::new(),
            depictions: Vec::new(),
            depicted_by: Vec::new(),
            not_depicted: Vec::new(),
            picture_classes: HashMap::new(),
            dense: DenseIndex::new(space().id(), vectors, None, DenseConfig::default()),
            visual: Vec::new(),
            calibrations: HashMap::new(),
            lexical: LexicalIndex::open(&root.join("words"), LexicalConfig::default()).unwrap(),
        })
        .unwrap()
    }

    /// Scores of the leaflets after text evidence, in their order, from 0.3 for the first
    /// by 0.1 less for each.
    fn scores(text: &str, labels: Option<&[&str]>, weights: [f32; 3]) -> [f32; 4] {
        let root = tempfile::tempdir().unwrap();
        let snapshot = snapshot(root.path());
        let labels = labels.map(|all| all.iter().map(|l| AccessLabel((*l).to_owned())).collect());
        let view = snapshot.view(labels.as_ref()).unwrap();
        let named = [(valve(), 1.0)];
        let named = if text.contains("valve") { &named[..] } else { &[] };
        let embedder = WithoutPieces(space());
        let words = snapshot.lexical.placed_words(text).unwrap();
        let question = WordedQuestion { text, words: &words, named, embedder: &embedder };
        let ids = LEAFLETS.map(|(title, text, ..)| fragment_of(title, text).id);
        let fused = ids.iter().zip([0.3, 0.2, 0.1, 0.0]);
        let mut fused: Vec<_> = fused.map(|(id, score)| (id.clone(), score)).collect();
        let [soft_match_weight, feedback_weight, title_weight] = weights;
        let config = RetrieveConfig {
            soft_match_weight,
            feedback_weight,
            title_weight,
            ..RetrieveConfig::default()
        };
        add_text_evidence(&view, &question, &mut fused, &config).unwrap();
        assert!(fused.is_sorted_by(|a, b| a.1 >= b.1), "{fused:?}");
        ids.map(|id| fused.iter().find(|(known, _)| *known == id).unwrap().1)
    }

    const AS_THEY_WERE: [f32; 4] = [0.3, 0.2, 0.1, 0.0];

    #[test]
    fn names_alone_leave_the_ranking_as_it_is() {
        assert_eq!(scores("valve", None, [0.5, 0.5, 0.2]), AS_THEY_WERE);
        assert_ne!(scores("leaks of a shaft seal", None, [0.5, 0.5, 0.2]), AS_THEY_WERE);
    }

    #[test]
    fn without_weights_or_words_nothing_is_added() {
        assert_eq!(scores("leaks of a shaft seal", None, [0.0; 3]), AS_THEY_WERE);
        assert_eq!(scores("?!", None, [0.5, 0.5, 0.2]), AS_THEY_WERE);
        // No model has pieces here.
        assert_eq!(scores("leaks of a shaft seal", None, [0.5, 0.0, 0.0]), AS_THEY_WERE);
    }

    #[test]
    fn what_is_like_the_best_hits_gains_most() {
        let scores = scores("cleaning", Some(&["public"]), [0.0, 0.5, 0.0]);
        // The mean of the first three leans to the third.
        let expected = [0.3 + 0.3, 0.2, 0.1 + 0.5, 0.0];
        let near = scores.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near, "{scores:?}");
    }

    #[test]
    fn what_is_not_seen_takes_no_part() {
        let seen = |labels: Option<&[&str]>| scores("leaking seals", labels, [0.0, 0.0, 0.2]);
        let [.., leaking] = seen(None);
        assert!((leaking - 0.2).abs() < 1e-5, "{leaking}");
        let [_, shaft, _, leaking] = seen(Some(&["public"]));
        assert!((shaft - 0.4).abs() < 1e-5, "{shaft}");
        assert_eq!(leaking, 0.0);
    }

    #[test]
    fn text_counts_where_little_is_named_and_not_at_all_from_a_share_on() {
        assert_eq!([0.0, 0.1, 0.4, 1.0].map(|n| room(n, 0.4)), [1.0, 0.75, 0.0, 0.0]);
        assert_eq!([0.0, 0.5].map(|n| room(n, 0.0)), [0.0, 0.0]);
    }

    #[test]
    fn terms_go_from_nothing_to_their_weight_over_what_is_read() {
        let mut sums = vec![1.0, 1.0, 1.0];
        add(&mut sums, &[-0.5, 0.5, 0.0], 0.4);
        assert_eq!(sums, [1.0, 1.4, 1.2]);
    }

    #[test]
    fn a_term_that_tells_nothing_apart_adds_nothing() {
        let mut sums = vec![0.5, 0.5];
        add(&mut sums, &[0.7, 0.7], 0.4);
        add(&mut sums, &[], 0.4);
        assert_eq!(sums, [0.5, 0.5]);
    }
}
