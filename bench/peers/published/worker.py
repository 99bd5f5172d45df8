"""A worker of the published design: one model behind FastAPI.

MODEL_FILE is a scikit-learn forest, as published, or an ONNX file, which tells the design from what it runs.
That, ID_WORKER, CONTROL_URL and OWN_URL are in the environment.
"""

import asyncio
import os
from contextlib import asynccontextmanager

import httpx
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

HEARTBEAT_EVERY_S = 5
RETRY_EVERY_S = 0.1
ID_WORKER = os.environ["ID_WORKER"]
CONTROL_URL = os.environ["CONTROL_URL"]


def load_forest(file: str):
    import joblib

    forest = joblib.load(file)
    # Processes share the cores, and threads for 100 small trees cost more than they bring.
    forest.n_jobs = 1

    def infer(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        probabilities = forest.predict_proba(rows)
        return forest.classes_[probabilities.argmax(axis=1)].astype(np.int64), probabilities

    return infer


def load_onnx(file: str):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(["label", "probabilities"], {"input": rows})


model_file = os.environ["MODEL_FILE"]
infer = load_onnx(model_file) if model_file.endswith(".onnx") else load_forest(model_file)


@asynccontextmanager
async def lifespan(_: FastAPI):
    reporting = asyncio.create_task(report())
    yield
    reporting.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
async def predict(request: Request) -> Response:
    """Takes an Open Inference Protocol v2 request with one FP32 tensor."""
    tensor = orjson.loads(await request.body())["inputs"][0]
    rows = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
    # Here and not in a thread of its own: there is one core for it anyway.
    label, probabilities = infer(rows)
    answer = {
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": label.shape, "data": label},
            {
                "name": "probabilities",
                "datatype": "FP32",
                "shape": probabilities.shape,
                "data": np.ravel(probabilities),
            },
        ]
    }
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


async def report() -> None:
    """Registers once the control module is there, then says that this worker lives."""
    registration = {
        "id_worker": ID_WORKER,
        "id_model": "fraud",
        "version": 1,
        "endpoint": os.environ["OWN_URL"],
    }
    async with httpx.AsyncClient() as client:
        while True:
            try:
                (await client.post(f"{CONTROL_URL}/register_worker", json=registration)).raise_for_status()
                break
            except httpx.HTTPError:
                await asyncio.sleep(RETRY_EVERY_S)
        while True:
            await asyncio.sleep(HEARTBEAT_EVERY_S)
            try:
                await client.post(f"{CONTROL_URL}/heartbeat/{ID_WORKER}")
            except httpx.HTTPError:
                # The next one may come through.
                continue
