"""The process of a guest: found, started, watched and ended without ever mistaking another for it."""

import fcntl
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path

from skerry.drivers.compute.qemu import cage
from skerry.drivers.compute.qemu.files import GuestFiles, is_locked, listen

_IDENTITY_WAIT_S = 5.0
_KILL_WAIT_S = 30.0


class GuestProcessError(Exception):
    """A guest's process could not be started, found or ended."""


@dataclass(frozen=True, slots=True)
class GuestProcess:
    """A live process, held by a pidfd that never points to another one."""

    pid: int
    pidfd: int

    def ended(self, timeout_s: float) -> bool:
        """Wait for the end; reaps the process when it is our child."""
        if not select.select([self.pidfd], [], [], timeout_s)[0]:
            return False
        self.reap()
        return True

    def reap(self) -> None:
        """Leave no zombie; somebody else's child is left to them."""
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG)

    def kill(self) -> None:
        """End the process at once; raises GuestProcessError if the kernel does not let it go."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        if not self.ended(_KILL_WAIT_S):
            raise GuestProcessError(f"process {self.pid} does not end, the host's I/O may hang")

    def open_log(self) -> int | None:
        """A new read end of the pipe that is the process's stderr; None when it is gone."""
        try:
            return os.open(f"/proc/{self.pid}/fd/2", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, ProcessLookupError):
            return None

    def resident_mib(self) -> int:
        """Memory that the process has now; 0 when it is gone."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    def age_s(self) -> float:
        """Seconds since the process started."""
        ticks = int(cage.start_time(Path(f"/proc/{self.pid}/stat").read_text()))
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Let go of the process without touching it."""
        os.close(self.pidfd)


def find(files: GuestFiles) -> GuestProcess | None:
    """The guest's process, or None. The lock says whether there is one, the identity file which.

    Raises GuestProcessError when the lock stays held by a process that does not say who it is.
    """
    deadline = time.monotonic() + _IDENTITY_WAIT_S
    while is_locked(files.lock):
        found = _identified(files.process)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise GuestProcessError(f"{files.lock} is held by an unknown process")
        time.sleep(0.002)
    return None


def _identified(identity: Path) -> GuestProcess | None:
    """The process that wrote this file, if it lives: pid and start time must both agree."""
    try:
        pid, started = identity.read_text().split()
        pidfd = os.pidfd_open(int(pid))
    except (FileNotFoundError, ProcessLookupError):
        return None
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        if cage.start_time(stat) == started and stat.rsplit(")", 1)[1].split()[0] not in "ZX":
            return GuestProcess(int(pid), pidfd)
    os.close(pidfd)
    return None


def spawn(files: GuestFiles, plan: cage.Cage, lock: int) -> tuple[GuestProcess, int]:
    """Start the guest's process with the lock in its hands; also returns the read end of its log.

    The child is in a session of its own and inherits nothing but what is listed here. The lock is
    the caller's to close.
    """
    log_read, log_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    monitors = [listen(path) for path in files.monitors]
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    sources = [null, log_write, log_write, lock, *(server.fileno() for server in monitors)]
    actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(_above(sources))]
    argv = [sys.executable, "-I", "-S", cage.__file__, dumps(asdict(plan))]
    try:
        pid = os.posix_spawn(
            sys.executable,
            argv,
            {"PATH": "/usr/bin:/bin"},
            file_actions=actions,
            setsid=True,
            setsigmask=(),
        )
    except BaseException:
        os.close(log_read)
        raise
    finally:
        for fd in (null, log_write, *(source for _, source, _ in actions)):
            os.close(fd)
        for server in monitors:
            server.close()
    return GuestProcess(pid, os.pidfd_open(pid)), log_read


def _above(fds: list[int]) -> list[int]:
    """Copies far above the targets, so that no dup2 overwrites a source that is still needed."""
    return [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in fds]
