"""What every hypervisor driver does, real or in memory. Subclass and give the two fixtures."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import pytest

from skerry.drivers.compute.port import (
    Compute,
    GuestSpec,
    NicSpec,
    NoCapacityError,
    NoSlotError,
    Power,
)

PATIENCE_S = 30


class ComputeWorld(Protocol):
    """The host around a driver, with the powers that only a test has."""

    def connect(self) -> Compute:
        """A driver as a freshly started control plane would make it."""
        ...

    def spec(self, instance_id: str) -> GuestSpec:
        """A small guest that prints READY and obeys its power button."""
        ...

    def until_ready(self, compute: Compute, instance_id: str) -> None:
        """Wait until the guest has printed READY."""
        ...

    def nic(self, number: int) -> NicSpec:
        """A card whose tap exists."""
        ...

    def kill_process(self, compute: Compute, instance_id: str) -> None:
        """End the guest's process behind the driver's back."""
        ...


class Heard:
    """A watcher that remembers and can be waited for."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._news = threading.Condition()

    def __call__(self, instance_id: str) -> None:
        with self._news:
            self.ids.append(instance_id)
            self._news.notify_all()

    def forget(self) -> None:
        with self._news:
            self.ids.clear()

    def wait_for(self, instance_id: str, timeout_s: float = PATIENCE_S) -> bool:
        with self._news:
            return self._news.wait_for(lambda: instance_id in self.ids, timeout_s)


def until_power(compute: Compute, instance_id: str, power: Power) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while compute.power(instance_id) is not power:
        assert time.monotonic() < deadline, f"{instance_id} is {compute.power(instance_id)}"
        time.sleep(0.005)


