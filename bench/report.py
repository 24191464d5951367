"""What a bench says: a measure, ours, the peer's, their ratio, and the promise."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("RESULTS.md")
WIDTH = 160  # a pipe has no width; rich would take 80


@dataclass(frozen=True)
class Result:
    """``ratio`` is ours to the peer's, or the peer's to ours where less is better; see ``promise``."""

    name: str
    ours: str
    peer: str
    ratio: float | None
    promise: str
    kept: bool | None  # None: reported, not promised


def show(results: list[Result]) -> None:
    table = Table(*("what", "ours", "peer", "ratio", "promise", "kept"))
    for each in results:
        table.add_row(*_cells(each))
    Console(width=max(Console().width, WIDTH)).print(table)


def write(results: list[Result], machine: str) -> None:
    lines = [
        "# Bench results",
        "",
        f"One run of `.venv/bin/python -m bench` on {machine}. Peers were measured in the same run.",
        "",
        "| what | ours | peer | ratio | promise | kept |",
        "|---|---|---|---|---|---|",
        *("| " + " | ".join(_cells(each)) + " |" for each in results),
        "",
    ]
    RESULTS.write_text("\n".join(lines))


def _cells(each: Result) -> tuple[str, ...]:
    ratio = "" if each.ratio is None else f"{each.ratio:.2f}x"
    kept = {True: "yes", False: "**no**", None: ""}[each.kept]
    return each.name, each.ours, each.peer, ratio, each.promise, kept
