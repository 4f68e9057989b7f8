//! Sessions of ONNX Runtime: how they are opened, and who has which.

use super::convert::{Form, Precision, bert_to_onnx};
use super::embedder::EmbedError;
use super::install::InstallError;
use super::registry::{FileEntry, ModelEntry};
use super::runtime::{Device, Runtime};
use super::safetensors::{SafeTensorsError, read_table};
use super::text_model::OpenError;
use super::whole_products::Signs;
use ort::ep::CUDA;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{DynValue, Tensor};
use std::fs::{self, File};
use std::iter;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::ScopedJoinHandle;

/// The table of word pieces in a converted graph and in the weights it was made from.
const WORD_PIECES: &str = "embeddings.word_embeddings.weight";

/// Sessions of one model that run side by side; at least one.
pub(super) struct Sessions {
    first: Mutex<Session>,
    others: Vec<Mutex<Session>>,
    inputs: Vec<String>,
    /// How often somebody found all of them in use.
    n_waits: AtomicUsize,
}

impl Sessions {
    fn new(first: Session, others: Vec<Session>) -> Self {
        Self {
            inputs: first.inputs().iter().map(|input| input.name().to_owned()).collect(),
            first: Mutex::new(first),
            others: others.into_iter().map(Mutex::new).collect(),
            n_waits: AtomicUsize::new(0),
        }
    }

    /// How many there are.
    pub(super) fn size(&self) -> usize {
        1 + self.others.len()
    }

