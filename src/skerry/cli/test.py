"""test: all three tiers, the linters and the type check, with what was skipped and why."""

import subprocess
import sys
import time
from pathlib import Path

import click

from skerry.cli.screen import say

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("imports", ("lint-imports", "--no-cache")),
    ("types", ("basedpyright", "--level", "error")),
    ("unit", ("pytest", "tests/unit", "-rs", "-n", "auto")),
    ("api", ("pytest", "tests/api", "-rs")),
    ("cloud", ("pytest", "tests/cloud", "-rs", "-v", "--durations=15")),
)


@click.command()
@click.argument("tiers", nargs=-1, type=click.Choice([name for name, _ in STEPS]))
def test(tiers: tuple[str, ...]) -> None:
    """Run the tests (all tiers by default)."""
    failed: list[str] = []
    for name, (tool, *arguments) in STEPS:
        if tiers and name not in tiers:
            continue
        say(f"[bold]== {name}[/]: {tool} {' '.join(arguments)}")
        began = time.monotonic()
        done = subprocess.run([str(BIN / tool), *arguments], cwd=ROOT, check=False)
        say(
            f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s"
        )
        if done.returncode != 0:
            failed.append(name)
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")
    say("[green]all passed[/]")
