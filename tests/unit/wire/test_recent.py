"""The short memory of access keys."""

import pytest

from skerry.wire import recent
from skerry.wire.recent import RecentSecrets
from skerry.wire.sigv4 import Secret

KEY = Secret("AKIA1", "secret", None, "1")


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_a_key_is_looked_up_once_a_second(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()
    monkeypatch.setattr(recent, "time", clock)
    asked: list[str] = []
    present = {"AKIA1": KEY}

    def secret_of(access_key_id: str) -> Secret | None:
        asked.append(access_key_id)
        return present.get(access_key_id)

    recently = RecentSecrets(secret_of)
    assert [recently("AKIA1"), recently("AKIA1")] == [KEY, KEY]
    assert asked == ["AKIA1"]
    del present["AKIA1"]
    clock.now += recent.KEPT_S
    assert recently("AKIA1") is None
    assert recently("AKIA1") is None
    assert asked == ["AKIA1"] * 3


def test_what_does_not_exist_is_not_remembered(monkeypatch: pytest.MonkeyPatch):
    found: list[Secret | None] = [None, KEY]
    recently = RecentSecrets(lambda _: found.pop(0))
    assert recently("AKIA1") is None
    assert recently("AKIA1") is KEY


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recent, "_MOST", 2)
    asked: list[str] = []

    def secret_of(access_key_id: str) -> Secret:
        asked.append(access_key_id)
        return KEY

    recently = RecentSecrets(secret_of)
    for each in ("a", "b", "c", "a"):
        recently(each)
    assert asked == ["a", "b", "c", "a"]
