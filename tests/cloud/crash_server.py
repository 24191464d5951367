"""The control plane as ``skerry up`` starts it, that dies by SIGKILL at the point a file names.

The file is ``<state_dir>/die-at``; it holds a crossing's name, as tests.crashing gives them, and how
many times that is to be crossed before.
"""

import os
import signal
from pathlib import Path

import uvicorn

from skerry.assembly import Drivers, real_drivers
from skerry.cli.process import configured, sole_process
from skerry.config import Config
from skerry.main import Cloud, log_to, server_settings
from tests.crashing import CrashPoints


class NamedPoint(CrashPoints):
    """Dies at a name instead of a number."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def cross(self, name: str) -> None:
        try:
            point, _, spared = self._file.read_text().partition("#")
        except FileNotFoundError:
            return
        if name != point:
            return
        with self._lock:
            self.crossed.append(name)
            if len(self.crossed) > int(spared or 0):
                os.kill(os.getpid(), signal.SIGKILL)


def serve(config: Config) -> None:
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    points = NamedPoint(config.state_dir / "die-at")
    real = real_drivers(config)
    drivers = Drivers(
        points.around("compute", real.compute),
        points.around("network", real.network),
        points.around("disks", real.disks),
        real.images,
        starters=real.starters,
        stoppers=real.stoppers,
    )
    with points.commits():
        cloud = Cloud(config, drivers)
        cloud.start()
        try:
            uvicorn.Server(server_settings(cloud, config.listen, config.port)).run()
        finally:
            cloud.close()


if __name__ == "__main__":
    settings = configured()
    with sole_process(settings):
        log_to(None, settings.log_level)
        serve(settings)
