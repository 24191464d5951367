"""Firewall rules in OVN's expression language."""

from skerry.drivers.network.ovn.names import group_name
from skerry.drivers.network.port import AclEntry, FirewallRule, IpNetwork

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_PORTED = {_TCP: "tcp", _UDP: "udp", 132: "sctp"}


def rule_match(rule: FirewallRule) -> str:
    """What a security group's rule lets through, apart from the port it guards."""
    side = "dst" if rule.egress else "src"
    if rule.peers.group_id is not None:
        name = group_name(rule.peers.group_id)
        far = [f"(ip4.{side} == ${name}_ip4 || ip6.{side} == ${name}_ip6)"]
    elif rule.peers.cidr is not None:
        far = _far(rule.peers.cidr, side)
    else:
        far = ["ip"]
    return " && ".join(far + traffic(rule.protocol, rule.from_port, rule.to_port, "dst"))


def entry_match(entry: AclEntry) -> str:
    """What an entry of a network ACL speaks of; ``cidr`` is the far side."""
    far = _far(entry.cidr, "dst" if entry.egress else "src")
    return " && ".join(far + traffic(entry.protocol, entry.from_port, entry.to_port, "dst"))


def _far(cidr: IpNetwork, side: str) -> list[str]:
    family = f"ip{cidr.version}"
    return [family, f"{family}.{side} == {cidr}"] if cidr.prefixlen > 0 else [family]


def traffic(
    protocol: int | None, from_port: int | None, to_port: int | None, side: str
) -> list[str]:
    """Protocol, ports or ICMP type and code, as conditions that must all hold."""
    if protocol is None:
        return []
    if protocol in _PORTED:
        return _ports(_PORTED[protocol], from_port, to_port, side)
    if protocol == _ICMP:
        return _icmp("icmp4", from_port, to_port)
    if protocol == _ICMP6:
        return _icmp("icmp6", from_port, to_port)
    return [f"ip.proto == {protocol}"]


def _ports(name: str, from_port: int | None, to_port: int | None, side: str) -> list[str]:
    low = 0 if from_port in (None, -1) else from_port
    high = 65535 if to_port in (None, -1) else to_port
    if (low, high) == (0, 65535):
        return [name]
    if low == high:
        return [f"{name}.{side} == {low}"]
    return [f"{name}.{side} >= {low}", f"{name}.{side} <= {high}"]


def _icmp(name: str, kind: int | None, code: int | None) -> list[str]:
    parts = [name]
    if kind not in (None, -1):
        parts.append(f"{name}.type == {kind}")
        if code not in (None, -1):
            parts.append(f"{name}.code == {code}")
    return parts
