//! Time to answer from ten pieces of evidence without a language model, and to
//! check a generated answer. No embeddings: their time is the model's.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use veritrail::answer::{Asked, Claim, Config, check, extractive};
use veritrail::model::{
    Digest, DocumentId, Evidence, Fragment, FragmentId, FragmentKind, Span, VersionId,
};

fn evidence() -> Vec<Evidence> {
    (1..=10)
        .map(|number| {
            let text = format!(
                "# Pump P-{number}\n\nThe pump P-{number} moves {number}0 litres per minute at 6 bar. \
                 It must not run without oil. Check the oil level before each start, e.g. with the \
                 dipstick beside the **filler cap**.\n\n| Part | Torque |\n|---|---|\n\
                 | Cover bolts | 2{number} Nm |\n| Drain plug | 4{number} Nm |\n\n\
                 1. Close the [inlet valve](valves.md).\n2. Open the drain plug.\n\
                 3. Wait for 1{number} minutes.\n\nReplace the seal every {number},000 hours."
            );
            let document = DocumentId::from_source(&format!("pump-{number}.md"));
            let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
            let fragment = Fragment {
                id: FragmentId::new(&version, 0),
                document,
                version,
                ordinal: 0,
                heading_path: vec![format!("Pump P-{number}")],
                span: Span::new(0, text.chars().count()),
                page: None,
                text,
                kind: FragmentKind::Chunk,
            };
            Evidence {
                number,
                fragment,
                title: format!("Pump {number}"),
                source: format!("pump-{number}.md"),
                picture_source: None,
                score: 1.0,
                routes: Vec::new(),
                path: None,
                region: None,
            }
        })
        .collect()
}

fn answering(criterion: &mut Criterion) {
    let evidence = evidence();
    let options = Config::default();
    let asked = Asked {
        question: "What torque does the drain plug of the pump P-7 need?",
        evidence: &evidence,
        embed: None,
        rarity: None,
        options: &options,
    };
    criterion.bench_function("extractive answer from 10 evidences", |b| {
        b.iter(|| extractive(black_box(&asked)));
    });
    let claim = |text: &str, cited: &[usize]| Claim { text: text.into(), cited: cited.to_vec() };
    let claims = [
        claim("The drain plug of the pump P-7 needs a torque of 47 Nm.", &[7]),
        claim("The pump P-3 must not run without oil.", &[3]),
        claim("Replace the seal of the P-9 every 8,000 hours.", &[9]),
        claim("The pumps P-1 and P-2 move 10 and 20 litres per minute.", &[1, 2]),
    ];
    criterion.bench_function("check of 4 sentences against 10 evidences", |b| {
        b.iter(|| check(black_box(&claims), &asked));
    });
}

criterion_group!(benches, answering);
criterion_main!(benches);
