"""Route tables as responses show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.route_table.model import Route, RouteTable, RouteTableAssociation

_SHOWN_AS = {
    "igw": "GatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "nat": "NatGatewayId",
    "eni": "NetworkInterfaceId",
    "pcx": "VpcPeeringConnectionId",
}
"""Beginning of a target's id → the member that responses show it by."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What responses show of route tables beyond their own rows, by table id."""

    routes: Mapping[str, Sequence[Route]]
    associations: Mapping[str, Sequence[RouteTableAssociation]]
    blocks: Mapping[str, Sequence[str]]  # VPC id → its blocks, the primary one first
    living: frozenset[str]  # targets that lead somewhere
    machines: Mapping[str, tuple[str, str]]  # interface id → its instance and that one's owner
    tags: Mapping[str, Mapping[str, str]]

    def all_routes(self, table: RouteTable) -> list[dict[str, Any]]:
        """The local routes, then the others."""
        local = [
            {
                _destination_member(block): block,
                "GatewayId": "local",
                "Origin": "CreateRouteTable",
                "State": "active",
            }
            for block in self.blocks[table.vpc_id]
        ]
        return [*local, *(self._route(route) for route in self.routes.get(table.id, ()))]

    def _route(self, route: Route) -> dict[str, Any]:
        shown: dict[str, Any] = {
            _destination_member(route.destination): route.destination,
            _SHOWN_AS[route.target_id.split("-")[0]]: route.target_id,
            "Origin": "CreateRoute",
            "State": "active" if route.target_id in self.living else "blackhole",
        }
        if route.target_id in self.machines:
            shown["InstanceId"], shown["InstanceOwnerId"] = self.machines[route.target_id]
        return shown


def _destination_member(destination: str) -> str:
    if destination.startswith("pl-"):
        return "DestinationPrefixListId"
    return "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"


def route_table_view(table: RouteTable, facts: TableFacts) -> dict[str, Any]:
    """As DescribeRouteTables shows it."""
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc_id,
        "OwnerId": table.account_id,
        "Associations": [
            {
                "RouteTableAssociationId": each.id,
                "RouteTableId": each.route_table_id,
                "SubnetId": each.subnet_id,
                "Main": each.subnet_id is None,
                "AssociationState": {"State": "associated"},
            }
            for each in facts.associations.get(table.id, ())
        ],
        "Routes": facts.all_routes(table),
        "PropagatingVgws": [],
        "Tags": tag_list(facts.tags[table.id]),
    }


def filters(facts: TableFacts) -> dict[str, Getter[RouteTable]]:
    """The filters of DescribeRouteTables."""

    def of_associations(name: str) -> Getter[RouteTable]:
        return lambda one: [getattr(each, name) for each in facts.associations.get(one.id, ())]

    def of_routes(name: str) -> Getter[RouteTable]:
        return lambda one: [route.get(name) for route in facts.all_routes(one)]

    return {
        "association.main": lambda one: [
            each.subnet_id is None for each in facts.associations.get(one.id, ())
        ],
        "association.route-table-association-id": of_associations("id"),
        "association.route-table-id": of_associations("route_table_id"),
        "association.subnet-id": of_associations("subnet_id"),
        "owner-id": lambda one: one.account_id,
        "route-table-id": lambda one: one.id,
        "route.destination-cidr-block": of_routes("DestinationCidrBlock"),
        "route.destination-ipv6-cidr-block": of_routes("DestinationIpv6CidrBlock"),
        "route.destination-prefix-list-id": of_routes("DestinationPrefixListId"),
        "route.egress-only-internet-gateway-id": of_routes("EgressOnlyInternetGatewayId"),
        "route.gateway-id": of_routes("GatewayId"),
        "route.instance-id": of_routes("InstanceId"),
        "route.nat-gateway-id": of_routes("NatGatewayId"),
        "route.origin": of_routes("Origin"),
        "route.state": of_routes("State"),
        "route.vpc-peering-connection-id": of_routes("VpcPeeringConnectionId"),
        "vpc-id": lambda one: one.vpc_id,
    }
