"""The control plane is killed at every point of a guest's start and removal; the next one copes."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from skerry.drivers.compute.port import Power
from skerry.drivers.compute.qemu.files import GuestFiles, take_lock
from tests.cloud.drivers.qemu_world import QemuWorld, needs_qemu

pytestmark = needs_qemu
ID = "i-0123456789abcdef0"
ROOT = Path(__file__).parents[3]

VICTIM = """
    import os, signal, sys
    from pathlib import Path
    from skerry.drivers.compute.qemu import driver, files, monitor
    from tests.cloud.drivers.qemu_world import QemuWorld

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def die_after(function):
        def wrapped(*args, **kwargs):
            function(*args, **kwargs)
            die()
        return wrapped

    world = QemuWorld(Path(sys.argv[1]))
    compute = world.connect()
    point, verb = sys.argv[2], "power"
    if point == "before the lock":
        driver.take_lock = die
    elif point == "after the lock":
        driver.take_lock = die_after(driver.take_lock)
    elif point == "before the process":
        driver.spawn = die
    elif point == "right after the process":
        driver.spawn = die_after(driver.spawn)
    elif point == "while it becomes QEMU":
        os.posix_spawn = die_after(os.posix_spawn)
    elif point == "before the greeting":
        monitor.Monitor.ready = die
    elif point == "before the kill":
        verb, driver.GuestProcess.kill = "remove", die
    elif point == "after the kill":
        verb, driver.GuestProcess.kill = "remove", die_after(driver.GuestProcess.kill)
    elif point == "before the files go":
        verb, files.GuestFiles.remove_runtime = "remove", die
    elif point == "in the middle of the files":
        verb, Path.unlink = "remove", die_after(Path.unlink)
    elif point == "before the folder goes":
        verb, files.GuestFiles.forget = "forget", die
    compute.ensure_running(world.spec(sys.argv[3]))
    if point == "once it runs":
        die()
    getattr(compute, verb)(sys.argv[3])
    sys.exit("the point was not reached")
"""

STARTS = (
    "before the lock",
    "after the lock",
    "before the process",
    "while it becomes QEMU",
    "right after the process",
    "before the greeting",
    "once it runs",
)
ENDS = (
    "before the kill",
    "after the kill",
    "before the files go",
    "in the middle of the files",
    "before the folder goes",
)


@pytest.fixture
def world(tmp_path):
    return QemuWorld(tmp_path)


def kill_a_control_plane(world: QemuWorld, point: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(VICTIM), str(world.folder), point, ID],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -9, done.stderr


def settle_and_check(world: QemuWorld) -> None:
    """Start once more over what was left, then remove: one process, then none, then no file."""
    compute = world.connect()
    compute.ensure_running(world.spec(ID))
    assert compute.power(ID) is Power.RUNNING
    assert len(world.pids(ID)) == 1
    world.until_ready(compute, ID)
    compute.forget(ID)
    assert world.pids(ID) == []
    assert compute.instances() == set()
    compute.close()


@pytest.mark.parametrize("point", STARTS + ENDS)
def test_the_next_control_plane_goes_on_after_a_kill(world, point):
    kill_a_control_plane(world, point)
    settle_and_check(world)


@pytest.mark.parametrize("point", STARTS + ENDS)
def test_the_next_control_plane_can_remove_what_a_killed_one_left(world, point):
    kill_a_control_plane(world, point)
    compute = world.connect()
    compute.forget(ID)
    assert world.pids(ID) == []
    assert compute.power(ID) is Power.ABSENT
    assert compute.instances() == set()
    compute.close()


def test_a_guest_keeps_its_process_over_a_kill_and_is_attached_at_once(world):
    kill_a_control_plane(world, "once it runs")
    before = world.pids(ID)
    began = time.perf_counter()
    compute = world.connect()
    assert compute.power(ID) is Power.RUNNING
    assert time.perf_counter() - began < 0.5
    assert world.pids(ID) == before
    assert not compute.boot_slot_free() or len(os.sched_getaffinity(0)) > 1
    compute.forget(ID)
    compute.close()


def test_a_guest_that_cannot_be_identified_is_broken_and_keeps_nobody_from_starting(
    world, monkeypatch
):
    monkeypatch.setattr("skerry.drivers.compute.qemu.process._IDENTITY_WAIT_S", 0.02)
    files = GuestFiles(world.folder / "compute" / "guests" / ID)
    files.make()
    lock = take_lock(files.lock)
    assert lock is not None
    compute = world.connect()
    assert compute.power(ID) is Power.BROKEN
    os.close(lock)
    assert compute.power(ID) is Power.ABSENT
    compute.forget(ID)
    compute.close()
