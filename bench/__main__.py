"""``python -m bench [names]``: runs the benches, shows the table, writes bench/RESULTS.md after a full run."""

import importlib
import platform
import sys
import time
from pathlib import Path

from bench.report import Result, show, write

NAMES = ("launch", "api", "start", "network", "rules", "disk")


def main(names: list[str]) -> None:
    results: list[Result] = []
    for name in names or NAMES:
        began = time.monotonic()
        results += importlib.import_module(f"bench.{name}").run()
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    show(results)
    if not names:
        write(results, _machine())


def _machine() -> str:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{len(models)} cores ({models[0].split(': ')[1]}), Linux {platform.release()}, TCG"


if __name__ == "__main__":
    main(sys.argv[1:])
