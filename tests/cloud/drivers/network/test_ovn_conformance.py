"""The real network keeps the port's promises."""

import pytest

from tests.conformance.network import NetworkConformance


class TestOvnNetwork(NetworkConformance):
    @pytest.fixture
    def network(self, network, world):
        return network
