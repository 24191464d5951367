"""The six private daemons of a cloud: how each is started, and how a running one is recognised.

They daemonise themselves, so they outlive the control plane; each writes a pid file into the state folder.
Start order (measured; see docs): databases, then northd, then the local switch, then the controller.
"""

import os
import resource
import select
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.flow_source import LOG_OPTIONS

UNIX_PATH_LIMIT = 107
START_S = 10.0
END_S = 5.0


class PathTooLongError(Exception):
    """The state folder's path is too long for sockets in it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the daemons keep their files."""

    folder: Path
    namespace: str

    @property
    def northbound(self) -> Path:
        return self.folder / "nb.sock"

    @property
    def southbound(self) -> Path:
        return self.folder / "sb.sock"

    @property
    def switch(self) -> Path:
        return self.folder / "conf.sock"

    def check(self) -> None:
        """Raise PathTooLongError if a socket's path would not fit."""
        longest = str(self.folder / "ovn-controller.1234567.ctl")
        if len(longest) > UNIX_PATH_LIMIT:
            raise PathTooLongError(
                f"{self.folder} is too long a path for sockets; choose a state_dir of at most "
                f"{UNIX_PATH_LIMIT - len('/network/ovn-controller.1234567.ctl')} characters"
            )


@dataclass(frozen=True, slots=True)
class Daemon:
    """One of the six. ``command`` lacks only the options that all have."""

    name: str
    command: tuple[str, ...]
    places: Places
    in_namespace: bool = False
    schema: str = ""  # of the database it serves, if it is one

    @property
    def pid_file(self) -> Path:
        return self.places.folder / f"{self.name}.pid"

    def pid(self) -> int | None:
        """The running daemon's process id; an unrelated process with a reused id is not it."""
        try:
            pid = int(self.pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if f"--pidfile={self.pid_file}".encode() in words else None

    def start(self) -> None:
        """Start it and wait until it serves; no-op if it runs. Raises NetworkCommandError."""
        if self.pid() is not None:
            return
        if self.schema and not self._database.exists():
            new = self._database.with_suffix(".new")
            new.unlink(missing_ok=True)
            run("ovsdb-tool", "create", str(new), self.schema)
            new.rename(self._database)
        folder = self.places.folder
        self._shorten_log()
        enter = (
            ("nsenter", f"--net=/run/netns/{self.places.namespace}") if self.in_namespace else ()
        )
        run(
            *("env", f"OVS_RUNDIR={folder}", f"OVN_RUNDIR={folder}"),
            *enter,
            *self.command,
            *("-vconsole:off", "-vfile:warn", f"--log-file={self._log}"),
            *(f"--pidfile={self.pid_file}", "--detach", "--no-chdir"),
            timeout_s=START_S,
        )

    def kill(self) -> None:
        """End it without a goodbye; no-op if it does not run."""
        pid = self.pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, make it end if it does not, and wait until it has."""
        pid = self.pid()
        if pid is None:
            return
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(process, sign)
                if select.select([process], [], [], END_S)[0]:
                    return
        except ProcessLookupError:
            return
        finally:
            os.close(process)

    @property
    def _database(self) -> Path:
        return self.places.folder / f"{self.name}.db"

    @property
    def _log(self) -> Path:
        return self.places.folder / f"{self.name}.log"

    def _shorten_log(self) -> None:
        """Keep one older log; warnings alone are written, so between starts it stays small."""
        if self._log.exists() and self._log.stat().st_size > 2**20:
            self._log.replace(self._log.with_suffix(".log.1"))


def databases(places: Places) -> tuple[Daemon, ...]:
    """The three database servers."""

    def server(name: str, socket: Path, schema: str) -> Daemon:
        control = places.folder / f"{name}.ctl"
        command = (
            *("ovsdb-server", str(places.folder / f"{name}.db")),
            *(f"--remote=punix:{socket}", f"--unixctl={control}"),
        )
        return Daemon(name, command, places, schema=schema)

    return (
        server("nb", places.northbound, "/usr/share/ovn/ovn-nb.ovsschema"),
        server("sb", places.southbound, "/usr/share/ovn/ovn-sb.ovsschema"),
        server("conf", places.switch, "/usr/share/openvswitch/vswitch.ovsschema"),
    )


def workers(places: Places) -> tuple[Daemon, ...]:
    """The compiler of flows, the switch, and the controller between them."""
    northd = (
        *("ovn-northd", f"--ovnnb-db=unix:{places.northbound}"),
        *(f"--ovnsb-db=unix:{places.southbound}", f"--unixctl={places.folder / 'northd.ctl'}"),
    )
    vswitchd = (
        *("ovs-vswitchd", f"unix:{places.switch}"),
        f"--unixctl={places.folder / 'vswitchd.ctl'}",
    )
    controller = ("ovn-controller", f"unix:{places.switch}", *LOG_OPTIONS)
    return (
        Daemon("northd", northd, places),
        Daemon("vswitchd", vswitchd, places, in_namespace=True),
        Daemon("controller", controller, places, in_namespace=True),
    )


def raise_file_limit() -> None:
    """Each port of the userspace switch costs descriptors; daemons inherit our limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
