"""Daemons are recognised and kept alive; ordinary sleeping processes stand in for them."""

import os
import subprocess
import threading
import time

import pytest

from skerry.drivers.network.commands import NetworkCommandError, run
from skerry.drivers.network.ovn.daemons import Daemon, Places
from skerry.drivers.network.ovn.supervisor import Supervisor


class Sleeper:
    """Starts a real process; some first attempts may fail."""

    def __init__(self, name: str, started: list[str]) -> None:
        self.name = name
        self.failures = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._started = started

    def pid(self) -> int | None:
        return (
            self.process.pid if self.process is not None and self.process.poll() is None else None
        )

    def start(self) -> None:
        if self.pid() is not None:
            return
        if self.failures:
            self.failures -= 1
            raise NetworkCommandError("not now")
        self.process = subprocess.Popen(["sleep", "60"])
        self._started.append(self.name)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def started() -> list[str]:
    return []


@pytest.fixture
def sleepers(started):
    made = [Sleeper("database", started), Sleeper("switch", started)]
    yield made
    for each in made:
        each.kill()


@pytest.fixture
def supervisor(sleepers):
    supervisor = Supervisor(sleepers)
    supervisor.start()
    yield supervisor
    supervisor.close()


def _until(condition, within_s: float = 5.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s
        time.sleep(0.001)
    return time.monotonic() - began


def test_what_does_not_run_is_started_and_what_dies_is_started_again_at_once(
    supervisor, sleepers, started
):
    _until(lambda: started == ["database", "switch"])
    sleepers[1].kill()
    _until(lambda: started[2:] == ["switch"], 2)


def test_a_daemon_that_cannot_start_is_tried_again_while_others_are_watched(
    supervisor, sleepers, started
):
    _until(lambda: len(started) == 2)
    sleepers[0].failures = 1
    sleepers[0].kill()
    sleepers[1].kill()
    _until(lambda: sorted(started[2:]) == ["database", "switch"])


def test_closing_leaves_daemons_running_and_starts_none_again(supervisor, sleepers, started):
    _until(lambda: len(started) == 2)
    supervisor.close()
    supervisor.close()
    assert all(each.pid() for each in sleepers)
    sleepers[0].kill()
    time.sleep(0.05)
    assert sleepers[0].pid() is None
    assert "ovn-supervisor" not in {thread.name for thread in threading.enumerate()}


def test_a_process_that_merely_has_the_number_of_a_dead_daemon_is_not_it(tmp_path):
    daemon = Daemon("nb", ("ovsdb-server",), Places(tmp_path, "nowhere"))
    assert daemon.pid() is None
    daemon.pid_file.write_text(f"{os.getpid()}\n")
    assert daemon.pid() is None
    daemon.pid_file.write_text("")
    assert daemon.pid() is None
    daemon.stop()
    daemon.kill()


def test_a_command_that_fails_says_what_it_said_and_one_that_hangs_ends():
    with pytest.raises(NetworkCommandError, match="no such thing"):
        run("sh", "-c", "echo no such thing >&2; exit 3")
    with pytest.raises(NetworkCommandError, match=r"no end after 0\.05 s"):
        run("sleep", "5", timeout_s=0.05)
    assert run("cat", stdin="as given") == "as given"
