"""Firewall rules in OVN's expression language."""

from skerry.drivers.network.port import AclEntry, FirewallRule

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_PORTED = {_TCP: "tcp", _UDP: "udp", 132: "sctp"}


def group_name(group_id: str) -> str:
    """A security group's port group; OVN names have no dashes."""
    return group_id.replace("-", "_")


def rule_match(rule: FirewallRule) -> str:
    """What a security group's rule lets through, apart from the port it guards."""
    far = "ip4.dst" if rule.egress else "ip4.src"
    parts = ["ip4"]
    if rule.peers.group_id is not None:
        parts.append(f"{far} == ${group_name(rule.peers.group_id)}_ip4")
    elif rule.peers.cidr is not None and rule.peers.cidr.prefixlen > 0:
        parts.append(f"{far} == {rule.peers.cidr}")
    return " && ".join(parts + traffic(rule.protocol, rule.from_port, rule.to_port, "dst"))


def entry_match(entry: AclEntry) -> str:
    """What an entry of a network ACL speaks of; ``cidr`` is the far side."""
    far = "ip4.dst" if entry.egress else "ip4.src"
    parts = ["ip4"]
    if entry.cidr.prefixlen > 0:
        parts.append(f"{far} == {entry.cidr}")
    return " && ".join(parts + traffic(entry.protocol, entry.from_port, entry.to_port, "dst"))


def traffic(
    protocol: int | None, from_port: int | None, to_port: int | None, side: str
) -> list[str]:
    """Protocol, ports or ICMP type and code, as conditions that must all hold."""
    if protocol is None:
        return []
    if protocol in _PORTED:
        return _ports(_PORTED[protocol], from_port, to_port, side)
    if protocol == _ICMP:
        return _icmp(from_port, to_port)
    if protocol == _ICMP6:
        return ["icmp6"]
    return [f"ip.proto == {protocol}"]


def _ports(name: str, from_port: int | None, to_port: int | None, side: str) -> list[str]:
    low = 0 if from_port in (None, -1) else from_port
    high = 65535 if to_port in (None, -1) else to_port
    if (low, high) == (0, 65535):
        return [name]
    if low == high:
        return [f"{name}.{side} == {low}"]
    return [f"{name}.{side} >= {low}", f"{name}.{side} <= {high}"]


def _icmp(kind: int | None, code: int | None) -> list[str]:
    parts = ["icmp4"]
    if kind not in (None, -1):
        parts.append(f"icmp4.type == {kind}")
        if code not in (None, -1):
            parts.append(f"icmp4.code == {code}")
    return parts
