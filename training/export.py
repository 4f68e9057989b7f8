"""The picture tower as one ONNX file: backbone, class vectors, head, and the gate
between the two.

    photo   = unit(unit(unit(p @ classes) - shift) + colours), p from the class
              probabilities of the whole picture and of its parts (ConSE, Norouzi et
              al. 2014)
    drawing = head(features)
    image_embeds = unit((1 - g) * photo + g * drawing)
    features = all that the head reads, scaled and clipped

`g` follows the share of flat pixels where the picture is not white: drawings have
areas of one colour, photographs have none. Weights of convolutions and matrices are
stored in 8 bits with a scale for each output channel, the rest in 16-bit floats; the
arithmetic is that of 32-bit floats.
"""

import numpy as np
import onnx
import colours
from backbone import FEATURES, HEAD_INPUTS, SIDE, Graph, add_backbone, add_head_inputs, pixel_input
from head import CLIP
from onnx import TensorProto, helper, numpy_helper

TEMPERATURE = 2.5  # of the class probabilities
KEPT_CLASSES = 30  # of the whole picture
SHIFT = 0.8  # share of the mean class vector that is taken away
# The gate rises between the first two shares of flat pixels from its lowest value to its
# highest.
GATE = (0.08, 0.35, 0.2, 0.85)
# Small matrices whose rounding would be felt.
KEPT_IN_16_BITS = {"classes", "colours.vectors"}
PAPER = 0.9  # what is brighter in every channel is white paper
FLAT = 0.5 / 128  # largest difference between neighbours of one colour


def add_unit(graph, x, name):
    """Rows scaled to unit length."""
    return graph.node("LpNormalization", [x], name, axis=-1, p=2)


def add_gate(graph, pixels):
    """Share of pixels equal to their right and lower neighbours among those that are
    not white paper, [n, 1], made a weight."""
    kernel = np.zeros((6, 3, 2, 2), np.float32)
    for channel in range(3):
        kernel[2 * channel:2 * channel + 2, channel, 0, 0] = -1
        kernel[2 * channel, channel, 0, 1] = 1
        kernel[2 * channel + 1, channel, 1, 0] = 1
    weights = graph.constant("gate.kernel", kernel)
    differences = graph.node("Conv", [pixels, weights], "gate.differences", kernel_shape=[2, 2])
    sizes = graph.node("Abs", [differences], "gate.sizes")
    largest = graph.node("ReduceMax", [sizes], "gate.largest", axes=[1], keepdims=0)
    limit = graph.constant("gate.limit", np.float32(FLAT))
    is_flat = graph.node("LessOrEqual", [largest, limit], "gate.is_flat")
    # Without the last row and column, which have no neighbours.
    darkest = graph.node("ReduceMin", [pixels], "gate.darkest", axes=[1], keepdims=0)
    ends = [graph.constant("gate.start", np.array([0, 0], np.int64)),
            graph.constant("gate.end", np.array([-1, -1], np.int64)),
            graph.constant("gate.axes", np.array([1, 2], np.int64))]
    darkest = graph.node("Slice", [darkest, *ends], "gate.inner")
    paper = graph.constant("gate.paper", np.float32(PAPER))
    is_drawn = graph.node("Less", [darkest, paper], "gate.is_drawn")
    both = graph.node("And", [is_flat, is_drawn], "gate.both")
    counts = []
    for name in ("gate.both", "gate.is_drawn"):
        number = graph.node("Cast", [name], f"{name}.number", to=TensorProto.FLOAT)
        axes = "gate.axes"
        counts.append(graph.node("ReduceSum", [number, axes], f"{name}.count", keepdims=0))
    drawn = graph.node("Add", [counts[1], graph.constant("gate.one", np.float32(1))], "gate.drawn")
    share = graph.node("Div", [counts[0], drawn], "gate.share")
    low, high, least, most = GATE
    column = graph.node(
        "Unsqueeze", [share, graph.constant("gate.axis", np.array([1], np.int64))], "gate.column")
    moved = graph.node("Sub", [column, graph.constant("gate.low", np.float32(low))], "gate.moved")
    slope = graph.constant("gate.slope", np.float32((most - least) / (high - low)))
    steep = graph.node("Mul", [moved, slope], "gate.steep")
    raised = graph.node(
        "Add", [steep, graph.constant("gate.least", np.float32(least))], "gate.raised")
    most = graph.constant("gate.most", np.float32(most))
    return graph.node("Clip", [raised, "gate.least", most], "gate")


