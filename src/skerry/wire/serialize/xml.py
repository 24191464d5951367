"""XML writers, compiled from shapes: each appends its own element's text to one list."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from skerry.wire.models import Shape
from skerry.wire.serialize.text import ToText, scalar_to_text

Append: TypeAlias = Callable[[str], None]
Write: TypeAlias = Callable[[Any, Append], None]

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'

_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


class UnknownMember(ValueError):
    """A handler's answer has a member that the model does not have (strict codecs only)."""


def escape(text: str) -> str:
    """``text`` as XML content or attribute; what XML 1.0 cannot carry becomes U+FFFD."""
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\ufffd"), text)


class XmlCompiler:
    """Compiles shapes; ``strict`` writers raise UnknownMember instead of ignoring."""

    def __init__(self, *, strict: bool, default_item: str = "member") -> None:
        self._strict = strict
        self._default_item = default_item
        self._structures: dict[str, Write] = {}

    def element(self, shape: Shape, tag: str) -> Write:
        """Writes ``<tag>…</tag>``; a flattened list or map writes one per entry."""
        match shape.type:
            case "structure":
                return self._structure(shape, tag)
            case "list":
                return self._list(shape, tag)
            case "map":
                return self._map(shape, tag)
            case _:
                return _text(scalar_to_text(shape, "iso8601"), *_tags(tag, shape))

    def content(self, shape: Shape) -> Write:
        """Writes a structure's members without an element around them."""
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, Write] = {}
            found = self._structures[shape.name] = _members(members, shape, strict=self._strict)
            for name, member in shape.members:
                if not _is_elsewhere(member):
                    members[name] = self.element(member, _member_tag(name, member))
        return found

    def _structure(self, shape: Shape, tag: str) -> Write:
        attributes = {
            name: member.location_name or name
            for name, member in shape.members
            if "xmlAttribute" in member.traits
        }
        opening, closing = _tags(tag, shape)
        if attributes:
            return _attributed(self.content(shape), attributes, opening, closing)
        return _enclosed(self.content(shape), opening, closing)

    def _list(self, shape: Shape, tag: str) -> Write:
        if shape.flattened:
            return _each(self.element(shape.element, tag))
        item_tag = shape.element.location_name or self._default_item
        return _enclosed(_each(self.element(shape.element, item_tag)), *_tags(tag, shape))

    def _map(self, shape: Shape, tag: str) -> Write:
        write_key = self.element(shape.key, shape.key.location_name or "key")
        write_value = self.element(shape.value, shape.value.location_name or "value")
        opening, closing = _tags(tag if shape.flattened else "entry", None)

        def write(value: dict[str, Any], append: Append) -> None:
            for key, item in value.items():
                append(opening)
                write_key(key, append)
                write_value(item, append)
                append(closing)

        return write if shape.flattened else _enclosed(write, *_tags(tag, shape))


def _member_tag(name: str, shape: Shape) -> str:
    if shape.type == "list" and shape.flattened and shape.element.location_name:
        return shape.element.location_name
    return shape.location_name or name


def _is_elsewhere(shape: Shape) -> bool:
    if shape.is_event_stream or "xmlAttribute" in shape.traits:
        return True
    return shape.location in ("header", "headers", "statusCode")


def _tags(tag: str, shape: Shape | None) -> tuple[str, str]:
    traits = shape.traits if shape is not None else {}
    namespace = cast("dict[str, str]", traits.get("xmlNamespace", {}))
    prefix = f":{namespace['prefix']}" if "prefix" in namespace else ""
    attributes = f' xmlns{prefix}="{escape(namespace["uri"])}"' if namespace else ""
    return f"<{tag}{attributes}>", f"</{tag}>"


def _enclosed(content: Write, opening: str, closing: str) -> Write:
    def write(value: Any, append: Append) -> None:
        append(opening)
        content(value, append)
        append(closing)

    return write


def _attributed(content: Write, attributes: dict[str, str], opening: str, closing: str) -> Write:
    def write(value: dict[str, Any], append: Append) -> None:
        append(opening[:-1])
        for name, attribute in attributes.items():
            if value.get(name) is not None:
                append(f' {attribute}="{escape(value[name])}"')
        append(">")
        content(value, append)
        append(closing)

    return write


def _each(write_item: Write) -> Write:
    def write(value: list[Any], append: Append) -> None:
        for item in value:
            write_item(item, append)

    return write


def _text(to_text: ToText | None, opening: str, closing: str) -> Write:
    if to_text is not None:
        return lambda value, append: append(f"{opening}{to_text(value)}{closing}")

    def write(value: str, append: Append) -> None:
        # Half the cost of asking _SPECIAL; most of the time is spent in this function.
        if not value.isprintable() or "&" in value or "<" in value or ">" in value:
            value = escape(value)
        append(f"{opening}{value}{closing}")

    return write


def _members(members: dict[str, Write], shape: Shape, *, strict: bool) -> Write:
    known = {name for name, _ in shape.members}

    def write(value: dict[str, Any], append: Append) -> None:
        for name, item in value.items():
            write_member = members.get(name)
            if write_member is not None and item is not None:
                write_member(item, append)

    def write_strictly(value: dict[str, Any], append: Append) -> None:
        if not known.issuperset(value):
            raise UnknownMember(f"{shape.name} has no {sorted(set(value) - known)}")
        write(value, append)

    return write_strictly if strict else write
