"""A guest's process is never mistaken, its files are bounded, its host is not overfilled."""

import os
from pathlib import Path

import pytest

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import NoCapacityError
from skerry.drivers.compute.qemu import admission, cage, process
from skerry.drivers.compute.qemu.admission import BootSlots, Memory, available_mib
from skerry.drivers.compute.qemu.files import (
    GuestFiles,
    append_bounded,
    connect,
    is_locked,
    listen,
    take_lock,
)

TCG = Accel(AccelKind.TCG, "")


@pytest.fixture
def files(tmp_path):
    files = GuestFiles(tmp_path / "i-1")
    files.make()
    return files


@pytest.fixture
def locked(files):
    lock = take_lock(files.lock)
    assert lock is not None
    yield files
    os.close(lock)


def my_start_time() -> int:
    return int(cage.start_time(Path("/proc/self/stat").read_text()))


def test_a_process_is_found_by_its_lock_and_its_identity(locked):
    locked.process.write_text(f"{os.getpid()} {my_start_time()}")
    found = process.find(locked)
    assert found is not None
    assert found.pid == os.getpid()
    assert not found.ended(timeout_s=0)
    assert found.resident_mib() > 0
    assert 0 <= found.age_s() < 3600
    found.close()


def test_a_reused_pid_is_not_the_guest(locked, monkeypatch):
    monkeypatch.setattr(process, "_IDENTITY_WAIT_S", 0.02)
    locked.process.write_text(f"{os.getpid()} {my_start_time() - 1}")
    with pytest.raises(process.GuestProcessError, match="unknown process"):
        process.find(locked)


def test_the_log_of_a_process_that_is_gone_is_none(locked):
    locked.process.write_text(f"{os.getpid()} {my_start_time()}")
    found = process.find(locked)
    assert found is not None
    gone = process.GuestProcess(2**22 + 1, found.pidfd)
    assert gone.open_log() is None
    assert gone.resident_mib() == 0
    found.close()


def test_an_identity_without_a_lock_is_a_dead_guest(files):
    files.process.write_text(f"{os.getpid()} {my_start_time()}")
    assert process.find(files) is None


def test_a_lock_is_held_once_and_gone_with_its_descriptor(files):
    lock = take_lock(files.lock)
    assert lock is not None
    assert take_lock(files.lock) is None
    assert is_locked(files.lock)
    os.close(lock)
    assert not is_locked(files.lock)


def test_a_lock_that_was_never_made_is_free(files):
    assert not is_locked(files.lock)


def test_a_start_time_is_read_past_any_process_name():
    stat = "12 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
    assert cage.start_time(stat) == "4711"


def test_a_socket_may_lie_deeper_than_a_socket_path_is_long(tmp_path):
    folder = tmp_path / ("deep" * 20) / ("er" * 40)
    folder.mkdir(parents=True)
    server = listen(folder / "qmp")
    client = connect(folder / "qmp")
    accepted, _ = server.accept()
    for end in (accepted, client, server):
        end.close()


def test_a_file_keeps_its_last_bytes(tmp_path):
    path = tmp_path / "console.log"
    append_bounded(path, b"", 10)
    assert not path.exists()
    append_bounded(path, b"12345678", 10)
    append_bounded(path, b"90ab", 10)
    assert path.read_bytes() == b"34567890ab"
    append_bounded(path, b"x" * 50, 10)
    assert path.read_bytes() == b"x" * 10
    assert [entry.name for entry in tmp_path.iterdir()] == ["console.log"]


def test_boots_are_admitted_by_the_core(monkeypatch):
    monkeypatch.setattr(admission, "cores", lambda: 2)
    slots = BootSlots(TCG)
    slots.begin("a")
    assert slots.free()
    slots.begin("b")
    assert not slots.free()
    slots.end("a")
    assert slots.free()


def test_a_boot_slot_is_given_back_after_its_time(monkeypatch):
    monkeypatch.setattr(admission, "cores", lambda: 1)
    slots = BootSlots(TCG)
    slots.begin("a", age_s=24)
    assert not slots.free()
    slots.begin("a", age_s=26)
    assert slots.free()


def test_memory_that_a_guest_has_not_touched_yet_is_still_promised(monkeypatch):
    monkeypatch.setattr(admission, "available_mib", lambda _: 10_000)
    memory = Memory()
    empty_mib = memory.capacity({}).memory_mib
    memory.admit("a", 4096, {})
    assert memory.capacity({}).memory_mib == empty_mib - 4096 - admission.OVERHEAD_MIB
    assert memory.capacity({"a": 1000}).memory_mib == empty_mib - 3096 - admission.OVERHEAD_MIB
    with pytest.raises(NoCapacityError):
        memory.admit("b", 8192, {})
    memory.take_back("a")
    memory.take_back("a")
    assert memory.capacity({}).memory_mib == empty_mib


def test_available_memory_is_read_from_meminfo():
    assert available_mib("MemTotal: 9 kB\nMemAvailable:    2048000 kB\n") == 2000
    with pytest.raises(ValueError, match="MemAvailable"):
        available_mib("MemTotal: 9 kB\n")
