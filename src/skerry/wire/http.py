"""What the wire knows of HTTP: a request as it arrived, byte for byte, and an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request before any decoding, because signatures cover the bytes that were sent.

    ``path`` is percent-encoded and has no query; ``query`` has no leading ``?``; header names are
    lower case and may repeat.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of the header ``name`` (lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(slots=True)
class HttpResponse:
    """An answer; ``Content-Length`` is left to the server."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytes = b""
