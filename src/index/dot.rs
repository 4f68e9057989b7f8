//! Dot products with the widest instructions of the machine.

use pulp::{Arch, Simd, WithSimd};

/// One row against a matrix: the scores of all rows.
struct Scores<'a> {
    query: &'a [f32],
    rows: &'a [f32],
    scores: &'a mut [f32],
}

impl WithSimd for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let rows = self.rows.chunks_exact(self.query.len());
        for (row, score) in rows.zip(self.scores) {
            *score = dot_with(simd, self.query, row);
        }
    }
}

struct One<'a>(&'a [f32], &'a [f32]);

impl WithSimd for One<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        dot_with(simd, self.0, self.1)
    }
}

/// The same for whole numbers of 8 bits.
struct ByteScores<'a> {
    query: &'a [i8],
    rows: &'a [i8],
    scores: &'a mut [i32],
}

impl WithSimd for ByteScores<'_> {
    type Output = ();

    /// Plain loops: the compiler makes wide instructions of sums of whole numbers, whose
    /// order does not matter, unless each sum is checked for overflow. None can be: it
    /// would take rows of 2^17 numbers.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let rows = self.rows.chunks_exact(self.query.len());
        for (row, score) in rows.zip(self.scores) {
            let products = self.query.iter().zip(row);
            *score = products.fold(0i32, |sum, (x, y)| {
                sum.wrapping_add(i32::from(*x).wrapping_mul(i32::from(*y)))
            });
        }
    }
}

/// Four independent sums hide the latency of multiply-add.
#[inline(always)]
fn dot_with<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a, _) = a.split_at(n);
    let (b, _) = b.split_at(n);
    let (a_wide, a_rest) = S::as_simd_f32s(a);
    let (b_wide, b_rest) = S::as_simd_f32s(b);
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 4];
    let (a_fours, a_tail) = pulp::as_arrays::<4, _>(a_wide);
    let (b_fours, b_tail) = pulp::as_arrays::<4, _>(b_wide);
    for (x, y) in a_fours.iter().zip(b_fours) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum = simd.mul_add_f32s(*x, *y, *sum);
        }
    }
    let [first, second, third, fourth] = sums;
    let mut sum = simd.add_f32s(simd.add_f32s(first, second), simd.add_f32s(third, fourth));
    for (x, y) in a_tail.iter().zip(b_tail) {
        sum = simd.mul_add_f32s(*x, *y, sum);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    simd.reduce_sum_f32s(sum) + rest
}

/// The dot product of two vectors; the shorter length counts.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    Arch::new().dispatch(One(a, b))
}

/// The dot products of `query` with every row of a row-major matrix.
pub(super) fn scores(query: &[f32], rows: &[f32], scores: &mut Vec<f32>) {
    scores.clear();
    if query.is_empty() {
        return;
    }
    scores.resize(rows.len() / query.len(), 0.0);
    Arch::new().dispatch(Scores { query, rows, scores });
}

/// The dot products of `query` with every row of a row-major matrix of whole numbers of
/// 8 bits.
pub fn byte_scores(query: &[i8], rows: &[i8], scores: &mut Vec<i32>) {
    scores.clear();
    if query.is_empty() {
        return;
    }
    scores.resize(rows.len() / query.len(), 0);
    Arch::new().dispatch(ByteScores { query, rows, scores });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_naive_sum(
            pairs in prop::collection::vec((-1f32..1.0, -1f32..1.0), 1..500)
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let naive: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            prop_assert!((f64::from(dot(&a, &b)) - naive).abs() < 1e-4);
            let mut all = Vec::new();
            scores(&a, &b, &mut all);
            prop_assert!((f64::from(all[0]) - naive).abs() < 1e-4);
        }

        #[test]
        fn whole_numbers_agree_with_the_naive_sum(
            pairs in prop::collection::vec((any::<i8>(), any::<i8>()), 1..500)
        ) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let naive: i32 = a.iter().zip(&b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
            let mut all = Vec::new();
            byte_scores(&a, &[b.as_slice(), b.as_slice()].concat(), &mut all);
            prop_assert_eq!(all, vec![naive, naive]);
        }
    }
}
