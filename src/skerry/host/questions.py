"""How questions of names come in: over UDP, and over TCP."""

import asyncio
import logging
import socket
from collections import Counter
from typing import cast

from skerry.host.connections import GuestConnection
from skerry.host.forwarding import UDP_BYTES
from skerry.host.limits import Budget, Limits
from skerry.host.resolver import VpcResolver

log = logging.getLogger(__name__)

MAX_ASKING = 32  # datagrams of one guest that are being answered
MAX_TCP_BYTES = 4096  # of a question


class DatagramQuestions(asyncio.DatagramProtocol):
    """Questions over UDP; an answer that does not fit is cut and says so."""

    def __init__(self, resolver: VpcResolver, budget: Budget) -> None:
        self._resolver = resolver
        self._budget = budget
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: Counter[str] = Counter()
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._asking[addr[0]] >= MAX_ASKING or not self._budget.take(addr[0], 1):
            return
        self._asking[addr[0]] += 1
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            response = await self._resolver.answer(data)
            if response is not None:
                limit = min(max(512, response.request_payload), UDP_BYTES)
                self._transport.sendto(
                    response.to_wire(max_size=limit, prefer_truncation=True), addr
                )
        except Exception:  # of no kind that a guest may write into the host's log
            log.debug("a question over UDP could not be answered", exc_info=True)
        finally:
            self._asking[addr[0]] -= 1
            if not self._asking[addr[0]]:
                del self._asking[addr[0]]


class StreamQuestions(GuestConnection[bytes]):
    """Questions over TCP: two bytes of length before each message (RFC 1035, 4.2.2)."""

    def __init__(self, resolver: VpcResolver, limits: Limits) -> None:
        super().__init__(limits.seats)
        self._resolver = resolver
        self._budget = limits.budget
        self._heard = b""

    def hear(self, data: bytes) -> None:
        self._heard += data
        while len(self._heard) >= 2:
            size = int.from_bytes(self._heard[:2])
            if size > MAX_TCP_BYTES:
                self.transport.abort()
                return
            if len(self._heard) < 2 + size:
                return
            self.ask(self._heard[2 : 2 + size])
            self._heard = self._heard[2 + size :]

    async def respond(self, asked: bytes) -> bytes | None:
        if not self._budget.take(self.address, 1):
            return None
        response = await self._resolver.answer(asked)
        if response is None:
            return None
        return response.to_wire(prepend_length=True, max_size=65535, prefer_truncation=True)


async def serve_names(
    resolver: VpcResolver, datagrams: socket.socket, listener: socket.socket, limits: Limits
) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    """Answer on port 53 of one address, by both ways."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: StreamQuestions(resolver, limits), sock=listener)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: DatagramQuestions(resolver, limits.budget), sock=datagrams
    )
    return transport, server
