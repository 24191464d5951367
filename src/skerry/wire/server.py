"""HTTP in front of the gateway: an ASGI application that uvicorn serves."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

from skerry.kernel.foreground import Foreground
from skerry.wire.http import HttpRequest, HttpResponse

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 16 * 2**20
MAX_DISCARDED_BYTES = 256 * 2**20  # read on, so that a client that still sends gets its answer
WORKERS = 16


class Answers(Protocol):
    """What the server needs of a gateway."""

    def answer(self, request: HttpRequest) -> HttpResponse: ...

    def too_large(self, request: HttpRequest) -> HttpResponse: ...


class Application:
    """Reads a whole request, has it answered in a worker thread, writes the answer."""

    def __init__(self, gateway: Answers, foreground: Foreground) -> None:
        self._gateway = gateway
        self._foreground = foreground
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, whole = await _read_body(receive)
        with self._foreground:
            request = _request(scope, body)
            answer = self._gateway.answer if whole else self._gateway.too_large
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._pool, answer, request)
            await _write(send, response)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


async def _read_body(receive: Receive) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts), True
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        else:
            parts.clear()
        if not message.get("more_body") or size > MAX_DISCARDED_BYTES:
            return b"".join(parts), size <= MAX_BODY_BYTES


def _request(scope: Scope, body: bytes) -> HttpRequest:
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return HttpRequest(
        scope["method"], path.decode("latin-1"), query.decode("latin-1"), headers, body
    )


async def _write(send: Send, response: HttpResponse) -> None:
    headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
