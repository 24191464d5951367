"""The engine: takes due wakes, runs one pass per resource at a time, backs off on failure.

Between wakes it sleeps; an idle resource costs nothing. A slow full scan catches what a lost nudge missed.
While callers are being answered, passes wait; those that have waited long enough run one at a time.
"""

import heapq
import logging
import random
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import bindparam, delete, inspect, select, update

from skerry.kernel.clock import now
from skerry.kernel.db import Base
from skerry.kernel.foreground import PATIENCE_S, QUIET_S, Foreground
from skerry.kernel.prepared import Prepared
from skerry.kernel.wake import Wake
from skerry.reconcile.sweep import sweep
from skerry.reconcile.verdict import Again, Gone, Verdict
from skerry.reconcile.work import Reconciler, Sweep, Work

log = logging.getLogger(__name__)

Key = tuple[str, str]  # kind, resource id

_PENDING = Prepared(
    select(Wake.revision, Wake.attempt).where(
        Wake.kind == bindparam("kind"), Wake.resource_id == bindparam("resource_id")
    )
)
_THIS = (
    Wake.kind == bindparam("of_kind"),
    Wake.resource_id == bindparam("of_id"),
    Wake.revision == bindparam("seen"),  # a wake that came meanwhile stays as it is
)
_ANSWERED = delete(Wake).where(*_THIS)
_PUT_OFF = update(Wake).where(*_THIS).values(due_at=bindparam("due"), attempt=0)

FULL_SCAN_S = 600.0
TICK_S = 1.0  # how late a wake written by another process may be noticed
MAX_BACKOFF_S = 60.0


