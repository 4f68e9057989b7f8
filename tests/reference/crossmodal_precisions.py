#!/usr/bin/env python3
"""The tiny CLIP and SigLIP of crossmodal.py in the other forms of the common exports:
16-bit floats, 8-bit integers, and both sides in one file.

Writes into tests/reference/crossmodal/{clip,siglip}/onnx:
  {vision,text}_model_fp16.onnx        inputs and outputs in 16-bit floats as well
  {vision,text}_model_quantized.onnx   8-bit weights for each output channel
  model.onnx                           both sides

Made with Python 3.11, onnx 1.19, onnxconverter-common 1.16, onnxruntime 1.32:
  python3 tests/reference/crossmodal_precisions.py
"""
import pathlib

import onnx
from onnxconverter_common import float16
from onnxruntime.quantization import QuantType, quantize_dynamic

HERE = pathlib.Path(__file__).parent / "crossmodal"


def prefixed(model, prefix, shared):
    """The graph with its inner names told apart; `shared` keep theirs."""
    renamed = onnx.compose.add_prefix(model, prefix)
    back = {f"{prefix}{name}": name for name in shared}
    for node in renamed.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                names[i] = back.get(name, name)
    for value in [*renamed.graph.input, *renamed.graph.output]:
        value.name = back.get(value.name, value.name)
    return renamed


def joined(vision, text):
    """One graph with the inputs and outputs of both; outputs named as in the exports."""
    parts = []
    for model, prefix, name in ((vision, "vision_", "image_embeds"), (text, "text_", "text_embeds")):
        inputs = [value.name for value in model.graph.input]
        part = prefixed(model, prefix, inputs)
        own = part.graph.output[0].name
        for node in part.graph.node:
            for i, output in enumerate(node.output):
                if output == own:
                    node.output[i] = name
        part.graph.output[0].name = name
        # The two sides may come in different numbers.
        for value in [*part.graph.input, *part.graph.output]:
            for axis in value.type.tensor_type.shape.dim:
                if axis.dim_param:
                    axis.dim_param = f"{prefix}{axis.dim_param.removeprefix(prefix)}"
        parts.append(part.graph)
    graph = onnx.helper.make_graph(
        [node for part in parts for node in part.node], "both",
        [value for part in parts for value in part.input],
        [value for part in parts for value in part.output],
        [tensor for part in parts for tensor in part.initializer])
    model = onnx.helper.make_model(graph, opset_imports=vision.opset_import)
    model.ir_version = vision.ir_version
    onnx.checker.check_model(model)
    return model


def in_16_bits(model):
    casts = {node.name for node in model.graph.node if node.op_type == "Cast"}
    small = float16.convert_float_to_float16(model)
    for node in small.graph.node:
        for attribute in node.attribute:
            # The converter leaves what the graph itself casts to 32-bit floats.
            if node.name in casts and attribute.name == "to" and attribute.i == onnx.TensorProto.FLOAT:
                attribute.i = onnx.TensorProto.FLOAT16
    return small


def main():
    for name in ("clip", "siglip"):
        folder = HERE / name / "onnx"
        models = {side: onnx.load(folder / f"{side}_model.onnx") for side in ("vision", "text")}
        onnx.save(joined(models["vision"], models["text"]), folder / "model.onnx")
        for side, model in models.items():
            quantize_dynamic(folder / f"{side}_model.onnx", folder / f"{side}_model_quantized.onnx",
                             per_channel=True, weight_type=QuantType.QInt8)
            onnx.save(in_16_bits(model), folder / f"{side}_model_fp16.onnx")


if __name__ == "__main__":
    main()
