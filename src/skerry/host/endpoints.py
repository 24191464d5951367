"""The cloud's own API at the addresses of a VPC's interface endpoints.

Plain HTTP, on port 80: a request is authentic by its signature, and it leaves neither its VPC nor the host.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from skerry.drivers.network import namespaces
from skerry.host.connections import stop_listening
from skerry.host.limits import Seats

Api: TypeAlias = Callable[..., Awaitable[None]]
"""An ASGI application."""

PORT = 80
MAX_CONNECTIONS = 256  # of one VPC
KEEP_ALIVE_S = 10  # also for the head of a request
REQUEST_S = 120  # for its body and its answer
MAX_HEAD_BYTES = 65536
_GUESTS = "skerry.guests"  # what uvicorn says of them
_IP_FREEBIND = 15  # Linux: an address may be bound before it is there


def settings_of(api: Api) -> uvicorn.Config:
    """How every endpoint serves this API."""
    made = uvicorn.Config(
        cast("Any", api),
        interface="asgi3",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    made.load()
    logging.getLogger(_GUESTS).setLevel(logging.ERROR)  # junk is not worth a line of the host's log
    return made


class EndpointApi:
    """Listens where the endpoints of one VPC are."""

    def __init__(self, settings: uvicorn.Config, namespace: str, seats: Seats) -> None:
        self._settings = settings
        self._state = ServerState()
        self._namespace = namespace
        self._seats = seats
        self._servers: dict[str, asyncio.Server] = {}

    async def follow(self, addresses: set[str]) -> None:
        """Listen at these addresses and at no others. Raises OSError when the namespace has gone."""
        for gone in self._servers.keys() - addresses:
            stop_listening(self._servers.pop(gone))
        loop = asyncio.get_running_loop()
        for address in sorted(addresses - self._servers.keys()):
            listener = await asyncio.to_thread(
                namespaces.inside, self._namespace, lambda at=address: _listening(at)
            )
            self._servers[address] = await loop.create_server(self._connection, sock=listener)

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers.values():
            stop_listening(server)
        self._servers.clear()

    def _connection(self) -> asyncio.Protocol:
        made = _ApiConnection(config=self._settings, server_state=self._state, app_state={})
        made.seats = self._seats
        return made


class _ApiConnection(HttpToolsProtocol):
    """uvicorn's, within the guest's share of connections, and with an end to its patience."""

    seats: Seats
    address = ""
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    @property
    def waits(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def end(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.logger = logging.getLogger(_GUESTS)
        peer: tuple[str, int] | None = transport.get_extra_info("peername")
        self.address = peer[0] if peer is not None else ""
        if self.seats.take(self.address, self):
            self._expect(KEEP_ALIVE_S)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()
        self._expect(REQUEST_S)

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.seats.used(self.address, self)
        self._expect(KEEP_ALIVE_S if self.waits else REQUEST_S)

    def _expect(self, within_s: float) -> None:
        self._stop_expecting()
        self._deadline = self.loop.call_later(within_s, self.end)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        self.seats.leave(self.address, self)
        super().connection_lost(exc)


def _listening(address: str) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    made = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        made.bind((address, PORT))
        made.listen(512)
    except OSError:
        made.close()
        raise
    return made
