//! Learning a head, and applying it to a picture.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use veritrail::adapt::{Example, Examples, learn};

const N_FEATURES: usize = 1_280;
const DIMENSION: usize = 384;

/// Pictures of the size that the bundled model makes, by a small generator.
fn examples(n: usize) -> Examples {
    let mut state = 1u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let mut unit = |n: usize| {
        let values: Vec<f32> = (0..n).map(|_| number()).collect();
        let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.into_iter().map(|v| v / length).collect::<Vec<f32>>()
    };
    let texts = (0..n).map(|_| unit(DIMENSION)).collect();
    let pictures = (0..n)
        .map(|i| Example {
            id: i.to_string(),
            vector: unit(DIMENSION),
            views: vec![unit(N_FEATURES)],
            texts: vec![i],
        })
        .collect();
    Examples { pictures, texts }
}

fn adapt(criterion: &mut Criterion) {
    let examples = examples(240);
    let mut group = criterion.benchmark_group("adapt");
    group.sample_size(10);
    group.bench_function("learn from 240 pictures", |b| {
        b.iter(|| learn(black_box(&examples), &[]).map(|learned| learned.n_pictures));
    });
    let Ok(learned) = learn(&examples, &[]) else { return };
    let Some(picture) = examples.pictures.first() else { return };
    let Some(features) = picture.views.first() else { return };
    group.bench_function("apply to one picture", |b| {
        b.iter(|| learned.head.apply(black_box(&picture.vector), black_box(features)).is_ok());
    });
    group.finish();
}

criterion_group!(benches, adapt);
criterion_main!(benches);
