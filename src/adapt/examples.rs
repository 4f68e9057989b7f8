//! Pictures with the texts that describe them, as vectors.

use crate::index::dot;
use crate::model::Digest;
use rayon::prelude::*;

/// A picture in the space that is adapted.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Its name; decides in which part it falls.
    pub id: String,
    /// Its vector, of unit length.
    pub vector: Vec<f32>,
    /// What a head reads of it: of the whole picture, then of other views of it.
    pub views: Vec<Vec<f32>>,
    /// The texts that describe it, by their position.
    pub texts: Vec<usize>,
}

/// Pictures and texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    /// The pictures.
    pub pictures: Vec<Example>,
    /// Vectors of the texts, of unit length.
    pub texts: Vec<Vec<f32>>,
}

impl Examples {
    /// The same with these pictures only, and the texts that describe them.
    pub fn part(&self, keep: &dyn Fn(&Example) -> bool) -> Self {
        let mut pictures: Vec<Example> =
            self.pictures.iter().filter(|picture| keep(picture)).cloned().collect();
        let mut used: Vec<usize> = pictures.iter().flat_map(|p| p.texts.clone()).collect();
        used.sort_unstable();
        used.dedup();
        for text in pictures.iter_mut().flat_map(|picture| &mut picture.texts) {
            *text = used.binary_search(text).unwrap_or(0);
        }
        let texts = used.iter().filter_map(|i| self.texts.get(*i).cloned()).collect();
        Self { pictures, texts }
    }

    /// Cuts off a held-back part of about `share` of the pictures: those whose name
    /// and the seed hash to the lowest numbers, so that the same picture always
    /// falls in the same part, whatever else there is.
    pub fn split(&self, share: f64, seed: u64) -> (Self, Self) {
        let held_back = |picture: &Example| is_held_back(&picture.id, share, seed);
        (self.part(&|picture| !held_back(picture)), self.part(&held_back))
    }

    /// The vectors of the pictures.
    pub fn vectors(&self) -> Vec<Vec<f32>> {
        self.pictures.iter().map(|picture| picture.vector.clone()).collect()
    }

    /// Pictures that each text describes.
    fn pictures_of_texts(&self) -> Vec<Vec<usize>> {
        let mut of_texts = vec![Vec::new(); self.texts.len()];
        for (i, picture) in self.pictures.iter().enumerate() {
            for text in &picture.texts {
                if let Some(pictures) = of_texts.get_mut(*text) {
                    pictures.push(i);
                }
            }
        }
        of_texts
    }

    /// The place of the first right picture for every text and of the first right
    /// text for every picture, from 1, when pictures have these vectors. A wrong one
    /// that is as near comes first. Texts whose cosine is above `same` mean the same:
    /// what only one of them describes is not wrong for the other, and has no place.
    pub fn places(&self, vectors: &[Vec<f32>], same: Option<f32>) -> Places {
        Places {
            text_to_image: self.places_of_texts(vectors, same),
            image_to_text: self.places_of_pictures(vectors, same),
        }
    }

    /// The texts' part of [`Self::places`].
    pub(super) fn places_of_texts(&self, vectors: &[Vec<f32>], same: Option<f32>) -> Vec<usize> {
        let (of_texts, alike) = (self.pictures_of_texts(), self.alike(same));
        let texts = self.texts.par_iter().zip(&of_texts).enumerate();
        texts
            .filter(|(_, (_, right))| !right.is_empty())
            .map(|(t, (text, right))| {
                let mut neutral = vec![false; vectors.len()];
                for other in alike.get(t).into_iter().flatten() {
                    for picture in of_texts.get(*other).into_iter().flatten() {
                        neutral.get_mut(*picture).into_iter().for_each(|n| *n = true);
                    }
                }
                place(text, vectors, right, &neutral)
            })
            .collect()
    }

    fn places_of_pictures(&self, vectors: &[Vec<f32>], same: Option<f32>) -> Vec<usize> {
        let alike = self.alike(same);
        let pictures = self.pictures.par_iter().zip(vectors);
        pictures
            .filter(|(picture, _)| !picture.texts.is_empty())
            .map(|(picture, vector)| {
                let mut neutral = vec![false; self.texts.len()];
                let others = picture.texts.iter().filter_map(|t| alike.get(*t)).flatten();
                for other in others {
                    neutral.get_mut(*other).into_iter().for_each(|n| *n = true);
                }
                place(vector, &self.texts, &picture.texts, &neutral)
            })
            .collect()
    }

    /// For every text the other texts whose cosine is above `same`.
    fn alike(&self, same: Option<f32>) -> Vec<Vec<usize>> {
        let Some(same) = same else { return vec![Vec::new(); self.texts.len()] };
        let near = |(i, text): (usize, &Vec<f32>)| {
            let others = self.texts.iter().enumerate();
            others.filter(|(j, other)| *j != i && dot(text, other) > same).map(|(j, _)| j).collect()
        };
        self.texts.par_iter().enumerate().map(near).collect()
    }

