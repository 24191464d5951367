"""The real hypervisor driver: QEMU processes, confined, that outlive the control plane."""

from skerry.drivers.compute.qemu.driver import Confinement, QemuCompute
from skerry.drivers.compute.qemu.process import GuestProcessError

__all__ = ["Confinement", "GuestProcessError", "QemuCompute"]
