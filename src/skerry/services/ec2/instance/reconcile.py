"""Makes the guest of an instance what its row says.

Any of this may be cut short anywhere and run again: a pass looks at the row and at the host, never at what
an earlier pass did. Two orders make that enough. What a run was asked to end for is cleared away first and
recorded then, so that a pass cut short does it again. What a guest did by itself is recorded first and
cleared away then: of a guest whose process is gone nobody could tell any more that it went by its own will.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry.drivers.compute.port import (
    CardLeavingError,
    Compute,
    DiskSpec,
    GuestSpec,
    NicSpec,
    NoCapacityError,
    NoSlotError,
    Power,
)
from skerry.drivers.images.port import Images
from skerry.drivers.network.port import Network
from skerry.kernel.clock import now
from skerry.kernel.engines import Engines
from skerry.kernel.tags import drop_tags
from skerry.kernel.wake import wake_id
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Sweep, Work
from skerry.services.ec2.instance.api import end_run, release_parts
from skerry.services.ec2.instance.model import Ended, Instance, Wanted
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface.api import detach_interface, interfaces_of
from skerry.services.ec2.network_interface.model import Detach, NetworkInterface
from skerry.services.ec2.volume.api import ImageBytesMissing, ensure_disk, volumes_of

log = logging.getLogger(__name__)

STOP_GRACE = timedelta(seconds=30)
"""How long a guest may take to shut down when it is stopped; EC2 gives minutes."""
TERMINATE_GRACE = timedelta(seconds=3)
REBOOT_GRACE = timedelta(seconds=30)
START_PATIENCE = timedelta(minutes=2)
"""How long a start may fail, for want of room or otherwise, before it is given up."""
VISIBLE = timedelta(hours=1)
"""How long a terminated instance is shown."""

MTU_BYTES = 9001  # EC2's own inside a VPC
_PRESS_AGAIN_S = 1.0  # a guest that was not listening yet gets another chance
_SLOT_POLL_S = (0.1, 2.0)  # the longer one waits for a boot slot, the rarer it asks
_CAPACITY_POLL_S = 3.0
_ASK_BACK_S = 1.0  # a guest that boots hears no request; one that lets go tells at once
_ASK_DEAD_BACK_S = 30.0
_TURN_S = 0.05  # less than the start of a real guest takes: a worker has other things to do

_starting = threading.Lock()
"""Held from asking for a boot slot until it is taken: between the two, others would see it free."""


def reconcile_instance(work: Work, instance: Instance) -> Verdict:
    """One look: bring the guest nearer to what is wanted."""
    if instance.removed_at is not None:
        return _linger(work, instance, instance.removed_at)
    if instance.is_to_go:
        return _terminate(work, instance)
    if instance.is_over:
        return _rest(work, instance)
    if instance.wanted is Wanted.STOPPED:
        return _stop(work, instance)
    return _run(work, instance)


# --- running --------------------------------------------------------------------------------------


def _run(work: Work, instance: Instance) -> Verdict:
    compute = work.engine(Compute)
    power = compute.power(instance.id)
    if instance.reboots_wanted > instance.reboots_done and instance.seen_run == instance.run:
        return _reboot(work, instance, power)
    if power is Power.RUNNING:
        _has_started(instance)
        if instance.reached_run >= instance.run:
            compute.booted(instance.id)
        return _settle_cards(work, instance)
    if instance.seen_run < instance.run:
        return _start(work, instance)  # what is there is of the run before
    if power is Power.POWERED_OFF:
        for_good = instance.shutdown_behavior == "terminate"
        _record_end(work, instance, Ended.GUEST_FOR_GOOD if for_good else Ended.GUEST)
        return _rest(work, instance)
    log.warning("%s is %s though it should run; starting it again", instance.id, power)
    return _start(work, instance)


def _reboot(work: Work, instance: Instance, power: Power) -> Verdict:
    """Ask the guest to shut down and start it again; reset one that does not listen."""
    compute = work.engine(Compute)
    if power is Power.RUNNING and now() >= instance.wanted_at + REBOOT_GRACE:
        compute.reset(instance.id)
        instance.reboots_done = instance.reboots_wanted
        return Done()
    if power is Power.RUNNING:
        compute.press_power_button(instance.id)
        if compute.power(instance.id) is Power.RUNNING:
            return Again(_PRESS_AGAIN_S)
    return _start(work, instance)


def _has_started(instance: Instance) -> None:
    instance.seen_run = instance.run
    instance.reboots_done = instance.reboots_wanted


def _start(work: Work, instance: Instance) -> Verdict:
    try:
        return _try_to_start(work, instance)
    except NoCapacityError as error:
        log.info("no room for %s: %s", instance.id, error)
        if _may_give_up(instance):
            return _end(work, instance, Ended.CAPACITY)
        return Again(_CAPACITY_POLL_S)
    except Exception:
        if not _may_give_up(instance):
            raise
        log.exception("giving up the start of %s", instance.id)
        return _end(work, instance, Ended.FAULT)


def _try_to_start(work: Work, instance: Instance) -> Verdict:
    if not work.engine(Compute).boot_slot_free():
        return Again(_slot_poll_s(instance))
    with work.read() as session:
        interfaces = interfaces_of(session, [instance.id])[instance.id]
    staying = [each for each in interfaces if each.detach_wanted is None]
    spec = _guest_spec(work, instance, staying)
    if not _starting.acquire(timeout=_TURN_S):
        return Again(_slot_poll_s(instance))
    try:
        if not work.engine(Compute).boot_slot_free():
            return Again(_slot_poll_s(instance))
        work.engine(Compute).ensure_running(spec)
    finally:
        _starting.release()
    _has_started(instance)
    return Done() if len(staying) == len(interfaces) else Again(0.0)


def _may_give_up(instance: Instance) -> bool:
    """A start may fail for good; a guest that ran and was lost is brought back whatever it takes."""
    return instance.seen_run < instance.run and now() >= instance.launched_at + START_PATIENCE


def _slot_poll_s(instance: Instance) -> float:
    waited_s = (now() - instance.launched_at).total_seconds()
    least_s, most_s = _SLOT_POLL_S
    return min(max(least_s, waited_s / 10), most_s)


def _guest_spec(
    work: Work, instance: Instance, interfaces: Sequence[NetworkInterface]
) -> GuestSpec:
    """What to start, with its disks made and its ports plugged."""
    image = work.engine(Images).find(instance.image_stored_as)
    if image is None:
        raise ImageBytesMissing(instance.image_stored_as)
    with work.read() as session:
        volumes = volumes_of(session, [instance.id])[instance.id]
    volumes.sort(key=lambda volume: volume.device_name != instance.root_device_name)
    disks: list[DiskSpec] = []
    for volume in volumes:
        disk = ensure_disk(work.engines, volume)
        disks.append(DiskSpec(volume.id, disk.path, disk.format, volume.device_name or ""))
    nics = [_nic(work, each) for each in interfaces]
    kind = find_type(instance.instance_type)
    return GuestSpec(
        instance_id=instance.id,
        instance_type=kind.name,
        vcpus=kind.vcpus,
        memory_mib=kind.memory_mib,
        disks=tuple(disks),
        nics=tuple(nics),
        boot=image.boot,
        most_cards=kind.max_interfaces,
    )


def _nic(work: Work, interface: NetworkInterface) -> NicSpec:
    tap = work.engine(Network).plug(interface.id)
    return NicSpec(interface.id, tap, interface.mac, MTU_BYTES)


# --- cards of a guest that runs --------------------------------------------------------------------


def _settle_cards(work: Work, instance: Instance) -> Verdict:
    """Give the guest the cards that it has not yet, and take back those that it is to lose."""
    compute = work.engine(Compute)
    present = compute.cards(instance.id)
    with work.read() as session:
        interfaces = interfaces_of(session, [instance.id])[instance.id]
    pause_s: set[float] = set()
    for each in interfaces:
        if each.detach_wanted is not None:
            if not _take_back(work, instance, each):
                pause_s.add(_ASK_BACK_S)
        elif each.id in present and each.attach_seen:
            continue
        elif not _plug_card(work, instance, each):
            pause_s.add(_ASK_BACK_S)
    for port_id in present - {each.id for each in interfaces}:  # detached by force
        if not compute.unplug_card(instance.id, port_id, force=True):
            pause_s.add(_ASK_DEAD_BACK_S)
    return Again(min(pause_s)) if pause_s else Done()


def _plug_card(work: Work, instance: Instance, interface: NetworkInterface) -> bool:
    """Whether the guest has the card now; otherwise it must let go of something first."""
    try:
        work.engine(Compute).plug_card(instance.id, _nic(work, interface))
    except (CardLeavingError, NoSlotError) as error:
        log.info("%s cannot be plugged yet: %s", interface.id, error)
        return False
    _see_attached(work, interface)
    return True


def _see_attached(work: Work, interface: NetworkInterface) -> None:
    if not interface.attach_seen:
        interface.attach_seen = True
        work.save(interface)


def _take_back(work: Work, instance: Instance, interface: NetworkInterface) -> bool:
    """Whether the interface is detached now: its guest let go of the card, or is not asked."""
    force = interface.detach_wanted == Detach.FORCE
    gone = work.engine(Compute).unplug_card(instance.id, interface.id, force=force)
    if gone or force:
        _detach(work, interface)
    return gone or force


def _detach(work: Work, interface: NetworkInterface) -> None:
    """The interface is nobody's again. Its tap first: recorded before, it would be left to a sweep."""
    work.engine(Network).unplug(interface.id)
    with work.database.write(None) as session:
        session.add(interface)
        detach_interface(session, interface)
        wake_id(session, "vpc", interface.vpc_id)


