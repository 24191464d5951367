"""Which drivers a cloud runs on: the real engines, or their twins in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from skerry.config import Config
from skerry.drivers.compute.accel import accelerator
from skerry.drivers.compute.memory import MemoryCompute
from skerry.drivers.compute.port import Compute
from skerry.drivers.compute.qemu.driver import Confinement, QemuCompute
from skerry.drivers.disks.memory import MemoryDisks
from skerry.drivers.disks.port import Disks
from skerry.drivers.disks.qcow2 import Owner, Qcow2Disks
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import Images
from skerry.drivers.images.store import ImageStore
from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings
from skerry.drivers.network.port import Network
from skerry.kernel.engines import Engines


@dataclass(frozen=True)
class Drivers:
    """One of each kind."""

    compute: Compute
    network: Network
    disks: Disks
    images: Images
    starters: tuple[Callable[[], None], ...] = ()
    stoppers: tuple[Callable[[], None], ...] = ()
    engines: Engines = field(init=False)

    def __post_init__(self) -> None:
        engines = Engines(
            {
                Compute: self.compute,
                Network: self.network,
                Disks: self.disks,
                Images: self.images,
            }
        )
        object.__setattr__(self, "engines", engines)

    def start(self) -> None:
        """Bring up what the drivers need running."""
        for each in self.starters:
            each()

    def close(self) -> None:
        """Let go of everything; it goes on without us."""
        self.compute.close()
        self.network.close()

    def stop(self) -> None:
        """Take off the host what would go on without us."""
        for each in self.stoppers:
            each()


def memory_drivers(images: Images | None = None) -> Drivers:
    """Twins that keep everything in this process; for tests and benches."""
    return Drivers(MemoryCompute(), MemoryNetwork(), MemoryDisks(), images or MemoryImages())


def real_drivers(config: Config) -> Drivers:
    """The engines of this host. Guests that run already are attached to at once."""
    config.state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    network = OvnNetwork(
        OvnSettings(
            cloud=config.cloud,
            state_dir=config.state_dir,
            pool=IPv4Network(config.public_pool),
            outside=config.uplink_namespace,
        )
    )
    compute = QemuCompute(
        config.state_dir,
        accelerator(config.accel, config.state_dir),
        Confinement(config.guest_uid, config.guest_uid),
        network.namespace,
    )
    disks = Qcow2Disks(config.state_dir / "volumes", Owner(config.guest_uid, config.guest_uid))
    return Drivers(
        compute,
        network,
        disks,
        image_store(config),
        starters=(network.start,),
        stoppers=(network.stop,),
    )


def image_store(config: Config) -> ImageStore:
    """Where this cloud keeps its images."""
    return ImageStore(config.state_dir / "images")
