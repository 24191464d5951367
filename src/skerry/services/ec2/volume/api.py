"""Volumes, for instances."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from skerry.drivers.disks.port import Disk, Disks
from skerry.drivers.images.port import Images
from skerry.kernel.context import Context
from skerry.kernel.engines import Engines
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.prepared import Prepared, insert_new
from skerry.kernel.tags import drop_tags, tag_new
from skerry.kernel.wake import wake, wake_all
from skerry.services.ec2.image.model import Image
from skerry.services.ec2.volume.errors import (
    RootMappingInvalid,
    RootTooSmall,
    VolumeMalformed,
    VolumeNotFound,
)
from skerry.services.ec2.volume.model import VOLUME_TYPES, Volume, VolumeType

_ATTACHED = (
    select(Volume)
    .where(Volume.instance_id.is_not(None), Volume.wanted)
    .order_by(Volume.device_name)
)
_VOLUMES_OF_ANY = Prepared(_ATTACHED)
_VOLUMES_OF = Prepared(
    _ATTACHED.where(Volume.instance_id.in_(bindparam("instance_ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Performance:
    """What a volume is to deliver; None where its type has no such number."""

    iops: int | None
    throughput_mibps: int | None


def create_root_volumes(
    ctx: Context,
    instance_ids: Sequence[str],
    zone: str,
    image: Image,
    mapping: Mapping[str, Any] | None,
    tags: Mapping[str, str],
) -> list[Volume]:
    """The root disk of each new instance, attached to it; they wake themselves.

    Not in the session. ``mapping`` is the request's block device mapping of the root device, if any. Raises
    RootMappingInvalid, RootTooSmall, InvalidParameterValue, InvalidParameterCombination,
    MissingParameter, UnsupportedOperation.
    """
    ebs: Mapping[str, Any] = (mapping or {}).get("Ebs") or {}
    _check_root(mapping or {}, ebs, image)
    volume_type = ebs.get("VolumeType") or image.root_volume_type
    size_gib = ebs.get("VolumeSize") or image.size_gib
    if size_gib < image.size_gib:
        raise RootTooSmall(
            size_gib=size_gib, snapshot_id=image.snapshot_id, least_gib=image.size_gib
        )
    performance = performance_of(volume_type, size_gib, ebs.get("Iops"), ebs.get("Throughput"))
    volumes = [
        Volume(
            id=new_id("vol"),
            account_id=ctx.account_id,
            zone=zone,
            size_gib=size_gib,
            volume_type=volume_type,
            iops=performance.iops,
            throughput_mibps=performance.throughput_mibps,
            image_stored_as=image.stored_as,
            created_at=ctx.now,
            instance_id=instance_id,
            device_name=image.root_device_name,
            attached_at=ctx.now,
            delete_on_termination=ebs.get("DeleteOnTermination", image.root_delete_on_termination),
        )
        for instance_id in instance_ids
    ]
    insert_new(ctx.db, volumes)
    tag_new(ctx, "volume", [volume.id for volume in volumes], tags)
    wake_all(ctx.db, volumes)
    return volumes


class ImageBytesMissing(Exception):
    """The image store no longer has the image that a volume is to be made of."""


class DiskLost(Exception):
    """The disk was made and is gone; an empty one in its place would look like success."""


def ensure_disk(engines: Engines, volume: Volume) -> Disk:
    """Make the volume's disk unless it exists. Raises ImageBytesMissing, DiskLost."""
    disks = engines.get(Disks)
    found = disks.find(volume.id)
    if found is not None:
        return found
    if volume.made_gib:
        raise DiskLost(volume.id)
    image = None
    if volume.image_stored_as:
        stored = engines.get(Images).find(volume.image_stored_as)
        if stored is None:
            raise ImageBytesMissing(volume.image_stored_as)
        image = stored.disk
    return disks.ensure(volume.id, volume.size_gib, image)


def find_volume(ctx: Context, volume_id: str) -> Volume:
    """Raises VolumeMalformed, VolumeNotFound."""
    check_ids([volume_id], "vol", VolumeMalformed)
    return known_rows(ctx.db, Volume, [volume_id], VolumeNotFound)[0]


