"""The real hypervisor driver, over real QEMU processes."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from skerry.drivers.compute.port import DiskSpec, GuestSpec, NicSpec, Power
from skerry.drivers.compute.qemu import GuestProcessError
from tests.cloud.drivers.boot_sector import write_spamming_disk
from tests.cloud.drivers.qemu_world import NOBODY, QemuWorld, needs_qemu
from tests.conformance.compute import ComputeConformance, Heard

pytestmark = needs_qemu
ID = "i-0123456789abcdef0"


@pytest.fixture
def world(tmp_path):
    return QemuWorld(tmp_path)


@pytest.fixture
def compute(world):
    compute = world.connect()
    yield compute
    for instance_id in compute.instances():
        compute.forget(instance_id)
        assert world.pids(instance_id) == []
    compute.close()


class TestQemuCompute(ComputeConformance):
    @pytest.fixture
    def world(self, tmp_path, namespace):
        return QemuWorld(tmp_path, namespace)


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: " ".join(value.split()) for name, value in (line.split(":", 1) for line in lines)}


def test_a_guest_has_no_privilege_on_its_host(world, compute):
    compute.ensure_running(world.spec(ID))
    (pid,) = world.pids(ID)
    shown = status(pid)
    assert set(shown["Uid"].split()) == {str(NOBODY.uid)}
    assert set(shown["Gid"].split()) == {str(NOBODY.gid)}
    assert shown["Groups"] == ""
    assert int(shown["CapEff"], 16) == int(shown["CapPrm"], 16) == int(shown["CapBnd"], 16) == 0
    assert shown["Seccomp"] == "2"
    assert shown["NoNewPrivs"] == "1"


def test_a_guest_sees_only_its_own_files_and_no_network(world, compute):
    compute.ensure_running(world.spec(ID))
    (pid,) = world.pids(ID)
    points = {line.split()[1] for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()}
    disk = str(world.spec(ID).disks[0].path)
    system = {"/", "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom"}
    assert disk in points
    assert points - system == {disk}
    devices = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_a_guest_holds_none_of_our_descriptors_and_is_in_a_session_of_its_own(
    world, compute, tmp_path
):
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    compute.ensure_running(world.spec(ID))
    os.close(secret)
    (pid,) = world.pids(ID)
    held = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    assert not any("secret" in name for name in held)
    assert os.getsid(pid) == pid


def test_death_is_noticed_at_once_and_leaves_no_zombie(world, compute):
    compute.ensure_running(world.spec(ID))
    time.sleep(0.05)
    heard = Heard()
    compute.watch(heard)
    (pid,) = world.pids(ID)
    began = time.perf_counter()
    os.kill(pid, 9)
    assert heard.wait_for(ID, 5)
    assert time.perf_counter() - began < 0.1
    assert not Path(f"/proc/{pid}").exists()


def test_removal_leaves_only_the_logs(world, compute, tmp_path):
    compute.ensure_running(world.spec(ID))
    world.until_ready(compute, ID)
    compute.remove(ID)
    left = {path.name for path in (tmp_path / "compute" / "guests" / ID).iterdir()}
    assert left <= {"console.log", "qemu.log"}
    assert world.pids(ID) == []


def test_a_guest_that_prints_for_ever_fills_no_disk(world, compute, tmp_path):
    path = write_spamming_disk(tmp_path / "spam.raw")
    disk = DiskSpec("vol-0", path, "raw", "/dev/xvda")
    compute.ensure_running(GuestSpec(ID, "t2.micro", 1, 32, (disk,), (), None))
    deadline = time.monotonic() + 20
    while len(compute.console(ID)) < 65536:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for _ in range(3):
        assert compute.console(ID).endswith(b"x" * 1000)
    folder = tmp_path / "compute" / "guests" / ID
    assert sum(path.stat().st_size for path in folder.iterdir()) < 256 << 10


def test_a_guest_that_cannot_start_says_why_and_leaves_no_process(world, compute):
    spec = world.spec(ID)
    spec.disks[0].path.write_bytes(b"")
    spec.disks[0].path.unlink()
    with pytest.raises((GuestProcessError, FileNotFoundError), match=r"raw"):
        compute.ensure_running(spec)
    assert compute.power(ID) is Power.ABSENT
    assert world.pids(ID) == []


def test_a_guest_without_its_tap_says_so(world, compute):
    nic = NicSpec("eni-0123456789abcdef0", "sktnone0", "02:00:00:00:00:01", 9001)
    with pytest.raises(GuestProcessError, match="no such tap"):
        compute.ensure_running(world.spec(ID, (nic,)))
    assert compute.power(ID) is Power.ABSENT


def test_a_second_controller_is_refused(world, compute, monkeypatch):
    monkeypatch.setattr("skerry.drivers.compute.qemu.driver._PREDECESSOR_S", 0.1)
    with pytest.raises(GuestProcessError, match="another control plane"):
        world.connect()


@pytest.fixture
def namespace():
    name = f"skt-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)


def test_a_guests_card_is_the_tap_in_the_clouds_namespace(tmp_path, namespace):
    def ip(*words: str) -> str:
        command = ["ip", "-n", namespace, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    ip("tuntap", "add", "dev", "tap-a", "mode", "tap")
    ip("link", "set", "tap-a", "up")
    world = QemuWorld(tmp_path, namespace)
    compute = world.connect()
    nic = NicSpec("eni-0123456789abcdef0", "tap-a", "02:00:00:00:00:01", 9001)
    compute.ensure_running(world.spec(ID, (nic,)))
    shown = ip("-d", "link", "show", "tap-a")
    assert "LOWER_UP" in shown
    assert "vnet_hdr off" in shown
    compute.forget(ID)
    compute.close()
    shown = ip("link", "show", "tap-a")
    assert "tap-a" in shown
    assert "LOWER_UP" not in shown
