//! BERT weights (safetensors) to an ONNX graph.
//!
//! The graph is the encoder of Devlin et al., "BERT" (2019): embeddings, then
//! layers of multi-head attention and a GELU feed-forward block, each with a
//! residual connection and layer normalisation after it. Inputs `input_ids`,
//! `attention_mask`, `token_type_ids`: int64 `[batch, sequence]`; output
//! `last_hidden_state`: float `[batch, sequence, hidden]`.

use super::onnx::{Attribute, Dimension, GraphBuilder};
use super::safetensors::{SafeTensors, SafeTensorsError};
use serde::Deserialize;

/// The fields of `config.json` that shape the graph.
#[derive(Debug, Deserialize)]
struct BertConfig {
    model_type: String,
    hidden_act: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    layer_norm_eps: f32,
}

/// Weights that cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// `config.json` is not readable.
    #[error("config.json is not a model configuration")]
    Config(#[source] serde_json::Error),
    /// Another architecture.
    #[error("expected a BERT model with gelu activation, found `{model_type}` with `{activation}`")]
    Architecture {
        /// Its `model_type`.
        model_type: String,
        /// Its `hidden_act`.
        activation: String,
    },
    /// The weights do not fit.
    #[error("the weights do not fit the configuration: {0}")]
    Weights(String),
}

impl From<SafeTensorsError> for ConvertError {
    fn from(error: SafeTensorsError) -> Self {
        Self::Weights(error.to_string())
    }
}

/// The ONNX model of BERT weights.
///
/// # Errors
/// When the configuration is of another architecture or a tensor is missing or
/// of another shape.
pub(super) fn bert_to_onnx(config: &[u8], weights: &[u8]) -> Result<Vec<u8>, ConvertError> {
    let config: BertConfig = serde_json::from_slice(config).map_err(ConvertError::Config)?;
    if config.model_type != "bert" || config.hidden_act != "gelu" {
        return Err(ConvertError::Architecture {
            model_type: config.model_type,
            activation: config.hidden_act,
        });
    }
    if config.num_attention_heads == 0
        || !config.hidden_size.is_multiple_of(config.num_attention_heads)
    {
        return Err(ConvertError::Weights(format!(
            "hidden size {} is no multiple of {} heads",
            config.hidden_size, config.num_attention_heads
        )));
    }
    let tensors = SafeTensors::parse(weights)?;
    let mut encoder = Encoder { graph: GraphBuilder::default(), config, tensors };
    encoder.constants();
    let mut hidden = encoder.embeddings()?;
    for layer in 0..encoder.config.num_hidden_layers {
        hidden = encoder.layer(layer, &hidden)?;
    }
    encoder.graph.named_node("Identity", &[&hidden], "last_hidden_state", &[]);
    let size = encoder.config.hidden_size;
    Ok(encoder.graph.finish(
        "bert",
        &["input_ids", "attention_mask", "token_type_ids"],
        &[(
            "last_hidden_state",
            &[Dimension::Symbol("batch"), Dimension::Symbol("sequence"), Dimension::Size(size)],
        )],
    ))
}

struct Encoder<'a> {
    graph: GraphBuilder,
    config: BertConfig,
    tensors: SafeTensors<'a>,
}

