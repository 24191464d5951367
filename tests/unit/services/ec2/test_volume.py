"""Root volumes: what a launch may ask for, and that disks follow their rows."""

from pathlib import Path
from typing import Any

import pytest

from skerry.drivers.compute.port import Compute, Power
from skerry.drivers.disks.memory import MemoryDisks
from skerry.drivers.disks.port import Disks
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import Images
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.reconcile.engine import ReconcileEngine
from skerry.reconcile.sweep import sweep
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Reconciler, Work
from skerry.services.ec2.image.api import find_image, register_builtin
from skerry.services.ec2.volume.api import (
    DiskLost,
    ImageBytesMissing,
    create_root_volumes,
    performance_of,
    release_volumes,
)
from skerry.services.ec2.volume.model import Volume
from skerry.services.ec2.volume.reconcile import SWEEP_VOLUMES, reconcile_volume
from tests.unit.services.calling import Tenant, refused

TINY = "ami-0abcdef1234567890"
INSTANCE = "i-0123456789abcdef0"


class Hypervisor:
    """Only what a volume asks of it."""

    def __init__(self) -> None:
        self.running: set[str] = set()

    def power(self, instance_id: str) -> Power:
        return Power.RUNNING if instance_id in self.running else Power.ABSENT


@pytest.fixture
def engines() -> Engines:
    images = MemoryImages()
    images.add(ImageLabel(TINY, "tiny", "the default", "ec2-user"), size_gib=2)
    return Engines({Disks: MemoryDisks(), Images: images, Compute: Hypervisor()})


@pytest.fixture
def work(database: Database, engines: Engines, region: Region) -> Work:
    with database.write(None) as session:
        register_builtin(session, engines.get(Images).all()[0], now())
    return Work(database, engines, region)


@pytest.fixture
def disks(engines: Engines) -> MemoryDisks:
    return engines.get(Disks)  # type: ignore[return-value]


def _launch(tenant: Tenant, **ebs: Any) -> str:
    mapping = {"DeviceName": "/dev/xvda", "Ebs": ebs}
    with tenant.writing() as ctx:
        image = find_image(ctx, TINY)
        tags = {"Name": "root"}
        volumes = create_root_volumes(ctx, [INSTANCE], "us-east-1a", image, mapping, tags)
        return volumes[0].id


def _pass(work: Work, volume_id: str) -> Verdict:
    with work.read() as session:
        row = session.get(Volume, volume_id)
    assert row is not None
    verdict = reconcile_volume(work, row)
    if isinstance(verdict, Done):
        work.save(row)
    return verdict


def _release(work: Work) -> None:
    with work.database.write(None) as session:
        release_volumes(session, INSTANCE)


def _shown(tenant: Tenant, **parameters: Any) -> list[dict[str, Any]]:
    return tenant("DescribeVolumes", **parameters)["Volumes"]


def test_a_root_volume_is_an_overlay_of_its_image(tenant: Tenant, work: Work, disks: MemoryDisks):
    volume_id = _launch(tenant)
    (before,) = _shown(tenant)
    assert before["State"] == "creating"
    assert _pass(work, volume_id) == Done()
    made = disks.shelf.volumes[volume_id]
    assert made.size_gib == 2
    assert made.image == Path("/nonexistent") / TINY / "disk.qcow2"
    (after,) = _shown(tenant)
    assert after["State"] == "in-use"
    assert (after["VolumeType"], after["Iops"], after["Throughput"]) == ("gp3", 3000, 125)
    assert after["SnapshotId"] == "snap-0abcdef1234567890"
    (attachment,) = after["Attachments"]
    assert attachment["InstanceId"] == INSTANCE
    assert attachment["State"] == "attached"
    assert attachment["DeleteOnTermination"] is True


def test_termination_frees_the_disk_only_after_the_guest_has_left(
    tenant: Tenant, work: Work, disks: MemoryDisks
):
    volume_id = _launch(tenant)
    _pass(work, volume_id)
    hypervisor: Any = work.engine(Compute)
    hypervisor.running.add(INSTANCE)
    _release(work)
    assert isinstance(_pass(work, volume_id), Again)
    assert disks.volumes() == {volume_id}
    hypervisor.running.clear()
    assert _pass(work, volume_id) == Gone()
    assert disks.volumes() == set()
    assert tenant("DescribeTags")["Tags"] == []


def test_a_volume_that_is_kept_becomes_available_and_can_be_deleted(
    tenant: Tenant, work: Work, disks: MemoryDisks
):
    volume_id = _launch(tenant, DeleteOnTermination=False)
    with refused("VolumeInUse", INSTANCE):
        tenant("DeleteVolume", VolumeId=volume_id)
    _pass(work, volume_id)
    _release(work)
    (kept,) = _shown(tenant)
    assert (kept["State"], kept["Attachments"]) == ("available", [])
    tenant("DeleteVolume", VolumeId=volume_id)
    with refused("IncorrectState"):
        tenant("DeleteVolume", VolumeId=volume_id)
    assert _pass(work, volume_id) == Gone()
    assert disks.volumes() == set()