def until_unplugged(compute: Compute, instance_id: str, port_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not compute.unplug_card(instance_id, port_id):
        assert time.monotonic() < deadline, f"{instance_id} keeps {port_id}"
        time.sleep(0.005)


class ComputeConformance:
    """The port's promises, one test each."""

    @pytest.fixture
    def world(self) -> ComputeWorld:
        raise NotImplementedError

    @pytest.fixture
    def compute(self, world):
        compute = world.connect()
        yield compute
        for instance_id in compute.instances():
            compute.forget(instance_id)
        compute.close()

    def test_a_guest_that_was_never_started_is_absent(self, compute):
        assert compute.power("i-00000000000000001") is Power.ABSENT
        assert compute.console("i-00000000000000001") == b""
        assert compute.instances() == set()

    def test_a_started_guest_runs_and_is_listed(self, world, compute):
        compute.ensure_running(world.spec("i-00000000000000001"))
        assert compute.power("i-00000000000000001") is Power.RUNNING
        assert compute.instances() == {"i-00000000000000001"}

    def test_starting_a_running_guest_again_changes_nothing(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.ensure_running(spec)
        assert b"READY" in compute.console(spec.instance_id)

    def test_eight_threads_that_start_one_guest_make_one_guest(self, world, compute):
        spec = world.spec("i-00000000000000001")
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(compute.ensure_running, spec) for _ in range(8)]:
                done.result()
        assert compute.power(spec.instance_id) is Power.RUNNING
        compute.remove(spec.instance_id)
        assert compute.power(spec.instance_id) is Power.ABSENT

    def test_the_power_button_shuts_the_guest_down_and_the_evidence_stays(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.press_power_button(spec.instance_id)
        until_power(compute, spec.instance_id, Power.POWERED_OFF)
        compute.close()
        again = world.connect()
        assert again.power(spec.instance_id) is Power.POWERED_OFF
        again.remove(spec.instance_id)
        again.close()

    def test_a_powered_off_guest_starts_anew(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.press_power_button(spec.instance_id)
        until_power(compute, spec.instance_id, Power.POWERED_OFF)
        compute.ensure_running(spec)
        assert compute.power(spec.instance_id) is Power.RUNNING

    def test_button_and_reset_of_an_absent_guest_do_nothing(self, compute):
        compute.press_power_button("i-00000000000000001")
        compute.reset("i-00000000000000001")
        assert compute.instances() == set()

    def test_a_reset_guest_still_runs(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        compute.reset(spec.instance_id)
        assert compute.power(spec.instance_id) is Power.RUNNING

    def test_a_removed_guest_is_absent_and_leaves_its_console(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.remove(spec.instance_id)
        assert compute.power(spec.instance_id) is Power.ABSENT
        assert b"READY" in compute.console(spec.instance_id)
        assert compute.instances() == {spec.instance_id}

    def test_a_forgotten_guest_leaves_nothing(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.forget(spec.instance_id)
        assert compute.instances() == set()
        assert compute.console(spec.instance_id) == b""

    def test_removing_and_forgetting_twice_is_no_error(self, world, compute):
        compute.ensure_running(world.spec("i-00000000000000001"))
        for verb in (compute.remove, compute.remove, compute.forget, compute.forget):
            verb("i-00000000000000001")
        assert compute.instances() == set()

    def test_watchers_hear_of_start_shutdown_and_death(self, world, compute):
        heard = Heard()
        compute.watch(heard)
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        assert heard.wait_for(spec.instance_id)
        world.until_ready(compute, spec.instance_id)
        heard.forget()
        compute.press_power_button(spec.instance_id)
        assert heard.wait_for(spec.instance_id)
        until_power(compute, spec.instance_id, Power.POWERED_OFF)
        compute.ensure_running(spec)
        time.sleep(0.05)
        heard.forget()
        world.kill_process(compute, spec.instance_id)
        assert heard.wait_for(spec.instance_id)
        assert compute.power(spec.instance_id) is Power.ABSENT

    def test_a_watcher_may_call_the_driver_back(self, world, compute):
        seen: list[Power] = []
        heard = Heard()

        def changed(instance_id: str) -> None:
            seen.append(compute.power(instance_id))
            heard(instance_id)

        compute.watch(changed)
        compute.ensure_running(world.spec("i-00000000000000001"))
        assert heard.wait_for("i-00000000000000001")
        assert Power.RUNNING in seen

    def test_guests_outlive_the_driver_and_are_found_by_the_next(self, world, compute):
        spec = world.spec("i-00000000000000001")
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.close()
        again = world.connect()
        heard = Heard()
        again.watch(heard)
        assert again.power(spec.instance_id) is Power.RUNNING
        assert b"READY" in again.console(spec.instance_id)
        world.kill_process(again, spec.instance_id)
        assert heard.wait_for(spec.instance_id)
        assert again.power(spec.instance_id) is Power.ABSENT
        again.forget(spec.instance_id)
        again.close()

    def test_a_guest_that_does_not_fit_is_refused_and_leaves_nothing(self, world, compute):
        capacity = compute.capacity()
        spec = world.spec("i-00000000000000001")
        for vcpus, memory_mib in ((capacity.vcpus + 1, 32), (1, capacity.memory_mib * 2)):
            with pytest.raises(NoCapacityError):
                compute.ensure_running(_sized(spec, vcpus, memory_mib))
        assert compute.power(spec.instance_id) is Power.ABSENT
        assert compute.instances() == set()

    def test_a_guests_memory_is_counted_and_given_back(self, world, compute):
        before_mib = compute.capacity().memory_mib
        spec = _sized(world.spec("i-00000000000000001"), 1, 1024)
        compute.ensure_running(spec)
        assert compute.capacity().memory_mib < before_mib - 900
        compute.remove(spec.instance_id)
        assert compute.capacity().memory_mib > before_mib - 900

    def test_a_card_comes_and_goes_while_the_guest_runs(self, world, compute):
        spec, nic = world.spec("i-00000000000000001"), world.nic(1)
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        for _ in range(2):  # a second time with the same card: nothing of the first is in the way
            compute.plug_card(spec.instance_id, nic)
            compute.plug_card(spec.instance_id, nic)
            assert compute.cards(spec.instance_id) == {nic.port_id}
            until_unplugged(compute, spec.instance_id, nic.port_id)
            assert compute.cards(spec.instance_id) == set()
            assert compute.unplug_card(spec.instance_id, nic.port_id)
        assert compute.power(spec.instance_id) is Power.RUNNING

    def test_a_guest_has_the_cards_that_it_was_started_with_and_lets_them_go(self, world, compute):
        spec = replace(world.spec("i-00000000000000001"), nics=(world.nic(1), world.nic(2)))
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        assert compute.cards(spec.instance_id) == {nic.port_id for nic in spec.nics}
        until_unplugged(compute, spec.instance_id, spec.nics[1].port_id)
        assert compute.cards(spec.instance_id) == {spec.nics[0].port_id}

    def test_cards_are_seen_by_the_next_driver(self, world, compute):
        spec, nic = world.spec("i-00000000000000001"), world.nic(1)
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.plug_card(spec.instance_id, nic)
        compute.close()
        again = world.connect()
        assert again.cards(spec.instance_id) == {nic.port_id}
        again.plug_card(spec.instance_id, nic)
        until_unplugged(again, spec.instance_id, nic.port_id)
        again.forget(spec.instance_id)
        again.close()

    def test_watchers_hear_of_a_card_that_the_guest_let_go(self, world, compute):
        spec, nic, heard = world.spec("i-00000000000000001"), world.nic(1), Heard()
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.plug_card(spec.instance_id, nic)
        compute.watch(heard)
        compute.unplug_card(spec.instance_id, nic.port_id)
        assert heard.wait_for(spec.instance_id)

    def test_cards_of_a_guest_that_does_not_run_are_nobodys(self, world, compute):
        spec, nic = world.spec("i-00000000000000001"), world.nic(1)
        compute.plug_card(spec.instance_id, nic)
        assert compute.cards(spec.instance_id) == set()
        assert compute.unplug_card(spec.instance_id, nic.port_id)
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        compute.plug_card(spec.instance_id, nic)
        compute.remove(spec.instance_id)
        assert compute.cards(spec.instance_id) == set()
        compute.ensure_running(spec)
        assert compute.cards(spec.instance_id) == set()

    def test_slots_run_out_and_come_back(self, world, compute):
        spec, plugged = world.spec("i-00000000000000001"), []
        compute.ensure_running(spec)
        world.until_ready(compute, spec.instance_id)
        with suppress(NoSlotError):
            for number in range(1, 64):
                compute.plug_card(spec.instance_id, world.nic(number))
                plugged.append(world.nic(number).port_id)
        assert 0 < len(plugged) < 63
        assert compute.cards(spec.instance_id) == set(plugged)
        until_unplugged(compute, spec.instance_id, plugged[0])
        compute.plug_card(spec.instance_id, world.nic(64))

    def test_boot_slots_run_out_and_come_back(self, world, compute):
        started = []
        while compute.boot_slot_free():
            spec = world.spec(f"i-0000000000000000{len(started)}")
            compute.ensure_running(spec)
            started.append(spec.instance_id)
            assert len(started) < 20
        assert started
        compute.booted(started[0])
        assert compute.boot_slot_free()


def _sized(spec: GuestSpec, vcpus: int, memory_mib: int) -> GuestSpec:
    return GuestSpec(
        instance_id=spec.instance_id,
        instance_type=spec.instance_type,
        vcpus=vcpus,
        memory_mib=memory_mib,
        disks=spec.disks,
        nics=spec.nics,
        boot=spec.boot,
    )
