"""The control module of the published design: per request it reads the table, picks, counts, forwards and counts again.

REDIS_URL is in the environment.
"""

import asyncio
import os
import time
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel
from table import ACTIVE, ControlTable

# A worker that has said nothing for so long is in error: with the period of the checks, 40 to 60 s to detect.
TIMEOUT_S = 40
CHECK_EVERY_S = 20

table = ControlTable(os.environ["REDIS_URL"])


@asynccontextmanager
async def lifespan(app: FastAPI):
    # As many connections as httpx allows as it comes, and none closed for being idle: of more, it looks at each for
    # each request.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=60)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        app.state.client = client
        monitor = asyncio.create_task(watch())
        yield
        monitor.cancel()


app = FastAPI(lifespan=lifespan)


class Registration(BaseModel):
    id_worker: str
    id_model: str
    version: int
    endpoint: str


@app.post("/register_worker")
async def register_worker(worker: Registration) -> dict:
    await table.register(worker.id_worker, worker.id_model, worker.version, worker.endpoint)
    return {"status": "registered"}


@app.post("/heartbeat/{id_worker}")
async def heartbeat(id_worker: str) -> dict:
    await table.heartbeat(id_worker)
    return {"status": "ok"}


@app.get("/ready/{id_model}/{workers}")
async def ready(id_model: str, workers: int) -> Response:
    """Whether so many workers take requests."""
    active = [row for row in await table.rows(id_model) if row.status == ACTIVE]
    return Response(status_code=200 if len(active) >= workers else 503)


@app.post("/predict/{id_model}")
async def predict(id_model: str, request: Request) -> Response:
    body = await request.body()
    active = [row for row in await table.rows(id_model) if row.status == ACTIVE]
    if not active:
        raise HTTPException(503, "no active worker")
    chosen = min(active, key=lambda row: row.current_requests)
    await table.begin(chosen.id_worker)
    latency_ms = None
    started = time.perf_counter()
    try:
        answer = await request.app.state.client.post(
            f"{chosen.endpoint}/predict",
            content=body,
            headers={"content-type": "application/json"},
        )
        latency_ms = (time.perf_counter() - started) * 1000
    except httpx.HTTPError as error:
        raise HTTPException(502, str(error)) from error
    finally:
        await table.end(chosen, latency_ms)
    return Response(answer.content, answer.status_code, media_type="application/json")


async def watch() -> None:
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        now = time.time()
        for id_model in await table.models():
            for row in await table.rows(id_model):
                if row.status == ACTIVE and now - row.last_activity > TIMEOUT_S:
                    await table.mark_error(row.id_worker)
