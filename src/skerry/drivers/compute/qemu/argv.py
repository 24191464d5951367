"""QEMU's command line for one guest: a pure function of the guest's specification and its host."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from skerry.drivers.compute.accel import Accel
from skerry.drivers.compute.port import DirectBoot, DiskSpec, GuestSpec, NicSpec

_DISK_SLOTS = 8
_PORTS_IN_ROW = 8  # functions of one device of the root bus

CONSOLE_RING_BYTES = 65536
"""The serial console's ring inside QEMU: no guest can fill the disk, and no guest ever waits for us."""

MONITOR_FDS = (4, 5)
"""Descriptors of the two listening monitor sockets inside QEMU: one for us, one for an operator."""

FIRST_TAP_FD = 6
"""Descriptor of the first tap inside QEMU; the others follow."""

CARD = "nic-"
"""A network card's device id begins so; the port id follows."""

_Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Host:
    """What all guests of a host share."""

    binary: Path
    machine_type: str  # a versioned one, so that hot-plug and migration find the same machine again
    accel: Accel
    aio: str  # "io_uring" | "threads"


@dataclass(frozen=True, slots=True)
class BackedDisk:
    """A disk and the read-only qcow2 files beneath it, nearest first."""

    disk: DiskSpec
    beneath: tuple[Path, ...]
    direct: bool  # its file system takes O_DIRECT


def command_line(host: Host, spec: GuestSpec, disks: tuple[BackedDisk, ...]) -> list[str]:
    """The whole command line; raises ValueError when the guest has more devices than slots."""
    ports = root_ports(spec)
    if len(disks) + len(spec.nics) + 1 > ports:
        raise ValueError(f"{spec.instance_id} has more devices than {ports} PCIe slots")
    slots = iter(range(ports))
    return [
        str(host.binary),
        *_machine(host, spec),
        *_smbios(spec),
        *_confinement(),
        *_monitors_and_console(),
        *_root_ports(ports),
        *_boot(spec.boot),
        *(arg for disk in disks for arg in _disk(host, disk, next(slots))),
        *(arg for i, nic in enumerate(spec.nics) for arg in _nic(nic, i, next(slots))),
        *_entropy(next(slots)),
    ]


