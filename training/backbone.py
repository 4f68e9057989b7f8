"""EfficientNet-Lite2 as an ONNX graph, from the published PyTorch weights.

Batch normalisation is folded into the convolutions, so that the graph holds
convolutions, clipped ReLUs and additions only. The architecture is that of
the EfficientNet-Lite release: no squeeze-and-excitation, ReLU6, fixed stem and
head; Lite2 is 1.1 times as wide and 1.2 times as deep as Lite0. Input:
[n, 3, 256, 256], (rgb - 127) / 128.
"""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WIDTH, DEPTH = 1.1, 1.2
# repeats, kernel, stride, expansion, input channels, output channels of Lite0
STAGES = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
]
BN_EPSILON = 1e-3
FEATURES = 1280
SIDE = 256  # pixels


def wide(channels):
    """Channels at this width, a multiple of 8 and not below nine tenths."""
    scaled = channels * WIDTH
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def stages():
    """The stages of this width and depth; first and last keep their repeats, the stem
    its 32 channels."""
    for position, (repeats, kernel, stride, expansion, entered, left) in enumerate(STAGES):
        fixed = position in (0, len(STAGES) - 1)
        yield (repeats if fixed else math.ceil(repeats * DEPTH), kernel, stride, expansion,
               32 if position == 0 else wide(entered), wide(left))


class Graph:
    """Nodes and weights of an ONNX graph in the making."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, name, array):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def model(self, name, inputs, outputs):
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.weights)
        opset = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="veritrail")
        model.ir_version = 8
        return model


def same_padding(kernel, stride):
    """TensorFlow's "same" padding for inputs whose sides the stride divides:
    the odd pixel goes to the bottom and the right."""
    total = max(kernel - stride, 0)
    before = total // 2
    return [before, before, total - before, total - before]


def convolution(graph, state, x, name, conv, norm, stride, groups=1, relu=True):
    weight = state[f"{conv}.weight"].astype(np.float32)
    scale = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + BN_EPSILON)
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    kernel = weight.shape[2]
    inputs = [
        x,
        graph.constant(f"{name}.w", weight * scale[:, None, None, None].astype(np.float32)),
        graph.constant(f"{name}.b", bias.astype(np.float32)),
    ]
    x = graph.node(
        "Conv", inputs, name, kernel_shape=[kernel, kernel], strides=[stride, stride],
        pads=same_padding(kernel, stride), group=groups)
    return graph.node("Clip", [x, "zero", "six"], f"{name}.relu") if relu else x


def add_backbone(graph, state, x="pixel_values"):
    """Adds the trunk; returns the name of its features, [n, 1280, h/32, w/32]."""
    graph.constant("zero", np.float32(0.0))
    graph.constant("six", np.float32(6.0))
    x = convolution(graph, state, x, "stem", "_conv_stem", "_bn0", 2)
    index = 0
    for repeats, _, stage_stride, expansion, channels_in, channels_out in stages():
        for repeat in range(repeats):
            stride = stage_stride if repeat == 0 else 1
            entered = channels_in if repeat == 0 else channels_out
            block, name, before = f"_blocks.{index}", f"block{index}", x
            if expansion != 1:
                x = convolution(graph, state, x, f"{name}.expand",
                                f"{block}._expand_conv", f"{block}._bn0", 1)
            x = convolution(graph, state, x, f"{name}.depthwise", f"{block}._depthwise_conv",
                            f"{block}._bn1", stride, groups=entered * expansion)
            x = convolution(graph, state, x, f"{name}.project", f"{block}._project_conv",
                            f"{block}._bn2", 1, relu=False)
            if stride == 1 and entered == channels_out:
                x = graph.node("Add", [x, before], f"{name}.add")
            index += 1
    return convolution(graph, state, x, "head", "_conv_head", "_bn1", 1)


def pixel_input():
    return helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])


# Maps of features that the head reads besides the last one, and the grid of means
# that is taken of each: what a drawing shows is told by coarse shapes.
GRIDS = {"block19.add": 2, "block14.add": 4}
# The last map is read by its means and its maxima.
HEAD_INPUTS = 2 * FEATURES + 208 * 2 * 2 + 120 * 4 * 4


def add_head_inputs(graph, features):
    """Adds what the head reads, [n, HEAD_INPUTS]: means and maxima of the last map,
    then the grids of means of the earlier maps."""
    flat = graph.constant("flat", np.array([0, -1], np.int64))
    means = graph.node("GlobalAveragePool", [features], "means")
    maxima = graph.node("GlobalMaxPool", [features], "maxima")
    parts = [graph.node("Reshape", [part, flat], f"{part}.flat") for part in (means, maxima)]
    for block, cells in GRIDS.items():
        side = SIDE // (32 if block == "block19.add" else 16) // cells
        pooled = graph.node("AveragePool", [block], f"{block}.grid",
                            kernel_shape=[side, side], strides=[side, side])
        parts.append(graph.node("Reshape", [pooled, flat], f"{block}.flat"))
    return graph.node("Concat", parts, "head_inputs", axis=1)


def feature_model(state):
    """The trunk with what the head reads as its only output: computed once for every
    training picture."""
    graph = Graph()
    add_head_inputs(graph, add_backbone(graph, state))
    out = helper.make_tensor_value_info("head_inputs", TensorProto.FLOAT, ["n", HEAD_INPUTS])
    return graph.model("efficientnet-lite2", [pixel_input()], [out])
