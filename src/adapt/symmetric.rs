//! Symmetric positive definite matrices: the little linear algebra that learning
//! needs.

use crate::index::dot;
use rayon::prelude::*;

/// A square matrix, row by row.
#[derive(Clone, Debug)]
pub(super) struct Square {
    pub(super) n: usize,
    values: Vec<f64>,
}

impl Square {
    fn row(&self, i: usize) -> &[f64] {
        self.values.get(i * self.n..(i + 1) * self.n).unwrap_or(&[])
    }

    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        self.row(i).get(j).copied().unwrap_or(0.0)
    }

    /// Mean of the diagonal.
    pub(super) fn mean_diagonal(&self) -> f64 {
        (0..self.n).map(|i| self.get(i, i)).sum::<f64>() / self.n.max(1) as f64
    }

    /// Dot products of all pairs of rows.
    pub(super) fn gram(rows: &[Vec<f32>]) -> Self {
        let n = rows.len();
        let values = rows
            .par_iter()
            .flat_map_iter(|a| rows.iter().map(move |b| f64::from(dot(a, b))))
            .collect();
        Self { n, values }
    }

    /// Mean of `row^T row` over rows, less the product of their mean.
    pub(super) fn covariance(rows: &[Vec<f32>]) -> Self {
        let d = rows.first().map_or(0, Vec::len);
        let centred = centred(rows, &mean(rows));
        let columns: Vec<Vec<f32>> = (0..d)
            .map(|j| centred.iter().filter_map(|row| row.get(j).copied()).collect())
            .collect();
        let mut covariance = Self::gram(&columns);
        covariance.values.iter_mut().for_each(|value| *value /= rows.len().max(1) as f64);
        covariance
    }

    /// The inverse of this matrix with `ridge` added to its diagonal.
    pub(super) fn inverse(&self, ridge: f64) -> Inverse {
        let n = self.n;
        let mut lower: Vec<Vec<f64>> =
            (0..n).map(|i| self.row(i).get(..=i).unwrap_or(&[]).to_vec()).collect();
        // Cholesky, column by column; rows below the diagonal side by side.
        for j in 0..n {
            let (done, rest) = lower.split_at_mut(j + 1);
            let Some(pivot) = done.last_mut() else { break };
            let (before, diagonal) = pivot.split_at_mut(j);
            let Some(diagonal) = diagonal.first_mut() else { break };
            *diagonal = (*diagonal + ridge - dot64(before, before)).max(f64::MIN_POSITIVE).sqrt();
            let (before, diagonal) = (&*before, *diagonal);
            rest.par_iter_mut().with_min_len(64).for_each(|row| {
                let (own, value) = row.split_at_mut(j);
                if let Some(value) = value.first_mut() {
                    *value = (*value - dot64(own, before)) / diagonal;
                }
            });
        }
        // Column i of the inverse of the lower triangle, from its diagonal down.
        let columns = (0..n)
            .into_par_iter()
            .map(|i| {
                let mut column: Vec<f64> = Vec::with_capacity(n - i);
                for (k, row) in lower.iter().enumerate().skip(i) {
                    let (own, diagonal) = row.split_at(k);
                    let sum = dot64(own.get(i..).unwrap_or(&[]), &column);
                    let unit = if k == i { 1.0 } else { 0.0 };
                    column.push((unit - sum) / diagonal.first().copied().unwrap_or(1.0));
                }
                column
            })
            .collect();
        Inverse { columns }
    }
}

/// An inverse, as the columns of the inverse of its lower triangle.
pub(super) struct Inverse {
    columns: Vec<Vec<f64>>,
}

