"""``Filters`` of Describe actions: names declared per resource, values with ``*`` and ``?``.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html (values of one filter are
alternatives, several filters must all hold, matching is case-sensitive).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from skerry.kernel.errors import InvalidParameterValue

Row = TypeVar("Row")
Value: TypeAlias = str | int | bool | datetime | None
Getter: TypeAlias = Callable[[Row], Value | Iterable[Value]]

MAX_VALUES = 200


def select_rows(
    rows: Iterable[Row],
    filters: Sequence[Mapping[str, Any]] | None,
    getters: Mapping[str, Getter[Row]],
    tags: Callable[[Row], Mapping[str, str]] | None = None,
) -> list[Row]:
    """The rows that pass every filter. Raises InvalidParameterValue for a filter that is not declared.

    ``tags`` (row → its tags) makes ``tag:KEY`` and ``tag-key`` known.
    """
    tests = [_test(one, getters, tags) for one in filters or ()]
    return [row for row in rows if all(test(row) for test in tests)]


def _test(
    one: Mapping[str, Any],
    getters: Mapping[str, Getter[Row]],
    tags: Callable[[Row], Mapping[str, str]] | None,
) -> Callable[[Row], bool]:
    name: str = one.get("Name") or ""
    wanted: Sequence[str] = one.get("Values") or []
    if len(wanted) > MAX_VALUES:
        raise InvalidParameterValue(
            value=name, name="Filter", why=f"A filter takes at most {MAX_VALUES} values."
        )
    getter = _getter(name, getters, tags)
    matches = matcher(wanted)
    return lambda row: any(matches(text) for text in _texts(getter(row)))


def _getter(
    name: str,
    getters: Mapping[str, Getter[Row]],
    tags: Callable[[Row], Mapping[str, str]] | None,
) -> Getter[Row]:
    if name in getters:
        return getters[name]
    if tags is not None and name.startswith("tag:"):
        key = name[4:]
        return lambda row: tags(row).get(key)
    if tags is not None and name == "tag-key":
        return lambda row: list(tags(row))
    raise InvalidParameterValue(
        value=name, name="Filter.Name", why="This action has no filter of that name."
    )


def matcher(wanted: Sequence[str]) -> Callable[[str], bool]:
    """A test for "equals one of these", where ``*`` is any text, ``?`` any character, ``\\`` quotes."""
    exact = {text for text in wanted if not set(text) & set("*?\\")}
    patterns = [_pattern(text) for text in wanted if text not in exact]
    return lambda text: text in exact or any(p.fullmatch(text) for p in patterns)


def _pattern(text: str) -> re.Pattern[str]:
    """Wildcards to a regular expression; runs of ``*`` are one, so hostile patterns stay linear-ish."""
    parts: list[str] = []
    characters = iter(re.sub(r"\*+", "*", text))
    for character in characters:
        if character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        else:
            parts.append(re.escape(next(characters, "\\") if character == "\\" else character))
    return re.compile("".join(parts), re.DOTALL)


def _texts(value: Value | Iterable[Value]) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, datetime):
        return (value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z",)
    if isinstance(value, str | int):
        return (str(value),)
    return [text for each in value for text in _texts(each)]
