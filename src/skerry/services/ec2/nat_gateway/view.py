"""NAT gateways as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.nat_gateway.model import NatGateway, State

_FAILURES = {
    "Gateway.NotAttached": "Network {vpc_id} has no Internet gateway attached",
    "Resource.AlreadyAssociated": "Elastic IP address [{allocation_id}] is already associated",
}
_STATUS = {
    State.PENDING: "associating",
    State.FAILED: "failed",
    State.AVAILABLE: "succeeded",
    State.DELETING: "disassociating",
    State.DELETED: "succeeded",
}


def nat_gateway_view(gateway: NatGateway, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeNatGateways shows it."""
    failure = gateway.failure
    return {
        "ConnectivityType": gateway.connectivity,
        "CreateTime": gateway.created_at,
        "DeleteTime": gateway.deleted_at,
        "FailureCode": failure,
        "FailureMessage": failure and _FAILURES[failure].format_map(_named(gateway)),
        "NatGatewayAddresses": [_address(gateway)],
        "NatGatewayId": gateway.id,
        "State": gateway.state.value,
        "SubnetId": gateway.subnet_id,
        "Tags": tag_list(tags),
        "VpcId": gateway.vpc_id,
    }


def _named(gateway: NatGateway) -> dict[str, Any]:
    return {"vpc_id": gateway.vpc_id, "allocation_id": gateway.allocation_id}


def _address(gateway: NatGateway) -> dict[str, Any]:
    return {
        "AllocationId": gateway.allocation_id,
        "AssociationId": gateway.association_id,
        "IsPrimary": True,
        "NetworkInterfaceId": gateway.interface_id,
        "PrivateIp": gateway.private_ip,
        "PublicIp": gateway.public_ip,
        "Status": _STATUS[gateway.state],
    }


def filters() -> dict[str, Getter[NatGateway]]:
    """The filters of DescribeNatGateways."""
    return {
        "connectivity-type": lambda one: one.connectivity,
        "nat-gateway-id": lambda one: one.id,
        "state": lambda one: one.state.value,
        "subnet-id": lambda one: one.subnet_id,
        "vpc-id": lambda one: one.vpc_id,
    }
