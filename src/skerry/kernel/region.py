"""Where the cloud says it is."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

DEFAULT_IPV6_POOL = IPv6Network("fd5c:e77f::/40")
"""Unique local addresses (RFC 4193): this host reaches them, the world does not."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region, its zones, and the addresses it may hand out."""

    name: str  # "us-east-1"
    zones: tuple[str, ...]  # "us-east-1a", …
    public_pool: IPv4Network  # its first usable address is the host's side
    ipv6_pool: IPv6Network = DEFAULT_IPV6_POOL  # what "Amazon-provided" blocks are of

    def zone_id(self, zone: str) -> str:
        """AWS's account-independent zone id, e.g. ``use1-az1``."""
        area, direction, number = self.name.split("-")
        return f"{area}{direction[0]}{number}-az{self.zones.index(zone) + 1}"

    @property
    def private_domain(self) -> str:
        """Domain of private DNS names (``ec2.internal`` in us-east-1, else ``<region>.compute.internal``)."""
        return "ec2.internal" if self.name == "us-east-1" else f"{self.name}.compute.internal"

    @property
    def public_domain(self) -> str:
        """Domain of public DNS names."""
        return (
            "compute-1.amazonaws.com"
            if self.name == "us-east-1"
            else f"{self.name}.compute.amazonaws.com"
        )
