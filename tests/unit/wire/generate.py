"""Random values of botocore's shapes, within the constraints that the models state."""

import random
import re
from datetime import UTC, datetime, timedelta
from re import _constants, _parser  # what re itself parses patterns with

from botocore.model import Shape

from skerry.wire.patterns import compiled, matches

TEXT = "abzAZ09-_.:/ &<>\"'%+=;,é日本😀\n\t"
HEADER_TEXT = "abzAZ09-_.:/&<>'%+=;"
TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789-"
MAX_DEPTH = 8


class Impossible(Exception):
    """No value of this shape was found within its constraints."""


class Generator:
    """One random value after another; ``form``: the protocol has no empty structures or lists."""

    def __init__(self, seed: str, *, form: bool = False, form_lists: bool = True) -> None:
        self.random = random.Random(seed)
        self._form = form
        self._empty_lists = form_lists

    def structure(self, shape: Shape, depth: int = 0) -> dict:
        names = list(shape.members)
        required = [name for name in shape.required_members if name in shape.members]
        if shape.is_tagged_union:
            required, names = [self.random.choice(names)], []
        chosen = set(required)
        share = 0.7 if depth < 4 else 0.3
        chosen.update(name for name in names if self.random.random() < share)
        found = {name: value for name in sorted(chosen) if (value := self._member(
            shape, name, depth, is_required=name in required)) is not None}  # fmt: skip
        if self._form and depth and not found:
            for name in names:
                value = self._member(shape, name, depth, is_required=False)
                if value is not None:
                    return {name: value}
            raise Impossible(shape.name)
        return found

    def _member(self, shape: Shape, name: str, depth: int, *, is_required: bool):
        member = shape.members[name]
        if member.serialization.get("eventstream"):
            return None
        is_deep = depth >= MAX_DEPTH and member.type_name in ("structure", "list", "map")
        if is_deep and not is_required:
            return None
        try:
            found = self.value(member, depth + 1)
        except Impossible:
            if is_required:
                raise
            return None
        is_body = shape.serialization.get("payload") == name
        return "x" if is_body and found == "" else found  # an empty text body is no body

    def value(self, shape: Shape, depth: int):
        if depth > 4 * MAX_DEPTH:
            raise Impossible(shape.name)
        return getattr(self, f"_{shape.type_name}")(shape, depth)

    def _structure(self, shape: Shape, depth: int):
        if shape.is_document_type:
            return {"a": [1, "b", None, True], "c": {"d": 1.5}}
        return self.structure(shape, depth)

    def _list(self, shape: Shape, depth: int):
        least = shape.metadata.get("min", 0)
        is_bound = shape.serialization.get("location") in ("header", "querystring")
        if is_bound or shape.serialization.get("flattened") or not self._empty_lists:
            least = max(least, 1)
        if least > 20:
            raise Impossible(shape.name)
        most = max(least, min(shape.metadata.get("max", 2), 2))
        element = shape.member
        count = self.random.randint(least, most) if depth < MAX_DEPTH else least
        if is_bound:
            limits = element.metadata.get("min", 1), element.metadata.get("max", 8)
            if element.type_name == "string" and not element.enum:
                return [self._chars(HEADER_TEXT + ',"', limits) for _ in range(count)]
        return [self.value(element, depth + 1) for _ in range(count)]

    def _map(self, shape: Shape, depth: int):
        if shape.serialization.get("location") == "headers":
            return {self._chars(TOKEN, (1, 8)): self._chars(HEADER_TEXT, (1, 8)) for _ in "ab"}
        least = max(shape.metadata.get("min", 0), 1 if self._form else 0)
        most = min(shape.metadata.get("max", 2), 2)
        count = max(least, self.random.randint(0, most)) if depth < MAX_DEPTH else least
        return {
            self.value(shape.key, depth + 1): self.value(shape.value, depth + 1)
            for _ in range(count)
        }

    def _string(self, shape: Shape, _depth: int) -> str:
        location = shape.serialization.get("location")
        if shape.serialization.get("jsonvalue"):
            return {"a": [1]}
        if shape.enum:
            return self.random.choice(shape.enum)
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 20)
        if location == "header" or shape.serialization.get("hostLabel"):
            alphabet = HEADER_TEXT if not shape.serialization.get("hostLabel") else TOKEN
        else:
            alphabet = TEXT
        limits = (max(least, 1 if location else 0), max(1, min(most, least + 12)))
        pattern = compiled(shape.metadata["pattern"]) if "pattern" in shape.metadata else None
        if pattern is None:
            return self._chars(alphabet, limits)
        return self._matching(pattern, limits[0], most, alphabet)

    def _matching(self, pattern: re.Pattern, least: int, most: int, alphabet: str) -> str:
        tree = _parser.parse(pattern.pattern)
        for attempt in range(60):
            exactly = least if attempt % 3 == 0 else 0
            text = "".join(self._of(tree, 1 + attempt * max(least, 1) // 20, exactly))
            is_sendable = alphabet is not HEADER_TEXT or re.fullmatch(r"[!-~]([ -~]*[!-~])?", text)
            is_within = least <= len(text) <= most and "\0" not in text
            if is_sendable and is_within and matches(pattern, text):
                return text
        raise Impossible(pattern.pattern)

    def _of(self, tree, repeats: int, exactly: int = 0):  # noqa: C901
        for kind, argument in tree:
            if kind is _constants.LITERAL:
                yield chr(argument)
            elif kind is _constants.NOT_LITERAL or kind is _constants.ANY:
                yield "x"
            elif kind is _constants.IN:
                yield self._one_of(argument)
            elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
                low, high, inner = argument
                most = min(int(high), low + repeats)
                count = min(max(low, exactly), int(high)) if exactly else 0
                for _ in range(count or self.random.randint(low, most)):
                    yield from self._of(inner, repeats)
            elif kind is _constants.SUBPATTERN:
                yield from self._of(argument[-1], repeats)
            elif kind is _constants.BRANCH:
                yield from self._of(self.random.choice(argument[1]), repeats)

    def _one_of(self, items) -> str:
        if items[0][0] is _constants.NEGATE:
            return self.random.choice("aZ0-_ ")
        kind, argument = self.random.choice(items)
        if kind is _constants.LITERAL:
            return chr(argument)
        if kind is _constants.RANGE:
            low, high = argument
            return chr(self.random.randint(max(low, 32), min(high, 126)) if low < 126 else low)
        return {_constants.CATEGORY_DIGIT: "7", _constants.CATEGORY_SPACE: " "}.get(argument, "w")

    def _chars(self, alphabet: str, limits: tuple[int, int]) -> str:
        least, most = limits
        return "".join(
            self.random.choices(alphabet, k=self.random.randint(least, max(least, most)))
        )

    def _integer(self, shape: Shape, _depth: int) -> int:
        least = shape.metadata.get("min", -(1 << 31))
        most = shape.metadata.get("max", (1 << 31) - 1)
        if shape.serialization.get("location") == "statusCode":
            return self.random.choice((200, 206))
        return self.random.choice((least, most, self.random.randint(least, most)))

    def _long(self, shape: Shape, _depth: int) -> int:
        least = shape.metadata.get("min", -(1 << 63))
        most = shape.metadata.get("max", (1 << 63) - 1)
        return self.random.choice((least, most, self.random.randint(least, most)))

    def _double(self, shape: Shape, _depth: int) -> float:
        least, most = shape.metadata.get("min", -1e6), shape.metadata.get("max", 1e6)
        return float(self.random.randint(int(least) * 8, int(most) * 8) / 8)

    _float = _double

    def _boolean(self, _shape: Shape, _depth: int) -> bool:
        return self.random.random() < 0.5

    def _blob(self, shape: Shape, _depth: int) -> bytes:
        least = max(shape.metadata.get("min", 0), 1)
        return self.random.randbytes(self.random.randint(least, least + 9))

    def _timestamp(self, shape: Shape, _depth: int) -> datetime:
        at = datetime(1971, 1, 1, tzinfo=UTC) + timedelta(seconds=self.random.randrange(1 << 32))
        form = shape.serialization.get("timestampFormat", "")
        if shape.serialization.get("location") or form.lower() == "rfc822":
            return at
        return at + timedelta(milliseconds=self.random.choice((0, 1, 999)))
