//! A learned correction of a picture model's vectors.
//!
//! ```text
//! x = clip((features - mean) / deviation, -5, 5)
//! h = unit(x * weights)
//! m = max over p of cos(x, p) - max over o of cos(x, o)
//! g = clamp((m - low) / (high - low), 0, 1)
//! v = unit((1 - share * g) * vector + share * g * h)
//! ```
//!
//! `p` are prototypes: pictures that the head was learned from. `o` are others: pictures
//! that it must leave alone; without any, their part is 0. A picture unlike all
//! prototypes, or more like the others, keeps the vector that the model gives it.

/// First bytes of a head file; the digits are the version of the format.
const MAGIC: &[u8; 8] = b"VTHEAD02";
/// The same of the version before, which has no others and one count less.
const MAGIC_WITHOUT_OTHERS: &[u8; 8] = b"VTHEAD01";
/// Standardised features beyond this are cut.
const CLIP: f32 = 5.0;
/// Numbers in front of the arrays, after the magic.
const N_COUNTS: usize = 4;

/// What a head is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadParts {
    /// Mean of every feature over the pictures that were learned from.
    pub mean: Vec<f32>,
    /// Deviation of every feature, above 0.
    pub deviation: Vec<f32>,
    /// A row for each feature, a column for each component of the vector.
    pub weights: Vec<f32>,
    /// Standardised features of unit length, one row after the other.
    pub prototypes: Vec<f32>,
    /// The same of pictures that it must leave alone; may be empty.
    pub others: Vec<f32>,
    /// Components of a vector.
    pub dimension: usize,
    /// How much of the vector the head makes where a picture is like those that
    /// were learned from, in `0..=1`.
    pub share: f32,
    /// How much nearer than the others the prototypes may be without any change, a
    /// difference of cosines.
    pub low: f32,
    /// The difference from which the whole share applies, above `low`.
    pub high: f32,
}

/// A head whose parts fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct Head(HeadParts);

