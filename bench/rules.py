"""A VPC of 1,000 ports: compiled from nothing, and how soon a changed rule is in force. There is no peer.

Time is from the change being handed to the network to the first connection that goes through; two of the
ports are namespaces, the others exist in the database and in the flows.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tests.cloud.drivers.network.stations import Station
from tests.topologies import OUT, group, port, tcp, vpc

from bench.report import Result
from skerry.drivers.network import namespaces
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings

LAN, VPC = "skb-lan", "vpc-0a"
PORTS, CHANGES = 1000, 60
FIRST_S, CHANGE_S = 5.0, 0.3


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="skb-", dir="/var/tmp") as folder:
        namespaces.ensure(LAN)
        settings = OvnSettings("skbench", Path(folder), IPv4Network("198.18.88.0/24"), outside=LAN)
        network = OvnNetwork(settings)
        network.start()
        stations: list[Station] = []
        try:
            return _measure(network, stations)
        finally:
            for station in stations:
                station.remove()
            network.stop()
            namespaces.remove(LAN)


def _measure(network: OvnNetwork, stations: list[Station]) -> list[Result]:
    ports = [_port(number) for number in range(PORTS)]
    closed = vpc(VPC, [group("sg-web", OUT)], ports)
    subnet = replace(closed.subnets[0], cidr=IPv4Network("10.0.0.0/20"))
    closed = replace(closed, subnets=(subnet,))
    began = time.perf_counter()
    network.apply(closed)
    first = time.perf_counter() - began
    stations += [Station(network, each) for each in ports[:2]]
    one, two = stations
    times: list[float] = []
    touched: set[int] = set()
    for number in range(CHANGES):
        two.serve(8000 + number)
        rule = tcp(f"rule-{number}", 8000 + number)
        began = time.perf_counter()
        network.apply(replace(closed, groups=(group("sg-web", OUT, rule),)))
        touched.add(network.rows_touched)
        while not one.reaches(two.address, 8000 + number, 0.05):
            pass
        times.append(time.perf_counter() - began)
    times.sort()
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    median = statistics.median(times)
    return [
        Result(f"a VPC of {PORTS} ports, from nothing to its last flow", f"{first:.1f} s", "", None,
               f"≤ {FIRST_S:.0f} s", first <= FIRST_S),
        Result(f"a changed rule in force among {PORTS} ports, median; p99 (rows touched: "
               f"{', '.join(map(str, sorted(touched)))})", f"{median * 1e3:.0f} ms; {p99 * 1e3:.0f} ms",
               "", None, f"p99 ≤ {CHANGE_S * 1e3:.0f} ms", p99 <= CHANGE_S),
    ]  # fmt: skip


def _port(number: int):
    made = port(VPC, number % 256, "10.0.1.0", "sg-web")
    mac = f"0a:00:00:01:{number // 256:02x}:{number % 256:02x}"
    address = IPv4Address("10.0.1.4") + number
    return replace(made, port_id=f"eni-0a{number:015x}", mac=mac, addresses=(address,))
