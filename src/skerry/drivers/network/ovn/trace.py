"""Asks OVN itself where a packet would go: ``ovn-trace`` over the flows that hosts get theirs from.

A trace remembers nothing of earlier packets. What a firewall knows of a conversation is told to it; what a
NAT gateway knows cannot be, so answers through one are not traced.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.names import EXTERNAL, mac_of, router_port, service_port
from skerry.drivers.network.ovn.northbound import Northbound
from skerry.drivers.network.ovn.rows import OWNER
from skerry.drivers.network.port import INTERNET, NOWHERE, SERVICES, Probe

_TIMEOUT_S = 20.0
_FIREWALLS = 16
"""How often connection tracking may be asked on the way; what is left over does no harm."""
_WIRE = f"{EXTERNAL}-wire"
_WORLD_MAC = "0a:00:00:00:00:01"
_OUTPUT = re.compile(r'output\("([^"]+)"\)')
_ROUTERS = 4
"""More than a packet passes: its VPC's, a NAT gateway's, its VPC's again."""
_SOURCE = re.compile(r"ct_snat\w*\(ip4\.src=([\d.]+)")
_DESTINATION = re.compile(r"ct_dnat\w*\(ip4\.dst=([\d.]+)")
_ADDRESSED = re.compile(r"eth\.dst = ([\da-f:]{17})")
_SENT = re.compile(r"eth\.src = ([\da-f:]{17})")
_TOLD = re.compile(r"arp\.sha = ([\da-f:]{17})")
_ENTERED = re.compile(r'ingress\(dp="[^"]+", inport="([^"]+)"\)')
_PROTOCOLS = {6: "tcp", 17: "udp"}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the packet enters a switch, and the addresses on its outside."""

    port: str
    source_mac: str
    destination_mac: str


def frame_of(tables: Any, probe: Probe) -> Frame | None:
    """The frame that carries the probe; None: nobody is there to send or to receive it."""
    if probe.port_id is None:
        return _from_world(tables, probe)
    switch, own = _whereabouts(tables, probe.port_id)
    if own is None:
        return None
    destination = str(probe.destination)
    for port in switch.ports:
        mac, *addresses = port.addresses[0].split() if port.addresses else ("",)
        if destination in addresses:
            return Frame(own.name, _mac(own), mac)
    name = router_port(own.external_ids[OWNER], switch.name)
    router = _named(tables, "Logical_Router_Port", name)
    if router is None:
        return None
    mac = router.mac
    for port in switch.ports:  # a NAT gateway's own address is a neighbour's too
        other = _named(tables, "Logical_Router_Port", port.options.get("router-port", ""))
        if other is not None and destination in {each.split("/")[0] for each in other.networks}:
            mac = other.mac
    subnet = next(each for each in router.networks if ":" not in each)
    is_neighbour = probe.destination in IPv4Network(subnet, strict=False)
    return None if is_neighbour and mac == router.mac else Frame(own.name, _mac(own), mac)


def trace(northbound: Northbound, southbound: Path, probe: Probe) -> str:
    """Where the probe comes out, as ``Network.trace`` says it. Raises NetworkCommandError."""
    frame = northbound.run(lambda tables, _: frame_of(tables, probe))
    if frame is None:
        return NOWHERE
    said = ""
    for _ in range(_ROUTERS):
        said = _trace(southbound, frame, probe)
        probe = _translated(said, probe)
        asked = _asked_router(said)
        if asked is None or outputs(said):
            break
        frame = asked
        probe = northbound.run(
            lambda tables, _, entered=asked.port, sent=probe: _left(tables, entered, sent)
        )
    ports = outputs(said)
    if probe.is_answer and not ports <= {_WIRE}:
        ports &= _let_in(southbound, frame, probe, said)
    return northbound.run(lambda tables, _: place_of(tables, ports, probe))


def _let_in(southbound: Path, frame: Frame, probe: Probe, said: str) -> set[str]:
    """Where an answer comes out by the last switch alone.

    Switches forget between each other what connection tracking said; a trace does not. So this one, which is
    where a stateless firewall could drop an answer, is asked for itself.
    """
    entered, macs = _ENTERED.findall(said), _ADDRESSED.findall(said)
    if len(entered) < 2:
        return outputs(said)
    alone = Frame(entered[-1], frame.source_mac, macs[-1] if macs else frame.destination_mac)
    return outputs(_trace(southbound, alone, probe))


def _left(tables: Any, entered: str, probe: Probe) -> Probe:
    """The probe as a router puts it into the switch that is entered there: a NAT gateway's has its address."""
    name = entered.removesuffix("-switch")
    for router in tables["Logical_Router"].rows.values():
        if name not in {port.name for port in router.ports}:
            continue
        for nat in router.nat:
            if nat.type == "snat" and probe.source in IPv4Network(nat.logical_ip):
                return replace(probe, source=IPv4Address(nat.external_ip))
    return probe