def volumes_of(session: Session, instance_ids: Iterable[str]) -> dict[str, list[Volume]]:
    """Instance id → its attached volumes by device name."""
    ids = list(instance_ids)
    found: dict[str, list[Volume]] = {each: [] for each in ids}
    if len(ids) <= 500:  # a longer list is slower than reading all of the account
        volumes: Sequence[Volume] = _VOLUMES_OF.entities(session, instance_ids=ids)
    else:
        volumes = _VOLUMES_OF_ANY.entities(session)
    for volume in volumes:
        if volume.instance_id in found:
            found[volume.instance_id].append(volume)
    return found


def release_volumes(session: Session, instance_id: str) -> None:
    """The instance is terminated: its volumes are deleted or, where so wished, become available."""
    for volume in volumes_of(session, [instance_id])[instance_id]:
        if volume.delete_on_termination:
            volume.wanted = False  # keeps the attachment: no byte goes before the guest has
            drop_tags(session, [volume.id])
        else:
            detach(volume)
        wake(session, volume)
    session.flush()


def detach(volume: Volume) -> None:
    """The volume belongs to no instance any more."""
    volume.instance_id = None
    volume.device_name = None
    volume.attached_at = None
    volume.delete_on_termination = False


def performance_of(
    volume_type: str, size_gib: int, iops: int | None, throughput_mibps: int | None
) -> Performance:
    """What a volume of this type and size delivers, as asked for or by default.

    Raises InvalidParameterValue, InvalidParameterCombination, MissingParameter.
    Source: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
    """
    facts = VOLUME_TYPES[volume_type]
    if not facts.least_gib <= size_gib <= facts.most_gib:
        raise InvalidParameterValue(
            value=size_gib,
            name="VolumeSize",
            why=f"A {volume_type} volume has {facts.least_gib} to {facts.most_gib} GiB.",
        )
    return Performance(
        _iops(volume_type, facts, size_gib, iops),
        _throughput(volume_type, facts, throughput_mibps),
    )


def _iops(name: str, facts: VolumeType, size_gib: int, wanted: int | None) -> int | None:
    if facts.iops is None:
        if wanted is not None:
            raise InvalidParameterCombination(
                why=f"The parameter iops is not supported for {name} volumes."
            )
        return facts.default_iops(size_gib)
    if wanted is None and facts.iops_required:
        raise MissingParameter(name="iops")
    least, most = facts.iops
    given = least if wanted is None else wanted
    if not least <= given <= most:
        raise InvalidParameterValue(
            value=given, name="iops", why=f"A {name} volume has {least} to {most} IOPS."
        )
    if given > least and given > facts.iops_per_gib * size_gib:
        raise InvalidParameterValue(
            value=given,
            name="iops",
            why=f"Iops to volume size ratio of a {name} volume is at most {facts.iops_per_gib}.",
        )
    return given


def _throughput(name: str, facts: VolumeType, wanted: int | None) -> int | None:
    if facts.throughput_mibps is None:
        if wanted is not None:
            raise InvalidParameterCombination(
                why=f"The parameter throughput is not supported for {name} volumes."
            )
        return None
    least, most = facts.throughput_mibps
    given = least if wanted is None else wanted
    if not least <= given <= most:
        raise InvalidParameterValue(
            value=given, name="throughput", why=f"A {name} volume has {least} to {most} MiB/s."
        )
    return given


def _check_root(mapping: Mapping[str, Any], ebs: Mapping[str, Any], image: Image) -> None:
    if mapping.get("NoDevice") is not None or mapping.get("VirtualName"):
        raise RootMappingInvalid(why="The root device must be an EBS volume.")
    if ebs.get("SnapshotId") not in (None, image.snapshot_id):
        raise RootMappingInvalid(why="snapshotId cannot be modified on root device")
    if ebs.get("Encrypted") or ebs.get("KmsKeyId"):
        raise UnsupportedOperation(why="Encrypted volumes are not supported.")
    name = ebs.get("VolumeType") or image.root_volume_type
    if not VOLUME_TYPES[name].bootable:
        raise RootMappingInvalid(why=f"A {name} volume cannot be a root device.")
