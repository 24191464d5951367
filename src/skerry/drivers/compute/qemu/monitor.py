"""One guest seen from the event loop: its monitor (QMP), its end, its log. Nothing here polls.

Everything in this module runs on the loop's thread, except where a method says otherwise.
"""

import asyncio
import base64
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

from qemu.qmp import EventListener, Message, QMPClient, QMPError

from skerry.drivers.compute.qemu.files import (
    CONSOLE_LIMIT_BYTES,
    LOG_LIMIT_BYTES,
    GuestFiles,
    append_bounded,
    connect,
)
from skerry.drivers.compute.qemu.process import GuestProcess

_RECONNECT_S = 0.05
_READ_BYTES = 32768
_NEVER = "NEVER"

logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


class GuestGoneError(Exception):
    """The guest's process ended before it could answer."""


class _Events(EventListener):
    """Calls back at each event that changes a guest's power or devices; keeps nothing."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(("STOP", "RESUME", "DEVICE_DELETED"))
        self._changed = changed

    async def put(self, event: Message) -> None:
        if self.accept(event):
            self._changed()


class Monitor:
    """Follows one guest's process until it ends or we let go of it."""

    def __init__(
        self, files: GuestFiles, process: GuestProcess, log: int, changed: Callable[[str], None]
    ) -> None:
        """``log`` is the read end of the process's stderr; ``changed`` is told of power changes."""
        self.files = files
        self.process = process
        self._log = log
        self._changed = lambda: changed(files.instance_id)
        self._client: QMPClient | None = None
        self._answering = asyncio.Event()
        self._ended = asyncio.Event()
        self._console_lock = asyncio.Lock()
        self._session: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.process.pidfd, self._on_end)
        loop.add_reader(self._log, self._on_log)
        self._session = loop.create_task(self._keep_session())

    async def stop(self) -> None:
        """Let go of the guest; its process goes on. The pidfd stays open: it is the owner's."""
        if self._log >= 0 and self.process.ended(timeout_s=0):
            self._on_end()  # nobody else will see it
        self._stop_reading()
        if self._session is None:
            return
        if not self._ended.is_set():  # else the session ends by itself, cleanly
            self._session.cancel()
        with suppress(asyncio.CancelledError):
            await self._session

    async def ready(self) -> None:
        """Wait until the guest runs; raises GuestGoneError with QEMU's own words when it ends first."""
        waits = {asyncio.ensure_future(e.wait()) for e in (self._answering, self._ended)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._ended.is_set():
            raise GuestGoneError(tail(self.files.log))

    async def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> object:
        """Run one monitor command; raises GuestGoneError or QMPError."""
        await self.ready()
        if self._client is None:
            raise GuestGoneError("the monitor hung up")
        return await self._client.execute(command, arguments)

    async def hand_over(self, fd: int, name: str) -> None:
        """Give QEMU a copy of our descriptor under this name; raises as ``execute``."""
        await self.ready()
        if self._client is None:
            raise GuestGoneError("the monitor hung up")
        self._client.send_fd_scm(fd)
        await self._client.execute("getfd", {"fdname": name})

    async def drain_console(self) -> None:
        """Move what the guest has printed from QEMU's ring to the console file."""
        async with self._console_lock:
            # Bounded: a guest that prints faster than we read does not hold us here.
            for _ in range(CONSOLE_LIMIT_BYTES // _READ_BYTES + 1):
                arguments: dict[str, object] = {
                    "device": "console",
                    "size": _READ_BYTES,
                    "format": "base64",
                }
                data = base64.b64decode(cast("str", await self.execute("ringbuf-read", arguments)))
                append_bounded(self.files.console, data, CONSOLE_LIMIT_BYTES)
                if len(data) < _READ_BYTES:
                    return

    def _on_end(self) -> None:
        self._stop_reading()
        self.process.reap()
        self._ended.set()
        self._changed()

    def _on_log(self) -> None:
        try:
            data = os.read(self._log, LOG_LIMIT_BYTES)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(self._log)
        append_bounded(self.files.log, data, LOG_LIMIT_BYTES)

    def _stop_reading(self) -> None:
        if self._log < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.process.pidfd)
        loop.remove_reader(self._log)
        self._on_log()
        os.close(self._log)
        self._log = -1

    async def _keep_session(self) -> None:
        """Stay connected while the process lives."""
        while not self._ended.is_set():
            client = QMPClient(self.files.instance_id)
            client.events.names = {_NEVER}  # the default listener would keep every event for ever
            client.register_listener(_Events(self._changed))
            try:
                await client.connect(connect(self.files.monitors[0]))
            except (OSError, QMPError):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _RECONNECT_S)
                continue
            self._client = client
            self._answering.set()
            try:
                await client.runstate_changed()
            finally:
                self._client = None
                self._answering.clear()
                with suppress(OSError, EOFError, QMPError):
                    await client.disconnect()


def tail(path: Path, limit_bytes: int = 2000) -> str:
    """The last words of a file; empty when there is none."""
    try:
        return path.read_bytes()[-limit_bytes:].decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
