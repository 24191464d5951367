"""Which resources of EC2 can be tagged, and how they are found by their ids."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import inspect, select
from sqlalchemy.orm import InstrumentedAttribute

from skerry.kernel.context import Context
from skerry.kernel.db import Base
from skerry.kernel.errors import AwsError
from skerry.kernel.ids import is_id
from skerry.services.ec2.address.errors import AllocationNotFound
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.dhcp_options.errors import DhcpOptionsNotFound
from skerry.services.ec2.dhcp_options.model import DhcpOptions
from skerry.services.ec2.egress_only_internet_gateway.errors import EgressOnlyGatewayNotFound
from skerry.services.ec2.egress_only_internet_gateway.model import EgressOnlyInternetGateway
from skerry.services.ec2.flow_log.errors import FlowLogNotFound
from skerry.services.ec2.flow_log.model import FlowLog
from skerry.services.ec2.image.errors import ImageNotFound
from skerry.services.ec2.image.model import Image
from skerry.services.ec2.instance.errors import InstanceNotFound
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.internet_gateway.errors import InternetGatewayNotFound
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.key_pair.errors import KeyPairNotFound
from skerry.services.ec2.key_pair.model import KeyPair
from skerry.services.ec2.nat_gateway.errors import NatGatewayNotFound
from skerry.services.ec2.nat_gateway.model import NatGateway
from skerry.services.ec2.network_acl.errors import NetworkAclNotFound
from skerry.services.ec2.network_acl.model import NetworkAcl
from skerry.services.ec2.network_insights.errors import AnalysisNotFound, PathNotFound
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis, NetworkInsightsPath
from skerry.services.ec2.network_interface.errors import InterfaceNotFound
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.prefix_list.errors import PrefixListNotFound
from skerry.services.ec2.prefix_list.model import PrefixList
from skerry.services.ec2.route_table.errors import RouteTableNotFound
from skerry.services.ec2.route_table.model import RouteTable
from skerry.services.ec2.security_group.errors import GroupNotFound, RuleNotFound
from skerry.services.ec2.security_group.model import SecurityGroup, SecurityGroupRule
from skerry.services.ec2.subnet.errors import SubnetNotFound
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.tag.errors import ResourceIdInvalid
from skerry.services.ec2.volume.errors import VolumeNotFound
from skerry.services.ec2.volume.model import Volume
from skerry.services.ec2.vpc.errors import VpcNotFound
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc_endpoint.errors import EndpointNotFound
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint
from skerry.services.ec2.vpc_peering.errors import PeeringNotFound
from skerry.services.ec2.vpc_peering.model import PeeringSide


@dataclass(frozen=True, slots=True)
class Taggable:
    """A kind of resource that takes tags."""

    resource_type: str  # as in TagSpecifications
    model: type[Base]
    unknown: type[AwsError]
    where: tuple[InstrumentedAttribute[bool], ...] = ()  # rows that clients still see


TAGGABLE: dict[str, Taggable] = {  # by the prefix of the id
    "acl": Taggable("network-acl", NetworkAcl, NetworkAclNotFound),
    "ami": Taggable("image", Image, ImageNotFound),
    "dopt": Taggable("dhcp-options", DhcpOptions, DhcpOptionsNotFound),
    "eigw": Taggable(
        "egress-only-internet-gateway", EgressOnlyInternetGateway, EgressOnlyGatewayNotFound
    ),
    "eipalloc": Taggable("elastic-ip", Address, AllocationNotFound),
    "eni": Taggable("network-interface", NetworkInterface, InterfaceNotFound),
    "fl": Taggable("vpc-flow-log", FlowLog, FlowLogNotFound),
    "i": Taggable("instance", Instance, InstanceNotFound),
    "igw": Taggable("internet-gateway", InternetGateway, InternetGatewayNotFound),
    "key": Taggable("key-pair", KeyPair, KeyPairNotFound),
    "nat": Taggable("natgateway", NatGateway, NatGatewayNotFound),
    "nia": Taggable("network-insights-analysis", NetworkInsightsAnalysis, AnalysisNotFound),
    "nip": Taggable("network-insights-path", NetworkInsightsPath, PathNotFound),
    "pcx": Taggable("vpc-peering-connection", PeeringSide, PeeringNotFound),
    "pl": Taggable("prefix-list", PrefixList, PrefixListNotFound),
    "rtb": Taggable("route-table", RouteTable, RouteTableNotFound),
    "sg": Taggable("security-group", SecurityGroup, GroupNotFound),
    "sgr": Taggable("security-group-rule", SecurityGroupRule, RuleNotFound),
    "subnet": Taggable("subnet", Subnet, SubnetNotFound),
    "vol": Taggable("volume", Volume, VolumeNotFound, (Volume.wanted,)),
    "vpc": Taggable("vpc", Vpc, VpcNotFound, (Vpc.wanted,)),
    "vpce": Taggable("vpc-endpoint", VpcEndpoint, EndpointNotFound, (VpcEndpoint.wanted,)),
}


def resource_types(ctx: Context, resource_ids: Sequence[str]) -> dict[str, str]:
    """Id → resource type, of resources that must all be this account's; one query per type.

    Raises ResourceIdInvalid, and the "not found" error of the resource's own slice.
    """
    by_prefix: defaultdict[str, list[str]] = defaultdict(list)
    for each in dict.fromkeys(resource_ids):
        prefix = each.rpartition("-")[0]
        if prefix not in TAGGABLE or not is_id(prefix, each):
            raise ResourceIdInvalid(id=each)
        by_prefix[prefix].append(each)
    found: dict[str, str] = {}
    for prefix, ids in by_prefix.items():
        kind = TAGGABLE[prefix]
        column = inspect(kind.model).primary_key[0]
        # the model is named too, for the session narrows what it knows to be an entity
        query = select(column).select_from(kind.model).where(column.in_(ids), *kind.where)
        present = set(ctx.db.scalars(query))
        for each in ids:
            if each not in present:
                raise kind.unknown(id=each)
            found[each] = kind.resource_type
    return found
