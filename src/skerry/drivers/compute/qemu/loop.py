"""The driver's two threads: one event loop for all guests, one that tells watchers what changed."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, TypeVar

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class EventLoop:
    """An asyncio loop on a thread of its own, used from synchronous code."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], timeout_s: float) -> _T:
        """Run to the end and return the result; raises TimeoutError."""

        async def limited() -> _T:
            async with asyncio.timeout(timeout_s):
                return await work

        return asyncio.run_coroutine_threadsafe(limited(), self._loop).result()

    def call(self, work: Callable[[], None]) -> None:
        """Run a plain function on the loop's thread and wait for it."""

        async def wrapped() -> None:
            work()

        asyncio.run_coroutine_threadsafe(wrapped(), self._loop).result()

    def close(self) -> None:
        """End the thread; no-op when it has ended."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Notifier:
    """Calls watchers on a thread of its own, so that a watcher may call the driver back."""

    def __init__(self, name: str) -> None:
        self._watchers: list[Callable[[str], None]] = []
        self._changes: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def watch(self, changed: Callable[[str], None]) -> None:
        """Add a watcher."""
        self._watchers.append(changed)

    def tell(self, instance_id: str) -> None:
        """Tell all watchers, soon."""
        self._changes.put(instance_id)

    def close(self) -> None:
        """Tell what is still to be told, then end the thread; no-op when it has ended."""
        self._changes.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (instance_id := self._changes.get()) is not None:
            for changed in tuple(self._watchers):
                try:
                    changed(instance_id)
                except Exception:
                    _log.exception("a watcher failed on %s", instance_id)
