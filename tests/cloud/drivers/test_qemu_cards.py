"""Network cards that come to a Linux guest and leave it while it runs, and answer in between."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import DiskSpec, GuestSpec, NicSpec
from skerry.drivers.compute.qemu.driver import QemuCompute
from skerry.drivers.images.store import ImageStore
from skerry.drivers.images.tiny import TINY
from tests.cloud.drivers.qemu_world import NOBODY, needs_qemu
from tests.cloud.image_cache import tiny_folder
from tests.cloud.images.guest_lan import Lan, mac, sh

pytestmark = needs_qemu
ID = "i-0123456789abcdef0"
SECOND = "10.77.0.99"


class Machine:
    """A tiny Linux on a LAN, run by the driver."""

    def __init__(self, lan: Lan, folder: Path) -> None:
        image = ImageStore(tiny_folder()).find(TINY.image_id)
        assert image is not None
        self.lan, self.folder = lan, folder
        self.ip = lan.start(number=1)
        disk = folder / "root.qcow2"
        overlay = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2")
        sh(*overlay, "-b", str(image.disk), str(disk), "3G")
        root = DiskSpec("vol-0123456789abcdef0", disk, "qcow2", "/dev/xvda")
        first = self.nic(1)
        self.spec = GuestSpec(ID, "t2.micro", 1, 128, (root,), (first,), image.boot)
        self.compute = self.connect()

    def connect(self) -> QemuCompute:
        accel = Accel(AccelKind.TCG, "a test")
        return QemuCompute(self.folder / "compute", accel, NOBODY, self.lan.name)

    def nic(self, number: int) -> NicSpec:
        tap = f"card{number}"
        self.lan.run("ip", "tuntap", "add", tap, "mode", "tap")
        self.lan.run("ip", "link", "set", tap, "master", "lan", "up")
        return NicSpec(f"eni-{number:017x}", tap, mac(number), 1400)

    def start(self) -> None:
        self.compute.ensure_running(self.spec)
        until(lambda: self.lan.ssh(self.ip, "true").returncode == 0, 90, "it lets us in")

    def ssh(self, command: str) -> str:
        done = self.lan.ssh(self.ip, command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def cards(self) -> dict[str, str]:
        """Name → MAC, as the guest sees them."""
        told = self.ssh("cd /sys/class/net; for i in eth*; do echo $i $(cat $i/address); done")
        return dict(line.split() for line in told.splitlines())

    def answers(self, address: str) -> bool:
        ping = ["ip", "netns", "exec", self.lan.name, "ping", "-c1", "-W1", "-q", address]
        return subprocess.run(ping, capture_output=True, check=False).returncode == 0

    def bring_up(self) -> None:
        self.ssh(
            "sudo sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth1/arp_ignore;"
            f" ip link set eth1 up; ip address add {SECOND}/24 dev eth1'"
        )


def until(true: Callable[[], bool], within_s: float, what: str) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with Lan(f"skcard{os.getpid()}", tmp_path) as lan:
        machine = Machine(lan, tmp_path)
        yield machine
        machine.compute.forget(ID)
        machine.compute.close()


def test_a_guest_answers_on_a_card_that_came_while_it_ran(machine: Machine):
    machine.start()
    assert machine.cards() == {"eth0": mac(1)}
    second = machine.nic(2)

    machine.compute.plug_card(ID, second)
    took_s = until(lambda: len(machine.cards()) == 2, 10, "the guest sees the card")
    assert took_s < 5
    assert machine.cards() == {"eth0": mac(1), "eth1": mac(2)}
    assert machine.ssh("cat /sys/class/net/eth1/mtu") == "1400"
    machine.bring_up()
    until(lambda: machine.answers(SECOND), 5, "it answers on the card")
    shown = machine.lan.run("ip", "neigh", "show", SECOND)
    assert mac(2) in shown, "it is the card that answers"

    machine.compute.close()  # a control plane that starts again finds the card in place
    machine.compute = machine.connect()
    assert machine.compute.cards(ID) == {machine.spec.nics[0].port_id, second.port_id}
    machine.compute.plug_card(ID, second)
    assert machine.answers(SECOND)

    until(lambda: machine.compute.unplug_card(ID, second.port_id), 10, "the guest lets it go")
    assert machine.cards() == {"eth0": mac(1)}
    machine.lan.run("ip", "link", "delete", "card2")
    machine.compute.plug_card(ID, machine.nic(2))  # the same card with a tap made anew
    until(lambda: len(machine.cards()) == 2, 10, "the guest sees the card again")
    machine.bring_up()
    until(lambda: machine.answers(SECOND), 5, "it answers again")


def test_a_card_that_was_cut_is_dead_at_once_and_comes_back_when_the_guest_has_let_it_go(
    machine: Machine,
):
    machine.start()
    second = machine.nic(2)
    machine.compute.plug_card(ID, second)
    until(lambda: len(machine.cards()) == 2, 10, "the guest sees the card")
    machine.bring_up()
    until(lambda: machine.answers(SECOND), 5, "it answers on the card")
    machine.compute.unplug_card(ID, second.port_id, force=True)
    assert not machine.answers(SECOND)
    until(lambda: machine.compute.unplug_card(ID, second.port_id), 10, "the guest lets it go")
    machine.compute.plug_card(ID, second)
    until(lambda: len(machine.cards()) == 2, 10, "the guest sees the card again")
