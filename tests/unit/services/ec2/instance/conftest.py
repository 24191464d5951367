"""A cloud whose engines are in memory, and whose reconcilers run when a test says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from skerry.drivers.compute.memory import MemoryCompute, MemoryHost
from skerry.drivers.compute.port import Compute
from skerry.drivers.disks.memory import MemoryDisks, MemoryShelf
from skerry.drivers.disks.port import Disks
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import Images
from skerry.drivers.network.memory import MemoryFabric, MemoryNetwork
from skerry.drivers.network.port import Network
from skerry.kernel.clock import now
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.reconcile.verdict import Gone, Verdict
from skerry.reconcile.work import Work
from skerry.services.ec2.image.api import register_builtin
from skerry.services.ec2.instance import reconcile
from skerry.services.ec2.instance.model import Instance, State
from skerry.services.ec2.volume.model import Volume
from skerry.services.ec2.volume.reconcile import reconcile_volume
from tests.unit.services.calling import Tenant

TINY = "ami-0abcdef1234567890"


@dataclass
class World:
    """What is outside the control plane, and the drivers that reach it."""

    host: MemoryHost = field(default_factory=MemoryHost)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    fabric: MemoryFabric = field(default_factory=MemoryFabric)
    images: MemoryImages = field(default_factory=MemoryImages)

    def __post_init__(self):
        self.compute = MemoryCompute(self.host)
        self.network = MemoryNetwork(self.fabric)
        self.disks = MemoryDisks(self.shelf)

    def engines(self) -> Engines:
        return Engines(
            {
                Compute: self.compute,
                Network: self.network,
                Disks: self.disks,
                Images: self.images,
            }
        )

    def seen(self) -> dict:
        """All that can be told of the world, to be compared."""
        return {
            "guests": {name: guest.power.value for name, guest in self.host.guests.items()},
            "disks": dict(self.shelf.volumes),
            "taps": set(self.fabric.taps),
            "promised_mib": self.host.promised_mib,
        }


@dataclass
class Reconciling:
    """Runs passes as the engine does, one at a time."""

    work: Work

    def row(self, instance_id: str) -> Instance | None:
        with self.work.read() as session:
            return session.get(Instance, instance_id)

    def once(self, instance_id: str, work: Work | None = None) -> Verdict:
        row = self.row(instance_id)
        assert row is not None
        verdict = reconcile.reconcile_instance(work or self.work, row)
        if isinstance(verdict, Gone):
            with self.work.database.write(None) as session:
                session.delete(row)
        elif inspect(row).modified:
            self.work.save(row)
        return verdict

    def volumes(self) -> None:
        with self.work.read() as session:
            rows = session.query(Volume).all()
        for row in rows:
            verdict = reconcile_volume(self.work, row)
            if isinstance(verdict, Gone):
                with self.work.database.write(None) as session:
                    session.delete(row)
            else:
                self.work.save(row)


def state(reconciling: Reconciling, instance_id: str) -> State:
    row = reconciling.row(instance_id)
    assert row is not None
    return row.state


def shown(tenant: Tenant, instance_id: str) -> dict:
    (reservation,) = tenant("DescribeInstances", InstanceIds=[instance_id])["Reservations"]
    return reservation["Instances"][0]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def engines(world: World) -> Engines:
    return world.engines()


@pytest.fixture
def reconciling(database: Database, engines: Engines, region: Region, world: World) -> Reconciling:
    stored = world.images.add(ImageLabel(TINY, "tiny", "the default image", "ec2-user"), 2)
    with database.write(None) as session:
        register_builtin(session, stored, now())
    return Reconciling(Work(database, engines, region))


@pytest.fixture
def launch(tenant: Tenant, reconciling: Reconciling) -> Callable[..., str]:
    """Launch one t2.micro and return its id; nothing is reconciled yet."""

    def run(**parameters: object) -> str:
        wanted = {"ImageId": TINY, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
        return tenant("RunInstances", **wanted | parameters)["Instances"][0]["InstanceId"]

    return run


@pytest.fixture
def running(launch, reconciling: Reconciling) -> Callable[..., str]:
    """As ``launch``, and the guest runs."""

    def run(**parameters: object) -> str:
        instance_id = launch(**parameters)
        reconciling.once(instance_id)
        return instance_id

    return run


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let time pass, as reconcilers see it."""

    def pass_by(**duration: float) -> None:
        monkeypatch.setattr(reconcile, "now", lambda: now() + timedelta(**duration))

    return pass_by
