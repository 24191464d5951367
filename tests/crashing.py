"""Death at a chosen point: before or after any call of a driver, before or after any commit.

A dead control plane does nothing more: every later crossing to the world raises as well, whichever thread
tries. That is what SIGKILL leaves behind, without the price of a process per point.
"""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

MUTATING = {
    "compute": (
        "ensure_running",
        "remove",
        "press_power_button",
        "reset",
        "forget",
        "booted",
        "plug_card",
        "unplug_card",
    ),
    "disks": ("ensure", "remove"),
    "network": ("apply", "remove", "plug", "unplug"),
    "images": (),
}


class Death(BaseException):
    """The control plane was killed here. Not an Exception: nothing may catch it and go on."""


@dataclass
class CrashPoints:
    """Counts crossings to the world; at the one numbered ``at`` the process dies."""

    at: int | None = None
    die: Callable[[str], None] | None = None  # None: raise Death here and at all later crossings
    crossed: list[str] = field(default_factory=list)
    dead: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cross(self, name: str) -> None:
        with self._lock:
            if self.dead.is_set():
                raise Death(name)
            self.crossed.append(name)
            if len(self.crossed) != self.at:
                return
            self.dead.set()
        if self.die is not None:
            self.die(name)
        raise Death(name)

    def around(self, kind: str, driver: Any) -> Any:
        """``driver``, every mutating verb of which is two crossings."""
        return _Crossing(self, kind, driver)

    @contextmanager
    def commits(self):
        """While the block runs, each commit of a write session is two crossings."""

        def before(session: Session) -> None:
            if _writes(session):
                self.cross("before commit")

        def after(session: Session) -> None:
            if _writes(session):
                self.cross("after commit")

        event.listen(Session, "before_commit", before)
        event.listen(Session, "after_commit", after)
        try:
            yield
        finally:
            event.remove(Session, "before_commit", before)
            event.remove(Session, "after_commit", after)


def _writes(session: Session) -> bool:
    return bool(session.get_bind().get_execution_options().get("skerry_write"))


class _Crossing:
    """Stands before a driver."""

    def __init__(self, points: CrashPoints, kind: str, driver: Any) -> None:
        self._points = points
        self._kind = kind
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._driver, name)
        if name not in MUTATING[self._kind]:
            return member

        def crossing(*args: Any, **kwargs: Any) -> Any:
            self._points.cross(f"before {self._kind}.{name}")
            result = member(*args, **kwargs)
            self._points.cross(f"after {self._kind}.{name}")
            return result

        return crossing
