"""From packets to files: intervals, formats, folders, and what becomes of a log that cannot be written."""

import gzip
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Flow
from skerry.host.flows.collector import FlowCollector
from skerry.host.flows.sink import FileSink
from skerry.services.ec2.flow_log.model import FlowLog
from tests.unit.services.calling import Tenant
from tests.unit.services.ec2.test_topology import add_interfaces

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
STAMP = int(NOON.timestamp())
CLIENT = "172.31.77.77"


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork()


@pytest.fixture
def collector(tenant: Tenant, network: MemoryNetwork, tmp_path: Path) -> FlowCollector:
    sink = FileSink(tmp_path / "s3", tenant.region.name)
    return FlowCollector(tenant.database, tenant.region, network, sink)


@pytest.fixture
def interface(tenant: Tenant) -> dict:
    add_interfaces(tenant, 1)
    return tenant("DescribeNetworkInterfaces")["NetworkInterfaces"][0]


def create(tenant: Tenant, resource: dict, **more: object) -> str:
    asked = {
        "ResourceIds": [resource["NetworkInterfaceId"]],
        "ResourceType": "NetworkInterface",
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::logs",
        "MaxAggregationInterval": 60,
    } | more
    return tenant("CreateFlowLogs", **asked)["FlowLogIds"][0]


def flow(interface: dict, after_s: float = 0, accepted: bool = False, **more: object) -> Flow:
    parts: dict = {
        "port_id": interface["NetworkInterfaceId"],
        "ingress": True,
        "accepted": accepted,
        "protocol": 6,
        "source": ip_address(CLIENT),
        "destination": ip_address(interface["PrivateIpAddress"]),
        "source_port": 40000,
        "destination_port": 22,
        "packets": 1,
        "size_bytes": None,
        "tcp_flags": 2,
        "at": NOON + timedelta(seconds=after_s),
    }
    return Flow(**parts | more)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "s3").rglob("*.log.gz"))


def lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_packets_of_a_flow_are_one_record_of_their_interval(
    tenant: Tenant, network, collector, interface, tmp_path
):
    log_id = create(tenant, interface)
    network.fabric.seen = [flow(interface, 3), flow(interface, 9, tcp_flags=16)]
    collector.step(after(10))
    network.fabric.seen = [flow(interface, 20), flow(interface, 30, destination_port=23)]
    collector.step(after(64))
    assert files(tmp_path) == [], "a packet of the interval may yet be told of"
    collector.step(after(65))
    (path,) = files(tmp_path)
    account, region = tenant.account_id, tenant.region.name
    folder = tmp_path / "s3" / "logs" / "AWSLogs" / account / "vpcflowlogs" / region / "2026/03/04"
    assert path.parent == folder
    assert path.name.startswith(f"{account}_vpcflowlogs_{region}_{log_id}_20260304T1200Z_")
    eni, address = interface["NetworkInterfaceId"], interface["PrivateIpAddress"]
    titles = "srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    assert lines(path) == [
        f"version account-id interface-id {titles}",
        f"2 {account} {eni} {CLIENT} {address} 40000 22 6 3 - {STAMP + 3} {STAMP + 20} REJECT OK",
        f"2 {account} {eni} {CLIENT} {address} 40000 23 6 1 - {STAMP + 30} {STAMP + 30} REJECT OK",
    ]
    collector.step(after(130))
    assert len(files(tmp_path)) == 1, "nothing was seen since, and the interface is not in use"


def test_each_log_has_what_it_asks_for(tenant: Tenant, network, collector, interface, tmp_path):
    for kind in ("ACCEPT", "REJECT", "ALL"):
        create(tenant, interface, TrafficType=kind, LogDestination=f"arn:aws:s3:::{kind.lower()}",
               LogFormat="${action} ${dstport}")  # fmt: skip
    network.fabric.seen = [flow(interface, accepted=True), flow(interface, destination_port=1)]
    collector.step(after(1))
    collector.step(after(66))
    found = {
        path.relative_to(tmp_path / "s3").parts[0]: lines(path)[1:] for path in files(tmp_path)
    }
    assert found == {
        "accept": ["ACCEPT 22"],
        "reject": ["REJECT 1"],
        "all": ["ACCEPT 22", "REJECT 1"],
    }


