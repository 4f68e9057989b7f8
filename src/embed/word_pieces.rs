//! Pieces of words with the vectors that a text model starts from.
//!
//! A model of the BERT kind (Devlin et al., 2019) cuts words into pieces (Wu et al.,
//! "Google's Neural Machine Translation System", 2016) and begins with a vector for each
//! piece, wherever it stands. These vectors are near to each other for words of like
//! meaning, and looking them up costs no run of the model. Those of all pieces share a
//! direction that says nothing; it is taken out (Mu and Viswanath, "All-but-the-Top",
//! 2018).

use super::embedder::TokenCounter;
use super::safetensors::{SafeTensorsError, Table, read_table};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Names of the table of pieces in files of weights.
const TABLES: [&str; 2] =
    ["embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight"];
/// Words whose pieces are remembered at most.
const MAX_WORDS: usize = 1 << 16;
/// Longer words, in bytes, are not remembered: they come once.
const MAX_WORD_BYTES: usize = 64;

/// Cuts texts into pieces of words and knows the vector of each piece.
pub struct WordPieces {
    counter: TokenCounter,
    vectors: PieceVectors,
    /// Pieces of words that were cut before.
    known: Mutex<HashMap<Box<str>, Box<[u32]>>>,
}

/// The vector of a piece in whole numbers. The cosine of two pieces is the dot product of
/// their numbers, divided by both lengths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PieceVector<'a> {
    /// Its components by a scale of its own: the largest is 127 or -127.
    pub numbers: &'a [i8],
    /// The length of `numbers`, more than 0.
    pub length: f32,
}

impl WordPieces {
    /// Reads the table of pieces from a file of weights; `None` where it has no such
    /// table, or where pieces reach beyond words.
    pub(super) fn read(
        counter: TokenCounter,
        weights: &Path,
    ) -> Result<Option<Self>, SafeTensorsError> {
        if !counter.reads_words() {
            return Ok(None);
        }
        let table = read_table(&mut File::open(weights)?, &TABLES)?;
        let vectors = table.map(PieceVectors::of);
        Ok(vectors.map(|vectors| Self { counter, vectors, known: Mutex::default() }))
    }

    /// Pieces of all words of a text, each once, in ascending order. Marks between words
    /// are left out.
    pub fn pieces(&self, text: &str) -> Vec<u32> {
        let separates = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
        let words = text.split(separates).filter(|word| !word.is_empty());
        let (mut pieces, mut unknown): (Vec<u32>, Vec<&str>) = (Vec::new(), Vec::new());
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for word in words {
                match known.get(word) {
                    Some(found) => pieces.extend(found),
                    None => unknown.push(word),
                }
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        // Others need not wait while words are cut.
        let cut = unknown.into_iter().map(|word| (word, self.counter.pieces_of(word)));
        let cut: Vec<(&str, Vec<u32>)> = cut.collect();
        pieces.extend(cut.iter().flat_map(|(_, found)| found));
        if !cut.is_empty() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (word, found) in cut.into_iter().filter(|(word, _)| word.len() <= MAX_WORD_BYTES) {
                if known.len() >= MAX_WORDS {
                    known.clear();
                }
                known.insert(word.into(), found.into());
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        pieces
    }

    /// The vector of a piece; `None` for one without a direction.
    pub fn vector(&self, piece: u32) -> Option<PieceVector<'_>> {
        self.vectors.get(piece)
    }
}

/// Vectors of pieces, less the mean of all, as whole numbers of 8 bits.
struct PieceVectors {
    n_columns: usize,
    numbers: Vec<i8>,
    lengths: Vec<f32>,
}

impl PieceVectors {
    fn of(table: Table) -> Self {
        let Table { mut values, n_columns } = table;
        let n_columns = n_columns.max(1);
        let mut mean = vec![0f64; n_columns];
        for row in values.chunks_exact(n_columns) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        let n_rows = (values.len() / n_columns).max(1) as f64;
        let mean: Vec<f32> = mean.into_iter().map(|sum| (sum / n_rows) as f32).collect();
        let mut numbers = Vec::with_capacity(values.len());
        let mut lengths = Vec::with_capacity(values.len() / n_columns);
        for row in values.chunks_exact_mut(n_columns) {
            let mut largest = 0f32;
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
                largest = largest.max(value.abs());
            }
            let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            let rounded = row.iter().map(|value| (value * scale).round_ties_even());
            lengths.push(rounded.clone().map(|number| number * number).sum::<f32>().sqrt());
            numbers.extend(rounded.map(|number| number as i8));
        }
        Self { n_columns, numbers, lengths }
    }

    fn get(&self, piece: u32) -> Option<PieceVector<'_>> {
        let row = usize::try_from(piece).ok()?;
        let length = self.lengths.get(row).copied().filter(|length| *length > 0.0)?;
        let start = row * self.n_columns;
        let numbers = self.numbers.get(start..start + self.n_columns)?;
        Some(PieceVector { numbers, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::Tokenizer;

    const TOKENIZER: &str = r###"{"version":"1.0","truncation":null,"padding":null,
        "added_tokens":[{"id":0,"content":"[UNK]","single_word":false,"lstrip":false,
            "rstrip":false,"normalized":false,"special":true}],
        "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
            "strip_accents":null,"lowercase":true},
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
            "max_input_chars_per_word":100,
            "vocab":{"[UNK]":0,"car":1,"auto":2,"fish":3,"##s":4,",":5}}}"###;

    /// "car" and "auto" point one way and "fish" another, all far from the origin.
    const ROWS: [[f32; 2]; 6] =
        [[8.0, 8.0], [9.0, 8.0], [9.0, 8.1], [7.0, 8.0], [8.0, 9.0], [7.0, 6.9]];

    fn read(name: &str) -> Option<WordPieces> {
        let counter = TokenCounter::new(TOKENIZER.parse::<Tokenizer>().unwrap());
        let header =
            format!(r#"{{"{name}":{{"dtype":"F32","shape":[6,2],"data_offsets":[0,48]}}}}"#);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(ROWS.as_flattened().iter().flat_map(|value| value.to_le_bytes()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, bytes).unwrap();
        WordPieces::read(counter, &path).unwrap()
    }

    #[test]
    fn pieces_of_a_text_are_those_of_its_words() {
        let pieces = read(TABLES[0]).unwrap();
        for _ in 0..2 {
            assert_eq!(pieces.pieces("Cars, (fish)\nand AUTO; cars"), [1, 2, 3, 4]);
        }
        assert_eq!(pieces.pieces("?! boat"), Vec::<u32>::new());
    }

    #[test]
    fn near_words_have_near_vectors_once_the_mean_is_gone() {
        let pieces = read(TABLES[1]).unwrap();
        let cosine = |a: u32, b: u32| {
            let (a, b) = (pieces.vector(a).unwrap(), pieces.vector(b).unwrap());
            let products = a.numbers.iter().zip(b.numbers);
            let sum: f32 = products.map(|(x, y)| f32::from(*x) * f32::from(*y)).sum();
            sum / a.length / b.length
        };
        assert!((cosine(1, 1) - 1.0).abs() < 1e-6);
        assert!(cosine(1, 2) > 0.9, "{}", cosine(1, 2));
        assert!(cosine(1, 3) < -0.9, "{}", cosine(1, 3));
        // What is at the mean has no direction.
        assert_eq!(pieces.vector(0), None);
        assert_eq!(pieces.vector(6), None);
    }

    #[test]
    fn weights_without_a_table_of_pieces_give_none() {
        assert!(read("encoder.weight").is_none());
    }
}