# --- ending ---------------------------------------------------------------------------------------


def _stop(work: Work, instance: Instance) -> Verdict:
    if not _is_off(work, instance, STOP_GRACE):
        return Again(_PRESS_AGAIN_S)
    return _end(work, instance, None)


def _end(work: Work, instance: Instance, ended_by: Ended | None) -> Verdict:
    _clear(work, instance)
    _record_end(work, instance, ended_by)
    return _rest(work, instance)


def _record_end(work: Work, instance: Instance, ended_by: Ended | None) -> None:
    with work.database.write(None) as session:
        session.add(instance)
        end_run(session, instance, ended_by, now())


def _rest(work: Work, instance: Instance) -> Verdict:
    """The run is over: nothing of it may be left. What is to go altogether goes in the next pass."""
    if work.engine(Compute).power(instance.id) is not Power.ABSENT:
        _clear(work, instance)
    with work.read() as session:
        interfaces = interfaces_of(session, [instance.id])[instance.id]
    for each in interfaces:
        if each.detach_wanted is not None:
            _detach(work, each)
        else:
            _see_attached(work, each)
    return Again(0.0) if instance.is_to_go else Done()


def _terminate(work: Work, instance: Instance) -> Verdict:
    if not _is_off(work, instance, TERMINATE_GRACE):
        return Again(_PRESS_AGAIN_S)
    _clear(work, instance)
    with work.database.write(None) as session:
        session.add(instance)
        release_parts(session, instance, now())
    return Again(VISIBLE.total_seconds())