def _translated(said: str, probe: Probe) -> Probe:
    sources, destinations = _SOURCE.findall(said), _DESTINATION.findall(said)
    return replace(
        probe,
        source=IPv4Address(sources[-1]) if sources else probe.source,
        destination=IPv4Address(destinations[-1]) if destinations else probe.destination,
    )


def _asked_router(said: str) -> Frame | None:
    """The frame that follows when a router asks for the MAC address of another one, and is told.

    Routers learn of each other in this way: until they have, a trace ends here and packets go on.
    """
    before, _, asking = said.partition("arp {")
    entered, told = _ENTERED.search(asking), _TOLD.search(asking)
    senders = _SENT.findall(before)
    if entered is None or told is None or not senders:
        return None
    return Frame(entered.group(1), senders[-1], told.group(1))


def _trace(southbound: Path, frame: Frame, probe: Probe) -> str:
    protocol = _PROTOCOLS[probe.protocol]
    flow = (
        f'inport=="{frame.port}" && eth.src=={frame.source_mac} && eth.dst=={frame.destination_mac}'
        f" && ip4.src=={probe.source} && ip4.dst=={probe.destination} && ip.ttl==64 && {protocol}"
        f" && {protocol}.src=={probe.source_port} && {protocol}.dst=={probe.destination_port}"
    )
    known = "est,rpl" if probe.is_answer else "new"
    command = ("ovn-trace", f"--db=unix:{southbound}", "--no-friendly-names")
    tracking = [f"--ct={known}"] * _FIREWALLS
    return run(*command, "--summary", "--minimal", *tracking, flow, timeout_s=_TIMEOUT_S)


def outputs(said: str) -> set[str]:
    """Ports where the packet itself comes out, not what routers and firewalls send because of it."""
    found: set[str] = set()
    inside: list[str] = []
    for line in map(str.strip, said.splitlines()):
        for name in _OUTPUT.findall(line):
            is_asking = any(each.startswith("arp") for each in inside)
            is_telling = any(each.startswith(("icmp", "tcp_reset", "reject")) for each in inside)
            if not is_telling and not is_asking:
                found.add(name)
        if line.endswith("{"):
            inside.append(line)
        elif line.startswith("}") and inside:
            inside.pop()
    return found


def place_of(tables: Any, ports: set[str], probe: Probe) -> str:
    """Where the probe arrives, as the port's callers name it."""
    if _WIRE in ports:
        # The host takes nothing from the wire that has no public address.
        return INTERNET if _public(tables, probe.source, probe) else NOWHERE
    names = {SERVICES if each.startswith(service_port("")) else each for each in ports}
    return min(names, default=NOWHERE)


def _from_world(tables: Any, probe: Probe) -> Frame | None:
    row = _public(tables, probe.destination, probe)
    if row is None:
        return None
    mac = row.external_mac[0] if row.external_mac else None
    router = mac_of(router_port(row.external_ids[OWNER], EXTERNAL))
    return Frame(_WIRE, _WORLD_MAC, mac or router)


def _public(tables: Any, address: object, probe: Probe) -> Any:
    """The one-to-one translation to this public address, in the VPC that the probe comes from if it is of one."""
    own = None
    if probe.port_id is not None:
        _, port = _whereabouts(tables, probe.port_id)
        own = port.external_ids[OWNER] if port is not None else ""
    for row in tables["NAT"].rows.values():
        is_there = own is None or row.external_ids.get(OWNER) == own
        if row.type == "dnat_and_snat" and row.external_ip == str(address) and is_there:
            return row
    return None


def _whereabouts(tables: Any, port_id: str) -> tuple[Any, Any]:
    for switch in tables["Logical_Switch"].rows.values():
        for port in switch.ports:
            if port.name == port_id:
                return switch, port
    return None, None


def _named(tables: Any, table: str, name: str) -> Any:
    return next((row for row in tables[table].rows.values() if row.name == name), None)


def _mac(port: Any) -> str:
    return port.addresses[0].split()[0]
