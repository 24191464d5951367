"""The local switch (OVS): its settings, its bridge to the uplink, the ports of guests."""

import json
from typing import Any

from skerry.drivers.network.commands import NetworkCommandError, run, succeeds
from skerry.drivers.network.ovn.daemons import Places
from skerry.drivers.network.ovn.names import EXTERNAL

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
        # The controller would make its bridge too, but then wait a second before it tries to reach it.
        bridges = [
            *("--may-exist", "add-br", "br-int", "--"),
            *("set", "bridge", "br-int", f"datapath_type={self._datapath}", "fail_mode=secure"),
            *("--", "--may-exist", "add-br", UPLINK_BRIDGE, "--"),
            *("set", "bridge", UPLINK_BRIDGE, f"datapath_type={self._datapath}"),
        ]
        self._vsctl("--no-wait", "set", "open", ".", *words, "--", *bridges)

    def add_uplink(self, device: str) -> None:
        """Put the uplink into the bridge that OVN's external switch is mapped to; once vswitchd runs."""
        self._vsctl("--may-exist", "add-port", UPLINK_BRIDGE, device)

    def avoid_crash(self) -> None:
        """Keep OVN from translating addresses to themselves, on which userspace conntrack may abort.

        OVS 3.1 (Debian 12) files such a connection and its reverse under one hash; when a reply finds the
        reverse first, vswitchd ends with ``conn->conn_type == CT_CONN_TYPE_DEFAULT failed``. OVN uses the
        feature only where the switch says that it can, and vswitchd says so anew at each of its starts.
        """
        if self._datapath == "netdev":
            listing = self._vsctl("--bare", "--columns=_uuid", "list", "datapath")
            for uuid in listing.split():
                self._vsctl("--no-wait", "set", "datapath", uuid, "capabilities:ct_zero_snat=false")

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
