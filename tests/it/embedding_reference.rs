//! Embeddings agree with the reference implementation: PyTorch's BERT with the
//! slow Python tokenizer, see `tests/reference/minilm.py`.

use crate::fixtures::{embedder, runtime};
use proptest::prelude::*;
use serde::Deserialize;
use std::sync::OnceLock;
use tokenizers::Tokenizer;
use veritrail::embed::{
    Embedder, InstallSource, Registry, TextModel, TextRole, cache_dir_from_env, install,
};

#[derive(Deserialize)]
struct ReferenceText {
    text: String,
}

fn reference_texts() -> Vec<String> {
    let lines = include_str!("../reference/minilm_texts.jsonl").lines();
    lines.map(|line| serde_json::from_str::<ReferenceText>(line).unwrap().text).collect()
}

/// The least and the mean cosine between vectors of the model and those of the reference.
fn cosines(model: &dyn Embedder) -> (f32, f32) {
    let texts = reference_texts();
    let expected: Vec<f32> = include_bytes!("../reference/minilm_vectors.f32")
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    assert_eq!(expected.len(), texts.len() * 384);
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embedded = model.embed(&words, TextRole::Passage, &mut |_| {}).unwrap();
    assert!(embedded.n_truncated > 0, "the texts include some beyond 256 tokens");
    let cosines = embedded.vectors.iter().zip(expected.chunks_exact(384)).map(|(ours, theirs)| {
        let length: f32 = theirs.iter().map(|v| v * v).sum::<f32>().sqrt();
        ours.iter().zip(theirs).map(|(a, b)| a * b).sum::<f32>() / length
    });
    let cosines: Vec<f32> = cosines.collect();
    let least = cosines.iter().copied().fold(f32::INFINITY, f32::min);
    (least, cosines.iter().sum::<f32>() / cosines.len() as f32)
}

#[test]
fn embeddings_of_all_lengths_and_scripts_agree_with_the_reference() {
    let cache = tempfile::tempdir().unwrap();
    let registry = Registry::builtin().unwrap();
    let entry = registry.find("all-minilm-l6-v2-float32").unwrap();
    let files = InstallSource::Folder(cache_dir_from_env().join("models/all-minilm-l6-v2"));
    install(entry, cache.path(), &files, &mut |_| {}, &mut |_, _, _| {}).unwrap();
    let model = TextModel::open(&runtime(), entry, cache.path(), 2).unwrap();
    let (least, _) = cosines(&model);
    assert!(least >= 0.9999, "least cosine {least}");
}

#[test]
fn weights_of_8_bits_give_nearly_the_same_embeddings() {
    // The least are texts of one mark or none.
    let (least, mean) = cosines(embedder().as_ref());
    assert!(least >= 0.99 && mean >= 0.998, "least cosine {least}, mean {mean}");
}

#[test]
fn a_text_has_the_same_embedding_to_the_bit_alone_and_among_others() {
    let texts = reference_texts();
    let words: Vec<&str> = texts.iter().map(String::as_str).collect();
    let of = |texts: &[&str]| {
        let embedded = embedder().embed(texts, TextRole::Passage, &mut |_| {}).unwrap();
        let vectors = embedded.vectors.into_iter();
        vectors
            .map(|vector| vector.iter().map(|v| v.to_bits()).collect::<Vec<u32>>())
            .collect::<Vec<_>>()
    };
    let together = of(&words);
    for (text, vector) in words.iter().zip(&together) {
        assert!(of(&[text]) == [vector.clone()], "{text}");
    }
}

proptest! {
    /// Counting word by word, once for each word, is counting the whole.
    #[test]
    fn a_text_has_the_tokens_of_its_words(
        text in "(the|valves?|E-17|[a-zA-Z]{1,12}|[ \t\n\r]|[.,]|\\[SEP\\]|[\u{0}\u{b}\u{85}\u{a0}\u{2003}é\u{301}中😀]){0,60}"
    ) {
        let path = cache_dir_from_env().join("models/all-minilm-l6-v2/tokenizer.json");
        static TOKENIZER: OnceLock<Tokenizer> = OnceLock::new();
        let whole = TOKENIZER.get_or_init(|| {
            let mut tokenizer = Tokenizer::from_file(path).expect("run `make models` first");
            tokenizer.with_truncation(None).unwrap();
            tokenizer.with_padding(None);
            tokenizer
        });
        let expected = whole.encode_fast(text.as_str(), false).unwrap().len();
        let counter = embedder().token_counter();
        for _ in 0..2 {
            prop_assert_eq!(counter.count(&text), expected, "{:?}", text);
        }
    }
}
