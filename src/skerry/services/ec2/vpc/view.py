"""VPCs as responses show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.vpc.model import Vpc, VpcBlock


@dataclass(frozen=True, slots=True)
class VpcFacts:
    """What responses show of VPCs beyond their own rows, by VPC id."""

    region: Region
    blocks: Mapping[str, Sequence[VpcBlock]]
    tags: Mapping[str, Mapping[str, str]]

    def ipv4(self, vpc: Vpc) -> list[dict[str, Any]]:
        """The blocks as responses list them, the primary one first."""
        further = (each for each in self.blocks.get(vpc.id, ()) if each.network.version == 4)
        return [
            _association(primary_association_id(vpc), vpc.cidr),
            *(_association(each.id, each.cidr) for each in further),
        ]

    def ipv6(self, vpc: Vpc) -> list[dict[str, Any]]:
        """The IPv6 blocks as responses list them."""
        return [
            ipv6_association(each, self.region)
            for each in self.blocks.get(vpc.id, ())
            if each.network.version == 6
        ]


def vpc_view(vpc: Vpc, facts: VpcFacts) -> dict[str, Any]:
    """As DescribeVpcs shows it."""
    return {
        "VpcId": vpc.id,
        "OwnerId": vpc.account_id,
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": facts.ipv4(vpc),
        "Ipv6CidrBlockAssociationSet": facts.ipv6(vpc),
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": vpc.is_default,
        "State": "available",
        "Tags": tag_list(facts.tags.get(vpc.id, {})),
    }


def primary_association_id(vpc: Vpc) -> str:
    """A VPC has its primary block for life, so that association needs no id of its own."""
    return vpc.id.replace("vpc-", "vpc-cidr-assoc-", 1)


def ipv4_association(block: VpcBlock, state: str = "associated") -> dict[str, Any]:
    """A secondary block as responses show it."""
    return _association(block.id, block.cidr, state)


def ipv6_association(block: VpcBlock, region: Region, state: str = "associated") -> dict[str, Any]:
    """An IPv6 block as responses show it."""
    return {
        "AssociationId": block.id,
        "Ipv6CidrBlock": block.cidr,
        "Ipv6CidrBlockState": {"State": state},
        "Ipv6Pool": "Amazon",
        "NetworkBorderGroup": region.name,
    }


def _association(association_id: str, cidr: str, state: str = "associated") -> dict[str, Any]:
    return {
        "AssociationId": association_id,
        "CidrBlock": cidr,
        "CidrBlockState": {"State": state},
    }


def filters(facts: VpcFacts) -> dict[str, Getter[Vpc]]:
    """The filters of DescribeVpcs."""

    def of(family: str, name: str) -> Getter[Vpc]:
        return lambda vpc: [each[name] for each in getattr(facts, family)(vpc)]

    return {
        "cidr": lambda vpc: vpc.cidr,
        "cidr-block": lambda vpc: vpc.cidr,  # as clients ask too, Ansible's collection for one
        "cidrBlock": lambda vpc: vpc.cidr,
        "cidr-block-association.association-id": of("ipv4", "AssociationId"),
        "cidr-block-association.cidr-block": of("ipv4", "CidrBlock"),
        "cidr-block-association.state": lambda _: "associated",
        "dhcp-options-id": lambda vpc: vpc.dhcp_options_id,
        "ipv6-cidr-block-association.association-id": of("ipv6", "AssociationId"),
        "ipv6-cidr-block-association.ipv6-cidr-block": of("ipv6", "Ipv6CidrBlock"),
        "ipv6-cidr-block-association.ipv6-pool": of("ipv6", "Ipv6Pool"),
        "ipv6-cidr-block-association.state": lambda vpc: "associated" if facts.ipv6(vpc) else None,
        "is-default": lambda vpc: vpc.is_default,
        "isDefault": lambda vpc: vpc.is_default,
        "owner-id": lambda vpc: vpc.account_id,
        "state": lambda _: "available",
        "vpc-id": lambda vpc: vpc.id,
    }
