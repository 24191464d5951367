"""One VPC's metadata, without a network."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from skerry.host import metadata
from skerry.host.first_words import FirstWords
from skerry.host.limits import PACKETS_PER_S, Budget, Limits
from skerry.host.metadata import PACKETS, MetadataSource, VpcMetadata
from skerry.services.ec2.metadata.answers import Question
from tests.unit.services.conftest import REGION

WHO = Question("GET", "/latest/meta-data/instance-id", {})


@pytest.fixture
def asking(launch, database):
    """Asks as a guest: the answers to so many requests from an address, and who was heard."""
    guest = launch()

    def ask(*addresses: str) -> tuple[list[int], list[str]]:
        heard: list[str] = []

        async def all_of_them() -> list[int]:
            with ThreadPoolExecutor(1) as pool:
                limits = Limits(pool)
                limits.budget = Budget(lambda: 1)
                words = FirstWords(heard.append, pool)
                source = MetadataSource(database, REGION, b"s" * 32, words)
                served = VpcMetadata(source, guest.vpc_id, limits)
                found = [(await served.answer(each, WHO)).status for each in addresses]
                await asyncio.gather(*words._tasks)
                return found

        return asyncio.run(all_of_them()), heard

    return guest, ask


def test_a_guest_over_its_share_of_a_second_is_told_to_come_again(asking, monkeypatch):
    monkeypatch.setattr(metadata, "PUT_OFF_S", 0)
    guest, ask = asking
    share = PACKETS_PER_S // PACKETS
    found, _ = ask(*[guest.ip] * (share + 1), "172.31.0.250")
    assert found == [200] * share + [503, 404]


def test_a_guest_is_heard_once_and_a_stranger_never(asking):
    guest, ask = asking
    assert ask(guest.ip, guest.ip, "172.31.0.250")[1] == [guest.instance["InstanceId"]]
