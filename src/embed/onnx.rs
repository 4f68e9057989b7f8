//! Writing the few ONNX protobuf messages that a graph needs.
//!
//! Field numbers are those of `onnx.proto3` (ONNX IR version 8). Output depends
//! on the input alone, so the digest of a converted model can be pinned.

/// A protobuf message under construction.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

const WIRE_VARINT: u64 = 0;
const WIRE_BYTES: u64 = 2;
const WIRE_FIXED32: u64 = 5;

impl Message {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn integer(&mut self, field: u64, value: i64) {
        self.varint(field << 3 | WIRE_VARINT);
        self.varint(value as u64);
    }

    fn float(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | WIRE_FIXED32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | WIRE_BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub(super) fn message(&mut self, field: u64, value: Message) {
        self.bytes(field, &value.0);
    }
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    Integer(&'a str, i64),
    Integers(&'a str, &'a [i64]),
    Float(&'a str, f32),
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        let mut message = Message::default();
        match self {
            Self::Integer(name, value) => {
                message.bytes(1, name.as_bytes());
                message.integer(3, *value);
                message.integer(20, 2);
            }
            Self::Integers(name, values) => {
                message.bytes(1, name.as_bytes());
                for value in *values {
                    message.integer(8, *value);
                }
                message.integer(20, 7);
            }
            Self::Float(name, value) => {
                message.bytes(1, name.as_bytes());
                message.float(2, *value);
                message.integer(20, 1);
            }
        }
        message
    }
}

/// A graph under construction: nodes are named by counting.
#[derive(Debug, Default)]
pub(super) struct GraphBuilder {
    graph: Message,
    initializers: Vec<Message>,
    n_nodes: usize,
}

/// The domain of the operators that ONNX Runtime has beyond the standard.
pub(super) const RUNTIME_OPERATORS: &str = "com.microsoft";

const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT8: i64 = 3;
const INT64: i64 = 7;

impl GraphBuilder {
    /// Adds a node with one output and returns the output's name.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[Attribute<'_>],
    ) -> String {
        self.n_nodes += 1;
        let output = format!("{}_{}", operator.to_lowercase(), self.n_nodes);
        self.named_node(operator, inputs, &output, attributes);
        output
    }

    /// Adds a node whose output has the given name.
    pub(super) fn named_node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[Attribute<'_>],
    ) {
        self.node_of("", operator, inputs, &[output], attributes);
    }

    /// Adds a node of the operators of `domain`, which is empty for those of the standard.
    /// An input without a name is left out.
    pub(super) fn node_of(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Attribute<'_>],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.bytes(1, input.as_bytes());
        }
        for output in outputs {
            node.bytes(2, output.as_bytes());
        }
        let first = outputs.first().copied().unwrap_or(operator);
        node.bytes(3, format!("node_{first}").as_bytes());
        node.bytes(4, operator.as_bytes());
        for attribute in attributes {
            node.message(5, attribute.message());
        }
        if !domain.is_empty() {
            node.bytes(7, domain.as_bytes());
        }
        self.graph.message(1, node);
    }

    /// Adds a constant tensor of floats.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, FLOAT, &raw);
    }

    /// Adds a constant tensor of 64-bit integers.
    pub(super) fn integers(&mut self, name: &str, shape: &[usize], values: &[i64]) {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, INT64, &raw);
    }

    /// Adds a constant tensor of unsigned 8-bit integers.
    pub(super) fn bytes(&mut self, name: &str, shape: &[usize], values: &[u8]) {
        self.initializer(name, shape, UINT8, values);
    }

    /// Adds a constant tensor of signed 8-bit integers.
    pub(super) fn signed_bytes(&mut self, name: &str, shape: &[usize], values: &[i8]) {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, INT8, &raw);
    }

    fn initializer(&mut self, name: &str, shape: &[usize], data_type: i64, raw: &[u8]) {
        let mut tensor = Message::default();
        for dimension in shape {
            tensor.integer(1, *dimension as i64);
        }
        tensor.integer(2, data_type);
        tensor.bytes(8, name.as_bytes());
        tensor.bytes(9, raw);
        self.initializers.push(tensor);
    }

    /// Closes the graph. Inputs are integers of shape `[batch, sequence]`,
    /// outputs floats of the given shapes; a text is a symbolic dimension.
    pub(super) fn finish(
        self,
        name: &str,
        inputs: &[&str],
        outputs: &[(&str, &[Dimension<'_>])],
    ) -> Vec<u8> {
        let Self { mut graph, initializers, .. } = self;
        graph.bytes(2, name.as_bytes());
        for initializer in initializers {
            graph.message(5, initializer);
        }
        let symbolic = [Dimension::Symbol("batch"), Dimension::Symbol("sequence")];
        for input in inputs {
            graph.message(11, value_info(input, INT64, &symbolic));
        }
        for (output, shape) in outputs {
            graph.message(12, value_info(output, FLOAT, shape));
        }
        let mut model = Message::default();
        model.integer(1, 8);
        model.bytes(2, b"veritrail");
        model.message(7, graph);
        for (domain, version) in [("", 17), (RUNTIME_OPERATORS, 1)] {
            let mut operator_set = Message::default();
            operator_set.bytes(1, domain.as_bytes());
            operator_set.integer(2, version);
            model.message(8, operator_set);
        }
        model.into_bytes()
    }
}

/// One dimension of a shape.
pub(super) enum Dimension<'a> {
    Symbol(&'a str),
    Size(usize),
}

fn value_info(name: &str, element: i64, shape: &[Dimension<'_>]) -> Message {
    let mut dimensions = Message::default();
    for dimension in shape {
        let mut message = Message::default();
        match dimension {
            Dimension::Symbol(symbol) => message.bytes(2, symbol.as_bytes()),
            Dimension::Size(size) => message.integer(1, *size as i64),
        }
        dimensions.message(1, message);
    }
    let mut tensor = Message::default();
    tensor.integer(1, element);
    tensor.message(2, dimensions);
    let mut kind = Message::default();
    kind.message(1, tensor);
    let mut info = Message::default();
    info.bytes(1, name.as_bytes());
    info.message(2, kind);
    info
}
