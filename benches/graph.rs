//! Cost of the graph: the projection, walks, and the store on disk.
//!
//! `cargo bench --bench graph`. The projection has 200,000 nodes and 1,000,000
//! random edges (fixed seed). The store holds 6,000 documents of two fragments
//! of about 600 characters each, with eight mentions a document.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use veritrail::graph::{
    DepictionsWrite, DocumentWrite, IngestActivity, MentionsWrite, NodeKey, PageRankOptions,
    Projection, ProjectionBuilder, QueryOptions, ResultFormat, SearchMatch, SearchRequest, Store,
};
use veritrail::model::{
    AccessLabel, Depiction, DepictionMethod, DepictionStatus, Digest, Document, DocumentId,
    EntityId, Fragment, FragmentId, FragmentKind, MediaType, Mention, SpaceId, Span, VersionId,
};

const N_NODES: u64 = 200_000;
const N_EDGES: usize = 1_000_000;
const N_DOCUMENTS: usize = 6_000;

/// Marsaglia's xorshift64, so that every run sees the same graph.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn node(n: u64) -> NodeKey {
    NodeKey::Entity(EntityId::from_iri(format!("urn:veritrail:entity:{n:06}")))
}

fn filled_builder() -> ProjectionBuilder {
    let mut random = Random(12_345);
    let mut builder = ProjectionBuilder::new();
    for _ in 0..N_EDGES {
        let (a, b) = (random.below(N_NODES), random.below(N_NODES));
        builder.add_edge(node(a), node(b), 1.0 + random.below(4) as f32);
    }
    builder
}

fn seeds(projection: &Projection) -> Vec<(u32, f32)> {
    let mut random = Random(99);
    (0..10).map(|_| (random.below(projection.n_nodes() as u64) as u32, 1.0)).collect()
}

fn walks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("projection");
    group.sample_size(10);
    group.bench_function("collect 1M edges", |bencher| bencher.iter(filled_builder));
    group.bench_function("build", |bencher| {
        bencher.iter_batched(filled_builder, ProjectionBuilder::build, BatchSize::PerIteration);
    });
    let projection = filled_builder().build();
    let seeds = seeds(&projection);
    for (damping, epsilon) in [(0.5, 1e-4), (0.5, 1e-5), (0.85, 1e-5), (0.5, 1e-6), (0.85, 1e-6)] {
        let options = PageRankOptions { damping, epsilon };
        group.bench_function(
            format!("forward push, damping {damping}, epsilon {epsilon:e}"),
            |b| {
                b.iter(|| black_box(projection.personalised_pagerank(&seeds, options)));
            },
        );
    }
    for damping in [0.5, 0.85] {
        group.bench_function(format!("power iteration, 30 rounds, damping {damping}"), |b| {
            b.iter(|| black_box(projection.pagerank_by_iteration(&seeds, damping, 30)));
        });
    }
    group.finish();
}

struct Corpus(Vec<(Document, Vec<Fragment>, Vec<Mention>)>);

impl Corpus {
    fn new(n_documents: usize) -> Self {
        let mut random = Random(7);
        Self((0..n_documents).map(|n| Self::document(n, &mut random)).collect())
    }

    fn document(n: usize, random: &mut Random) -> (Document, Vec<Fragment>, Vec<Mention>) {
        let source = format!("docs/{n}.md");
        let id = DocumentId::from_source(&source);
        let digest = Digest::of(source.as_bytes());
        let version = VersionId::new(&id, &digest);
        let fragments: Vec<Fragment> = (0..2u32)
            .map(|ordinal| Fragment {
                id: FragmentId::new(&version, ordinal),
                document: id.clone(),
                version: version.clone(),
                ordinal,
                heading_path: vec!["Part".to_owned(), format!("Section {ordinal}")],
                span: Span::new(0, 600),
                page: None,
                text: format!("{n} {ordinal} ").repeat(75),
                kind: FragmentKind::Chunk,
            })
            .collect();
        let mentions = (0..8)
            .map(|place| Mention {
                fragment: FragmentId::new(&version, place as u32 % 2),
                span: Span::new(place * 10, place * 10 + 5),
                surface: "entity".to_owned(),
                entity: EntityId::from_label(&format!("entity {}", random.below(20_000))),
                confidence: 0.9,
                rule: "gazetteer".to_owned(),
            })
            .collect();
        let document = Document {
            version,
            id,
            digest,
            text_digest: digest,
            title: format!("Document {n}"),
            aliases: Vec::new(),
            is_term: false,
            source,
            media_type: MediaType::Markdown,
            access_label: AccessLabel::default(),
            language: None,
            size_bytes: 1_200,
            picture: None,
        };
        (document, fragments, mentions)
    }

