"""One real cloud for all end-to-end tests; after each of them nothing may be left but what it found."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.guests import Guest, Tenant
from tests.cloud.leaks import check, everything_is_gone, look
from tests.cloud.real_cloud import RealCloud, until

TOOLS = (
    *("qemu-system-x86_64", "qemu-img", "ovn-northd", "ovs-vswitchd", "nft", "ip", "ethtool"),
    *("ssh", "curl", "mke2fs", "lz4"),
)
WEB = b"""#!/bin/sh
mkdir -p /www
echo "hello from $(hostname)" >/www/index.html
httpd -p 80 -h /www
"""


@pytest.fixture(scope="session")
def cloud() -> Iterator[RealCloud]:
    if os.geteuid() != 0:
        pytest.skip("a real cloud needs root")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"a real cloud needs what is not installed here: {', '.join(missing)}")
    cloud = RealCloud()
    try:
        cloud.prepare()
        cloud.start()
        until(cloud.ready, 30, "the cloud is ready")
        yield cloud
        told = cloud.log.read_text(errors="replace")
    finally:
        cloud.destroy()
    everything_is_gone(cloud)
    assert "Traceback" not in told, told[told.index("Traceback") - 500 :][:4000]


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of tests that use the cloud."""
    if "cloud" not in request.fixturenames:
        yield
        return
    cloud: RealCloud = request.getfixturevalue("cloud")
    before = look(cloud)
    yield
    check(cloud, before)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def home(cloud: RealCloud, keys: Path) -> Tenant:
    """The account of the shared guest."""
    return Tenant(cloud, cloud.account("home"), keys)


@pytest.fixture
def tenant(cloud: RealCloud, keys: Path) -> Tenant:
    """A fresh account."""
    return Tenant(cloud, cloud.account(), keys)


@pytest.fixture(scope="session")
def web(home: Tenant) -> Guest:
    """A guest that stays for all tests: its user data starts a web server."""
    guest = home.launch(UserData=WEB)
    guest.wait_for_ssh()
    until(lambda: guest.cloud.reaches(guest.public_ip, 80), 30, "its web server listens")
    return guest
