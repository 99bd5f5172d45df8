"""Writes the convolutional network as an ONNX graph, node by node."""

import numpy as np
from convnet import CLASSES, KERNEL, SIDE, STRIDE_2, WHITE, Parameters
from onnx import ModelProto, TensorProto
from onnx.checker import check_model
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

# Older than the newest on purpose, so that serving runtimes of several years load the model.
OPSET = 17
IR_VERSION = 8


def to_onnx(parameters: Parameters) -> ModelProto:
    """image FP32 [batch, 1, 8, 8], values 0..16 -> probabilities FP32 [batch, 10]."""
    same_padding = {"kernel_shape": [KERNEL, KERNEL], "pads": [1, 1, 1, 1]}
    nodes = [
        # Inside the graph, so that callers send the pixels they have.
        make_node("Div", ["image", "white"], ["scaled"]),
        make_node("Conv", ["scaled", "conv1.weight", "conv1.bias"], ["conv1"], **same_padding),
        make_node("Relu", ["conv1"], ["hidden1"]),
        make_node(
            "Conv",
            ["hidden1", "conv2.weight", "conv2.bias"],
            ["conv2"],
            strides=[STRIDE_2, STRIDE_2],
            **same_padding,
        ),
        make_node("Relu", ["conv2"], ["hidden2"]),
        make_node("Flatten", ["hidden2"], ["flat"], axis=1),
        make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["logits"], transB=1),
        make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {"white": np.array(WHITE, np.float32), **parameters}
    graph = make_graph(
        nodes,
        "digits",
        [make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES])],
        [from_array(value, name) for name, value in constants.items()],
    )
    model = make_model(graph, opset_imports=[make_opsetid("", OPSET)], ir_version=IR_VERSION)
    check_model(model, full_check=True)
    return model