def _linger(work: Work, instance: Instance, removed_at: datetime) -> Verdict:
    """Be shown for an hour, then vanish with console and tags."""
    left_s = (removed_at + VISIBLE - now()).total_seconds()
    if left_s > 0:
        return Again(left_s)
    work.engine(Compute).forget(instance.id)
    with work.database.write(None) as session:
        drop_tags(session, [instance.id])
    return Gone()


def _is_off(work: Work, instance: Instance, grace: timedelta) -> bool:
    """Ask the guest to shut down; whether it has, or has had its time."""
    compute = work.engine(Compute)
    if compute.power(instance.id) is not Power.RUNNING:
        return True
    if instance.force_stop or now() >= instance.wanted_at + grace:
        return True
    compute.press_power_button(instance.id)
    return compute.power(instance.id) is not Power.RUNNING


def _clear(work: Work, instance: Instance) -> None:
    """Remove ports and process, the process last: while it is there, a pass knows it has to clear."""
    with work.read() as session:
        interfaces = interfaces_of(session, [instance.id])[instance.id]
    for interface in interfaces:
        work.engine(Network).unplug(interface.id)
    work.engine(Compute).remove(instance.id)


# --- orphans --------------------------------------------------------------------------------------


def _guests_found(engines: Engines) -> set[str]:
    return engines.get(Compute).instances()


def _guests_wanted(session: Session) -> set[str]:
    return set(session.scalars(select(Instance.id)))


def _forget_guest(engines: Engines, instance_id: str) -> None:
    engines.get(Compute).forget(instance_id)


def _ports_found(engines: Engines) -> set[str]:
    return engines.get(Network).plugged()


def _ports_wanted(session: Session) -> set[str]:
    attached = NetworkInterface.instance_id.is_not(None)
    return set(session.scalars(select(NetworkInterface.id).where(attached)))


def _unplug_port(engines: Engines, port_id: str) -> None:
    engines.get(Network).unplug(port_id)


SWEEP_GUESTS = Sweep("guest", _guests_found, _guests_wanted, _forget_guest)
"""Guests, or what is left of them, with no row behind them."""
SWEEP_PORTS = Sweep("port", _ports_found, _ports_wanted, _unplug_port)
"""Plugged ports of interfaces that no instance has."""
