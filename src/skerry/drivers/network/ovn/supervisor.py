"""Restarts a daemon the moment it dies: waits on pidfds, polls nothing."""

import logging
import os
import select
import threading
from collections.abc import Callable, Sequence

from skerry.drivers.network.commands import NetworkCommandError
from skerry.drivers.network.ovn.daemons import Daemon

log = logging.getLogger(__name__)

RETRY_S = 0.5


class Supervisor:
    """Watches these daemons until closed; closing leaves them running."""

    def __init__(
        self, daemons: Sequence[Daemon], restarted: Callable[[Daemon], None] = lambda _: None
    ) -> None:
        """``restarted`` is called in the supervisor's thread after each restart."""
        self._restarted = restarted
        self._daemons = daemons
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="ovn-supervisor", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Begin to watch; no-op when it does already (a start of the network may be repeated)."""
        if self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        if self._closed:
            return
        self._closed = True
        os.write(self._wake_write, b"x")
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        watched: dict[int, Daemon] = {}
        pending = list(self._daemons)
        while not self._closed:
            # In the order of starting: a switch whose database is gone would wait for it in vain.
            pending.sort(key=self._daemons.index)
            pending = [daemon for daemon in pending if not self._watch(daemon, poll, watched)]
            for fd, _ in poll.poll(RETRY_S * 1000 if pending else None):
                daemon = watched.pop(fd, None)
                if daemon is not None:
                    poll.unregister(fd)
                    os.close(fd)
                    if not self._closed:
                        log.warning("%s died; starting it again", daemon.name)
                        pending.append(daemon)
        for fd in watched:
            os.close(fd)

    def _watch(self, daemon: Daemon, poll: "select.poll", watched: dict[int, Daemon]) -> bool:
        """Make sure the daemon runs and is watched; False: try again soon."""
        try:
            died = daemon.pid() is None
            daemon.start()
            pid = daemon.pid()
            if pid is None:
                return False
            if died:
                self._restarted(daemon)
            fd = os.pidfd_open(pid)
        except (NetworkCommandError, OSError):
            log.exception("cannot start %s; trying again", daemon.name)
            return False
        poll.register(fd, select.POLLIN)
        watched[fd] = daemon
        return True
