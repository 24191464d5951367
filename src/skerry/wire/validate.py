"""The model's constraints, compiled once per input shape into one function over parsed values."""

from collections.abc import Callable, Sized
from typing import Any, TypeAlias

from skerry.wire.limits import MAX_VIOLATIONS
from skerry.wire.models import Shape
from skerry.wire.patterns import compiled, matches
from skerry.wire.problems import Problem

Path: TypeAlias = tuple[str, ...]
Check: TypeAlias = Callable[[Any, Path, list[Problem]], None]
Label: TypeAlias = Callable[[str, Shape], str]


def compile_checks(shape: Shape, label: Label, item_step: str) -> Check | None:
    """The check of every constraint below ``shape``; None where there is none.

    ``label`` names a member in an error's path; ``item_step`` follows a list's position in it.
    """
    return _Compiler(label, item_step).check(shape)


class _Compiler:
    def __init__(self, label: Label, item_step: str) -> None:
        self._label = label
        self._item_step = (item_step,) if item_step else ()
        self._done: dict[str, Check | None] = {}
        self._open: set[str] = set()

    def check(self, shape: Shape) -> Check | None:
        if shape.name in self._open:
            return self._later(shape.name)
        if shape.name not in self._done:
            self._open.add(shape.name)
            self._done[shape.name] = self._compile(shape)
            self._open.remove(shape.name)
        return self._done[shape.name]

    def _later(self, name: str) -> Check:
        # A recursive shape refers to itself before its own check exists.
        def check(value: Any, path: Path, sink: list[Problem]) -> None:
            found = self._done[name]
            if found is not None and len(sink) < MAX_VIOLATIONS:
                found(value, path, sink)

        return check

    def _compile(self, shape: Shape) -> Check | None:
        if shape.is_document or shape.is_event_stream:
            return None
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return _both(_size(shape), self._list(shape))
            case "map":
                return _both(_size(shape), self._map(shape))
            case "string":
                return _string(shape)
            case "blob":
                return None if "streaming" in shape.traits else _size(shape)
            case "integer" | "long" | "float" | "double":
                return _range(shape)
            case _:
                return None

    def _structure(self, shape: Shape) -> Check | None:
        labels = {name: self._label(name, member) for name, member in shape.members}
        required = [(name, labels[name]) for name in shape.required if name in labels]
        checks = [
            (name, labels[name], check)
            for name, member in shape.members
            if (check := self.check(member)) is not None
        ]
        if not required and not checks:
            return None

        def check_structure(value: dict[str, Any], path: Path, sink: list[Problem]) -> None:
            for name, label in required:
                if value.get(name) is None:
                    sink.append(Problem("missing", (*path, label)))
            for name, label, check in checks:
                item = value.get(name)
                if item is not None and len(sink) < MAX_VIOLATIONS:
                    check(item, (*path, label), sink)

        return check_structure

    def _list(self, shape: Shape) -> Check | None:
        check = self.check(shape.element)
        if check is None:
            return None
        item_step = self._item_step

        def check_list(value: list[Any], path: Path, sink: list[Problem]) -> None:
            for position, item in enumerate(value, 1):
                if len(sink) >= MAX_VIOLATIONS:
                    return
                if item is not None:
                    check(item, (*path, str(position), *item_step), sink)

        return check_list

    def _map(self, shape: Shape) -> Check | None:
        check_key = self.check(shape.key)
        check_value = self.check(shape.value)
        if check_key is None and check_value is None:
            return None

        def check_map(value: dict[str, Any], path: Path, sink: list[Problem]) -> None:
            for key, item in value.items():
                if len(sink) >= MAX_VIOLATIONS:
                    return
                if check_key is not None:
                    check_key(key, (*path, key), sink)
                if check_value is not None and item is not None:
                    check_value(item, (*path, key), sink)

        return check_map


def _both(first: Check | None, second: Check | None) -> Check | None:
    if first is None or second is None:
        return first or second

    def check(value: Any, path: Path, sink: list[Problem]) -> None:
        first(value, path, sink)
        second(value, path, sink)

    return check


def _size(shape: Shape) -> Check | None:
    least, most = shape.traits.get("min"), shape.traits.get("max")
    if not least and most is None:
        return None

    def check_size(value: Sized, path: Path, sink: list[Problem]) -> None:
        if least and len(value) < least:
            sink.append(Problem("min_length", path, value, least))
        elif most is not None and len(value) > most:
            sink.append(Problem("max_length", path, value, most))

    return check_size


def _range(shape: Shape) -> Check | None:
    least, most = shape.traits.get("min"), shape.traits.get("max")
    if least is None and most is None:
        return None

    def check_range(value: float, path: Path, sink: list[Problem]) -> None:
        if least is not None and value < least:
            sink.append(Problem("min", path, value, least))
        elif most is not None and value > most:
            sink.append(Problem("max", path, value, most))

    return check_range


def _string(shape: Shape) -> Check | None:
    values: list[str] | None = shape.traits.get("enum")
    if values:
        return _enum(values)
    return _both(_size(shape), _pattern(shape.traits.get("pattern")))


def _enum(values: list[str]) -> Check:
    permitted = frozenset(values)

    def check_enum(value: str, path: Path, sink: list[Problem]) -> None:
        if value not in permitted:
            sink.append(Problem("enum", path, value, values))

    return check_enum


def _pattern(source: str | None) -> Check | None:
    pattern = compiled(source) if source else None
    if pattern is None:
        return None

    def check_pattern(value: str, path: Path, sink: list[Problem]) -> None:
        if not matches(pattern, value):
            sink.append(Problem("pattern", path, value, source))

    return check_pattern
