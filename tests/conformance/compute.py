"""What every hypervisor driver does, real or in memory. Subclass and give the two fixtures."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from skerry.drivers.compute.port import Compute, GuestSpec, NoCapacityError, Power

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
