"""What runs a guest's instructions: the processor (KVM) or a translator (TCG)."""

from dataclasses import dataclass
from enum import StrEnum


class AccelKind(StrEnum):
    """The two accelerators of QEMU that we use."""

    KVM = "kvm"
    TCG = "tcg"


@dataclass(frozen=True, slots=True)
class Accel:
    """The accelerator of this host and, in plain words, why it is that one."""

    kind: AccelKind
    reason: str

    @property
    def option(self) -> str:
        """The value of QEMU's ``-accel``.

        The translation cache is bounded: by default every TCG guest may grow one of 1 GiB beside its
        memory, which no capacity sum would survive.
        """
        return "kvm" if self.kind is AccelKind.KVM else "tcg,thread=multi,tb-size=128"

    @property
    def cpu(self) -> str:
        """The value of QEMU's ``-cpu``: all that this accelerator can offer."""
        return "host" if self.kind is AccelKind.KVM else "max"
