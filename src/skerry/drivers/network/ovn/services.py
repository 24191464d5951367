"""The namespace in each VPC that owns its metadata and DNS addresses, behind OVN's *localport*.

The addresses of hosted ports are in it too, each behind a wire of its own.
"""

import hashlib
from pathlib import Path

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run, succeeds
from skerry.drivers.network.ovn.hosted import HostedPorts
from skerry.drivers.network.ovn.names import (
    METADATA,
    RESOLVER,
    SERVICE_GATEWAY,
    mac_of,
    resolver_of,
    service_port,
)
from skerry.drivers.network.ovn.switch import Switch
from skerry.drivers.network.port import Vpc

INNER = "services"


class ServiceNamespaces:
    """One namespace per VPC, named ``<cloud's namespace>-<vpc id>``."""

    def __init__(self, namespace: str, switch: Switch) -> None:
        self._namespace = namespace
        self._switch = switch
        self._hosted = HostedPorts(namespace, switch)
        self._whole: set[str] = set()  # ids of VPCs that this process has seen to

    def all(self) -> dict[str, Path]:
        """VPC id → the namespace's path, of those that are whole."""
        prefix = f"{self._namespace}-"
        names = namespaces.named_like(f"{prefix}vpc-")
        return {name.removeprefix(prefix): namespaces.FOLDER / name for name in sorted(names)}

    def ensure(self, vpc: Vpc) -> bool:
        """Make the namespace and wire it to the VPC; returns whether it was not there."""
        name = f"{self._namespace}-{vpc.vpc_id}"
        is_new = not namespaces.exists(name)
        if is_new:
            self._hosted.forget(vpc.vpc_id)
        if is_new or vpc.vpc_id not in self._whole:
            self._make(vpc, name)
        self._hosted.ensure(vpc, name)
        return is_new

    def _make(self, vpc: Vpc, name: str) -> None:
        namespaces.ensure(name)
        outer = _device(vpc.vpc_id)
        if not succeeds("ip", "-n", name, "link", "show", INNER):
            peer = ("peer", "name", INNER, "address", mac_of(service_port(vpc.vpc_id)))
            run(
                *("ip", "link", "add", outer, "netns", self._namespace, "type", "veth"),
                *(*peer, "netns", name),
            )
        run("ip", "-n", self._namespace, "link", "set", outer, "up")
        self._configure(name, outer, vpc)
        self._switch.add_port(outer, service_port(vpc.vpc_id))
        self._whole.add(vpc.vpc_id)

    def remove(self, vpc_id: str) -> None:
        """Remove the namespace and its wire; no-op if gone."""
        self._whole.discard(vpc_id)
        self._switch.remove_port(_device(vpc_id))
        name = f"{self._namespace}-{vpc_id}"
        self._hosted.remove(vpc_id, name)
        if succeeds("ip", "-n", name, "link", "show", INNER):
            # A deleted namespace lets its devices go some time later: the wire must be gone at once.
            run("ip", "-n", name, "link", "del", INNER)
        namespaces.remove(name)

    def remove_all(self) -> None:
        """Remove every namespace of the cloud, whatever the switch thinks."""
        self._whole.clear()
        for path in self.all().values():
            namespaces.remove(path.name)

    def _configure(self, name: str, outer: str, vpc: Vpc) -> None:
        commands = [
            f"address replace {METADATA}/32 dev {INNER}",
            f"address replace {RESOLVER}/24 dev {INNER}",
            f"address replace {resolver_of(vpc)}/32 dev {INNER}",
            f"link set {INNER} up",
            f"route replace default via {SERVICE_GATEWAY}",
        ]
        run("ip", "-n", name, "-batch", "-", stdin="\n".join(commands))
        run("ip", "netns", "exec", name, "ethtool", "-K", INNER, "tx", "off")
        run("ip", "netns", "exec", self._namespace, "ethtool", "-K", outer, "tx", "off")


def _device(vpc_id: str) -> str:
    """Name of the wire's end at the switch: interface names have 15 characters at most."""
    return f"svc{hashlib.sha256(vpc_id.encode()).hexdigest()[:12]}"
