"""Models' regular expressions, which are written for Java, in Python's dialect."""

import re
from functools import lru_cache

from skerry.wire.limits import MAX_PATTERN_CHARS

# Python's re has no Unicode classes. \w takes in a little more than letters and numbers, so a
# value that AWS accepts is never refused here.
_CLASSES = {
    "L": r"\w",
    "N": r"\w",
    "Z": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    "Zs": r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000",
    "Alpha": "a-zA-Z",
    "Alnum": "a-zA-Z0-9",
    "Digit": "0-9",
    "ASCII": r"\x00-\x7f",
    "Graph": r"\x21-\x7e",
    "Print": r"\x20-\x7e",
}
_JAVA_TO_PYTHON = (
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
    (r"\w-", r"\w\-"),  # a class followed by a literal dash, which Python takes for a range
    (r"\z", r"\Z"),
)
_TOKEN = re.compile(r"\\p\{(\w+)\}|\\.|\[|\]|[^\\\[\]]+", re.DOTALL)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """``pattern`` compiled, or None where Python cannot express it: then it is not checked."""
    for java, python in _JAVA_TO_PYTHON:
        pattern = pattern.replace(java, python)
    try:
        return re.compile(_with_classes(pattern))
    except (re.error, KeyError):
        return None


def matches(pattern: re.Pattern[str], text: str) -> bool:
    """AWS matches the whole value, except where a pattern is anchored at its start only."""
    if len(text) > MAX_PATTERN_CHARS:
        return True
    source = pattern.pattern
    if source.startswith("^") and not source.endswith("$"):
        return pattern.match(text) is not None
    return pattern.fullmatch(text) is not None


def _with_classes(pattern: str) -> str:
    """Java's named classes spelt out. Raises KeyError for one that we cannot spell."""
    parts: list[str] = []
    is_inside = False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if token[1]:
            text = _CLASSES[token[1]]
            text = text if is_inside else f"[{text}]"
        elif text in ("[", "]"):
            is_inside = text == "["
        parts.append(text)
    return "".join(parts)
