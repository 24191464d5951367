"""Network namespaces by name, as ``ip netns`` keeps them."""

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from skerry.drivers.network.commands import run

Result = TypeVar("Result")

FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000


def exists(name: str) -> bool:
    return (FOLDER / name).exists()


def ensure(name: str) -> Path:
    """Make the namespace with its loopback up; returns its path for setns."""
    if not exists(name):
        run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")
    return FOLDER / name


def remove(name: str) -> None:
    """Delete the namespace and every device in it; no-op if it is gone."""
    if exists(name):
        run("ip", "netns", "del", name)


def named_like(prefix: str) -> set[str]:
    """Names of all namespaces that begin so."""
    if not FOLDER.exists():
        return set()
    return {path.name for path in FOLDER.iterdir() if path.name.startswith(prefix)}


def inside(name: str, work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread of its own inside the namespace; sockets it makes stay there."""
    results: list[Result] = []
    failures: list[BaseException] = []

    def body() -> None:
        try:
            _enter(FOLDER / name)
            results.append(work())
        except BaseException as failure:  # handed to the caller below
            failures.append(failure)

    thread = threading.Thread(target=body, name=f"in {name}")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _enter(path: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
