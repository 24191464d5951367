"""Reachability Analyzer over a real network: what it finds, the network says too."""

from collections.abc import Iterator

import pytest

from tests.cloud.real_cloud import RealCloud, until


class Analyst:
    """An account that asks."""

    def __init__(self, ec2) -> None:
        self.ec2 = ec2
        self.paths: list[str] = []
        self.analyses: list[str] = []

    def asks(self, source: str, destination: str | None = None, **more) -> tuple[bool, list[str]]:
        """Whether there is a path, and why not. The network must agree."""
        if destination is not None:
            more["Destination"] = destination
        made = self.ec2.create_network_insights_path(
            Source=source, Protocol="tcp", DestinationPort=80, **more
        )
        path_id = made["NetworkInsightsPath"]["NetworkInsightsPathId"]
        self.paths.append(path_id)
        started = self.ec2.start_network_insights_analysis(NetworkInsightsPathId=path_id)
        analysis_id = started["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]
        self.analyses.append(analysis_id)
        until(lambda: self._shown(analysis_id)["Status"] != "running", 30, "it is analysed")
        found = self._shown(analysis_id)
        assert found["Status"] == "succeeded"
        assert "WarningMessage" not in found
        codes = [each["ExplanationCode"] for each in found.get("Explanations", ())]
        return found["NetworkPathFound"], codes

    def _shown(self, analysis_id: str) -> dict:
        ids = [analysis_id]
        found = self.ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=ids)
        return found["NetworkInsightsAnalyses"][0]

    def forget(self) -> None:
        for each in self.analyses:
            self.ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=each)
        for each in self.paths:
            self.ec2.delete_network_insights_path(NetworkInsightsPathId=each)


@pytest.fixture
def analyst(cloud: RealCloud) -> Iterator[Analyst]:
    analyst = Analyst(cloud.client(cloud.account()))
    yield analyst
    analyst.forget()


def test_the_network_agrees_with_what_is_found(analyst: Analyst):
    ec2 = analyst.ec2
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    gateway_id = gateway["InternetGatewayId"]
    shut = ec2.create_security_group(GroupName="shut", Description="x", VpcId=vpc["VpcId"])
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    groups = ([group["GroupId"]], [group["GroupId"]], [shut["GroupId"]])
    one, two, three = (
        ec2.create_network_interface(SubnetId=subnet, Groups=own)["NetworkInterface"][
            "NetworkInterfaceId"
        ]
        for subnet, own in zip((*subnets, subnets[0]), groups, strict=True)
    )
    address = ec2.allocate_address()
    try:
        assert analyst.asks(one, two) == (True, [])
        assert analyst.asks(one, three) == (False, ["ENI_SG_RULES_MISMATCH"])
        assert analyst.asks(one, gateway_id) == (False, ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"])
        ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=one)
        assert analyst.asks(one, gateway_id) == (True, [])
        assert analyst.asks(one, DestinationIp="8.8.8.8") == (True, [])
        assert analyst.asks(gateway_id, one) == (False, ["ENI_SG_RULES_MISMATCH"])
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], **rule)
        assert analyst.asks(gateway_id, one) == (True, [])
        (acl,) = ec2.describe_network_acls()["NetworkAcls"]
        entry = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 7, "Egress": False}
        denied = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
        ports = {"From": 1024, "To": 65535}
        ec2.create_network_acl_entry(**entry, **denied, PortRange=ports)
        assert analyst.asks(one, two) == (False, ["SUBNET_ACL_RESTRICTION"])
        ec2.delete_network_acl_entry(**entry)
        assert analyst.asks(one, two) == (True, [])
    finally:
        for each in (one, two, three):
            ec2.delete_network_interface(NetworkInterfaceId=each)
        ec2.release_address(AllocationId=address["AllocationId"])
        ec2.delete_security_group(GroupId=shut["GroupId"])
