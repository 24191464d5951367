"""What runs a guest's instructions: the processor (KVM), or a translator (TCG) where KVM fails us.

Whether KVM is usable is tried, not believed, and remembered until the host's next boot.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from skerry.drivers.compute import kvm_trial

_DEVICE = Path("/dev/kvm")
_TRIAL_S = 2.0
_FAST_ENOUGH_MS = 250  # good hardware needs a few; a million slow instructions need a second
_BOOT_S = 10.0


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


def probe(state_dir: Path, kernel: Path | None = None) -> Accel:
    """The accelerator to use here, with the reason in plain words. Takes up to 13 s once per boot.

    With ``kernel`` (a bzImage or PVH vmlinux) the last trial boots it; without, it boots firmware.
    """
    memory = state_dir / "accel.json"
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = _remembered(memory, boot_id)
    if known is not None:
        return known
    trouble = _trouble(kernel)
    if trouble is None:
        accel = Accel(AccelKind.KVM, "KVM works: a trial machine and a real boot passed")
    else:
        accel = Accel(AccelKind.TCG, f"guests are emulated (slow): {trouble}")
    record = {"boot_id": boot_id, "kind": accel.kind.value, "reason": accel.reason}
    state_dir.mkdir(parents=True, exist_ok=True)
    new = memory.with_suffix(".new")
    new.write_text(json.dumps(record))
    new.replace(memory)
    return accel


def accelerator(wanted: str, state_dir: Path) -> Accel:
    """``auto`` probes; ``kvm`` and ``tcg`` are the operator's word."""
    if wanted == "auto":
        return probe(state_dir)
    return Accel(AccelKind(wanted), "set by the operator")


def _remembered(memory: Path, boot_id: str) -> Accel | None:
    try:
        record = cast("dict[str, str]", json.loads(memory.read_text()))
        if record["boot_id"] != boot_id:
            return None
        return Accel(AccelKind(record["kind"]), record["reason"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _trouble(kernel: Path | None) -> str | None:
    """Why KVM cannot be used, or None when it can."""
    if not _DEVICE.exists():
        return "this machine has no /dev/kvm; enable virtualization in the firmware or load kvm"
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return "/dev/kvm is there, but we may not open it"
    return _trial_trouble() or _boot_trouble(kernel)


def _trial_trouble() -> str | None:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", kvm_trial.__file__],
            capture_output=True,
            text=True,
            timeout=_TRIAL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "/dev/kvm is there, but a trial machine hangs in it (nested virtualization?)"
    if done.returncode != 0:
        return f"/dev/kvm is there, but does not work: {done.stderr.strip()[-200:]}"
    if int(done.stdout) > _FAST_ENOUGH_MS:
        return f"/dev/kvm is there, but slower than emulation: {done.stdout} ms for a trial of 5 ms"
    return None


def _boot_trouble(kernel: Path | None) -> str | None:
    """Boot firmware, or a kernel up to where it misses its root disk, and watch what it prints."""
    machine = ["qemu-system-x86_64", "-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256"]
    silent = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    if kernel is None:
        debug = ["-chardev", "stdio,id=d", "-device", "isa-debugcon,iobase=0x402,chardev=d"]
        command, sign = [*machine, *silent, *debug], b"No bootable device"
    else:
        boot = ["-kernel", str(kernel), "-append", "console=ttyS0 panic=-1", "-serial", "stdio"]
        command, sign = [*machine, *silent, *boot], b"Unable to mount root"
    if _prints(command, sign):
        return None
    return f"/dev/kvm is there, but a real boot did not finish in {_BOOT_S:.0f} s"


def _prints(command: list[str], sign: bytes) -> bool:
    """Whether the command prints ``sign`` in time; it is killed either way."""
    deadline = time.monotonic() + _BOOT_S
    heard = b""
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        ) as process,
        selectors.DefaultSelector() as selector,
    ):
        output = process.stdout
        if output is None:
            return False
        selector.register(output, selectors.EVENT_READ)
        while sign not in heard and selector.select(max(0.0, deadline - time.monotonic())):
            data = output.read(65536)
            if not data:
                break
            heard += data
        process.kill()
    return sign in heard
