"""Names and addresses that everything in a cloud's network agrees on."""

import hashlib
from ipaddress import IPv4Address

from skerry.drivers.network.port import Vpc

METADATA = IPv4Address("169.254.169.254")
RESOLVER = IPv4Address("169.254.169.253")
SERVICE_GATEWAY = "169.254.169.1"
EXTERNAL = "external"
"""The switch between all VPCs' routers and the uplink; made once per cloud."""
UPLINK_IPV6 = "fe80::1"
"""The host's end of the uplink, as every VPC's router sees it."""


def resolver_of(vpc: Vpc) -> IPv4Address:
    """AmazonProvidedDNS: the VPC's base address plus two."""
    return vpc.cidrs[0].network_address + 2


def mac_of(text: str) -> str:
    """A stable, locally administered MAC address for something that has no row of its own."""
    digest = hashlib.sha256(text.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x0A, *digest[:5]))


def link_local(mac: str) -> str:
    """The IPv6 address that a router's port has on its link (RFC 4291, appendix A)."""
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    eui = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    groups = (f"{eui[n] << 8 | eui[n + 1]:x}" for n in range(0, 8, 2))
    return "fe80::" + ":".join(groups)


def service_port(vpc_id: str) -> str:
    """Name of the port behind which a VPC's metadata namespace is."""
    return f"services-{vpc_id}"


def router_port(vpc_id: str, towards: str) -> str:
    """Name of the port of a VPC's router towards a subnet, a peering or the external switch."""
    return f"{vpc_id}-{towards}"


def group_name(group_id: str) -> str:
    """A security group's port group; OVN names have no dashes."""
    return group_id.replace("-", "_")
