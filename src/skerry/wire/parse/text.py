"""Scalars written as text: in forms, XML, URIs and headers."""

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from skerry.wire.models import Shape
from skerry.wire.problems import Malformed

FromText: TypeAlias = Callable[[str], Any]

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_BITS = {"integer": 31, "long": 63}
_MAX_EPOCH_S = 253_402_300_799  # the end of the year 9999


def scalar_from_text(shape: Shape, timestamp_format: str) -> FromText:
    """The reader of one scalar; raises Malformed on text that is not of the shape's type."""
    match shape.type:
        case "integer" | "long":
            return integer_reader(shape.type)
        case "float" | "double":
            return number
        case "boolean":
            return boolean
        case "blob":
            return blob
        case "timestamp":
            return timestamp_reader(shape.traits.get("timestampFormat", timestamp_format))
        case _:
            return string


def string(text: str) -> str:
    return text


def integer_reader(kind: str) -> Callable[[str], int]:
    limit = 1 << _BITS[kind]

    def integer(text: str) -> int:
        if _INTEGER.fullmatch(text) is None:
            raise Malformed("type", text, kind)
        value = int(text)
        if not -limit <= value < limit:
            raise Malformed("type", text, kind)
        return value

    return integer


def number(text: str) -> float:
    if "_" in text or len(text) > 64:
        raise Malformed("type", text, "double")
    try:
        return float(text)
    except ValueError:
        raise Malformed("type", text, "double") from None


def boolean(text: str) -> bool:
    folded = text.lower()
    if folded == "true":
        return True
    if folded == "false":
        return False
    raise Malformed("type", text, "boolean")


def blob(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("type", text, "blob") from None


def timestamp_reader(timestamp_format: str) -> Callable[[str], datetime]:
    """Reads the named format first, then the others, as AWS does."""
    if timestamp_format.lower() == "rfc822":
        return _rfc822
    return _iso8601


def epoch(seconds: float) -> datetime:
    """``seconds`` since 1970, UTC, rounded to microseconds."""
    if not math.isfinite(seconds) or not -62_135_596_800 <= seconds <= _MAX_EPOCH_S:
        raise Malformed("type", seconds, "timestamp")
    return datetime.fromtimestamp(seconds, UTC)


def _iso8601(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _epoch_text(text)


def _rfc822(text: str) -> datetime:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return _iso8601(text)


def _epoch_text(text: str) -> datetime:
    try:
        return epoch(number(text))
    except (Malformed, ValueError, OverflowError, OSError):
        raise Malformed("type", text, "timestamp") from None
