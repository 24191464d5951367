"""What analyses find over rows, and what the network says of it."""

from datetime import timedelta

from skerry.reconcile.verdict import Again, Done
from skerry.services.ec2.network_insights.reachability import search
from tests.unit.services.calling import Tenant
from tests.unit.services.ec2.network_insights.conftest import Site


def codes(analysis: dict) -> list[str]:
    return [each["ExplanationCode"] for each in analysis.get("Explanations", ())]


def passed(components: list[dict]) -> list[str]:
    return [each["Component"]["Id"].split("-")[0] for each in components]


def test_a_path_between_interfaces_names_what_is_passed_there_and_back(site: Site):
    one, two = site.interface(), site.interface(1)
    found = site.analyse(one, two)
    assert found["Status"] == "succeeded"
    assert found["NetworkPathFound"] is True
    forward, back = found["ForwardPathComponents"], found["ReturnPathComponents"]
    assert passed(forward) == ["eni", "sg", "acl", "rtb", "acl", "sg", "eni"]
    assert passed(back) == passed(forward)
    assert [each["SequenceNumber"] for each in forward] == list(range(1, 8))
    assert forward[0]["Component"]["Id"] == one
    assert forward[-1]["Component"]["Arn"].endswith(f":network-interface/{two}")
    assert forward[1]["SecurityGroupRule"]["Direction"] == "egress"
    assert forward[2]["AclRule"] == {
        "Cidr": "0.0.0.0/0",
        "Egress": True,
        "Protocol": "all",
        "RuleAction": "allow",
        "RuleNumber": 100,
    }
    assert forward[3]["RouteTableRoute"]["GatewayId"] == "local"
    assert "SecurityGroupRule" not in back[1], "answers pass without one"


def test_the_group_that_has_no_rule_is_named(site: Site):
    shut = site.tenant("CreateSecurityGroup", GroupName="shut", Description="shut", VpcId=site.vpc)[
        "GroupId"
    ]
    one, two = site.interface(), site.interface(1, Groups=[shut])
    found = site.analyse(one, two)
    assert found["NetworkPathFound"] is False
    (why,) = found["Explanations"]
    assert (why["ExplanationCode"], why["Direction"]) == ("ENI_SG_RULES_MISMATCH", "ingress")
    assert why["NetworkInterface"]["Id"] == two
    assert [each["Id"] for each in why["SecurityGroups"]] == [shut]


