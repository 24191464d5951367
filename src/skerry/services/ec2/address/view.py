"""Elastic IPs as responses show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.address.model import Address


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What responses show of addresses beyond their own rows."""

    region: str
    instances: Mapping[str, str | None]  # interface id → the instance it is attached to
    tags: Mapping[str, Mapping[str, str]]

    def instance_of(self, address: Address) -> str | None:
        return self.instances.get(address.network_interface_id or "")


def address_view(address: Address, facts: AddressFacts) -> dict[str, Any]:
    """As DescribeAddresses shows it."""
    return {
        "AllocationId": address.id,
        "AssociationId": address.association_id,
        "Domain": "vpc",
        "InstanceId": facts.instance_of(address),
        "NetworkBorderGroup": facts.region,
        "NetworkInterfaceId": address.network_interface_id,
        "NetworkInterfaceOwnerId": address.account_id if address.association_id else None,
        "PrivateIpAddress": address.private_ip,
        "PublicIp": address.public_ip,
        "PublicIpv4Pool": "amazon",
        "Tags": tag_list(facts.tags[address.id]),
    }


def attribute_view(address: Address) -> dict[str, Any]:
    """As DescribeAddressesAttribute shows it."""
    return {
        "AllocationId": address.id,
        "PtrRecord": address.domain_name,
        "PublicIp": address.public_ip,
    }


def filters(facts: AddressFacts) -> dict[str, Getter[Address]]:
    """The filters of DescribeAddresses."""
    return {
        "allocation-id": lambda one: one.id,
        "association-id": lambda one: one.association_id,
        "domain": lambda _: "vpc",
        "instance-id": facts.instance_of,
        "network-border-group": lambda _: facts.region,
        "network-interface-id": lambda one: one.network_interface_id,
        "network-interface-owner-id": lambda one: one.account_id if one.association_id else None,
        "private-ip-address": lambda one: one.private_ip,
        "public-ip": lambda one: one.public_ip,
    }
