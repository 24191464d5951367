"""What a guest has on its host's disk: one folder, named after the instance."""

import fcntl
import json
import os
import shutil
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from skerry.drivers.compute.port import GuestSpec

CONSOLE_LIMIT_BYTES = 65536
LOG_LIMIT_BYTES = 65536


@dataclass(frozen=True, slots=True)
class GuestFiles:
    """The folder of one guest. Only root reads it; QEMU does not even see it."""

    folder: Path

    @property
    def instance_id(self) -> str:
        """The guest's id is its folder's name."""
        return self.folder.name

    @property
    def process(self) -> Path:
        """``pid start-time`` of the guest's process, written by that process itself."""
        return self.folder / "process"

    @property
    def lock(self) -> Path:
        """Locked by the guest's process as long as it lives."""
        return self.folder / "lock"

    @property
    def monitors(self) -> tuple[Path, Path]:
        """Unix sockets: ours, and one for an operator."""
        return self.folder / "qmp", self.folder / "qmp-operator"

    @property
    def console(self) -> Path:
        """What has been read of the serial console since the last start."""
        return self.folder / "console.log"

    @property
    def log(self) -> Path:
        """What QEMU itself says."""
        return self.folder / "qemu.log"

    @property
    def spec(self) -> Path:
        """What the process was started with."""
        return self.folder / "spec.json"

    def make(self) -> None:
        """Make the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_spec(self, spec: GuestSpec, argv: list[str]) -> None:
        """Record what is about to be started, whole or not at all."""
        text = json.dumps({"spec": asdict(spec), "argv": argv}, default=str, indent=1)
        new = self.spec.with_suffix(".new")
        new.write_text(text)
        new.replace(self.spec)

    def memory_mib(self) -> int:
        """Memory promised to the guest; 0 when nothing was started."""
        try:
            record = cast("dict[str, dict[str, int]]", json.loads(self.spec.read_text()))
        except FileNotFoundError:
            return 0
        return record["spec"]["memory_mib"]

    def remove_runtime(self) -> None:
        """Remove all but the logs."""
        for path in (self.process, self.lock, *self.monitors, self.spec):
            path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


def take_lock(path: Path) -> int | None:
    """An open, locked descriptor, or None when a process holds the lock."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def listen(path: Path) -> socket.socket:
    """A listening Unix socket; reached through its folder, for a socket's path may have 107 bytes."""
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        server.listen(4)
    finally:
        os.close(folder)
    return server


def connect(path: Path) -> socket.socket:
    """A connected, non-blocking Unix socket; raises OSError when nobody listens."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(0)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        client.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        client.close()
        raise
    finally:
        os.close(folder)
    return client


def append_bounded(path: Path, data: bytes, limit_bytes: int) -> None:
    """Append and keep the last ``limit_bytes``; replaces the file when it has to be cut."""
    if not data:
        return
    held = path.stat().st_size if path.exists() else 0
    if held + len(data) <= limit_bytes:
        with path.open("ab") as file:
            file.write(data)
        return
    new = path.with_suffix(".new")
    new.write_bytes((path.read_bytes() + data if held else data)[-limit_bytes:])
    new.replace(path)
