"""Fills a server with runs over HTTP, as training jobs make them: flags, five epochs, an evaluation, an end."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator

from .client import request_bytes
from .failure import Failure
from .run_folders import EPOCHS, FIRST_START, OPTIMIZERS, run_name

CONNECTIONS = 64


def requests_of_run(number: int) -> list[tuple[int, bytes]]:
    """What makes a run, in order, each with the status that it gets."""
    losses = [round(1 / (epoch + 1) + number % 97 / 1000, 4) for epoch in range(EPOCHS)]
    start = FIRST_START + number * 60.25
    new = {
        "flags": {
            "learning_rate": [0.1, 0.01, 0.001][number % 3],
            "batch_size": [32, 64, 128][number // 3 % 3],
            "optimizer": OPTIMIZERS[number % 4],
            "augment": number % 2 == 0,
        },
        "properties": {"start": str(start), "epochs": str(EPOCHS)},
        "script": f"train-{number % 20}.py",
        "type": "training",
    }
    rows = [
        {"epoch": epoch + 1, "loss": loss, "acc": round(1 - loss / 2, 4), "val_loss": round(loss * 1.1, 4)}
        for epoch, loss in enumerate(losses)
    ]
    end = {
        "evaluation": {"loss": losses[-1], "acc": round(1 - losses[-1] / 2, 4)},
        "completed": number % 10 != 0,
        "end": start + 50,
    }
    path = f"/runs/{run_name(number)}"
    return [
        (201, request_bytes("PUT", path, json.dumps(new).encode())),
        (201, request_bytes("POST", f"{path}/metadata/metrics", json.dumps(rows).encode())),
        (200, request_bytes("POST", f"{path}/complete", json.dumps(end).encode())),
    ]


class _Connection(asyncio.Protocol):
    """Takes runs in turn, and sends the requests of each one after the other."""

    def __init__(self, numbers: Iterator[int], done: Callable[[Exception | None], None]) -> None:
        self._numbers, self._done = numbers, done
        self._waiting: list[tuple[int, bytes]] = []
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport
        self._send_next()

    def _send_next(self) -> None:
        if not self._waiting:
            number = next(self._numbers, None)
            if number is None:
                self._done(None)
                self._transport.close()
                return
            self._waiting = requests_of_run(number)
        self._status, request = self._waiting.pop(0)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].decode("latin-1").lower()
        field = head.find("content-length:")
        length = int(head[field + 15 :].split("\r\n", 1)[0]) if field >= 0 else 0
        if len(self._received) < end + 4 + length:
            return
        status, body = int(head[9:12]), self._received[end + 4 :]
        self._received = b""
        if status != self._status:
            self._done(Failure(f"{status} instead of {self._status}: {body[:500].decode(errors='replace')}"))
            self._transport.close()
            return
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        self._done(error or Failure("the server closed a connection"))


def fill_runs(port: int, numbers: range) -> None:
    """Makes these runs, on many connections."""

    async def fill() -> None:
        loop = asyncio.get_running_loop()
        turn = iter(numbers)

        async def connect() -> None:
            end: asyncio.Future[None] = loop.create_future()

            def done(error: Exception | None) -> None:
                if end.done():
                    return
                if error is None:
                    end.set_result(None)
                else:
                    end.set_exception(error)

            await loop.create_connection(lambda: _Connection(turn, done), "127.0.0.1", port)
            await end

        await asyncio.gather(*(connect() for _ in range(CONNECTIONS)))

    asyncio.run(fill())