class ReconcileEngine:
    """Runs reconcilers until closed. Crash-safe: all it must not lose is in the wake table."""

    def __init__(
        self,
        work: Work,
        reconcilers: Iterable[Reconciler],
        sweeps: Sequence[Sweep] = (),
        workers: int = 8,
        foreground: Foreground | None = None,
    ) -> None:
        self._work = work
        self._foreground = foreground or Foreground()
        self._reconcilers = {each.kind: each for each in reconcilers}
        self._sweeps = sweeps
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="reconcile")
        self._lock = threading.Condition()
        self._heap: list[tuple[float, Key]] = []
        self._due: dict[Key, float] = {}  # the only valid heap entry of each key
        self._running: set[Key] = set()
        self._again: dict[Key, float] = {}  # became due while running
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)

    def start(self) -> None:
        """Begin; everything is looked at once."""
        self._work.database.woken.append(self.woken)
        self._thread.start()

    def woken(self, keys: set[Key]) -> None:
        """A transaction that wrote these wakes has committed."""
        with self._lock:
            for key in keys:
                self._schedule(key, time.monotonic())
            self._lock.notify()

    def nudge(self, kind: str, resource_id: str) -> None:
        """Look at this resource now (an engine noticed something); not remembered across a crash."""
        self.woken({(kind, resource_id)})

    def scan(self) -> None:
        """Look at every row of every kind, and sweep the world for orphans."""
        with self._work.read() as session:
            for kind, reconciler in self._reconcilers.items():
                column = inspect(reconciler.model).primary_key[0]
                for resource_id in session.scalars(select(column)):
                    self.nudge(kind, str(resource_id))
        for each in self._sweeps:
            sweep(self._work, each)

    def idle(self) -> bool:
        """Whether nothing is running or due now (for tests; deadlines ahead do not count)."""
        with self._lock:
            soon = time.monotonic() + 0.001
            due_now = any(due <= soon for due in self._due.values())
            return not (self._running or due_now)

    def close(self) -> None:
        """Stop after the passes under way."""
        with self._lock:
            self._closed = True
            self._lock.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()

    # --- the loop -----------------------------------------------------------------------------

    def _run(self) -> None:
        next_scan = next_tick = time.monotonic()
        while not self._closed:
            clock = time.monotonic()
            if clock >= next_scan:
                next_scan = clock + FULL_SCAN_S
                self._pool.submit(self._guarded_scan)
            if clock >= next_tick:
                next_tick = clock + TICK_S
                self._load_due_wakes()
            with self._lock:
                self._start_due()
                pause = self._pause_s(next_tick)
                if pause > 0 and not self._closed:
                    self._lock.wait(pause)

    def _guarded_scan(self) -> None:
        try:
            self.scan()
        except Exception:
            log.exception("full scan failed; the next one tries again")

    def _load_due_wakes(self) -> None:
        with self._work.read() as session:
            due = session.execute(
                select(Wake.kind, Wake.resource_id).where(Wake.due_at <= now())
            ).all()
        with self._lock:
            for kind, resource_id in due:
                if (kind, resource_id) not in self._running:
                    self._schedule((kind, resource_id), time.monotonic())

    def _schedule(self, key: Key, due: float) -> None:
        if key in self._running:
            self._again[key] = min(due, self._again.get(key, due))
        elif due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))

    def _pause_s(self, next_tick: float) -> float:
        clock = time.monotonic()
        upcoming = self._heap[0][0] if self._heap else next_tick
        if upcoming <= clock:  # due, and held back for the sake of callers
            upcoming = clock + QUIET_S
        return min(upcoming, next_tick) - clock

    def _may_begin(self, due: float, clock: float) -> bool:
        if self._foreground.is_quiet():
            return True
        return clock >= due + PATIENCE_S and not self._running

    def _start_due(self) -> None:
        clock = time.monotonic()
        while self._heap and self._heap[0][0] <= clock:
            if not self._may_begin(self._heap[0][0], clock):
                return
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) != due:
                continue  # superseded by an earlier entry that has run
            del self._due[key]
            self._running.add(key)
            self._pool.submit(self._attend, key)

    def _attend(self, key: Key) -> None:
        after_s: float | None = 1.0
        try:
            after_s = self._pass(key)
        except Exception:
            log.exception("pass over %s %s could not be recorded", *key)
        with self._lock:
            self._running.discard(key)
            due = self._again.pop(key, None)
            if after_s is not None:
                later = time.monotonic() + after_s
                due = later if due is None else min(due, later)
            if due is not None:
                self._schedule(key, due)
            self._lock.notify()

    # --- one pass -----------------------------------------------------------------------------

    def _pass(self, key: Key) -> float | None:
        """Run one pass; returns seconds until the next look, None when only a wake brings one."""
        kind, resource_id = key
        reconciler = self._reconcilers.get(kind)
        if reconciler is None:
            return None
        with self._work.read() as session:
            row = session.get(reconciler.model, resource_id)
            pending = _PENDING.first(session, kind=kind, resource_id=resource_id)
        revision = pending.revision if pending else 0
        if row is None:
            return self._conclude(key, revision, None)
        try:
            verdict = reconciler.reconcile(self._work, row)
        except Exception:
            attempt = pending.attempt + 1 if pending else 1
            log.exception("pass over %s %s failed (attempt %d)", kind, resource_id, attempt)
            return self._fail(key, revision, attempt)
        return self._conclude(key, revision, verdict, row)

    def _conclude(
        self, key: Key, revision: int, verdict: Verdict | None, row: Base | None = None
    ) -> float | None:
        """Save what the pass saw; erase the wake it answered, or move it to the deadline it named.

        ``revision`` 0: there was no wake. One transaction: a crash keeps all of it or nothing.
        """
        after_s = verdict.after_s if isinstance(verdict, Again) else None
        is_changed = row is not None and (isinstance(verdict, Gone) or inspect(row).modified)
        if not (revision or is_changed or after_s is not None):
            return None
        with self._work.database.write(None) as session:
            if row is not None and isinstance(verdict, Gone):
                session.delete(row)
            elif row is not None and is_changed:
                session.add(row)
            this = {"of_kind": key[0], "of_id": key[1], "seen": revision}
            if after_s is None:
                session.connection().execute(_ANSWERED, this)
                return None
            due_at = now() + timedelta(seconds=after_s)
            if revision:
                session.connection().execute(_PUT_OFF, this | {"due": due_at})
            elif session.get(Wake, key) is None:
                session.add(
                    Wake(kind=key[0], resource_id=key[1], revision=1, due_at=due_at, attempt=0)
                )
        return after_s

    def _fail(self, key: Key, revision: int, attempt: int) -> float:
        pause = min(MAX_BACKOFF_S, 0.2 * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        with self._work.database.write(None) as session:
            present = session.get(Wake, key)
            if present is None:
                session.add(
                    Wake(
                        kind=key[0],
                        resource_id=key[1],
                        revision=1,
                        due_at=now() + timedelta(seconds=pause),
                        attempt=attempt,
                    )
                )
            elif present.revision == revision:
                present.attempt = attempt
                present.due_at = now() + timedelta(seconds=pause)
        return pause
