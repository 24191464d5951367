"""The control plane is killed in the middle of every workflow; guests and their sessions do not notice."""

import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.cloud.guests import Guest, Tenant
from tests.cloud.leaks import living
from tests.cloud.real_cloud import TINY, RealCloud, until

STARTS = (
    "before commit",
    "after commit",
    "after disks.ensure",
    "before network.plug",
    "after network.plug",
    "before compute.ensure_running",
    "after compute.ensure_running",
    "after commit#1",
)
STOPS = ("before network.unplug", "after network.unplug", "after compute.remove", "after commit#1")
ENDS = (
    "before compute.remove",
    "after compute.remove",
    "before disks.remove",
    "after disks.remove",
    "before network.apply",
    "after network.apply",
)


class Victim:
    """The cloud, with a control plane that can be told where to die."""

    def __init__(self, cloud: RealCloud) -> None:
        self.cloud = cloud
        self._file = cloud.folder / "die-at"

    def dies(self, point: str, call) -> None:
        """Make the call; the control plane dies at the point; then a new one starts.

        A client that got no answer asks again, as SDKs do.
        """
        until(self.cloud.ready, 20, "the cloud is ready")
        new = self._file.with_suffix(".new")
        new.write_text(point)
        new.replace(self._file)
        answered = False
        with suppress(BotoCoreError, ClientError):  # what a client sees of a server that dies
            call()
            answered = True
        assert self.cloud.wait_for_end(20) == -signal.SIGKILL, point
        self._file.unlink()
        self.start()
        if not answered:
            call()

    def start(self) -> None:
        self.cloud.start("-m", "tests.cloud.crash_server")

    def settles(self, guest: Guest, state: str, point: str) -> None:
        until(lambda: guest.state == state, 40, f"after death {point}: {state}", 0.05)


@pytest.fixture
def victim(cloud: RealCloud) -> Iterator[Victim]:
    cloud.stop()
    victim = Victim(cloud)
    victim.start()
    yield victim
    cloud.stop()
    cloud.start()


def test_guests_and_their_sessions_outlive_the_control_plane(cloud: RealCloud, web: Guest):
    address = web.public_ip
    with web.session() as session:
        assert session.is_alive()
        cloud.kill()
        assert session.is_alive(), "nobody is in control"
        assert cloud.reaches(address, 80), "a new connection needs no control plane either"
        cloud.start()
        until(cloud.ready, 20, "the new control plane is ready")
        assert session.is_alive()
        assert web.metadata("meta-data/instance-id") == web.id
    assert web.state == "running"


def test_a_control_plane_killed_anywhere_converges_and_sessions_stay_up(
    cloud: RealCloud, web: Guest, tenant: Tenant, victim: Victim
):
    with web.session() as session:
        guests = [_die_launching(victim, tenant, point) for point in STARTS]
        assert session.is_alive()
        for point, guest in zip(STOPS, guests, strict=False):
            _die_stopping(victim, guest, point)
        assert session.is_alive()
        _die_starting(victim, guests[0])
        for point, guest in zip(ENDS, guests, strict=False):
            victim.dies(point, lambda: tenant.ec2.terminate_instances(InstanceIds=[guest.id]))  # noqa: B023
            victim.settles(guest, "terminated", point)
        assert session.is_alive()
    for guest in guests:
        guest.terminate()


def _die_launching(victim: Victim, tenant: Tenant, point: str) -> Guest:
    """A client that hears nothing asks again with the same token, and gets one instance."""
    before = living(victim.cloud)
    asked = {
        "ImageId": TINY,
        "InstanceType": "t2.nano",
        "MinCount": 1,
        "MaxCount": 1,
        "SecurityGroupIds": [tenant.group_id],
        "ClientToken": f"token-{len(before)}",
    }
    victim.dies(point, lambda: tenant.ec2.run_instances(**asked))
    answer = tenant.ec2.run_instances(**asked)
    guest = Guest(tenant, answer["Instances"][0]["InstanceId"])
    victim.settles(guest, "running", point)
    assert living(victim.cloud) - before == {guest.id}, f"one instance, after death {point}"
    return guest


def _die_stopping(victim: Victim, guest: Guest, point: str) -> None:
    ec2 = guest.tenant.ec2
    victim.dies(point, lambda: ec2.stop_instances(InstanceIds=[guest.id], Force=True))
    victim.settles(guest, "stopped", point)


def _die_starting(victim: Victim, guest: Guest) -> None:
    point = "after compute.ensure_running"
    victim.dies(point, lambda: guest.tenant.ec2.start_instances(InstanceIds=[guest.id]))
    victim.settles(guest, "running", point)
