"""A Ray Serve application with the fraud model, as Ray's guides to batching and performance have it.

usage: fraud_app.py MODEL_FILE HTTP_PORT REPLICAS TEMPORARY_DIRECTORY; runs until SIGTERM.
"""

import signal
import sys

import numpy as np
import onnxruntime
import orjson
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

# More than ever wait at once (64 connections), so that requests wait where a batch is made of them, and not before.
MAX_ONGOING_REQUESTS = 512
MAX_BATCH_REQUESTS = 16


class Fraud:
    """POST takes an Open Inference Protocol v2 request with one FP32 tensor; GET says that it is there."""

    def __init__(self, model_file: str) -> None:
        options = onnxruntime.SessionOptions()
        # The settings of all workers that are compared: processes share the cores, so one thread each.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model_file, options, providers=["CPUExecutionProvider"])

    async def __call__(self, request: Request) -> Response:
        if request.method == "GET":
            return Response()
        tensor = orjson.loads(await request.body())["inputs"][0]
        rows = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        label, probabilities = await self._infer(rows)
        answer = {
            "model_name": "fraud",
            "model_version": "1",
            "outputs": [
                {"name": "label", "datatype": "INT64", "shape": label.shape, "data": label},
                {
                    "name": "probabilities",
                    "datatype": "FP32",
                    "shape": probabilities.shape,
                    "data": np.ravel(probabilities),
                },
            ],
        }
        return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")

    # No waiting for a batch to fill: what came while the last one was computed is the next.
    @serve.batch(max_batch_size=MAX_BATCH_REQUESTS, batch_wait_timeout_s=0)
    async def _infer(self, requests: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        label, probabilities = self._session.run(["label", "probabilities"], {"input": np.concatenate(requests)})
        ends = np.cumsum([len(rows) for rows in requests])[:-1]
        return list(zip(np.split(label, ends), np.split(probabilities, ends), strict=True))


def main() -> None:
    model_file, port, replicas, directory = sys.argv[1:]
    # Half a core each is what the scheduler counts, not what they get: else the two fill the machine, and
    # Serve's own processes, which it counts too, find no place.
    ray.init(
        include_dashboard=False,
        num_cpus=int(replicas),
        object_store_memory=100_000_000,
        log_to_driver=False,
        _temp_dir=directory,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    deployment = serve.deployment(
        Fraud,
        num_replicas=int(replicas),
        max_ongoing_requests=MAX_ONGOING_REQUESTS,
        ray_actor_options={"num_cpus": 0.5},
        logging_config={"enable_access_log": False},
    )
    serve.run(deployment.bind(model_file), route_prefix="/fraud")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # With all that runs on it: Serve's own way out waits for half a minute.
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
