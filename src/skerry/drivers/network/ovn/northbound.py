"""The connection to OVN's northbound database, and waiting until the data plane has caught up.

This is the seam to ovsdbapp, which has no types: what leaves this module has.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ovsdbapp.backend.ovs_idl import command, connection, transaction

from skerry.drivers.network.ovn.transaction import TABLES

Result = TypeVar("Result")

MAX_BACKOFF_MS = 200  # after the server was restarted
COMMIT_S = 30


class Northbound:
    """A live replica of the database; all work on it happens in its own thread."""

    def __init__(self, socket: Path) -> None:
        self._caught_up = threading.Condition()
        self._hv_cfg = 0
        tables = ("NB_Global", *TABLES)
        # ovsdbapp's ready-made API is not used: its class holds one connection for the whole process.
        self.idl: Any = _Replica.from_server(
            f"unix:{socket}", "OVN_Northbound", helper_tables=tables
        )
        self.idl.saw_hv_cfg = self._saw
        self.idl._session.reconnect.set_backoff(50, MAX_BACKOFF_MS)  # pyright: ignore[reportPrivateUsage]
        self._connection = connection.Connection(self.idl, timeout=COMMIT_S)
        self._connection.start()

    def run(self, work: Callable[[Any, Any], Result]) -> Result:
        """Run ``work(tables, txn)`` in one transaction and commit it. Raises on any failure."""
        results: list[Result] = []
        change = transaction.Transaction(self, self._connection, check_error=True)
        change.add(_Step(self, lambda txn: results.append(work(self.idl.tables, txn))))
        change.commit()
        return results[-1]

    def wait_for(self, nb_cfg: int, timeout_s: float = 30.0) -> None:
        """Block until every host's flows are those of ``nb_cfg`` or later. Raises TimeoutError."""
        end = time.monotonic() + timeout_s
        with self._caught_up:
            while self._hv_cfg < nb_cfg:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the data plane did not reach configuration {nb_cfg}")
                self._caught_up.wait(left)

    def close(self) -> None:
        self._connection.stop(timeout=5)

    def _saw(self, hv_cfg: int) -> None:
        with self._caught_up:
            self._hv_cfg = hv_cfg
            self._caught_up.notify_all()


class _Replica(connection.OvsdbIdl):
    """Tells of every new ``hv_cfg``."""

    saw_hv_cfg: Callable[[int], None] | None = None

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        del event, updates
        if self.saw_hv_cfg is not None and row._table.name == "NB_Global":
            self.saw_hv_cfg(int(row.hv_cfg))


class _Step(command.BaseCommand):
    """Any work as an ovsdbapp command; its ready-made ones fail on rows of the same transaction."""

    def __init__(self, api: Any, work: Callable[[Any], None]) -> None:
        super().__init__(api)
        self._work = work

    def run_idl(self, txn: Any) -> None:
        self._work(txn)
