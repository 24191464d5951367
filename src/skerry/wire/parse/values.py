"""Typed values from generic ones (what a JSON or CBOR document decodes to)."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from skerry.wire.models import Shape
from skerry.wire.parse.text import blob, epoch, timestamp_reader
from skerry.wire.problems import Malformed

FromValue: TypeAlias = Callable[[Any], Any]

_BITS = {"integer": 31, "long": 63}
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class ValueCompiler:
    """Compiles readers; ``binary``: blobs and timestamps have types of their own (CBOR)."""

    def __init__(self, *, binary: bool) -> None:
        self._structures: dict[str, FromValue] = {}
        self._binary = binary

    def reader(self, shape: Shape) -> FromValue:
        if shape.is_document:
            return lambda value: value
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return _list(self.reader(shape.element))
            case "map":
                return _map(self.reader(shape.key), self.reader(shape.value))
            case _:
                return self._scalar(shape)

    def _scalar(self, shape: Shape) -> FromValue:
        match shape.type:
            case "integer" | "long":
                return _integer(shape.type)
            case "float" | "double":
                return _number
            case "boolean":
                return _boolean
            case "blob":
                return _bytes if self._binary else _base64
            case "timestamp":
                return _timestamp(shape.traits.get("timestampFormat", "unixTimestamp"))
            case _:
                return _string

    def _structure(self, shape: Shape) -> FromValue:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[str, FromValue]] = {}
            found = self._structures[shape.name] = _structure(members)
            for name, member in shape.members:
                members[member.location_name or name] = (name, self.reader(member))
        return found


def _structure(members: dict[str, tuple[str, FromValue]]) -> FromValue:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Malformed("type", value, "structure")
        found: dict[str, Any] = {}
        for wire_name, item in cast("dict[str, Any]", value).items():
            member = members.get(wire_name)
            if member is None or item is None:
                continue
            try:
                found[member[0]] = member[1](item)
            except Malformed as problem:
                raise problem.within(wire_name) from None
        return found

    return read


def _list(element: FromValue) -> FromValue:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Malformed("type", value, "list")
        found: list[Any] = []
        for item in cast("list[Any]", value):
            try:
                found.append(element(item))
            except Malformed as problem:
                raise problem.within(str(len(found) + 1)) from None
        return found

    return read


def _map(read_key: FromValue, read_value: FromValue) -> FromValue:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Malformed("type", value, "map")
        found: dict[str, Any] = {}
        for key, item in cast("dict[str, Any]", value).items():
            try:
                if item is not None:
                    found[read_key(key)] = read_value(item)
            except Malformed as problem:
                raise problem.within(str(key)) from None
        return found

    return read


def _string(value: object) -> str:
    if type(value) is str:
        return value
    raise Malformed("type", value, "string")


def _integer(kind: str) -> FromValue:
    limit = 1 << _BITS[kind]

    def read(value: object) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not -limit <= value < limit:
            raise Malformed("type", value, kind)
        return value

    return read


def _number(value: object) -> float:
    if type(value) is float:
        return value
    if type(value) is int and abs(value) < 1 << 64:
        return float(value)
    if type(value) is str and value in _NON_FINITE:
        return _NON_FINITE[value]
    raise Malformed("type", value, "double")


def _boolean(value: object) -> bool:
    if type(value) is bool:
        return value
    raise Malformed("type", value, "boolean")


def _bytes(value: object) -> bytes:
    if type(value) is bytes:
        return value
    raise Malformed("type", value, "blob")


def _base64(value: object) -> bytes:
    return blob(_string(value))


def _timestamp(timestamp_format: str) -> FromValue:
    from_text = timestamp_reader(timestamp_format)

    def read(value: object) -> datetime:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if type(value) is str:
            return from_text(value)
        if type(value) is int or type(value) is float:
            return epoch(value)
        raise Malformed("type", value, "timestamp")

    return read