def test_a_format_of_ones_own_in_folders_of_hive(
    tenant: Tenant, network, collector, interface, tmp_path
):
    fields = (
        "${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${region} "
        "${az-id} ${flow-direction} ${traffic-path} ${version} ${bytes}"
    )
    create(tenant, interface, LogFormat=fields, LogDestination="arn:aws:s3:::logs/net/work/",
           DestinationOptions={"FileFormat": "plain-text", "HiveCompatiblePartitions": True,
                               "PerHourPartition": True})  # fmt: skip
    sized = [flow(interface, size_bytes=60), flow(interface, size_bytes=40, tcp_flags=1)]
    network.fabric.seen = sized
    collector.step(after(0))
    collector.step(after(66))
    (path,) = files(tmp_path)
    assert path.parent.relative_to(tmp_path / "s3").as_posix() == (
        f"logs/net/work/AWSLogs/aws-account-id={tenant.account_id}/aws-service=vpcflowlogs/"
        "aws-region=us-east-1/year=2026/month=03/day=04/hour=12"
    )
    vpc, subnet = interface["VpcId"], interface["SubnetId"]
    zone_id = interface["AvailabilityZoneId"]
    assert lines(path)[1] == (
        f"{vpc} {subnet} - 3 IPv4 {CLIENT} us-east-1 {zone_id} ingress - 5 100"
    )


def test_an_interface_in_use_at_which_nothing_was_seen_has_no_data(
    tenant: Tenant, network, collector, tmp_path
):
    subnet = tenant("DescribeSubnets")["Subnets"][0]
    tenant("CreateVpcEndpoint", VpcId=subnet["VpcId"], SubnetIds=[subnet["SubnetId"]],
           ServiceName="com.amazonaws.us-east-1.ec2", VpcEndpointType="Interface")  # fmt: skip
    (one,) = tenant("DescribeNetworkInterfaces")["NetworkInterfaces"]
    create(tenant, one)
    collector.step(after(0))
    collector.step(after(65))
    (path,) = files(tmp_path)
    whose = f"2 {tenant.account_id} {one['NetworkInterfaceId']}"
    assert lines(path)[1:] == [f"{whose} - - - - - - - {STAMP} {STAMP + 60} - NODATA"]


@pytest.mark.parametrize(
    "more",
    [
        {"source": ip_address("169.254.169.254")},
        {"source": ip_address("172.31.0.2"), "source_port": 53},
        {"source": ip_address("172.31.0.1")},
        {"protocol": 17, "source_port": 67, "destination_port": 68},
    ],
)
def test_what_aws_never_logs_is_not_logged(
    tenant: Tenant, network, collector, interface, tmp_path, more: dict
):
    create(tenant, interface)
    network.fabric.seen = [flow(interface, **more)]
    collector.step(after(0))
    collector.step(after(66))
    assert files(tmp_path) == []


def test_what_was_seen_is_written_when_the_cloud_goes_down(
    tenant: Tenant, network, collector, interface, tmp_path
):
    create(tenant, interface)
    network.fabric.seen = [flow(interface)]
    collector.step(after(1), last=True)
    assert len(lines(files(tmp_path)[0])) == 2


def test_a_destination_that_cannot_be_written_is_told_of_until_it_can(
    tenant: Tenant, network, collector, interface, tmp_path
):
    create(tenant, interface)
    (tmp_path / "s3").write_text("in the way")
    network.fabric.seen = [flow(interface)]
    collector.step(after(0))
    collector.step(after(66))
    (shown,) = tenant("DescribeFlowLogs")["FlowLogs"]
    assert shown["DeliverLogsStatus"] == "FAILED"
    assert "cannot be written" in shown["DeliverLogsErrorMessage"]
    (tmp_path / "s3").unlink()
    network.fabric.seen = [flow(interface, 70)]
    collector.step(after(70))
    collector.step(after(126))
    (shown,) = tenant("DescribeFlowLogs")["FlowLogs"]
    assert shown["DeliverLogsStatus"] == "SUCCESS"
    assert "DeliverLogsErrorMessage" not in shown


def test_a_log_that_was_deleted_writes_no_more(
    tenant: Tenant, network, collector, interface, tmp_path
):
    log_id = create(tenant, interface)
    network.fabric.seen = [flow(interface)]
    collector.step(after(1))
    tenant("DeleteFlowLogs", FlowLogIds=[log_id])
    network.fabric.seen = [flow(interface, 5), flow({**interface, "NetworkInterfaceId": "eni-x"})]
    collector.step(after(66))
    assert files(tmp_path) == []
    with tenant.database.read(None) as session:
        assert session.query(FlowLog).count() == 0


def test_it_runs_by_itself_and_survives_a_network_that_fails(
    tenant: Tenant, network, interface, tmp_path, monkeypatch, caplog
):
    from skerry.host.flows import collector as module

    monkeypatch.setattr(module, "POLL_S", 0.01)
    create(tenant, interface)
    real, calls = network.flows, []

    def failing():
        calls.append(1)
        if len(calls) == 1:
            raise LookupError("not yet")
        return real()

    monkeypatch.setattr(network, "flows", failing)
    sink = FileSink(tmp_path / "s3", tenant.region.name)
    running = FlowCollector(tenant.database, tenant.region, network, sink)
    network.fabric.seen = [flow(interface)]
    running.start()
    while len(calls) < 2:
        time.sleep(0.005)
    running.close()
    assert len(files(tmp_path)) == 1
    assert [each.levelname for each in caplog.records] == ["ERROR"]
