"""The engines at hand, asked for by their port, so that a handler names what it uses."""

from typing import TypeVar, cast

Port = TypeVar("Port")


class Engines:
    """Port class → the driver in use."""

    def __init__(self, drivers: dict[type, object]) -> None:
        self._drivers = drivers

    def get(self, port: type[Port]) -> Port:
        """The driver behind ``port``."""
        return cast("Port", self._drivers[port])
