"""A guest's first request in a run is told once, and again when it could not be told."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from skerry.host.first_words import TRIES, FirstWords


def _guest(run: int = 1, reached_run: int = 0):
    return SimpleNamespace(id="i-1", run=run, reached_run=reached_run)


def _told(failures: int, *guests) -> list[str]:
    """Which instances ``spoke`` was called with, when it fails so many times."""
    called: list[str] = []

    def spoke(instance_id: str) -> None:
        called.append(instance_id)
        if len(called) <= failures:
            raise OSError("locked")

    async def hear() -> None:
        with ThreadPoolExecutor(1) as pool:
            words = FirstWords(spoke, pool, retry_s=0)
            for each in guests:
                words.heard(each)
                await asyncio.gather(*words._tasks)

    asyncio.run(hear())
    return called


def test_a_run_is_told_once():
    assert _told(0, _guest(), _guest(), _guest(run=2), _guest(run=2)) == ["i-1", "i-1"]


def test_a_run_that_is_known_is_not_told():
    assert _told(0, _guest(run=3, reached_run=3)) == []


def test_what_could_not_be_told_is_told_again():
    assert _told(2, _guest(), _guest()) == ["i-1"] * 3


def test_after_some_tries_the_next_request_is_as_good_as_the_first():
    assert _told(TRIES, _guest(), _guest()) == ["i-1"] * (TRIES + 1)
