"""EC2: its actions, reconcilers and sweeps. Read by the composition root only."""

from skerry.kernel.action import Handler, actions_of
from skerry.reconcile.work import Reconciler, Sweep
from skerry.services.ec2.address.actions import addresses, associations
from skerry.services.ec2.address.actions import names as address_names
from skerry.services.ec2.dhcp_options.actions import sets as dhcp_options
from skerry.services.ec2.egress_only_internet_gateway import (
    actions as egress_only_internet_gateway,
)
from skerry.services.ec2.flow_log import actions as flow_log
from skerry.services.ec2.image.actions import attributes as image_attributes
from skerry.services.ec2.image.actions import images
from skerry.services.ec2.instance.actions import attributes as instance_attributes
from skerry.services.ec2.instance.actions import describe as instance_describe
from skerry.services.ec2.instance.actions import launch as instance_launch
from skerry.services.ec2.instance.actions import power as instance_power
from skerry.services.ec2.instance.actions import settings as instance_settings
from skerry.services.ec2.instance.model import Instance
from skerry.services.ec2.instance.reconcile import SWEEP_GUESTS, SWEEP_PORTS, reconcile_instance
from skerry.services.ec2.instance_type import actions as instance_type
from skerry.services.ec2.internet_gateway import actions as internet_gateway
from skerry.services.ec2.key_pair.actions import pairs as key_pairs
from skerry.services.ec2.nat_gateway import actions as nat_gateway
from skerry.services.ec2.nat_gateway.model import NatGateway
from skerry.services.ec2.nat_gateway.reconcile import reconcile_nat_gateway
from skerry.services.ec2.network_acl.actions import acls as network_acls
from skerry.services.ec2.network_acl.actions import entries as network_acl_entries
from skerry.services.ec2.network_insights import actions as network_insights
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis
from skerry.services.ec2.network_insights.reconcile import reconcile_analysis
from skerry.services.ec2.network_interface.actions import attachments as interface_attachments
from skerry.services.ec2.network_interface.actions import attributes as interface_attributes
from skerry.services.ec2.network_interface.actions import interfaces as network_interfaces
from skerry.services.ec2.prefix_list.actions import entries as prefix_list_entries
from skerry.services.ec2.prefix_list.actions import lists as prefix_lists
from skerry.services.ec2.region import actions as region
from skerry.services.ec2.route_table.actions import routes as route_table_routes
from skerry.services.ec2.route_table.actions import tables as route_table_tables
from skerry.services.ec2.secondary_address import actions as secondary_address
from skerry.services.ec2.security_group.actions import changes as security_group_changes
from skerry.services.ec2.security_group.actions import groups as security_group_groups
from skerry.services.ec2.security_group.actions import peers as security_group_peers
from skerry.services.ec2.security_group.actions import rules as security_group_rules
from skerry.services.ec2.subnet import actions as subnet
from skerry.services.ec2.tag import actions as tag
from skerry.services.ec2.volume import actions as volume
from skerry.services.ec2.volume.model import Volume
from skerry.services.ec2.volume.reconcile import SWEEP_VOLUMES, reconcile_volume
from skerry.services.ec2.vpc.actions import blocks as vpc_blocks
from skerry.services.ec2.vpc.actions import vpcs
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.reconcile import SWEEP_VPCS, reconcile_vpc
from skerry.services.ec2.vpc_endpoint.actions import changes as vpc_endpoint_changes
from skerry.services.ec2.vpc_endpoint.actions import endpoints as vpc_endpoints
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint
from skerry.services.ec2.vpc_endpoint.reconcile import reconcile_endpoint
from skerry.services.ec2.vpc_peering import actions as vpc_peering
from skerry.services.ec2.vpc_peering.model import VpcPeering
from skerry.services.ec2.vpc_peering.reconcile import reconcile_peering

MODULES = (
    addresses,
    address_names,
    associations,
    dhcp_options,
    egress_only_internet_gateway,
    flow_log,
    image_attributes,
    images,
    instance_attributes,
    instance_describe,
    instance_launch,
    instance_power,
    instance_settings,
    instance_type,
    internet_gateway,
    key_pairs,
    nat_gateway,
    network_acl_entries,
    network_acls,
    network_insights,
    interface_attachments,
    interface_attributes,
    network_interfaces,
    prefix_list_entries,
    prefix_lists,
    region,
    route_table_routes,
    route_table_tables,
    secondary_address,
    security_group_changes,
    security_group_groups,
    security_group_peers,
    security_group_rules,
    subnet,
    tag,
    volume,
    vpc_blocks,
    vpcs,
    vpc_endpoint_changes,
    vpc_endpoints,
    vpc_peering,
)
"""Every module that holds handlers of EC2, one line each."""

ACTIONS: dict[str, Handler] = actions_of(*MODULES)
RECONCILERS: tuple[Reconciler, ...] = (
    Reconciler(Instance, reconcile_instance),
    Reconciler(NetworkInsightsAnalysis, reconcile_analysis),
    Reconciler(Volume, reconcile_volume),
    Reconciler(Vpc, reconcile_vpc),
    Reconciler(NatGateway, reconcile_nat_gateway),
    Reconciler(VpcEndpoint, reconcile_endpoint),
    Reconciler(VpcPeering, reconcile_peering),
)
SWEEPS: tuple[Sweep, ...] = (SWEEP_GUESTS, SWEEP_PORTS, SWEEP_VOLUMES, SWEEP_VPCS)
