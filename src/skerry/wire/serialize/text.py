"""Scalars as text: in XML, headers and JSON."""

import base64
import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeAlias

from skerry.wire.models import Shape

ToText: TypeAlias = Callable[[Any], str]


def scalar_to_text(shape: Shape, timestamp_format: str) -> ToText | None:
    """The writer of one scalar, or None for a string, which needs none."""
    match shape.type:
        case "integer" | "long":
            return str
        case "float" | "double":
            return number
        case "boolean":
            return boolean
        case "blob":
            return blob
        case "timestamp":
            return timestamp_writer(shape.traits.get("timestampFormat", timestamp_format))
        case _:
            return None


def number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def boolean(value: bool) -> str:  # noqa: FBT001  (the value itself)
    return "true" if value else "false"


def blob(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def timestamp_writer(timestamp_format: str) -> Callable[[datetime], str]:
    """Aware datetimes only; EC2 and most services give milliseconds."""
    match timestamp_format.lower():
        case "rfc822":
            return lambda value: format_datetime(value.astimezone(UTC), usegmt=True)
        case "unixtimestamp":
            return lambda value: repr(epoch_s(value))
        case _:
            return iso8601


def iso8601(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_s(value: datetime) -> float:
    """Seconds since 1970 to the millisecond; whole seconds as an int."""
    milliseconds = round(value.timestamp() * 1000)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000
