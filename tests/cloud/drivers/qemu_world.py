"""A host with real QEMU for one test: its own state directory, and nothing left when it ends."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import DiskSpec, GuestSpec, NicSpec
from skerry.drivers.compute.qemu.driver import Confinement, QemuCompute
from tests.cloud.drivers.boot_sector import write_obedient_disk

needs_qemu = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("qemu-system-x86_64"),
    reason="needs root and qemu-system-x86_64",
)
NOBODY = Confinement(uid=64055, gid=64055)


class QemuWorld:
    """Small firmware-booted guests; they are up in a third of a second."""

    def __init__(self, folder: Path, netns: str | None = None) -> None:
        self.folder = folder
        self.netns = netns

    def connect(self) -> QemuCompute:
        return QemuCompute(
            self.folder / "compute", Accel(AccelKind.TCG, "a test"), NOBODY, self.netns
        )

    def spec(self, instance_id: str, nics: tuple[NicSpec, ...] = ()) -> GuestSpec:
        path = self.folder / f"{instance_id}.raw"
        if not path.exists():
            write_obedient_disk(path)
        disk = DiskSpec("vol-0123456789abcdef0", path, "raw", "/dev/xvda")
        return GuestSpec(instance_id, "t2.micro", 1, 32, (disk,), nics, None)

    def nic(self, number: int) -> NicSpec:
        """A card over a tap of the world's own namespace, made when first asked for."""
        tap = f"tap-{number}"
        if not (Path("/run/netns") / str(self.netns)).exists():
            raise ValueError("this world has no network namespace")
        ip = ["ip", "-n", str(self.netns)]
        if subprocess.run([*ip, "link", "show", tap], capture_output=True, check=False).returncode:
            subprocess.run([*ip, "tuntap", "add", "dev", tap, "mode", "tap"], check=True)
            subprocess.run([*ip, "link", "set", tap, "up"], check=True)
        return NicSpec(f"eni-{number:017x}", tap, f"02:00:00:00:00:{number:02x}", 9001)

    def until_ready(self, compute: QemuCompute, instance_id: str) -> None:
        deadline = time.monotonic() + 30
        while b"READY" not in compute.console(instance_id):
            assert time.monotonic() < deadline, compute.power(instance_id)
            time.sleep(0.01)

    def kill_process(self, compute: QemuCompute, instance_id: str) -> None:
        (pid,) = self.pids(instance_id)
        os.kill(pid, 9)

    def pids(self, instance_id: str) -> list[int]:
        """Every process of this world that runs, or is about to run, this guest."""
        folder = str(self.folder)
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                argv = (entry / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if folder in argv and instance_id in argv and ("qemu" in argv or "cage" in argv):
                found.append(int(entry.name))
        return found
