"""Makes the disk of a volume what its row says."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.compute.port import Compute, Power
from skerry.drivers.disks.port import Disks
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Sweep, Work
from skerry.services.ec2.volume.api import ensure_disk
from skerry.services.ec2.volume.model import Volume

_GUEST_LEAVES_AFTER_S = 0.2


def reconcile_volume(work: Work, volume: Volume) -> Verdict:
    """Make the disk, or free its bytes once no guest holds it."""
    if volume.wanted:
        ensure_disk(work.engines, volume)
        volume.made_gib = volume.size_gib
        return Done()
    if volume.instance_id and work.engine(Compute).power(volume.instance_id) is not Power.ABSENT:
        return Again(_GUEST_LEAVES_AFTER_S)
    work.engine(Disks).remove(volume.id)
    return Gone()


def _found(engines: Engines) -> set[str]:
    return engines.get(Disks).volumes()


def _wanted(session: Session) -> set[str]:
    return set(session.scalars(select(Volume.id)))


def _remove(engines: Engines, volume_id: str) -> None:
    engines.get(Disks).remove(volume_id)


SWEEP_VOLUMES = Sweep(name="volume", found=_found, wanted=_wanted, remove=_remove)
"""Disks with no row behind them."""
