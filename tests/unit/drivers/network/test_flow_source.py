"""The words of OVN's controller about packets, as flows of ports."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest

from skerry.drivers.network.ovn.flow_source import flow_of
from skerry.drivers.network.port import FlowLog, Port

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROUTER, NEAR, FAR = "0a:34:d3:2f:d4:ad", "0a:00:00:00:0a:01", "0a:00:00:00:0a:02"
TCP = (
    'ovs|00012|acl_log(ovn_pinctrl1)|INFO|name="<unnamed>", verdict={verdict}, severity=info, '
    "direction={direction}: tcp,vlan_tci=0x0000,dl_src={src},dl_dst={dst},nw_src=10.0.1.10,"
    "nw_dst=10.0.2.10,nw_tos=0,nw_ecn=0,nw_ttl=63,nw_frag=no,tp_src=47230,tp_dst=81,tcp_flags=psh|ack"
)


def port(mac: str, log: FlowLog = FlowLog.ALL) -> Port:
    return Port(f"eni-{mac[-2:]}", "subnet-1", mac, (IPv4Address("10.0.1.1"),), (), log=log)


def told(line: str, *ports: Port):
    return flow_of(line, {each.mac: each for each in ports}, NOW)


def line(verdict: str, direction: str, src: str, dst: str) -> str:
    return TCP.format(verdict=verdict, direction=direction, src=src, dst=dst)


def test_a_dropped_packet_is_a_rejected_flow_of_the_port_it_was_sent_to():
    flow = told(line("drop", "to-lport", ROUTER, FAR), port(NEAR), port(FAR))
    assert flow is not None
    assert (flow.port_id, flow.ingress, flow.accepted) == ("eni-02", True, False)
    assert (flow.source, flow.destination) == (IPv4Address("10.0.1.10"), IPv4Address("10.0.2.10"))
    assert (flow.protocol, flow.source_port, flow.destination_port) == (6, 47230, 81)
    assert (flow.packets, flow.size_bytes, flow.tcp_flags, flow.at) == (1, None, 8 | 16, NOW)


def test_a_packet_that_a_port_sends_is_its_own_also_within_a_subnet():
    for target in (ROUTER, FAR):
        flow = told(line("allow", "from-lport", NEAR, target), port(NEAR), port(FAR))
        assert flow is not None
        assert (flow.port_id, flow.ingress, flow.accepted) == ("eni-01", False, True)


def test_what_a_network_acl_drops_was_on_its_way_to_a_port():
    flow = told(line("drop", "from-lport", ROUTER, FAR), port(NEAR), port(FAR))
    assert flow is not None
    assert (flow.port_id, flow.ingress, flow.accepted) == ("eni-02", True, False)


@pytest.mark.parametrize(
    ("log", "accepted", "rejected"),
    [
        (FlowLog.NONE, False, False),
        (FlowLog.ACCEPT, True, False),
        (FlowLog.REJECT, False, True),
        (FlowLog.ALL, True, True),
    ],
)
def test_a_port_is_told_of_what_it_asks_for(log: FlowLog, accepted: bool, rejected: bool):
    for verdict, wanted in (("allow", accepted), ("drop", rejected)):
        flow = told(line(verdict, "to-lport", ROUTER, FAR), port(FAR, log))
        assert (flow is not None) == wanted


def test_protocols_without_ports_and_ipv6():
    ping = (
        "verdict=drop, severity=info, direction=to-lport: icmp6,vlan_tci=0x0000,"
        f"dl_src={ROUTER},dl_dst={FAR},ipv6_src=fd00::1,ipv6_dst=fd00::2,ipv6_label=0x0,nw_tos=0,"
        "nw_ecn=0,nw_ttl=63,icmp_type=128,icmp_code=0"
    )
    flow = told(ping, port(FAR))
    assert flow is not None
    assert (flow.protocol, flow.source_port, flow.source) == (58, 0, IPv6Address("fd00::1"))
    esp = (
        "verdict=drop, severity=info, direction=to-lport: ip,vlan_tci=0x0000,"
        f"dl_src={ROUTER},dl_dst={FAR},nw_src=1.2.3.4,nw_dst=10.0.0.1,nw_proto=50,nw_tos=0"
    )
    flow = told(esp, port(FAR))
    assert flow is not None
    assert flow.protocol == 50


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "verdict=drop, severity=info, direction=to-lport: arp,dl_src=x,dl_dst=" + FAR,
        "verdict=drop, severity=info, direction=to-lport: tcp,nw_src=no,nw_dst=1.1.1.1,dl_dst="
        + FAR,
        line("drop", "to-lport", ROUTER, "0a:00:00:00:0a:09"),
    ],
)
def test_what_is_nobodys_or_nonsense_is_left_out(text: str):
    assert told(text, port(NEAR), port(FAR)) is None
