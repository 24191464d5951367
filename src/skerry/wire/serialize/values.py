"""Generic values from typed ones, for JSON documents."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from skerry.wire.models import Shape
from skerry.wire.serialize.text import blob, epoch_s, number, timestamp_writer
from skerry.wire.serialize.xml import UnknownMember

ToValue: TypeAlias = Callable[[Any], Any]


class JsonCompiler:
    """Compiles writers; ``strict`` ones raise UnknownMember instead of ignoring."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._structures: dict[str, ToValue] = {}

    def writer(self, shape: Shape) -> ToValue | None:
        """The writer of one value, or None where it goes out as it is."""
        if shape.is_document:
            return None
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return _list(self.writer(shape.element))
            case "map":
                return _map(self.writer(shape.value))
            case "timestamp":
                return _timestamp(shape.traits.get("timestampFormat", "unixTimestamp"))
            case "blob":
                return blob
            case "float" | "double":
                return _number
            case _:
                return None

    def body(self, shape: Shape) -> ToValue:
        """The writer of a body's document, which leaves out what is bound elsewhere."""
        return self.writer(shape) or (lambda value: value)

    def _structure(self, shape: Shape) -> ToValue:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[str, ToValue | None]] = {}
            found = _structure(members, shape.name, strict=self._strict)
            self._structures[shape.name] = found
            for name, member in shape.members:
                is_elsewhere = member.location in ("header", "headers", "statusCode")
                write = _nothing if is_elsewhere else self.writer(member)
                members[name] = (member.location_name or name, write)
        return found


def _structure(
    members: dict[str, tuple[str, ToValue | None]], name: str, *, strict: bool
) -> ToValue:
    def write(value: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            member = members.get(key)
            if member is None:
                if strict:
                    raise UnknownMember(f"{name} has no {key}")
            elif item is not None:
                wire_name, write_member = member
                if write_member is not _nothing:
                    found[wire_name] = item if write_member is None else write_member(item)
        return found

    return write


def _nothing(_: object) -> None:
    """Stands for a member that is bound outside the document."""


def _list(write_item: ToValue | None) -> ToValue | None:
    if write_item is None:
        return None
    return lambda value: [write_item(item) for item in value]


def _map(write_item: ToValue | None) -> ToValue | None:
    if write_item is None:
        return None
    return lambda value: {key: write_item(item) for key, item in value.items()}


def _timestamp(timestamp_format: str) -> ToValue:
    if timestamp_format.lower() == "unixtimestamp":
        return epoch_s
    return timestamp_writer(timestamp_format)


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else number(value)
