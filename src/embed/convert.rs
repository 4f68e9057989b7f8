//! BERT weights (safetensors) to an ONNX graph.
//!
//! The graph is the encoder of Devlin et al., "BERT" (2019): embeddings, then
//! layers of multi-head attention and a GELU feed-forward block, each with a
//! residual connection and layer normalisation after it. Inputs `input_ids`,
//! `attention_mask`, `token_type_ids`: int64 `[batch, sequence]`; output
//! `last_hidden_state`: float `[batch, sequence, hidden]`.
//!
//! Attention, and products with weights of 8 bits, are operators of ONNX Runtime
//! (`com.microsoft.MultiHeadAttention`, `com.microsoft.MatMulNBits`).

use super::onnx::{Attribute, Dimension, GraphBuilder, RUNTIME_OPERATORS};
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

/// How the weights of a converted graph are held. Tables of embeddings, biases and
/// norms are floats in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Floats of 32 bits.
    Float32,
    /// Whole numbers of 8 bits, with one float as the scale of every 128 weights of a
    /// row. The inputs of a product are rounded to 8 bits in blocks of the same size,
    /// each row by itself, so that a text's vector does not depend on its batch.
    Int8,
}

/// Weights that share a scale.
const BLOCK: usize = 128;
/// What stands for zero among unsigned 8-bit numbers.
const ZERO_POINT: f32 = 128.0;
/// `accuracy_level` of MatMulNBits: inputs of 8 bits.
const INPUTS_OF_8_BITS: i64 = 4;

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
pub(super) fn bert_to_onnx(
    config: &[u8],
    weights: &[u8],
    precision: Precision,
) -> Result<Vec<u8>, ConvertError> {
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
    let mut encoder = Encoder { graph: GraphBuilder::default(), config, tensors, precision };
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
    precision: Precision,
}

