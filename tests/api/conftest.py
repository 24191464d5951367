"""One cloud serves a test module's tests; each test that needs emptiness makes its own account."""

import itertools

import pytest

from tests.api.serving import RunningCloud, in_memory, serving

_names = itertools.count()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("cloud"), in_memory()) as running:
        yield running


@pytest.fixture
def ec2(cloud: RunningCloud):
    """boto3 EC2 client of a fresh account, retries off."""
    return cloud.account_client(f"account-{next(_names)}")


@pytest.fixture
def other_ec2(cloud: RunningCloud):
    """As ``ec2``, of another fresh account."""
    return cloud.account_client(f"account-{next(_names)}")


@pytest.fixture
def settle(cloud: RunningCloud):
    return cloud.settle
