"""The first request of a run: the sign that a guest has reached user space."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from skerry.services.ec2.instance.model import Instance

log = logging.getLogger(__name__)

TRIES = 5
RETRY_S = 5.0


class FirstWords:
    """Tells of each guest once a run, in threads of its own: it may have to wait for a lock.

    ``spoke`` is called with the instance's id; it may be called again when it fails.
    """

    def __init__(
        self, spoke: Callable[[str], None], pool: Executor, retry_s: float = RETRY_S
    ) -> None:
        self._spoke = spoke
        self._pool = pool
        self._retry_s = retry_s
        self._heard: dict[str, int] = {}  # instance id → run
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, instance: Instance) -> None:
        """This guest has made a request. Call in the event loop."""
        if not instance.reached_run < instance.run > self._heard.get(instance.id, 0):
            return
        self._heard[instance.id] = instance.run
        task = asyncio.get_running_loop().create_task(self._tell(instance.id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, instance_id: str) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(TRIES):
            try:
                await loop.run_in_executor(self._pool, self._spoke, instance_id)
            except Exception as trouble:
                log.warning("%s has booted, which could not be noted: %s", instance_id, trouble)
                await asyncio.sleep(self._retry_s)
            else:
                return
        self._heard.pop(instance_id, None)  # its next request is as good as its first