def test_the_engine_makes_and_removes_the_row_and_the_disk(
    tenant: Tenant, work: Work, disks: MemoryDisks
):
    engine = ReconcileEngine(work, [Reconciler(Volume, reconcile_volume)], [SWEEP_VOLUMES])
    volume_id = _launch(tenant, DeleteOnTermination=False)
    engine._pass(("volume", volume_id))
    _release(work)
    tenant("DeleteVolume", VolumeId=volume_id)
    engine._pass(("volume", volume_id))
    engine.close()
    assert _shown(tenant) == []
    assert disks.volumes() == set()


def test_a_disk_without_a_row_is_swept(tenant: Tenant, work: Work, disks: MemoryDisks):
    volume_id = _launch(tenant)
    _pass(work, volume_id)
    disks.ensure("vol-00000000000000001", 1, None)
    assert sweep(work, SWEEP_VOLUMES) == {"vol-00000000000000001"}
    assert disks.volumes() == {volume_id}


def test_a_lost_disk_is_not_replaced_by_an_empty_one(
    tenant: Tenant, work: Work, disks: MemoryDisks
):
    volume_id = _launch(tenant)
    _pass(work, volume_id)
    disks.remove(volume_id)
    with pytest.raises(DiskLost):
        _pass(work, volume_id)
    assert disks.volumes() == set()


def test_no_disk_is_made_without_the_bytes_of_its_image(tenant: Tenant, work: Work):
    volume_id = _launch(tenant)
    work.engine(Images).remove(TINY)
    with pytest.raises(ImageBytesMissing):
        _pass(work, volume_id)


@pytest.mark.parametrize(
    ("ebs", "code"),
    [
        ({"VolumeSize": 1}, "InvalidBlockDeviceMapping"),
        ({"SnapshotId": "snap-00000000000000001"}, "InvalidBlockDeviceMapping"),
        ({"Encrypted": True}, "UnsupportedOperation"),
        ({"VolumeType": "st1", "VolumeSize": 500}, "InvalidBlockDeviceMapping"),
        ({"VolumeType": "gp2", "Iops": 3000}, "InvalidParameterCombination"),
        ({"VolumeType": "gp2", "Throughput": 125}, "InvalidParameterCombination"),
        ({"VolumeType": "io1", "VolumeSize": 4}, "MissingParameter"),
        ({"VolumeType": "io1", "VolumeSize": 4, "Iops": 201}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Iops": 2999}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Throughput": 1001}, "InvalidParameterValue"),
        ({"VolumeSize": 16385}, "InvalidParameterValue"),
    ],
)
def test_a_root_disk_that_cannot_be_is_refused(tenant: Tenant, work: Work, ebs: dict, code: str):
    with refused(code):
        _launch(tenant, **ebs)
    assert _shown(tenant) == []


@pytest.mark.parametrize(
    ("size_gib", "iops"), [(1, 100), (33, 100), (34, 102), (1000, 3000), (6000, 16000)]
)
def test_gp2_has_three_iops_a_gib(size_gib: int, iops: int):
    assert performance_of("gp2", size_gib, None, None).iops == iops


def test_volumes_are_found_by_filter(tenant: Tenant, work: Work):
    volume_id = _launch(tenant, VolumeSize=8, VolumeType="gp2")
    _launch(tenant)
    for name, value in (
        ("volume-type", "gp2"),
        ("size", "8"),
        ("volume-id", volume_id),
    ):
        (found,) = _shown(tenant, Filters=[{"Name": name, "Values": [value]}])
        assert found["VolumeId"] == volume_id, name
    both = {"attachment.instance-id": INSTANCE, "attachment.device": "/dev/xvda", "tag:Name": "r*"}
    filters = [{"Name": name, "Values": [value]} for name, value in both.items()]
    assert len(_shown(tenant, Filters=filters)) == 2


def test_status_and_attributes_of_a_volume(tenant: Tenant, work: Work):
    volume_id = _launch(tenant)
    (status,) = tenant("DescribeVolumeStatus")["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "insufficient-data"
    _pass(work, volume_id)
    (status,) = tenant("DescribeVolumeStatus", VolumeIds=[volume_id])["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "ok"
    shown = tenant("DescribeVolumeAttribute", VolumeId=volume_id, Attribute="autoEnableIO")
    assert shown["AutoEnableIO"] == {"Value": False}


def test_volume_ids_are_checked(tenant: Tenant, other_tenant: Tenant, work: Work):
    volume_id = _launch(tenant)
    with refused("InvalidVolumeID.Malformed"):
        tenant("DescribeVolumes", VolumeIds=["vol-1"])
    with refused("InvalidParameterCombination"):
        tenant("DescribeVolumes", VolumeIds=[volume_id], MaxResults=5)
    for action in ("DescribeVolumes", "DescribeVolumeStatus"):
        with refused("InvalidVolume.NotFound", volume_id):
            other_tenant(action, VolumeIds=[volume_id])
    with refused("InvalidVolume.NotFound", volume_id):
        other_tenant("DeleteVolume", VolumeId=volume_id)
