"""The operator's commands, while guests run."""

import time
from collections.abc import Iterator

import pytest

from tests.cloud.guests import Guest
from tests.cloud.real_cloud import RealCloud, until


@pytest.fixture
def by_hand(cloud: RealCloud) -> Iterator[RealCloud]:
    """The cloud, for ``skerry up`` and ``down`` to start and stop."""
    cloud.stop()
    yield cloud
    cloud.command("down")
    cloud.start()


def test_down_and_up_disturb_no_session(by_hand: RealCloud, cloud: RealCloud, web: Guest):
    cloud.command("up")
    address = web.public_ip
    with web.session() as session:
        assert session.is_alive()
        cloud.command("down")
        assert session.is_alive()
        assert cloud.reaches(address, 80)
        began = time.monotonic()
        cloud.command("up")
        assert time.monotonic() - began < 5
        assert "running, pid" in cloud.command("status")
        assert session.is_alive()
    assert web.public_ip == address


def test_guests_and_network_that_were_taken_down_come_back_with_up(
    by_hand: RealCloud, cloud: RealCloud, web: Guest
):
    cloud.command("up")
    until(cloud.ready, 20, "the cloud is ready")
    web.ssh("echo kept >file; sync")
    cloud.command("down", "--guests")
    listing = cloud.outside("ip", "-brief", "link").stdout
    assert "sku-" not in listing, "the way to the public addresses is gone"
    cloud.command("up")
    web.wait_for_ssh()
    assert web.ssh("cat file") == "kept"
    web.ssh("sudo httpd -p 80 -h /www")  # user data runs at an instance's first boot only
    until(cloud.ready, 20, "the cloud is ready")
