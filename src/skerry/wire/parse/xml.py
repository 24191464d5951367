"""XML documents as trees, and typed values from them."""

from collections.abc import Callable
from typing import Any, TypeAlias
from xml.parsers import expat

from skerry.wire.limits import MAX_DEPTH, MAX_NODES
from skerry.wire.models import Shape
from skerry.wire.parse.text import scalar_from_text
from skerry.wire.problems import Malformed


class Element:
    """One element; names have lost their namespace prefix."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""


FromElement: TypeAlias = Callable[[Element], Any]


def xml_document(body: bytes) -> Element:
    """The root of ``body``. Declares no entities, loads nothing. Raises Malformed."""
    return _Builder().build(body)


class _Builder:
    def __init__(self) -> None:
        self._open: list[Element] = [Element("", {})]
        self._nodes = 0

    def build(self, body: bytes) -> Element:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(body, True)  # noqa: FBT003  (expat's own signature)
        except (expat.ExpatError, ValueError):
            raise Malformed("syntax", bound="not well-formed XML") from None
        return self._open[0].children[0]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) > MAX_DEPTH:
            raise Malformed("syntax", bound="too deep or too many elements")
        local = {_local(name): value for name, value in attributes.items()}
        element = Element(_local(tag), local)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text


class XmlCompiler:
    """Compiles readers of elements."""

    def __init__(self) -> None:
        self._structures: dict[str, FromElement] = {}

    def reader(self, shape: Shape) -> FromElement:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return _children(self.reader(shape.element), shape.element.location_name)
            case "map":
                return _pairs(self._entry(shape))
            case _:
                return _scalar(shape)

    def _structure(self, shape: Shape) -> FromElement:
        found = self._structures.get(shape.name)
        if found is None:
            members: dict[str, tuple[str, FromElement]] = {}
            repeated: dict[str, tuple[str, FromElement]] = {}
            attributes: dict[str, str] = {}
            found = _structure(members, repeated, attributes)
            self._structures[shape.name] = found
            for name, member in shape.members:
                if "xmlAttribute" in member.traits:
                    attributes[_local(member.location_name or name)] = name
                elif member.flattened and member.type in ("list", "map"):
                    repeated[_repeated_tag(name, member)] = (name, self._one(member))
                else:
                    members[member.location_name or name] = (name, self.reader(member))
        return found

    def _one(self, shape: Shape) -> FromElement:
        """The reader of one of a flattened list's or map's elements."""
        return self.reader(shape.element) if shape.type == "list" else self._entry(shape)

    def _entry(self, shape: Shape) -> FromElement:
        read_key, read_value = self.reader(shape.key), self.reader(shape.value)
        key_tag = shape.key.location_name or "key"
        value_tag = shape.value.location_name or "value"

        def read(element: Element) -> tuple[Any, Any]:
            key = _only(element, key_tag)
            value = _only(element, value_tag)
            return read_key(key), read_value(value)

        return read


def _structure(
    members: dict[str, tuple[str, FromElement]],
    repeated: dict[str, tuple[str, FromElement]],
    attributes: dict[str, str],
) -> FromElement:
    def read(element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attribute, name in attributes.items():
            if attribute in element.attributes:
                found[name] = element.attributes[attribute]
        for child in element.children:
            try:
                if child.tag in members:
                    name, read_member = members[child.tag]
                    found[name] = read_member(child)
                elif child.tag in repeated:
                    name, read_one = repeated[child.tag]
                    _add(found, name, read_one(child))
            except Malformed as problem:
                raise problem.within(child.tag) from None
        return found

    return read


def _add(found: dict[str, Any], name: str, item: Any) -> None:
    if isinstance(item, tuple):
        key, value = item  # pyright: ignore[reportUnknownVariableType]  (a map's entry)
        found.setdefault(name, {})[key] = value
    else:
        found.setdefault(name, []).append(item)


def _children(read: FromElement, tag: str | None) -> FromElement:
    tag = tag or "member"

    def read_list(element: Element) -> list[Any]:
        return [read(child) for child in element.children if child.tag == tag]

    return read_list


def _pairs(read_entry: FromElement) -> FromElement:
    def read_map(element: Element) -> dict[str, Any]:
        return dict(read_entry(child) for child in element.children if child.tag == "entry")

    return read_map


def _scalar(shape: Shape) -> FromElement:
    read = scalar_from_text(shape, "iso8601")

    def read_scalar(element: Element) -> Any:
        if element.children:
            raise Malformed("type", element.tag, shape.type)
        return read(element.text)

    return read_scalar


def _only(element: Element, tag: str) -> Element:
    for child in element.children:
        if child.tag == tag:
            return child
    raise Malformed("missing").within(tag)


def _repeated_tag(name: str, shape: Shape) -> str:
    if shape.type == "list" and shape.element.location_name:
        return shape.element.location_name
    return shape.location_name or name


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise Malformed("syntax", bound="a document type declaration")
