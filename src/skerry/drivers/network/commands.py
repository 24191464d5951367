"""Runs the host's network tools."""

import subprocess


class NetworkCommandError(Exception):
    """A tool failed; the message is what it said."""


def run(*command: str, stdin: str | None = None, timeout_s: float = 30.0) -> str:
    """What the command prints. Raises NetworkCommandError."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise NetworkCommandError(f"{' '.join(command)}: no end after {timeout_s} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise NetworkCommandError(f"{' '.join(command)}: {said}")
    return done.stdout


def succeeds(*command: str) -> bool:
    """Whether the command ends well."""
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
