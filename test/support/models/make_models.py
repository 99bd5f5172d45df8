"""Makes the tiny models of the end-to-end tests: python make_models.py <directory> (needs onnx and numpy).

Each model is <directory>/<name>/1/model.onnx, in the layout of a model repository, and does one thing that a
server may get wrong. Running this again gives the same bytes, so a difference in the files is a change here.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import GraphProto, TensorProto, checker, helper, numpy_helper, save_model

OPSET = 17
ROWS = "rows"

ELEMENT_TYPES = {
    "bool": TensorProto.BOOL,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "fp16": TensorProto.FLOAT16,
    "fp32": TensorProto.FLOAT,
    "fp64": TensorProto.DOUBLE,
    "bytes": TensorProto.STRING,
}


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[kind], shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def filled(number):
    return numpy_helper.from_array(np.array([number], np.float32))


def graph(nodes, inputs, outputs, constants=()) -> GraphProto:
    return helper.make_graph(nodes, "test", inputs, outputs, constants)


def identities(kinds):
    return graph(
        [node("Identity", [f"{kind}_in"], [f"{kind}_out"]) for kind in kinds],
        [value(f"{kind}_in", kind, [ROWS]) for kind in kinds],
        [value(f"{kind}_out", kind, [ROWS]) for kind in kinds],
    )


def all_types():
    """Every datatype but FP16 in and out unchanged, so that what a client gets back is what the wire made of it."""
    return identities([kind for kind in ELEMENT_TYPES if kind != "fp16"])


def half():
    """FP16 in and out unchanged; by itself, since JavaScript has had this type for the shortest time."""
    return identities(["fp16"])


def echo():
    """Any matrix back unchanged: large bodies cost nothing but their transport."""
    return graph(
        [node("Identity", ["x"], ["y"])],
        [value("x", "fp32", [ROWS, "columns"])],
        [value("y", "fp32", [ROWS, "columns"])],
    )


def text_echo():
    """One string per row back unchanged."""
    return graph(
        [node("Identity", ["text"], ["same"])],
        [value("text", "bytes", [ROWS])],
        [value("same", "bytes", [ROWS])],
    )


def tokens():
    """Sums of sequences of integers whose length differs from request to request."""
    return graph(
        [node("ReduceSum", ["ids", "axes"], ["total"], keepdims=0)],
        [value("ids", "int64", [ROWS, "length"])],
        [value("total", "int64", [ROWS])],
        [constant("axes", np.array([1], np.int64))],
    )


def fixed_rows():
    """Takes four rows, no more and no fewer; the sum over all of them shows whether they stayed together."""
    return graph(
        [
            node("ReduceSum", ["x"], ["sum"], keepdims=1),
            node("Add", ["x", "sum"], ["y"]),
        ],
        [value("x", "fp32", [4, 2])],
        [value("y", "fp32", [4, 2])],
    )


def cumulative():
    """Running totals over the first dimension, which looks like a batch and is none."""
    return graph(
        [node("CumSum", ["x", "axis"], ["y"])],
        [value("x", "fp32", [ROWS, 2])],
        [value("y", "fp32", [ROWS, 2])],
        [constant("axis", np.array(0, np.int64))],
    )


def softmax_rows():
    """Softmax over the first dimension: each row's answer depends on all others."""
    return graph(
        [node("Softmax", ["x"], ["y"], axis=0)],
        [value("x", "fp32", [ROWS, 2])],
        [value("y", "fp32", [ROWS, 2])],
    )


def distance_from_largest(kind, columns):
    """Rows interact, and yet rows that are all equal give what each gives alone."""
    return graph(
        [
            node("ReduceMax", ["x"], ["largest"], axes=[0], keepdims=1),
            node("Sub", ["largest", "x"], ["y"]),
        ],
        [value("x", kind, [ROWS, columns])],
        [value("y", kind, [ROWS, columns])],
    )


def below_maximum():
    """Distance of each integer row from the largest."""
    return distance_from_largest("int64", 2)


def wide_below_maximum():
    """The same for floats, in rows so wide that made-up values may repeat from row to row."""
    return distance_from_largest("fp32", 101)


