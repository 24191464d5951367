"""AWS's own service models, as botocore ships them.

A model is read when its service is first asked for. Measured with botocore 1.44: EC2, the biggest
(4.3 MB of JSON), takes 45 ms and 8 MB without its documentation, so there is no cache of our own
to keep valid. Routing needs only the few hundred bytes of ``metadata`` at a file's start.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias, cast

import botocore

Model: TypeAlias = dict[str, Any]

_HEAD_BYTES = 16_384
_BIAS_TO_GZIP = 31
_METADATA = re.compile(r'"metadata":\s*')


class UnknownService(LookupError):
    """No model of this name ships with botocore."""


class Shape:
    """A type as one place refers to it: the shape's own traits under those of the reference."""

    __slots__ = ("_service", "name", "traits", "type")

    def __init__(self, service: "ServiceModel", name: str, traits: Model) -> None:
        self._service = service
        self.name = name
        self.traits = traits
        self.type: str = traits["type"]

    @property
    def members(self) -> Iterator[tuple[str, "Shape"]]:
        for name, reference in cast("dict[str, Model]", self.traits.get("members", {})).items():
            yield name, self._service.shape(reference)

    def member(self, name: str) -> "Shape":
        return self._service.shape(self.traits["members"][name])

    @property
    def element(self) -> "Shape":
        return self._service.shape(self.traits["member"])

    @property
    def key(self) -> "Shape":
        return self._service.shape(self.traits["key"])

    @property
    def value(self) -> "Shape":
        return self._service.shape(self.traits["value"])

    @property
    def required(self) -> list[str]:
        return self.traits.get("required", [])

    @property
    def location(self) -> str | None:
        return self.traits.get("location")

    @property
    def location_name(self) -> str | None:
        return self.traits.get("locationName")

    @property
    def flattened(self) -> bool:
        return bool(self.traits.get("flattened"))

    @property
    def is_document(self) -> bool:
        return bool(self.traits.get("document"))

    @property
    def is_event_stream(self) -> bool:
        return bool(self.traits.get("eventstream"))

    @property
    def error_code(self) -> str:
        """The code that query and XML protocols give for this exception."""
        return self.traits.get("error", {}).get("code") or self.name


@dataclass(frozen=True)
class Operation:
    """One action of a service."""

    service: "ServiceModel"
    name: str
    traits: Model

    @property
    def method(self) -> str:
        return self.traits["http"]["method"]

    @property
    def uri(self) -> str:
        return self.traits["http"]["requestUri"]

    @property
    def status(self) -> int:
        return int(self.traits["http"].get("responseCode", 200))

    @property
    def is_deprecated(self) -> bool:
        return bool(self.traits.get("deprecated"))

    @cached_property
    def input(self) -> Shape | None:
        reference = self.traits.get("input")
        return self.service.shape(reference) if reference else None

    @cached_property
    def output(self) -> Shape | None:
        reference = self.traits.get("output")
        return self.service.shape(reference) if reference else None

    @property
    def exceptions(self) -> list[Shape]:
        return [self.service.shape(reference) for reference in self.traits.get("errors", ())]


class ServiceModel:
    """One service's model; shapes are resolved at use."""

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self.metadata: Model = model["metadata"]
        self._operations: dict[str, Model] = model["operations"]
        self._shapes: dict[str, Model] = model["shapes"]

    @property
    def operation_names(self) -> list[str]:
        return list(self._operations)

    def operation(self, name: str) -> Operation | None:
        traits = self._operations.get(name)
        return Operation(self, name, traits) if traits is not None else None

    def shape(self, reference: Model) -> Shape:
        """The shape that ``reference`` names, with the reference's traits laid over it."""
        name: str = reference["shape"]
        model = self._shapes[name]
        return Shape(self, name, model if len(reference) == 1 else {**model, **reference})

    @cached_property
    def exceptions(self) -> dict[str, Shape]:
        """Every modelled exception, by shape name and by error code."""
        found = {
            name: Shape(self, name, traits)
            for name, traits in self._shapes.items()
            if traits.get("exception")
        }
        return {shape.error_code: shape for shape in found.values()} | found


class Models:
    """The models of botocore's data directory, each read at most once."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._data_dir = data_dir or Path(botocore.__file__).parent / "data"
        self._services: dict[str, ServiceModel] = {}
        self._metadata: dict[str, Model] = {}
        self._loading = Lock()

    def service(self, name: str) -> ServiceModel:
        """Raises UnknownService."""
        found = self._services.get(name)
        return found if found is not None else self._load(name)

    def metadata(self, name: str) -> Model:
        """A service's metadata without reading the rest of its model. Raises UnknownService."""
        if name not in self._metadata:
            self._metadata[name] = self._read_metadata(name)
        return self._metadata[name]

    def paginators(self, name: str) -> dict[str, Model]:
        """``operation → input_token, output_token, limit_key, result_key``; may be empty."""
        try:
            return json.loads(self._read(name, "paginators-1"))["pagination"]
        except UnknownService:
            return {}

    def _read_metadata(self, name: str) -> Model:
        head = self._head(name)
        start = _METADATA.search(head)
        if start is None:
            return self.service(name).metadata
        try:
            found, _ = json.JSONDecoder().raw_decode(head, start.end())
        except ValueError:
            return self.service(name).metadata
        return found

    def _load(self, name: str) -> ServiceModel:
        with self._loading:  # many requests at once must not each read EC2's
            if name not in self._services:
                model = json.loads(
                    self._read(name, "service-2"), object_hook=_without_documentation
                )
                self._services[name] = ServiceModel(name, model)
            return self._services[name]

    def _head(self, service: str) -> str:
        path = self._path(service, "service-2")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if path.suffix == ".gz":
            head = zlib.decompressobj(_BIAS_TO_GZIP).decompress(head)
        return head.decode(errors="ignore")

    def _read(self, service: str, kind: str) -> bytes:
        path = self._path(service, kind)
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()

    def _path(self, service: str, kind: str) -> Path:
        directory = self._data_dir / service
        if not service.replace("-", "").isalnum() or not directory.is_dir():
            raise UnknownService(service)
        newest = max(entry for entry in directory.iterdir() if entry.is_dir())
        for suffix in (".json", ".json.gz"):
            path = newest / f"{kind}{suffix}"
            if path.is_file():
                return path
        raise UnknownService(service)


def _without_documentation(item: Model) -> Model:
    # A member may itself be called "documentation"; its reference is a dict, prose is a string.
    if type(item.get("documentation")) is str:
        del item["documentation"]
    return item