    fn commit(&self, store: &Store) {
        let space = SpaceId(Digest::of(b"space"));
        let activity = IngestActivity {
            taken_from: "bench".into(),
            started_at: "2026-01-02T03:04:05Z".to_owned(),
            ended_at: "2026-01-02T03:04:06Z".to_owned(),
            software: "veritrail bench".to_owned(),
        };
        for (document, fragments, _) in &self.0 {
            let embedded: Vec<_> = fragments.iter().map(|f| (f.id.clone(), space)).collect();
            let write = DocumentWrite {
                document,
                fragments,
                lines: &[],
                regions: &[],
                links: &[],
                triples: &[],
                embedded: &embedded,
                about: None,
                recipe: &Digest::of(b"recipe"),
                activity: &activity,
            };
            store.commit_document(&write).unwrap();
        }
    }

    fn set_mentions(&self, store: &Store) {
        let writes: Vec<MentionsWrite<'_>> = self
            .0
            .iter()
            .map(|(document, _, mentions)| MentionsWrite {
                values: &[],
                version: &document.version,
                mentions,
                digest: Digest::of(b"mentions"),
            })
            .collect();
        store.set_mentions(&writes, &mut |_| {}).unwrap();
    }
}

fn store_on_disk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let corpus = Corpus::new(N_DOCUMENTS);
    let fresh = || {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    };
    group.throughput(Throughput::Elements(N_DOCUMENTS as u64));
    group.bench_function("commit_document", |bencher| {
        bencher.iter_batched(
            fresh,
            |(folder, store)| {
                corpus.commit(&store);
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    let (_folder, store) = fresh();
    corpus.commit(&store);
    corpus.set_mentions(&store);
    group.bench_function("commit_document, replacing", |b| b.iter(|| corpus.commit(&store)));
    group.bench_function("set_mentions, first", |bencher| {
        bencher.iter_batched(
            || corpus.commit(&store),
            |()| corpus.set_mentions(&store),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("set_mentions, replacing", |b| b.iter(|| corpus.set_mentions(&store)));
    group.bench_function("documents", |b| b.iter(|| store.documents().unwrap()));
    group.bench_function("fragments", |b| b.iter(|| store.fragments().unwrap()));
    group.bench_function("mentioned_entities", |b| b.iter(|| store.mentioned_entities().unwrap()));
    group.bench_function("check_integrity", |b| {
        b.iter(|| store.check_integrity(&|_, _| true, &|_| true).unwrap());
    });
    group.bench_function("SPARQL, every title", |b| {
        let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Csv] };
        let query = "SELECT ?d ?t { ?d a vt:Document ; dcterms:title ?t }";
        b.iter(|| store.query(query, &options, None, &mut std::io::sink()).unwrap());
    });
    group.bench_function("SPARQL, vt:search with 10 hits and their texts", |b| {
        let hits: Vec<FragmentId> =
            corpus.0.iter().flat_map(|(_, f, _)| f).map(|f| f.id.clone()).take(10).collect();
        let search = |_: &SearchRequest| {
            let found = hits.iter().cloned();
            Ok(found.map(|fragment| SearchMatch { fragment, score: 0.5, probability: None }).collect())
        };
        let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Csv] };
        let query = "SELECT ?title ?text ?s { SERVICE vt:search { ?hit vt:query \"x\" ; vt:k 10 ; vt:score ?s } \
                     ?hit vt:text ?text ; dcterms:isPartOf/dcterms:isVersionOf/dcterms:title ?title }";
        b.iter(|| store.query(query, &options, Some(&search), &mut std::io::sink()).unwrap());
    });
    group.throughput(Throughput::Elements(1_000));
    let claims: Vec<Depiction> = (0..1_000)
        .map(|n| {
            let picture = DocumentId::from_source(&format!("p/{n}.png"));
            let entity = EntityId::from_label(&format!("label {}", n % 50));
            let method = DepictionMethod::ZeroShot;
            Depiction::new(picture, entity, method, 0.5, DepictionStatus::Proposed)
        })
        .collect();
    let write = DepictionsWrite { depictions: &claims, labels: &[], made_of: Digest::of(b"x") };
    group.bench_function("set_depictions, the same again", |b| {
        b.iter(|| store.set_depictions(&write).unwrap());
    });
    group.bench_function("depictions", |b| b.iter(|| store.depictions().unwrap()));
    group.finish();
}

criterion_group!(benches, walks, store_on_disk);
criterion_main!(benches);