def add_photo(graph, features, classifier, classes):
    weight, bias = classifier
    n_cells = (SIDE // 32) ** 2
    shape = graph.constant("cells.shape", np.array([0, FEATURES, n_cells], np.int64))
    cells = graph.node("Reshape", [features, shape], "cells.columns")
    cells = graph.node("Transpose", [cells], "cells", perm=[0, 2, 1])
    matrix = graph.constant("classifier.w", weight.T.astype(np.float32) / TEMPERATURE)
    offset = graph.constant("classifier.b", bias.astype(np.float32) / TEMPERATURE)
    product = graph.node("MatMul", [cells, matrix], "cells.product")
    logits = graph.node("Add", [product, offset], "cells.logits")
    parts = graph.node("Softmax", [logits], "cells.probabilities", axis=-1)
    parts = graph.node("ReduceMean", [parts], "parts", axes=[1], keepdims=0)
    # The classifier is linear: logits of the mean are the mean of the logits.
    whole = graph.node("ReduceMean", [logits], "whole.logits", axes=[1], keepdims=0)
    k = graph.constant("whole.k", np.array([KEPT_CLASSES], np.int64))
    top = ["whole.top", "whole.indices"]
    graph.nodes.append(helper.make_node("TopK", [whole, k], top, axis=-1))
    lowest = graph.node("ReduceMin", ["whole.top"], "whole.lowest", axes=[1], keepdims=1)
    below = graph.node("Less", [whole, lowest], "whole.below")
    never = graph.constant("never", np.float32(-1e4))
    kept = graph.node("Where", [below, never, whole], "whole.kept")
    kept = graph.node("Softmax", [kept], "whole.probabilities", axis=-1)
    both = graph.node("Add", [kept, parts], "probabilities")
    vector = graph.node("MatMul", [both, graph.constant("classes", classes)], "classes.mean")
    vector = add_unit(graph, vector, "classes.unit")
    shift = graph.constant("classes.shift", (SHIFT * classes.mean(0)).astype(np.float32))
    return add_unit(graph, graph.node("Sub", [vector, shift], "classes.shifted"), "classes.part")


def add_colours(graph, pixels, tables):
    """Shares of the colours nearest to the mean colours of small squares, as a vector.
    The nearest is told by (2 x v - v v) / softness, the square of x is the same for all."""
    values, softness, vectors, offset = tables
    cell = colours.CELL
    cells = graph.node("AveragePool", [pixels], "colours.cells",
                       kernel_shape=[cell, cell], strides=[cell, cell])
    weights = graph.constant("colours.w", (2 * values / softness)[:, :, None, None])
    biases = graph.constant("colours.b", (-(values**2).sum(1) / softness).astype(np.float32))
    near = graph.node("Conv", [cells, weights, biases], "colours.near", kernel_shape=[1, 1])
    nearest = graph.node("Softmax", [near], "colours.nearest", axis=1)
    shares = graph.node("ReduceMean", [nearest], "colours.shares", axes=[2, 3], keepdims=0)
    vectors = graph.constant("colours.vectors", vectors)
    told = graph.node("MatMul", [shares, vectors], "colours.told")
    return graph.node("Sub", [told, graph.constant("colours.offset", offset)], "colours")


def add_drawing(graph, inputs, head):
    mean = graph.constant("drawing.mean", head.mean)
    centred = graph.node("Sub", [inputs, mean], "drawing.centred")
    scaled = graph.node(
        "Mul", [centred, graph.constant("drawing.scale", 1 / head.deviation)], "drawing.scaled")
    low = graph.constant("drawing.low", np.float32(-CLIP))
    high = graph.constant("drawing.high", np.float32(CLIP))
    clipped = graph.node("Clip", [scaled, low, high], "drawing.clipped")
    moved = clipped
    for n, (weight, bias) in enumerate(head.layers):
        if n > 0:
            moved = graph.node("Relu", [moved], f"drawing.relu{n}")
        matrix = graph.constant(f"drawing.w{n}", weight)
        product = graph.node("MatMul", [moved, matrix], f"drawing.product{n}")
        bias = graph.constant(f"drawing.b{n}", bias)
        moved = graph.node("Add", [product, bias], f"drawing.moved{n}")
    return add_unit(graph, moved, "drawing")


def add_features(graph):
    """What a linear head for another domain can read: all that the drawing head reads,
    scaled and clipped, [n, HEAD_INPUTS]."""
    return graph.node("Identity", ["drawing.clipped"], "features")


def picture_tower(state, classes, colour_tables, head):
    """The whole graph in 32-bit floats."""
    graph = Graph()
    features = add_backbone(graph, state)
    photo = add_photo(graph, features, (state["_fc.weight"], state["_fc.bias"]), classes)
    told = add_colours(graph, "pixel_values", colour_tables)
    photo = add_unit(graph, graph.node("Add", [photo, told], "photo.sum"), "photo")
    drawing = add_drawing(graph, add_head_inputs(graph, features), head)
    gate = add_gate(graph, "pixel_values")
    rest = graph.node("Sub", [graph.constant("one", np.float32(1)), gate], "gate.rest")
    photo = graph.node("Mul", [photo, rest], "photo.weighted")
    drawing = graph.node("Mul", [drawing, gate], "drawing.weighted")
    add_unit(graph, graph.node("Add", [photo, drawing], "sum"), "image_embeds")
    add_features(graph)
    sizes = {"image_embeds": classes.shape[1], "features": HEAD_INPUTS}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
               for name, size in sizes.items()]
    return graph.model("veritrail-lite", [pixel_input()], outputs)


