"""Daemons that die, a database that is wiped, a driver that restarts."""

import os
import signal

import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.driver import OvnNetwork
from tests.cloud.drivers.network.stations import (
    ask,
    becomes,
    connect,
)
from tests.topologies import OUT, group, port, tcp, vpc

A = "vpc-0a"


def _pair(world):
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    value = vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports)
    world.apply(value)
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    return value, one, two


@pytest.mark.parametrize("name", ["nb", "sb", "conf", "northd", "vswitchd", "controller"])
def test_a_killed_daemon_comes_back_and_a_tcp_session_survives(world, network: OvnNetwork, name):
    value, one, two = _pair(world)
    daemon = next(each for each in network._daemons if each.name == name)
    with connect(one.name, two.address, 80) as session:
        assert ask(session, "before").endswith("before")
        killed = daemon.pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        becomes(True, lambda: daemon.pid() not in (None, killed), 3)
        assert ask(session, "after", 10).endswith("after")
    rules = [group("sg-web", OUT, tcp("web", 80), tcp("alt", 81))]
    becomes(True, lambda: _applies(network, vpc(A, rules, value.ports)), 20)
    two.serve(81)
    becomes(True, lambda: one.reaches(two.address, 81, 0.3))


def _applies(network: OvnNetwork, value) -> bool:
    try:
        network.apply(value)
    except Exception:
        return False
    return True


def test_applying_the_same_again_touches_nothing_and_a_rule_only_its_own_rows(world, network):
    value, _one, _two = _pair(world)
    network.apply(value)
    assert network.rows_touched == 0
    rules = [group("sg-web", OUT, tcp("web", 80), tcp("alt", 81))]
    network.apply(vpc(A, rules, value.ports))
    assert network.rows_touched == 2, "the rule, and its group that refers to it"


def test_a_wiped_database_is_rebuilt_by_applying_again(world, network: OvnNetwork):
    value, one, two = _pair(world)
    control = ("ovn-nbctl", f"--db=unix:{network._places.northbound}")
    before = run(*control, "show")
    for table in ("logical_router", "port_group", "dhcp_options"):
        run(*control, "--all", "destroy", table)
    for switch in run(*control, "--bare", "--columns=name", "list", "logical_switch").split():
        if switch != "external":
            run(*control, "ls-del", switch)
    becomes(False, lambda: one.reaches(two.address, 80, 0.3))
    network.apply(value)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    assert sorted(_names(run(*control, "show"))) == sorted(_names(before))


def _names(listing: str) -> list[str]:
    return [line.split("(")[-1] for line in listing.splitlines() if "(" in line]


def test_a_second_driver_adopts_what_runs_without_disturbing_it(world, network: OvnNetwork):
    value, one, two = _pair(world)
    pids = [daemon.pid() for daemon in network._daemons]
    with connect(one.name, two.address, 80) as session:
        second = OvnNetwork(network._settings)
        try:
            second.start()
            assert [daemon.pid() for daemon in second._daemons] == pids
            second.apply(value)
            assert second.rows_touched == 0
            assert ask(session, "still here").endswith("still here")
        finally:
            second.close()


def test_a_tap_is_plugged_once_and_unplugged_without_trace(network: OvnNetwork):
    port_id = "eni-0123456789abcdef0"
    assert network.plug(port_id) == network.plug(port_id)
    assert network.plugged() == {port_id}
    network.unplug(port_id)
    network.unplug(port_id)
    assert network.plugged() == set()
    assert "tap" not in run("ip", "-n", network.namespace, "-o", "link", "show")


def test_a_tap_that_a_crash_left_without_a_port_is_removed_at_the_start(network: OvnNetwork):
    run("ip", "-n", network.namespace, "tuntap", "add", "tapleftover", "mode", "tap")
    second = OvnNetwork(network._settings)
    second.start()
    second.close()
    assert "tapleftover" not in run("ip", "-n", network.namespace, "-o", "link", "show")
    assert namespaces.exists(network.namespace)
