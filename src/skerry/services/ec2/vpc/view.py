"""VPCs as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.vpc.model import Vpc


def vpc_view(vpc: Vpc, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeVpcs shows it."""
    return {
        "VpcId": vpc.id,
        "OwnerId": vpc.account_id,
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": _association_id(vpc),
                "CidrBlock": vpc.cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "Ipv6CidrBlockAssociationSet": [],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": vpc.is_default,
        "State": "available",
        "Tags": tag_list(tags),
    }


def _association_id(vpc: Vpc) -> str:
    # A VPC has one IPv4 block for life, so its association needs no id of its own.
    return vpc.id.replace("vpc-", "vpc-cidr-assoc-", 1)


FILTERS: dict[str, Getter[Vpc]] = {
    "cidr": lambda vpc: vpc.cidr,
    "cidr-block-association.cidr-block": lambda vpc: vpc.cidr,
    "cidr-block-association.association-id": _association_id,
    "cidr-block-association.state": lambda _: "associated",
    "dhcp-options-id": lambda vpc: vpc.dhcp_options_id,
    "is-default": lambda vpc: vpc.is_default,
    "isDefault": lambda vpc: vpc.is_default,
    "owner-id": lambda vpc: vpc.account_id,
    "state": lambda _: "available",
    "vpc-id": lambda vpc: vpc.id,
}
