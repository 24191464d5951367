"""Removes what exists in the world with no row behind it."""

import logging

from skerry.reconcile.work import Sweep, Work

log = logging.getLogger(__name__)


def sweep(work: Work, kind: Sweep) -> set[str]:
    """Remove orphans of one kind; returns their ids.

    The world is listed before the rows: a row is always committed before its thing is made, so a thing
    seen first and a row not seen afterwards cannot be one that is just being made.
    """
    found = kind.found(work.engines)
    if not found:
        return set()
    with work.read() as session:
        orphans = found - kind.wanted(session)
    for orphan in sorted(orphans):
        log.warning("sweeping orphan %s %s", kind.name, orphan)
        try:
            kind.remove(work.engines, orphan)
        except Exception:
            log.exception("could not sweep %s %s; the next scan tries again", kind.name, orphan)
    return orphans
