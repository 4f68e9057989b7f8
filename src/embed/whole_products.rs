//! Products of matrices in whole numbers of 8 bits, as nodes of an ONNX graph.
//!
//! `x W^T` becomes `s t (X V)`: `X` are the inputs of a row, one token, divided by the
//! scale `s` of the row and rounded; `V` are the weights of an output, divided by the
//! scale `t` of the output and rounded (absolute maximum quantisation with a scale for
//! each token and each channel, as in Dettmers et al., "LLM.int8()", 2022). The sum of
//! products is exact, whatever the processor, so that a text has one vector.
//!
//! ONNX Runtime multiplies unsigned inputs, around 128, by signed or unsigned weights
//! (`com.microsoft.MatMulIntegerToFloat`).

use super::onnx::{Attribute, GraphBuilder, RUNTIME_OPERATORS};

/// The largest rounded number: both signs reach as far.
const LARGEST: f32 = 127.0;
/// What stands for zero among unsigned numbers.
const ZERO_POINT: u8 = 128;
/// The smallest scale: a row of zeros has one, too.
const SMALLEST_SCALE: f32 = 1e-10;
/// No output of GELU is farther below zero (its minimum is -0.16997).
const GELU_MINIMUM: f32 = 0.17;
/// The fine part of an input counts steps of the coarse one by this many; what rounding
/// left is at most half a step.
const FINE_STEPS: f32 = 2.0 * LARGEST;

/// What is known of the inputs of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    /// Nothing.
    Any,
    /// They come out of GELU: what lies below zero is small.
    OfGelu,
    /// Much depends on them: they are rounded to 8 bits, and what that leaves to 8 more.
    Finely,
}

/// How weights are written. The sums are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signs {
    /// As signed numbers, which processors multiply by unsigned ones in one instruction
    /// (VNNI, AMX).
    Signed,
    /// As unsigned numbers around 128. Where that instruction is missing, the one before
    /// it cuts off sums of two products that do not fit 16 bits, and ONNX Runtime takes
    /// it for signed weights alone.
    Unsigned,
}

impl Signs {
    /// Those that this processor multiplies exactly.
    pub(super) fn of_this_processor() -> Self {
        #[cfg(target_arch = "x86_64")]
        if !is_x86_feature_detected!("avx512vnni") && !is_x86_feature_detected!("avxvnni") {
            return Self::Unsigned;
        }
        Self::Signed
    }
}

/// Inputs that were rounded.
pub(super) struct Rounded {
    coarse: String,
    fine: Option<String>,
    /// The scale of each row, `[rows, 1]`.
    scale: String,
}

/// Adds what the other functions need, once; the graph has `input_ids`.
pub(super) fn constants(graph: &mut GraphBuilder, hidden: usize, signs: Signs) {
    graph.integers("last_axis", &[1], &[-1]);
    graph.integers("hidden", &[1], &[hidden as i64]);
    graph.integers("rows_of_states", &[2], &[-1, hidden as i64]);
    graph.floats("one_step", &[], &[1.0]);
    graph.floats("fine_step", &[], &[1.0 / FINE_STEPS]);
    graph.floats("of_largest", &[], &[1.0 / LARGEST]);
    graph.floats("smallest_scale", &[], &[SMALLEST_SCALE]);
    graph.floats("gelu_scale", &[], &[GELU_MINIMUM / LARGEST]);
    graph.bytes("zero_point", &[], &[ZERO_POINT]);
    graph.bytes("one_zero_point", &[1], &[ZERO_POINT]);
    match signs {
        Signs::Signed => graph.signed_bytes("zero_weight", &[], &[0]),
        Signs::Unsigned => graph.bytes("zero_weight", &[], &[ZERO_POINT]),
    }
    let shape = graph.node("Shape", &["input_ids"], &[]);
    let axis = Attribute::Integer("axis", 0);
    graph.named_node("Concat", &[&shape, "hidden"], "shape_of_texts", &[axis]);
    let n_rows = graph.node("ReduceProd", &[&shape], &[Attribute::Integer("keepdims", 1)]);
    graph.named_node("Expand", &["one_zero_point", &n_rows], "zero_points", &[]);
}

/// `[batch, sequence, hidden]` as `[batch * sequence, hidden]`.
pub(super) fn rows(graph: &mut GraphBuilder, texts: &str) -> String {
    graph.node("Reshape", &[texts, "rows_of_states"], &[])
}

/// `[batch * sequence, hidden]` as `[batch, sequence, hidden]`, under the name `output`.
pub(super) fn texts(graph: &mut GraphBuilder, rows: &str, output: &str) {
    graph.named_node("Reshape", &[rows, "shape_of_texts"], output, &[]);
}

