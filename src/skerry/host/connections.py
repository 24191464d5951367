"""Connections from guests: one question at a time, and none that stays open for nothing."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar, cast

from skerry.host.limits import Seats

log = logging.getLogger(__name__)

IDLE_S = 10.0  # for a whole question to come in, and for its answer to be taken
LINGER_S = 1.0  # for a refusal to be read before the guest is told that we read no more
READ_BYTES = 1024
UNREAD_BYTES = 256 * 1024  # of answers that the guest does not take

Asked = TypeVar("Asked")


def stop_listening(server: asyncio.Server) -> None:
    """Close the server after the connections that it has accepted have begun.

    A server that is closed before them leaves their sockets open:
    https://github.com/python/cpython/issues/109564
    """
    loop = server.get_loop()
    for listener in server.sockets:
        loop.remove_reader(listener)
    loop.call_soon(server.close)


class GuestConnection(asyncio.BufferedProtocol, ABC, Generic[Asked]):
    """``hear`` takes the guest's bytes and calls ``ask``; ``respond`` makes the answer's bytes."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._buffer = bytearray(READ_BYTES)
        self._waiting: deque[Asked] = deque()
        self._busy: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_last = False
        self._lingers = False
        self.address = ""
        self.transport: asyncio.Transport

    @abstractmethod
    def hear(self, data: bytes) -> None: ...

    @abstractmethod
    async def respond(self, asked: Asked) -> bytes | None:
        """None: the connection is not worth keeping."""
        ...

    @property
    def waits(self) -> bool:
        return self._busy is None

    def ask(self, asked: Asked, *, is_last: bool = False, lingers: bool = False) -> None:
        """To be answered after those before it; after the last one, the connection is closed."""
        if not self._is_last:
            self._waiting.append(asked)
            self._is_last = is_last
            self._lingers = lingers

    def end(self) -> None:
        """Close, without waiting for a guest that does not read."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(UNREAD_BYTES)
        peer: tuple[str, int] | None = transport.get_extra_info("peername")
        self.address = peer[0] if peer is not None else ""
        if self._seats.take(self.address, self):
            self._wait(IDLE_S)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._seats.leave(self.address, self)
        self._stop_waiting()
        self._waiting.clear()

    def get_buffer(self, sizehint: int) -> bytearray:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            if not self._is_last:
                self.hear(bytes(self._buffer[:nbytes]))
        except Exception:
            log.debug("a guest's bytes could not be read", exc_info=True)
            self.transport.abort()
        self._begin()

    def eof_received(self) -> bool:
        """Whoever says no more may still listen."""
        self._is_last = True
        return bool(self._waiting or self._busy)

    def pause_writing(self) -> None:
        self.transport.abort()

    def _begin(self) -> None:
        if self._waiting and self._busy is None:
            self._stop_waiting()
            self.transport.pause_reading()
            self._busy = asyncio.get_running_loop().create_task(self._answer_all())

    async def _answer_all(self) -> None:
        while self._waiting:
            answer = await self._answer(self._waiting.popleft())
            if self.transport.is_closing():
                return
            if answer is None:
                self._is_last = True
                break
            self.transport.write(answer)
        self._busy = None
        self._seats.used(self.address, self)
        self._go_on()

    async def _answer(self, asked: Asked) -> bytes | None:
        try:
            return await self.respond(asked)
        except Exception:  # of no kind that a guest may write into the host's log
            log.debug("a guest's question could not be answered", exc_info=True)
            return None

    def _go_on(self) -> None:
        if not self._is_last:
            self.transport.resume_reading()
        elif self._lingers:
            with suppress(OSError):  # the guest has gone
                self.transport.write_eof()
        else:
            self.transport.close()
        self._wait(LINGER_S if self._lingers else IDLE_S)

    def _wait(self, seconds: float) -> None:
        self._deadline = asyncio.get_running_loop().call_later(seconds, self.end)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
