"""A BentoML service with the fraud model, as BentoML's guide to adaptive batching has it.

Each request brings a list of Open Inference Protocol tensors, of which BentoML merges those of several requests.
MODEL_FILE and WORKERS are in the environment.
"""

import os

import bentoml
import numpy as np
import onnxruntime
from pydantic import BaseModel

MAX_BATCH_REQUESTS = 16
# The latency that the batcher plans for, beyond which it refuses: longer than the longest queue of this benchmark.
MAX_LATENCY_MS = 10_000


class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


@bentoml.service(
    workers=int(os.environ["WORKERS"]),
    # No limit on requests at once: they wait where batches are made of them.
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Fraud:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        # The settings of all workers that are compared: processes share the cores, so one thread each.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            os.environ["MODEL_FILE"], options, providers=["CPUExecutionProvider"]
        )

    @bentoml.api(
        route="/v2/models/fraud/infer",
        batchable=True,
        max_batch_size=MAX_BATCH_REQUESTS,
        max_latency_ms=MAX_LATENCY_MS,
    )
    async def infer(self, inputs: list[Tensor]) -> list[dict]:
        requests = [np.array(tensor.data, np.float32).reshape(tensor.shape) for tensor in inputs]
        label, probabilities = self._session.run(["label", "probabilities"], {"input": np.concatenate(requests)})
        ends = np.cumsum([len(rows) for rows in requests])[:-1]
        return [
            {
                "model_name": "fraud",
                "model_version": "1",
                "outputs": [
                    {"name": "label", "datatype": "INT64", "shape": list(one.shape), "data": one.tolist()},
                    {
                        "name": "probabilities",
                        "datatype": "FP32",
                        "shape": list(other.shape),
                        "data": other.ravel().tolist(),
                    },
                ],
            }
            for one, other in zip(np.split(label, ends), np.split(probabilities, ends), strict=True)
        ]