impl Encoder<'_> {
    fn constants(&mut self) {
        let heads = self.config.num_attention_heads;
        let per_head = self.config.hidden_size / heads;
        self.graph.integers("zero", &[], &[0]);
        self.graph.integers("one", &[], &[1]);
        self.graph.integers("axes_1_2", &[2], &[1, 2]);
        self.graph.integers("split_heads", &[4], &[0, 0, heads as i64, per_head as i64]);
        self.graph.integers("join_heads", &[3], &[0, 0, self.config.hidden_size as i64]);
        self.graph.floats("one_f", &[], &[1.0]);
        self.graph.floats("half", &[], &[0.5]);
        self.graph.floats("sqrt_2", &[], &[std::f32::consts::SQRT_2]);
        self.graph.floats("attention_scale", &[], &[1.0 / (per_head as f32).sqrt()]);
        // Half of the lowest float: added to a score it still cannot overflow.
        self.graph.floats("masked", &[], &[f32::MIN / 2.0]);
    }

    fn weight(&mut self, name: &str, shape: &[usize]) -> Result<(), ConvertError> {
        let values = self.tensors.floats(name, shape)?;
        self.graph.floats(name, shape, &values);
        Ok(())
    }

    fn embeddings(&mut self) -> Result<String, ConvertError> {
        let hidden = self.config.hidden_size;
        self.weight("embeddings.word_embeddings.weight", &[self.config.vocab_size, hidden])?;
        self.weight(
            "embeddings.token_type_embeddings.weight",
            &[self.config.type_vocab_size, hidden],
        )?;
        self.weight(
            "embeddings.position_embeddings.weight",
            &[self.config.max_position_embeddings, hidden],
        )?;
        let graph = &mut self.graph;
        let words = graph.node("Gather", &["embeddings.word_embeddings.weight", "input_ids"], &[]);
        let types = graph.node(
            "Gather",
            &["embeddings.token_type_embeddings.weight", "token_type_ids"],
            &[],
        );
        let shape = graph.node("Shape", &["input_ids"], &[]);
        let length = graph.node("Gather", &[&shape, "one"], &[]);
        let range = graph.node("Range", &["zero", &length, "one"], &[]);
        let positions =
            graph.node("Gather", &["embeddings.position_embeddings.weight", &range], &[]);
        let sum = graph.node("Add", &[&words, &types], &[]);
        let sum = graph.node("Add", &[&sum, &positions], &[]);
        // 0 where a token stands, the masked value where padding stands.
        let mask = graph.node("Cast", &["attention_mask"], &[Attribute::Integer("to", 1)]);
        let mask = graph.node("Unsqueeze", &[&mask, "axes_1_2"], &[]);
        let mask = graph.node("Sub", &["one_f", &mask], &[]);
        graph.named_node("Mul", &[&mask, "masked"], "attention_bias", &[]);
        self.layer_norm("embeddings.LayerNorm", &sum)
    }

    fn layer(&mut self, layer: usize, input: &str) -> Result<String, ConvertError> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let hidden = self.config.hidden_size;
        let wide = self.config.intermediate_size;
        let square = (hidden, hidden);
        let query = self.linear(&name("attention.self.query"), input, square)?;
        let key = self.linear(&name("attention.self.key"), input, square)?;
        let value = self.linear(&name("attention.self.value"), input, square)?;
        let query = self.heads(&query, &[0, 2, 1, 3]);
        let key = self.heads(&key, &[0, 2, 3, 1]);
        let value = self.heads(&value, &[0, 2, 1, 3]);
        let graph = &mut self.graph;
        let scores = graph.node("MatMul", &[&query, &key], &[]);
        let scores = graph.node("Mul", &[&scores, "attention_scale"], &[]);
        let scores = graph.node("Add", &[&scores, "attention_bias"], &[]);
        let weights = graph.node("Softmax", &[&scores], &[Attribute::Integer("axis", -1)]);
        let context = graph.node("MatMul", &[&weights, &value], &[]);
        let context =
            graph.node("Transpose", &[&context], &[Attribute::Integers("perm", &[0, 2, 1, 3])]);
        let context = graph.node("Reshape", &[&context, "join_heads"], &[]);
        let attended = self.linear(&name("attention.output.dense"), &context, square)?;
        let residual = self.graph.node("Add", &[&attended, input], &[]);
        let attended = self.layer_norm(&name("attention.output.LayerNorm"), &residual)?;
        let inner = self.linear(&name("intermediate.dense"), &attended, (hidden, wide))?;
        let inner = self.gelu(&inner);
        let outer = self.linear(&name("output.dense"), &inner, (wide, hidden))?;
        let residual = self.graph.node("Add", &[&outer, &attended], &[]);
        self.layer_norm(&name("output.LayerNorm"), &residual)
    }

    /// `x W^T + b`; safetensors keeps `W` as `[outputs, inputs]`, MatMul wants
    /// it transposed.
    fn linear(
        &mut self,
        name: &str,
        input: &str,
        (n_in, n_out): (usize, usize),
    ) -> Result<String, ConvertError> {
        let weight = format!("{name}.weight");
        let bias = format!("{name}.bias");
        let values = self.tensors.floats(&weight, &[n_out, n_in])?;
        let mut transposed = Vec::with_capacity(values.len());
        for column in 0..n_in {
            transposed.extend(values.iter().skip(column).step_by(n_in));
        }
        self.graph.floats(&weight, &[n_in, n_out], &transposed);
        self.weight(&bias, &[n_out])?;
        let product = self.graph.node("MatMul", &[input, &weight], &[]);
        Ok(self.graph.node("Add", &[&product, &bias], &[]))
    }

    fn layer_norm(&mut self, name: &str, input: &str) -> Result<String, ConvertError> {
        let (scale, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.weight(&scale, &[self.config.hidden_size])?;
        self.weight(&bias, &[self.config.hidden_size])?;
        let epsilon = Attribute::Float("epsilon", self.config.layer_norm_eps);
        Ok(self.graph.node(
            "LayerNormalization",
            &[input, &scale, &bias],
            &[Attribute::Integer("axis", -1), epsilon],
        ))
    }

    fn heads(&mut self, input: &str, permutation: &[i64]) -> String {
        let split = self.graph.node("Reshape", &[input, "split_heads"], &[]);
        self.graph.node("Transpose", &[&split], &[Attribute::Integers("perm", permutation)])
    }

    /// `x * 0.5 * (1 + erf(x / sqrt 2))`, the exact form.
    fn gelu(&mut self, input: &str) -> String {
        let graph = &mut self.graph;
        let scaled = graph.node("Div", &[input, "sqrt_2"], &[]);
        let erf = graph.node("Erf", &[&scaled], &[]);
        let shifted = graph.node("Add", &[&erf, "one_f"], &[]);
        let product = graph.node("Mul", &[input, &shifted], &[]);
        graph.node("Mul", &[&product, "half"], &[])
    }
}
