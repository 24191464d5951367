"""Instances, for sibling slices and for the metadata server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from skerry.drivers.compute.port import Compute
from skerry.kernel.context import Context
from skerry.kernel.lookup import check_ids
from skerry.kernel.prepared import Prepared
from skerry.kernel.region import Region
from skerry.kernel.tags import tags_of
from skerry.kernel.wake import wake_id
from skerry.services.ec2.instance.errors import (
    InstanceGone,
    InstanceMalformed,
    InstanceNotFound,
    InstancesNotFound,
)
from skerry.services.ec2.instance.model import Ended, Instance, Wanted
from skerry.services.ec2.instance.view.instances import InstanceFacts
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.instance_type.model import InstanceType
from skerry.services.ec2.network_interface.api import (
    delete_interface,
    detach_interface,
    interface_facts,
    interfaces_of,
    take_public_ip,
)
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.volume.api import release_volumes, volumes_of
from skerry.services.ec2.volume.model import Volume

MAX_INSTANCES = 5000
"""Per account, terminated ones that are still shown included."""
MAX_LISTED = 500  # a longer list of ids is slower than reading all rows of the account
GUEST_OVERHEAD_MIB = 80
"""What a guest's process needs beyond its guest's memory."""


@dataclass(slots=True)
class Room:
    """What the host can still take, counted down as places are promised."""

    vcpus: int  # the most that one guest may have
    memory_mib: int

    def take(self, kind: InstanceType) -> bool:
        """Promise a place to one more guest; False when there is none."""
        if kind.vcpus > self.vcpus or kind.memory_mib > self.memory_mib:
            return False
        self.memory_mib -= kind.memory_mib + GUEST_OVERHEAD_MIB
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """Instance id → what it has."""

    interfaces: Mapping[str, Sequence[NetworkInterface]]
    volumes: Mapping[str, Sequence[Volume]]
    tags: Mapping[str, Mapping[str, str]]


def parts_of(session: Session, ids: Sequence[str]) -> Parts:
    """What these instances have."""
    return Parts(interfaces_of(session, ids), volumes_of(session, ids), tags_of(session, ids))


PRESENT = Prepared(select(func.count().label("present")).select_from(Instance))
_WAITING = Prepared(
    select(Instance.instance_type, func.count())
    .where(
        Instance.wanted == Wanted.RUNNING,
        Instance.seen_run < Instance.run,
        Instance.ended_run < Instance.run,
    )
    .group_by(Instance.instance_type),
    every_account=True,
)


def find_instance(ctx: Context, instance_id: str) -> Instance:
    """Raises InstanceMalformed, InstanceNotFound."""
    return known_instances(ctx, [instance_id])[0]


def find_lasting_instance(ctx: Context, instance_id: str) -> Instance:
    """One that may still be changed. Raises as ``find_instance``, and InstanceGone."""
    instance = find_instance(ctx, instance_id)
    if instance.is_to_go:
        raise InstanceGone(id=instance_id)
    return instance


def known_instances(ctx: Context, ids: Sequence[str] | None) -> list[Instance]:
    """The account's instances of these ids, each once, in that order; all when there are no ids.

    Raises InstanceMalformed, InstanceNotFound, InstancesNotFound.
    """
    check_ids(ids, "i", InstanceMalformed)
    query = select(Instance)
    if not ids:
        return list(ctx.db.scalars(query))
    wanted = list(dict.fromkeys(ids))
    if len(wanted) <= MAX_LISTED:
        query = query.where(Instance.id.in_(wanted))
    found = {instance.id: instance for instance in ctx.db.scalars(query)}
    missing = [each for each in wanted if each not in found]
    if len(missing) == 1:
        raise InstanceNotFound(id=missing[0])
    if missing:
        raise InstancesNotFound(ids=", ".join(missing))
    return [found[each] for each in wanted]


def instance_of_interface(session: Session, interface_id: str) -> Instance | None:
    """The instance that has this network interface."""
    query = select(Instance).join(NetworkInterface, NetworkInterface.instance_id == Instance.id)
    return session.scalar(query.where(NetworkInterface.id == interface_id))


def guest_spoke(session: Session, instance_id: str) -> None:
    """The guest of this instance reached user space in its present run. Once a run; cheap to repeat.

    The session must be the whole cloud's, and its transaction a writing one.
    """
    touched = cast(
        "CursorResult[Any]",
        session.execute(
            update(Instance)
            .where(Instance.id == instance_id, Instance.reached_run < Instance.run)
            .values(reached_run=Instance.run)
            .execution_options(synchronize_session=False)
        ),
    )
    if touched.rowcount:
        wake_id(session, "instance", instance_id)


def end_run(session: Session, instance: Instance, ended_by: Ended | None, at: datetime) -> None:
    """The guest is off: its auto-assigned public addresses go back to the pool."""
    for interface in interfaces_of(session, [instance.id])[instance.id]:
        take_public_ip(session, interface)
    instance.ended_run = instance.run
    instance.ended_by = ended_by
    instance.ended_at = at


def release_parts(session: Session, instance: Instance, at: datetime) -> None:
    """The guest is off for good: what was made for it goes, what was lent to it is free again."""
    for interface in interfaces_of(session, [instance.id])[instance.id]:
        if interface.delete_on_termination and interface.detach_wanted is None:
            delete_interface(session, interface)
        else:
            detach_interface(session, interface)
            wake_id(session, "vpc", interface.vpc_id)
    release_volumes(session, instance.id)
    instance.removed_at = at


def room_left(ctx: Context) -> Room:
    """What the host can take beside all guests, of any account, that are wanted but not started yet."""
    capacity = ctx.engine(Compute).capacity()
    room = Room(capacity.vcpus, capacity.memory_mib)
    for name, count in _WAITING.rows(ctx.db):
        room.memory_mib -= count * (find_type(name).memory_mib + GUEST_OVERHEAD_MIB)
    return room


def instance_facts(
    session: Session, region: Region, instances: Sequence[Instance], parts: Parts | None = None
) -> InstanceFacts:
    """What the views of these instances need, in nine queries however many there are.

    ``parts``: given by who knows them already.
    """
    parts = parts or parts_of(session, [instance.id for instance in instances])
    every = [each for attached in parts.interfaces.values() for each in attached]
    return InstanceFacts(
        region=region,
        interfaces=parts.interfaces,
        network=interface_facts(session, region, every),
        volumes=parts.volumes,
        tags=parts.tags,
    )
