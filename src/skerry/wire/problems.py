"""What can be wrong with a request's content, before it is put in a protocol's own words."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "syntax", "type", "unknown",  # found while parsing: the request says nothing that we can use
    "missing", "enum", "min", "max", "min_length", "max_length", "pattern",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one value.

    ``path`` leads to it in wire names, list positions counted from 1; ``bound`` is what was
    expected: a type's name, a limit, the permitted values, a pattern.
    """

    kind: Kind
    path: tuple[str, ...]
    value: object = None
    bound: object = None


class Malformed(Exception):
    """A request that cannot be parsed; grows its path while it unwinds."""

    def __init__(self, kind: Kind, value: object = None, bound: object = None) -> None:
        super().__init__(kind)
        self._kind: Kind = kind
        self._value = value
        self._bound = bound
        self._reversed_path: list[str] = []

    def within(self, step: str) -> "Malformed":
        self._reversed_path.append(step)
        return self

    @property
    def problem(self) -> Problem:
        return Problem(self._kind, tuple(reversed(self._reversed_path)), self._value, self._bound)
