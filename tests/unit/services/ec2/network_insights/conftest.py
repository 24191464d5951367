"""An account's default VPC with interfaces in it, and a network that says what it is told to say."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network, Probe
from skerry.kernel.engines import Engines
from skerry.reconcile.verdict import Done
from skerry.reconcile.work import Work
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis
from skerry.services.ec2.network_insights.reconcile import reconcile_analysis
from tests.unit.services.calling import Tenant


@dataclass
class TracingNetwork(MemoryNetwork):
    """Says what it is told to say."""

    says: str | None = None
    asked: list[Probe] = field(default_factory=list)

    def trace(self, probe: Probe) -> str | None:
        self.asked.append(probe)
        return self.says


@dataclass
class Site:
    """The default VPC of an account: interfaces in its first subnets, all in one group."""

    tenant: Tenant
    work: Work
    network: TracingNetwork

    def interface(self, subnet: int = 0, **more: object) -> str:
        subnets = self.tenant("DescribeSubnets")["Subnets"]
        subnet_id = sorted(subnets, key=lambda each: each["AvailabilityZone"])[subnet]["SubnetId"]
        made = self.tenant("CreateNetworkInterface", SubnetId=subnet_id, **more)
        return made["NetworkInterface"]["NetworkInterfaceId"]

    def public(self, interface_id: str) -> str:
        address = self.tenant("AllocateAddress")
        allocation = address["AllocationId"]
        self.tenant("AssociateAddress", AllocationId=allocation, NetworkInterfaceId=interface_id)
        return address["PublicIp"]

    @property
    def gateway(self) -> str:
        return self.tenant("DescribeInternetGateways")["InternetGateways"][0]["InternetGatewayId"]

    @property
    def vpc(self) -> str:
        return next(e["VpcId"] for e in self.tenant("DescribeVpcs")["Vpcs"] if e["IsDefault"])

    def allow(self, port: int) -> None:
        (group,) = self.tenant("DescribeSecurityGroups")["SecurityGroups"]
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}
        self.tenant("AuthorizeSecurityGroupIngress", GroupId=group["GroupId"], **rule)

    def path(self, source: str, destination: str | None, **more: object) -> str:
        if destination is not None:
            more["Destination"] = destination
        if "FilterAtSource" not in more:
            more.setdefault("DestinationPort", 80)
        asked = {"Source": source, "Protocol": "tcp", "ClientToken": "t"} | more
        path = self.tenant("CreateNetworkInsightsPath", **asked)["NetworkInsightsPath"]
        return path["NetworkInsightsPathId"]

    def start(self, path_id: str, **more: object) -> str:
        asked = {"NetworkInsightsPathId": path_id, "ClientToken": "t"} | more
        made = self.tenant("StartNetworkInsightsAnalysis", **asked)["NetworkInsightsAnalysis"]
        assert made["Status"] == "running"
        return made["NetworkInsightsAnalysisId"]

    def reconcile(self, analysis_id: str, *, later: timedelta = timedelta(0)):
        with self.tenant.database.read(None) as session:
            row = session.get(NetworkInsightsAnalysis, analysis_id)
            session.expunge(row)
        row.started_at -= later
        verdict = reconcile_analysis(self.work, row)
        self.work.save(row)
        return verdict

    def shown(self, analysis_id: str) -> dict:
        ids = [analysis_id]
        found = self.tenant("DescribeNetworkInsightsAnalyses", NetworkInsightsAnalysisIds=ids)
        return found["NetworkInsightsAnalyses"][0]

    def analyse(self, source: str, destination: str | None, **more: object) -> dict:
        return self.again(self.path(source, destination, **more))

    def again(self, path_id: str, **more: object) -> dict:
        analysis_id = self.start(path_id, **more)
        assert self.reconcile(analysis_id) == Done()
        return self.shown(analysis_id)


@pytest.fixture
def site(tenant: Tenant) -> Site:
    network = TracingNetwork()
    work = Work(tenant.database, Engines({Network: network}), tenant.region)
    return Site(tenant, work, network)
