"""Paths and analyses as things that are made, shown and deleted."""

from datetime import timedelta

from tests.unit.services.calling import Tenant, refused
from tests.unit.services.ec2.network_insights.conftest import Site


def test_paths_are_shown_as_they_were_made(site: Site):
    one, two = site.interface(), site.interface()
    at_source = {"DestinationPortRange": {"FromPort": 80}}
    tags = [{"ResourceType": "network-insights-path", "Tags": [{"Key": "a", "Value": "b"}]}]
    path_id = site.path(one, two, FilterAtSource=at_source, TagSpecifications=tags)
    asked = [{"Name": "filter-at-source.destination-port-range", "Values": ["80-80"]}]
    (path,) = site.tenant("DescribeNetworkInsightsPaths", Filters=asked)["NetworkInsightsPaths"]
    assert path["NetworkInsightsPathId"] == path_id
    assert path["SourceArn"].endswith(f":{site.tenant.account_id}:network-interface/{one}")
    assert path["FilterAtSource"] == {"DestinationPortRange": {"FromPort": 80, "ToPort": 80}}
    assert path["Tags"] == [{"Key": "a", "Value": "b"}]
    assert "DestinationPort" not in path


def test_ends_are_given_by_arn_too(site: Site):
    one, two = site.interface(), site.interface()
    (path,) = [site.path(one, two)]
    found = site.tenant("DescribeNetworkInsightsPaths", NetworkInsightsPathIds=[path])
    (shown,) = found["NetworkInsightsPaths"]
    again = site.path(shown["SourceArn"], shown["DestinationArn"])
    found = site.tenant("DescribeNetworkInsightsPaths", NetworkInsightsPathIds=[again])
    assert found["NetworkInsightsPaths"][0]["Source"] == one


def test_what_a_path_may_not_say(site: Site, other_tenant: Tenant):
    one, two = site.interface(), site.interface()
    missing = "eni-0123456789abcdef0"
    with refused("NetworkInsightsSource.NotFound"):
        site.path(missing, two)
    for unknown in (missing, "sg-0123456789abcdef0", "nonsense", ""):
        with refused("NetworkInsightsDestination.NotFound"):
            site.path(one, unknown)
    with refused("NetworkInsightsSource.NotFound"):
        other_tenant(
            "CreateNetworkInsightsPath",
            Source=one,
            Destination=two,
            Protocol="tcp",
            ClientToken="t",
        )
    with refused("MissingParameter"):
        site.path(one, None)
    with refused("InvalidParameterValue"):
        site.path(one, one)
    with refused("InvalidParameterValue"):
        site.path(one, two, DestinationIp="300.1.1.1")
    backwards = {"DestinationPortRange": {"FromPort": 90, "ToPort": 80}}
    with refused("InvalidParameterValue"):
        site.path(one, two, FilterAtSource=backwards)
    with refused("InvalidParameterCombination"):
        site.path(one, two, FilterAtSource={"SourceAddress": "1.1.1.1"}, DestinationPort=80)
    foreign = f"arn:aws:ec2:us-east-1:{other_tenant.account_id}:network-interface/{two}"
    with refused("UnsupportedOperation"):
        site.path(one, foreign)


def test_a_path_goes_after_its_analyses(site: Site, other_tenant: Tenant):
    path = site.path(site.interface(), site.interface())
    analysis = site.start(path)
    with refused("AnalysisExistsForNetworkInsightsPath"):
        site.tenant("DeleteNetworkInsightsPath", NetworkInsightsPathId=path)
    with refused("InvalidNetworkInsightsAnalysisId.NotFound"):
        other_tenant("DeleteNetworkInsightsAnalysis", NetworkInsightsAnalysisId=analysis)
    site.tenant("DeleteNetworkInsightsAnalysis", NetworkInsightsAnalysisId=analysis)
    site.tenant("DeleteNetworkInsightsPath", NetworkInsightsPathId=path)
    with refused("InvalidNetworkInsightsPathId.NotFound"):
        site.start(path)
    with refused("InvalidNetworkInsightsPathId.Malformed"):
        site.start("nonsense")


def test_analyses_are_found_by_path_by_time_and_by_result(site: Site):
    one, two = site.interface(), site.interface(1)
    yes, no = site.path(one, two), site.path(one, site.gateway)
    found = [site.again(each)["NetworkInsightsAnalysisId"] for each in (yes, no)]

    def ids(**asked: object) -> list[str]:
        shown = site.tenant("DescribeNetworkInsightsAnalyses", **asked)
        return [each["NetworkInsightsAnalysisId"] for each in shown["NetworkInsightsAnalyses"]]

    assert sorted(ids()) == sorted(found)
    assert ids(NetworkInsightsPathId=yes) == found[:1]
    assert ids(Filters=[{"Name": "path-found", "Values": ["false"]}]) == found[1:]
    start = site.shown(found[0])["StartDate"]
    assert ids(AnalysisEndTime=start) == found[:1]
    assert ids(AnalysisStartTime=start + timedelta(hours=1)) == []
