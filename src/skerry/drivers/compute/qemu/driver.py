"""Compute on this host: one QEMU process per guest, driven over QMP."""

import os
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from qemu.qmp import QMPError

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import GuestSpec, HostCapacity, NicSpec, NoCapacityError, Power
from skerry.drivers.compute.qemu import cards
from skerry.drivers.compute.qemu.admission import BootSlots, Memory, cores
from skerry.drivers.compute.qemu.argv import FIRST_TAP_FD, Host, command_line
from skerry.drivers.compute.qemu.cage import Cage
from skerry.drivers.compute.qemu.files import CONSOLE_LIMIT_BYTES, GuestFiles, take_lock
from skerry.drivers.compute.qemu.loop import EventLoop, Notifier
from skerry.drivers.compute.qemu.monitor import GuestGoneError, Monitor
from skerry.drivers.compute.qemu.process import (
    GuestProcess,
    GuestProcessError,
    find,
    spawn,
)
from skerry.drivers.compute.qemu.storage import asynchronous_io, backed

_START_S = 60.0
_ANSWER_S = 15.0  # a host under load may keep a healthy QEMU waiting for seconds
_LAST_WORDS_S = 1.0
_PREDECESSOR_S = 10.0  # how long a predecessor may take to end
_PINNED_MACHINE = "pc-q35-7.2"
_GONE = (GuestGoneError, QMPError, OSError, EOFError)
_Answer = TypeVar("_Answer")
_POWER = {
    "shutdown": Power.POWERED_OFF,
    "io-error": Power.BROKEN,
    "internal-error": Power.BROKEN,
    "guest-panicked": Power.BROKEN,
    "watchdog": Power.BROKEN,
}


@dataclass(frozen=True, slots=True)
class Confinement:
    """Who a guest's process is on the host, and where."""

    uid: int
    gid: int
    cgroup: Path | None = None  # a writable cgroup v2 folder; each guest gets one below it


