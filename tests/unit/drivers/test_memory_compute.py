"""The hypervisor in memory keeps the port's promises, and a few of its own."""

import time

import pytest

from skerry.drivers.compute.memory import MemoryCompute, MemoryHost
from skerry.drivers.compute.port import CardLeavingError, GuestSpec, NicSpec, Power
from tests.conformance.compute import ComputeConformance


def spec_of(instance_id: str) -> GuestSpec:
    return GuestSpec(instance_id, "t2.micro", 1, 64, (), (), None)


class MemoryWorld:
    def __init__(self) -> None:
        self.host = MemoryHost(vcpus=4, memory_mib=8192, boot_slots=2)

    def connect(self) -> MemoryCompute:
        return MemoryCompute(self.host)

    def spec(self, instance_id: str) -> GuestSpec:
        return spec_of(instance_id)

    def until_ready(self, compute: MemoryCompute, instance_id: str) -> None:
        compute.guest_prints(instance_id, b"READY\r\n")

    def nic(self, number: int) -> NicSpec:
        return NicSpec(f"eni-{number:017x}", f"tap{number}", f"02:00:00:00:00:{number:02x}", 9001)

    def kill_process(self, compute: MemoryCompute, instance_id: str) -> None:
        compute.process_dies(instance_id)


class TestMemoryCompute(ComputeConformance):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()


def test_a_guest_that_ignores_its_power_button_runs_on():
    compute = MemoryCompute(MemoryHost(obeys_power_button=False))
    compute.ensure_running(spec_of("i-1"))
    compute.press_power_button("i-1")
    assert compute.power("i-1") is Power.RUNNING


def test_a_broken_guest_shows_it():
    compute = MemoryCompute()
    compute.ensure_running(spec_of("i-1"))
    compute.guest_breaks("i-1")
    assert compute.power("i-1") is Power.BROKEN


def test_the_console_keeps_the_last_64_kib():
    compute = MemoryCompute()
    compute.ensure_running(spec_of("i-1"))
    compute.guest_prints("i-1", b"a" * 65536)
    compute.guest_prints("i-1", b"end")
    assert len(compute.console("i-1")) == 65536
    assert compute.console("i-1").endswith(b"end")


def test_thousands_of_guests_start_in_no_time():
    compute = MemoryCompute()
    began = time.perf_counter()
    for n in range(5000):
        compute.ensure_running(spec_of(f"i-{n}"))
    assert time.perf_counter() - began < 1
    assert len(compute.instances()) == 5000


def test_a_card_that_the_guest_keeps_is_leaving_until_it_lets_go():
    compute = MemoryCompute(MemoryHost(gives_cards_back=False))
    compute.ensure_running(spec_of("i-1"))
    nic = NicSpec("eni-1", "tap1", "02:00:00:00:00:01", 9001)
    compute.plug_card("i-1", nic)
    assert not compute.unplug_card("i-1", "eni-1", force=True)
    assert compute.cards("i-1") == {"eni-1"}
    assert compute.host.guests["i-1"].cut == {"eni-1"}
    with pytest.raises(CardLeavingError):
        compute.plug_card("i-1", nic)
    compute.guest_lets_go("i-1", "eni-1")
    compute.plug_card("i-1", nic)
    assert compute.cards("i-1") == {"eni-1"}