/// Bytes or parts that are no head.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The bytes are of another kind.
    #[error("expected a head that begins with `VTHEAD02` or `VTHEAD01`, found other bytes")]
    Magic,
    /// The file is shorter or longer than its counts say.
    #[error("expected a head of {expected} bytes, found {found}")]
    Length {
        /// Bytes by the counts.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// An array has another length than the others ask for.
    #[error("the {array} of a head: expected {expected} numbers, found {found}")]
    Array {
        /// Which one.
        array: &'static str,
        /// Numbers by the other arrays.
        expected: usize,
        /// Numbers found.
        found: usize,
    },
    /// A number is not finite, or out of its range.
    #[error("the {0} of a head is not a number of its range")]
    Number(&'static str),
}

impl Head {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// When an array has the wrong length or a number is out of its range.
    pub fn new(parts: HeadParts) -> Result<Self, HeadError> {
        let n = parts.mean.len();
        let array = |array, expected, found| {
            if expected == found {
                return Ok(());
            }
            Err(HeadError::Array { array, expected, found })
        };
        array("deviation", n, parts.deviation.len())?;
        array("weights", n * parts.dimension, parts.weights.len())?;
        let n_prototypes = parts.prototypes.len() / n.max(1);
        array("prototypes", n_prototypes.max(1) * n, parts.prototypes.len())?;
        array("others", parts.others.len() / n.max(1) * n, parts.others.len())?;
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        for (name, right) in [
            ("mean", finite(&parts.mean) && n > 0),
            ("deviation", finite(&parts.deviation) && parts.deviation.iter().all(|d| *d > 0.0)),
            ("weights", finite(&parts.weights) && parts.dimension > 0),
            ("prototypes", finite(&parts.prototypes)),
            ("others", finite(&parts.others)),
            ("share", (0.0..=1.0).contains(&parts.share)),
            ("low", parts.low.is_finite()),
            ("high", parts.high.is_finite() && parts.high > parts.low),
        ] {
            if !right {
                return Err(HeadError::Number(name));
            }
        }
        Ok(Self(parts))
    }

    /// What it is made of.
    pub fn parts(&self) -> &HeadParts {
        &self.0
    }

    /// Features of a picture that it reads.
    pub fn n_features(&self) -> usize {
        self.0.mean.len()
    }

    /// Standardised features.
    pub fn standardised(&self, features: &[f32]) -> Vec<f32> {
        let columns = self.0.mean.iter().zip(&self.0.deviation);
        let values = features.iter().zip(columns);
        values
            .map(|(value, (mean, deviation))| ((value - mean) / deviation).clamp(-CLIP, CLIP))
            .collect()
    }

    /// The direction in which the head alone sees the picture with these
    /// standardised features, of unit length.
    pub fn direction(&self, standardised: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0f32; self.0.dimension];
        for (value, row) in standardised.iter().zip(self.0.weights.chunks_exact(self.0.dimension)) {
            sum.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
        }
        unit(sum)
    }

    /// How much nearer a picture with these standardised features is to those that were
    /// learned from than to the others, a difference of cosines.
    pub fn margin(&self, standardised: &[f32]) -> f32 {
        let norm = length(standardised).max(f32::MIN_POSITIVE);
        let nearest = |rows: &[f32]| {
            rows.chunks_exact(self.n_features().max(1))
                .map(|row| row.iter().zip(standardised).map(|(a, b)| a * b).sum::<f32>() / norm)
                .reduce(f32::max)
        };
        let prototype = nearest(&self.0.prototypes).unwrap_or(f32::NEG_INFINITY);
        prototype - nearest(&self.0.others).unwrap_or(0.0)
    }

    /// How much of the share applies to a picture with these standardised features, in
    /// `0..=1`.
    pub fn gate(&self, standardised: &[f32]) -> f32 {
        let margin = self.margin(standardised);
        ((margin - self.0.low) / (self.0.high - self.0.low)).clamp(0.0, 1.0)
    }

    /// The vector of a picture in the adapted space, from the vector that the model
    /// gives it and the features that the head reads.
    ///
    /// # Errors
    /// When the vector or the features have another length than those that were
    /// learned from.
    pub fn apply(&self, vector: &[f32], features: &[f32]) -> Result<Vec<f32>, HeadError> {
        for (array, expected, found) in [
            ("vector", self.0.dimension, vector.len()),
            ("features", self.n_features(), features.len()),
        ] {
            if expected != found {
                return Err(HeadError::Array { array, expected, found });
            }
        }
        let x = self.standardised(features);
        let share = self.0.share * self.gate(&x);
        Ok(mixed(vector, &self.direction(&x), share))
    }

    /// The file form: magic, counts of features, components, prototypes and others,
    /// then share, low, high and the arrays, all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts = &self.0;
        let n_rows = |rows: &[f32]| rows.len() / self.n_features().max(1);
        let mut bytes = MAGIC.to_vec();
        let rows = [n_rows(&parts.prototypes), n_rows(&parts.others)];
        for count in [self.n_features(), parts.dimension].into_iter().chain(rows) {
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
        }
        let scalars = [parts.share, parts.low, parts.high];
        let arrays =
            [&parts.mean, &parts.deviation, &parts.weights, &parts.prototypes, &parts.others];
        for value in scalars.iter().chain(arrays.into_iter().flatten()) {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads the file form, also of the version before.
    ///
    /// # Errors
    /// When the bytes are of another kind, torn, or do not fit together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeadError> {
        let (body, n_counts) = match bytes.strip_prefix(MAGIC) {
            Some(body) => (body, N_COUNTS),
            None => {
                let body = bytes.strip_prefix(MAGIC_WITHOUT_OTHERS).ok_or(HeadError::Magic)?;
                (body, N_COUNTS - 1)
            }
        };
        let words: Vec<[u8; 4]> = body.as_chunks::<4>().0.to_vec();
        let count = |i: usize| {
            let word = words.get(i).filter(|_| i < n_counts);
            word.map_or(0, |word| u32::from_le_bytes(*word) as usize)
        };
        let (n, dimension, n_prototypes, n_others) = (count(0), count(1), count(2), count(3));
        let n_rows = dimension.saturating_add(n_prototypes).saturating_add(n_others);
        let sizes = [3, n, n, n.saturating_mul(n_rows)];
        let n_numbers = sizes.iter().fold(n_counts, |sum, size| sum.saturating_add(*size));
        let expected = n_numbers.saturating_mul(4).saturating_add(MAGIC.len());
        if expected != bytes.len() {
            return Err(HeadError::Length { expected, found: bytes.len() });
        }
        let mut numbers = words.into_iter().skip(n_counts).map(f32::from_le_bytes);
        let mut take = |n: usize| -> Vec<f32> { numbers.by_ref().take(n).collect() };
        let scalars = take(3);
        let scalar = |i: usize| scalars.get(i).copied().unwrap_or(f32::NAN);
        Self::new(HeadParts {
            mean: take(n),
            deviation: take(n),
            weights: take(n * dimension),
            prototypes: take(n * n_prototypes),
            others: take(n * n_others),
            dimension,
            share: scalar(0),
            low: scalar(1),
            high: scalar(2),
        })
    }
}

