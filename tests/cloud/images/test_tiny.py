"""The image ``tiny`` in a real machine: what a guest does between power-on and power-off."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skerry.drivers.images.store import ImageStore
from skerry.drivers.images.tiny import TINY, build_tiny
from tests.cloud.images.guest_lan import Guest, Lan

CACHE = Path("/var/cache/skerry-tests")
TOOLS = ("apt-get", "qemu-system-x86_64", "qemu-img", "mke2fs", "lz4", "ip", "ssh", "ssh-keygen")
MISSING = [tool for tool in TOOLS if not shutil.which(tool)]
USER_DATA = b"#!/bin/bash\necho ran as $(id -un) >>/var/log/runs\necho hello from user data\n"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(bool(MISSING), reason=f"missing on this host: {MISSING}"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return ImageStore(tmp_path_factory.mktemp("images"))


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with Lan(f"skimg{os.getpid()}", tmp_path) as lan:
        yield lan


@pytest.fixture
def guest(store: ImageStore, lan: Lan) -> Iterator[Guest]:
    guest = Guest(lan, build_tiny(store, CACHE, lambda *_: None), memory_mib=128)
    yield guest
    guest.stop()


def test_tiny_is_small_and_built_once(store: ImageStore):
    steps: list[float] = []
    first = build_tiny(store, CACHE, lambda _, done: steps.append(done))
    assert first.image_id == TINY.image_id
    assert first.disk.stat().st_size < 40 << 20
    assert steps[-1] == 1.0
    assert build_tiny(store, CACHE, lambda *_: pytest.fail("it was built again")) == first


def test_a_guest_lives_as_on_ec2(guest: Guest, lan: Lan):
    ip = lan.start(number=1, user_data=USER_DATA)
    guest.start()
    guest.wait_for_banner()

    who = lan.ssh(ip, "id -un; hostname; sudo id -un; sudo -n sh -c 'echo kept >/root/file'")
    assert who.stdout.split() == ["ec2-user", "ip-10-77-0-11", "root"], who.stderr
    assert lan.ssh(ip, "true", user="root").returncode != 0
    guest.wait_for_console("skerry-tiny ready")
    told = guest.console()
    assert "hello from user data" in told
    assert "-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:" in told.replace("\r", "")
    facts = lan.ssh(ip, "cat /var/log/runs; cat /sys/class/net/eth0/mtu; cat /etc/resolv.conf")
    assert facts.stdout.splitlines() == [
        "ran as root",
        "1400",
        "search ec2.internal",
        "nameserver 10.77.0.1",
    ]
    devices = "null zero full random urandom tty ptmx"
    modes = lan.ssh(ip, f"cd /dev && stat -c %a {devices}; ls /dev/disk/by-id")
    assert modes.stdout.split() == ["666"] * 7 + ["virtio-vol-root"]
    copied = lan.copy(Path(__file__), ip, "/tmp/copied")
    assert copied.returncode == 0, copied.stderr
    root_kib = int(lan.ssh(ip, "df -k / | awk 'END {print $2}'").stdout)
    assert root_kib > 2.8 * (1 << 20), "the file system has not grown to the volume's 3 GiB"
    host_key = lan.ssh(
        ip, "sudo cat /etc/dropbear/machine; sudo md5sum /etc/dropbear/ed25519"
    ).stdout

    guest.qmp("system_powerdown")
    assert guest.wait_for_end(within_s=10) < 2

    guest.start()
    guest.wait_for_banner()
    guest.wait_for_console("skerry-tiny ready")
    again = lan.ssh(ip, "cat /var/log/runs; sudo cat /root/file")
    assert again.stdout.split("\n")[:2] == ["ran as root", "kept"], "user data runs once"
    after = lan.ssh(ip, "sudo cat /etc/dropbear/machine; sudo md5sum /etc/dropbear/ed25519").stdout
    assert after == host_key

    lan.ssh(ip, "sudo shutdown -h now")
    guest.wait_for_end(within_s=10)


def test_a_late_metadata_service_delays_only_what_needs_it(guest: Guest, lan: Lan):
    ip = lan.start(number=1, user_data=USER_DATA, slow_s=12)
    guest.start()
    guest.wait_for_banner()
    assert "user data" not in guest.console()
    guest.wait_for_console("skerry-tiny ready")
    late = lan.ssh(ip, "hostname; cat /var/log/runs")
    assert late.stdout.splitlines() == ["ip-10-77-0-11", "ran as root"], (
        late.stderr + guest.console()
    )


def test_a_guest_reboots_itself(guest: Guest, lan: Lan):
    ip = lan.start(number=1)
    guest.start()
    guest.wait_for_banner()
    guest.wait_for_console("skerry-tiny ready")
    first_boot = lan.ssh(ip, "cat /proc/sys/kernel/random/boot_id; sudo reboot").stdout.strip()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        boot = lan.ssh(ip, "cat /proc/sys/kernel/random/boot_id").stdout.strip()
        if boot not in ("", first_boot):
            break
        time.sleep(0.3)
    assert boot not in ("", first_boot)
