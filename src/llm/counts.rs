//! What language models were asked and what it cost, counted where every call passes.

use super::openai::Piece;
use super::structured::BYTES_PER_TOKEN;
use super::{GenerateError, TokenUsage};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, shared by all generators that were made of one.
#[derive(Debug, Default)]
pub(super) struct Counts {
    n_calls: AtomicU64,
    n_prompt_tokens: AtomicU64,
    n_output_tokens: AtomicU64,
    failures: [AtomicU64; GenerateError::KINDS.len()],
}

/// What language models were asked since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTotals {
    /// Requests that were sent.
    pub n_calls: u64,
    /// Tokens of prompts, estimated by length where a server counts none.
    pub n_prompt_tokens: u64,
    /// Tokens of outputs, likewise.
    pub n_output_tokens: u64,
    /// Requests that failed, for each of [`GenerateError::KINDS`].
    pub failures: Vec<(&'static str, u64)>,
}

impl Counts {
    pub(super) fn totals(&self) -> CallTotals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CallTotals {
            n_calls: read(&self.n_calls),
            n_prompt_tokens: read(&self.n_prompt_tokens),
            n_output_tokens: read(&self.n_output_tokens),
            failures: GenerateError::KINDS
                .into_iter()
                .zip(self.failures.iter().map(read))
                .collect(),
        }
    }
}

/// One call while it runs; what it cost is counted when it is over or given up.
pub(super) struct Call {
    counts: Arc<Counts>,
    n_prompt_bytes: usize,
    n_output_bytes: usize,
    usage: Option<TokenUsage>,
    refused: bool,
}

impl Call {
    pub(super) fn begin(counts: Arc<Counts>, n_prompt_bytes: usize) -> Self {
        counts.n_calls.fetch_add(1, Ordering::Relaxed);
        Self { counts, n_prompt_bytes, n_output_bytes: 0, usage: None, refused: false }
    }

    pub(super) fn hear(&mut self, piece: &Result<Piece, GenerateError>) {
        match piece {
            Ok(Piece::Text(text)) => self.n_output_bytes += text.len(),
            Ok(Piece::Usage(usage)) => self.usage = Some(*usage),
            Ok(Piece::CutShort) => {}
            Err(error) => {
                self.refused = self.n_output_bytes == 0;
                let kind = GenerateError::KINDS.iter().position(|kind| *kind == error.kind());
                if let Some(count) = kind.and_then(|kind| self.counts.failures.get(kind)) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.refused {
            return;
        }
        let n_tokens = |n_bytes: usize| n_bytes.div_ceil(BYTES_PER_TOKEN) as u64;
        let counted = self.usage.filter(|usage| usage.n_prompt > 0);
        let (n_prompt, n_output) = counted.map_or_else(
            || (n_tokens(self.n_prompt_bytes), n_tokens(self.n_output_bytes)),
            |usage| (usage.n_prompt, usage.n_output),
        );
        self.counts.n_prompt_tokens.fetch_add(n_prompt, Ordering::Relaxed);
        self.counts.n_output_tokens.fetch_add(n_output, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(counts: &Arc<Counts>, pieces: Vec<Result<Piece, GenerateError>>) {
        let mut call = Call::begin(Arc::clone(counts), 30);
        pieces.iter().for_each(|piece| call.hear(piece));
    }

    #[test]
    fn calls_tokens_and_failures_are_counted() {
        let counts = Arc::new(Counts::default());
        let usage = TokenUsage { n_prompt: 40, n_output: 5, estimated: false };
        call(&counts, vec![Ok(Piece::Text("abc".into())), Ok(Piece::Usage(usage))]);
        call(&counts, vec![Ok(Piece::Text("abcdef".into()))]);
        let refused = GenerateError::Overloaded { base_url: String::new(), status: 503 };
        call(&counts, vec![Err(refused)]);
        let totals = counts.totals();
        assert_eq!(totals.n_calls, 3);
        assert_eq!((totals.n_prompt_tokens, totals.n_output_tokens), (50, 7));
        let failed: Vec<_> = totals.failures.iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(failed, [&("overloaded", 1)]);
    }
}