def conse_tower(state, names, kept=10):
    """What the model is compared with: no training, the vectors of the names of the ten
    most probable classes of the whole picture (ConSE)."""
    graph = Graph()
    features = add_backbone(graph, state)
    means = graph.node("GlobalAveragePool", [features], "means")
    shape = graph.constant("flat", np.array([0, -1], np.int64))
    flat = graph.node("Reshape", [means, shape], "flat.means")
    matrix = graph.constant("classifier.w", state["_fc.weight"].T)
    product = graph.node("MatMul", [flat, matrix], "product")
    bias = graph.constant("classifier.b", state["_fc.bias"])
    logits = graph.node("Add", [product, bias], "logits")
    k = graph.constant("k", np.array([kept], np.int64))
    graph.nodes.append(helper.make_node("TopK", [logits, k], ["top", "indices"], axis=-1))
    shares = graph.node("Softmax", ["top"], "shares", axis=-1)
    chosen = graph.node("Gather", [graph.constant("names", names), "indices"], "chosen", axis=0)
    row = graph.node("Unsqueeze", [shares, graph.constant("one", np.array([1], np.int64))], "row")
    mean = graph.node("MatMul", [row, chosen], "mean")
    vector = graph.node("Reshape", [mean, "flat"], "vector")
    add_unit(graph, vector, "image_embeds")
    out = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", names.shape[1]])
    return graph.model("conse", [pixel_input()], [out])


def rounded_channels(array, axis):
    """8-bit integers and a scale for each index of `axis`: of several scales that cut off
    more or less of the largest numbers, the one with the least squared error."""
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    largest = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-12)
    best, least = None, np.full((len(rows), 1), np.inf)
    for share in np.linspace(0.7, 1.0, 13):
        scale = (largest * share / 127).astype(np.float32)
        errors = (np.clip(np.round(rows / scale), -127, 127) * scale - rows) ** 2
        errors = errors.sum(1, keepdims=True)
        best = scale if best is None else np.where(errors < least, scale, best)
        least = np.minimum(errors, least)
    integers = np.clip(np.round(rows / best), -127, 127).astype(np.int8)
    moved = np.moveaxis(array, axis, 0).shape
    return np.moveaxis(integers.reshape(moved), 0, axis), best[:, 0]


def stored_small(model, smallest=2048):
    """The same graph with its weights stored in fewer bits: matrices and convolutions
    in 8 with a scale for each output channel, other arrays of at least `smallest`
    numbers in 16-bit floats."""
    graph = model.graph
    consumers = {name: node for node in graph.node for name in node.input}
    kept, before = [], []
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        name = tensor.name
        if array.dtype != np.float32 or array.size < smallest:
            kept.append(tensor)
            continue
        kind = consumers[name].op_type
        pointwise = kind == "Conv" and array.shape[1] > 1
        if (pointwise or kind == "MatMul") and name not in KEPT_IN_16_BITS:
            axis = 0 if kind == "Conv" else 1
            rounded, scale = rounded_channels(array, axis)
            kept += [numpy_helper.from_array(np.ascontiguousarray(rounded), f"{name}.int8"),
                     numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale")]
            before.append(helper.make_node(
                "DequantizeLinear", [f"{name}.int8", f"{name}.scale"], [name], axis=axis))
        else:
            kept.append(numpy_helper.from_array(array.astype(np.float16), f"{name}.fp16"))
            before.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=TensorProto.FLOAT))
    nodes = before + list(graph.node)
    small = helper.make_graph(nodes, graph.name, graph.input, graph.output, kept)
    result = helper.make_model(small, opset_imports=model.opset_import, producer_name="veritrail")
    result.ir_version = model.ir_version
    onnx.checker.check_model(result)
    return result
