"""Tap devices: made without vnet_hdr, because offloads do not survive OVS's userspace datapath."""

import fcntl
import os
import struct

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run, succeeds

_TUNSETIFF, _TUNSETPERSIST = 0x400454CA, 0x400454CB
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000


def tap_name(port_id: str) -> str:
    """Interface names have 15 characters at most: the id's last 12 digits."""
    return f"tap{port_id[-12:]}"


def ensure(namespace: str, name: str, mtu: int) -> None:
    """Make the persistent tap, up, in the namespace; no-op for what is there."""

    def make() -> None:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(
                device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI)
            )
            fcntl.ioctl(device, _TUNSETPERSIST, 1)
        finally:
            os.close(device)

    if not succeeds("ip", "-n", namespace, "link", "show", name):
        namespaces.inside(namespace, make)
    run("ip", "-n", namespace, "link", "set", name, "mtu", str(mtu), "up")


def remove(namespace: str, name: str) -> None:
    """Delete the tap; no-op if it is gone."""
    if succeeds("ip", "-n", namespace, "link", "show", name):
        run("ip", "-n", namespace, "link", "del", name)
