"""QEMU's command line, word by word where a word matters."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from skerry.drivers.compute.accel import Accel, AccelKind
from skerry.drivers.compute.port import DirectBoot, DiskSpec, GuestSpec, NicSpec
from skerry.drivers.compute.qemu.argv import (
    BackedDisk,
    Host,
    command_line,
    serial_of,
    system_uuid,
)
from skerry.drivers.compute.qemu.driver import pick_machine
from skerry.drivers.compute.qemu.process import GuestProcessError

ID = "i-0123456789abcdef0"
HOST = Host(Path("/usr/bin/qemu"), "pc-q35-7.2", Accel(AccelKind.TCG, ""), "threads")
ROOT = DiskSpec("vol-0123456789abcdef0", Path("/v/root.qcow2"), "qcow2", "/dev/xvda")
NIC = NicSpec("eni-0123456789abcdef0", "tap0", "02:00:00:00:00:01", 9001)
BOOT = DirectBoot(Path("/k/vmlinux"), Path("/k/initrd"), "console=ttyS0 root=/dev/vda, quiet")


def guest(disks=(ROOT,), nics=(NIC,), boot=None) -> GuestSpec:
    return GuestSpec(ID, "t2.micro", 1, 1024, tuple(disks), tuple(nics), boot)


def argv(spec: GuestSpec, host: Host = HOST, *, direct: bool = True) -> list[str]:
    beneath = (Path("/i/a"), Path("/i/b"))
    disks = tuple(BackedDisk(disk, beneath, direct) for disk in spec.disks)
    return command_line(host, spec, disks)


def values(line: list[str], option: str) -> list[str]:
    return [line[i + 1] for i, word in enumerate(line) if word == option]


def devices(line: list[str]) -> dict[str, dict[str, object]]:
    found = [json.loads(value) for value in values(line, "-device") if value.startswith("{")]
    return {device["id"]: device for device in found}


def test_the_same_guest_always_has_the_same_command_line():
    assert argv(guest()) == argv(guest())


def test_a_disk_shows_its_volume_id_as_ec2_does():
    assert serial_of("vol-0123456789abcdef0") == "vol0123456789abcdef0"
    assert len(serial_of("vol-0123456789abcdef0")) == 20
    disk = devices(argv(guest()))["disk-vol-0123456789abcdef0"]
    assert disk["serial"] == "vol0123456789abcdef0"


def test_every_device_has_a_pcie_slot_of_its_own_and_hot_plug_has_the_rest():
    line = argv(guest(nics=(NIC, NicSpec("eni-1", "tap1", "02:00:00:00:00:02", 1500))))
    buses = re.findall(r"\bbus\W+(rp\d)", " ".join(line))
    assert buses == ["rp0", "rp1", "rp2", "rp3"]
    assert sum("pcie-root-port" in value for value in values(line, "-device")) == 16


def test_a_guest_that_may_have_many_cards_has_slots_for_them():
    places = re.findall(r"addr=(0x1\d\.\d)", " ".join(argv(replace(guest(), most_cards=15))))
    assert len(places) == len(set(places)) == 24


def test_more_devices_than_slots_are_refused():
    disks = [DiskSpec(f"vol-{n}", Path(f"/v/{n}"), "raw", f"/dev/xvd{n}") for n in range(16)]
    with pytest.raises(ValueError, match="slots"):
        argv(guest(disks=disks))


def test_a_guest_knows_that_it_is_on_ec2():
    uuid = system_uuid(ID)
    assert re.fullmatch(r"ec2[0-9a-f]{5}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", uuid)
    assert uuid != system_uuid("i-0123456789abcdef1")
    smbios = values(argv(guest()), "-smbios")
    assert f"type=1,manufacturer=Amazon EC2,product=t2.micro,uuid={uuid},serial={uuid}" in smbios
    assert values(argv(guest()), "-uuid") == [uuid]


def test_a_card_has_its_address_its_mtu_and_the_inherited_tap():
    line = argv(guest())
    assert values(line, "-netdev") == ["tap,id=eni-0123456789abcdef0,fd=6"]
    card = devices(line)["nic-eni-0123456789abcdef0"]
    assert (card["mac"], card["host_mtu"], card["romfile"]) == ("02:00:00:00:00:01", 9001, "")


def test_the_guests_disk_bypasses_the_hosts_cache_and_its_image_does_not():
    (node,) = (json.loads(value) for value in values(argv(guest()), "-blockdev"))
    assert node["file"]["cache"] == {"direct": True}
    assert node["backing"]["file"]["filename"] == "/i/a"
    assert node["backing"]["file"]["cache"] == {"direct": False}
    assert node["backing"]["read-only"] is True
    assert node["backing"]["backing"]["file"]["filename"] == "/i/b"
    assert node["backing"]["backing"]["backing"] is None


def test_a_file_system_without_direct_io_is_used_through_its_cache():
    (node,) = (json.loads(value) for value in values(argv(guest(), direct=False), "-blockdev"))
    assert node["file"]["cache"] == {"direct": False}


def test_a_raw_disk_has_no_backing_node():
    raw = DiskSpec("vol-1", Path("/v/1"), "raw", "/dev/xvda")
    (node,) = (json.loads(value) for value in values(argv(guest(disks=[raw])), "-blockdev"))
    assert "backing" not in node


def test_a_kernel_is_given_directly_and_its_words_stay_one_argument():
    line = argv(guest(boot=BOOT))
    assert values(line, "-kernel") == ["/k/vmlinux"]
    assert values(line, "-initrd") == ["/k/initrd"]
    assert values(line, "-append") == ["console=ttyS0 root=/dev/vda, quiet"]
    assert "-kernel" not in argv(guest())


def test_the_accelerator_decides_the_processor():
    kvm = Host(HOST.binary, HOST.machine_type, Accel(AccelKind.KVM, ""), "threads")
    assert values(argv(guest(), kvm), "-accel") == ["kvm"]
    assert values(argv(guest(), kvm), "-cpu") == ["host"]
    (tcg,) = values(argv(guest()), "-accel")
    assert "thread=multi" in tcg
    assert "tb-size" in tcg


def test_the_pinned_machine_is_taken_else_the_newest():
    old = "q35  Standard PC (alias)\npc-q35-6.2  x\npc-q35-7.2  x\npc-q35-10.0  x\n"
    assert pick_machine(old) == "pc-q35-7.2"
    assert pick_machine(old.replace("7.2", "9.1")) == "pc-q35-10.0"
    with pytest.raises(GuestProcessError):
        pick_machine("microvm  x\n")
