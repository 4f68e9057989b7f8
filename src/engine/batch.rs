//! Questions that wait at the same time, embedded in one run.

use crate::embed::{Embedder, TextRole};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A text that waits, and who waits for its vector. No vector is sent when the run
/// failed: whoever waits then runs the model alone and gets an error of their own.
struct Waiting {
    text: String,
    answer: Sender<Vec<f32>>,
}

/// One thread before a model. It takes what waits, runs the model once for all of it,
/// and takes what came meanwhile. Nothing waits for company: under load the runs before
/// gather it, and without load a question is embedded at once.
pub(super) struct Batch {
    /// `None` when the thread could not be started.
    waiting: Option<Mutex<Sender<Waiting>>>,
}

impl Batch {
    /// Starts the thread; it ends when this is dropped.
    pub(super) fn start(embedder: Arc<dyn Embedder>, most_texts: usize) -> Self {
        let (sender, receiver) = channel();
        let work = move || run(embedder.as_ref(), &receiver, most_texts.max(1));
        let thread = thread::Builder::new().name("embed-questions".to_owned()).spawn(work);
        Self { waiting: thread.is_ok().then(|| Mutex::new(sender)) }
    }

    /// Vectors of texts, in their order; `None` when they must be made in another way.
    pub(super) fn embed(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        let sender = self.waiting.as_ref()?;
        let mut answers = Vec::with_capacity(texts.len());
        {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            for text in texts {
                let (answer, answered) = channel();
                sender.send(Waiting { text: (*text).to_owned(), answer }).ok()?;
                answers.push(answered);
            }
        }
        answers.iter().map(|answered| answered.recv().ok()).collect()
    }
}

fn run(embedder: &dyn Embedder, waiting: &Receiver<Waiting>, most_texts: usize) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(most_texts - 1));
        let texts: Vec<&str> = batch.iter().map(|waiting| waiting.text.as_str()).collect();
        match embedder.embed(&texts, TextRole::Query, &mut |_| {}) {
            Ok(embedded) => {
                for (waiting, vector) in batch.iter().zip(embedded.vectors) {
                    // Who asked may have gone.
                    drop(waiting.answer.send(vector));
                }
            }
            Err(error) => tracing::warn!(%error, n_texts = batch.len(), "a batch failed"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::embed::{EmbedError, EmbeddedTexts, TokenCounter};
    use crate::model::{Digest, Space};

    /// Gives the length of each text as its vector, remembers its runs, and fails for
    /// the text `bad`.
    pub(crate) struct Lengths {
        space: Space,
        pub(crate) runs: Mutex<Vec<Vec<String>>>,
    }

    impl Lengths {
        pub(crate) fn new() -> Self {
            let space = Space {
                model: "lengths".into(),
                files: vec![("model.onnx".into(), Digest::of(b"lengths"))],
                preprocessing: String::new(),
                pooling: "mean".into(),
                dimension: 1,
                normalised: false,
            };
            Self { space, runs: Mutex::default() }
        }
    }

    impl Embedder for Lengths {
        fn space(&self) -> &Space {
            &self.space
        }

        fn embed(
            &self,
            texts: &[&str],
            _: TextRole,
            _: &mut dyn FnMut(usize),
        ) -> Result<EmbeddedTexts, EmbedError> {
            let run = texts.iter().map(|text| (*text).to_owned()).collect();
            self.runs.lock().unwrap().push(run);
            if texts.contains(&"bad") {
                return Err(EmbedError::NotFinite { model: "lengths".into(), text: "bad".into() });
            }
            let vectors = texts.iter().map(|text| vec![text.len() as f32]).collect();
            Ok(EmbeddedTexts { vectors, n_truncated: 0 })
        }

        fn token_counter(&self) -> TokenCounter {
            unreachable!("no test counts tokens")
        }
    }

    #[test]
    fn what_waits_is_embedded_together() {
        let lengths = Lengths::new();
        let (sender, receiver) = channel();
        let ask = |text: &str| {
            let (answer, answered) = channel();
            sender.send(Waiting { text: text.to_owned(), answer }).unwrap();
            answered
        };
        let answers: Vec<_> = ["a", "bb", "ccc", "dddd", "eeeee"].map(ask).into();
        drop(sender);
        run(&lengths, &receiver, 4);
        let vectors: Vec<f32> = answers.iter().flat_map(|answer| answer.recv().unwrap()).collect();
        assert_eq!(vectors, [1.0, 2.0, 3.0, 4.0, 5.0]);
        let runs: Vec<usize> = lengths.runs.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(runs, [4, 1]);
    }

    #[test]
    fn a_run_that_fails_leaves_everybody_to_themselves() {
        let batch = Batch::start(Arc::new(Lengths::new()), 4);
        assert_eq!(batch.embed(&["bad"]), None);
        assert_eq!(batch.embed(&["good", "b"]), Some(vec![vec![4.0], vec![1.0]]));
    }
}