/// Rounds `input`, `[rows, width]`.
pub(super) fn round(graph: &mut GraphBuilder, input: &str, inputs: Inputs) -> Rounded {
    let of_gelu = inputs == Inputs::OfGelu;
    let sizes = if of_gelu { input.to_owned() } else { graph.node("Abs", &[input], &[]) };
    let no_axis = Attribute::Integer("keepdims", 0);
    let largest =
        graph.node("ReduceMax", &[&sizes], &[Attribute::Integers("axes", &[-1]), no_axis]);
    let scale = graph.node("Mul", &[&largest, "of_largest"], &[]);
    let least = if of_gelu { "gelu_scale" } else { "smallest_scale" };
    let scales = graph.node("Max", &[&scale, least], &[]);
    let by_row = || Attribute::Integer("axis", 0);
    let coarse = graph.node("QuantizeLinear", &[input, &scales, "zero_points"], &[by_row()]);
    let fine = (inputs == Inputs::Finely).then(|| {
        let back = graph.node("DequantizeLinear", &[&coarse, &scales, "zero_points"], &[by_row()]);
        let left = graph.node("Sub", &[input, &back], &[]);
        let finer = graph.node("Mul", &[&scales, "fine_step"], &[]);
        graph.node("QuantizeLinear", &[&left, &finer, "zero_points"], &[by_row()])
    });
    let scale = graph.node("Unsqueeze", &[&scales, "last_axis"], &[]);
    Rounded { coarse, fine, scale }
}

/// The product of rounded inputs and weights, which come as rows, one for each output,
/// `n_in` wide: floats `[rows, outputs]`.
pub(super) fn product(
    graph: &mut GraphBuilder,
    name: &str,
    inputs: &Rounded,
    (weights, n_in): (&[f32], usize),
    signs: Signs,
) -> String {
    let (weight, scale) = (format!("{name}.weight"), format!("{name}.scale"));
    let (mut numbers, mut scales) = (Vec::with_capacity(weights.len()), Vec::new());
    for row in weights.chunks(n_in) {
        let (of_row, by) = rounded(row);
        numbers.extend(of_row);
        scales.push(by);
    }
    let (shape, numbers) = ([n_in, scales.len()], transposed(&numbers, n_in));
    match signs {
        Signs::Signed => graph.signed_bytes(&weight, &shape, &numbers),
        Signs::Unsigned => {
            let shifted: Vec<u8> =
                numbers.iter().map(|n| n.cast_unsigned().wrapping_add(ZERO_POINT)).collect();
            graph.bytes(&weight, &shape, &shifted);
        }
    }
    graph.floats(&scale, &[scales.len()], &scales);
    let mut of_part = |part: &str, step: &str, output: String| {
        graph.node_of(
            RUNTIME_OPERATORS,
            "MatMulIntegerToFloat",
            &[part, &weight, step, &scale, "zero_point", "zero_weight"],
            &[&output],
            &[],
        );
        output
    };
    let mut sum = of_part(&inputs.coarse, "one_step", format!("{name}.coarse"));
    if let Some(fine) = &inputs.fine {
        let fine = of_part(fine, "fine_step", format!("{name}.fine"));
        sum = graph.node("Add", &[&sum, &fine], &[]);
    }
    graph.node("Mul", &[&sum, &inputs.scale], &[])
}

/// Weights of one output as numbers of 8 bits, and the scale that makes floats of them.
/// The largest weight becomes 127 or -127.
fn rounded(row: &[f32]) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
    let scale = if largest > 0.0 { largest / LARGEST } else { 1.0 };
    (row.iter().map(|weight| (weight / scale).round_ties_even() as i8).collect(), scale)
}

/// Rows of `width` values as columns.
pub(super) fn transposed<T: Copy>(rows: &[T], width: usize) -> Vec<T> {
    let mut columns = Vec::with_capacity(rows.len());
    for column in 0..width {
        columns.extend(rows.iter().skip(column).step_by(width));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_weights_are_as_near_as_their_scale_allows() {
        let row: Vec<f32> = (0..100).map(|n| ((n * 37 % 100) as f32 - 50.0) / 700.0).collect();
        let (numbers, scale) = rounded(&row);
        assert_eq!(numbers.len(), row.len());
        for (number, weight) in numbers.iter().zip(&row) {
            let back = f32::from(*number) * scale;
            assert!((back - weight).abs() <= scale / 2.0 + 1e-9, "{back} for {weight}");
        }
    }

    #[test]
    fn a_row_of_zeros_stays_one() {
        let (numbers, scale) = rounded(&[0.0; 12]);
        assert!(numbers.iter().all(|number| *number == 0) && scale.is_finite());
    }

    #[test]
    fn rows_become_columns() {
        assert_eq!(transposed(&[1, 2, 3, 4, 5, 6], 3), [1, 4, 2, 5, 3, 6]);
    }
}
