"""The network's daemons die while a guest is talked to."""

import os
import signal

import pytest

from tests.cloud.guests import Guest
from tests.cloud.real_cloud import RealCloud, until


@pytest.mark.parametrize("name", ["nb", "sb", "conf", "northd", "controller", "vswitchd"])
def test_a_killed_daemon_comes_back_and_a_session_goes_on(cloud: RealCloud, web: Guest, name: str):
    file = cloud.folder / "network" / f"{name}.pid"
    with web.session() as session:
        assert session.is_alive()
        killed = file.read_text()
        os.kill(int(killed), signal.SIGKILL)
        until(lambda: file.exists() and file.read_text() not in ("", killed), 5, "it is back")
        assert session.is_alive()
        assert until(lambda: cloud.reaches(web.public_ip, 80), 5, "new connections work") < 5
