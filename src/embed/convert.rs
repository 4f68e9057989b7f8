//! BERT weights (safetensors) to an ONNX graph.
//!
//! The graph is the encoder of Devlin et al., "BERT" (2019): embeddings, then
//! layers of multi-head attention and a GELU feed-forward block, each with a
//! residual connection and layer normalisation after it. Inputs `input_ids`,
//! `attention_mask`, `token_type_ids`: int64 `[batch, sequence]`; output
//! `last_hidden_state`: float `[batch, sequence, hidden]`.
//!
//! Attention is an operator of ONNX Runtime (`com.microsoft.MultiHeadAttention`), and so
//! are products with weights of 8 bits ([`super::whole_products`]). Between those, states
//! are rows: the tokens of all texts below each other.

use super::onnx::{Attribute, Dimension, GraphBuilder, RUNTIME_OPERATORS};
use super::safetensors::{SafeTensors, SafeTensorsError};
use super::whole_products::{self, Inputs, Signs};
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
    /// Whole numbers of 8 bits, with one float as the scale of all weights of an output.
    /// The inputs of a product are rounded to 8 bits, states to twice as many, those of
    /// each token by itself, so that a text's vector does not depend on its batch.
    Int8,
}

/// Which graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Weights in floats.
    Floats,
    /// Weights of 8 bits. The sums are the same with either kind of signs.
    Whole(Signs),
}

impl From<Precision> for Form {
    /// The form that is installed.
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Float32 => Self::Floats,
            Precision::Int8 => Self::Whole(Signs::Signed),
        }
    }
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
pub(super) fn bert_to_onnx(
    config: &[u8],
    weights: &[u8],
    form: Form,
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
    let mut encoder = Encoder { graph: GraphBuilder::default(), config, tensors, form };
    encoder.constants();
    let mut hidden = encoder.embeddings()?;
    if let Form::Whole(signs) = form {
        whole_products::constants(&mut encoder.graph, encoder.config.hidden_size, signs);
        hidden = whole_products::rows(&mut encoder.graph, &hidden);
    }
    for layer in 0..encoder.config.num_hidden_layers {
        hidden = encoder.layer(layer, &hidden)?;
    }
    match form {
        Form::Floats => {
            encoder.graph.named_node("Identity", &[&hidden], "last_hidden_state", &[]);
        }
        Form::Whole(_) => {
            whole_products::texts(&mut encoder.graph, &hidden, "last_hidden_state");
        }
    }
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
    form: Form,
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
        let [query, key, value] =
            ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        let parts = [query.as_str(), key.as_str(), value.as_str()];
        let of_attention = name("attention.self");
        match self.form {
            Form::Floats => {
                let projected = self.joint_linear(&of_attention, &parts, input, square)?;
                let axis = Attribute::Integer("axis", -1);
                self.graph.node_of("", "Split", &[&projected, "three_parts"], &parts, &[axis]);
            }
            Form::Whole(signs) => {
                let rounded = whole_products::round(&mut self.graph, input, Inputs::Finely);
                for part in parts {
                    let (weights, bias) = self.linear_weights(part, &[part], square)?;
                    let graph = &mut self.graph;
                    let product =
                        whole_products::product(graph, part, &rounded, (&weights, hidden), signs);
                    let rows = graph.node("Add", &[&product, &bias], &[]);
                    whole_products::texts(graph, &rows, part);
                }
            }
        }
        let context = name("attention.context");
        // The fourth input, a bias of the projections, is left out: they have it.
        self.graph.node_of(
            RUNTIME_OPERATORS,
            "MultiHeadAttention",
            &[&query, &key, &value, "", "key_padding_mask"],
            &[&context],
            &[Attribute::Integer("num_heads", self.config.num_attention_heads as i64)],
        );
        let context = match self.form {
            Form::Floats => context,
            Form::Whole(_) => whole_products::rows(&mut self.graph, &context),
        };
        let attended =
            self.linear(&name("attention.output.dense"), &context, Inputs::Any, square)?;
        let residual = self.graph.node("Add", &[&attended, input], &[]);
        let attended = self.layer_norm(&name("attention.output.LayerNorm"), &residual)?;
        let inner = name("intermediate.dense");
        let inner = self.linear(&inner, &attended, Inputs::Finely, (hidden, wide))?;
        let inner = self.gelu(&inner);
        let outer = self.linear(&name("output.dense"), &inner, Inputs::OfGelu, (wide, hidden))?;
        let residual = self.graph.node("Add", &[&outer, &attended], &[]);
        self.layer_norm(&name("output.LayerNorm"), &residual)
    }

    /// `x W^T + b` for the layer `name`.
    fn linear(
        &mut self,
        name: &str,
        input: &str,
        inputs: Inputs,
        shape: (usize, usize),
    ) -> Result<String, ConvertError> {
        let Form::Whole(signs) = self.form else {
            return self.joint_linear(name, &[name], input, shape);
        };
        let (weights, bias) = self.linear_weights(name, &[name], shape)?;
        let graph = &mut self.graph;
        let rounded = whole_products::round(graph, input, inputs);
        let product = whole_products::product(graph, name, &rounded, (&weights, shape.0), signs);
        Ok(graph.node("Add", &[&product, &bias], &[]))
    }

    /// `x W^T + b` in floats for the layers of `names`, whose outputs stand beside each
    /// other.
    fn joint_linear(
        &mut self,
        joint: &str,
        names: &[&str],
        input: &str,
        (n_in, n_out): (usize, usize),
    ) -> Result<String, ConvertError> {
        let (rows, bias) = self.linear_weights(joint, names, (n_in, n_out))?;
        let weight = format!("{joint}.weight");
        let transposed = whole_products::transposed(&rows, n_in);
        self.graph.floats(&weight, &[n_in, n_out * names.len()], &transposed);
        let product = self.graph.node("MatMul", &[input, &weight], &[]);
        Ok(self.graph.node("Add", &[&product, &bias], &[]))
    }

    /// The weights of some layers, a row for each output, and the name of their biases,
    /// which are written. Each has `W` as `[outputs, inputs]` in safetensors.
    fn linear_weights(
        &mut self,
        joint: &str,
        names: &[&str],
        (n_in, n_out): (usize, usize),
    ) -> Result<(Vec<f32>, String), ConvertError> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.tensors.floats(&format!("{name}.weight"), &[n_out, n_in])?);
            biases.extend(self.tensors.floats(&format!("{name}.bias"), &[n_out])?);
        }
        let bias = format!("{joint}.bias");
        self.graph.floats(&bias, &[biases.len()], &biases);
        Ok((weights, bias))
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