def test_the_acl_and_its_entry_are_named(site: Site):
    one, two = site.interface(), site.interface(1)
    (acl,) = site.tenant("DescribeNetworkAcls")["NetworkAcls"]
    acl_id = acl["NetworkAclId"]
    entry = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Egress": True}
    ports = {"PortRange": {"From": 1024, "To": 65535}}
    site.tenant("CreateNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=9, **entry, **ports)
    path = site.path(one, two)
    found = site.again(path)
    (why,) = found["Explanations"]
    assert why["ExplanationCode"] == "SUBNET_ACL_RESTRICTION"
    assert (why["Acl"]["Id"], why["AclRule"]["RuleNumber"]) == (acl_id, 9)
    assert "ReturnPathComponents" in found, "it is the answer that is dropped"
    site.tenant("DeleteNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=9, Egress=True)
    assert site.again(path)["NetworkPathFound"] is True


def test_one_port_that_answers_may_go_to_is_enough(site: Site):
    one, two = site.interface(), site.interface(1)
    (acl,) = site.tenant("DescribeNetworkAcls")["NetworkAcls"]
    entry = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Egress": True}
    ports = {"PortRange": {"From": 1024, "To": 65000}}
    acl_id = acl["NetworkAclId"]
    site.tenant("CreateNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=9, **entry, **ports)
    header = site.analyse(one, two)["ReturnPathComponents"]
    assert header, "65001 to 65535 are left"
    low = {"SourcePortRange": {"FromPort": 2000, "ToPort": 3000}}
    found = site.analyse(one, two, FilterAtSource=low)
    assert codes(found) == ["SUBNET_ACL_RESTRICTION"]


def test_from_the_internet_a_public_address_a_rule_and_a_route_are_needed(site: Site):
    one = site.interface()
    path = site.path(site.gateway, one)
    assert codes(site.again(path)) == ["IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"]
    public = site.public(one)
    assert codes(site.again(path)) == ["ENI_SG_RULES_MISMATCH"]
    site.allow(80)
    found = site.again(path)
    assert found["NetworkPathFound"] is True
    first, *_, last = found["ForwardPathComponents"]
    assert first["Component"]["Id"] == site.gateway
    assert first["InboundHeader"]["DestinationAddresses"] == [f"{public}/32"]
    assert last["Component"]["Id"] == one
    assert passed(found["ReturnPathComponents"]) == ["eni", "sg", "acl", "rtb", "igw"]
    table = site.tenant("DescribeRouteTables")["RouteTables"][0]["RouteTableId"]
    site.tenant("DeleteRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    gone = site.again(path)
    assert codes(gone) == ["NO_ROUTE_TO_DESTINATION"]
    assert gone["Explanations"][0]["RouteTable"]["Id"] == table


def test_a_rule_for_a_few_addresses_of_the_world_is_a_path_too(site: Site):
    one = site.interface()
    site.public(one)
    (group,) = site.tenant("DescribeSecurityGroups")["SecurityGroups"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "8.8.8.0/24"}
    site.tenant("AuthorizeSecurityGroupIngress", GroupId=group["GroupId"], **rule)
    assert site.analyse(site.gateway, one)["NetworkPathFound"] is True
    other = site.analyse(site.gateway, one, SourceIp="9.9.9.9")
    assert codes(other) == ["ENI_SG_RULES_MISMATCH"]
    private = site.analyse(site.gateway, one, SourceIp="10.0.0.1")
    assert codes(private) == ["IGW_EXPECTS_PUBLIC_ADDRESS"]


def test_the_way_out_needs_a_public_address(site: Site):
    one = site.interface()
    path = site.path(one, site.gateway)
    assert codes(site.again(path)) == ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]
    site.public(one)
    assert site.again(path)["NetworkPathFound"] is True
    assert site.analyse(one, None, DestinationIp="8.8.8.8")["NetworkPathFound"] is True


def _peer(site: Site, other: Tenant, cidr: str) -> tuple[str, str]:
    """A VPC of the other tenant that is a peer, with a route to it; and the peering."""
    vpc = other("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"]
    asked = site.tenant(
        "CreateVpcPeeringConnection", VpcId=site.vpc, PeerVpcId=vpc, PeerOwnerId=other.account_id
    )
    peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    other("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    tables = site.tenant("DescribeRouteTables")["RouteTables"]
    table = next(each for each in tables if each["VpcId"] == site.vpc)["RouteTableId"]
    route = {"DestinationCidrBlock": cidr, "VpcPeeringConnectionId": peering}
    site.tenant("CreateRoute", RouteTableId=table, **route)
    return vpc, peering


def test_a_peer_needs_a_way_back(site: Site):
    one = site.interface()
    vpc, peering = _peer(site, site.tenant, "10.7.0.0/16")
    subnet = site.tenant("CreateSubnet", VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]
    (group,) = site.tenant("DescribeSecurityGroups", Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "SecurityGroups"
    ]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
    site.tenant("AuthorizeSecurityGroupIngress", GroupId=group["GroupId"], **rule)
    made = site.tenant("CreateNetworkInterface", SubnetId=subnet["SubnetId"])
    two = made["NetworkInterface"]["NetworkInterfaceId"]
    path = site.path(one, two)
    assert codes(site.again(path)) == ["NO_ROUTE_TO_DESTINATION"]
    (table,) = site.tenant("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "RouteTables"
    ]
    back = {"DestinationCidrBlock": "172.31.0.0/16", "VpcPeeringConnectionId": peering}
    site.tenant("CreateRoute", RouteTableId=table["RouteTableId"], **back)
    found = site.again(path)
    assert found["NetworkPathFound"] is True
    assert peering in {each["Component"]["Id"] for each in found["ForwardPathComponents"]}
    assert site.analyse(one, peering)["NetworkPathFound"] is True
    assert site.analyse(peering, two)["NetworkPathFound"] is True


def test_nothing_is_told_of_what_is_beyond_another_accounts_peering(
    site: Site, other_tenant: Tenant
):
    one = site.interface()
    _, peering = _peer(site, other_tenant, "10.7.0.0/16")
    found = site.analyse(one, None, DestinationIp="10.7.1.9")
    assert codes(found) == ["NO_POSSIBLE_DESTINATION"]
    assert found["SuggestedAccounts"] == [other_tenant.account_id]
    assert found["ForwardPathComponents"][-1]["Component"]["Id"] == peering
    assert site.analyse(one, peering)["NetworkPathFound"] is True


def test_vpcs_that_nothing_connects_are_disconnected(site: Site):
    one = site.interface()
    vpc = site.tenant("CreateVpc", CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = site.tenant("CreateSubnet", VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]
    made = site.tenant("CreateNetworkInterface", SubnetId=subnet["SubnetId"])
    found = site.analyse(one, made["NetworkInterface"]["NetworkInterfaceId"])
    (why,) = found["Explanations"]
    assert why["ExplanationCode"] == "DISCONNECTED_VPCS"
    assert (why["SourceVpc"]["Id"], why["DestinationVpc"]["Id"]) == (site.vpc, vpc)


def test_what_is_gone_or_in_no_vpc_leads_nowhere(site: Site):
    one, two = site.interface(), site.interface()
    path = site.path(one, two)
    loose = site.tenant("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    assert codes(site.analyse(one, loose)) == ["UNASSOCIATED_COMPONENT"]
    site.tenant("DeleteNetworkInterface", NetworkInterfaceId=two)
    assert codes(site.again(path)) == ["NO_SOURCE_OR_DESTINATION"]


def test_filters_of_an_analysis_name_components_to_pass_or_not_to_pass(site: Site):
    one, two = site.interface(), site.interface(1)
    path = site.path(one, two)
    found = site.again(path)
    group = found["ForwardPathComponents"][1]["Component"]["Arn"]
    assert site.again(path, FilterInArns=[group])["NetworkPathFound"] is True
    without = site.again(path, FilterOutArns=[group])
    assert codes(without) == ["COMPONENT_FILTER_RESTRICTION"]
    gateway = group.replace("security-group", "internet-gateway").rpartition("/")[0]
    through = site.again(path, FilterInArns=[f"{gateway}/{site.gateway}"])
    assert codes(through) == ["COMPONENT_FILTER_RESTRICTION"]


def test_filters_at_the_destination_speak_of_what_arrives(site: Site):
    one = site.interface()
    site.public(one)
    site.allow(80)
    other = {"DestinationAddress": "10.0.0.9"}
    found = site.analyse(site.gateway, one, FilterAtDestination=other)
    assert codes(found) == ["FILTER_AT_DESTINATION_DESTINATION_ADDRESS"]


def test_the_network_is_asked_about_each_stretch_and_given_time_to_follow(site: Site):
    one, two = site.interface(), site.interface(1)
    site.network.says = two
    analysis_id = site.start(site.path(one, two))
    assert isinstance(site.reconcile(analysis_id), Again), "the answer would end at two as well"
    assert [each.port_id for each in site.network.asked] == [one, two]
    assert site.shown(analysis_id)["Status"] == "running"
    assert site.reconcile(analysis_id, later=timedelta(minutes=1)) == Done()
    found = site.shown(analysis_id)
    assert found["NetworkPathFound"] is True
    assert "does not agree" in found["WarningMessage"]


def test_a_search_among_too_many_kinds_of_packets_fails(site: Site, monkeypatch):
    monkeypatch.setattr(search, "MAX_PACKETS", 1)
    one, two = site.interface(), site.interface(1)
    found = site.analyse(one, two, Protocol="udp", FilterAtSource={"SourceAddress": "1.2.3.4"})
    assert found["Status"] == "succeeded"
    shut = site.tenant("CreateSecurityGroup", GroupName="shut", Description="shut", VpcId=site.vpc)[
        "GroupId"
    ]
    rules = [
        {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 90, "IpRanges": [{"CidrIp": "1.2.3.4/32"}]}
    ]
    site.tenant("AuthorizeSecurityGroupIngress", GroupId=shut, IpPermissions=rules)
    wide = {"DestinationPortRange": {"FromPort": 80, "ToPort": 100}}
    failed = site.analyse(one, site.interface(1, Groups=[shut]), FilterAtSource=wide)
    assert failed["Status"] == "failed"
    assert "too complex" in failed["StatusMessage"]
