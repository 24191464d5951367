"""Engines that do not come up at once: the API answers meanwhile, and what was asked for is made later."""

from dataclasses import replace
from pathlib import Path

import pytest

from skerry import main
from tests.api.serving import TINY, in_memory, serving


def test_engines_that_fail_to_start_are_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(main, "RETRY_ENGINES_S", 0.2)
    tries: list[int] = []

    def start() -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise OSError("not yet")

    with serving(tmp_path, replace(in_memory(), starters=(start,))) as running:
        ec2 = running.default_client()
        launched = ec2.run_instances(ImageId=TINY, MinCount=1, MaxCount=1, InstanceType="t2.nano")
        running.settle()
        state = ec2.describe_instances(InstanceIds=[launched["Instances"][0]["InstanceId"]])
        assert state["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
        assert len(tries) == 3
