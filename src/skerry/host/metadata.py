"""Serves instance metadata over HTTP, one listening socket per VPC."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.metadata.answers import Answer, Question, answer, refusal
from skerry.services.ec2.metadata.subject import Subject, find_subject

Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Client: TypeAlias = tuple[str, int]

MAX_CONNECTIONS = 256  # of one VPC at a time
KEEP_ALIVE_S = 10
ROUTER_HOPS = 1  # between the guest and us


@dataclass(frozen=True, slots=True)
class MetadataSource:
    """Where answers come from. ``spoke`` is told of each guest's first request in a run."""

    database: Database
    region: Region
    secret: bytes
    spoke: Callable[[str], None]
    pool: Executor
    heard: dict[str, int] = field(default_factory=dict[str, int])  # instance id → run


class MetadataApplication:
    """One VPC's metadata, as an ASGI application."""

    def __init__(self, source: MetadataSource, vpc_id: str) -> None:
        self._source = source
        self._vpc_id = vpc_id
        self.sockets: dict[Client, socket.socket] = {}

    async def __call__(self, scope: dict[str, Any], receive: object, send: Send) -> None:
        del receive  # no request of ours has a body
        client: Client = scope["client"]
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        path: bytes = scope.get("raw_path") or b"/"
        question = Question(scope["method"], path.decode("latin-1"), headers)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._source.pool, self._answer, client[0], question)
        await self._write(send, client, found, with_body=question.method != "HEAD")

    def _answer(self, address: str, question: Question) -> Answer:
        source = self._source
        subject = find_subject(source.database, source.region, self._vpc_id, address)
        if subject is None:
            return refusal(404)
        self._hear(subject)
        return answer(question, subject, source.secret, time.time())

    def _hear(self, subject: Subject) -> None:
        """The first request of a run is the sign that the guest has reached user space."""
        instance, source = subject.instance, self._source
        if instance.reached_run < instance.run > source.heard.get(instance.id, 0):
            source.heard[instance.id] = instance.run
            source.pool.submit(source.spoke, instance.id)

    async def _write(self, send: Send, client: Client, found: Answer, *, with_body: bool) -> None:
        headers = [
            (b"content-type", found.content_type.encode()),
            (b"content-length", str(len(found.body)).encode()),
            (b"server", b"EC2ws"),
            *((name.encode(), value.encode()) for name, value in found.headers.items()),
        ]
        if found.hop_limit is not None:
            self._limit_hops(client, found.hop_limit)
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": found.body if with_body else b""})

    def _limit_hops(self, client: Client, hops: int) -> None:
        """How far packets travel from now on: a token must not leave the guest by more than its limit.

        For good: TCP sends again what was not acknowledged, with the limit that holds by then.
        """
        connection = self.sockets.get(client)
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops + ROUTER_HOPS)


class _Connection(HttpToolsProtocol):
    """uvicorn's, which also lets the application reach the connection's socket."""

    application: MetadataApplication

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        client = transport.get_extra_info("peername")
        if client is not None:
            self.application.sockets[client] = transport.get_extra_info("socket")

    def connection_lost(self, exc: Exception | None) -> None:
        self.application.sockets.pop(cast("Client", self.client), None)
        super().connection_lost(exc)


async def serve_metadata(
    listener: socket.socket, source: MetadataSource, vpc_id: str
) -> asyncio.Server:
    """Serve one VPC's metadata on a listening socket of its namespace."""
    application = MetadataApplication(source, vpc_id)
    config = uvicorn.Config(
        cast("Any", application),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    state = ServerState()

    def connection() -> asyncio.Protocol:
        made = _Connection(config=config, server_state=state, app_state={})
        made.application = application
        return made

    return await asyncio.get_running_loop().create_server(connection, sock=listener)
