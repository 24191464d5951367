"""The cloud as a background process: found by the lock it holds, not by its name."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from skerry.config import Config, ConfigError, load_config

START_S = 30.0
STOP_S = 30.0


def configured() -> Config:
    """The configuration, or a plain sentence why not."""
    try:
        return load_config()
    except ConfigError as bad:
        raise click.ClickException(str(bad)) from bad


def pid_file(config: Config) -> Path:
    return config.state_dir / "run" / "skerry.pid"


def log_file(config: Config) -> Path:
    return config.state_dir / "log" / "skerry.log"


def running_pid(config: Config) -> int | None:
    """The process id of the running cloud, or None."""
    try:
        with pid_file(config).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except FileNotFoundError:
        pass
    return None


@contextmanager
def sole_process(config: Config) -> Generator[None]:
    """Be the one process of this cloud while the block runs. Raises ClickException otherwise."""
    path = pid_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"cloud {config.cloud!r} is already running") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def start_in_background(config: Config) -> None:
    """Start the cloud detached from this terminal and wait until it accepts connections."""
    log_file(config).parent.mkdir(parents=True, exist_ok=True)
    with log_file(config).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "skerry.cli.background"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if answers(config):
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise click.ClickException(f"the cloud did not start:\n{last_lines(log_file(config), 15)}")


def stop(config: Config) -> bool:
    """End the control plane; guests go on. False if it was not running."""
    pid = running_pid(config)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_S
    while running_pid(config) is not None:
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)  # crash-only: nothing is lost by this
            end = time.monotonic() + STOP_S
        time.sleep(0.01)
    return True


def answers(config: Config) -> bool:
    """Whether something accepts connections at the endpoint."""
    try:
        with socket.create_connection((config.listen, config.port), timeout=1):
            return True
    except OSError:
        return False


def last_lines(path: Path, count: int) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
