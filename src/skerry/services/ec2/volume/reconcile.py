"""Makes the disk of a volume what its row says."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.compute.port import Compute, Power
from skerry.drivers.disks.port import Disks
from skerry.drivers.images.port import Images
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Sweep, Work
from skerry.services.ec2.volume.model import Volume

_GUEST_LEAVES_AFTER_S = 0.2


class ImageBytesMissing(Exception):
    """The image store no longer has the image that a volume is to be made of."""


def reconcile_volume(work: Work, volume: Volume) -> Verdict:
    """Make the disk, or free its bytes once no guest holds it."""
    if volume.wanted:
        return _make(work, volume)
    if volume.instance_id and work.engine(Compute).power(volume.instance_id) is not Power.ABSENT:
        return Again(_GUEST_LEAVES_AFTER_S)
    work.engine(Disks).remove(volume.id)
    return Gone()


def _make(work: Work, volume: Volume) -> Verdict:
    disks = work.engine(Disks)
    if disks.find(volume.id) is None:
        if volume.made_gib:
            # An empty disk in place of one with data would look like success to its owner.
            raise FileNotFoundError(f"the disk of {volume.id} is gone from this host")
        image = None
        if volume.image_stored_as:
            stored = work.engine(Images).find(volume.image_stored_as)
            if stored is None:
                raise ImageBytesMissing(volume.image_stored_as)
            image = stored.disk
        disks.ensure(volume.id, volume.size_gib, image)
    if volume.made_gib != volume.size_gib:
        volume.made_gib = volume.size_gib
        waiting = [("instance", volume.instance_id)] if volume.instance_id else []
        work.save(volume, wakes=waiting)
    return Done()


def _found(engines: Engines) -> set[str]:
    return engines.get(Disks).volumes()


def _wanted(session: Session) -> set[str]:
    return set(session.scalars(select(Volume.id)))


def _remove(engines: Engines, volume_id: str) -> None:
    engines.get(Disks).remove(volume_id)


SWEEP_VOLUMES = Sweep(name="volume", found=_found, wanted=_wanted, remove=_remove)
"""Disks with no row behind them."""
