"""How questions of names come in: over UDP, and over TCP."""

import asyncio
import logging
import socket
from collections import Counter

from skerry.host.connections import GuestConnection
from skerry.host.forwarding import UDP_BYTES
from skerry.host.limits import Budget, Limits
from skerry.host.resolver import VpcResolver

log = logging.getLogger(__name__)

MAX_ASKING = 32  # datagrams of one guest that are being answered
MAX_BYTES = 4096  # of a question
BATCH = 64
PAUSE_S = 0.001


class DatagramQuestions:
    """Questions over UDP; an answer that does not fit is cut and says so.

    Reads its socket (which must not block) from the moment it is made until it is closed.
    """

    def __init__(self, datagrams: socket.socket, resolver: VpcResolver, budget: Budget) -> None:
        self._socket = datagrams
        self._resolver = resolver
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: Counter[str] = Counter()
        self._go_on()

    def close(self) -> None:
        """Hear and say no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _go_on(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._read)

    def _read(self) -> None:
        """Some; a flood that is dropped anyway is not read as fast as it comes."""
        is_flood = True
        for _ in range(BATCH):
            try:
                data, address = self._socket.recvfrom(MAX_BYTES)
            except OSError:  # there is no more, or an answer reached nobody
                return
            is_flood &= not self._hear(data, address)
        if is_flood:
            self._loop.remove_reader(self._socket)
            self._loop.call_later(PAUSE_S, self._go_on)

    def _hear(self, data: bytes, address: tuple[str, int]) -> bool:
        """False: it is dropped."""
        guest = address[0]
        if self._asking[guest] >= MAX_ASKING or not self._budget.take(guest, 1):
            return False
        self._asking[guest] += 1
        task = self._loop.create_task(self._answer(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            response = await self._resolver.answer(data)
            if response is not None:
                limit = min(max(512, response.request_payload), UDP_BYTES)
                wire = response.to_wire(max_size=limit, prefer_truncation=True)
                self._socket.sendto(wire, address)
        except Exception:  # of no kind that a guest may write into the host's log
            log.debug("a question over UDP could not be answered", exc_info=True)
        finally:
            self._asking[address[0]] -= 1
            if not self._asking[address[0]]:
                del self._asking[address[0]]


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
            if size > MAX_BYTES:
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
) -> tuple[DatagramQuestions, asyncio.Server]:
    """Answer on port 53 of one address, by both ways."""
    server = await asyncio.get_running_loop().create_server(
        lambda: StreamQuestions(resolver, limits), sock=listener
    )
    return DatagramQuestions(datagrams, resolver, limits.budget), server
