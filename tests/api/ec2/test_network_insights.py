"""Reachability Analyzer as boto3 sees it: from a question to the component that drops the packet."""

import pytest
from botocore.exceptions import ClientError

TINY = "ami-0abcdef1234567890"


def analysed(ec2, settle, path_id: str) -> dict:
    started = ec2.start_network_insights_analysis(NetworkInsightsPathId=path_id)
    ids = [started["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]]
    assert started["NetworkInsightsAnalysis"]["Status"] == "running"
    settle()
    found = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=ids)
    return found["NetworkInsightsAnalyses"][0]


def test_why_a_machine_cannot_be_reached_and_that_it_can_once_a_rule_allows_it(ec2, settle):
    launched = ec2.run_instances(ImageId=TINY, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    instance_id = launched["Instances"][0]["InstanceId"]
    settle()
    gateway = ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
    path = ec2.create_network_insights_path(
        Source=gateway,
        Destination=instance_id,
        Protocol="tcp",
        FilterAtSource={"DestinationPortRange": {"FromPort": 22, "ToPort": 22}},
    )["NetworkInsightsPath"]
    path_id = path["NetworkInsightsPathId"]
    assert path["DestinationArn"].endswith(f":instance/{instance_id}")
    found = analysed(ec2, settle, path_id)
    assert (found["Status"], found["NetworkPathFound"]) == ("succeeded", False)
    (why,) = found["Explanations"]
    assert (why["ExplanationCode"], why["Direction"]) == ("ENI_SG_RULES_MISMATCH", "ingress")
    assert why["AttachedTo"]["Id"] == instance_id
    group = why["SecurityGroups"][0]["Id"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    found = analysed(ec2, settle, path_id)
    assert found["NetworkPathFound"] is True
    assert found["ForwardPathComponents"][0]["Component"]["Id"] == gateway
    assert found["ForwardPathComponents"][-1]["Component"]["Id"] == instance_id
    assert found["ReturnPathComponents"][0]["Component"]["Id"] == instance_id
    assert found["ReturnPathComponents"][-1]["Component"]["Id"] == gateway
    with pytest.raises(ClientError, match="AnalysisExistsForNetworkInsightsPath"):
        ec2.delete_network_insights_path(NetworkInsightsPathId=path_id)
    pages = ec2.get_paginator("describe_network_insights_analyses").paginate(
        NetworkInsightsPathId=path_id, PaginationConfig={"PageSize": 1}
    )
    shown = [each for page in pages for each in page["NetworkInsightsAnalyses"]]
    assert [each["NetworkPathFound"] for each in sorted(shown, key=lambda e: e["StartDate"])] == [
        False,
        True,
    ]
    for each in shown:
        analysis = {"NetworkInsightsAnalysisId": each["NetworkInsightsAnalysisId"]}
        assert ec2.delete_network_insights_analysis(**analysis).items() >= analysis.items()
    ec2.delete_network_insights_path(NetworkInsightsPathId=path_id)
    assert ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []
    ec2.terminate_instances(InstanceIds=[instance_id])
    settle()


def test_anothers_resources_are_no_ends_of_a_path(ec2, other_ec2):
    own, foreign = (
        client.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
        for client in (ec2, other_ec2)
    )
    with pytest.raises(ClientError, match=r"NetworkInsightsDestination\.NotFound"):
        ec2.create_network_insights_path(Source=own, Destination=foreign, Protocol="udp")
    with pytest.raises(ClientError, match="DryRunOperation"):
        ec2.create_network_insights_path(
            Source=own, DestinationIp="8.8.8.8", Protocol="udp", DryRun=True
        )
    assert ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []
