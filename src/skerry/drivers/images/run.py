"""Run one of the host's tools for an image build."""

import os
import subprocess
from pathlib import Path


class ImageBuildError(Exception):
    """A step of an image build failed; the message is for the operator."""


def run(*command: str, stdin: bytes = b"", folder: Path | None = None) -> bytes:
    """Run to the end and return the output. Raises ImageBuildError with the tool's own words."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            cwd=folder,
            capture_output=True,
            check=False,
            env=os.environ | {"LC_ALL": "C"},
        )
    except FileNotFoundError as missing:
        raise ImageBuildError(f"{command[0]} is not installed on this host") from missing
    if done.returncode != 0:
        last_words = done.stderr.decode(errors="replace").strip()[-500:]
        raise ImageBuildError(f"{command[0]} failed: {last_words or done.returncode}")
    return done.stdout
