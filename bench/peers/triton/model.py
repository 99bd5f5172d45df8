"""The fraud model for Triton's Python backend, with ONNX Runtime; Triton makes the batches and hands them over."""

import os
import sys
from pathlib import Path

# An instance is a Python of Triton's own, which heeds neither a virtual environment nor PYTHONPATH.
sys.path.append(os.environ["SITE_PACKAGES"])

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import triton_python_backend_utils as triton  # noqa: E402


class TritonPythonModel:
    def initialize(self, args: dict) -> None:
        options = onnxruntime.SessionOptions()
        # The settings of all workers that are compared: processes share the cores, so one thread each.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        model = Path(args["model_repository"], args["model_version"], "model.onnx")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list) -> list:
        inputs = [triton.get_input_tensor_by_name(request, "input").as_numpy() for request in requests]
        label, probabilities = self._session.run(["label", "probabilities"], {"input": np.concatenate(inputs)})
        ends = np.cumsum([len(rows) for rows in inputs])[:-1]
        return [
            triton.InferenceResponse(
                [
                    triton.Tensor("label", np.ascontiguousarray(one.reshape(-1, 1))),
                    triton.Tensor("probabilities", np.ascontiguousarray(other)),
                ]
            )
            for one, other in zip(np.split(label, ends), np.split(probabilities, ends), strict=True)
        ]
