"""The local switch (OVS): its settings, its bridge to the uplink, the ports of guests."""

import json
from typing import Any

from skerry.drivers.network.commands import NetworkCommandError, run, succeeds
from skerry.drivers.network.ovn.compile import EXTERNAL
from skerry.drivers.network.ovn.daemons import Places

UPLINK_BRIDGE = "br-ex"
_PROBE = "probe"


class Switch:
    """OVS of one cloud on this host, by ``ovs-vsctl``."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._datapath = ""

    def configure(self, chassis: str, *, runs: bool) -> None:
        """Tell OVS who it is and where OVN is; before vswitchd starts.

        A switch that ``runs`` already keeps its datapath: another one would drop every port.
        """
        key = "external-ids:ovn-bridge-datapath-type"
        self._vsctl("--no-wait", "init")
        self._datapath = self._vsctl("--if-exists", "get", "open", ".", key).strip().strip('"')
        if not (runs and self._datapath):
            self._datapath = "system" if self._kernel_switches() else "netdev"
        settings = {
            "system-id": chassis,
            "ovn-remote": f"unix:{self._places.southbound}",
            "ovn-encap-type": "geneve",
            "ovn-encap-ip": "127.0.0.1",
            "ovn-bridge-datapath-type": self._datapath,
            "ovn-bridge-mappings": f"{EXTERNAL}:{UPLINK_BRIDGE}",
            "ovn-monitor-all": "true",
            "ovn-openflow-probe-interval": "0",
        }
        words = [f"external-ids:{name}={json.dumps(value)}" for name, value in settings.items()]
        self._vsctl("--no-wait", "set", "open", ".", *words)

    def ensure_bridge(self, uplink: str) -> None:
        """The bridge between OVN's external switch and the uplink; once vswitchd runs."""
        self._vsctl(
            *("--may-exist", "add-br", UPLINK_BRIDGE, "--"),
            *("set", "bridge", UPLINK_BRIDGE, f"datapath_type={self._datapath}", "--"),
            *("--may-exist", "add-port", UPLINK_BRIDGE, uplink),
        )

    def add_port(self, device: str, port_id: str) -> None:
        """Wire a device to a logical port."""
        self._vsctl(
            *("--may-exist", "add-port", "br-int", device, "--"),
            *("set", "interface", device, f"external_ids:iface-id={port_id}"),
        )

    def remove_port(self, device: str) -> None:
        """Take a device off; no-op if it is not there."""
        self._vsctl("--if-exists", "del-port", "br-int", device)

    def ports(self) -> dict[str, str]:
        """Device → logical port, of all that are wired."""
        answer = self._vsctl("--format=json", "--columns=name,external_ids", "list", "interface")
        # JSON as OVSDB writes it: a map is ["map", [[key, value], …]].
        found: dict[str, str] = {}
        rows: list[Any] = json.loads(answer or '{"data": []}')["data"]
        for name, (_, pairs) in rows:
            ids = dict(pairs)
            if "iface-id" in ids:
                found[name] = ids["iface-id"]
        return found

    def _kernel_switches(self) -> bool:
        """Whether the kernel's own Open vSwitch works here: tried, not looked up."""
        there = ("ip", "netns", "exec", self._places.namespace, "ovs-dpctl")
        succeeds(*there, "del-dp", _PROBE)  # of a crash in the middle of this
        try:
            run(*there, "add-dp", _PROBE)
            run(*there, "del-dp", _PROBE)
        except NetworkCommandError:
            return False
        return True

    def _vsctl(self, *words: str) -> str:
        return run("ovs-vsctl", f"--db=unix:{self._places.switch}", "--timeout=15", *words)
