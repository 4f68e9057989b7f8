//! Speed of taking a document apart, without embedding it:
//! `cargo bench --bench ingest`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use veritrail::extract::{Gazetteer, mentions};
use veritrail::ingest::{IngestConfig, SourceItem, document, fragments, load};
use veritrail::model::{Entity, EntityClass, EntityId, normalise_label};

/// A manual of about 100 kB with headings, lists, tables, code and figures.
fn manual() -> String {
    (0..100)
        .map(|n| {
            format!(
                "## Unit {n}\n\nThe unit runs at {n} V and is part of [line {n}](line-{n}.md). \
                 It must be switched off before the cover is opened.\n\n![Front](img/{n}.png)\n\n\
                 *Front of unit {n}.*\n\n- open the valve\n- close the valve\n\n\
                 | Code | Meaning |\n|---|---|\n| E-{n} | Overheating of the motor |\n\n\
                 ```sh\n# comment\nreset --unit {n}\n```\n\n{}\n\n",
                "Long explanations follow in plain sentences that nobody reads. ".repeat(8)
            )
        })
        .collect()
}

fn ingest(criterion: &mut Criterion) {
    let config = IngestConfig::default();
    let words = |text: &str| text.split_whitespace().count();
    let bytes = manual().into_bytes();
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for source in ["manual.md", "manual.txt"] {
        let item =
            SourceItem { source: source.to_owned(), bytes: bytes.clone(), ..SourceItem::default() };
        group.bench_function(format!("load {source}"), |bencher| {
            bencher.iter(|| load(black_box(&item)).expect("the manual is valid"));
        });
        let (media_type, loaded) = load(&item).expect("the manual is valid");
        let document = document(&item, media_type, &loaded, &config);
        group.bench_function(format!("cut {source}"), |bencher| {
            bencher.iter(|| fragments(black_box(&loaded), &document, &words, &config.chunk));
        });
        let labels = (0..10_000).map(|n| format!("Unit {n}"));
        let entities: Vec<Entity> = labels
            .map(|label| Entity {
                id: EntityId::from_label(&normalise_label(&label)),
                labels: vec![label],
                class: EntityClass::Topic,
            })
            .collect();
        let gazetteer = Gazetteer::build(&entities).expect("the labels fit");
        let fragments = fragments(&loaded, &document, &words, &config.chunk);
        group.bench_function(format!("find names of 10,000 in {source}"), |bencher| {
            bencher.iter(|| {
                fragments.iter().map(|f| mentions(black_box(f), &gazetteer).len()).sum::<usize>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
