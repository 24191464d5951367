"""Which drivers a cloud runs on: the real engines, or their twins in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from skerry.drivers.compute.memory import MemoryCompute
from skerry.drivers.compute.port import Compute
from skerry.drivers.disks.memory import MemoryDisks
from skerry.drivers.disks.port import Disks
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import Images
from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network
from skerry.kernel.engines import Engines


@dataclass(frozen=True, slots=True)
class Drivers:
    """One of each kind."""

    compute: Compute
    network: Network
    disks: Disks
    images: Images
    starters: tuple[Callable[[], None], ...] = ()
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


def memory_drivers(images: Images | None = None) -> Drivers:
    """Twins that keep everything in this process; for tests and benches."""
    return Drivers(MemoryCompute(), MemoryNetwork(), MemoryDisks(), images or MemoryImages())