    /// The nearest `n` pictures of every text that describes one, as pairs of cosine
    /// and whether the text describes the picture: what a calibration is learned from.
    pub fn hits(&self, vectors: &[Vec<f32>], n: usize) -> Vec<Vec<(f32, bool)>> {
        let of_texts = self.pictures_of_texts();
        let nearest = |(text, right): (&Vec<f32>, &Vec<usize>)| {
            let mut scores: Vec<(f32, bool)> = vectors
                .iter()
                .enumerate()
                .map(|(i, vector)| (dot(text, vector), right.contains(&i)))
                .collect();
            scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            scores.truncate(n);
            scores
        };
        let with_pictures = self.texts.par_iter().zip(&of_texts);
        with_pictures.filter(|(_, right)| !right.is_empty()).map(nearest).collect()
    }
}

/// Scaled to unit length.
pub(super) fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    values.iter_mut().for_each(|value| *value /= length);
    values
}

/// Whether a picture falls into a held-back part of this share.
pub fn is_held_back(id: &str, share: f64, seed: u64) -> bool {
    let digest = Digest::of_parts([id.as_bytes(), &seed.to_le_bytes()]);
    let number = digest.as_bytes().iter().take(6).fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    (number as f64) < share * (1u64 << 48) as f64
}

/// Places of the first right candidates, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// For every text that describes a picture.
    pub text_to_image: Vec<usize>,
    /// For every picture with a text.
    pub image_to_text: Vec<usize>,
}

impl Places {
    /// Mean of the mean reciprocal places of both directions.
    pub fn mean_reciprocal(&self) -> f64 {
        let mean = |places: &[usize]| {
            places.iter().map(|place| 1.0 / *place as f64).sum::<f64>() / places.len().max(1) as f64
        };
        (mean(&self.text_to_image) + mean(&self.image_to_text)) / 2.0
    }
}

fn place(query: &[f32], candidates: &[Vec<f32>], right: &[usize], neutral: &[bool]) -> usize {
    let scores: Vec<f32> = candidates.iter().map(|candidate| dot(query, candidate)).collect();
    let best =
        right.iter().filter_map(|i| scores.get(*i).copied()).fold(f32::NEG_INFINITY, f32::max);
    let before = scores.iter().enumerate().filter(|(i, score)| {
        let is_neutral = neutral.get(*i).copied().unwrap_or(false);
        **score >= best && !is_neutral && !right.contains(i)
    });
    1 + before.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(id: &str, vector: [f32; 2], texts: &[usize]) -> Example {
        Example { id: id.into(), vector: vector.into(), views: vec![], texts: texts.into() }
    }

    fn examples() -> Examples {
        Examples {
            pictures: vec![
                example("a", [1.0, 0.0], &[0]),
                example("b", [0.8, 0.6], &[1, 2]),
                example("c", [0.0, 1.0], &[3]),
            ],
            texts: vec![vec![0.8, 0.6], vec![0.6, 0.8], vec![1.0, 0.0], vec![0.0, 1.0]],
        }
    }

    #[test]
    fn places_count_from_one_and_wrong_ones_as_near_come_first() {
        let examples = examples();
        let places = examples.places(&examples.vectors(), None);
        assert_eq!(places.text_to_image, [2, 1, 2, 1]);
        assert_eq!(places.image_to_text, [2, 2, 1]);
    }

    #[test]
    fn what_means_the_same_is_not_wrong() {
        let mut examples = examples();
        examples.texts[2] = vec![0.8, 0.6];
        let places = examples.places(&examples.vectors(), Some(0.99));
        assert_eq!(places.text_to_image[0], 1, "b is described by the same words");
    }

    #[test]
    fn parts_keep_their_texts_and_split_by_name() {
        let part = examples().part(&|picture| picture.id != "a");
        assert_eq!((part.pictures.len(), part.texts.len()), (2, 3));
        assert_eq!(part.pictures[1].texts, [2]);
        assert_eq!(part.texts[2], [0.0, 1.0]);
        let n = (0..10_000).filter(|i| is_held_back(&i.to_string(), 0.2, 1)).count();
        assert!((1_900..2_100).contains(&n), "{n}");
        let (all, none) = examples().split(0.0, 3);
        assert_eq!((all.pictures.len(), none.pictures.len()), (3, 0));
    }

    #[test]
    fn hits_are_the_nearest_pictures() {
        let examples = examples();
        let hits = examples.hits(&examples.vectors(), 1);
        assert_eq!(hits.len(), 4);
        assert_eq!(hits[1], [(0.6 * 0.8 + 0.8 * 0.6, true)]);
    }
}
