"""The process control table of the published design, one Redis hash for each worker (its Table I)."""

import time
from dataclasses import dataclass

from redis.asyncio import Redis

ACTIVE = "ACTIVE"
ERROR = "ERROR"
# Of what a new latency counts for in the running average.
SMOOTHING = 0.1


@dataclass
class Row:
    id_worker: str
    endpoint: str
    status: str
    current_requests: int
    avg_latency_ms: float
    last_activity: float


class ControlTable:
    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, decode_responses=True)

    async def register(self, id_worker: str, id_model: str, version: int, endpoint: str) -> None:
        row = {
            "id_worker": id_worker,
            "id_model": id_model,
            "version": version,
            "status": ACTIVE,
            "endpoint": endpoint,
            "current_requests": 0,
            "avg_latency_ms": 0,
            "last_activity": time.time(),
        }
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(id_worker), mapping=row)
            pipeline.sadd(_workers(id_model), id_worker)
            pipeline.sadd("models", id_model)
            await pipeline.execute()

    async def rows(self, id_model: str) -> list[Row]:
        """All workers of the model: HGETALL of each, in one trip."""
        ids = await self._redis.smembers(_workers(id_model))
        async with self._redis.pipeline(transaction=False) as pipeline:
            for id_worker in ids:
                pipeline.hgetall(_key(id_worker))
            return [
                Row(
                    id_worker=row["id_worker"],
                    endpoint=row["endpoint"],
                    status=row["status"],
                    current_requests=int(row["current_requests"]),
                    avg_latency_ms=float(row["avg_latency_ms"]),
                    last_activity=float(row["last_activity"]),
                )
                for row in await pipeline.execute()
                if row
            ]

    async def begin(self, id_worker: str) -> None:
        await self._redis.hincrby(_key(id_worker), "current_requests", 1)

    async def end(self, row: Row, latency_ms: float | None) -> None:
        """Latency is None of a request that failed."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hincrby(_key(row.id_worker), "current_requests", -1)
            if latency_ms is not None:
                average = row.avg_latency_ms + SMOOTHING * (latency_ms - row.avg_latency_ms)
                pipeline.hset(
                    _key(row.id_worker), mapping={"avg_latency_ms": average, "last_activity": time.time()}
                )
            await pipeline.execute()

    async def heartbeat(self, id_worker: str) -> None:
        await self._redis.hset(_key(id_worker), mapping={"status": ACTIVE, "last_activity": time.time()})

    async def mark_error(self, id_worker: str) -> None:
        await self._redis.hset(_key(id_worker), "status", ERROR)

    async def models(self) -> set[str]:
        return await self._redis.smembers("models")


def _key(id_worker: str) -> str:
    return f"worker:{id_worker}"


def _workers(id_model: str) -> str:
    return f"model:{id_model}:workers"
