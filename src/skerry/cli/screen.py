"""What the operator sees."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_console = Console(highlight=False)


def say(text: str) -> None:
    """One line; rich markup allowed."""
    _console.print(text, soft_wrap=True)


def table(rows: Iterable[tuple[str, str]]) -> None:
    """Two columns, names and values."""
    grid = Table.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(f"[bold]{name}[/]", value)
    _console.print(grid)


@contextmanager
def progress_bar(title: str) -> Generator[Callable[[str, float], None]]:
    """A bar to report to: ``report(step, fraction)``."""
    columns = (
        TextColumn(f"[bold]{title}[/]"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=_console) as bar:
        task = bar.add_task("", total=1.0)

        def report(step: str, fraction: float) -> None:
            bar.update(task, description=step, completed=fraction)

        yield report
        bar.update(task, completed=1.0, description="done")