    /// Names of what the model takes in.
    pub(super) fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// A session that nobody else has until the guard is dropped. Where all are in use,
    /// those who wait are spread over them.
    pub(super) fn take(&self) -> MutexGuard<'_, Session> {
        let all = || iter::once(&self.first).chain(&self.others);
        let free = all().find_map(|session| match session.try_lock() {
            Ok(taken) => Some(taken),
            Err(TryLockError::Poisoned(taken)) => Some(taken.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        free.unwrap_or_else(|| {
            let turn = self.n_waits.fetch_add(1, Relaxed) % self.size();
            let session = all().nth(turn).unwrap_or(&self.first);
            session.lock().unwrap_or_else(PoisonError::into_inner)
        })
    }
}

/// The sessions of a model. One whose weights have 8 bits is small, and many small steps
/// on several threads are mostly waiting for each other: it gets a session with one thread
/// for each thread, and batches run side by side. They share the table of word pieces,
/// which is four fifths of such a model.
pub(super) fn open_sessions(
    runtime: &Runtime,
    entry: &ModelEntry,
    folder: &Path,
    weights: Option<&Path>,
    n_threads: usize,
) -> Result<Sessions, OpenError> {
    let path = folder.join("model.onnx");
    let of_8_bits = |file: &FileEntry| file.converted == Some(Precision::Int8);
    let side_by_side = entry.files.iter().any(of_8_bits) && runtime.device() == Device::Cpu;
    let Some(weights) = weights.filter(|_| side_by_side) else {
        let builder = session_builder(runtime, &entry.name, n_threads)?;
        let session = committed(builder, &entry.name, Graph::At(&path))?;
        return Ok(Sessions::new(session, Vec::new()));
    };
    let unsigned = match Signs::of_this_processor() {
        Signs::Signed => None,
        Signs::Unsigned => Some(unsigned_graph(entry, folder, weights)?),
    };
    let table = shared_table(entry, weights)?;
    let open = || -> Result<Session, EmbedError> {
        let builder = session_builder(runtime, &entry.name, 1)?;
        let builder = match &table {
            Some((name, table)) => builder
                .with_initializer(name, table.clone())
                .map_err(|error| failed_to_load(&entry.name)(error.into()))?,
            None => builder,
        };
        let graph = unsigned.as_deref().map_or(Graph::At(&path), Graph::Bytes);
        committed(builder, &entry.name, graph)
    };
    let sessions = std::thread::scope(|scope| {
        let others: Vec<_> = (1..n_threads).map(|_| scope.spawn(open)).collect();
        let first = open()?;
        let joined =
            |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|p| resume_unwind(p));
        let others: Result<_, EmbedError> = others.into_iter().map(joined).collect();
        Ok::<_, EmbedError>(Sessions::new(first, others?))
    });
    Ok(sessions?)
}

/// The installed graph with weights as unsigned numbers, made anew from what it was
/// converted from.
fn unsigned_graph(
    entry: &ModelEntry,
    folder: &Path,
    weights: &Path,
) -> Result<Vec<u8>, InstallError> {
    let read = |path: &Path| {
        let error = |source| InstallError::Io { doing: "read", path: path.to_owned(), source };
        fs::read(path).map_err(error)
    };
    let (config, weights) = (read(&folder.join("config.json"))?, read(weights)?);
    bert_to_onnx(&config, &weights, Form::Whole(Signs::Unsigned))
        .map_err(|source| InstallError::Convert { model: entry.name.clone(), source })
}

/// The vectors of word pieces as one tensor for several sessions, with its name in the
/// graph.
fn shared_table(
    entry: &ModelEntry,
    weights: &Path,
) -> Result<Option<(&'static str, Arc<DynValue>)>, OpenError> {
    let refused = |error: SafeTensorsError| InstallError::Convert {
        model: entry.name.clone(),
        source: error.into(),
    };
    let mut file = File::open(weights).map_err(|error| refused(error.into()))?;
    let table = read_table(&mut file, &[WORD_PIECES]).map_err(refused)?;
    table
        .map(|table| {
            let shape = [table.values.len() / table.n_columns.max(1), table.n_columns];
            let tensor = Tensor::from_array((shape, table.values));
            let tensor = tensor.map_err(failed_to_load(&entry.name))?;
            Ok((WORD_PIECES, Arc::new(tensor.into_dyn())))
        })
        .transpose()
}

/// Where a graph is read from.
enum Graph<'a> {
    At(&'a Path),
    Bytes(&'a [u8]),
}

fn failed_to_load(model: &str) -> impl Fn(ort::Error) -> EmbedError {
    move |source| EmbedError::Model { model: model.to_owned(), doing: "being loaded", source }
}

fn committed(
    mut builder: SessionBuilder,
    model: &str,
    graph: Graph<'_>,
) -> Result<Session, EmbedError> {
    match graph {
        Graph::At(path) => builder.commit_from_file(path),
        Graph::Bytes(bytes) => builder.commit_from_memory(bytes),
    }
    .map_err(failed_to_load(model))
}

/// One session with several threads.
pub(super) fn load_session(
    runtime: &Runtime,
    model: &str,
    path: &Path,
    n_threads: usize,
) -> Result<Session, EmbedError> {
    committed(session_builder(runtime, model, n_threads)?, model, Graph::At(path))
}

fn session_builder(
    runtime: &Runtime,
    model: &str,
    n_threads: usize,
) -> Result<SessionBuilder, EmbedError> {
    let failed = failed_to_load(model);
    let builder = Session::builder(runtime.environment()).map_err(&failed)?;
    let builder = builder
        .with_intra_threads(n_threads)
        .map_err(|error| failed(error.into()))?
        // Threads that wait for more work by spinning take the processor from everything
        // else that a question needs.
        .with_intra_op_spinning(false)
        .map_err(|error| failed(error.into()))?
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(|error| failed(error.into()))?
        // A pattern of memory is kept for every shape of input, and batches have many.
        .with_memory_pattern(false)
        .map_err(|error| failed(error.into()))?;
    match runtime.device() {
        Device::Cpu => Ok(builder),
        Device::Cuda(number) => {
            // Without the provider the models would silently run on the processor.
            let cuda = CUDA::default().with_device_id(number).build().error_on_failure();
            builder.with_execution_providers([cuda]).map_err(|error| failed(error.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{RuntimeSearch, cache_dir_from_env};
    use crate::model::Chance;
    use serde_json::{Map, Value, json};

    const HIDDEN: usize = 64;
    const WIDE: usize = 192;
    const N_WORDS: usize = 50;
    const LENGTH: usize = 16;

    /// Configuration and weights of a small BERT whose numbers are drawn by chance.
    fn small_bert() -> (Vec<u8>, Vec<u8>) {
        let config = json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN,
            "intermediate_size": WIDE, "num_attention_heads": 4, "num_hidden_layers": 2,
            "max_position_embeddings": LENGTH, "type_vocab_size": 2, "vocab_size": N_WORDS,
            "layer_norm_eps": 1e-12,
        });
        let mut shapes = vec![
            (WORD_PIECES.to_owned(), vec![N_WORDS, HIDDEN]),
            ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, HIDDEN]),
            ("embeddings.position_embeddings.weight".to_owned(), vec![LENGTH, HIDDEN]),
        ];
        let mut linear = |name: String, n_in: usize, n_out: usize| {
            shapes.push((format!("{name}.weight"), vec![n_out, n_in]));
            shapes.push((format!("{name}.bias"), vec![n_out]));
        };
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..2 {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            for part in ["self.query", "self.key", "self.value", "output.dense"] {
                linear(name(&format!("attention.{part}")), HIDDEN, HIDDEN);
            }
            linear(name("intermediate.dense"), HIDDEN, WIDE);
            linear(name("output.dense"), WIDE, HIDDEN);
            norms.extend([name("attention.output.LayerNorm"), name("output.LayerNorm")]);
        }
        for norm in norms {
            shapes.push((format!("{norm}.weight"), vec![HIDDEN]));
            shapes.push((format!("{norm}.bias"), vec![HIDDEN]));
        }
        let mut chance = Chance::new(7);
        let (mut header, mut data) = (Map::new(), Vec::new());
        for (name, shape) in shapes {
            let start = data.len();
            for _ in 0..shape.iter().product() {
                let value = (chance.below(2_001) as f32 - 1_000.0) / 1_500.0;
                data.extend(value.to_le_bytes());
            }
            let offsets = [start, data.len()];
            header.insert(name, json!({"dtype": "F32", "shape": shape, "data_offsets": offsets}));
        }
        let header = Value::Object(header).to_string();
        let mut weights = (header.len() as u64).to_le_bytes().to_vec();
        weights.extend(header.bytes());
        weights.extend(data);
        (config.to_string().into_bytes(), weights)
    }

    /// The states of three texts, the last of them short, by a graph of this form.
    fn states(form: Form) -> Vec<f32> {
        let runtime = RuntimeSearch::from_env(None, &cache_dir_from_env()).load().unwrap();
        let (config, weights) = small_bert();
        let graph = bert_to_onnx(&config, &weights, form).unwrap();
        let builder = session_builder(&runtime, "small", 1).unwrap();
        let mut session = committed(builder, "small", Graph::Bytes(&graph)).unwrap();
        let ids = (0..3 * LENGTH).map(|i| (i * 31 % N_WORDS) as i64).collect();
        let mask = (0..3 * LENGTH).map(|i| i64::from(i < 2 * LENGTH + 5)).collect();
        let feeds: Vec<_> =
            [("input_ids", ids), ("attention_mask", mask), ("token_type_ids", vec![0; 3 * LENGTH])]
                .into_iter()
                .map(|(name, values): (_, Vec<i64>)| {
                    (name, Tensor::from_array(([3, LENGTH], values)).unwrap().into_dyn())
                })
                .collect();
        let outputs = session.run(feeds).unwrap();
        let (shape, states) = outputs["last_hidden_state"].try_extract_tensor::<f32>().unwrap();
        assert_eq!(shape[..], [3, LENGTH as i64, HIDDEN as i64]);
        states.to_vec()
    }

    #[test]
    fn whole_numbers_with_and_without_signs_give_the_same_states_to_the_bit() {
        let signed = states(Form::Whole(Signs::Signed));
        assert_eq!(signed, states(Form::Whole(Signs::Unsigned)));
        // And nearly those of floats.
        let floats = states(Form::Floats);
        for (text, (whole, float)) in
            signed.chunks(HIDDEN).zip(floats.chunks(HIDDEN)).take(2 * LENGTH + 5).enumerate()
        {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let cosine = dot(whole, float) / (dot(whole, whole) * dot(float, float)).sqrt();
            assert!(cosine > 0.999, "token {text}: {cosine}");
        }
    }
}