class QemuCompute:
    """Compute on one host. Guests live on when this object or its process ends."""

    def __init__(
        self, state_dir: Path, accel: Accel, confinement: Confinement, netns: str | None
    ) -> None:
        """Attach to the guests that run already; raises GuestProcessError when another one has them.

        ``netns`` is where the taps are: a name under /run/netns or a path; None: our own.
        """
        self._guests = state_dir.absolute() / "guests"
        self._guests.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner_lock = _only_one(state_dir / "compute.lock")
        self._accel = accel
        self._confinement = confinement
        self._netns = None if netns is None else str(Path("/run/netns") / netns)
        self._slots = BootSlots(accel)
        self._memory = Memory()
        self._loop = EventLoop("qemu-monitors")
        self._notifier = Notifier("qemu-watchers")
        self._monitors: dict[str, Monitor] = {}
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        for instance_id in self.instances():
            # A guest that cannot be identified must not keep us from starting: power() tells of it.
            with self._locks[instance_id], suppress(GuestProcessError):
                self._held(instance_id)

    def ensure_running(self, spec: GuestSpec) -> None:
        """Start the guest unless it runs; raises NoCapacityError, GuestProcessError."""
        with self._locks[spec.instance_id]:
            if self.power(spec.instance_id) is Power.RUNNING:
                return
            self.remove(spec.instance_id)
            if spec.vcpus > cores():
                raise NoCapacityError(f"{spec.vcpus} vCPUs wanted, the host has {cores()}")
            self._memory.admit(spec.instance_id, spec.memory_mib, self._resident_mib())
            try:
                self._start(spec)
            except BaseException:
                self.remove(spec.instance_id)
                raise

    def boot_slot_free(self) -> bool:
        """Whether one more boot may begin now."""
        return self._slots.free()

    def booted(self, instance_id: str) -> None:
        """The guest reached user space: its slot is free, its boot messages are safe on disk."""
        self._slots.end(instance_id)
        with self._locks[instance_id]:
            self._drain_console(instance_id, _LAST_WORDS_S)

    def power(self, instance_id: str) -> Power:
        """What the guest is doing now."""
        with self._locks[instance_id]:
            try:
                answer = self._execute(instance_id, "query-status")
            except GuestGoneError:
                return Power.ABSENT
            except GuestProcessError:  # somebody holds the guest's lock and does not say who
                return Power.BROKEN
            except (TimeoutError, QMPError):
                return Power.BROKEN if self._held(instance_id) else Power.ABSENT
            return _POWER.get(cast("dict[str, str]", answer)["status"], Power.RUNNING)

    def press_power_button(self, instance_id: str) -> None:
        """ACPI power button; the guest decides."""
        with self._locks[instance_id]:
            if self.power(instance_id) is Power.RUNNING:
                with suppress(*_GONE):
                    self._execute(instance_id, "system_powerdown")

    def reset(self, instance_id: str) -> None:
        """Hard reset in place."""
        with self._locks[instance_id]:
            if self.power(instance_id) is Power.RUNNING:
                with suppress(*_GONE):
                    self._execute(instance_id, "system_reset")

    def plug_card(self, instance_id: str, nic: NicSpec) -> None:
        """Hot-plug; raises NoSlotError, CardLeavingError, OSError when there is no such tap."""
        with self._locks[instance_id], suppress(GuestGoneError):
            if self.power(instance_id) is Power.RUNNING:
                self._run(instance_id, lambda monitor: cards.plug(monitor, nic, self._netns))

    def unplug_card(self, instance_id: str, port_id: str, *, force: bool = False) -> bool:
        """Hot-unplug; a guest that boots, or does not listen, keeps the card for a while."""
        with self._locks[instance_id], suppress(GuestGoneError):
            if self.power(instance_id) is not Power.RUNNING:
                return True
            if port_id in self.cards(instance_id):
                self._run(instance_id, lambda monitor: cards.ask_back(monitor, port_id))
            gone = port_id not in self.cards(instance_id)
            if gone or force:
                self._run(instance_id, lambda monitor: cards.cut(monitor, port_id))
            return gone
        return True

    def cards(self, instance_id: str) -> set[str]:
        """Asked of QEMU."""
        with self._locks[instance_id], suppress(GuestGoneError):
            if self.power(instance_id) is Power.RUNNING:
                return self._run(instance_id, cards.cards)
        return set()

    def remove(self, instance_id: str) -> None:
        """End the process at once; the console stays."""
        with self._locks[instance_id]:
            if self._held(instance_id) is not None:
                self._drain_console(instance_id, _LAST_WORDS_S)
            monitor = self._held(instance_id)
            if monitor is not None:
                monitor.process.kill()
                self._let_go(monitor)
            self._slots.end(instance_id)
            self._memory.take_back(instance_id)
            self._files(instance_id).remove_runtime()
            self._remove_cgroup(instance_id)

    def console(self, instance_id: str) -> bytes:
        """The last 64 KiB that the guest printed since its last start."""
        with self._locks[instance_id]:
            self._drain_console(instance_id, _ANSWER_S)
            try:
                return self._files(instance_id).console.read_bytes()[-CONSOLE_LIMIT_BYTES:]
            except FileNotFoundError:
                return b""

    def forget(self, instance_id: str) -> None:
        """Remove everything of the guest."""
        with self._locks[instance_id]:
            self.remove(instance_id)
            self._files(instance_id).forget()
            self._locks.pop(instance_id, None)

    def instances(self) -> set[str]:
        """Guests that have a folder, and thus perhaps a process."""
        return {path.name for path in self._guests.iterdir()}

    def watch(self, changed: Callable[[str], None]) -> None:
        """Tell ``changed`` of every power change from now on."""
        self._notifier.watch(changed)

    def capacity(self) -> HostCapacity:
        """What one more guest may have."""
        return self._memory.capacity(self._resident_mib())

    def close(self) -> None:
        """Let go of all guests."""
        for monitor in tuple(self._monitors.values()):
            self._let_go(monitor)
        self._loop.close()
        self._notifier.close()
        if self._owner_lock >= 0:
            os.close(self._owner_lock)
            self._owner_lock = -1

    @cached_property
    def _host(self) -> Host:
        binary = shutil.which("qemu-system-x86_64")
        if binary is None:
            raise GuestProcessError("qemu-system-x86_64 is not installed")
        listing = subprocess.run(
            [binary, "-machine", "help"], capture_output=True, text=True, check=True
        ).stdout
        return Host(Path(binary).resolve(), pick_machine(listing), self._accel, asynchronous_io())

    def _start(self, spec: GuestSpec) -> None:
        files = self._files(spec.instance_id)
        files.make()
        lock = take_lock(files.lock)
        if lock is None:
            raise GuestProcessError(f"{files.lock} is held by an unknown process")
        try:
            plan = self._plan(spec, files)
            files.write_spec(spec, plan.argv)
            files.console.unlink(missing_ok=True)
            files.log.unlink(missing_ok=True)
            self._slots.begin(spec.instance_id)
            process, log = spawn(files, plan, lock)
        finally:
            os.close(lock)
        monitor = self._follow(files, process, log)
        try:
            self._loop.run(monitor.ready(), _START_S)
        except GuestGoneError as error:
            raise _start_error(spec, str(error)) from error
        self._notifier.tell(spec.instance_id)

    def _plan(self, spec: GuestSpec, files: GuestFiles) -> Cage:
        disks = tuple(backed(disk) for disk in spec.disks)
        for disk in spec.disks:
            os.chown(disk.path, self._confinement.uid, self._confinement.gid)
        readable = [str(path) for disk in disks for path in disk.beneath]
        if spec.boot is not None:
            readable += [str(path) for path in (spec.boot.kernel, spec.boot.initrd) if path]
        return Cage(
            folder=str(files.folder),
            argv=command_line(self._host, spec, disks),
            uid=self._confinement.uid,
            gid=self._confinement.gid,
            netns=self._netns,
            taps=[nic.tap for nic in spec.nics],
            first_tap_fd=FIRST_TAP_FD,
            writable=[str(disk.path) for disk in spec.disks],
            readable=list(dict.fromkeys(readable)),
            devices=["/dev/kvm"] if self._accel.kind is AccelKind.KVM else [],
            cgroup=self._make_cgroup(spec.instance_id),
        )

    def _make_cgroup(self, instance_id: str) -> str | None:
        if self._confinement.cgroup is None:
            return None
        group = self._confinement.cgroup / instance_id
        group.mkdir(exist_ok=True)
        return str(group)

    def _remove_cgroup(self, instance_id: str) -> None:
        if self._confinement.cgroup is not None:
            with suppress(FileNotFoundError):
                (self._confinement.cgroup / instance_id).rmdir()

    def _files(self, instance_id: str) -> GuestFiles:
        return GuestFiles(self._guests / instance_id)

    def _follow(self, files: GuestFiles, process: GuestProcess, log: int) -> Monitor:
        monitor = Monitor(files, process, log, self._notifier.tell)
        self._monitors[files.instance_id] = monitor
        self._loop.call(monitor.start)
        return monitor

    def _let_go(self, monitor: Monitor) -> None:
        del self._monitors[monitor.files.instance_id]
        self._loop.run(monitor.stop(), _ANSWER_S)
        monitor.process.close()

    def _held(self, instance_id: str) -> Monitor | None:
        """The guest's monitor if its process lives; call with the guest's lock held."""
        monitor = self._monitors.get(instance_id)
        if monitor is not None:
            if not monitor.process.ended(timeout_s=0):
                return monitor
            self._let_go(monitor)
            self._slots.end(instance_id)
            self._memory.take_back(instance_id)
        files = self._files(instance_id)
        process = find(files)
        if process is None:
            return None
        log = process.open_log()
        if log is None:
            process.close()
            return None
        self._slots.begin(instance_id, process.age_s())
        self._memory.promise(instance_id, files.memory_mib())
        return self._follow(files, process, log)

    def _execute(self, instance_id: str, command: str) -> object:
        return self._run(instance_id, lambda monitor: monitor.execute(command))

    def _run(
        self, instance_id: str, work: Callable[[Monitor], Coroutine[Any, Any, _Answer]]
    ) -> _Answer:
        monitor = self._held(instance_id)
        if monitor is None:
            raise GuestGoneError(instance_id)
        return self._loop.run(work(monitor), _ANSWER_S)

    def _drain_console(self, instance_id: str, timeout_s: float) -> None:
        monitor = self._held(instance_id)
        if monitor is not None:
            with suppress(TimeoutError, *_GONE):
                self._loop.run(monitor.drain_console(), timeout_s)

    def _resident_mib(self) -> dict[str, int]:
        held = tuple(self._monitors.items())
        return {instance_id: monitor.process.resident_mib() for instance_id, monitor in held}


def _only_one(path: Path) -> int:
    """A lock against a second controller: a monitor has one client, the other would see it wedged."""
    deadline = time.monotonic() + _PREDECESSOR_S
    while (lock := take_lock(path)) is None:
        if time.monotonic() > deadline:
            raise GuestProcessError(f"another control plane holds {path}")
        time.sleep(0.01)
    return lock


def pick_machine(listing: str) -> str:
    """The machine type for new guests out of ``-machine help``: the pinned one, else the newest q35."""
    offered = [line.split()[0] for line in listing.splitlines() if line.startswith("pc-q35-")]
    if _PINNED_MACHINE in offered:
        return _PINNED_MACHINE
    if not offered:
        raise GuestProcessError("this QEMU offers no q35 machine")
    return max(offered, key=lambda name: [int(part) for part in name[7:].split(".")])


def _start_error(spec: GuestSpec, words: str) -> Exception:
    if "Cannot allocate memory" in words:
        return NoCapacityError(words)
    return GuestProcessError(f"{spec.instance_id} did not start: {words}")