def picky_cumulative():
    """Running totals of looked-up values, for ids of 1000 to 1007 alone: made-up input fails and shows nothing."""
    return graph(
        [
            node("Sub", ["id", "base"], ["index"]),
            node("Gather", ["table", "index"], ["found"]),
            node("CumSum", ["found", "axis"], ["y"]),
        ],
        [value("id", "int64", [ROWS])],
        [value("y", "fp32", [ROWS])],
        [
            constant("base", np.array(1000, np.int64)),
            constant("table", np.arange(1, 9, dtype=np.float32)),
            constant("axis", np.array(0, np.int64)),
        ],
    )


def two_inputs():
    """Two inputs of different type and rank: y = x * factor, row by row, and a label beside it."""
    return graph(
        [
            node("Cast", ["factor"], ["float"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["float", "axes"], ["column"]),
            node("Mul", ["x", "column"], ["y"]),
            node("Identity", ["factor"], ["label"]),
        ],
        [value("x", "fp32", [ROWS, 3]), value("factor", "int32", [ROWS])],
        [value("y", "fp32", [ROWS, 3]), value("label", "int32", [ROWS])],
        [constant("axes", np.array([1], np.int64))],
    )


def lookup():
    """Values 0, 10, 20, … by index; 6 and 7 give infinity and NaN, and from 8 on the model fails while it runs."""
    table = np.array([0, 10, 20, 30, 40, 50, np.inf, np.nan], np.float32)
    return graph(
        [node("Gather", ["table", "index"], ["y"])],
        [value("index", "int64", [ROWS])],
        [value("y", "fp32", [ROWS])],
        [constant("table", table)],
    )


def loop_body():
    return graph(
        [
            node("MatMul", ["state", "weights"], ["state_next"]),
            node("Identity", ["go_on"], ["go_on_next"]),
        ],
        [value("step", "int64", []), value("go_on", "bool", []), value("state", "fp32", [64, 64])],
        [value("go_on_next", "bool", []), value("state_next", "fp32", [64, 64])],
    )


def busy(least_rounds):
    """Multiplies matrices in a loop of `rounds` + `least_rounds` turns: its time is set by its input."""
    return graph(
        [
            node("Add", ["rounds", "least"], ["turns"]),
            node("Squeeze", ["turns"], ["turn_count"]),
            node("ConstantOfShape", ["square"], ["start"], value=filled(1.0)),
            node("ConstantOfShape", ["square"], ["weights"], value=filled(1 / 64)),
            node("Loop", ["turn_count", "", "start"], ["state_end"], body=loop_body()),
            node("ReduceMean", ["state_end"], ["mean"], keepdims=0),
            node("IsNaN", ["mean"], ["broken"]),
            node("Cast", ["broken"], ["number"], to=TensorProto.INT64),
            node("Add", ["rounds", "number"], ["done"]),
        ],
        [value("rounds", "int64", [1])],
        [value("done", "int64", [1])],
        [
            constant("least", np.array([least_rounds], np.int64)),
            constant("square", np.array([64, 64], np.int64)),
        ],
    )


def slow():
    """Never quick, so that it is run on a thread of its own; `rounds` makes it slower."""
    return busy(4_000)


def suddenly_slow():
    """Quick on the small numbers that a warm-up makes up, and as slow as a request asks for afterwards."""
    return busy(0)


def long_rows():
    """Work that grows with the cube of a row's length, as of a sequence: quick on the one-element rows of a warm-up."""
    return graph(
        [
            node("Unsqueeze", ["x", "last"], ["column"]),
            node("Unsqueeze", ["x", "middle"], ["row"]),
            node("MatMul", ["column", "row"], ["outer"]),
            node("MatMul", ["outer", "outer"], ["product"]),
            node("ReduceMax", ["product"], ["y"], axes=[2], keepdims=0),
        ],
        [value("x", "fp32", [ROWS, "length"])],
        [value("y", "fp32", [ROWS, "length"])],
        [constant("last", np.array([2], np.int64)), constant("middle", np.array([1], np.int64))],
    )


MODELS = [
    all_types,
    half,
    echo,
    text_echo,
    tokens,
    fixed_rows,
    cumulative,
    softmax_rows,
    below_maximum,
    wide_below_maximum,
    picky_cumulative,
    two_inputs,
    lookup,
    slow,
    suddenly_slow,
    long_rows,
]


def main():
    directory = Path(sys.argv[1])
    for make in MODELS:
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(make(), opset_imports=opsets, ir_version=8, producer_name="turntable-tests")
        checker.check_model(model, full_check=True)
        path = directory / make.__name__.replace("_", "-") / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(model, path)
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