impl Inverse {
    /// One entry.
    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.min(j), i.max(j));
        match (self.columns.get(i), self.columns.get(j)) {
            (Some(a), Some(b)) => dot64(a.get(j - i..).unwrap_or(&[]), b),
            _ => 0.0,
        }
    }

    /// The rows and columns with these numbers.
    pub(super) fn part(&self, numbers: &[usize]) -> Square {
        let values = numbers
            .par_iter()
            .flat_map_iter(|i| numbers.iter().map(move |j| self.get(*i, *j)))
            .collect();
        Square { n: numbers.len(), values }
    }

    /// The inverse times a matrix of `n` rows.
    pub(super) fn times(&self, rows: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let width = rows.first().map_or(0, Vec::len);
        let n = self.columns.len();
        // Row k of the lower inverse times the matrix, then its transpose times that.
        let half: Vec<Vec<f64>> = (0..n)
            .into_par_iter()
            .map(|k| {
                let mut sum = vec![0.0; width];
                for (i, (column, row)) in self.columns.iter().zip(rows).take(k + 1).enumerate() {
                    let factor = column.get(k - i).copied().unwrap_or(0.0);
                    sum.iter_mut().zip(row).for_each(|(s, v)| *s += factor * f64::from(*v));
                }
                sum
            })
            .collect();
        self.columns
            .par_iter()
            .enumerate()
            .map(|(i, column)| {
                let mut sum = vec![0.0; width];
                for (factor, row) in column.iter().zip(half.iter().skip(i)) {
                    sum.iter_mut().zip(row).for_each(|(s, v)| *s += factor * v);
                }
                sum
            })
            .collect()
    }

    /// The whole inverse as rows of 32-bit floats.
    pub(super) fn rows(&self) -> Vec<Vec<f32>> {
        let n = self.columns.len();
        (0..n).into_par_iter().map(|i| (0..n).map(|j| self.get(i, j) as f32).collect()).collect()
    }
}

/// Eight sums side by side, so that the compiler can use wide instructions.
fn dot64(a: &[f64], b: &[f64]) -> f64 {
    let ((a8, a_rest), (b8, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0f64; 8];
    for (x, y) in a8.iter().zip(b8) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let tail = if a8.len() == b8.len() {
        a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f64>()
    } else {
        let n = 8 * a8.len().min(b8.len());
        a.iter().zip(b).skip(n).map(|(x, y)| x * y).sum::<f64>()
    };
    sums.iter().sum::<f64>() + tail
}

/// Mean of rows.
pub(super) fn mean(rows: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0f64; rows.first().map_or(0, Vec::len)];
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v));
    }
    sum.into_iter().map(|s| (s / rows.len().max(1) as f64) as f32).collect()
}

/// Rows less a vector.
pub(super) fn centred(rows: &[Vec<f32>], mean: &[f32]) -> Vec<Vec<f32>> {
    rows.iter().map(|row| row.iter().zip(mean).map(|(v, m)| v - m).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::chance::Chance;

    fn rows(n: usize, d: usize) -> Vec<Vec<f32>> {
        let mut chance = Chance::new(7);
        (0..n).map(|_| (0..d).map(|_| chance.unit() as f32 - 0.5).collect()).collect()
    }

    #[test]
    fn the_inverse_times_the_matrix_is_one() {
        for n in [1, 7, 40] {
            let matrix = Square::gram(&rows(n, 60));
            let inverse = matrix.inverse(0.3);
            for i in 0..n {
                for j in 0..n {
                    let ridge = |a: usize, b: usize| if a == b { 0.3 } else { 0.0 };
                    let product: f64 =
                        (0..n).map(|k| (matrix.get(i, k) + ridge(i, k)) * inverse.get(k, j)).sum();
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-9, "{n} {i} {j} {product}");
                }
            }
        }
    }

    #[test]
    fn times_is_the_product_with_the_inverse() {
        let matrix = Square::gram(&rows(12, 30));
        let (inverse, right) = (matrix.inverse(1.0), rows(12, 5));
        let product = inverse.times(&right);
        for (i, row) in product.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                let expected: f64 =
                    (0..12).map(|k| inverse.get(i, k) * f64::from(right[k][j])).sum();
                assert!((value - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_covariance_is_that_of_the_definition() {
        let rows = rows(9, 4);
        let (covariance, mean) = (Square::covariance(&rows), mean(&rows));
        for i in 0..4 {
            for j in 0..4 {
                let expected: f64 = rows
                    .iter()
                    .map(|row| f64::from((row[i] - mean[i]) * (row[j] - mean[j])) / 9.0)
                    .sum();
                assert!((covariance.get(i, j) - expected).abs() < 1e-6);
            }
        }
    }
}
