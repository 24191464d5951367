"""Security groups and network ACLs: which rule decides about a packet.

Sources: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html and
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from skerry.drivers.network.port import AclEntry, FirewallRule, Peers, Port, Subnet, Vpc
from skerry.services.ec2.network_insights.reachability.estate import Estate
from skerry.services.ec2.network_insights.reachability.packet import Packet

_PORTED = (6, 17)


def allowing_rule(
    estate: Estate, vpc: Vpc, port: Port, packet: Packet, *, egress: bool
) -> tuple[str, FirewallRule] | None:
    """The group and the rule in it that let the packet through the port; None: no rule does."""
    for group in vpc.groups:
        if group.group_id not in port.group_ids:
            continue
        for rule in group.rules:
            if (
                rule.egress == egress
                and _is_of(rule, packet)
                and _speaks_of(estate, vpc, rule.peers, packet, egress=egress)
            ):
                return group.group_id, rule
    return None


def deciding_entry(subnet: Subnet, packet: Packet, *, egress: bool) -> AclEntry | None:
    """The lowest-numbered entry that is about the packet; None: the final one, which denies."""
    remote = packet.destination if egress else packet.source
    return min(
        (
            entry
            for entry in subnet.acl
            if entry.egress == egress and _is_of(entry, packet) and remote in entry.cidr
        ),
        key=lambda entry: entry.number,
        default=None,
    )


def _is_of(rule: FirewallRule | AclEntry, packet: Packet) -> bool:
    if rule.protocol is None:
        return True
    if rule.protocol != packet.protocol:
        return False
    if packet.protocol not in _PORTED or rule.from_port is None or rule.to_port is None:
        return True
    return rule.from_port <= packet.destination_port <= rule.to_port


def _speaks_of(estate: Estate, vpc: Vpc, peers: Peers, packet: Packet, *, egress: bool) -> bool:
    """A group means the private addresses of its members, also of a peer's group."""
    remote = packet.destination if egress else packet.source
    if peers.cidr is not None:
        return remote in peers.cidr
    for home in (vpc, *(peer for _, peer in estate.peers(vpc))):
        holder = estate.holders.get((home.vpc_id, remote))
        if isinstance(holder, Port) and peers.group_id in holder.group_ids:
            return True
    return False