/// `share` of one unit vector and the rest of another, scaled to unit length.
pub fn mixed(vector: &[f32], direction: &[f32], share: f32) -> Vec<f32> {
    unit(vector.iter().zip(direction).map(|(v, h)| (1.0 - share) * v + share * h).collect())
}

fn length(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let length = length(&values).max(f32::MIN_POSITIVE);
    values.iter_mut().for_each(|value| *value /= length);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(share: f32) -> Head {
        Head::new(HeadParts {
            mean: vec![1.0, 0.0, 0.0],
            deviation: vec![2.0, 1.0, 1.0],
            weights: vec![0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
            prototypes: vec![1.0, 0.0, 0.0],
            others: Vec::new(),
            dimension: 2,
            share,
            low: 0.5,
            high: 0.9,
        })
        .unwrap()
    }

    #[test]
    fn a_picture_like_those_learned_from_moves_and_another_stays() {
        let vector = [1.0, 0.0];
        let moved = head(1.0).apply(&vector, &[3.0, 0.0, 0.0]).unwrap();
        assert_eq!(moved, [0.0, 1.0]);
        let half = head(0.5).apply(&vector, &[3.0, 0.0, 0.0]).unwrap();
        assert!((half[0] - half[1]).abs() < 1e-6 && (length(&half) - 1.0).abs() < 1e-6);
        assert_eq!(head(1.0).apply(&vector, &[1.0, 0.0, 7.0]).unwrap(), vector);
    }

    fn with_others(share: f32) -> Head {
        Head::new(HeadParts { others: vec![0.0, 1.0, 0.0], ..head(share).parts().clone() }).unwrap()
    }

    #[test]
    fn a_picture_more_like_the_others_stays() {
        let between = [3.0, 1.0, 0.0];
        let vector = [1.0, 0.0];
        assert_ne!(head(1.0).apply(&vector, &between).unwrap(), vector);
        assert_eq!(with_others(1.0).apply(&vector, &between).unwrap(), vector);
        let own = [3.0, 0.0, 0.0];
        assert_eq!(with_others(1.0).apply(&vector, &own).unwrap(), [0.0, 1.0]);
    }

    #[test]
    fn a_head_survives_its_file_form() {
        for head in [head(0.25), with_others(0.25)] {
            assert_eq!(Head::from_bytes(&head.to_bytes()).unwrap(), head);
        }
    }

    #[test]
    fn the_version_before_is_read_without_others() {
        let head = head(0.25);
        let bytes = head.to_bytes();
        let (start, rest) = (MAGIC.len() + 4 * (N_COUNTS - 1), MAGIC.len() + 4 * N_COUNTS);
        let before = [MAGIC_WITHOUT_OTHERS, &bytes[MAGIC.len()..start], &bytes[rest..]].concat();
        assert_eq!(Head::from_bytes(&before).unwrap(), head);
    }

    #[test]
    fn torn_and_foreign_files_are_refused() {
        let bytes = head(0.25).to_bytes();
        assert!(matches!(Head::from_bytes(b"other"), Err(HeadError::Magic)));
        for n in MAGIC.len()..bytes.len() {
            assert!(Head::from_bytes(&bytes[..n]).is_err(), "{n}");
        }
        let mut wrong = bytes;
        let share = MAGIC.len() + 4 * N_COUNTS;
        wrong[share..share + 4].copy_from_slice(&2.0f32.to_le_bytes());
        assert!(matches!(Head::from_bytes(&wrong), Err(HeadError::Number("share"))));
    }

    #[test]
    fn features_of_another_model_are_refused() {
        let error = head(0.5).apply(&[1.0, 0.0], &[1.0]).unwrap_err().to_string();
        assert!(error.contains("expected 3 numbers, found 1"), "{error}");
    }
}