impl Encoder<'_> {
    fn constants(&mut self) {
        let hidden = self.config.hidden_size as i64;
        self.graph.integers("zero", &[], &[0]);
        self.graph.integers("one", &[], &[1]);
        self.graph.integers("three_parts", &[3], &[hidden; 3]);
        self.graph.floats("one_f", &[], &[1.0]);
        self.graph.floats("half", &[], &[0.5]);
        self.graph.floats("sqrt_2", &[], &[std::f32::consts::SQRT_2]);
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
        // 1 where a token stands, 0 where padding stands.
        let to_int32 = Attribute::Integer("to", 6);
        graph.named_node("Cast", &["attention_mask"], "key_padding_mask", &[to_int32]);
        self.layer_norm("embeddings.LayerNorm", &sum)
    }

    fn layer(&mut self, layer: usize, input: &str) -> Result<String, ConvertError> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let hidden = self.config.hidden_size;
        let wide = self.config.intermediate_size;
        let square = (hidden, hidden);
        let parts = ["query", "key", "value"];
        let [query, key, value] = parts.map(|part| name(&format!("attention.self.{part}")));
        let parts = [query.as_str(), key.as_str(), value.as_str()];
        let projected = self.linear(&name("attention.self"), &parts, input, square)?;
        let axis = Attribute::Integer("axis", -1);
        self.graph.node_of("", "Split", &[&projected, "three_parts"], &parts, &[axis]);
        let context = name("attention.context");
        // The fourth input, a bias of the projections, is left out: they have it.
        self.graph.node_of(
            RUNTIME_OPERATORS,
            "MultiHeadAttention",
            &[&query, &key, &value, "", "key_padding_mask"],
            &[&context],
            &[Attribute::Integer("num_heads", self.config.num_attention_heads as i64)],
        );
        let attended = self.linear_of_its_own(&name("attention.output.dense"), &context, square)?;
        let residual = self.graph.node("Add", &[&attended, input], &[]);
        let attended = self.layer_norm(&name("attention.output.LayerNorm"), &residual)?;
        let inner =
            self.linear_of_its_own(&name("intermediate.dense"), &attended, (hidden, wide))?;
        let inner = self.gelu(&inner);
        let outer = self.linear_of_its_own(&name("output.dense"), &inner, (wide, hidden))?;
        let residual = self.graph.node("Add", &[&outer, &attended], &[]);
        self.layer_norm(&name("output.LayerNorm"), &residual)
    }

    fn linear_of_its_own(
        &mut self,
        name: &str,
        input: &str,
        shape: (usize, usize),
    ) -> Result<String, ConvertError> {
        self.linear(name, &[name], input, shape)
    }

    /// `x W^T + b` for the layers of `names`, whose outputs stand beside each other; each
    /// has `W` as `[outputs, inputs]` in safetensors.
    fn linear(
        &mut self,
        joint: &str,
        names: &[&str],
        input: &str,
        (n_in, n_out): (usize, usize),
    ) -> Result<String, ConvertError> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.tensors.floats(&format!("{name}.weight"), &[n_out, n_in])?);
            biases.extend(self.tensors.floats(&format!("{name}.bias"), &[n_out])?);
        }
        let n_rows = biases.len();
        let bias = format!("{joint}.bias");
        self.graph.floats(&bias, &[n_rows], &biases);
        let product = match self.precision {
            Precision::Float32 => self.float_product(joint, input, &weights, (n_in, n_rows)),
            Precision::Int8 => self.whole_product(joint, input, &weights, (n_in, n_rows)),
        };
        Ok(self.graph.node("Add", &[&product, &bias], &[]))
    }

    /// MatMul wants weights transposed.
    fn float_product(
        &mut self,
        name: &str,
        input: &str,
        rows: &[f32],
        (n_in, n_rows): (usize, usize),
    ) -> String {
        let weight = format!("{name}.weight");
        let mut transposed = Vec::with_capacity(rows.len());
        for column in 0..n_in {
            transposed.extend(rows.iter().skip(column).step_by(n_in));
        }
        self.graph.floats(&weight, &[n_in, n_rows], &transposed);
        self.graph.node("MatMul", &[input, &weight], &[])
    }

    fn whole_product(
        &mut self,
        name: &str,
        input: &str,
        rows: &[f32],
        (n_in, n_rows): (usize, usize),
    ) -> String {
        let (weight, scale) = (format!("{name}.weight"), format!("{name}.scale"));
        let n_blocks = n_in.div_ceil(BLOCK);
        let (mut numbers, mut scales) = (Vec::new(), Vec::new());
        for block in rows.chunks(n_in).flat_map(|row| row.chunks(BLOCK)) {
            let (of_block, by) = rounded(block);
            numbers.extend(of_block);
            scales.push(by);
        }
        self.graph.bytes(&weight, &[n_rows, n_blocks, BLOCK], &numbers);
        self.graph.floats(&scale, &[n_rows * n_blocks], &scales);
        let output = format!("{name}.product");
        self.graph.node_of(
            RUNTIME_OPERATORS,
            "MatMulNBits",
            &[input, &weight, &scale],
            &[&output],
            &[
                Attribute::Integer("K", n_in as i64),
                Attribute::Integer("N", n_rows as i64),
                Attribute::Integer("bits", 8),
                Attribute::Integer("block_size", BLOCK as i64),
                Attribute::Integer("accuracy_level", INPUTS_OF_8_BITS),
            ],
        );
        output
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

/// A block of weights as unsigned numbers around [`ZERO_POINT`], filled up with zeros, and
/// the scale that makes floats of them. The largest weight becomes 127 or -127.
fn rounded(block: &[f32]) -> (Vec<u8>, f32) {
    let largest = block.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    let number = |weight: &f32| ((weight / scale).round_ties_even() + ZERO_POINT) as u8;
    let mut numbers: Vec<u8> = block.iter().map(number).collect();
    numbers.resize(BLOCK, ZERO_POINT as u8);
    (numbers, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_weights_are_as_near_as_their_scale_allows() {
        let block: Vec<f32> = (0..100).map(|n| ((n * 37 % 100) as f32 - 50.0) / 700.0).collect();
        let (numbers, scale) = rounded(&block);
        assert_eq!(numbers.len(), BLOCK);
        for (number, weight) in numbers.iter().zip(&block) {
            let back = (f32::from(*number) - ZERO_POINT) * scale;
            assert!((back - weight).abs() <= scale / 2.0 + 1e-9, "{back} for {weight}");
        }
        assert!(numbers.iter().skip(block.len()).all(|number| *number == 128));
    }

    #[test]
    fn a_block_of_zeros_stays_one() {
        let (numbers, scale) = rounded(&[0.0; BLOCK]);
        assert!(numbers.iter().all(|number| *number == 128) && scale.is_finite());
    }
}