def root_ports(spec: GuestSpec) -> int:
    """PCIe slots that a guest has from birth: what is cold-plugged takes the first, hot-plug the rest.

    In whole rows. Sixteen cost a boot nothing that could be measured, thirty-two a third of a second.
    """
    needed = spec.most_cards + _DISK_SLOTS + 1  # one is the entropy device's
    return -(-needed // _PORTS_IN_ROW) * _PORTS_IN_ROW


def serial_of(volume_id: str) -> str:
    """A disk's serial number as EC2 shows it: the volume id without its dash, at most 20 characters."""
    return volume_id.replace("-", "", 1)[:20]


def system_uuid(instance_id: str) -> str:
    """The SMBIOS UUID: starts with ``ec2``, by which guests know that they are on EC2."""
    digest = sha256(instance_id.encode()).hexdigest()
    return f"ec2{digest[:5]}-{digest[5:9]}-4{digest[9:12]}-8{digest[12:15]}-{digest[15:27]}"


def _machine(host: Host, spec: GuestSpec) -> Iterator[str]:
    yield from ("-name", f"guest={spec.instance_id},debug-threads=on")
    yield from ("-no-user-config", "-nodefaults", "-display", "none", "-vga", "none")
    yield "-machine"
    yield f"{host.machine_type},usb=off,vmport=off,smm=off,dump-guest-core=off,memory-backend=ram"
    yield from ("-object", f"memory-backend-ram,id=ram,size={spec.memory_mib}M")
    yield from ("-m", f"{spec.memory_mib}M")
    yield from ("-smp", f"{spec.vcpus},sockets=1,cores={spec.vcpus},threads=1")
    yield from ("-accel", host.accel.option, "-cpu", host.accel.cpu)
    yield from ("-rtc", "base=utc,driftfix=slew")
    # A guest's own shutdown stops the vCPUs and keeps the process: evidence that outlives us. A
    # panicked guest does what its own kernel was told to do, as on EC2.
    yield from ("-action", "shutdown=pause,reboot=reset,panic=none")
    yield from ("-device", "pvpanic")


def _smbios(spec: GuestSpec) -> Iterator[str]:
    uuid = system_uuid(spec.instance_id)
    yield from ("-uuid", uuid)
    yield from ("-smbios", "type=0,vendor=Amazon EC2,version=1.0")
    yield "-smbios"
    yield f"type=1,manufacturer=Amazon EC2,product={spec.instance_type},uuid={uuid},serial={uuid}"
    yield from ("-smbios", f"type=2,manufacturer=Amazon EC2,asset={spec.instance_id}")
    yield from ("-smbios", f"type=3,manufacturer=Amazon EC2,asset={spec.instance_id}")


def _confinement() -> Iterator[str]:
    yield "-sandbox"
    yield "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def _monitors_and_console() -> Iterator[str]:
    for i, fd in enumerate(MONITOR_FDS):
        yield from ("-chardev", f"socket,id=mon{i},fd={fd},server=on,wait=off")
        yield from ("-mon", f"chardev=mon{i},mode=control")
    yield from ("-chardev", f"ringbuf,id=console,size={CONSOLE_RING_BYTES}")
    yield from ("-serial", "chardev:console")


def _root_ports(count: int) -> Iterator[str]:
    for i in range(count):
        row, function = divmod(i, _PORTS_IN_ROW)
        where = f"bus=pcie.0,addr={0x10 + row:#x}.{function}"
        where += ",multifunction=on" if function == 0 else ""
        yield from ("-device", f"pcie-root-port,id=rp{i},chassis={i + 1},slot={i + 1},{where}")


def _boot(boot: DirectBoot | None) -> Iterator[str]:
    yield from ("-boot", "strict=on,menu=off")
    if boot is None:
        return
    yield from ("-kernel", str(boot.kernel))
    if boot.initrd is not None:
        yield from ("-initrd", str(boot.initrd))
    yield from ("-append", boot.cmdline)


def _disk(host: Host, backed: BackedDisk, slot: int) -> Iterator[str]:
    disk = backed.disk
    yield from ("-blockdev", json.dumps(_disk_node(host, backed)))
    device: _Json = {
        "driver": "virtio-blk-pci",
        "id": f"disk-{disk.volume_id}",
        "drive": disk.volume_id,
        "serial": serial_of(disk.volume_id),
        "bus": f"rp{slot}",
        "bootindex": slot + 1,
    }
    yield from ("-device", json.dumps(device))


def _disk_node(host: Host, backed: BackedDisk) -> _Json:
    # O_DIRECT: the guest's own cache is the only one, and its flushes reach the device.
    disk, cache = backed.disk, {"direct": backed.direct}
    node: _Json = {
        "driver": disk.format,
        "node-name": disk.volume_id,
        "discard": "unmap",
        "detect-zeroes": "unmap",
        "cache": cache,
        "file": {
            "driver": "file",
            "node-name": f"{disk.volume_id}.file",
            "filename": str(disk.path),
            "aio": host.aio,
            "discard": "unmap",
            "cache": cache,
        },
    }
    if disk.format == "qcow2":
        node["backing"] = _backing_node(backed.beneath)
    return node


def _backing_node(beneath: tuple[Path, ...]) -> _Json | None:
    # The image is shared by many guests, so it is read through the host's page cache.
    if not beneath:
        return None
    return {
        "driver": "qcow2",
        "read-only": True,
        "cache": {"direct": False},
        "file": {
            "driver": "file",
            "filename": str(beneath[0]),
            "read-only": True,
            "cache": {"direct": False},
        },
        "backing": _backing_node(beneath[1:]),
    }


def _nic(nic: NicSpec, index: int, slot: int) -> Iterator[str]:
    # The tap arrives without vnet_hdr: offloads do not survive OVS's userspace datapath.
    yield from ("-netdev", f"tap,id={nic.port_id},fd={FIRST_TAP_FD + index}")
    yield from ("-device", json.dumps(card_device(nic, f"rp{slot}")))


def card_device(nic: NicSpec, bus: str) -> dict[str, object]:
    """A network card, as the command line and ``device_add`` take it."""
    return {
        "driver": "virtio-net-pci",
        "id": f"{CARD}{nic.port_id}",
        "netdev": nic.port_id,
        "mac": nic.mac,
        "host_mtu": nic.mtu,
        "romfile": "",
        "bus": bus,
    }


def _entropy(slot: int) -> Iterator[str]:
    yield from ("-object", "rng-random,id=rng,filename=/dev/urandom")
    yield from ("-device", f"virtio-rng-pci,rng=rng,bus=rp{slot}")
